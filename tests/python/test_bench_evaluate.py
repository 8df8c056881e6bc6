"""scripts/bench/evaluate.py: a small run measures both tasks; wrong options are refused."""

import json
import subprocess
import sys

import pytest

from helpers import ROOT, refused


def run(*arguments):
    script = ROOT / "scripts" / "bench" / "evaluate.py"
    return subprocess.run([sys.executable, str(script), *map(str, arguments)], capture_output=True, text=True, timeout=300)


def test_a_small_run_measures_both_tasks(mien_binary):
    done = run("--mien", mien_binary, "--share", 0.002, "--draws", 50, "--threads", 1, "--repeats", 1, "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert [(r["task"], r["draws"]) for r in results] == [("au", 50), ("expr", 50)]
    assert results[0]["frames"] == 892 and all(0 < r["seconds"] <= r["slowest"] for r in results)


@pytest.mark.parametrize("arguments,fragments", [(["--share", 2], ["--share = 2", "at most 1"]),
                                                 (["--draws", 0], ["--draws = 0", "1 to"]),
                                                 (["--mien", "nowhere"], ["--mien = nowhere"])])  # fmt: skip
def test_wrong_options_are_refused(arguments, fragments, mien_binary):
    refused(run("--mien", mien_binary, *arguments), *fragments)
