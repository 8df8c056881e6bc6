"""How a bank computes: the paths of one encoder agree, a bank keeps to its own, and dtypes are what they say."""

import json
import shutil

import numpy as np
import pytest

from helpers import read_safetensors, refused, result_json, tree
from test_encoder_parity import IN_BANK, embeddings, errors, images, inputs, metadata_of, transformers_model  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


@pytest.fixture(scope="module")
def archives(export_encoder, tmp_path_factory):
    """The tiny CLIP, and a convolutional network."""
    from encoder_layouts import write_convolutional

    folder = tmp_path_factory.mktemp("compute")
    return {"clip": export_encoder("random:clip-tiny:9", folder / "tiny.pt"),
            "convolutional": write_convolutional(folder / "conv.pt", 3).path}


@pytest.fixture(scope="module")
def measured(mien, archives):
    """{encoder: result of --benchmark --json}"""
    return {name: result_json(mien("encode", "--benchmark", "--encoder", archive, "--json", "--quiet"))
            for name, archive in archives.items()}


def test_the_benchmark_tells_of_every_path_and_chooses_a_sound_one(mien, archives, measured):
    expected = {"clip": {"torchscript-frozen", "clip-vit-blas", "clip-vit-blas-rounded"},
                "convolutional": {"torchscript-frozen", "torchscript-frozen-channels-last", "torchscript-optimized",
                                  "torchscript-optimized-channels-last"}}
    preferred = result_json(mien("doctor", "--json"))["dtype"]
    for name, found in measured.items():
        assert expected[name] <= {rate["path"] for rate in found["rates"]}
        for rate in found["rates"]:
            assert (rate["images_per_second"] > 0) == (rate["problem"] == "")
            assert rate["problem"] or rate["dtype"] != "fp32" or rate["difference"] <= 1e-5
        chosen = found["chosen"]
        assert chosen["problem"] == "" and chosen["dtype"] in (preferred, "fp32")
        rates = [r for r in found["rates"] if r["dtype"] == chosen["dtype"] and not r["problem"]]
        at_default = [r["images_per_second"] for r in rates if r["batch_size"] == 16]
        assert chosen["images_per_second"] == max(at_default)
        assert found["fastest"]["images_per_second"] == max(r["images_per_second"] for r in rates)
    table = mien("encode", "--benchmark", "--encoder", archives["clip"]).stdout
    assert "would choose: " in table and "clip-vit-blas fp32" in table


@pytest.mark.parametrize("name", ["clip", "convolutional"])
def test_a_bank_keeps_to_its_path_and_every_path_gives_the_embeddings(mien, images, archives, measured,  # noqa: F811
                                                                      tmp_path, name):
    first = tmp_path / "first"
    plain = embeddings(mien, images, archives[name], first)
    info = json.loads((first / "bank.json").read_text())
    paths = {r["path"] for r in measured[name]["rates"] if r["dtype"] == "fp32" and not r["problem"]}
    assert len(paths) >= 2
    for path in sorted(paths):
        bank = tmp_path / path
        bank.mkdir()
        info["compute"]["path"] = path
        (bank / "bank.json").write_text(json.dumps(info))
        found = embeddings(mien, images, archives[name], bank)
        assert json.loads((bank / "bank.json").read_text())["compute"]["path"] == path
        assert np.linalg.norm(found - plain, axis=1).max() <= IN_BANK * np.linalg.norm(plain, axis=1).min()
        whole = tree(bank)
        (bank / "video.safetensors").unlink()
        embeddings(mien, images, archives[name], bank)
        assert tree(bank) == whole


def test_bf16_is_near_and_is_not_fp32(mien, images, archives, tmp_path):  # noqa: F811
    module, info = metadata_of(archives["clip"])
    expected = transformers_model(module.state_dict(), 2, 48)(pixel_values=inputs(images, info)).image_embeds
    expected = expected.detach().double().numpy()
    found = embeddings(mien, images, archives["clip"], tmp_path / "bank", "--dtype", "bf16")
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((found * expected).sum(1) / norms).min() >= 0.9995  # numerics.md, Encoder
    exact = embeddings(mien, images, archives["clip"], tmp_path / "exact")
    assert not np.array_equal(found, exact)
    assert json.loads((tmp_path / "bank" / "bank.json").read_text())["compute"]["dtype"] == "bf16"


def test_a_path_that_the_encoder_lacks_is_refused_and_nothing_changes(mien, images, archives, tmp_path):  # noqa: F811
    bank = tmp_path / "bank"
    embeddings(mien, images, archives["convolutional"], bank)
    info = json.loads((bank / "bank.json").read_text())
    info["compute"]["path"] = "clip-vit-blas"
    (bank / "bank.json").write_text(json.dumps(info))
    (bank / "video.safetensors").unlink()
    before = tree(bank)
    refused(mien("encode", "--images", images.parent, "--encoder", archives["convolutional"], "--bank", bank, "--quiet"),
            "clip-vit-blas", "fp32", "--bank")
    assert tree(bank) == before
    shutil.rmtree(bank)


@pytest.mark.parametrize("dtype, fragments", [("fp16", ["fp32, bf16"]), ("float32", ["fp32"]), ("bf61", ["bf16"])])
def test_a_dtype_that_the_processor_lacks_is_refused(mien, images, archives, tmp_path, dtype, fragments):  # noqa: F811
    refused(mien("encode", "--images", images.parent, "--encoder", archives["clip"], "--bank", tmp_path / "bank",
                 "--device", "cpu", "--dtype", dtype), f"--dtype = {dtype}", *fragments)
    assert not (tmp_path / "bank").exists()


def test_an_encoder_that_only_looks_like_clip_is_run_as_it_is(mien, images, tmp_path):  # noqa: F811
    from encoder_layouts import write_openclip

    archive = write_openclip(tmp_path / "scaled.pt", 4, layer_scale=True)
    done = mien("encode", "--images", images.parent, "--encoder", archive.path, "--bank", tmp_path / "bank",
                "--dtype", "fp32")
    assert done.returncode == 0 and "looks like a CLIP vision transformer" in done.stderr
    arrays, _ = read_safetensors(tmp_path / "bank" / "video.safetensors")
    assert errors(arrays["embeddings"].astype(np.float64), archive.reference(inputs(images, archive.preprocessing))
                  ).max() <= IN_BANK
