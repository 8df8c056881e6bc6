"""Crops, byte for byte, against Pillow and torchvision's Resize + CenterCrop (restated here)."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def torchvision_crop(image, size, resampling):
    width, height = image.size
    short, long = min(width, height), max(width, height)
    longer = int(size * long / short)
    width, height = (size, longer) if width <= height else (longer, size)
    image = image.resize((width, height), resampling)
    left, top = int(round((width - size) / 2.0)), int(round((height - size) / 2.0))
    return np.asarray(image.crop((left, top, left + size, top + size)))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, interlaced=False, extra=b""):
    """A PNG of samples [h, w, channels], 8 or 16 bits, that Pillow itself cannot write."""
    height, width, channels = samples.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    big_endian = samples.astype(samples.dtype.newbyteorder(">"))
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [big_endian[y::down, x::right] for x, y, right, down in passes]
    raw = b"".join(b"\0" + row.tobytes() for part in parts if part.shape[1] for row in part)
    header = struct.pack(">IIBBBBB", width, height, samples.itemsize * 8, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
            + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def with_app1(jpeg, payload):
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


def picture(generator, height, width, channels):
    """Noise on a smooth ground: both hide other mistakes."""
    ground = np.linspace(0, 200, width)[None, :, None] * np.linspace(0.2, 1, height)[:, None, None]
    noise = generator.integers(0, 256, (height, width, channels))
    return np.clip(ground + noise * generator.uniform(0, 0.9), 0, 255).astype(np.uint8)


def random_file(generator, height, width, mode):
    pixels = picture(generator, height, width, 4)
    colour = Image.fromarray(pixels[..., :3])
    quality = int(generator.integers(20, 100))
    jpeg = {"quality": quality, "subsampling": int(generator.integers(0, 3))}
    deep = generator.integers(0, 65536, (height, width, 4)).astype(np.uint16)
    exif = Image.Exif()
    exif[0x0112] = int(generator.integers(2, 9))
    makers = {
        "jpeg": lambda: encoded(colour, "JPEG", **jpeg),
        "jpeg-L": lambda: encoded(colour.convert("L"), "JPEG", quality=quality),
        "jpeg-progressive": lambda: encoded(colour, "JPEG", progressive=True, **jpeg),
        "jpeg-exif": lambda: encoded(colour, "JPEG", exif=exif, **jpeg),
        "jpeg-restart": lambda: encoded(colour, "JPEG", restart_marker_blocks=2, **jpeg),
        "RGB": lambda: encoded(colour, "PNG"),
        "RGBA": lambda: encoded(Image.fromarray(pixels), "PNG"),
        "L": lambda: encoded(colour.convert("L"), "PNG"),
        "LA": lambda: encoded(Image.fromarray(pixels).convert("LA"), "PNG"),
        "1": lambda: encoded(colour.convert("1"), "PNG"),
        "P": lambda: encoded(colour.quantize(int(generator.integers(2, 257))), "PNG"),
        "P+tRNS": lambda: encoded(colour.quantize(200), "PNG", transparency=bytes(range(200))),
        "RGB+tRNS": lambda: encoded(colour, "PNG", transparency=tuple(map(int, pixels[0, 0, :3]))),
        "RGB+gamma": lambda: png(pixels[..., :3], extra=chunk(b"gAMA", struct.pack(">I", 90000))),
        "RGB-interlaced": lambda: png(pixels[..., :3], interlaced=True),
        "L-interlaced": lambda: png(pixels[..., :1], interlaced=True),
        "RGB16": lambda: png(deep[..., :3]),
        "RGBA16": lambda: png(deep),
        "LA16": lambda: png(deep[..., :2]),
    }
    return makers[mode]()


MODES = ["jpeg", "jpeg-L", "jpeg-progressive", "jpeg-exif", "jpeg-restart", "RGB", "RGBA", "L",
         "LA", "1", "P", "P+tRNS", "RGB+tRNS", "RGB+gamma", "RGB-interlaced", "L-interlaced",
         "RGB16", "RGBA16", "LA16"]


def random_sizes(generator, count):
    fixed = [(1, 1), (1, 2), (2, 1), (1, 300), (300, 1), (112, 112), (224, 224), (224, 225),
             (225, 224), (224, 447), (223, 449), (1500, 2000), (2000, 1500), (1999, 1), (1, 2000)]
    for index in range(count):
        if index < len(fixed):
            yield fixed[index]
        else:
            limit = 700 if index % 40 == 0 else 260
            yield tuple(int(n) for n in generator.integers(1, limit, 2))


def crops(probe, paths, size, filter_name):
    tensors, metadata = probe(
        "crop", {"unused": np.zeros(1, np.uint8)}, paths=[str(p) for p in paths], size=size,
        filter=filter_name,
    )
    return tensors["crops"], json.loads(metadata["errors"])


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("size", [224, 37])
def test_crops_equal_pillow_and_torchvision(probe, tmp_path, filter_name, size):
    generator = np.random.default_rng([11, size, len(filter_name)])
    paths = []
    for index, (height, width) in enumerate(random_sizes(generator, 250)):
        mode = MODES[index % len(MODES)]
        paths.append(tmp_path / f"{index}-{mode}-{width}x{height}")
        paths[-1].write_bytes(random_file(generator, height, width, mode))
    found, errors = crops(probe, paths, size, filter_name)
    wrong = []
    for path, crop, error in zip(paths, found, errors):
        with Image.open(path) as image:
            expected = torchvision_crop(image.convert("RGB"), size, FILTERS[filter_name])
        if error is not None or not np.array_equal(crop, expected):
            difference = np.abs(crop.astype(int) - expected).max()
            wrong.append(f"{path.name}: {error or difference}")
    assert not wrong


@pytest.mark.parametrize("filter_name", FILTERS)
def test_resizing_to_any_size_equals_pillow(probe, filter_name):
    generator = np.random.default_rng(12)
    for _ in range(20):
        height, width, new_height, new_width = (int(n) for n in generator.integers(1, 150, 4))
        if generator.random() < 0.2:
            new_width = width
        pixels = generator.integers(0, 256, (height, width, 3)).astype(np.uint8)
        resized, _ = probe(
            "resize", {"pixels": pixels}, width=new_width, height=new_height, filter=filter_name
        )
        expected = Image.fromarray(pixels).resize((new_width, new_height), FILTERS[filter_name])
        assert np.array_equal(resized["pixels"], np.asarray(expected))


@pytest.mark.parametrize("options", [{"quality": 90}, {"quality": 60, "progressive": True}, {"quality": 30}])
def test_cmyk_jpegs_are_within_one_level_after_resizing(probe, tmp_path, options):
    generator = np.random.default_rng(13)
    paths = []
    for index in range(24):
        height, width = (int(n) for n in generator.integers(1, 200, 2))
        ink = picture(generator, height, width, 4)
        paths.append(tmp_path / f"{index}.jpg")
        paths[-1].write_bytes(encoded(Image.fromarray(ink, "CMYK"), "JPEG", **options))
    for size in (224, 37):
        found, errors = crops(probe, paths, size, "bicubic")
        for path, crop, error in zip(paths, found, errors):
            with Image.open(path) as image:
                expected = torchvision_crop(image.convert("RGB"), size, FILTERS["bicubic"])
            assert error is None
            assert np.abs(crop.astype(int) - expected).max() <= 1


def test_16_bit_grey_takes_the_high_byte(probe, tmp_path):
    generator = np.random.default_rng(14)
    deep = generator.integers(0, 65536, (50, 50, 1)).astype(np.uint16)
    path = tmp_path / "deep.png"
    path.write_bytes(png(deep))
    (found,), (error,) = crops(probe, [path], 50, "bicubic")
    assert error is None
    assert np.array_equal(found, np.repeat(deep >> 8, 3, axis=2))


def pillow_refuses(content):
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.convert("RGB")
        return False
    except Exception:
        return True


@pytest.mark.parametrize("mode", ["jpeg", "jpeg-progressive", "jpeg-restart", "jpeg-L", "RGB", "P"])
def test_files_cut_anywhere_are_refused_as_pillow_refuses_them(probe, tmp_path, mode):
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    generator = np.random.default_rng(15)
    whole = random_file(generator, 60, 70, mode)
    if mode == "jpeg":
        # An end of image inside a preview must not pass for the picture's own.
        whole = with_app1(whole, b"Exif\0\0" + random_file(generator, 20, 20, "jpeg"))
    lengths = sorted({int(n) for n in generator.integers(0, len(whole), 60)} | {
        0, 1, 2, 3, 4, 8, 20, len(whole) // 2, len(whole) - 2, len(whole) - 1})
    paths = []
    for length in lengths:
        paths.append(tmp_path / f"{length}.jpg")
        paths[-1].write_bytes(whole[:length])
    _, errors = crops(probe, paths, 32, "bicubic")
    assert [length for length, error in zip(lengths, errors) if error is None] == []
    # Pillow does not miss the end of a PNG whose pixels are there.
    needed = len(whole) - (32 if whole.startswith(b"\x89") else 0)
    assert all(pillow_refuses(whole[:length]) for length in lengths if length < needed)
    for length, error in zip(lengths, errors):
        assert error == ("truncated" if length else "empty file")


def test_reasons_say_what_is_wrong(probe, tmp_path):
    generator = np.random.default_rng(16)
    whole = random_file(generator, 30, 30, "RGB")
    huge = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0x10
    files = {
        "text.jpg": (b"not a picture at all\n", "not a JPEG or PNG image, nor WebP, BMP, TIFF, HEIC or AVIF"),
        "animated.png": (encoded(Image.new("RGB", (4, 4)), "GIF"), "a GIF image, which is not read"),
        "empty.jpg": (b"", "empty file"),
        "huge.png": (whole[:8] + chunk(b"IHDR", huge) + whole[33:],
                     "30000x30000 pixels, more than 178,956,970"),
        "damaged.png": (bytes(damaged), "damaged: wrong checksum"),
    }
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in files] + [tmp_path / "gone.jpg", tmp_path]
    _, errors = crops(probe, paths, 32, "bicubic")
    assert errors[: len(files)] == [reason for _, reason in files.values()]
    assert errors[-2:] == ["cannot be read (No such file or directory)", "not a file"]


def test_a_png_under_the_name_of_a_jpeg_is_read(probe, tmp_path):
    whole = random_file(np.random.default_rng(17), 20, 20, "RGB")
    (tmp_path / "picture.jpg").write_bytes(whole)
    (found,), (error,) = crops(probe, [tmp_path / "picture.jpg"], 20, "bilinear")
    assert error is None
    assert np.array_equal(found, np.asarray(Image.open(io.BytesIO(whole))))


def test_a_narrow_strip_costs_no_memory(probe, tmp_path):
    """Resized as a whole this picture would have 224 x 6,720,000 pixels."""
    pixels = picture(np.random.default_rng(18), 1, 30000, 3)
    (tmp_path / "strip.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    (found,), (error,) = crops(probe, [tmp_path / "strip.png"], 224, "bicubic")
    assert error is None
    assert found.min() < found.max()
