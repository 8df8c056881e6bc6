"""mien encode --corrupt: what it does to pixels, seen through an encoder that hands them on, against numpy and Pillow;
banks that say what they hold; and the degradation table of evaluate."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import CONFIGS, Synthetic, read_safetensors, refused, result_json, write_encoder
from test_metrics import bias_corrected

SIZE = 56
KINDS = ["gaussian_noise", "motion_blur", "brightness", "contrast", "jpeg", "occlusion", "low_resolution"]
LEVELS = {  # Hendrycks and Dietterich 2019, the code of ImageNet-C; occlusion is mien's
    "gaussian_noise": [0.08, 0.12, 0.18, 0.26, 0.38], "brightness": [0.1, 0.2, 0.3, 0.4, 0.5],
    "contrast": [0.4, 0.3, 0.2, 0.1, 0.05], "jpeg": [25, 18, 15, 10, 7], "occlusion": [0.05, 0.1, 0.2, 0.3, 0.4],
    "low_resolution": [0.6, 0.5, 0.4, 0.3, 0.25],
    "motion_blur": [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


class Pixels(torch.nn.Module):
    """[B,3,S,S] -> its pixels as the bank's fp16 holds them exactly: levels of 0 to 255."""

    def forward(self, x):
        return torch.round(x * 255).flatten(1)


def picture(rng, size=SIZE):
    """Smooth colours with hard edges and some black and white."""
    y, x = np.mgrid[0:size, 0:size] / size
    channels = [np.sin(rng.uniform(2, 9) * x + rng.uniform(2, 9) * y + rng.uniform(0, 6)) for _ in range(3)]
    image = np.stack(channels, 2) * 110 + 128 + rng.normal(0, 6, (size, size, 3))
    image[8:16, 8:30], image[30:40, 5:12] = 0, 255
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two videos of pictures that need no resizing, and the encoder that hands them on."""
    folder = tmp_path_factory.mktemp("corruptions")
    rng = np.random.default_rng(3)
    images = {}
    for video, frames in (("a", 5), ("b", 3)):
        (folder / "images" / video).mkdir(parents=True)
        for frame in range(1, frames + 1):
            images[video, frame] = picture(rng)
            Image.fromarray(images[video, frame]).save(folder / "images" / video / f"{frame:05d}.png")
    encoder = write_encoder(folder / "pixels.pt", Pixels(), SIZE, 3 * SIZE * SIZE,
                            extra={"mean": [0, 0, 0], "std": [1, 1, 1]})  # fmt: skip
    return folder, images, encoder


@pytest.fixture(scope="module")
def encoded(mien, world):
    """encoded("jpeg:3", ...) -> {(video, frame): uint8 [S, S, 3]} of a bank, made once."""
    folder, _, encoder = world
    known = {}

    def run(corruption, *arguments, name="bank"):
        bank = folder / f"{name}-{(corruption or 'clean').replace(':', '-')}"
        if bank not in known:
            asked = ["--corrupt", corruption] if corruption else []
            result_json(mien("encode", "--images", folder / "images", "--encoder", encoder, "--bank", bank, *asked,
                             "--dtype", "fp32", *arguments, "--json", "--quiet"))  # fmt: skip
            known[bank] = pixels_of(bank)
        return known[bank]

    return run


def pixels_of(bank):
    pixels = {}
    for video in ("a", "b"):
        arrays, _ = read_safetensors(bank / f"{video}.safetensors")
        for frame, row in zip(arrays["frames"], arrays["embeddings"]):
            assert (row == np.round(row)).all()
            pixels[video, int(frame)] = row.astype(np.uint8).reshape(3, SIZE, SIZE).transpose(1, 2, 0)
    return pixels


def test_without_a_corruption_the_pixels_are_the_images(world, encoded):
    _, images, _ = world
    found = encoded(None)
    assert all((found[key] == image).all() for key, image in images.items())


def differences(world, found):
    _, images, _ = world
    return {key: found[key].astype(int) - image for key, image in images.items()}


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_noise_has_its_deviation_and_is_new_in_every_frame(world, encoded, severity):
    _, images, _ = world
    found = encoded(f"gaussian_noise:{severity}")
    level = 255 * LEVELS["gaussian_noise"][severity - 1]
    rng = np.random.default_rng(4)
    everything = {key: (found[key], image) for key, image in images.items()}
    for bottom, top in ((0, 0), (255, 255), (100, 156)):  # clipped on one side, or hardly
        got = np.concatenate([f[(i >= bottom) & (i <= top)] for f, i in everything.values()]).astype(float)
        of = np.concatenate([i[(i >= bottom) & (i <= top)] for _, i in everything.values()]).astype(float)
        expected = np.clip(np.round(np.repeat(of, 40) + rng.normal(0, level, 40 * len(of))), 0, 255)
        error = level / np.sqrt(len(got))
        assert len(got) > 1000 and abs(got.mean() - expected.mean()) < 5 * error
        assert abs(got.std() - expected.std()) < 5 * error
    if severity > 1:  # clipped values follow their image and so each other
        return
    inner = {key: (image > 70) & (image < 185) for key, image in images.items()}
    noise = differences(world, found)
    keys = list(images)
    for one, other in zip(keys, keys[1:]):
        both = inner[one] & inner[other]
        assert abs(np.corrcoef(noise[one][both], noise[other][both])[0, 1]) < 5 / np.sqrt(both.sum())
    pixels = np.concatenate([noise[key][inner[key].all(2)] for key in keys])
    assert np.abs(np.corrcoef(pixels.T) - np.eye(3)).max() < 5 / np.sqrt(len(pixels)) < 0.3


@pytest.mark.parametrize("severity", range(1, 6))
def test_contrast_and_brightness_agree_with_numpy(world, encoded, severity):
    _, images, _ = world
    contrast, brightness = encoded(f"contrast:{severity}"), encoded(f"brightness:{severity}")
    for key, image in images.items():
        x = image / 255
        expected = (x - x.mean((0, 1))) * LEVELS["contrast"][severity - 1] + x.mean((0, 1))
        assert np.abs(contrast[key] - 255 * np.clip(expected, 0, 1)).max() <= 0.5 + 1e-6
        expected = brighter(x, LEVELS["brightness"][severity - 1])
        assert np.abs(brightness[key] - 255 * expected).max() <= 0.5 + 1e-6


def brighter(x, more):
    """V of HSV plus `more`, by the sextants of the usual conversion."""
    v = x.max(2)
    spread = v - x.min(2)
    s = np.where(v > 0, spread / np.maximum(v, 1e-12), 0)
    r, g, b = np.moveaxis(x, 2, 0)
    safe = np.maximum(spread, 1e-12)
    h = np.select([spread == 0, v == r, v == g], [0, (g - b) / safe % 6, (b - r) / safe + 2], (r - g) / safe + 4)
    v = np.minimum(1, v + more)
    k = (np.array([5, 3, 1])[:, None, None] + h) % 6
    return np.moveaxis(v - v * s * np.clip(np.minimum(k, 4 - k), 0, 1), 0, 2)


@pytest.mark.parametrize("severity", range(1, 6))
def test_low_resolution_is_pillows_box_filter(world, encoded, severity):
    _, images, _ = world
    found = encoded(f"low_resolution:{severity}")
    small = int(SIZE * LEVELS["low_resolution"][severity - 1])
    for key, image in images.items():
        expected = Image.fromarray(image).resize((small, small), Image.BOX).resize((SIZE, SIZE), Image.BOX)
        assert (found[key] == np.asarray(expected)).all()


@pytest.mark.parametrize("severity", range(1, 6))
def test_jpeg_is_what_pillow_writes(world, encoded, severity):
    _, images, _ = world
    found = encoded(f"jpeg:{severity}")
    for key, image in images.items():
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=LEVELS["jpeg"][severity - 1])
        difference = np.abs(found[key].astype(int) - np.asarray(Image.open(file)).astype(int))
        assert difference.max() <= 3 and difference.mean() < 0.1  # two builds of libjpeg


@pytest.mark.parametrize("severity", [1, 2, 5])
def test_motion_blur_is_a_weighted_mean_along_one_direction(world, encoded, severity):
    """The angle is the only unknown: for one of 9,000 tried angles the whole picture agrees."""
    _, images, _ = world
    radius, sigma = (value * SIZE / 224 for value in LEVELS["motion_blur"][severity - 1])
    found = encoded(f"motion_blur:{severity}")
    angles = []
    for key in [("a", 1), ("a", 2), ("b", 1)]:
        image = images[key].astype(float)
        i = np.arange(2 * int(np.ceil(radius)) + 1)
        weights = np.exp(-(i**2) / (2 * sigma**2))
        weights /= weights.sum()
        seen, best = {}, None
        for angle in np.linspace(-45, 45, 9001):
            dx, dy = (np.ceil(i * f(np.radians(angle)) - 0.5).astype(int) for f in (np.cos, np.sin))
            if (kernel := (tuple(dx), tuple(dy))) in seen:
                continue
            seen[kernel] = angle
            padded = np.pad(image, ((60, 60), (60, 60), (0, 0)), mode="edge")
            expected = sum(w * padded[60 + b : 60 + b + SIZE, 60 + a : 60 + a + SIZE]
                           for w, a, b in zip(weights, dx, dy))  # fmt: skip
            error = np.abs(found[key] - expected).max()
            if best is None or error < best[0]:
                best = (error, angle)
        assert best[0] <= 0.5 + 1e-3
        angles.append(best[1])
    assert len(set(angles)) > 1  # few directions differ at this size


@pytest.mark.parametrize("severity", range(1, 6))
def test_occlusion_is_a_square_of_one_colour_inside(world, encoded, severity):
    side = round(SIZE * np.sqrt(LEVELS["occlusion"][severity - 1]))
    places, found = set(), encoded(f"occlusion:{severity}")
    for key, difference in differences(world, found).items():
        rows, columns = np.nonzero(difference.any(2))
        top, left = rows.min(), columns.min()
        assert rows.max() - top < side and columns.max() - left < side
        assert rows.max() - top >= side - 2 and columns.max() - left >= side - 2  # an equal pixel may hide an edge
        patch = found[key][rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (patch == patch[0, 0]).all()
        places.add((top, left, *patch[0, 0]))
    assert len(places) == len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_worse_severities_are_further_from_the_image(world, encoded, kind):
    distances = []
    for severity in (1, 3, 5):
        found = differences(world, encoded(f"{kind}:{severity}"))
        distances.append(np.mean([np.abs(d).mean() for d in found.values()]))
    assert 0 < distances[0] < distances[1] < distances[2]


def test_pixels_do_not_depend_on_order_workers_batches_or_shards(mien, world, encoded):
    folder, _, encoder = world
    for kind in ("gaussian_noise:2", "motion_blur:4", "occlusion:3"):
        whole = encoded(kind)
        cut = encoded(kind, "--workers", 3, "--batch-size", 2, name="cut")
        bank = folder / f"shards-{kind.replace(':', '-')}"
        for shard in ("1/2", "0/2"):
            result_json(mien("encode", "--images", folder / "images", "--encoder", encoder, "--bank", bank, "--corrupt",
                             kind, "--shard", shard, "--dtype", "fp32", "--json", "--quiet"))  # fmt: skip
        shards = pixels_of(bank)
        for key in whole:
            assert (whole[key] == cut[key]).all() and (whole[key] == shards[key]).all()


def test_a_bank_says_what_it_holds_and_takes_nothing_else(mien, world, encoded):
    folder, _, encoder = world
    encoded("jpeg:3"), encoded(None)
    assert json.loads((folder / "bank-jpeg-3" / "bank.json").read_text())["corruption"] == {"kind": "jpeg", "severity": 3}
    assert "corruption" not in json.loads((folder / "bank-clean" / "bank.json").read_text())
    assert result_json(mien("inspect", folder / "bank-jpeg-3", "--json"))["corruption"] == "jpeg:3"
    encode = ["encode", "--images", folder / "images", "--encoder", encoder]
    refused(mien(*encode, "--bank", folder / "bank-jpeg-3"), "--corrupt = (not given)", "corrupted by jpeg:3")
    refused(mien(*encode, "--bank", folder / "bank-jpeg-3", "--corrupt", "jpeg:4"), "--corrupt = jpeg:4", "jpeg:3")
    refused(mien(*encode, "--bank", folder / "bank-clean", "--corrupt", "jpeg:3"), "--corrupt = jpeg:3", "clean images")


@pytest.mark.parametrize("text,fragments", [
    ("jpg:3", ["--corrupt = jpg:3", "did you mean jpeg?"]), ("jpeg", ["a severity from 1 to 5"]),
    ("jpeg:0", ["1 to 5"]), ("jpeg:6", ["1 to 5"]), ("jpeg:2:3", ["1 to 5"]), ("jpeg:x", ["1 to 5"]),
    ("", ["KIND:SEVERITY"]), ("clouds:1", ["gaussian_noise, motion_blur"]),
])  # fmt: skip
def test_other_corruptions_are_refused(mien, world, text, fragments):
    folder, _, encoder = world
    refused(mien("encode", "--images", folder / "images", "--encoder", encoder, "--bank", folder / "no", "--corrupt",
                 text), *fragments)  # fmt: skip
    assert not (folder / "no").exists()


# -- evaluate -----------------------------------------------------------------------------------


def corrupted_copy(data, folder, kind, severity, noise, seed):
    """The bank with noisier embeddings, and a bank.json that calls them corrupted."""
    import shutil

    from helpers import write_video

    shutil.copytree(data.bank, folder)
    rng = np.random.default_rng(seed)
    for side in data.videos.values():
        for name, video in side.items():
            keep = slice(1 if name == "100" else 0, None)  # a frame that failed
            x = video["x"] + noise * rng.normal(size=video["x"].shape)
            write_video(folder, name, video["frames"][keep], x[keep])
    info = json.loads((folder / "bank.json").read_text())
    info["corruption"] = {"kind": kind, "severity": severity}
    (folder / "bank.json").write_text(json.dumps(info))
    return folder


@pytest.fixture(scope="module")
def robust(mien, tmp_path_factory):
    folder = tmp_path_factory.mktemp("robust")
    data = Synthetic(folder / "data", seed=8, dim=12, rows_a_video=40)
    result_json(mien("train", CONFIGS / "joint.yaml", *data.arguments(), "epochs=30", "optimizer.lr=.005", "batch_size=32",
                     "head.dropout=.1", "--out", folder / "run", "--json", "--quiet"))  # fmt: skip
    banks = [corrupted_copy(data, folder / "light", "jpeg", 1, 1, 1), corrupted_copy(data, folder / "heavy", "jpeg", 5, 4, 2)]
    return folder, data, banks


def test_evaluate_prints_how_far_the_run_falls(mien, robust):
    folder, data, banks = robust
    found = result_json(mien("evaluate", folder / "run", "--bank", banks[0], "--bank", banks[1], "--bank", data.bank,
                             "--json", "--quiet"))  # fmt: skip
    plain = result_json(mien("evaluate", folder / "run", "--json", "--quiet"))
    for task in ("expr", "au"):
        table = found["tasks"][task]["robustness"]
        assert found["tasks"][task]["f1"] == plain["tasks"][task]["f1"]
        light, heavy = table["corruptions"]
        assert (light["corruption"], heavy["corruption"]) == ("jpeg:1", "jpeg:5")
        assert table["clean"]["f1"] > light["f1"] > heavy["f1"]
        assert heavy["difference"] == heavy["f1"] - table["clean"]["f1"] and heavy["probability_worse"] > 0.95
        assert heavy["difference_ci95"][0] < heavy["difference"] < heavy["difference_ci95"][1] < 0
        assert table["mean"]["f1"] == pytest.approx((light["f1"] + heavy["f1"]) / 2, abs=1e-12)
        assert table["mean"]["difference"] == pytest.approx((light["difference"] + heavy["difference"]) / 2, abs=1e-12)
        assert table["videos"] == plain["tasks"][task]["videos"]
        assert plain["tasks"][task]["frames"] - 1 <= table["frames"] <= plain["tasks"][task]["frames"]
    text = mien("evaluate", folder / "run", "--bank", banks[0], "--quiet").stdout
    assert "on corrupted images" in text and "jpeg:1" in text and "mean of 1" in text
    assert not list((folder / "run" / "evaluation").glob("*jpeg*"))


def test_the_difference_to_clean_is_that_of_compare(mien, robust, tmp_path):
    """The corrupted decisions as a prediction file: compare pairs them with the run in the same way."""
    folder, data, banks = robust
    from helpers import EXPRESSIONS

    before = set((folder / "run" / "evaluation").glob("scores-*"))
    row = result_json(mien("evaluate", folder / "run", "--bank", banks[1], "--weights", "last", "--json",
                           "--quiet"))["tasks"]["expr"]["robustness"]  # fmt: skip
    made = sorted(set((folder / "run" / "evaluation").glob("scores-*")) - before, key=lambda p: p.stat().st_mtime)
    arrays, metadata = read_safetensors(made[-1])
    rows, at = ["image_location," + ",".join(EXPRESSIONS)], 0
    for video, count in json.loads(metadata["videos"]):
        for i in range(at, at + count):
            rows.append(f"{video}/{arrays['frames'][i]:05d}.jpg,{arrays['expr'][i].argmax()}")
        at += count
    (tmp_path / "p.txt").write_text("\n".join(rows) + "\n")
    (side,) = result_json(mien("compare", folder / "run", "--weights", "last", "--predictions", tmp_path / "p.txt",
                               "--task", "expr", "--json", "--quiet"))["comparisons"]  # fmt: skip
    compared = side["tasks"]["expr"]
    assert compared["frames"] == row["frames"] and compared["first"] == row["clean"]["f1"]
    assert compared["difference"] == row["corruptions"][0]["difference"]
    assert compared["ci95"] == row["corruptions"][0]["difference_ci95"] == row["mean"]["difference_ci95"]


def test_only_evaluate_takes_a_corrupted_bank(mien, robust, tmp_path):
    folder, data, banks = robust
    refused(mien("train", CONFIGS / "expr.yaml", f"bank={banks[0]}", f"annotations={data.annotations}", "--out",
                 tmp_path / "r"), f"bank = {banks[0]}", "jpeg:1", "without --corrupt")  # fmt: skip
    template = tmp_path / "t.txt"
    template.write_text("image_location,Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n100/00001.jpg,\n")
    refused(mien("submit", folder / "run", "--template", template, "--bank", banks[0], "--out", tmp_path / "o"),
            f"--bank = {banks[0]}", "jpeg:1")  # fmt: skip
    refused(mien("evaluate", folder / "run", "--bank", banks[0], "--bank", banks[0]), "2 banks of jpeg:1", "expected 1")
