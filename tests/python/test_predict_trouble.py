"""`mien predict --video`: embeddings that are not finite, a video that changes meanwhile, names that meet."""
import os
import shutil
import subprocess
import time

import numpy as np
import pytest
import torch

from crop_helpers import moving_faces
from helpers import Projection, refused, result_json, write_encoder
from mp4_edit import write_clip
from predictions import rows_of, values
from test_export import DIM, SIZE, data, train  # noqa: F401 (fixtures)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
FRAMES, FEW, BAD = 24, 5, (3, 9, 10)
REASON = "embedding is not finite"


class NoBlueNoNumbers(Projection):
    """What has next to no blue overflows."""

    def forward(self, x):
        dark = x[:, 2].mean((1, 2)) < -0.7  # .09 of full blue
        return super().forward(x) + torch.where(dark, torch.inf, 0.0)[:, None]


def without_blue(frame, rows):
    out = frame.copy()
    out[:rows, :, 2] //= 20
    return out


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """some.mp4: the person above has no blue in some frames; all.mp4: nobody has any; half.mp4: the one above never."""
    folder = tmp_path_factory.mktemp("clips")
    frames = list(moving_faces(FRAMES))
    write_clip(folder / "some.mp4", [without_blue(f, 220) if i + 1 in BAD else f for i, f in enumerate(frames)])
    write_clip(folder / "all.mp4", [without_blue(frame, 440) for frame in frames[:FEW]])
    write_clip(folder / "half.mp4", [without_blue(frame, 220) for frame in frames[:FEW]])
    return folder


@pytest.fixture(scope="module")
def world(mien, data, train, tmp_path_factory):
    """The encoder and a run that was trained on its bank."""
    folder = tmp_path_factory.mktemp("world")
    encoder = write_encoder(folder / "encoder.pt", NoBlueNoNumbers(SIZE, DIM), SIZE, DIM, extra={})
    found = result_json(mien("encode", "--images", data / "images", "--encoder", encoder, "--bank", folder / "bank",
                             "--dtype", "fp32", "--json", "--quiet"))
    assert found["failed"] == 0
    return encoder, train("run-trouble", bank=folder / "bank")


@pytest.fixture(scope="module")
def command(world, mtcnn):
    """command(videos, flags...) -> arguments of mien, without --out"""
    encoder, run = world
    return lambda videos, *flags: ["predict", run, "--video", *videos, "--encoder", encoder, "--detector-file", mtcnn,
                                   "--dtype", "fp32", "--min-face", 50, "--quiet", *flags]


@pytest.fixture
def predict(mien, command, tmp_path):
    """predict(videos, flags...) -> (result, {video: its rows})"""
    def call(videos, *flags):
        out = tmp_path / "rows.csv"
        result = result_json(mien(*command(videos, "--out", out, "--json", "--force", *flags)))
        by_video = {}
        for row in rows_of(out):
            by_video.setdefault(row["video"], []).append(row)
        return result, by_video

    return call


@pytest.fixture(scope="module")
def by_files(mien, crop, world, clips, tmp_path_factory):
    """The rows of crop --quality 100, encode and predict, by video."""
    encoder, run = world
    folder = tmp_path_factory.mktemp("by-files")
    result_json(crop(folder / "crops", "--min-face", 50, "--quality", 100, "--video", clips))
    result_json(mien("predict", run, "--images", folder / "crops", "--encoder", encoder, "--dtype", "fp32", "--out",
                     folder / "rows.csv", "--json", "--quiet"))
    by_video = {}
    for row in rows_of(folder / "rows.csv"):
        by_video.setdefault(row["video"], []).append(row)
    return by_video


def test_a_frame_whose_embedding_is_not_finite_has_a_reason_and_the_video_goes_on(predict, clips, by_files):
    result, found = predict([clips / "some.mp4"], "--everyone", "--raw")
    assert set(found) == {"some", "some_2"}
    marked = {video: [int(row["frame"]) for row in rows if row["face"] == "0"] for video, rows in found.items()}
    assert sorted(marked.values()) == [[], list(BAD)]
    assert {row["reason"] for rows in found.values() for row in rows if row["face"] == "0"} == {REASON}
    assert (result["frames_without_face"], result["interpolated_rows"]) == (len(BAD), len(BAD))
    assert result["failed"] == [{"video": "some", "reason": "embeddings that are not finite: 3 (another --dtype may do)"}]
    theirs = sorted((by_files[name] for name in ("some", "some_2")), key=lambda rows: sum(row["face"] == "0" for row in rows))
    mine = sorted(found.values(), key=lambda rows: sum(row["face"] == "0" for row in rows))
    for one, other in zip(mine, theirs):
        assert [(row["face"], row["reason"]) for row in one] == [(row["face"], row["reason"]) for row in other]
        np.testing.assert_allclose(values(one), values(other), atol=0.02)  # JPEG at its best


def test_a_person_without_any_finite_embedding_has_the_prior_and_others_have_their_own(predict, clips, by_files):
    result, found = predict([clips / "all.mp4", clips / "half.mp4"], "--everyone", "--raw")
    lost = [video for video, rows in found.items() if rows[0]["reason"]]
    assert len(found) == 4 and {"all", "all_2"} < set(lost) and len(lost) == 3
    assert sorted(result["videos_without_embeddings"]) == sorted(lost) and result["interpolated_rows"] == 0
    for video in lost:
        assert {(row["face"], row["reason"]) for row in found[video]} == {("0", f"{REASON}; training prior")}
        np.testing.assert_allclose(values(found[video]), values(by_files["all"]), atol=1e-6)
    (kept,) = set(found) - set(lost)
    assert all(row["face"] == "1" for row in found[kept])
    assert [(v["people"], v["frames_with_face"]) for v in result["per_video"]] == [(2, 0), (2, FEW)]


def test_a_video_that_is_shorter_when_it_is_drawn_has_no_overlay(mien_binary, command, tmp_path):
    frames = list(moving_faces(FRAMES))
    clip, short = write_clip(tmp_path / "clip.mp4", frames * 8), write_clip(tmp_path / "short.mp4", frames[:4])
    out, seen = tmp_path / "rows.csv", tmp_path / "seen.mp4"
    arguments = command([clip], "--out", out, "--overlay", seen, "--threads", 1)
    process = subprocess.Popen([mien_binary, *map(str, arguments)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def is_looked_at():
        held = [os.path.realpath(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd")]
        return str(clip) in held and any(name.startswith(str(tmp_path / ".rows.csv.")) for name in held)

    while not is_looked_at():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    short.replace(clip)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 2 and f"--overlay = {seen}: its video gave 4 frames, after {8 * FRAMES}" in error, error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "rows.csv"]
    assert len(rows_of(out)) == 8 * FRAMES


@pytest.mark.parametrize("out, overlay", [("seen", "seen"), ("seen", "./seen/"), ("./seen", "{here}/seen"),
                                          ("{here}/seen", "seen")])
def test_rows_and_overlays_do_not_have_one_name(mien, command, clips, tmp_path, out, overlay):
    out, overlay = (name.format(here=tmp_path) for name in (out, overlay))
    two = [clips / "some.mp4", clips / "all.mp4"]
    refused(mien(*command(two, "--out", out, "--overlay", overlay), cwd=tmp_path), "--overlay", "is the file of --out")
    names = [f"{name.rstrip('/')}.mp4" for name in (out, overlay)]
    refused(mien(*command(two[:1], "--out", names[0], "--overlay", names[1]), cwd=tmp_path), "is the file of --out")
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_in_a_circle_is_reported(predict, clips, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "circle.mp4").symlink_to("circle.mp4")
    shutil.copy(clips / "some.mp4", folder)
    result, found = predict([folder], "--overlay", tmp_path / "seen")
    assert set(found) == {"some"} and [p.name for p in (tmp_path / "seen").iterdir()] == ["some.mp4"]
    assert result["failed"][0]["video"] == "circle" and "cannot be read" in result["failed"][0]["reason"]
