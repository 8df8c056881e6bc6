"""`mien inspect BANK --verify`: what it finds in a bank that mien encode made and somebody damaged, moved or left
unfinished."""

import json
import shutil

import numpy as np
import pytest

from helpers import read_safetensors, refused, result_json, tree, write_bank, write_video
from test_encode import DIM, encoders, jpeg, make_videos, write  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


@pytest.fixture(scope="module")
def made(mien, encoders, tmp_path_factory):  # noqa: F811
    """A folder with images/ (4 videos of 7 frames, one of them damaged) and the bank made of them."""
    folder = tmp_path_factory.mktemp("made")
    write(make_videos(folder / "images", 4) / "v1" / "00003.jpg", b"")
    done = mien("encode", "--images", folder / "images", "--encoder", encoders / "fast.pt", "--bank", folder / "bank")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def bank(made, tmp_path):
    """A copy of the bank, to be damaged; it still names the images of `made`."""
    shutil.copytree(made / "bank", tmp_path / "bank")
    return tmp_path / "bank"


@pytest.fixture
def verify(mien, bank):
    """verify(*flags) -> the JSON, after checking that exit code, error line and `valid` agree"""

    def run(*flags):
        before = tree(bank)
        done = mien("inspect", bank, "--verify", "--json", *flags)
        found = json.loads(done.stdout)
        assert tree(bank) == before
        assert found["kind"] == "bank" and found["valid"] == (found["problems"] == [])
        if found["valid"]:
            assert done.returncode == 0 and done.stderr == ""
        else:
            refused(done, bank, *found["problems"][:1])
        return found

    return run


def rewrite(bank, name, change):
    arrays, metadata = read_safetensors(bank / f"{name}.safetensors")
    arrays = {key: array.copy() for key, array in arrays.items()}
    frames, rows = change(arrays["frames"], arrays["embeddings"]) or (arrays["frames"], arrays["embeddings"])
    write_video(bank, name, frames, rows, **metadata)


def test_a_whole_bank_is_complete(verify, made):
    found = verify()
    assert found["valid"] and found["complete"] is True and found["sources_missing"] == []
    assert (found["videos"], found["frames"], found["failed"]) == (4, 27, 1)
    for key in ("missing_videos", "unreadable_files", "foreign_files", "temporary_files"):
        assert found[key] == {"count": 0, "names": []}
    for key in ("images_without_embedding", "frames_without_image", "non_finite_rows", "constant_rows"):
        assert found[key] == 0
    assert found["sources"] == [str(made / "images")] and found["failures"][0]["frame"] == 3


def test_each_kind_of_damage_is_a_line_that_names_file_and_frame(verify, bank):
    def damage_rows(_, rows):
        rows[4, 1], rows[6, 0], rows[5] = np.nan, np.inf, 0.5

    rewrite(bank, "v0", lambda frames, rows: (frames[[0, 1, 3, 6]], rows[[0, 1, 3, 6]]))
    rewrite(bank, "v2", damage_rows)
    rewrite(bank, "v3", lambda frames, rows: (frames + 2, rows))
    found = verify()
    assert found["problems"] == [
        "v0.safetensors: 3 images have no embedding, the first is frame 3",
        "v2.safetensors: 2 embeddings are not finite, the first is frame 5",
        "v2.safetensors: 1 embedding is one value throughout: frame 6",
        "v3.safetensors: 2 images have no embedding, the first is frame 1",
        "v3.safetensors: 2 embeddings have no image, the first is frame 8",
    ]
    assert found["complete"] is False and found["frames"] == 24
    assert (found["images_without_embedding"], found["frames_without_image"]) == (5, 2)
    assert (found["non_finite_rows"], found["constant_rows"]) == (2, 1)


def test_damaged_foreign_and_missing_files_are_told_apart(verify, bank):
    (bank / "v0.safetensors").write_bytes((bank / "v0.safetensors").read_bytes()[:-3])
    write_video(bank, "v1", [1], np.zeros((1, DIM + 1)))
    (bank / "v2.safetensors").unlink()
    write(bank / "v2.npy", b"x")
    write(bank / ".v2.safetensors.77.tmp", b"x")
    write(bank / ".v2.part-0-256", b"x")
    write(bank / ".DS_Store", b"x")
    found = verify()
    assert found["unreadable_files"] == {"count": 2, "names": ["v0.safetensors", "v1.safetensors"]}
    assert found["missing_videos"] == {"count": 1, "names": ["v2"]}
    assert found["foreign_files"] == {"count": 1, "names": ["v2.npy"]}
    assert found["temporary_files"] == {"count": 2, "names": [".v2.part-0-256", ".v2.safetensors.77.tmp"]}
    assert len(found["problems"]) == 4 and found["complete"] is False
    for name, problem in zip(("v0.safetensors", "v1.safetensors", "v2.safetensors", "v2.npy"), found["problems"]):
        assert name in problem


def test_new_images_make_a_bank_incomplete_and_encoding_completes_it(mien, encoders, made, tmp_path):  # noqa: F811
    shutil.copytree(made / "images", tmp_path / "images")
    command = ["encode", "--images", tmp_path / "images", "--encoder", encoders / "fast.pt", "--bank", tmp_path / "b"]
    assert mien(*command, "--shard", "0/2").returncode == 0
    done = mien("inspect", tmp_path / "b", "--verify", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["missing_videos"]["count"] == 2
    assert mien(*command, "--shard", "1/2").returncode == 0
    assert result_json(mien("inspect", tmp_path / "b", "--verify", "--json"))["complete"] is True
    write(tmp_path / "images" / "v0" / "00123.jpg", jpeg(1))
    refused(mien("inspect", tmp_path / "b", "--verify"), "v0.safetensors: 1 image has no embedding: frame 123")
    assert mien(*command, "--force").returncode == 0
    assert result_json(mien("inspect", tmp_path / "b", "--verify", "--json"))["complete"] is True


def test_of_every_kth_frame_only_those_are_expected(mien, encoders, made, tmp_path):  # noqa: F811
    done = mien("encode", "--images", made / "images", "--encoder", encoders / "fast.pt", "--bank", tmp_path / "b",
                "--every", 3)
    assert done.returncode == 0
    found = result_json(mien("inspect", tmp_path / "b", "--verify", "--json"))
    assert found["complete"] is True and found["frames"] == 12


def test_duplicates_and_odd_names_are_as_encode_takes_them(mien, encoders, tmp_path):  # noqa: F811
    for name in ("v/1.png", "v/00001.jpg", "v/2.jpg", "v/cover.jpg", "w/anna.jpg", "w/bob.jpg", "w/3000000000.jpg"):
        write(tmp_path / "images" / name, jpeg(1))
    for name in ("notes.txt", "v/._2.jpg", "v/Thumbs.db"):
        write(tmp_path / "images" / name, b"x")
    done = mien("encode", "--images", tmp_path / "images", "--encoder", encoders / "fast.pt", "--bank", tmp_path / "b")
    assert done.returncode == 0
    assert result_json(mien("inspect", tmp_path / "b", "--verify", "--json"))["complete"] is True


def test_the_videos_file_says_which_are_expected(verify, bank, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("v1\r\n\nv3\n")
    (bank / "v0.safetensors").unlink()
    assert verify()["complete"] is False
    assert verify("--videos", names)["complete"] is True
    names.write_text("v1\nv0\nv9\n")
    found = verify("--videos", names)
    assert found["missing_videos"]["names"] == ["v0", "v9"] and len(found["problems"]) == 2


def test_images_that_moved_are_no_problem_and_can_be_named(verify, bank, made, tmp_path):
    info = json.loads((bank / "bank.json").read_text())
    info["sources"] = [str(tmp_path / "gone")]
    (bank / "bank.json").write_text(json.dumps(info))
    rewrite(bank, "v0", lambda frames, rows: (frames[1:], rows[1:]))
    found = verify()
    assert found["valid"] and found["complete"] is None and found["sources_missing"] == info["sources"]
    found = verify("--images", made / "images")
    assert found["complete"] is False and found["images_without_embedding"] == 1 and found["sources_missing"] == []


def test_several_roots_take_the_place_of_the_recorded_ones(verify, made, tmp_path):
    for video in ("v0", "v1", "v2", "v3"):
        shutil.copytree(made / "images" / video, tmp_path / ("a" if video < "v2" else "b") / video)
    found = verify("--images", tmp_path / "a", "--images", tmp_path / "b")
    assert found["complete"] is True
    assert verify("--images", tmp_path / "a")["frames_without_image"] == 14


def test_an_imported_bank_without_sources_is_judged_by_its_files(mien, tmp_path):
    rows = np.arange(12).reshape(3, 4)
    bank = write_bank(tmp_path / "bank", {"a": ([1, 2, 9], rows)}, 4)
    found = result_json(mien("inspect", bank, "--verify", "--json"))
    assert found["complete"] is None and found["sources_missing"] == [] and found["frames"] == 3


def test_wrong_flags_are_refused(mien, made, bank, tmp_path):
    refused(mien("inspect", bank, "--verify", "--images", tmp_path / "no"), f"--images = {tmp_path / 'no'}: ")
    refused(mien("inspect", bank, "--verify", "--videos", tmp_path / "no.txt"), "--videos = ", "no.txt")
    refused(mien("inspect", bank, "--images", made / "images"), "--images", "--verify")
    (tmp_path / "names.txt").write_text("v0\n")
    refused(mien("inspect", made / "images" / "v0" / "00001.jpg", "--verify", "--videos", tmp_path / "names.txt"),
            "--videos", "expected a bank")


def test_a_folder_with_several_annotation_roots_suggests_one(mien, tmp_path):
    for edition in ("5th_ABAW_Annotations", "6th_ABAW_Annotations"):
        write(tmp_path / edition / "AU_Detection_Challenge" / "Train_Set" / "v.txt", b"x")
    refused(mien("inspect", tmp_path), "5th_ABAW_Annotations, 6th_ABAW_Annotations",
            f"did you mean {tmp_path / '6th_ABAW_Annotations'}?")
