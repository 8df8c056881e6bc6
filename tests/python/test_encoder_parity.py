"""`mien encode` against transformers and PyTorch on the same weights, with Pillow's preprocessing."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import Projection, read_safetensors, refused, result_json, write_encoder
from test_preprocessing import FILTERS, encoded, picture, torchvision_crop

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from encoders import efficientnet_lite  # noqa: E402

IN_BANK, BEFORE_ROUNDING = 2e-3, 1e-5  # numerics.md, Encoder
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
SHAPES = [(112, 112), (48, 48), (31, 90), (200, 61), (1, 1), (300, 300), (113, 64), (7, 260)]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """One video: sizes up and down, grey and colour, JPEG and PNG."""
    folder = tmp_path_factory.mktemp("images") / "root" / "video"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(31)
    for i, (height, width) in enumerate(SHAPES * 2):
        image = Image.fromarray(picture(rng, height, width, 3))
        if i % 3 == 2:
            image = image.convert("L")
        kind = "PNG" if i % 2 else "JPEG"
        (folder / f"{i + 1:05d}.{'png' if i % 2 else 'jpg'}").write_bytes(encoded(image, kind))
    return folder


def inputs(folder, info):
    """float32 [N, 3, S, S], as numerics.md's preprocessing says."""
    mean, std = (np.array(info[key], np.float32) for key in ("mean", "std"))
    rows = []
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        crop = torchvision_crop(Image.open(path).convert("RGB"), info["image_size"], FILTERS[info["resize"]])
        rows.append(((crop.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1))
    return torch.tensor(np.stack(rows))


def metadata_of(archive):
    extra = {"mien.json": ""}
    module = torch.jit.load(str(archive), _extra_files=extra)
    return module, json.loads(extra["mien.json"])


def embeddings(mien, images, archive, bank, *flags):
    found = result_json(mien("encode", "--images", images.parent, "--encoder", archive, "--bank", bank,
                             "--json", "--quiet", *([] if "--dtype" in flags else ["--dtype", "fp32"]), *flags))
    assert found["frames"] == 2 * len(SHAPES) and found["failed"] == 0
    arrays, _ = read_safetensors(bank / "video.safetensors")
    assert arrays["embeddings"].dtype == np.float16
    assert arrays["frames"].tolist() == list(range(1, 2 * len(SHAPES) + 1))
    return arrays["embeddings"].astype(np.float64)


def errors(found, expected):
    expected = expected.double().numpy()
    return np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)


def transformers_model(state, heads, image_size):
    """transformers' own class, its shape read off the weights."""
    import transformers

    state = {name.removeprefix("clip."): value for name, value in state.items()
             if not name.endswith("position_ids")}  # a buffer of 0, 1, 2, ...
    patches = next(v for n, v in state.items() if n.endswith("patch_embedding.weight"))
    config = transformers.CLIPVisionConfig(
        image_size=image_size, patch_size=patches.shape[-1], hidden_size=patches.shape[0],
        intermediate_size=next(v for n, v in state.items() if n.endswith("fc1.weight")).shape[0],
        num_hidden_layers=sum(n.endswith("fc1.weight") for n in state), num_attention_heads=heads,
        projection_dim=state["visual_projection.weight"].shape[0])
    model = transformers.CLIPVisionModelWithProjection(config).eval()
    model.load_state_dict(state, strict=True)
    return model


def random_folder(folder):
    """Another small CLIP, in transformers' layout: bilinear, its own mean and std, weights of spread .3."""
    import transformers

    torch.manual_seed(77)
    config = transformers.CLIPVisionConfig(
        image_size=60, patch_size=12, hidden_size=40, intermediate_size=72, num_hidden_layers=3,
        num_attention_heads=4, projection_dim=33)
    model = transformers.CLIPVisionModelWithProjection(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"resample": 2, "size": {"shortest_edge": 60}, "crop_size": 60, "image_mean": [0.3, 0.5, 0.6],
         "image_std": [0.2, 0.3, 0.25]}))
    return folder, model


@pytest.fixture(scope="module")
def tiny(export_encoder, tmp_path_factory):
    return export_encoder("random:clip-tiny:9", tmp_path_factory.mktemp("tiny") / "tiny.pt")


@pytest.fixture(scope="module")
def tiny_expected(tiny, images):
    module, info = metadata_of(tiny)
    with torch.no_grad():
        return transformers_model(module.state_dict(), 2, 48)(pixel_values=inputs(images, info)).image_embeds


def test_random_clip_in_the_bank_equals_transformers(mien, images, tiny, tiny_expected, tmp_path):
    found = embeddings(mien, images, tiny, tmp_path / "bank")
    assert found.shape == (2 * len(SHAPES), 24)
    assert errors(found, tiny_expected).max() <= IN_BANK
    assert len(np.unique(found, axis=0)) > len(SHAPES)  # rows differ: not one answer for all


def test_rounding_to_the_bank_is_to_the_nearest_half(mien, images, tiny, tiny_expected, tmp_path):
    found = embeddings(mien, images, tiny, tmp_path / "bank")
    exact = tiny_expected.double().numpy()
    half_step = np.spacing(np.abs(exact).astype(np.float16)).astype(np.float64) / 2
    slack = BEFORE_ROUNDING * np.linalg.norm(exact, axis=1, keepdims=True)
    assert (np.abs(found - exact) <= half_step + slack).all()


class HighAndLow(torch.nn.Module):
    """[B, 2D]: what a half can hold, and 4096 times the rest: carries fp32 through a bank of halves."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        y = self.inner(x)
        high = y.half().float()
        return torch.cat([high, (y - high) * 4096], 1)


@pytest.mark.parametrize("batch", ["1", "5", "16"])
def test_fp32_before_rounding_equals_transformers_at_any_batch_size(mien, images, tiny, tiny_expected, tmp_path,
                                                                    batch):
    module, info = metadata_of(tiny)
    keys = ("mean", "std", "resize")
    archive = write_encoder(tmp_path / "both.pt", HighAndLow(module), info["image_size"], 48,
                            extra={key: info[key] for key in keys})
    found = embeddings(mien, images, archive, tmp_path / "bank", "--batch-size", batch)
    whole = found[:, :24] + found[:, 24:] / 4096
    assert errors(whole, tiny_expected).max() <= BEFORE_ROUNDING


def test_a_local_bilinear_model_in_the_bank_equals_transformers(mien, images, export_encoder, tmp_path):
    folder, model = random_folder(tmp_path / "my-clip")
    archive = export_encoder(folder, tmp_path / "my.pt")
    _, info = metadata_of(archive)
    assert info["resize"] == "bilinear" and info["mean"] == [0.3, 0.5, 0.6]
    found = embeddings(mien, images, archive, tmp_path / "bank")
    with torch.no_grad():
        expected = model(pixel_values=inputs(images, info)).image_embeds
        wrong = model(pixel_values=inputs(images, info | {"resize": "bicubic"})).image_embeds
    assert errors(found, expected).max() <= IN_BANK
    assert errors(found, wrong).max() > IN_BANK  # the test would notice the other filter


def test_efficientnet_in_the_bank_equals_the_eager_model(mien, images, export_encoder, tmp_path):
    archive = export_encoder("efficientnet-lite0", tmp_path / "efficientnet.pt")
    _, info = metadata_of(archive)
    found = embeddings(mien, images, archive, tmp_path / "bank")
    eager = efficientnet_lite.efficientnet_lite0().module.eval()
    with torch.no_grad():
        assert errors(found, eager(inputs(images, info))).max() <= IN_BANK


def test_an_archive_without_metadata_needs_all_three_flags(mien, images, tmp_path):
    bare = write_encoder(tmp_path / "bare.pt", Projection(20, 6), 20, 6)
    flags = {"--image-size": "20", "--mean": ".5,.4,.3", "--std": ".2,.25,.3"}
    bank = tmp_path / "bank"
    common = ("encode", "--images", images.parent, "--encoder", bare, "--bank", bank)
    refused(mien(*common), bare, "--image-size", "--mean", "--std")
    for left_out in flags:
        given = [word for flag, value in flags.items() if flag != left_out for word in (flag, value)]
        refused(mien(*common, *given), bare, "mien.json")
    assert not bank.exists()
    found = embeddings(mien, images, bare, bank, *[word for pair in flags.items() for word in pair])
    named = write_encoder(tmp_path / "named.pt", Projection(20, 6), 20, 6, extra={})
    np.testing.assert_array_equal(found, embeddings(mien, images, named, tmp_path / "other"))
    info = json.loads((bank / "bank.json").read_text())["encoder"]
    assert (info["image_size"], info["mean"], info["std"]) == (20, [0.5, 0.4, 0.3], [0.2, 0.25, 0.3])
    assert info["name"] == "bare" and info["embedding_dim"] == 6
