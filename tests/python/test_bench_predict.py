"""scripts/bench/predict.py: a small run measures everyone, all agree, and the Python contenders do what they should."""

import json
import math
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import media
from helpers import Projection, refused, write_encoder

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from bench import contenders  # noqa: E402
from bench.predict_contenders import (agreement, facenet, finding, head, material, passes, processes,  # noqa: E402
                                      report)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPTS / "bench" / "predict.py"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


def test_a_small_run_measures_everyone_and_all_agree(mien_binary, tmp_path):
    archive = write_encoder(tmp_path / "e.pt", Projection(16, 6), 16, 6, extra={})
    done = run("--video", media.folder() / "face_noface.mov", "--every", 16, "--batch", 4, "--encoder", archive,
               "--mien", mien_binary, "--contenders", "pool,batched", "--repeats", 1, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    said = found["machine"]
    assert (said["encoder"], said["threads"], said["frames"], said["width"]) == ("test-encoder", 2, 11, 960)
    assert 3 < said["faces"] < 9
    assert [one["contender"] for one in found["results"]] == ["mien", "batched", "pool"]
    for result in found["results"]:
        assert result["note"] == "" and len(result["rates"]) == 1, result
        assert result["frames_per_second"] > 0 and result["start_seconds"] > 0
        assert (result["ratio_to_mien"] == 1) == (result["contender"] == "mien") == (result["difference"] is None)
    for result in found["results"][1:]:
        far = result["difference"]
        assert (far["frames"], far["faces"], far["only_one"]) == (11, said["faces"], 0)
        assert result["encoder"] in passes.ENCODER_WAYS
        assert far["box"] < 1 and far["probability"] < .02
    assert [(one["contender"], one["stage"]) for one in found["stages"]] == [
        ("mien", "faces"), ("mien", "encoder"), ("batched", "faces"), ("batched", "encoder")]
    assert all(one["frames_per_second"] > 0 for one in found["stages"])


def test_the_tables_have_medians_ratios_differences_and_reasons():
    def entry(kind, rates, **more):
        return processes.Entry(kind, kind, rates, **more)

    entries = [entry("mien", [30.0, 20.0, 22.0], starts=[1.0, 3.0, 2.0]), entry("faces", [40.0]),
               entry("encoder", [50.0]),
               entry("single", [11.0, 10.0, 12.0], starts=[4.0], stages={"faces": [12.0, 13.0], "encoder": [90.0]},
                     encoder="frozen", difference=agreement.Difference(9, 8, 1, .125, .0625)),
               entry("pool", [], note="failed: out of memory")]
    facts = {"processor": "P", "threads": 2, "torch": "t", "mien": "m", "encoder": "e", "video": "v.mp4", "width": 8,
             "height": 4, "frames": 9, "faces": 8, "nms": "n", "repeats": 3}
    lines = report.table(facts, report.results(entries), report.stages(entries)).splitlines()
    assert lines[1] == "v.mp4: 9 frames of 8x4, a face in 8; e in fp32; medians of 3 repetitions that take turns"
    assert [line.split() for line in lines[6:9]] == [
        ["mien", "22.0", "(1.00)", "2.0"], ["single", "11.0", "(0.50)", "4.0", "0.12", "0.0625", "1"],
        ["pool", "failed"]]
    assert [line.split() for line in lines[12:]] == [
        ["faces", "40.0"], ["encoder", "50.0"], ["single", "12.5", "90.0", "frozen"],
        ["pool:", "failed:", "out", "of", "memory"]]


def rows(box=(1, 2, 3, 4), probability=.5, face="1", frames=(1, 5)):
    return {n: {"face": face, "p_AU1": str(probability), **dict(zip(passes.BOX, map(str, box)))} for n in frames}


def test_differences_are_the_largest_where_both_found_a_face():
    theirs = rows((1, 2, 3, 4.5), .51) | {7: rows(face="0")[1]}
    found = agreement.difference(rows() | {7: rows(probability=9)[1]}, rows(), theirs)
    assert (found.frames, found.faces, found.only_one) == (3, 2, 1)
    assert (found.box, found.probability) == pytest.approx((.5, .01))


@pytest.mark.parametrize("theirs, fragment", [
    (rows(frames=(1, 6)), "other frames"), (rows(box=(1, 2, 3, 6.5)), "boxes are 2.5"),
    (rows(probability=.6), "0.100 apart"),
    (rows(face="0"), "in 2 of 2")])
def test_who_computes_something_else_is_out(theirs, fragment):
    with pytest.raises(contenders.ContenderError, match=fragment):
        agreement.require_same(agreement.difference(rows(), rows(), theirs))


def overlap(a, b):
    width, height = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_boxes_that_overlap_a_better_one_of_their_picture_go():
    random = np.random.default_rng(1)
    dropped = 0
    for count in range(60):
        corner = random.uniform(0, 40, (count, 2))
        boxes = np.concatenate([corner, corner + random.uniform(5, 30, (count, 2))], 1).astype(np.float32)
        scores, groups = random.permutation(count).astype(np.float32), random.integers(0, 3, count)
        expected = []
        for index in np.argsort(-scores):
            if all(groups[other] != groups[index] or overlap(boxes[other], boxes[index]) <= .4 for other in expected):
                expected.append(index)
        kept = facenet.batched_nms(torch.tensor(boxes), torch.tensor(scores), torch.tensor(groups), .4)
        assert kept.dtype == torch.int64 and kept.tolist() == expected
        dropped += count - len(expected)
    assert dropped > 100


def similar(points, scale, angle, shift):
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return points @ turn.T + shift


@pytest.mark.parametrize("scale, angle", [(.5, .3), (1, 0), (2.5, -.4), (4, .8)])
def test_crops_are_the_average_of_what_lies_below_their_pixels(scale, angle):
    height, width = 480, 640
    y, x = np.mgrid[:height, :width]
    frame = np.stack([127 + 60 * np.sin(x / 31) + 60 * np.cos(y / 23), x * 255 / width, y * 255 / height], 2)
    points = similar(finding.TEMPLATE, scale, angle, np.array([250.0, 90.0]))
    crop = finding.align(frame.round().astype(np.uint8), points)
    samples = max(1, math.ceil(scale))
    inside = (np.arange(112 * samples) + .5) / samples - .5
    grid = np.stack(np.meshgrid(inside, inside), 2).reshape(-1, 2)
    at = similar(grid, scale, angle, np.array([250.0, 90.0]))
    expected = np.stack([127 + 60 * np.sin(at[:, 0] / 31) + 60 * np.cos(at[:, 1] / 23), at[:, 0] * 255 / width,
                         at[:, 1] * 255 / height], 1).reshape(112, samples, 112, samples, 3).mean((1, 3))
    within = ((at >= 1) & (at <= [width - 2, height - 2])).all(1).reshape(112, samples, 112, samples).all((1, 3))
    assert within.mean() > .3
    assert np.abs(crop - expected)[within].max() < 2.5


class Numbers:
    """A detector that finds the number that a frame is."""

    def __init__(self):
        self.sizes = []

    def look(self, frames):
        self.sizes.append(len(frames))
        return [10 * frame for frame in frames]


def test_batches_keep_the_order_and_the_rest():
    finder = Numbers()
    found = list(finding.found_in_batches(finder, iter([(n, n) for n in range(1, 8)]), 3))
    assert found == [(n, 10 * n) for n in range(1, 8)] and finder.sizes == [3, 3, 1]


def test_frames_are_each_kth_from_the_first(tmp_path):
    out = cv2.VideoWriter(str(tmp_path / "c.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 25, (64, 48))
    for number in range(7):
        out.write(np.full((48, 64, 3), 30 * number, np.uint8))
    out.release()
    found = list(finding.frames_of(tmp_path / "c.mp4", 3, finding.Stages()))
    assert [number for number, _ in found] == [1, 4, 7]
    np.testing.assert_allclose([frame.mean() for _, frame in found], [0, 90, 180], atol=4)
    first = material.write_first_frame(tmp_path / "c.mp4", tmp_path / "first.mp4")
    assert [number for number, _ in finding.frames_of(first, 1, finding.Stages())] == [1]


def head_tensors(random):
    """Two blocks of 4 units on 5 inputs, and the outputs of all tasks."""
    tensors = {"input.mean": random.normal(size=5), "input.std": random.uniform(1, 2, 5)}
    for i, inner in enumerate((5, 4)):
        tensors[f"trunk.{i}.linear.weight"] = random.uniform(.5, 1.5, (4, inner))
        for name in ("linear.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"):
            tensors[f"trunk.{i}.{name}"] = random.uniform(.5, 1.5, 4)
    for task, columns in (("au", 12), ("va", 2), ("expr", 8)):
        tensors[f"heads.{task}.weight"] = random.normal(size=(columns, 4))
        tensors[f"heads.{task}.bias"] = random.normal(size=columns)
    return tensors


def logits_of(x, tensors, task):
    for i in range(2):
        t = {name.removeprefix(f"trunk.{i}."): value for name, value in tensors.items()}
        x = x @ t["linear.weight"].T + t["linear.bias"] - t["norm.running_mean"]
        x = np.maximum(x / np.sqrt(t["norm.running_var"] + 1e-5) * t["norm.weight"] + t["norm.bias"], 0)
    return x @ tensors[f"heads.{task}.weight"].T + tensors[f"heads.{task}.bias"]


@pytest.mark.parametrize("normalize", ["none", "standardize", "l2"])
def test_the_head_is_the_files(tmp_path, normalize):
    random = np.random.default_rng(3)
    tensors, x = head_tensors(random), random.normal(size=(6, 5))
    path, said = tmp_path / "h.safetensors", {"tasks": ["au", "va", "expr"], "layers": 2, "normalize": normalize}
    save_file({name: torch.tensor(value).float() for name, value in tensors.items()}, path,
              metadata={"mien": json.dumps(said)})
    inputs = {"none": x, "standardize": (x - tensors["input.mean"]) / tensors["input.std"],
              "l2": x / np.linalg.norm(x, axis=1, keepdims=True)}[normalize]
    found = head.Head(path)(torch.tensor(x).float())
    assert list(found) == ["au", "expr"]
    odds = np.exp(logits_of(inputs, tensors, "expr"))
    np.testing.assert_allclose(found["expr"], odds / odds.sum(1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(found["au"], 1 / (1 + np.exp(-logits_of(inputs, tensors, "au"))), atol=1e-5)


@pytest.mark.parametrize("arguments, fragment", [
    (["--every", "0"], "--every = 0"), (["--repeats", "x"], "--repeats"), (["--batch", "0"], "--batch = 0"),
    (["--contenders", "dlib"], "some of single,batched,pool"), (["--mien", "/nowhere"], "--mien = /nowhere"),
    (["--video", "/nowhere.mp4"], "--video = /nowhere.mp4"), (["--run", "/nowhere"], "--run = /nowhere"),
    (["--video", __file__], "a video file"), (["--encoder", "zebra"], "one of")])
def test_refusals(mien_binary, arguments, fragment):
    clip = ["--video", media.folder() / "single_face.mp4"]
    refused(run("--mien", mien_binary, *clip, *arguments), fragment)


def test_a_clip_without_faces_is_refused(mien_binary, tmp_path):
    archive = write_encoder(tmp_path / "e.pt", Projection(16, 6), 16, 6, extra={})
    done = run("--mien", mien_binary, "--encoder", archive, "--video", media.folder() / "no_face.mp4", "--every", 32)
    said = done.stderr.splitlines()
    assert done.returncode == 2 and not done.stdout
    assert [line.startswith("error: ") for line in said] == [False] * (len(said) - 1) + [True]
    assert "no_face.mp4: a video of at least two frames, with a face" in said[-1]
