"""mien crop: what cannot be used, what was there before, and wrong input."""
import shutil
import signal
import subprocess
import time

import pytest
from PIL import Image

from crop_helpers import CLIP, clip, moving_faces, table, visible
from helpers import refused, result_json, tree
from mp4_edit import blank_pictures, write_clip


def test_what_cannot_be_used_is_recorded_and_the_rest_is_done(crop, tmp_path):
    (tmp_path / "notes.mp4").write_text("not a video at all\n")
    (tmp_path / "cut.mp4").write_bytes(clip(CLIP).read_bytes()[:400_000])
    frames = tmp_path / "frames"
    frames.mkdir()
    shutil.copy(clip("single_face.jpg"), frames / "00001.jpg")
    (frames / "00002.jpg").write_bytes(clip("single_face.jpg").read_bytes()[:5000])
    result = result_json(crop(tmp_path / "out", "--every", 50, "--min-face", 40, "--video", tmp_path / "notes.mp4",
                              tmp_path / "cut.mp4", "--images", frames))
    assert result["failed"] == [{"video": "notes", "reason": "not a video that can be decoded"},
                                {"video": "cut", "reason": "ends early: 108 of 472 frames"}]
    assert result["frames_failed"] == 0  # --every skips the second image
    result = result_json(crop(tmp_path / "all", "--min-face", 40, "--images", frames))
    assert result["frames_failed"] == 1
    rows = table(tmp_path / "all")
    assert [row["reason"] for row in rows] == ["", "truncated"] and rows[1]["frame"] == "2"
    rows = table(tmp_path / "out")
    assert [row["reason"] for row in rows if row["video"] == "notes"] == ["not a video that can be decoded"]
    assert [row["frame"] for row in rows if row["video"] == "cut"] == ["1", "51", "101", ""]


def test_a_second_run_skips_what_is_finished_and_adds_the_new(crop, tmp_path):
    out = tmp_path / "out"
    arguments = ["--every", 40, "--min-face", 60]
    result_json(crop(out, *arguments, "--video", clip("single_face.mp4")))
    before = visible(out)
    result = result_json(crop(out, *arguments, "--video", clip("single_face.mp4"), clip("face_noface.mov")))
    assert (result["videos"], result["skipped_videos"]) == (1, 1)
    after = visible(out)
    assert {name: after[name] for name in before if name != "faces.csv"} == {
        name: digest for name, digest in before.items() if name != "faces.csv"}
    assert {row["video"] for row in table(out)} == {"single_face", "face_noface"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_job_that_was_stopped_goes_on_where_it_was(crop, mien_binary, mtcnn, tmp_path, how):
    arguments = ["--every", "8", "--threads", "1", "--video", clip("single_face.mp4"), clip(CLIP)]
    result_json(crop(tmp_path / "whole", *arguments))
    out = tmp_path / "stopped"
    process = subprocess.Popen([mien_binary, "crop", "--quiet", "--detector-file", mtcnn, "--out", out, *arguments],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not (out / ".crop" / "done" / "single_face").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(how)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert not (out / CLIP.split(".")[0]).exists() and (out / "single_face").is_dir()
    if how == signal.SIGINT:
        assert "finished videos are kept" in error
        assert {row["video"] for row in table(out)} == {"single_face"}
    result = result_json(crop(out, *arguments))
    assert (result["videos"], result["skipped_videos"]) == (1, 1)
    assert tree(out) == tree(tmp_path / "whole")


def test_force_replaces_and_leaves_nothing_old(crop, tmp_path):
    out = tmp_path / "out"
    photo = tmp_path / "people.jpg"
    shutil.copy(clip("multi_face.jpg"), photo)
    result_json(crop(out, "--min-face", 60, "--images", photo))
    assert (out / "people_5").is_dir()
    shutil.copy(clip("single_face.jpg"), photo)
    assert result_json(crop(out, "--min-face", 60, "--images", photo))["skipped_videos"] == 1
    result_json(crop(out, "--min-face", 60, "--images", photo, "--force"))
    assert not (out / "people_5").exists() and len(table(out)) == 1


def test_a_video_that_is_called_like_a_second_person_keeps_its_folder(crop, tmp_path):
    for name, source in (("people", "multi_face.jpg"), ("people_2", "single_face.jpg")):
        shutil.copy(clip(source), tmp_path / f"{name}.jpg")
    out = tmp_path / "out"
    result_json(crop(out, "--min-face", 60, "--images", tmp_path / "people.jpg", tmp_path / "people_2.jpg"))
    by_video = {}
    for row in table(out):
        by_video.setdefault(row["video"], []).append(row["crop"].split("/")[0])
    assert by_video["people_2"] == ["people_2"] and by_video["people"][1] == "people_2_face"


def test_a_move_that_was_cut_short_is_completed(crop, tmp_path):
    out = tmp_path / "out"
    arguments = ["--min-face", 60, "--images", clip("multi_face.jpg")]
    result_json(crop(out, *arguments))
    whole = visible(out)
    ready = out / ".crop" / "ready" / "multi_face"
    (out / ".crop" / "done" / "multi_face").rename(ready)
    (ready / "crops").mkdir()
    for number in (3, 4):  # two folders were not moved yet
        (out / f"multi_face_{number}").rename(ready / "crops" / f"multi_face_{number}")
    assert result_json(crop(out, *arguments))["videos"] == 1  # looked through again, as it was not done when asked
    assert visible(out) == whole


@pytest.mark.parametrize("arguments, fragments", [
    ([], ["--video = (nothing): expected video files, or --images"]),
    (["--video", "CLIP"], ["--out = (nothing)"]),
    (["--video", "missing.mp4", "--out", "o"], ["--video = missing.mp4: does not exist"]),
    (["--video", "NOTES", "--out", "o"], ["--video", "notes.txt: not a video that can be decoded"]),
    (["--images", "NOTES", "--out", "o"], ["--images", "not a JPEG or PNG image"]),
    (["--video", ".", "--out", "o"], ["--video = .: holds no video file; expected .mp4"]),
    (["--video", "CLIP", "OTHER", "--out", "o"], ["would be called single_face, as", "expected different names"]),
    (["--video", "CLIP", "--out", "o", "--detector", "retina"], ["--detector = retina: expected auto, mtcnn"]),
    (["--video", "CLIP", "--out", "o", "--detector", "mtcn"], ["did you mean mtcnn?"]),
    (["--video", "CLIP", "--out", "o", "--detector", "mtcnn"], ["--detector-file = (nothing)", "export_detector.py"]),
    (["--video", "CLIP", "--out", "o", "--detector", "yunet"], ["--detector-file = (nothing)", "YuNet"]),
    (["--video", "CLIP", "--out", "o", "--detector-file", "NOTES"], ["--detector-file", "notes.txt: expected"]),
    (["--video", "CLIP", "--out", "o", "--detector-file", "."], ["this is a folder"]),
    (["--video", "CLIP", "--out", "o", "--detector", "haar", "--detector-file", "NOTES"], ["expected a Haar cascade"]),
    (["--video", "CLIP", "--out", "o", "--detector", "yunet", "--detector-file", "NOTES"], ["expected a YuNet file"]),
    (["--video", "CLIP", "--out", "o", "--detector", "mtcnn", "--detector-file", "NOTES"], ["TorchScript archive"]),
    (["--video", "CLIP", "--out", "o", "--size", "8"], ["--size = 8: expected 16 to 1024"]),
    (["--video", "CLIP", "--out", "o", "--every", "0"], ["--every = 0"]),
    (["--video", "CLIP", "--out", "o", "--jobs", "0"], ["--jobs = 0"]),
    (["--video", "CLIP", "--out", "o", "--min-face", "5"], ["--min-face = 5: expected 12 to"]),
    (["--video", "CLIP", "--out", "o", "--confidence", "2"], ["--confidence = 2: expected 0 to 1"]),
    (["--video", "CLIP", "--out", "o", "--quality", "101"], ["--quality = 101"]),
    (["--video", "CLIP", "--out", "o", "--memory", "-1"], ["--memory = -1"]),
    (["--video", "CLIP", "--out", "NOTES"], ["notes.txt"]),
])
def test_bad_input(mien, tmp_path, monkeypatch, arguments, fragments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing\n")
    (tmp_path / "other").mkdir()
    shutil.copy(clip("single_face.mp4"), tmp_path / "other")
    names = {"CLIP": clip("single_face.mp4"), "NOTES": tmp_path / "notes.txt",
             "OTHER": tmp_path / "other" / "single_face.mp4"}
    refused(mien("crop", "--quiet", *[names.get(word, word) for word in arguments]), *fragments)
    assert not (tmp_path / "o").exists()


def test_other_settings_in_the_same_folder_are_refused(crop, tmp_path):
    photo = ["--min-face", 80, "--images", clip("single_face.jpg")]
    result_json(crop(tmp_path / "out", *photo))
    refused(crop(tmp_path / "out", *photo, "--size", 96), "size 112, now 96")
    assert result_json(crop(tmp_path / "out", *photo, "--size", 96, "--force"))["crops"] == 1


def test_crops_of_other_settings_do_not_count_as_finished(crop, tmp_path):
    photos = []
    for name in ("one", "two"):
        photos.append(tmp_path / f"{name}.jpg")
        shutil.copy(clip("single_face.jpg"), photos[-1])
    out = tmp_path / "out"
    result_json(crop(out, "--min-face", 80, "--images", *photos))
    result_json(crop(out, "--min-face", 80, "--size", 64, "--images", photos[0], "--force"))
    result = result_json(crop(out, "--min-face", 80, "--size", 64, "--images", *photos))
    assert (result["videos"], result["skipped_videos"]) == (1, 1)
    for crop_file in sorted(out.glob("*/*.jpg")):
        assert Image.open(crop_file).size == (64, 64), crop_file


def test_a_folder_that_is_not_ours_is_left_alone(crop, tmp_path):
    theirs = tmp_path / "out" / "single_face" / "precious.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("precious")
    refused(crop(tmp_path / "out", "--min-face", 80, "--images", clip("single_face.jpg")), "exists already")
    assert theirs.read_text() == "precious" and visible(tmp_path / "out").keys() == {"single_face/precious.txt"}


def test_a_video_without_a_frame_is_no_finished_one(crop, tmp_path):
    dead, good = tmp_path / "dead.mp4", tmp_path / "good.mp4"
    frames = list(moving_faces(3))
    for file in (dead, good):
        write_clip(file, frames)
    blank_pictures(dead)
    refused(crop(tmp_path / "out", "--min-face", 80, "--quiet", "--video", dead), "dead.mp4", "no frame can be decoded")
    assert [row["reason"] for row in table(tmp_path / "out")] == ["no frame can be decoded"]
    for skipped in (0, 1):  # a second call tries the dead one again
        result = result_json(crop(tmp_path / "out", "--min-face", 80, "--video", dead, good))
        assert result["failed"] == [{"video": "dead", "reason": "no frame can be decoded"}]
        assert (result["videos"], result["skipped_videos"]) == (1 - skipped, skipped)
    assert {row["video"] for row in table(tmp_path / "out")} == {"dead", "good"}
