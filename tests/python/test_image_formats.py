"""Images beside JPEG and PNG: what is read equals Pillow's pixels, stored and upright; what is cut is failed; what is not
read is counted and named, and a bank is not complete beside it."""

import io
import json

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from helpers import result_json
from test_encode import encoders  # noqa: F401
from test_preprocessing import encoded, picture

pillow_heif.register_heif_opener()
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # torch.jit, Pillow's modes
              pytest.mark.filterwarnings("ignore:Palette images")]
SIZE = (83, 61)
ORIENTATION = 0x0112


def decode(probe, paths, upright=False):
    """([pixels or None], [reason or None])"""
    tensors, metadata = probe("decode", {"unused": np.zeros(1, np.uint8)}, paths=[str(p) for p in paths], upright=upright)
    return [tensors.get(str(i)) for i in range(len(paths))], json.loads(metadata["errors"])


def as_pillow(path, upright=False):
    with Image.open(path) as image:
        return np.asarray((ImageOps.exif_transpose(image) if upright else image).convert("RGB"))


@pytest.fixture(scope="module")
def images():
    """By mode; noise, and "smooth" for codecs that may differ by how they blur colours."""
    pixels = picture(np.random.default_rng(3), SIZE[1], SIZE[0], 4)
    x, y = np.meshgrid(np.linspace(0, 255, SIZE[0]), np.linspace(0, 255, SIZE[1]))
    rgb, rgba = Image.fromarray(pixels[..., :3]), Image.fromarray(pixels)
    return {"RGB": rgb, "RGBA": rgba, "L": rgb.convert("L"), "LA": rgba.convert("LA"), "1": rgb.convert("1"),
            "P": rgb.quantize(200), "CMYK": Image.fromarray(pixels, "CMYK"),
            "smooth": Image.fromarray(np.stack([x, y, np.full_like(x, 90)], -1).astype(np.uint8))}


TIFF = [(mode, "TIFF", {"compression": packed}) for mode in ("RGB", "RGBA", "L", "P", "1")
        for packed in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits")]
EXACT = [("RGB", "WEBP", {"quality": 80}), ("RGB", "WEBP", {"lossless": True}), ("RGBA", "WEBP", {"lossless": True}),
         ("RGBA", "WEBP", {"quality": 70}), ("L", "WEBP", {"quality": 50}), *[(mode, "BMP", {}) for mode in ("RGB", "RGBA", "L", "P", "1")],
         *TIFF, ("RGB", "TIFF", {"compression": "jpeg"}), ("1", "TIFF", {"compression": "group4"})]
NEAR = [("CMYK", "TIFF", {}, 1), ("smooth", "AVIF", {"quality": 95, "subsampling": "4:4:4"}, 2),
        ("RGBA", "AVIF", {"quality": 95, "subsampling": "4:4:4"}, 2), ("smooth", "AVIF", {}, 5),
        ("smooth", "HEIF", {"quality": 95, "chroma": 444}, 2), ("RGBA", "HEIF", {"quality": -1}, 2),
        ("smooth", "HEIF", {"quality": 90}, 3)]


def test_pixels_are_pillows(probe, images, tmp_path):
    cases = [(*case, 0) for case in EXACT] + NEAR
    paths = []
    for index, (mode, kind, options, _) in enumerate(cases):
        paths.append(tmp_path / f"{index}.{kind.lower()}")
        paths[-1].write_bytes(encoded(images[mode], kind, **options))
    for upright in (False, True):
        found, errors = decode(probe, paths, upright)
        for path, pixels, error, (mode, kind, options, tolerance) in zip(paths, found, errors, cases):
            assert error is None, (mode, kind, options, error)
            expected = as_pillow(path)
            assert pixels.shape == expected.shape, (mode, kind, options)
            assert np.abs(pixels.astype(int) - expected).max() <= tolerance, (mode, kind, options)


def test_deep_tiffs_take_the_high_byte(probe, tmp_path):
    deep = np.random.default_rng(4).integers(0, 65536, (20, 30)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    (found,), (error,) = decode(probe, [tmp_path / "deep.tif"])
    assert error is None and np.array_equal(found, np.repeat((deep >> 8)[..., None], 3, 2))


@pytest.mark.parametrize("kind, mode, options", [
    ("JPEG", "RGB", {"quality": 95}), ("JPEG", "CMYK", {"quality": 95}), ("PNG", "RGB", {}), ("PNG", "P", {}),
    ("WEBP", "RGB", {"lossless": True}), ("WEBP", "RGBA", {"quality": 90}), ("TIFF", "RGB", {}), ("TIFF", "L", {"compression": "tiff_lzw"}),
    ("AVIF", "smooth", {"quality": 95, "subsampling": "4:4:4"}), ("HEIF", "smooth", {"quality": 95, "chroma": 444})])
def test_a_photo_is_turned_as_its_exif_says_where_that_is_asked_for(probe, images, tmp_path, kind, mode, options):
    paths = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        paths.append(tmp_path / f"{orientation}.img")
        paths[-1].write_bytes(encoded(images[mode], kind, exif=exif, **options))
    tolerance = 2 if kind in ("AVIF", "HEIF") or mode == "CMYK" else 0
    for upright in (False, True):
        found, errors = decode(probe, paths, upright)
        assert errors == [None] * 8
        for path, pixels in zip(paths, found):
            expected = as_pillow(path, upright)
            assert pixels.shape == expected.shape, (path.name, upright)
            assert np.abs(pixels.astype(int) - expected).max() <= tolerance, (path.name, upright)
    if kind != "HEIF":  # pillow_heif writes none of it
        assert {pixels.shape[:2] for pixels in found} == {SIZE, SIZE[::-1]}  # upright, some lie and some stand


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\x01",
                                  b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0", b"nothing of the kind"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_damaged_exif_is_no_fault_of_the_picture(probe, images, tmp_path, kind, exif):
    (tmp_path / "photo").write_bytes(encoded(images["RGB"], kind, exif=exif or b"\0", **({"lossless": True} if kind == "WEBP" else {})))
    (found,), (error,) = decode(probe, [tmp_path / "photo"], upright=True)
    assert error is None and np.array_equal(found, np.asarray(images["RGB"]))


CUT = {"webp": ("RGB", "WEBP", {"quality": 80}), "lossless webp": ("RGBA", "WEBP", {"lossless": True}), "bmp": ("RGB", "BMP", {}),
       "palette bmp": ("P", "BMP", {}), "tiff": ("RGB", "TIFF", {}), "packed tiff": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
       "deflated tiff": ("L", "TIFF", {"compression": "tiff_adobe_deflate"}), "avif": ("smooth", "AVIF", {}),
       "heic": ("smooth", "HEIF", {}), "cmyk jpeg": ("CMYK", "JPEG", {})}


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_is_cut_anywhere_is_failed(probe, images, tmp_path, name):
    mode, kind, options = CUT[name]
    whole = encoded(images[mode], kind, **options)
    generator = np.random.default_rng(15)
    lengths = sorted({int(n) for n in generator.integers(0, len(whole), 40)} | {0, 1, 3, 11, 30, len(whole) // 2, len(whole) - 2})
    paths = []
    for length in [*lengths, len(whole)]:
        paths.append(tmp_path / str(length))
        paths[-1].write_bytes(whole[:length])
    _, errors = decode(probe, paths)
    assert errors.pop() is None
    assert [length for length, error in zip(lengths, errors) if error is None] == []
    assert {error for length, error in zip(lengths, errors) if length > 300} == {"truncated"}
    refused = 0
    for length in lengths:
        try:
            Image.open(io.BytesIO(whole[:length])).convert("RGB")
        except Exception:
            refused += 1
    assert refused >= len(lengths) - 2  # Pillow does not miss the padding at an end


def test_what_is_inside_counts_and_not_the_suffix(probe, images, tmp_path):
    kinds = ["WEBP", "BMP", "TIFF", "AVIF", "HEIF"]
    for kind in kinds:
        (tmp_path / f"{kind}.jpg").write_bytes(encoded(images["smooth"], kind))
    (tmp_path / "gif.jpg").write_bytes(encoded(images["P"], "GIF"))
    _, errors = decode(probe, [tmp_path / f"{kind}.jpg" for kind in kinds] + [tmp_path / "gif.jpg"])
    assert errors == [None] * len(kinds) + ["a GIF image, which is not read"]


def fill(folder, images, kinds):
    folder.mkdir(parents=True)
    for number, (kind, suffix) in enumerate(kinds, 1):
        (folder / f"{number:05d}{suffix}").write_bytes(encoded(images["smooth"], kind))


READ = [("JPEG", ".jpg"), ("WEBP", ".webp"), ("BMP", ".BMP"), ("TIFF", ".tif"), ("TIFF", ".TIFF"), ("AVIF", ".avif"),
        ("HEIF", ".heic"), ("HEIF", ".HEIF"), ("PNG", ".png"), ("JPEG", ".jfif")]


def encode(mien, encoders, root, bank, *flags):  # noqa: F811
    return mien("encode", "--images", root, "--encoder", encoders / "fast.pt", "--bank", bank, "--json", *flags)


def test_every_format_that_is_read_is_encoded(mien, encoders, images, tmp_path):  # noqa: F811
    fill(tmp_path / "root" / "v", images, READ)
    done = encode(mien, encoders, tmp_path / "root", tmp_path / "bank")
    result = result_json(done)
    assert (result["frames"], result["failed"], result.get("unread_images", 0)) == (len(READ), 0, 0)
    assert "not encoded" not in done.stderr
    assert result_json(mien("inspect", tmp_path / "bank", "--verify", "--json"))["complete"] is True


def test_what_is_not_read_is_counted_and_named_once(mien, encoders, images, tmp_path):  # noqa: F811
    root = tmp_path / "root"
    for video in ("a", "b"):
        fill(root / video, images, [("JPEG", ".jpg"), ("GIF", ".gif"), ("GIF", ".GIF"), ("JPEG", ".jpg")])
    fill(root / "only", images, [("GIF", ".gif")])
    (root / "b" / "00007.jp2").write_bytes(b"\0\0\0\x0cjP  \r\n\x87\n")
    done = encode(mien, encoders, root, tmp_path / "bank")
    result = result_json(done)
    assert (result["videos"], result["frames"], result["failed"], result["unread_images"]) == (2, 4, 0, 6)
    (line,) = [line for line in done.stderr.splitlines() if "not read" in line]
    assert "6 images of formats that are not read (.gif 5, .jp2 1), the first is " in line and str(root / "a" / "00002.gif") in line
    verified = mien("inspect", tmp_path / "bank", "--verify", "--json")
    facts = json.loads(verified.stdout)
    assert verified.returncode == 2 and facts["complete"] is False and facts["valid"] is False
    assert facts["unread_images"] == 6 and facts["images_without_embedding"] == 0
    (tmp_path / "names").write_text("a\n")
    part = json.loads(mien("inspect", tmp_path / "bank", "--verify", "--videos", tmp_path / "names", "--json").stdout)
    assert part["unread_images"] == 2
    for path in [*root.rglob("*.gif"), *root.rglob("*.GIF"), *root.rglob("*.jp2")]:
        path.unlink()
    assert result_json(mien("inspect", tmp_path / "bank", "--verify", "--json"))["complete"] is True


def test_a_root_of_nothing_that_is_read_says_so(mien, encoders, images, tmp_path):  # noqa: F811
    fill(tmp_path / "root" / "v", images, [("GIF", ".gif")])
    done = encode(mien, encoders, tmp_path / "root", tmp_path / "bank")
    assert done.returncode == 2 and "1 image of formats that are not read (.gif 1)" in done.stderr


@pytest.mark.parametrize("name", CUT)
def test_a_damaged_file_is_an_image_or_a_reason_and_never_a_crash(probe, images, tmp_path, name):
    mode, kind, options = CUT[name]
    whole = encoded(images[mode], kind, **options)
    generator = np.random.default_rng(16)
    paths = []
    for index in range(120):
        damaged = bytearray(whole)
        reach = len(whole) if index % 2 else min(len(whole), 120)  # headers are where the numbers are
        for place in generator.integers(0, reach, int(generator.integers(1, 5))):
            damaged[place] = int(generator.integers(0, 256))
        paths.append(tmp_path / str(index))
        paths[-1].write_bytes(damaged)
    for upright in (False, True):
        found, errors = decode(probe, paths, upright)
        assert all((pixels is None) == (error is not None) for pixels, error in zip(found, errors))
        assert all(len(error) < 80 for error in errors if error)
