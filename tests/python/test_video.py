"""Decoding of videos: every frame once, its own time stamp, upright, and what is said of damage."""
import shutil
import subprocess

import numpy as np
import pytest

import media
from mp4_edit import set_durations, set_quarter_turn, write_clip


def stairs(count, width=64, height=48):
    """Frames whose grey tells their number; the left half is red, so that a turn shows."""
    frames = []
    for number in range(count):
        frame = np.full((height, width, 3), 20 + 8 * number, np.uint8)
        frame[:, : width // 2, 0] = 255
        frames.append(frame)
    return frames


def decode(probe, path, every=1):
    arrays, said = probe("decode_video", {"nothing": np.zeros(1, np.float32)}, video=str(path), every=every)
    return arrays, said


@pytest.mark.parametrize("name", ["WolfgangLanger_Pexels.mp4", "no_face.mp4", "face_noface.mov"])
def test_real_clips_give_the_frames_that_ffmpeg_shows(probe, name):
    path = media.folder() / name
    arrays, said = decode(probe, path)
    width, height = arrays["sizes"][0]
    shown = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
                            "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], check=True, capture_output=True).stdout
    means = np.frombuffer(shown, np.uint8).reshape(-1, width * height, 3).mean(1)
    assert arrays["numbers"].tolist() == list(range(1, len(means) + 1))
    np.testing.assert_allclose(arrays["means"], means, atol=.5)
    assert (np.diff(arrays["seconds"]) > 0).all() and arrays["seconds"][0] >= 0
    assert said["problem"] == ""


def test_a_constant_rate_gives_even_times(probe, tmp_path):
    arrays, said = decode(probe, write_clip(tmp_path / "even.mp4", stairs(20), rate=25))
    np.testing.assert_allclose(arrays["seconds"], np.arange(20) / 25, atol=2e-3)
    np.testing.assert_allclose(arrays["means"][:, 1], 20 + 8 * np.arange(20), atol=4)
    assert said["expected"] == "20"


def test_a_variable_rate_gives_the_files_own_times(probe, tmp_path):
    path = write_clip(tmp_path / "variable.mp4", stairs(12))
    durations = np.random.default_rng(1).choice([0.04, 0.08, 0.2], 12)
    durations[-2:] = durations[-3]  # the decoder gives no stamp for the last frames of some files
    set_durations(path, durations)
    arrays, _ = decode(probe, path)
    np.testing.assert_allclose(arrays["seconds"], np.concatenate([[0], np.cumsum(durations)[:-1]]), atol=2e-3)


@pytest.mark.parametrize("every, numbers", [(1, range(1, 11)), (3, [1, 4, 7, 10]), (10, [1]), (99, [1])])
def test_every_kth_frame_keeps_its_number_and_time(probe, tmp_path, every, numbers):
    arrays, said = decode(probe, write_clip(tmp_path / "clip.mp4", stairs(10)), every)
    assert arrays["numbers"].tolist() == list(numbers) and said["expected"] == str(len(numbers))
    np.testing.assert_allclose(arrays["seconds"], (np.array(list(numbers)) - 1) / 25, atol=2e-3)


def test_a_phones_rotation_is_undone(probe, tmp_path):
    path = write_clip(tmp_path / "turned.mp4", stairs(4, width=64, height=48))
    set_quarter_turn(path)
    arrays, _ = decode(probe, path)
    assert arrays["sizes"].tolist() == [[48, 64]] * 4
    first, last = arrays["reds"].T  # what was left is on top
    assert (first > 200).all() and (last < 80).all()


def test_a_cut_file_gives_what_is_there_and_says_so(probe, tmp_path):
    whole = (media.folder() / "WolfgangLanger_Pexels.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 4])
    arrays, said = decode(probe, path)
    assert 50 < len(arrays["numbers"]) < 300
    assert said["problem"] == f"ends early: {len(arrays['numbers'])} of 472 frames"


def test_a_name_that_looks_like_a_protocol_is_a_file(probe, tmp_path, monkeypatch):
    source = write_clip(tmp_path / "clip.mp4", stairs(3))
    shutil.copy(source, tmp_path / "http:clip.mp4")
    monkeypatch.chdir(tmp_path)
    arrays, _ = decode(probe, "http:clip.mp4")
    assert len(arrays["numbers"]) == 3
