"""A run that predicts valence and arousal alone, through every command: encode, train, tune, evaluate, predict, submit,
export, report, flatness. Its numbers are recomputed in numpy from the weights and the bank."""

import csv
import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import CONFIGS, Projection, read_safetensors, result_json, write_encoder, write_labels
from test_predict import at_frames, forward
from test_tuning import smooth_at

SIZE, DIM, FRAMES = 16, 16, 90
VIDEOS = {"train": [f"t{i}" for i in range(6)], "validation": [f"v{i}" for i in range(5)]}
WITHOUT_FACE = {11, 12, 40}  # of every video
LAST = FRAMES + 3  # rows of the annotations
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def mood(rng):
    """[LAST, 2] in [-1, 1]: valence and arousal that move slowly."""
    walk = np.cumsum(rng.normal(size=(LAST, 2)), 0) * 0.25 + rng.normal(size=2) * 0.5
    return np.tanh(walk)


def picture(patterns, of, rng):
    return np.clip(128 + 30 * np.tensordot(of, patterns, 1) + 55 * rng.normal(size=patterns.shape[1:]), 0, 255)


@pytest.fixture(scope="module")
def world(mien, tmp_path_factory):
    """Pictures whose patterns tell the mood under much noise: what smoothing is for."""
    w = tmp_path_factory.mktemp("va")
    rng = np.random.default_rng(11)
    patterns = rng.choice([-1.0, 1.0], (2, SIZE, SIZE, 3))
    truth = {}
    for split, names in VIDEOS.items():
        for name in names:
            (w / "images" / name).mkdir(parents=True)
            moods = mood(rng).round(3)
            for frame in sorted(set(range(1, FRAMES + 1)) - WITHOUT_FACE):
                pixels = picture(patterns, moods[frame - 1], rng).astype(np.uint8)
                Image.fromarray(pixels).save(w / "images" / name / f"{frame:05d}.png")
            moods[rng.random(LAST) < 0.05] = -5
            moods[rng.random(LAST) < 0.02, 1] = -5  # one of the two is enough
            truth[name] = moods
            write_labels(w / "labels", "va", split, name, moods)
    write_encoder(w / "encoder.pt", Projection(SIZE, DIM), SIZE, DIM, extra={})
    result_json(mien("encode", "--images", w / "images", "--encoder", w / "encoder.pt", "--bank", w / "bank", "--dtype",
                     "fp32", "--json", "--quiet"))
    trained = result_json(mien("train", CONFIGS / "va.yaml", f"bank={w / 'bank'}", f"annotations={w / 'labels'}",
                               "epochs=30", "batch_size=64", "head.layers=1", "head.dropout=0", "select=va_ccc", "--out",
                               w / "run", "--json", "--quiet"))
    tuned = result_json(mien("tune", w / "run", "--json", "--quiet"))
    return SimpleNamespace(path=w, run=w / "run", truth=truth, trained=trained, tuned=tuned)


def embedded(world, video):
    arrays, _ = read_safetensors(world.path / "bank" / f"{video}.safetensors")
    return arrays["frames"], arrays["embeddings"]


def answers(world, video, frames, tuned):
    """[n, 2] of numpy: tanh of the head's scores, interpolated, smoothed as decisions.json says."""
    known, x = embedded(world, video)
    values = forward(world.run, x)[0]["va"]
    smoothing = json.loads((world.run / "decisions.json").read_text())["tasks"]["va"]["smoothing"]
    if tuned and smoothing["kind"] != "none":
        return smooth_at(known, values, frames, smoothing["kind"], smoothing["half_window"])
    return at_frames(known, values, frames)


def ccc(truth, predicted):
    covariance = ((truth - truth.mean(0)) * (predicted - predicted.mean(0))).mean(0)
    return 2 * covariance / (truth.var(0) + predicted.var(0) + (truth.mean(0) - predicted.mean(0)) ** 2)


def pooled(world, tuned, split="validation", all_frames=False):
    """(truth, answers) of the labelled frames; without `all_frames` of those with a picture."""
    parts = []
    for video in VIDEOS[split]:
        labels = world.truth[video]
        frames = np.flatnonzero((labels != -5).all(1)) + 1
        if not all_frames:
            frames = frames[np.isin(frames, embedded(world, video)[0])]
        parts.append((labels[frames - 1], answers(world, video, frames, tuned)))
    return (np.concatenate(side) for side in zip(*parts))


def test_train_tune_and_evaluate_measure_what_numpy_does(mien, world):
    raw, decided = (ccc(*pooled(world, tuned)) for tuned in (False, True))
    assert world.trained["best"]["va_ccc"] == pytest.approx(raw.mean(), abs=1e-5) and raw.mean() > 0.4
    assert world.trained["best"]["expr_f1"] is None and world.trained["best"]["au_f1"] is None
    found = world.tuned["va"]
    assert found["smoothing"] > 0 and set(found["ingredients"]) == {"smoothing"}
    assert not {"bias", "thresholds"} & set(found)
    assert found["out_of_fold_ccc"] > found["raw_ccc"] + 0.05 and found["gain_ci95"][0] > 0
    for flags, expected, key in ((["--raw"], raw, "raw_ccc"), ([], decided, "in_sample_ccc")):
        report = result_json(mien("evaluate", world.run, *flags, "--json", "--quiet"))
        va = report["tasks"]["va"]
        assert [va["valence"], va["arousal"]] == pytest.approx(list(expected), abs=1e-5)
        assert va["ccc"] == pytest.approx(expected.mean(), abs=1e-5) and va["ccc"] == found[key]
        low, high = va["ci95"]
        assert low <= va["ccc"] <= high and report["in_sample"] == (key == "in_sample_ccc")
        assert va["frames"] == found["frames"] == len(next(iter(pooled(world, False))))
        assert set(report["tasks"]) == {"va"} and "mtl" not in report["tasks"]
    text = mien("tune", world.run, "--bootstrap", 0, "--quiet").stdout
    assert "VA CCC, raw" in text and "chosen: smoothing" in text and "threshold" not in text


def test_predict_and_submit_hold_the_tuned_values(mien, world, tmp_path):
    result_json(mien("predict", world.run, "--bank", world.path / "bank", "--out", tmp_path / "p.csv", "--json", "--quiet"))
    with open(tmp_path / "p.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["video"] == "v1"]
    assert list(rows[0]) == ["video", "frame", "face", "valence", "arousal", "seconds", "reason"]
    assert [int(row["frame"]) for row in rows] == list(range(1, FRAMES + 1))
    assert {int(row["frame"]) for row in rows if row["face"] == "0"} == WITHOUT_FACE
    wanted = answers(world, "v1", np.arange(1, FRAMES + 1), tuned=True)
    np.testing.assert_allclose([[float(row["valence"]), float(row["arousal"])] for row in rows], wanted, atol=1e-5)

    form = tmp_path / "form.txt"
    asked = [(video, frame) for video in VIDEOS["validation"] for frame in range(1, LAST + 1)]
    form.write_text("image_location,valence,arousal\n" + "".join(f"{v}/{f:05d}.jpg,\n" for v, f in asked))
    found = result_json(mien("submit", world.run, "--template", form, "--bank", world.path / "bank", "--out",
                             tmp_path / "out.txt", "--json", "--quiet"))
    assert found["task"] == "va" and found["rows"] == len(asked) and found["histogram"] == {}
    assert found["interpolated_rows"] == len(VIDEOS["validation"]) * (LAST - FRAMES + len(WITHOUT_FACE))
    assert found["decisions"]["va"]["smoothing"]["half_window"] == world.tuned["va"]["smoothing"]
    lines = (tmp_path / "out.txt").read_text().splitlines()[1:]
    for video in VIDEOS["validation"]:
        given = [line.split(",")[1:] for line in lines if line.startswith(video + "/")]
        wanted = answers(world, video, np.arange(1, LAST + 1), tuned=True)
        np.testing.assert_allclose(np.array(given, float), wanted, atol=1e-5)
    assert mien("submit", "--check", tmp_path / "out.txt", "--template", form).returncode == 0
    scored = result_json(mien("evaluate", "--predictions", tmp_path / "out.txt", "--annotations", world.path / "labels",
                              "--task", "va", "--json", "--quiet"))["tasks"]["va"]
    assert scored["ccc"] == pytest.approx(ccc(*pooled(world, True, all_frames=True)).mean(), abs=1e-5)
    every = result_json(mien("evaluate", world.run, "--all-frames", "--json", "--quiet"))["tasks"]["va"]
    assert scored["ccc"] == pytest.approx(every["ccc"], abs=1e-5) and scored["frames"] == every["frames"]


def test_export_answers_a_picture_and_says_that_it_does_not_smooth(mien, world, tmp_path):
    done = mien("export", world.run, "--encoder", world.path / "encoder.pt", "--out", tmp_path / "m.pt", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "smooth" in done.stdout + done.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extra = {"mien.json": ""}
        model = torch.jit.load(str(tmp_path / "m.pt"), _extra_files=extra)
    known, _ = embedded(world, "v0")
    crops = [np.asarray(Image.open(world.path / "images" / "v0" / f"{frame:05d}.png")) for frame in known]
    found = model(torch.tensor(np.stack(crops)).permute(0, 3, 1, 2))
    assert set(found) == {"va"}
    np.testing.assert_allclose(found["va"], answers(world, "v0", known, tuned=False), atol=2e-3)  # the bank is fp16
    assert json.loads(extra["mien.json"])["names"] == {"va": ["valence", "arousal"]}


def test_report_has_its_numbers(mien, world, tmp_path):
    done = mien("report", world.run, "--out", tmp_path / "r.html", "--quiet")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "r.html").read_text()
    assert "VA CCC" in page
    for value in (world.tuned["va"]["in_sample_ccc"], world.tuned["va"]["out_of_fold_ccc"], *ccc(*pooled(world, True))):
        assert f"{value:.4f}" in page, value
    assert "EXPR F1" not in page and "AU F1" not in page


def test_flatness_measures_the_concordance_loss(mien, world):
    found = result_json(mien("flatness", world.run, "--loss", "mean", "--samples", 100000, "--json", "--quiet", "--threads",
                             1))
    truth, predicted = pooled(world, False, split="train")
    assert found["samples"] == len(truth)
    assert found["loss"] == pytest.approx(1 - ccc(truth, predicted).mean(), abs=1e-4)
    assert found["sharpness"]["ascent"] > 0 and np.isfinite(found["hessian_trace"])
