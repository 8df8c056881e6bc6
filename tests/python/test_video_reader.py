"""Videos of many containers, codecs and kinds: frames, stamps, sizes and colours as ffmpeg has them."""

import json
import subprocess

import numpy as np
import pytest

MICROSECOND = 1e-6
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
KEPT = ["-c", "copy"]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def source(size="96x64", rate=25, seconds=1, filters=""):
    """Lavfi input of a moving picture with every colour."""
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}{',' + filters if filters else ''}"]


def encoded(path, *options, **kind):
    ffmpeg(*source(**kind), *(options or X264), path)
    return path


# name -> function of (folder) that makes the file
CASES = {}


def case(name, suffix, *options, **kind):
    CASES[name] = lambda folder: encoded(folder / f"clip.{suffix}", *options, **kind)


# Containers and codecs
for suffix in ("mp4", "mov", "mkv", "avi", "ts", "flv", "m4v"):
    case(f"h264 in {suffix}", suffix)
for suffix in ("mp4", "mkv", "ts"):
    case(f"hevc in {suffix}", suffix, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
for suffix in ("webm", "mkv"):
    case(f"vp8 in {suffix}", suffix, "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M")
    case(f"vp9 in {suffix}", suffix, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-b:v", "1M")
for suffix in ("mp4", "webm", "mkv"):
    case(f"av1 in {suffix}", suffix, "-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", seconds=.4)
for suffix in ("avi", "mov", "mkv"):
    case(f"mjpeg in {suffix}", suffix, "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")
for suffix in ("mp4", "avi", "mkv"):
    case(f"mpeg4 in {suffix}", suffix, "-c:v", "mpeg4", "-q:v", "3")
case("mpeg4 with B-frames in mp4", "mp4", "-c:v", "mpeg4", "-bf", "2", "-q:v", "3")
for suffix in ("mpg", "ts"):
    case(f"mpeg2 in {suffix}", suffix, "-c:v", "mpeg2video", "-q:v", "3")
case("gif", "gif", "-c:v", "gif", seconds=.4, rate=10, filters="format=rgb8")
case("prores in mov", "mov", "-c:v", "prores_ks", "-profile:v", "0")
case("ffv1 in mkv", "mkv", "-c:v", "ffv1")
case("raw in avi", "avi", "-c:v", "rawvideo", "-pix_fmt", "yuv420p")
case("png in mov", "mov", "-c:v", "png")
# Rates, B-frames
for rate in ("24000/1001", "30000/1001", "60", "12.5"):
    case(f"rate {rate}", "mp4", rate=rate)
case("B-frames in mp4", "mp4", *X264[:2], "-preset", "medium", "-bf", "3", "-pix_fmt", "yuv420p")
case("B-frames in mkv", "mkv", *X264[:2], "-preset", "medium", "-bf", "3", "-pix_fmt", "yuv420p")
# Pixel formats, ranges, colour descriptions
for pixels in ("yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le", "gray", "yuvj420p"):
    case(f"h264 of {pixels}", "mp4", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", pixels)
case("rgb in mkv", "mkv", "-c:v", "ffv1", "-pix_fmt", "bgr0")
case("alpha in mov", "mov", "-c:v", "png", "-pix_fmt", "rgba")
case("12 bit", "mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p12le")
for matrix in ("bt709", "smpte170m", "bt470bg", "bt2020nc", "fcc", "smpte240m"):
    case(f"colours of {matrix}", "mp4", *X264, "-colorspace", matrix, filters=f"scale=out_color_matrix={'bt709' if matrix == 'bt709' else 'smpte170m'}")
for limits in ("pc", "tv"):
    case(f"range {limits}", "mp4", *X264, "-color_range", limits, "-colorspace", "bt709")
case("odd size", "mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", size="97x63")
case("narrow", "mp4", size="16x240")
# Pixel shapes
for shape in ("64/45", "16/15", "8/9", "10/11", "2/1"):
    case(f"pixels of {shape}", "mp4", filters=f"setsar={shape}", size="72x58")
case("pixels of 16/15 in mkv", "mkv", filters="setsar=16/15", size="72x58")
case("interlaced", "ts", "-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-q:v", "3")


def made(name):
    def keep(function):
        CASES[name] = function
        return function

    return keep


for angle in (90, 180, 270):
    def turned(folder, angle=angle):
        plain = encoded(folder / "plain.mp4")
        ffmpeg("-i", plain, *KEPT, "-metadata:s:v", f"rotate={angle}", folder / "clip.mp4")
        return folder / "clip.mp4"

    CASES[f"turned by {angle}"] = turned


def set_matrix(path, values):
    """The display matrix in tkhd replaced; nine numbers of 16.16 (the last column 2.30)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    matrix = at + (52 if data[at] == 1 else 40)
    fixed = [round(v * (1 << (30 if i % 3 == 2 else 16))) for i, v in enumerate(values)]
    data[matrix:matrix + 36] = b"".join(int(v).to_bytes(4, "big", signed=True) for v in fixed)
    path.write_bytes(data)
    return path


for name, (a, b, c, d) in {"mirrored left to right": (-1, 0, 0, 1), "mirrored top to bottom": (1, 0, 0, -1),
                           "transposed": (0, 1, 1, 0), "turned and mirrored": (0, -1, -1, 0)}.items():
    def mirrored(folder, m=(a, b, 0, c, d, 0, 0, 0, 1)):
        return set_matrix(encoded(folder / "clip.mp4"), m)

    CASES[name] = mirrored


@made("variable rate")
def _(folder):
    return encoded(folder / "clip.mkv", *X264, "-fps_mode", "vfr",
                   filters="select='not(mod(n\\,3))+lt(n\\,8)'")


@made("a start at 7 s in mkv")
def _(folder):
    return encoded(folder / "clip.mkv", *X264, "-output_ts_offset", "7")


@made("a start at 7 s in ts")
def _(folder):
    return encoded(folder / "clip.ts", *X264, "-output_ts_offset", "7")


@made("sound that starts before the picture")
def _(folder):
    ffmpeg("-itsoffset", "0.3", *source(), "-f", "lavfi", "-i", "sine=d=1.3", "-map", "0", "-map", "1", *X264, "-c:a",
           "aac", folder / "clip.mkv")
    return folder / "clip.mkv"


@made("a part copied out of an mp4")
def _(folder):
    long = encoded(folder / "long.mp4", *X264, "-g", "40", "-bf", "2", seconds=3)
    ffmpeg("-ss", "1.3", "-t", "1", "-i", long, *KEPT, folder / "clip.mp4")
    return folder / "clip.mp4"


@made("a gap in ts")
def _(folder):
    one = encoded(folder / "one.ts", *X264, seconds=.4)
    two = encoded(folder / "two.ts", *X264, "-output_ts_offset", "2", seconds=.4)
    (folder / "clip.ts").write_bytes(one.read_bytes() + two.read_bytes())
    return folder / "clip.ts"


@made("a larger second stream")
def _(folder):
    ffmpeg(*source("64x48"), *source("128x96"), "-map", "0", "-map", "1", *X264, folder / "clip.mkv")
    return folder / "clip.mkv"


@made("fragmented mp4")
def _(folder):
    return encoded(folder / "clip.mp4", *X264, "-movflags", "+frag_keyframe+empty_moov", "-g", "5")


@made("one frame")
def _(folder):
    return encoded(folder / "clip.mp4", *X264, "-frames:v", "1")


def stream_of(path):
    """The largest stream that is no cover: its index among the video streams, and what ffprobe says of it."""
    said = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_streams", "-show_format", "-of", "json", str(path)],
        check=True, capture_output=True, text=True).stdout)
    films = [(s["width"] * s["height"], -i, s) for i, s in enumerate(said["streams"])
             if not s["disposition"]["attached_pic"]]
    area, index, stream = max(films, key=lambda film: film[:2])
    return -index, stream, said["format"]


def probed_frames(path, index):
    said = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", f"v:{index}", "-show_frames", "-show_entries",
         "frame=best_effort_timestamp_time,width,height", "-of", "json", str(path)],
        check=True, capture_output=True, text=True).stdout
    return json.loads(said)["frames"]


def shown_pixels(path, index, matrix=None):
    """Frames as ffmpeg shows them: upright, with square pixels, RGB."""
    scale = "scale=iw*sar:ih" + (f":in_color_matrix={matrix}" if matrix else "")
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-map", f"0:v:{index}", "-fps_mode", "passthrough",
         "-vf", f"{scale},setsar=1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
        check=True, capture_output=True).stdout


def decode(probe, path, **options):
    arrays, said = probe("decode_video", {"nothing": np.zeros(1, np.float32)}, video=str(path), **options)
    return arrays, said, json.loads(said["problems"])


def test_there_are_enough_cases():
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_frames_stamps_sizes_and_colours_are_ffmpegs(probe, tmp_path, name):
    path = CASES[name](tmp_path)
    index, stream, form = stream_of(path)
    arrays, said, problems = decode(probe, path, pixels=True)
    expected = probed_frames(path, index)
    assert arrays["numbers"].tolist() == list(range(1, len(expected) + 1))
    start = float(form.get("start_time", 0))
    stamps = [float(frame["best_effort_timestamp_time"]) - start for frame in expected]
    np.testing.assert_allclose(arrays["seconds"], stamps, atol=MICROSECOND)
    assert said["problem"] == "" and set(problems) == {""}

    shown = np.frombuffer(shown_pixels(path, index), np.uint8)
    width, height = arrays["sizes"][0]
    assert (arrays["sizes"] == [width, height]).all()
    assert shown.size == len(expected) * width * height * 3, "sizes after orientation and pixel shape"
    own = arrays["pixels"].astype(float).reshape(len(expected), -1)
    assert np.abs(own - shown.reshape(own.shape)).mean() < 1


def test_colours_that_a_file_does_not_tell_go_by_its_height(probe, tmp_path):
    for size, matrix in (("96x64", "smpte170m"), ("64x720", "bt709")):
        path = encoded(tmp_path / f"{matrix}.mp4", *X264, size=size, seconds=.2)
        own = decode(probe, path, pixels=True)[0]["pixels"].astype(float)
        assert np.abs(own - np.frombuffer(shown_pixels(path, 0, matrix), np.uint8)).mean() < 1


def test_the_number_of_threads_changes_nothing(probe, tmp_path):
    path = encoded(tmp_path / "clip.mp4", *X264[:2], "-bf", "3", "-pix_fmt", "yuv420p")
    one, two = (decode(probe, path, pixels=True, threads=threads)[0] for threads in (1, 4))
    for key in one:
        assert (one[key] == two[key]).all()


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_every_frame_has_its_own_size(probe, tmp_path, codec):
    parts = [encoded(tmp_path / f"{i}.webm", "-c:v", codec, "-deadline", "realtime", "-b:v", "1M", size=size, seconds=.4)
             for i, size in enumerate(("128x96", "64x48", "160x120", "128x96"))]
    (tmp_path / "list.txt").write_text("".join(f"file '{part}'\n" for part in parts))
    path = tmp_path / "clip.webm"
    ffmpeg("-f", "concat", "-safe", "0", "-i", tmp_path / "list.txt", *KEPT, path)
    arrays, said, _ = decode(probe, path, pixels=True)
    sizes = [[128, 96]] * 10 + [[64, 48]] * 10 + [[160, 120]] * 10 + [[128, 96]] * 10
    assert arrays["sizes"].tolist() == sizes and said["problem"] == ""
    own = np.split(arrays["pixels"].astype(float), np.cumsum([w * h * 3 for w, h in sizes])[:-1])
    for i, part in enumerate(parts):
        shown = np.frombuffer(shown_pixels(part, 0), np.uint8)
        assert np.abs(np.concatenate(own[10 * i:10 * i + 10]) - shown).mean() < 1


def test_a_cover_picture_is_no_film(probe, tmp_path):
    ffmpeg(*source("640x480"), "-frames:v", "1", tmp_path / "cover.png")
    film = encoded(tmp_path / "film.mp4")
    path = tmp_path / "clip.mp4"
    ffmpeg("-i", tmp_path / "cover.png", "-i", film, "-map", "0", "-map", "1", "-c", "copy", "-c:v:0", "png",
           "-disposition:v:0", "attached_pic", path)
    arrays, _, _ = decode(probe, path)
    assert arrays["sizes"].tolist() == [[96, 64]] * 25


# Damage

def long_clip(path, *options):
    return encoded(path, *X264, "-g", "12", *options, size="320x240", seconds=4)


@pytest.mark.parametrize("suffix,options", [("mp4", ["-movflags", "+faststart"]), ("mov", ["-movflags", "+faststart"]),
                                            ("mkv", []), ("webm", None), ("avi", []), ("flv", [])])
@pytest.mark.parametrize("share", [.5, .92])
def test_a_cut_file_is_told(probe, tmp_path, suffix, options, share):
    path = tmp_path / f"clip.{suffix}"
    if options is None:
        encoded(path, "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M", size="320x240", seconds=4)
    else:
        long_clip(path, *options)
    whole = len(decode(probe, path)[0]["numbers"])
    assert decode(probe, path)[1]["problem"] == ""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    arrays, said, _ = decode(probe, path)
    assert whole * share * .6 < len(arrays["numbers"]) < whole
    assert "ends early" in said["problem"]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_damage_in_the_middle_costs_what_it_costs_ffmpeg(probe, tmp_path, suffix):
    path = long_clip(tmp_path / f"clip.{suffix}")
    whole = len(decode(probe, path)[0]["numbers"])
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(3)
    begin, end = int(len(data) * .45), int(len(data) * .55)
    data[begin:end] = random.integers(0, 256, end - begin, dtype=np.uint8).tobytes()
    path.write_bytes(data)
    done = subprocess.run(["ffmpeg", "-v", "quiet", "-nostdin", "-i", str(path), "-map", "0:v:0", "-fps_mode",
                           "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], capture_output=True)
    shown = len(done.stdout) // (320 * 240 * 3)
    arrays, said, problems = decode(probe, path)
    assert sum(problem == "" for problem in problems) >= shown, "as many as ffmpeg decodes"
    assert said["problem"] != ""
    if suffix == "mp4":  # the index knows of every frame
        assert len(arrays["numbers"]) == whole


@pytest.mark.parametrize("content", [b"", b"no video\n", b"\0" * 5000])
def test_what_is_no_video_is_refused(mien, tmp_path, content):
    (tmp_path / "clip.mp4").write_bytes(content)
    done = mien("crop", "--video", tmp_path / "clip.mp4", "--out", tmp_path / "out")
    assert done.returncode == 2 and "clip.mp4" in done.stderr
