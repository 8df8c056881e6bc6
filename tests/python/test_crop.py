"""mien crop: videos and photos of real faces -> Aff-Wild2's layout, ids that stay, and a row for every frame."""
import os
import subprocess
from collections import Counter

import cv2
import numpy as np
import pytest

import facenet
from crop_helpers import BOX, CLIP, MARKS, clip, decoded, moving_faces, table, visible
from helpers import result_json
from mp4_edit import set_quarter_turn, write_clip


@pytest.fixture(scope="module")
def cropped(crop, tmp_path_factory):
    """The clips and the photo, sparsely: (result, out)."""
    out = tmp_path_factory.mktemp("cropped") / "crops"
    result = crop(out, "--every", 16, "--video", clip(CLIP), clip("single_face.mp4"), clip("no_face.mp4"),
                  clip("face_noface.mov"), "--images", clip("multi_face.jpg"))
    return result_json(result), out


def test_a_row_for_every_frame_and_a_crop_for_every_face(cropped):
    result, out = cropped
    rows = table(out)
    frames = Counter(row["video"] for row in rows)
    assert [int(r["frame"]) for r in rows if r["video"] == "WolfgangLanger_Pexels"] == list(range(1, 473, 16))
    assert frames == {"WolfgangLanger_Pexels": 30, "single_face": 5, "no_face": 6, "face_noface": 11, "multi_face": 5}
    with_face = [row for row in rows if row["id"]]
    images = sorted(path for path in out.rglob("*.jpg"))
    assert sorted(row["crop"] for row in with_face) == [path.relative_to(out).as_posix() for path in images]
    assert all(cv2.imread(str(path)).shape == (112, 112, 3) for path in images)
    assert all(row["detector"] == "mtcnn" for row in rows)
    assert all(row["reason"] == ("" if row["id"] else "no face") for row in rows)
    assert result["crops"] == len(images) and result["videos"] == 5 and result["failed"] == []
    assert result["frames_without_face"] == sum(not row["id"] for row in rows)


def test_the_faces_are_where_they_are(cropped):
    _, out = cropped
    seen = Counter((row["video"], row["id"]) for row in table(out))
    assert seen["WolfgangLanger_Pexels", "1"] == 30 and seen["single_face", "1"] == 5
    assert seen["no_face", ""] == 6
    assert [seen["multi_face", str(i)] for i in range(1, 6)] == [1] * 5
    folders = {path.name for path in out.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert folders == {"WolfgangLanger_Pexels", "single_face", "face_noface", "multi_face",
                       *(f"multi_face_{i}" for i in range(2, 6))}
    face_then_none = [bool(row["id"]) for row in table(out) if row["video"] == "face_noface"]
    assert face_then_none == sorted(face_then_none, reverse=True) and 3 < sum(face_then_none) < 9


def test_boxes_and_landmarks_are_the_packages(cropped):
    """Decoded by the ffmpeg program, so within a pixel; on the same pixels see test_detector.py."""
    _, out = cropped
    rows = table(out)
    for name, number in ((CLIP, 1), (CLIP, 321), ("single_face.mp4", 49), ("face_noface.mov", 17)):
        expected = facenet.detect(decoded(clip(name), number))
        (row,) = [r for r in rows if r["video"] == name.split(".")[0] and r["frame"] == str(number)]
        np.testing.assert_allclose([float(row[key]) for key in (*BOX, *MARKS)], expected[0, :14], atol=1)
        assert float(row["confidence"]) == pytest.approx(expected[0, 14], abs=0.01)


def umeyama(source, target):
    """Least-squares similarity by singular values (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a / len(a))
    d = np.array([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(d) @ vt
    scale = (s * d).sum() / a.var(0).sum()
    return np.column_stack([scale * rotation, target.mean(0) - scale * rotation @ source.mean(0)])


ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
                    [70.7299, 92.2041]])


@pytest.mark.parametrize("size", [112, 160])
def test_crops_are_what_opencv_aligns_by_the_template(crop, tmp_path, size):
    """A small smooth picture, so that OpenCV's coarse steps between pixels and its lack of averaging do not matter."""
    photo = cv2.imread(str(clip("multi_face.jpg")))
    small = cv2.GaussianBlur(photo, None, 2)
    cv2.imwrite(str(tmp_path / "smooth.png"), small)
    out = tmp_path / "crops"
    result_json(crop(out, "--images", tmp_path / "smooth.png", "--size", size, "--quality", 100))
    rows = table(out)
    assert len(rows) == 5
    for row in rows:
        marks = np.array([float(row[key]) for key in MARKS]).reshape(5, 2)
        matrix = umeyama(marks, ARCFACE * size / 112)
        expected = cv2.warpAffine(small, matrix, (size, size), flags=cv2.INTER_LINEAR)
        got = cv2.imread(str(out / row["crop"]))
        assert got.shape == (size, size, 3)
        assert np.abs(got.astype(int) - expected).mean() < 1.5  # JPEG and averaging


def test_two_runs_and_any_number_of_jobs_or_threads_give_the_same_files(crop, tmp_path):
    arguments = ["--every", 24, "--min-face", 60, "--video", clip("face_noface.mov"), clip("single_face.mp4"),
                 "--images", clip("multi_face.jpg")]
    trees = []
    for name, more in (("a", ["--jobs", 1, "--threads", 1]), ("b", ["--jobs", 3, "--threads", 2]), ("c", [])):
        result_json(crop(tmp_path / name, *arguments, *more))
        trees.append(visible(tmp_path / name))
    assert trees[0] == trees[1] == trees[2] and len(trees[0]) > 7


def test_only_the_main_face(crop, tmp_path):
    result = result_json(crop(tmp_path / "out", "--main-face", "--min-face", 60, "--images", clip("multi_face.jpg")))
    (row,) = table(tmp_path / "out")
    assert row["crop"] == "multi_face/00001.jpg" and result["people"] == 1
    areas = [np.prod(np.subtract(r[2:4], r[:2])) for r in facenet.detect(
        cv2.cvtColor(cv2.imread(str(clip("multi_face.jpg"))), cv2.COLOR_BGR2RGB), 60)[:, :4]]
    sides = [float(row[key]) for key in BOX]
    assert (sides[2] - sides[0]) * (sides[3] - sides[1]) == pytest.approx(max(areas), rel=0.01)


def test_ids_stay_with_people_who_pass_each_other(crop, tmp_path):
    video = write_clip(tmp_path / "pair.mp4", list(moving_faces(16)))
    result = result_json(crop(tmp_path / "out", "--min-face", 50, "--video", video))
    assert result["people"] == 2 and result["crops"] == 32
    for row in table(tmp_path / "out"):
        assert row["id"] == ("1" if (float(row["top"]) < 150) == first_is_above(tmp_path) else "2")


def first_is_above(tmp_path):
    return float(next(row for row in table(tmp_path / "out") if row["id"] == "1")["top"]) < 150


def test_a_turned_video_gives_the_crops_of_the_upright_one(crop, tmp_path):
    frames = list(moving_faces(3))
    write_clip(tmp_path / "plain.mp4", frames)
    turned = write_clip(tmp_path / "turned.mp4", [np.ascontiguousarray(np.rot90(frame)) for frame in frames])
    set_quarter_turn(turned)
    result_json(crop(tmp_path / "out", "--min-face", 50, "--video", tmp_path / "plain.mp4", turned))
    rows = table(tmp_path / "out")
    rows.sort(key=lambda row: (int(row["frame"]), float(row["top"])))
    plain, other = ([r for r in rows if r["video"] == name] for name in ("plain", "turned"))
    assert len(plain) == len(other) == 6
    for a, b in zip(plain, other, strict=True):
        np.testing.assert_allclose([float(a[key]) for key in BOX], [float(b[key]) for key in BOX], atol=4)


def test_a_photo_is_turned_as_its_exif_says(crop, tmp_path):
    from PIL import Image
    photo = Image.open(clip("single_face.jpg")).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    photo.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif, quality=98)
    photo.save(tmp_path / "plain.jpg", quality=98)
    result_json(crop(tmp_path / "out", "--min-face", 40, "--images", tmp_path / "turned.jpg", tmp_path / "plain.jpg"))
    plain, turned = table(tmp_path / "out")
    np.testing.assert_allclose([float(plain[key]) for key in MARKS], [float(turned[key]) for key in MARKS], atol=2)


def test_memory_does_not_grow_with_the_clip(mien_binary, mtcnn, tmp_path):
    peaks = []
    frames = list(moving_faces(8))
    for name, times in (("short", 2), ("long", 20)):
        video = write_clip(tmp_path / f"{name}.mp4", frames * times)
        command = [mien_binary, "crop", "--video", video, "--out", tmp_path / name, "--min-face", "90",
                   "--detector-file", mtcnn, "--threads", "1", "--quiet"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        peaks.append(usage.ru_maxrss / 1024)
    assert peaks[1] < peaks[0] + 24, peaks  # MB
