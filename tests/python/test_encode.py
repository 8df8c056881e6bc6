"""`mien encode` as contract.md tells it, through the binary: what is encoded, recorded, resumed and refused."""

import hashlib
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import Projection, read_safetensors, refused, result_json, tree, write_encoder
from test_preprocessing import torchvision_crop

SIZE, DIM = 16, 12
KEYS = {"videos", "frames", "failed", "skipped_videos", "seconds", "images_per_second",
        "encoder_images_per_second", "dtype", "device"}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    write_encoder(folder / "fast.pt", Projection(SIZE, DIM), SIZE, DIM, extra={})
    write_encoder(folder / "other.pt", Projection(SIZE, DIM, seed=1), SIZE, DIM, "another", extra={})
    write_encoder(folder / "slow.pt", Projection(SIZE, DIM, depth=10), SIZE, DIM, extra={})
    return folder


def jpeg(seed, kind="JPEG", mode="RGB"):
    rng = np.random.default_rng(seed)
    side = int(rng.integers(12, 40))
    pixels = rng.integers(0, 256, (side, side + 3, len(mode)), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels, mode).save(buffer, kind)
    return buffer.getvalue()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def make_videos(root, videos, frames=7):
    for v in range(videos):
        for frame in range(1, frames + 1):
            write(root / f"v{v}" / f"{frame:05d}.jpg", jpeg(1000 * v + frame))
    return root


@pytest.fixture
def encode(mien, encoders, tmp_path):
    """encode(*roots, bank=, encoder=, flags...) -> CompletedProcess"""

    def run(*roots, flags=(), bank=tmp_path / "bank", encoder="fast.pt"):
        images = [word for root in roots for word in ("--images", root)]
        return mien("encode", *images, "--encoder", encoders / encoder, "--bank", bank, "--json",
                    "--quiet", *([] if "--dtype" in flags else ["--dtype", "fp32"]), *flags)

    return run


def video(bank, name):
    arrays, metadata = read_safetensors(bank / f"{name}.safetensors")
    return arrays["frames"].tolist(), arrays["embeddings"], json.loads(metadata["failed"]), metadata


def expected_embedding(content):
    crop = torchvision_crop(Image.open(io.BytesIO(content)).convert("RGB"), SIZE, Image.Resampling.BICUBIC)
    mean, std = np.float32([0.5, 0.4, 0.3]), np.float32([0.2, 0.25, 0.3])
    x = torch.tensor(((crop.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1))[None]
    with torch.no_grad():
        return Projection(SIZE, DIM)(x)[0].numpy()


def test_the_summary_counts_what_was_written_failed_and_skipped(encode, tmp_path):
    root = make_videos(tmp_path / "root", 3)
    write(root / "v1" / "00003.jpg", jpeg(5)[:100])
    found = result_json(encode(root))
    assert set(found) == KEYS
    assert (found["videos"], found["frames"], found["failed"], found["skipped_videos"]) == (3, 20, 1, 0)
    assert found["dtype"] == "fp32" and found["device"] == "cpu"
    assert 0 < found["seconds"] < 30
    assert 20 <= round(found["images_per_second"] * found["seconds"], 3) <= 21
    assert found["encoder_images_per_second"] >= found["images_per_second"]
    (tmp_path / "bank" / "v0.safetensors").unlink()
    again = result_json(encode(root))
    assert (again["videos"], again["frames"], again["failed"], again["skipped_videos"]) == (1, 7, 0, 2)


def test_the_summary_for_people_says_when_the_encoder_waited_for_images(mien, encoders, tmp_path):
    rng = np.random.default_rng(0)
    for frame in range(24):  # large images for a fast encoder
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (600, 600, 3), np.uint8)).save(buffer, "JPEG")
        write(tmp_path / "root" / "v" / f"{frame}.jpg", buffer.getvalue())
    done = mien("encode", "--images", tmp_path / "root", "--encoder", encoders / "fast.pt", "--bank", tmp_path / "bank",
                "--batch-size", 4, "--quiet")
    assert done.returncode == 0, done.stderr
    line = r"^the encoder waited (\d+) % of the time for images: more --workers may help$"
    found = re.search(line, done.stdout, re.M)
    assert found and 5 < int(found[1]) <= 100, done.stdout


def test_bad_images_are_recorded_with_their_reasons_and_the_rest_is_encoded(encode, tmp_path):
    root, good = tmp_path / "root", jpeg(1)
    bad = {2: good[: len(good) // 2], 3: b"", 4: b"this is no picture\n", 5: jpeg(2, "PNG")[:-40]}
    for frame in range(1, 8):
        write(root / "a" / f"{frame:05d}.jpg", bad.get(frame, good))
    for frame in (1, 2):
        write(root / "hopeless" / f"{frame}.png", b"\x89PNG")
    assert result_json(encode(root))["failed"] == 6
    frames, rows, failed, _ = video(tmp_path / "bank", "a")
    assert frames == [1, 6, 7] and np.isfinite(rows).all()
    assert [entry["frame"] for entry in failed] == [2, 3, 4, 5]
    for entry in failed:
        assert set(entry) == {"frame", "path", "reason"} and entry["reason"]
        assert entry["path"].endswith(f"a/{entry['frame']:05d}.jpg")
    assert len({entry["reason"] for entry in failed[:3]}) == 3  # cut, empty and no picture are told apart
    for row in rows:
        np.testing.assert_allclose(row.astype(np.float32), expected_embedding(good), rtol=2e-3, atol=1e-3)
    frames, rows, failed, _ = video(tmp_path / "bank", "hopeless")
    assert frames == [] and rows.shape == (0, DIM) and len(failed) == 2


def test_a_huge_header_is_recorded_and_its_pixels_are_never_made(encode, tmp_path):
    root = tmp_path / "root"
    frame_header = b"\xff\xc0\x00\x11\x08" + (30_000).to_bytes(2, "big") * 2 + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    good = jpeg(1)
    start = good.index(b"\xff\xc0")
    length = int.from_bytes(good[start + 2:start + 4], "big") + 2
    write(root / "a" / "00001.jpg", good)
    write(root / "a" / "00002.jpg", good[:start] + frame_header + good[start + length:])
    assert result_json(encode(root))["failed"] == 1
    frames, _, failed, _ = video(tmp_path / "bank", "a")
    assert frames == [1] and "30000x30000" in failed[0]["reason"]


def test_every_takes_each_kth_of_the_sorted_list_and_is_recorded(encode, tmp_path):
    root = tmp_path / "root"
    for frame in (2, 3, 5, 8, 13, 21, 34, 55):
        write(root / "v" / f"{frame}.jpg", jpeg(frame))
    assert result_json(encode(root, flags=["--every", 3]))["frames"] == 3
    frames, _, _, metadata = video(tmp_path / "bank", "v")
    assert frames == [2, 8, 34] and metadata["every"] == "3"
    before = tree(tmp_path / "bank")
    refused(encode(root, flags=["--every", 2]), "--every", "2", "3")
    refused(encode(root), "--every", "1", "3")
    assert tree(tmp_path / "bank") == before
    assert result_json(encode(root, flags=["--every", 2, "--force"]))["frames"] == 4
    assert video(tmp_path / "bank", "v")[0] == [2, 5, 13, 34]


def test_the_videos_file_chooses_and_an_unknown_name_is_refused(encode, tmp_path):
    root = make_videos(tmp_path / "root", 3)
    (tmp_path / "names.txt").write_text("v2\r\n\nv0\n")
    assert result_json(encode(root, flags=["--videos", tmp_path / "names.txt"]))["videos"] == 2
    assert sorted(tree(tmp_path / "bank")) == ["bank.json", "v0.safetensors", "v2.safetensors"]
    (tmp_path / "names.txt").write_text("v2\nvv1\n")
    refused(encode(root, flags=["--videos", tmp_path / "names.txt"]), "vv1", "did you mean v1?")


def test_of_several_roots_the_first_that_has_a_video_wins(encode, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    write(first / "both" / "1.jpg", jpeg(1))
    write(second / "both" / "1.jpg", jpeg(2))
    write(second / "both" / "2.jpg", jpeg(2))
    write(second / "only" / "1.jpg", jpeg(3))
    assert result_json(encode(first, second))["videos"] == 2
    frames, rows, _, _ = video(tmp_path / "bank", "both")
    assert frames == [1]
    np.testing.assert_allclose(rows[0].astype(np.float32), expected_embedding(jpeg(1)), rtol=2e-3, atol=1e-3)
    sources = json.loads((tmp_path / "bank" / "bank.json").read_text())["sources"]
    assert sources == [str(first), str(second)]


def test_stray_files_are_ignored_and_suffixes_may_be_upper_case(encode, tmp_path):
    root = tmp_path / "root"
    for name in (".DS_Store", "._00001.jpg", "Thumbs.db", "notes.txt", "00009.gif", "00008.jpg.part"):
        write(root / "v" / name, b"stray")
        write(root / name, b"stray")
    for name in ("00001.JPG", "00002.Jpeg", "00003.pNg"):
        write(root / "v" / name, jpeg(1, "PNG" if "p" in name[-3:] else "JPEG"))
    found = result_json(encode(root))
    assert (found["frames"], found["failed"], found["videos"]) == (3, 0, 1)


def test_a_root_of_images_is_one_video_of_its_name(encode, tmp_path):
    for frame in (1, 2):
        write(tmp_path / "my-clip" / f"{frame}.png", jpeg(frame, "PNG", "RGBA"))
    assert result_json(encode(f"{tmp_path}/my-clip/"))["videos"] == 1
    frames, rows, _, _ = video(tmp_path / "bank", "my-clip")
    assert frames == [1, 2]  # and the transparency is dropped, not blended
    np.testing.assert_allclose(rows[0].astype(np.float32), expected_embedding(jpeg(1, "PNG", "RGBA")), rtol=2e-3,
                               atol=1e-3)


def test_names_without_numbers_are_numbered_in_byte_order_and_kept(encode, tmp_path):
    for i, name in enumerate(("b.jpg", "a.jpg", "Z.jpg", "c.jpg")):
        write(tmp_path / "root" / "v" / name, jpeg(i) if name != "b.jpg" else b"")
    assert result_json(encode(tmp_path / "root"))["frames"] == 3
    frames, _, failed, metadata = video(tmp_path / "bank", "v")
    assert frames == [1, 2, 4] and [f["frame"] for f in failed] == [3]
    names = json.loads(metadata["names"])
    listed = names if isinstance(names, list) else [names[str(frame)] for frame in frames]
    assert listed == ["Z.jpg", "a.jpg", "c.jpg"]


def test_a_second_image_of_one_number_and_too_large_numbers_fail(encode, tmp_path):
    folder = tmp_path / "root" / "v"
    for name in ("00001.jpg", "1.jpg", "face_001.png", f"{2**31 - 1}.jpg", f"{2**31}.jpg", f"{10**25}.jpg"):
        write(folder / name, jpeg(len(name), "PNG" if name.endswith("png") else "JPEG"))
    assert result_json(encode(tmp_path / "root"))["failed"] == 4
    frames, rows, failed, _ = video(tmp_path / "bank", "v")
    assert frames == [1, 2**31 - 1]
    np.testing.assert_allclose(rows[0].astype(np.float32), expected_embedding(jpeg(9)), rtol=2e-3, atol=1e-3)
    reasons = {entry["path"].rsplit("/", 1)[1]: entry["reason"] for entry in failed}
    assert reasons["1.jpg"] == reasons["face_001.png"] == "duplicate frame number"
    assert set(reasons) == {"1.jpg", "face_001.png", f"{2**31}.jpg", f"{10**25}.jpg"}


class LoudWhenBright(Projection):
    """Beyond what half precision holds for a bright image alone."""

    def forward(self, x):
        return super().forward(x) * (1 + 1e9 * (x.mean([1, 2, 3]) > 2)).unsqueeze(1)


def test_an_overflowing_embedding_is_a_failed_frame(mien, tmp_path):
    write_encoder(tmp_path / "loud.pt", LoudWhenBright(SIZE, DIM), SIZE, DIM, extra={})
    make_videos(tmp_path / "root", 1, frames=2)
    Image.new("RGB", (20, 20), "white").save(tmp_path / "root" / "v0" / "00003.png")
    found = result_json(mien("encode", "--images", tmp_path / "root", "--encoder", tmp_path / "loud.pt", "--bank",
                             tmp_path / "bank", "--json", "--quiet", "--dtype", "fp32"))
    assert (found["frames"], found["failed"]) == (2, 1)
    assert "finite" in video(tmp_path / "bank", "v0")[2][0]["reason"]


def test_bank_json_says_how_the_numbers_were_made(encode, encoders, tmp_path):
    root = make_videos(tmp_path / "root", 1, frames=2)
    assert encode(root, flags=["--batch-size", 5, "--threads", 1]).returncode == 0
    bank = json.loads((tmp_path / "bank" / "bank.json").read_text())
    assert (bank["format"], bank["version"], bank["dtype"], bank["embedding_dim"]) == ("mien-bank", 1, "F16", DIM)
    encoder = bank["encoder"]
    assert encoder["file_sha256"] == hashlib.sha256((encoders / "fast.pt").read_bytes()).hexdigest()
    assert (encoder["name"], encoder["image_size"], encoder["embedding_dim"]) == ("test-encoder", SIZE, DIM)
    assert (encoder["mean"], encoder["std"]) == ([0.5, 0.4, 0.3], [0.2, 0.25, 0.3])
    assert (encoder["resize"], encoder["weights_sha256"]) == ("bicubic", "ab" * 32)
    assert set(bank["compute"]) == {"dtype", "path", "batch_size", "threads"}
    assert (bank["compute"]["batch_size"], bank["compute"]["dtype"], bank["compute"]["threads"]) == (5, "fp32", 1)
