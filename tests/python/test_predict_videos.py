"""`mien predict --video` of many: one table, what cannot be used, overlays, interruption; scratch banks of the dead."""
import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from crop_helpers import clip, moving_faces
from helpers import Projection, refused, result_json, write_encoder
from mp4_edit import write_clip
from test_export import DIM, SIZE, data, train  # noqa: F401 (fixtures)
from test_predict import LAUNCHER

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
FRAMES = 6
ONE, TWO, NOBODY = "Gespräch 1 – früh.mp4", "two.mp4", "no face.mp4"


@pytest.fixture(scope="module")
def run(train):
    return train("run-videos")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A folder as people have it: two clips with faces, one without, a text, an empty file, half a video, notes."""
    folder = tmp_path_factory.mktemp("clips") / "my videos"
    folder.mkdir()
    frames = list(moving_faces(FRAMES))
    write_clip(folder / TWO, frames)
    write_clip(folder / ONE, [frame[225:] for frame in frames[:4]])
    write_clip(folder / NOBODY, [np.full((120, 160, 3), 90 + i, np.uint8) for i in range(3)])
    (folder / "text.mp4").write_text("dear diary\n")
    (folder / "empty.MOV").write_bytes(b"")
    (folder / "notes.txt").write_text("not a video, and not called one")
    (folder / "._two.mp4").write_bytes(b"of another system")
    motion = cv2.VideoWriter(str(folder / "half.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (160, 120))
    for i in range(20):
        motion.write(np.full((120, 160, 3), 5 * i, np.uint8))
    motion.release()
    whole = (folder / "half.avi").read_bytes()
    (folder / "half.avi").write_bytes(whole[:len(whole) // 2])
    return folder


@pytest.fixture(scope="module")
def command(run, data, mtcnn):
    """command(videos, flags...) -> arguments of mien, without --out"""
    def arguments(videos, *flags):
        return ["predict", run, "--video", *videos, "--encoder", data / "encoder.pt", "--detector-file", mtcnn, "--dtype",
                "fp32", "--min-face", 50, *flags]

    return arguments


@pytest.fixture
def predict(mien, command, tmp_path):
    """predict(videos, flags...) -> (result, the table as bytes)"""
    def call(videos, *flags):
        out = tmp_path / "rows.csv"
        result = result_json(mien(*command(videos, "--out", out, "--json", "--quiet", "--force", *flags)))
        return result, out.read_bytes()

    return call


def lines_of(table, video):
    return [line for line in table.splitlines() if line.startswith(video.encode() + b",")]


def names_of(table):
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    return list(dict.fromkeys(row["video"] for row in rows))


def test_rows_are_the_same_bytes_alone_and_among_others(predict, clips):
    order = [clips / TWO, clips / NOBODY, clips / ONE]
    result, table = predict(order, "--threads", 1)
    assert names_of(table) == ["two", "no face", "Gespräch 1 – früh"]  # as they were given
    assert (result["videos"], result["rows"], result["failed"]) == (3, FRAMES + 3 + 4, [])
    assert [(v["frames"], v["frames_with_face"], v["people"]) for v in result["per_video"]] == [
        (FRAMES, FRAMES, 2), (3, 0, 0), (4, 4, 1)]
    header = table.splitlines()[0]
    for path in order:
        alone = predict([path], "--threads", 3)[1].splitlines()
        assert alone[0] == header and alone[1:] == lines_of(table, path.stem) and len(alone) > 3
    other_way = predict(order[::-1], "--threads", 2)[1]
    assert names_of(other_way) == ["Gespräch 1 – früh", "no face", "two"]
    assert sorted(other_way.splitlines()) == sorted(table.splitlines())


def test_what_cannot_be_used_is_reported_and_the_others_go_on(mien, command, predict, clips, tmp_path):
    result, table = predict([clips])
    assert names_of(table) == ["Gespräch 1 – früh", "half", "no face", "two"]  # byte order, without hidden and other files
    reasons = {entry["video"]: entry["reason"] for entry in result["failed"]}
    assert reasons.keys() == {"empty", "text", "half"}
    assert reasons["empty"] == "an empty file" and reasons["text"] == "not a video that can be decoded"
    seen = len(lines_of(table, "half"))
    assert reasons["half"] == f"ends early: {seen} of 20 frames" and 0 < seen < 15
    assert lines_of(table, "two") == lines_of(predict([clips / TWO])[1], "two")
    assert result["videos_without_embeddings"] == ["half", "no face"]

    done = mien(*command([clips], "--out", tmp_path / "text.csv"))
    assert done.returncode == 0 and (tmp_path / "text.csv").read_bytes() == table
    (line,) = [line for line in done.stderr.splitlines() if "problem" in line]
    assert "3 of 6 videos have a problem" in line
    for fragment in ("empty.MOV (an empty file)", "text.mp4 (not a video that can be decoded)", "half.avi (ends early"):
        assert fragment in line
    for fragment in (f"{ONE}: a face in all of 4 frames\n", f"{NOBODY}: no face in 3 frames, the rows hold the training prior",
                     "two.mp4: a face in all of 6 frames; 2 people, the rows are of the one who takes the largest area",
                     "text.mp4: no rows, not a video that can be decoded", "rows of 4 videos in "):
        assert fragment in done.stdout, done.stdout


def test_a_face_in_some_frames_is_counted_in_words(mien, command, tmp_path):
    frames = list(moving_faces(3)) + [np.full((440, 640, 3), 127, np.uint8)]
    done = mien(*command([write_clip(tmp_path / "some.mp4", frames)], "--out", tmp_path / "rows.csv", "--quiet"))
    assert "some.mp4: a face in 3 of 4 frames (75.0 %)" in done.stdout, done.stdout


def test_a_video_called_like_a_second_person_keeps_its_name(predict, clips, tmp_path):
    for name, source in (("pair", TWO), ("pair_2", NOBODY)):
        shutil.copy(clips / source, tmp_path / f"{name}.mp4")
    for videos in (["pair", "pair_2"], ["pair_2", "pair"]):
        result, table = predict([tmp_path / f"{name}.mp4" for name in videos], "--everyone")
        assert set(names_of(table)) == {"pair", "pair_2", "pair_2_face"} and result["videos"] == 3
        assert len(lines_of(table, "pair_2")) == 3 and len(lines_of(table, "pair_2_face")) == FRAMES


def frames_of(path):
    video, count = cv2.VideoCapture(str(path)), 0
    while video.read()[0]:
        count += 1
    return count


def test_overlays_of_several_go_to_a_folder(predict, clips, tmp_path):
    plain = predict([clips])[1]
    assert predict([clips], "--overlay", tmp_path / "seen")[1] == plain
    seen = tmp_path / "seen"
    assert sorted(p.name for p in seen.iterdir()) == sorted([ONE, TWO, NOBODY, "half.mp4"])
    assert [frames_of(seen / name) for name in (TWO, ONE, NOBODY)] == [FRAMES, 4, 3]
    (tmp_path / "alone").mkdir()
    predict([clips / ONE], "--overlay", tmp_path / "alone")  # a folder that is there will do for one video, too
    assert [p.name for p in (tmp_path / "alone").iterdir()] == [ONE]
    assert (tmp_path / "alone" / ONE).read_bytes() == (seen / ONE).read_bytes()


def test_a_failed_overlay_loses_no_rows(mien, command, predict, clips, tmp_path):
    plain = predict([clips / TWO, clips / ONE])[1]
    seen = tmp_path / "seen"
    (seen / TWO).mkdir(parents=True)
    refused(mien(*command([clips / TWO, clips / ONE], "--out", tmp_path / "out.csv", "--overlay", seen)), TWO, "--force")
    assert not (tmp_path / "out.csv").exists()
    (seen / TWO).rmdir()
    good = command([clips / TWO, clips / ONE], "--out", tmp_path / "out.csv", "--overlay", "/proc/seen", "--quiet")
    done = mien(*good)  # where no folder can be made
    assert done.returncode == 2 and "--overlay = /proc/seen: cannot make this folder" in done.stderr
    assert (tmp_path / "out.csv").read_bytes() == plain


def test_what_does_not_fit_is_refused_before_anything_is_made(mien, command, clips, tmp_path):
    out = tmp_path / "out.csv"
    two = [clips / TWO, clips / ONE]

    def says(*fragments, videos=two, flags=()):
        refused(mien(*command(videos, "--out", out, *flags)), *fragments)
        assert not out.exists() and not (tmp_path / "seen").exists()

    says("--overlay", "a folder for the overlays of 2 videos", flags=("--overlay", tmp_path / "seen.mp4"))
    says("--overlay", "a folder for the overlays of 6 videos", videos=[clips], flags=("--overlay", tmp_path / "x.mp4"))
    (tmp_path / "file").write_text("mine")
    says("--overlay", "a folder for", flags=("--overlay", tmp_path / "file"))
    says("in a folder that exists", flags=("--overlay", tmp_path / "no" / "seen"))
    says("is one of the videos", flags=("--overlay", clips, "--force"))
    says("is one of the videos", videos=[clips / ONE], flags=("--overlay", clips / ONE, "--force"))
    (tmp_path / "again").mkdir()
    shutil.copy(clips / ONE, tmp_path / "again" / (ONE[:-4] + ".mov"))
    says("would be called Gespräch 1 – früh, as", "different names", videos=[*two, tmp_path / "again"])
    says("--video", "does not exist", "did you mean", videos=[clips / TWO, clips / "twö.mp4"])
    (tmp_path / "none").mkdir()
    says("none: holds no video file; expected .mp4", videos=[clips / TWO, tmp_path / "none"])
    says("text.mp4: not a video that can be decoded, nor can the others", videos=[clips / "text.mp4", clips / "empty.MOV"])
    says("empty.MOV: an empty file", videos=[clips / "empty.MOV"])
    swallowed = mien("predict", "--video", clips / TWO, tmp_path, "--encoder", "e", "--out", out)
    refused(swallowed, "RUN", "before --video")
    assert (clips / ONE).stat().st_size > 1000


def wait_for(process, something):
    while not something():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_half_written_has_the_final_name(mien_binary, command, clips, tmp_path, how):
    long = write_clip(tmp_path / "long.mp4", list(moving_faces(8)) * 30)
    out, seen = tmp_path / "rows.csv", tmp_path / "seen"
    arguments = command([clips / TWO, long], "--out", out, "--overlay", seen, "--threads", 1)
    process = subprocess.Popen([mien_binary, *map(str, arguments)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_for(process, lambda: (seen / TWO).exists())  # the first is drawn, the second under way
    process.send_signal(how)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert not out.exists() and [p.name for p in seen.iterdir()] == [TWO]
    if how == signal.SIGINT:
        assert "interrupted: predictions are kept only when they are complete" in error
        assert sorted(p.name for p in tmp_path.iterdir()) == ["long.mp4", "seen"]


def test_the_progress_names_the_file_and_ends_at_all_frames(mien_binary, command, clips, tmp_path):
    arguments = [mien_binary, *map(str, command([clips / TWO, clips / "text.mp4", clips / "half.avi", clips / ONE], "--out",
                                                tmp_path / "rows.csv"))]
    terminal, other = os.openpty()
    process = subprocess.Popen(arguments, stderr=other, stdout=subprocess.DEVNULL)
    os.close(other)
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # the other end is closed
        pass
    assert process.wait() == 0
    bars = re.findall(r"predicting \[.*?\] (\d+)/(\d+) frames .*?(\d) of 4: (.*?)(?=[\r\x1b\n])", shown.decode())
    assert bars and bars[0][2:] in (("1", TWO), ("3", "half.avi"))
    assert int(bars[0][1]) == FRAMES + 20 + 4  # as the headers promise
    assert bars[-1][2:] == ("4", ONE)
    seen = len(lines_of((tmp_path / "rows.csv").read_bytes(), "half"))
    assert (int(bars[-1][0]), int(bars[-1][1])) == (FRAMES + seen + 4,) * 2  # what there was


def peak(binary, *arguments):
    """MiB that the process held at most."""
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, binary, *map(str, arguments)], capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_memory_does_not_grow_with_the_number_of_videos(mien_binary, command, tmp_path):
    big = write_clip(tmp_path / "0.mp4", [np.full((720, 1280, 3), 9 * i, np.uint8) for i in range(4)])
    for i in range(1, 40):
        os.link(big, tmp_path / f"{i}.mp4")
    sizes = [peak(mien_binary, *command(videos, "--out", tmp_path / f"{len(videos)}.csv", "--threads", 1, "--quiet"))
             for videos in ([big, tmp_path / "1.mp4"], [tmp_path / f"{i}.mp4" for i in range(40)])]
    assert sizes[1] < sizes[0] + 24, sizes  # a decoder of this size holds some 20 MiB


# -- scratch banks ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow(mien, data, train, tmp_path_factory):
    """predict --images with an encoder that takes its time: the arguments without --out"""
    folder = tmp_path_factory.mktemp("slow")
    encoder = write_encoder(folder / "slow.pt", Projection(SIZE, DIM, depth=60), SIZE, DIM, extra={})
    result_json(mien("encode", "--images", data / "images", "--encoder", encoder, "--bank", folder / "bank", "--dtype",
                     "fp32", "--json", "--quiet"))
    run = train("run-slow", bank=folder / "bank")
    return ["predict", run, "--images", data / "images", "--encoder", encoder, "--dtype", "fp32", "--batch-size", 1,
            "--threads", 1, "--quiet"]


def banks_in(folder):
    return [path for path in folder.iterdir() if path.name.startswith(".mien-banks.")]


def make_old(folder, seconds):
    then = time.time() - seconds
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then))


def test_banks_of_a_killed_process_go_with_the_next_command(mien, mien_binary, slow, tmp_path):
    def start(name):
        process = subprocess.Popen([mien_binary, *map(str, slow), "--out", tmp_path / name], stderr=subprocess.PIPE, text=True)
        before = set(banks_in(tmp_path))
        wait_for(process, lambda: any(path.rglob("*") for path in set(banks_in(tmp_path)) - before))
        process.send_signal(signal.SIGSTOP)
        (made,) = set(banks_in(tmp_path)) - before
        return process, made

    def predict():
        result_json(mien(*slow, "--out", tmp_path / "rows.csv", "--json", "--force"))

    killed, dead = start("killed.csv")
    killed.kill()
    killed.wait()
    alive, held = start("alive.csv")
    try:
        make_old(held, 7200)
        predict()
        assert set(banks_in(tmp_path)) == {dead, held}  # it died just now; its process lives
        make_old(dead, 7200)
        predict()
        assert set(banks_in(tmp_path)) == {held}
    finally:
        alive.kill()
        alive.wait()
    assert not (tmp_path / "alive.csv").exists()
    predict()
    assert banks_in(tmp_path) == []
