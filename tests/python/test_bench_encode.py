"""scripts/bench/encode.py: a small run measures everyone, and the table says what was measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from helpers import Projection, refused, write_encoder

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from bench import contenders, faces, report, schedule  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPTS / "bench" / "encode.py"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


def test_a_small_run_measures_mien_and_python(mien_binary, tmp_path):
    archive = write_encoder(tmp_path / "e.pt", Projection(16, 6), 16, 6, extra={})
    done = run("--encoder", archive, "--mien", mien_binary, "--images", 24, "--repeats", 1, "--seconds", .1,
               "--batches", 4, "--contenders", "frozen", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["machine"]["encoder"], found["machine"]["threads"]) == ("test-encoder", 2)
    assert [(r["group"], r["contender"], r["batch"]) for r in found["results"]] == [
        ("files", "mien", None), ("files", "pipeline", None), ("encoder", "mien", 4), ("encoder", "frozen", 4)]
    for result in found["results"]:
        assert result["note"] == "" and len(result["rates"]) == 1 and result["images_per_second"] > 0
        assert (result["ratio_to_mien"] == 1) == (result["contender"] == "mien")


def test_the_table_has_medians_ratios_and_reasons():
    entries = [contenders.Entry("encoder", "mien", "mien", "fp32", 1, [30.0, 20.0, 22.0]),
               contenders.Entry("encoder", "frozen", "frozen", "fp32", 1, [11.0, 10.0, 12.0]),
               contenders.Entry("encoder", "openvino", "OpenVINO", "fp32", 1, note="not installed"),
               contenders.Entry("encoder", "eager", "eager", "fp32", 1, note="failed: out of memory")]
    facts = {"processor": "P", "threads": 2, "torch": "t", "mien": "m", "encoder": "e", "image_size": 8,
             "embedding_dim": 4, "repeats": 3}
    lines = report.table(facts, report.results(entries)).splitlines()
    assert lines[0] == "P, 2 threads, torch t, mien m"
    assert [line.split() for line in lines[4:]] == [
        ["B1"], ["mien", "fp32", "22.0", "(1.00)"], ["frozen", "fp32", "11.0", "(0.50)"],
        ["OpenVINO", "fp32", "not", "installed"], ["eager", "fp32", "failed"],
        ["eager,", "fp32:", "failed:", "out", "of", "memory"]]


class Fake:
    """A contender that records its turns."""

    def __init__(self, name, turns, embedding, fails_at=None):
        self.name, self.turns, self.embedding, self.fails_at = name, turns, embedding, fails_at

    def ready(self):
        return self.embedding

    def rate(self):
        self.turns.append(self.name)
        if self.turns.count(self.name) == self.fails_at:
            raise contenders.ContenderError("gone")
        return 1.0

    def close(self):
        self.turns.append(f"{self.name} closed")


def test_contenders_take_turns_and_who_computes_something_else_is_out():
    turns = []
    fakes = [Fake("a", turns, None), Fake("b", turns, [1.0, 0.0]), Fake("c", turns, [1.0, 0.0], fails_at=2),
             Fake("d", turns, [0.0, 1.0])]
    entries = [(contenders.Entry("encoder", f.name, f.name, "fp32", 1), lambda f=f: f) for f in fakes]
    entries.append((contenders.Entry("encoder", "e", "e", "fp32", 1, note="not installed"), None))
    a, b, c, d, e = schedule.measure(entries, 3)
    assert turns == ["d closed", "a", "b", "c", "b", "c", "a", "a", "b", "a closed", "b closed", "c closed"]
    assert a.rates == b.rates == [1.0] * 3 and c.note == "failed: gone" and not c.rates
    assert "something else" in d.note and e.note == "not installed"


def test_faces_are_small_jpegs_in_full_videos(tmp_path):
    assert faces.write_faces(tmp_path, 35) == ["video01", "video02"]
    assert len(list((tmp_path / "video01").iterdir())) == 32
    with Image.open(tmp_path / "video02" / "00003.jpg") as image:
        assert (image.size, image.format) == ((112, 112), "JPEG")


@pytest.mark.parametrize("arguments, fragment", [
    (["--dtypes", "fp33"], "--dtypes = fp33"), (["--batches", "1,x"], "--batches = 1,x"),
    (["--repeats", "0"], "--repeats = 0"), (["--contenders", "tensorflow"], "some of eager,frozen"),
    (["--encoder", "zebra"], "one of"), (["--mien", "/nowhere"], "--mien = /nowhere")])
def test_refusals(mien_binary, arguments, fragment):
    refused(run("--mien", mien_binary, *arguments), fragment)
