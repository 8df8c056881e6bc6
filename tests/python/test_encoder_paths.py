"""`mien encode` on archives in other people's layouts: whichever way one is run, the bank holds what the model computes.

The references are eager models in float32; the tests at the end show that the archives are what they stand for, and
that a wrong activation or number of heads could not pass.
"""

import functools
import json
import re

import pytest
import torch

from encoder_layouts import (CLIP_MEAN, CLIP_STD, EMBEDDING_DIM, LayerScale, QuickGELU, openai_model, openclip_model,
                             transformers_model, write_convolutional, write_nameless, write_openai, write_openclip,
                             write_post_norm_vit, write_transformers)
from helpers import refused, result_json
from test_encoder_parity import IN_BANK, embeddings, errors, images, inputs  # noqa: F401 (images is a fixture)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
VISIBLE = 1e-2  # how far a wrong model must be from the right one, five times what is let pass
LAYOUTS = {
    "openai": write_openai,
    "openclip": write_openclip,
    "openclip-quick-gelu-prefixed": functools.partial(
        write_openclip, prefix=True, activation=QuickGELU, grad=True),
    "openclip-prefixed": functools.partial(write_openclip, prefix=True),
    "openclip-quick-gelu": functools.partial(write_openclip, activation=QuickGELU),
    "openclip-layer-scale": functools.partial(write_openclip, layer_scale=True),
    "openclip-average-pooled": functools.partial(write_openclip, pool="average", grad=True),
    "transformers": write_transformers,
    "transformers-gelu": functools.partial(write_transformers, activation="gelu"),
    "nameless": write_nameless,
    "post-norm-vit": write_post_norm_vit,
    "convolutional": write_convolutional,
}


NO_CLIP = ("openclip-layer-scale", "openclip-average-pooled", "post-norm-vit", "convolutional")
RUNNABLE = [name for name in LAYOUTS if name != "openai"]  # by LibTorch as they are, without a GPU


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """archives(name): the Archive of LAYOUTS, written once."""
    folder = tmp_path_factory.mktemp("archives")
    return functools.cache(lambda name: LAYOUTS[name](folder / f"{name}.pt", 11))


@pytest.fixture(params=LAYOUTS)
def archive(request, archives):
    return archives(request.param)


@pytest.fixture(scope="module")
def openai(tmp_path_factory):
    return write_openai(tmp_path_factory.mktemp("archive") / "ViT-tiny.pt", 11)


@pytest.mark.parametrize("flags", [(), ("--batch-size", "7", "--threads", "1")])
def test_the_bank_equals_the_eager_model(mien, images, archive, tmp_path, flags):  # noqa: F811
    found = embeddings(mien, images, archive.path, tmp_path / "bank", *flags)
    expected = archive.reference(inputs(images, archive.preprocessing))
    assert found.shape == expected.shape
    assert errors(found, expected).max() <= IN_BANK


def accepted_paths(mien, images, archive, bank):  # noqa: F811
    """The names in the log's line `images/s by path: torchscript-frozen 12.3, ...`: what was tried and agreed."""
    done = mien("encode", "--images", images.parent, "--encoder", archive.path, "--bank", bank, "--dtype", "fp32",
                "--verbose")
    assert done.returncode == 0, done.stderr
    listed = re.search(r"images/s by path: (.+)", done.stderr)
    assert listed, done.stderr
    return [entry.split()[0] for entry in listed[1].split(", ")]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_mien_computes_what_is_a_clip_tower_itself_and_nothing_else(mien, images, archives, tmp_path,  # noqa: F811
                                                                    layout):
    paths = accepted_paths(mien, images, archives(layout), tmp_path / "bank")
    if layout in NO_CLIP:
        assert "torchscript-frozen" in paths and not any(path.startswith("clip-vit-") for path in paths)
    else:
        assert "clip-vit-blas" in paths


def test_inspect_calls_it_a_valid_encoder(mien, archive):
    facts = result_json(mien("inspect", archive.path, "--json", "--verify"))
    assert (facts["kind"], facts["valid"], facts["problems"]) == ("encoder", True, [])
    for key in ("image_size", "mean", "std", "resize"):
        assert facts[key] == archive.preprocessing[key]


def test_openai_s_file_says_itself_what_mien_json_would(mien, images, openai, tmp_path):  # noqa: F811
    embeddings(mien, images, openai.path, tmp_path / "bank")
    recorded = json.loads((tmp_path / "bank" / "bank.json").read_text())["encoder"]
    inspected = result_json(mien("inspect", openai.path, "--json"))
    for facts in (recorded, inspected):
        assert (facts["image_size"], facts["embedding_dim"], facts["resize"]) == (48, EMBEDDING_DIM, "bicubic")
        assert (facts["mean"], facts["std"], facts["name"]) == (CLIP_MEAN, CLIP_STD, "ViT-tiny")


def test_an_image_size_that_openai_s_file_cannot_take_is_refused(mien, images, openai, tmp_path):  # noqa: F811
    refused(mien("encode", "--images", images.parent, "--encoder", openai.path, "--bank", tmp_path / "bank",
                 "--image-size", "64"), openai.path, "64")
    assert not (tmp_path / "bank").exists()


# ----------------------------------------------------------------------------- the archives are what they stand for


def largest_error(found, expected):
    return ((found - expected).norm(dim=1) / expected.norm(dim=1)).max().item()


@torch.no_grad()
def test_wrong_activations_and_head_counts_would_be_visible(images):  # noqa: F811
    preprocessing = {"mean": CLIP_MEAN, "std": CLIP_STD, "resize": "bicubic"}
    cases = [
        (48, lambda **changes: openai_model(11, **changes).visual,
         [{"activation": torch.nn.GELU}, {"heads": 1}, {"heads": 4}]),
        (32, functools.partial(openclip_model, 11), [{"activation": QuickGELU}, {"heads": 1}, {"heads": 4}]),
        (40, lambda **changes: lambda x: transformers_model(11, **changes)(pixel_values=x).image_embeds,
         [{"activation": "gelu"}, {"heads": 1}, {"heads": 4}]),
    ]
    for size, make, mistakes in cases:
        pixels = inputs(images, preprocessing | {"image_size": size})
        right = make()(pixels)
        for mistake in mistakes:
            assert largest_error(make(**mistake)(pixels), right) > VISIBLE, (size, mistake)


@torch.no_grad()
def test_the_openai_archive_is_halves_on_cuda_and_fails_as_it_is(openai):
    loaded = torch.jit.load(str(openai.path), map_location="cpu")
    if not torch.cuda.is_available():
        for attempt in (lambda: torch.jit.load(str(openai.path)),
                        lambda: loaded.encode_image(torch.zeros(1, 3, 48, 48))):
            with pytest.raises((RuntimeError, NotImplementedError), match="(?i)cuda"):
                attempt()
    assert 'torch.device("cuda:0")' in loaded.visual.code and 'torch.device("cpu")' not in loaded.visual.code
    state = loaded.state_dict()
    assert state["visual.transformer.resblocks.2.attn.in_proj_weight"].dtype == torch.float16
    assert state["visual.proj"].dtype == torch.float16 and state["visual.ln_pre.weight"].dtype == torch.float32
    assert loaded.input_resolution.item() == 48 and "transformer.resblocks.0.ln_1.weight" in state


@pytest.mark.parametrize("layout", RUNNABLE)  # of the OpenAI one the test above says why not
@torch.no_grad()
def test_every_other_archive_reproduces_its_reference(archives, layout):
    archive = archives(layout)
    pixels = torch.randn(3, 3, archive.image_size, archive.image_size, generator=torch.Generator().manual_seed(1))
    loaded = torch.jit.load(str(archive.path))
    assert largest_error(loaded(pixels), archive.reference(pixels)) <= 1e-5
    assert (not list(loaded.parameters())) == (archive.info["name"] == "frozen")


def test_layer_scale_is_not_one():
    scales = [module.gamma for module in openclip_model(11, layer_scale=True).modules()
              if isinstance(module, LayerScale)]
    assert len(scales) == 6 and all((scale - 1).abs().max() > 0.1 for scale in scales)
