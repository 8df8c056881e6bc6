"""A name that the file system cannot take, or that clashes with a file of ours, costs that video and never the job."""

import os
import shutil

import pytest

from crop_helpers import clip, table
from helpers import refused, result_json
from test_encode import encoders, jpeg, write  # noqa: F401
from test_export import data, train  # noqa: F401 (fixtures)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit
SMALL = ("--min-face", 60, "--every", 60)
# names of crop inputs, and what is said of them
ODD = {"line\nend": "on one line", "car\rriage": "on one line", "ta\tb": "on one line", "faces.csv": "is a file of --out",
       "crop.json": "is a file of --out", ".hidden": "begin with a dot", "n" * 251: "takes no file of the name",
       "é" * 125 + "x": "takes no file of the name"}


@pytest.fixture
def clips(tmp_path):
    """A folder of one good clip and the odd ones, and the paths that are no hidden files."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ["fine", *ODD]:
        shutil.copy(clip("single_face.mp4"), folder / f"{name}.mp4")
    return folder


def test_crop_goes_on_without_the_odd_ones(crop, clips, tmp_path):
    for arguments in (["--video", clips], ["--video", *sorted(clips.iterdir())], ["--video", clips, "--force"]):
        hidden = arguments[1] != clips  # in a folder those that begin with a dot are not looked at
        done = crop(tmp_path / "out", *SMALL, *arguments)
        result = result_json(done)
        assert result["videos"] + result["skipped_videos"] == 1 and result["crops"] >= result["videos"]
        reasons = {failure["video"]: failure["reason"] for failure in result["failed"]}
        wanted = {name.translate({10: "?", 13: "?", 9: "?"}): reason for name, reason in ODD.items()}
        if not hidden:
            del wanted[".hidden"]
        assert reasons.keys() == wanted.keys()
        assert all(wanted[name] in reasons[name] for name in wanted)
        rows = table(tmp_path / "out")
        assert {row["video"] for row in rows if row["crop"]} == {"fine"}
        assert {row["video"] for row in rows if row["reason"]} >= reasons.keys()
        warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
        assert len(warnings) == len(wanted), done.stderr
    assert sorted(os.listdir(tmp_path / "out")) == [".crop", "crop.json", "faces.csv", "fine"]


def test_predict_goes_on_without_the_odd_ones(mien, mtcnn, run, data, clips, tmp_path):  # noqa: F811
    shutil.copy(clips / "fine.mp4", clips / f"{'t' * 252}.ts")  # as an .mp4 its name is too long
    command = ["predict", run, "--video", clips, "--encoder", data / "encoder.pt", "--detector-file", mtcnn, *SMALL,
               "--out", tmp_path / "rows.csv", "--overlay", tmp_path / "seen", "--json"]
    result = result_json(mien(*command))
    failed = {failure["video"]: failure["reason"] for failure in result["failed"]}
    assert {"line?end", "t" * 252} <= failed.keys() and "takes no file of the name" in failed["t" * 252]
    assert "fine" not in failed and {video["video"] for video in result["per_video"]} >= {"fine"}
    assert (tmp_path / "seen" / "fine.mp4").is_file() and not (tmp_path / "seen" / "line?end.mp4").exists()


@pytest.fixture(scope="module")
def run(train):  # noqa: F811
    return train("run-odd")


@pytest.mark.parametrize("name", ODD)
def test_crop_of_an_odd_one_alone_is_refused(crop, clips, tmp_path, name):
    path = clips / f"{name}.mp4"
    refused(crop(tmp_path / "out", "--video", path), "--video", ODD[name])
    assert not (tmp_path / "out").exists()


def test_encode_goes_on_without_a_name_that_is_too_long(mien, encoders, tmp_path):  # noqa: F811
    names = ["v", "n" * 243, "n" * 244, "m" * 255, "é" * 122, "a\nb"]
    for name in names:
        write(tmp_path / "root" / name / "00001.jpg", jpeg(1))
    command = ["encode", "--images", tmp_path / "root", "--encoder", encoders / "fast.pt", "--bank", tmp_path / "bank"]
    done = mien(*command, "--json")
    result = result_json(done)
    assert result["videos"] == 3 and {video["video"] for video in result["unusable_videos"]} == {names[2], names[3], names[4]}
    assert all("File name too long" in video["reason"] for video in result["unusable_videos"])
    assert done.stderr.count("is not encoded: ") == 3
    assert sorted(p.name for p in (tmp_path / "bank").iterdir()) == \
        sorted(["bank.json"] + [f"{name}.safetensors" for name in ("v", names[1], "a\nb")])
    verified = mien("inspect", tmp_path / "bank", "--verify")
    assert verified.returncode == 2 and len(verified.stderr.splitlines()) == 1  # they are missing, and it says so
    shutil.rmtree(tmp_path / "root" / "v"), shutil.rmtree(tmp_path / "root" / names[1]), shutil.rmtree(tmp_path / "root" / "a\nb")
    refused_last = mien(*command[:-1], tmp_path / "other")
    assert refused_last.returncode == 2 and refused_last.stderr.splitlines()[-1].startswith("error: --images = ")
