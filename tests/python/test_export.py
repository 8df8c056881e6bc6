"""`mien export`: one TorchScript file from crops to answers, held against Pillow, the bank and the run's own scores."""

import ast
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import (CONFIGS, EXPRESSIONS, ROOT, UNITS, Projection, read_safetensors, refused, result_json, write_bank,
                     write_encoder, write_labels)
from test_preprocessing import torchvision_crop

SIZE, DIM, FRAMES = 16, 12, 9
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
MEAN, STD = np.array([0.5, 0.4, 0.3], np.float32), np.array([0.2, 0.25, 0.3], np.float32)
VIDEOS = {"train": ["a", "b", "c"], "validation": ["x", "y"]}


def picture(rng):
    """Blocks of full range: what an interpolation makes of hard edges must be clipped as Pillow does."""
    height, width = (int(n) for n in rng.integers(9, 60, 2))
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    return np.where(rng.random((height, width, 1)) < 0.4, 255 * rng.integers(0, 2, (height, width, 3)), pixels)


@pytest.fixture(scope="module")
def data(mien, tmp_path_factory):
    """Pictures with labels of all three tasks, an encoder, the bank that mien encode makes of them."""
    w = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(1)
    write_encoder(w / "encoder.pt", Projection(SIZE, DIM), SIZE, DIM, extra={})
    write_encoder(w / "other.pt", Projection(SIZE, DIM, seed=3), SIZE, DIM, "other", extra={})
    write_encoder(w / "bare.pt", Projection(SIZE, DIM, seed=4), SIZE, DIM)
    for split, names in VIDEOS.items():
        for name in names:
            (w / "images" / name).mkdir(parents=True)
            for frame in range(1, FRAMES + 1):
                Image.fromarray(picture(rng).astype(np.uint8)).save(w / "images" / name / f"{frame:05d}.png")
            write_labels(w / "labels", "expr", split, name, rng.integers(0, 8, FRAMES))
            write_labels(w / "labels", "au", split, name, rng.integers(0, 2, (FRAMES, 12)))
            write_labels(w / "labels", "va", split, name, rng.uniform(-1, 1, (FRAMES, 2)).round(2))
    encoded = mien("encode", "--images", w / "images", "--encoder", w / "encoder.pt", "--bank", w / "bank", "--dtype",
                   "fp32", "--quiet")
    assert encoded.returncode == 0, encoded.stderr
    return w


@pytest.fixture(scope="module")
def train(mien, data):
    def run(name, *keys, bank=data / "bank", config="multitask"):
        out = data / name
        if not out.exists():
            done = mien("train", CONFIGS / f"{config}.yaml", f"bank={bank}", f"annotations={data / 'labels'}", "epochs=3",
                        "batch_size=8", "head.layers=2", "head.width=10", "schedule.warmup_epochs=0", *keys, "--out", out,
                        "--quiet")
            assert done.returncode == 0, done.stderr
        return out

    return run


@pytest.fixture
def export(mien, data, tmp_path):
    """export(run, flags...) -> (the module as Python loads it, its mien.json)"""
    def run(folder, *flags, encoder=data / "encoder.pt"):
        result_json(mien("export", folder, "--encoder", encoder, "--out", tmp_path / "m.pt", "--json", "--quiet",
                         "--force", *flags))
        return load(tmp_path / "m.pt")

    return run


def load(path):
    extra = {"mien.json": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.jit.load(str(path), _extra_files=extra)
    return model, json.loads(extra["mien.json"])


def pixels_of(data, video, frame):
    return np.asarray(Image.open(data / "images" / video / f"{frame:05d}.png").convert("RGB"))


def as_batch(pixels):
    return torch.tensor(pixels).permute(2, 0, 1)[None]


def probabilities(logits):
    values = {task: np.asarray(of, np.float64) for task, of in logits.items()}
    shifted = np.exp(values["expr"] - values["expr"].max(1, keepdims=True))
    return {"expr": shifted / shifted.sum(1, keepdims=True), "au": 1 / (1 + np.exp(-values["au"])),
            "va": np.tanh(values["va"])}


@pytest.mark.parametrize("keys, config", [((), "multitask"), (("normalize=standardize",), "multitask"),
                                          (("normalize=l2", "head.layers=0"), "multitask")])
def test_answers_are_those_of_evaluate(mien, data, train, export, keys, config):
    run = train("run-" + "-".join(keys).replace("=", ""), *keys, config=config)
    result_json(mien("evaluate", run, "--json", "--quiet", "--bootstrap", 0))
    (cache,) = (run / "evaluation").glob("scores-*.safetensors")
    expected = probabilities({task: read_safetensors(cache)[0][task] for task in ("expr", "au", "va")})
    model, info = export(run)
    found = [model(as_batch(pixels_of(data, video, frame))) for video in VIDEOS["validation"]
             for frame in range(1, FRAMES + 1)]
    for task in ("expr", "au", "va"):
        values = torch.cat([answer[task] for answer in found])
        assert values.dtype == torch.float32 and not values.requires_grad
        np.testing.assert_allclose(values, expected[task], rtol=0, atol=1e-4, err_msg=task)
        assert np.ptp(expected[task], axis=0).max() > 1e-2  # the pictures do not all look alike
    assert torch.equal(torch.cat([a["expr_class"] for a in found]), torch.cat([a["expr"] for a in found]).argmax(1))
    assert torch.equal(torch.cat([a["au_active"] for a in found]), torch.cat([a["au"] for a in found]) >= 0.5)
    assert info["names"] == {"expr": EXPRESSIONS, "au": UNITS, "va": ["valence", "arousal"]}
    assert info["encoder"]["name"] == "test-encoder" and info["image_size"] == SIZE and info["decisions"] == {}


@pytest.mark.parametrize("resize", ["bicubic", "bilinear"])
def test_preprocessing_is_pillows_byte_for_byte(mien, data, train, export, tmp_path, resize):
    archive = write_encoder(tmp_path / "e.pt", Projection(SIZE, DIM), SIZE, DIM, resize, extra={"resize": resize})
    bank = data / f"bank-{resize}"
    mien("encode", "--images", data / "images", "--encoder", archive, "--bank", bank, "--quiet")
    model, _ = export(train(f"run-{resize}", bank=bank), encoder=archive)
    filter = Image.Resampling[resize.upper()]
    rng = np.random.default_rng(7)
    sizes = [rng.integers(1, 150, 2) for _ in range(60)] + [(1, 1), (1, 90), (90, 1), (16, 16), (16, 17), (400, 301)]
    for height, width in sizes:
        image = rng.choice(np.array([0, 255, 90, 140], np.uint8), (int(height), int(width), 3))
        crop = torchvision_crop(Image.fromarray(image), SIZE, filter)
        expected = (torch.tensor(crop).permute(2, 0, 1)[None].float() / 255 - torch.tensor(MEAN).view(1, 3, 1, 1)) / (
            torch.tensor(STD).view(1, 3, 1, 1))
        assert torch.equal(model.pixels(as_batch(image)), expected), (height, width)


def test_floats_from_0_to_1_mean_the_same(data, train, export):
    model, _ = export(train("run-"))
    rng = np.random.default_rng(2)
    exact = torch.tensor(rng.integers(0, 256, (3, 3, SIZE, SIZE), np.uint8))
    larger = torch.tensor(rng.integers(0, 256, (2, 3, 50, 37), np.uint8))
    for dtype in (torch.float32, torch.float64):
        same = model(exact.to(dtype) / 255)
        for task in ("expr", "au", "va"):
            np.testing.assert_allclose(same[task], model(exact)[task], atol=1e-4)
        apart = (model.pixels(larger.to(dtype) / 255) - model.pixels(larger)) * torch.tensor(STD).view(1, 3, 1, 1) * 255
        assert 0.1 < apart.abs().max() < 1.5  # floats are not rounded to levels in between


def test_a_batch_answers_as_its_crops_do_one_by_one(data, train, export):
    model, _ = export(train("run-"))
    crops = torch.tensor(np.random.default_rng(3).integers(0, 256, (5, 3, 20, 30), np.uint8))
    together = model(crops)
    for i in range(5):
        for task in ("expr", "au", "va"):
            np.testing.assert_allclose(together[task][i], model(crops[i:i + 1])[task][0], atol=1e-5)


@pytest.mark.parametrize("crops", [torch.zeros(3, 16, 16), torch.zeros(1, 4, 16, 16),
                                   torch.zeros(1, 3, 16, 16, dtype=torch.int64)])
def test_other_inputs_raise(train, export, crops):
    model, _ = export(train("run-"))
    with pytest.raises(Exception, match="expected"):
        model(crops)


def write_decisions(mien, run, **rules):
    """A decisions.json of these rules for this run's best weights."""
    import hashlib

    digest = hashlib.sha256((run / "best.safetensors").read_bytes()).hexdigest()
    none = {"kind": "none", "half_window": 0}
    tasks = {task: {"smoothing": none} | rule for task, rule in rules.items()}
    (run / "decisions.json").write_text(json.dumps(
        {"format": "mien-decisions", "version": 1, "tasks": tasks,
         "runs": [{"path": ".", "weights": "best", "weights_sha256": digest}]}))


def test_biases_and_thresholds_decide_unless_raw(mien, data, train, export, tmp_path):
    run = train("run-tuned")
    bias = np.linspace(2, -2, 8).tolist()
    thresholds = np.linspace(0.3, 0.7, 12).tolist()
    write_decisions(mien, run, expr={"bias": bias, "smoothing": {"kind": "box", "half_window": 3}},
                    au={"thresholds": thresholds})
    crops = torch.tensor(np.random.default_rng(4).integers(0, 256, (40, 3, SIZE, SIZE), np.uint8))
    model, info = export(run)
    raw, raw_info = export(run, "--raw")
    tuned, plain = model(crops), raw(crops)
    expected = (np.log(np.maximum(tuned["expr"].numpy().astype(np.float64), 1e-30)) + bias).argmax(1)
    np.testing.assert_array_equal(tuned["expr_class"], expected)
    np.testing.assert_array_equal(tuned["au_active"], tuned["au"].numpy().astype(np.float64) >= thresholds)
    assert (plain["expr_class"] != tuned["expr_class"]).any() and (plain["au_active"] != tuned["au_active"]).any()
    assert torch.equal(plain["expr"], tuned["expr"]) and torch.equal(plain["expr_class"], plain["expr"].argmax(1))
    assert info["decisions"]["expr"]["bias"] == bias and raw_info["decisions"] == {}
    done = mien("export", run, "--encoder", data / "encoder.pt", "--out", tmp_path / "loud.pt")
    assert done.returncode == 0 and "smooths expr over time" in done.stderr and "loud.pt" in done.stdout


def test_an_archive_without_metadata_is_told(mien, data, train, export, tmp_path):
    flags = ("--image-size", SIZE, "--mean", ".5,.4,.3", "--std", ".2,.25,.3")
    done = mien("encode", "--images", data / "images", "--encoder", data / "bare.pt", "--bank", data / "bare-bank",
                "--quiet", *flags)
    assert done.returncode == 0, done.stderr
    run = train("run-bare", bank=data / "bare-bank")
    model, _ = export(run, *flags, encoder=data / "bare.pt")
    assert model(torch.zeros(1, 3, 5, 5, dtype=torch.uint8))["au"].shape == (1, 12)
    to = ("--out", tmp_path / "no.pt", "--encoder", data / "bare.pt")
    refused(mien("export", run, *to), "bare.pt", "--image-size")
    refused(mien("export", run, *to, "--image-size", 20, *flags[2:]), "bare.pt", "expected the --image-size")
    refused(mien("export", run, *to, "--image-size", -1), "--image-size = -1")


def test_what_cannot_be_exported_is_refused(mien, data, train, tmp_path):
    run = train("run-")
    out = ("--out", tmp_path / "no.pt")
    refused(mien("export", run, *out, "--encoder", data / "other.pt"), "other.pt", "expected the encoder of the training")
    second = data / "second"
    if not second.exists():
        videos = {v: (range(1, FRAMES + 1), np.random.default_rng(1).normal(size=(FRAMES, 4)))
                  for names in VIDEOS.values() for v in names}
        write_bank(second, videos, 4, "second")
    two = train("run-two", bank=f"[{data / 'bank'},{second}]")
    refused(mien("export", two, *out, "--encoder", data / "encoder.pt"), "2 encoders side by side")
    blend = train("run-blend")
    write_decisions(mien, blend, expr={})
    decisions = json.loads((blend / "decisions.json").read_text())
    decisions["runs"].append(decisions["runs"][0] | {"path": str(run)})
    (blend / "decisions.json").write_text(json.dumps(decisions))
    refused(mien("export", blend, *out, "--encoder", data / "encoder.pt"), "blends 2 runs", "--raw")
    decisions["runs"] = [decisions["runs"][0] | {"weights_sha256": "0" * 64}]
    (blend / "decisions.json").write_text(json.dumps(decisions))
    refused(mien("export", blend, *out, "--encoder", data / "encoder.pt"), "is not what", "--raw")
    assert not (tmp_path / "no.pt").exists()
    (tmp_path / "no.pt").write_text("mine")
    refused(mien("export", run, *out, "--encoder", data / "encoder.pt"), "no.pt", "--force")
    assert (tmp_path / "no.pt").read_text() == "mine"


def test_a_model_is_no_encoder(mien, data, train, tmp_path):
    model = tmp_path / "model.pt"
    assert mien("export", train("run-"), "--encoder", data / "encoder.pt", "--out", model).returncode == 0
    refused(mien("encode", "--images", data / "images", "--encoder", model, "--bank", tmp_path / "bank"), "model.pt")


def test_the_example_script_names_what_it_sees(mien, data, train, tmp_path):
    model = tmp_path / "model.pt"
    assert mien("export", train("run-"), "--encoder", data / "encoder.pt", "--out", model).returncode == 0
    face = data / "images" / "x" / "00001.png"
    done = subprocess.run([sys.executable, ROOT / "scripts" / "use_exported.py", model, face], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = ast.literal_eval(done.stdout.removeprefix(str(face)).strip())
    answer = load(model)[0](as_batch(pixels_of(data, "x", 1)))
    assert list(told["expr"]) == EXPRESSIONS and list(told["au"]) == UNITS
    assert told["au"]["AU12"] == answer["au"][0, 6].item() and told["expr"]["Sadness"] == answer["expr"][0, 5].item()
