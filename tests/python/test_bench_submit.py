"""scripts/bench/submit.py: a small run measures every kind of template; wrong options are refused."""

import json
import subprocess
import sys

import pytest

from helpers import ROOT, refused


def run(*arguments):
    script = ROOT / "scripts" / "bench" / "submit.py"
    return subprocess.run([sys.executable, str(script), *map(str, arguments)], capture_output=True, text=True, timeout=300)


def test_a_small_run_measures_every_kind_of_template(mien_binary):
    done = run("--mien", mien_binary, "--share", 0.005, "--smoothing", 5, "--threads", 1, "--repeats", 1, "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert [(r["task"], r["layout"]) for r in results] == [("expr", "file"), ("au", "file"), ("va", "file"), ("mtl", "file"),
                                                           ("va", "folder"), ("expr", "zip")]
    for r in results:
        assert r["videos"] == 228 and (r["rows"] == 5113 or r["layout"] == "folder")
        assert 0 < r["seconds"] <= r["slowest"] and r["check_seconds"] > 0
        assert 10 < r["peak_mb"] < 500 and 1 < r["check_peak_mb"] < 500


@pytest.mark.parametrize("arguments,fragments", [(["--share", 0], ["--share = 0", "at most 1"]),
                                                 (["--smoothing", -1], ["--smoothing = -1", "0 to"]),
                                                 (["--repeats", 0], ["--repeats = 0", "1 to"]),
                                                 (["--mien", "nowhere"], ["--mien = nowhere"])])  # fmt: skip
def test_wrong_options_are_refused(arguments, fragments, mien_binary):
    refused(run("--mien", mien_binary, *arguments), *fragments)
