"""Frame numbers that count from 0 where labels count from 1: said by inspect, refused by train, import and evaluate, and
counted from 1 where --first-frame 0 says so, in one place for all commands."""

import csv
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from helpers import CONFIGS, ROOT, HEADERS, Synthetic, read_safetensors, refused, result_json, write_encoder, write_labels
from helpers import Projection
from test_encode import jpeg, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
FRAMES = 12


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Crops named from 0 and the same from 1, labels of both splits."""
    w = tmp_path_factory.mktemp("base")
    for base in (0, 1):
        for v, video in enumerate(("a", "b")):
            for frame in range(FRAMES):
                write(w / f"from{base}" / video / f"{frame + base:05d}.jpg", jpeg(100 * v + frame))
    for split, video in (("train", "a"), ("validation", "b")):
        write_labels(w / "labels", "expr", split, video, np.arange(FRAMES) % 8)
    write_encoder(w / "encoder.pt", Projection(16, 8), 16, 8, extra={})
    return w


def encode(mien, world, base, bank, *flags):
    return mien("encode", "--images", world / f"from{base}", "--encoder", world / "encoder.pt", "--bank", bank,
                "--dtype", "fp32", *flags)


def train(mien, world, bank, out, *flags):
    return mien("train", CONFIGS / "expr.yaml", f"bank={bank}", f"annotations={world / 'labels'}", "epochs=1", "--out", out, "--quiet", *flags)


def test_a_bank_from_frame_0_is_refused_by_train_and_shown_by_inspect(mien, world, tmp_path):
    encode(mien, world, 0, tmp_path / "bank")
    for flags in ([], ["--dry-run"]):
        refused(train(mien, world, tmp_path / "bank", tmp_path / "run", *flags), f"bank = {tmp_path / 'bank' / 'a.safetensors'}",
                "starts at frame 0, its labels at frame 1", "--first-frame 0")
    assert not (tmp_path / "run").exists()
    for verify in ([], ["--verify"]):
        done = mien("inspect", tmp_path / "bank", "--json", *verify)
        facts = result_json(done)
        assert facts["videos_from_frame_0"] == {"count": 2, "names": ["a", "b"]} and facts["first_frame"] == 1
        (line,) = facts["warnings"]
        assert "2 videos (the first is a) with a frame 0" in line and "--first-frame 0" in line


def test_the_flag_counts_it_from_1_for_every_command(mien, world, tmp_path):
    shifted, right = tmp_path / "shifted", tmp_path / "right"
    encode(mien, world, 0, shifted)
    encode(mien, world, 1, right)
    again = encode(mien, world, 0, shifted, "--first-frame", "0", "--json")
    assert result_json(again)["skipped_videos"] == 2  # nothing is encoded anew
    for verify in ([], ["--verify"]):
        done = mien("inspect", shifted, "--json", *verify)
        facts = result_json(done)
        assert facts["videos_from_frame_0"]["count"] == 0 and facts["first_frame"] == 0 and facts["warnings"] == []
    assert facts["complete"] is True and facts["frames_without_image"] == facts["images_without_embedding"] == 0
    tables = []
    for bank in (shifted, right):
        run = tmp_path / f"run-{bank.name}"
        assert train(mien, world, bank, run).returncode == 0
        assert mien("predict", run, "--bank", bank, "--out", tmp_path / f"{bank.name}.csv").returncode == 0
        tables.append((tmp_path / f"{bank.name}.csv").read_text())
        frames = [int(row["frame"]) for row in csv.DictReader(open(tmp_path / f"{bank.name}.csv")) if row["video"] == "a"]
        assert frames == list(range(1, FRAMES + 1))
        result = result_json(mien("evaluate", run, "--json", "--bootstrap", 0))
        assert result["missing_frames"] == 0
    assert tables[0] == tables[1]  # the same labels on the same images
    encode(mien, world, 0, shifted, "--first-frame", "1")
    refused(train(mien, world, shifted, tmp_path / "run"), "starts at frame 0")
    assert encode(mien, world, 0, tmp_path / "new", "--first-frame", "0").returncode == 0
    assert json.loads((tmp_path / "new" / "bank.json").read_text())["first_frame"] == 0
    refused(encode(mien, world, 0, tmp_path / "no", "--first-frame", "2"), "--first-frame = 2", "0 to 1")


def test_predictions_from_frame_0_are_refused(mien, world, tmp_path):
    rows = [f"b/{frame:05d}.jpg,{frame % 8}" for frame in range(FRAMES)]
    (tmp_path / "rows.txt").write_text("\n".join(["image_location," + HEADERS["expr"], *rows]) + "\n")
    refused(mien("evaluate", "--predictions", tmp_path / "rows.txt", "--annotations", world / "labels", "--task", "expr"),
            "frames start at 1 (00001.jpg)")


def import_features(*arguments):
    return subprocess.run([sys.executable, ROOT / "scripts" / "import_features.py", *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("names", [[f"{n:05d}.jpg" for n in range(6)], [f"frame{n}.png" for n in range(6)],
                                   ["00000.jpg", "00004.jpg", "00007.jpg", "00009.jpg", "00011.jpg", "00012.jpg"]])
def test_import_refuses_a_frame_0_or_shifts_it(mien, tmp_path, names):
    np.save(tmp_path / "x.npy", np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32))
    (tmp_path / "list.txt").write_text("".join(f"v/{name}\n" for name in names))
    command = [tmp_path / "x.npy", "--paths", tmp_path / "list.txt", "--encoder-name", "e", "--out"]
    done = import_features(*command, tmp_path / "bank")
    assert done.returncode == 2 and "v/00000" in done.stderr and "--first-frame 0" in done.stderr
    assert not (tmp_path / "bank").exists()
    numbers = [int("".join(c for c in name if c.isdigit())) for name in names]
    for first, wanted in ((0, [n + 1 for n in numbers]), (1, numbers)):
        assert import_features(*command, tmp_path / f"bank{first}", "--first-frame", first).returncode == 0
        tensors, _ = read_safetensors(tmp_path / f"bank{first}" / "v.safetensors")
        assert tensors["frames"].tolist() == wanted
    assert "warning" not in mien("inspect", tmp_path / "bank0").stdout
    assert "with a frame 0" in mien("inspect", tmp_path / "bank1").stdout
