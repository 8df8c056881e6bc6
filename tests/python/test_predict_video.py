"""`mien predict --video`: faces, crops, embeddings and rows in one pass, held against the same by crop, encode, predict."""
import resource

import cv2
import numpy as np
import pytest

from crop_helpers import clip, moving_faces, table
from helpers import refused, result_json
from mp4_edit import write_clip
from predictions import rows_of, values
from test_export import data, train, write_decisions  # noqa: F401 (fixtures)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
FRAMES = 12


@pytest.fixture(scope="module")
def run(train):
    return train("run-video")


@pytest.fixture(scope="module")
def passers(tmp_path_factory):
    """A clip of two people who pass each other, the first one larger."""
    return write_clip(tmp_path_factory.mktemp("clip") / "two.mp4", list(moving_faces(FRAMES)), rate=25)


@pytest.fixture
def predict(mien, data, mtcnn, run, tmp_path):
    """predict(video, flags...) -> (result, rows)"""
    def call(video, *flags):
        out = tmp_path / "rows.csv"
        result = result_json(mien("predict", run, "--video", video, "--encoder", data / "encoder.pt", "--detector-file",
                                  mtcnn, "--dtype", "fp32", "--out", out, "--json", "--quiet", "--force", *flags))
        return result, rows_of(out)

    return call


@pytest.fixture(scope="module")
def by_files(mien, crop, data, run, passers, tmp_path_factory):
    """by_files(flags...): the rows by way of crop --quality 100 and predict --images"""
    crops = tmp_path_factory.mktemp("by-files") / "crops"
    result_json(crop(crops, "--video", passers, "--quality", 100))

    def call(*flags):
        out = crops.parent / "rows.csv"
        result_json(mien("predict", run, "--images", crops, "--encoder", data / "encoder.pt", "--dtype", "fp32", "--out",
                         out, "--json", "--quiet", "--force", *flags))
        return rows_of(out), table(crops)

    return call


def test_one_pass_says_what_three_commands_say(predict, by_files, passers, run):
    expected, faces = by_files("--raw")
    result, rows = predict(passers, "--raw", "--everyone")
    area = {}
    for face in faces:
        box = [float(face[side]) for side in ("left", "top", "right", "bottom")]
        area[face["id"]] = area.get(face["id"], 0) + (box[2] - box[0]) * (box[3] - box[1])
    assert set(area) == {"1", "2"} and len(rows) == 2 * FRAMES and result["videos"] == 2
    main = max(area, key=area.get)
    folders = ["two", "two_2"] if main == "1" else ["two_2", "two"]
    assert [row["video"] for row in rows] == ["two"] * FRAMES + ["two_2"] * FRAMES
    by_name = {name: [row for row in expected if row["video"] == name] for name in folders}
    for at, folder in enumerate(folders):
        mine, theirs = rows[at * FRAMES:(at + 1) * FRAMES], by_name[folder]
        assert [row["frame"] for row in mine] == [str(n) for n in range(1, FRAMES + 1)]
        seen = {face["frame"] for face in faces if face["crop"].startswith(folder + "/")}
        assert {row["frame"] for row in mine if row["face"] == "1"} == seen
        np.testing.assert_allclose(values(mine)[:len(theirs)], values(theirs), atol=0.02)  # JPEG at its best
        np.testing.assert_allclose([float(row["seconds"]) for row in mine], np.arange(FRAMES) / 25, atol=2e-3)
    assert np.abs(values(rows[:FRAMES]) - values(rows[FRAMES:])).max() > 0.05  # the two do not look alike
    alone, main_rows = predict(passers, "--raw")
    assert main_rows == rows[:FRAMES] and alone["rows"] == FRAMES


def test_decisions_smooth_and_decide(predict, mien, passers, run, tmp_path):
    plain = predict(passers)[1]
    write_decisions(mien, run, expr={"bias": [3] + [0] * 7, "smoothing": {"kind": "box", "half_window": 2}})
    try:
        tuned = predict(passers)[1]
    finally:
        (run / "decisions.json").unlink()
    names = [name for name in plain[0] if name.startswith("p_") and not name.startswith("p_AU")]
    before, after = (np.array([[float(row[n]) for n in names] for row in rows]) for rows in (plain, tuned))
    box = [before[max(0, i - 2):i + 3].mean(0) for i in range(len(before))]
    np.testing.assert_allclose(after, box, atol=1e-5)
    chosen = np.log(after) + np.array([3.0] + [0.0] * 7)
    assert [row["expression"] for row in tuned] == [names[i][2:] for i in chosen.argmax(1)]


def test_the_same_rows_for_any_number_of_threads(predict, passers):
    assert predict(passers, "--threads", 1)[1] == predict(passers, "--threads", 3)[1]


def test_frames_without_a_face_have_a_reason_and_the_nearest_values(predict):
    result, rows = predict(clip("face_noface.mov"), "--every", 16)
    assert [int(row["frame"]) for row in rows] == list(range(1, 1 + 16 * 11, 16))
    face = [row["face"] == "1" for row in rows]
    assert face == sorted(face, reverse=True) and 3 < sum(face) < 9
    last = sum(face) - 1
    assert all(row["reason"] == ("" if has else "no face") for row, has in zip(rows, face))
    np.testing.assert_array_equal(values(rows)[last:], np.tile(values(rows)[last], (11 - last, 1)))
    assert result["frames_without_face"] == result["interpolated_rows"] == 11 - sum(face)


def test_nobody_gets_the_training_prior(predict):
    result, rows = predict(clip("no_face.mp4"), "--every", 32)
    assert result["videos_without_embeddings"] == ["no_face"] and result["interpolated_rows"] == 0
    assert {row["reason"] for row in rows} == {"no face; training prior"} and {row["face"] for row in rows} == {"0"}
    assert len({row["p_Neutral"] for row in rows}) == 1
    assert np.isclose(sum(float(v) for n, v in rows[0].items() if n.startswith("p_") and "AU" not in n), 1, atol=1e-5)


def frames_of(path):
    video, frames = cv2.VideoCapture(str(path)), []
    while True:
        ok, frame = video.read()
        if not ok:
            return np.array(frames)
        frames.append(frame.astype(int))


def test_the_overlay_marks_faces_where_they_are_and_nothing_else(predict, by_files, passers, tmp_path):
    predict(passers, "--overlay", tmp_path / "seen.mp4", "--everyone")
    before, after = frames_of(passers), frames_of(tmp_path / "seen.mp4")
    assert before.shape == after.shape
    _, faces = by_files()
    height, width = before.shape[1:3]
    changed = np.abs(before - after).max(-1) > 60
    for face in faces:
        frame = changed[int(face["frame"]) - 1]
        left, top, right, bottom = (int(float(face[side])) for side in ("left", "top", "right", "bottom"))
        middle = (top + bottom) // 2
        if 3 < left < width - 3:
            assert frame[middle, left - 2:left + 3].any()
        assert frame[min(bottom + 1, height - 1) - 3:bottom + 3, max(left, 0):right].any(1).any()
    assert changed[:, :180, :100].mean() > 0.05  # the bars
    predict(clip("no_face.mp4"), "--overlay", tmp_path / "none.mp4", "--every", 32)
    none = frames_of(tmp_path / "none.mp4")
    assert np.abs(none - frames_of(clip("no_face.mp4"))[::32]).mean() < 4  # nothing but a second compression
    assert sorted(p.name for p in tmp_path.iterdir()) == ["none.mp4", "rows.csv", "seen.mp4"]


def test_a_full_disk_is_told_of_and_the_rows_are_kept(mien, data, mtcnn, run, passers, tmp_path):
    out, seen = tmp_path / "rows.csv", tmp_path / "seen.mp4"
    seen.write_text("old")
    done = mien("predict", run, "--video", passers, "--encoder", data / "encoder.pt", "--detector-file", mtcnn, "--out",
                out, "--overlay", seen, "--everyone", "--force", "--quiet", restore_signals=False,  # SIGXFSZ stays ignored
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)))
    refused(done, f"--overlay = {seen}", "cannot be written", f"of {FRAMES} frames")
    assert len(rows_of(out)) == 2 * FRAMES and seen.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rows.csv", "seen.mp4"]


def test_what_does_not_fit_is_refused(mien, data, train, mtcnn, run, passers, tmp_path):
    out = tmp_path / "out.csv"
    good = ("predict", run, "--video", passers, "--encoder", data / "encoder.pt", "--detector-file", mtcnn)

    def says(*fragments, arguments=(), base=(*good, "--out", out)):
        refused(mien(*base, *arguments), *fragments)
        assert not out.exists() and not (tmp_path / "seen.mp4").exists()

    says("--overlay", "seen.avi", "ends in .mp4", arguments=("--overlay", tmp_path / "seen.avi"))
    says("--overlay", "the file of --out, expected another file",
         base=(*good, "--out", tmp_path / "one.mp4", "--overlay", tmp_path / "one.mp4"))
    says("--bank", "expected either", arguments=("--bank", data / "bank"))
    says("--batch-size", "--images only", arguments=("--batch-size", 3))
    says("--videos", arguments=("--videos", data / "encoder.pt"))
    says("--min-face = 3", "12", arguments=("--min-face", 3))
    says("YuNet file", arguments=("--detector", "yunet"))
    says("RUN", "expected one run", base=("predict", run, *good[1:], "--out", out))
    says("--encoder", "expected one", arguments=("--encoder", data / "other.pt"))
    says("other.pt", "expected the encoder of the training",
         base=("predict", run, "--video", passers, "--encoder", data / "other.pt", "--out", out))
    says("--encoder = (nothing)", base=("predict", run, "--video", passers, "--out", out))
    says("nowhere.mp4", "does not exist",
         base=("predict", run, "--video", tmp_path / "nowhere.mp4", "--encoder", data / "encoder.pt", "--out", out))
    says("encoder.pt", "not a video",
         base=("predict", run, "--video", data / "encoder.pt", "--encoder", data / "encoder.pt", "--out", out))
    says("--everyone", "--video only", base=("predict", run, "--bank", data / "bank", "--everyone", "--out", out))
    says("--overlay", "--video only",
         base=("predict", run, "--bank", data / "bank", "--overlay", tmp_path / "seen.mp4", "--out", out))
    (tmp_path / "mine.mp4").write_text("mine")
    says("mine.mp4", "--force", arguments=("--overlay", tmp_path / "mine.mp4"))
