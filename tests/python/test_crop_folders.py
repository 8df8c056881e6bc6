"""mien crop: a folder of crops belongs to the input that wrote it; odd names, odd photos."""
import json
import shutil

import pytest

from crop_helpers import clip, table, visible
from helpers import refused, result_json

SMALL = ("--min-face", 60)


@pytest.fixture
def photos(tmp_path):
    """photos(name=source of the clips...) -> paths"""
    def make(**sources):
        paths = []
        for name, source in sources.items():
            paths.append(tmp_path / f"{name}.jpg")
            shutil.copy(clip(source), paths[-1])
        return paths
    return make


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_second_persons_folder_is_not_taken_over(crop, photos, tmp_path, force):
    people, other, third = photos(people="multi_face.jpg", people_2="single_face.jpg", third="single_face.jpg")
    out = tmp_path / "out"
    result_json(crop(out, *SMALL, "--images", people))
    before = visible(out)
    assert any(name.startswith("people_2/") for name in before)
    for inputs in ((other,), (third, other), (people, other)):
        refused(crop(out, *SMALL, *force, "--jobs", 2, "--images", *inputs),
                f"--images = {other}", out / "people_2", people, "another file name")
        assert visible(out) == before
    assert result_json(crop(out, *SMALL, *force, "--images", people, third))["videos"] == 1 + bool(force)
    after = visible(out)
    assert before.items() <= {**after, "faces.csv": before["faces.csv"]}.items()


def test_two_inputs_of_one_call_share_no_folder_however_often(crop, photos, tmp_path):
    inputs = photos(people="multi_face.jpg", people_2="multi_face.jpg")
    out = tmp_path / "out"
    trees = []
    for order, more in ((inputs, ()), (inputs, ("--force", "--jobs", 2)), (inputs[::-1], ("--force",))):
        assert result_json(crop(out, *SMALL, *more, "--images", *order))["crops"] == 10
        trees.append(visible(out))
    assert trees[0] == trees[1] == trees[2]
    owners = {}
    for row in table(out):
        owners.setdefault(row["crop"].split("/")[0], set()).add(row["video"])
    assert len(owners) == 10 and all(len(videos) == 1 for videos in owners.values())
    assert owners["people_2"] == {"people_2"} and owners["people_2_face"] == {"people"}


def test_an_input_of_the_same_name_from_elsewhere_is_refused_and_a_moved_one_is_known(crop, tmp_path):
    out = tmp_path / "out"
    for folder, source in (("one", "single_face.jpg"), ("two", "multi_face.jpg")):
        (tmp_path / folder).mkdir()
        shutil.copy(clip(source), tmp_path / folder / "face.jpg")
    first, second = (tmp_path / folder / "face.jpg" for folder in ("one", "two"))
    result_json(crop(out, *SMALL, "--images", first))
    before = visible(out)
    for force in ((), ("--force",)):
        refused(crop(out, *SMALL, *force, "--images", second), f"--images = {second}", first)
        shutil.copy(clip("single_face.mp4"), tmp_path / "face.mp4")
        refused(crop(out, *SMALL, *force, "--video", tmp_path / "face.mp4"), "--video", first)
    assert visible(out) == before
    (tmp_path / "three").mkdir()
    moved = first.rename(tmp_path / "three" / "face.jpg")
    assert result_json(crop(out, *SMALL, "--images", moved))["skipped_videos"] == 1


def test_a_folder_of_the_same_name_and_number_of_images_is_another_one(crop, tmp_path):
    train, val = tmp_path / "train", tmp_path / "val"
    for root, source in ((train, "single_face.jpg"), (val, "multi_face.jpg")):
        (root / "0001").mkdir(parents=True)
        for number in (1, 2):
            shutil.copy(clip(source), root / "0001" / f"{number:05d}.jpg")
    out = tmp_path / "out"
    result_json(crop(out, *SMALL, "--images", train))
    before = visible(out)

    def refuses():
        for force in ((), ("--force",)):
            refused(crop(out, *SMALL, *force, "--images", val), f"--images = {val / '0001'}", train / "0001")
        assert visible(out) == before

    refuses()
    shutil.copytree(train, tmp_path / "copy")
    refused(crop(out, *SMALL, "--images", tmp_path / "copy"), train / "0001")  # that one is still there
    assert result_json(crop(out, *SMALL, "--images", train))["skipped_videos"] == 1
    moved = train.rename(tmp_path / "moved")
    refuses()
    assert result_json(crop(out, *SMALL, "--images", moved))["skipped_videos"] == 1


def test_a_link_that_leads_in_a_circle_is_a_video_that_cannot_be_read(crop, tmp_path):
    (tmp_path / "clips").mkdir()
    circle = tmp_path / "clips" / "circle.mp4"
    circle.symlink_to(circle.name)
    refused(crop(tmp_path / "out", "--video", circle), f"--video = {circle}: does not exist")
    refused(crop(tmp_path / "out", "--video", circle.parent), f"--video = {circle}: cannot be read")
    shutil.copy(clip("single_face.mp4"), circle.parent)
    result = result_json(crop(tmp_path / "out", "--every", 60, *SMALL, "--video", circle.parent))
    assert [entry["video"] for entry in result["failed"]] == ["circle"] and result["videos"] == 1


def test_force_removes_nothing_that_is_not_ours(crop, tmp_path):
    theirs = tmp_path / "out" / "single_face" / "precious.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("precious")
    refused(crop(tmp_path / "out", *SMALL, "--force", "--images", clip("single_face.jpg")), "exists already")
    assert theirs.read_text() == "precious"


def test_a_folder_that_was_taken_away_is_made_again(crop, photos, tmp_path):
    (people,) = photos(people="multi_face.jpg")
    out = tmp_path / "out"
    result_json(crop(out, *SMALL, "--images", people))
    before = visible(out)
    shutil.rmtree(out / "people_3")
    assert result_json(crop(out, *SMALL, "--images", people))["videos"] == 1
    assert visible(out) == before


def test_a_changed_file_is_told_of(crop, photos, tmp_path):
    (people,) = photos(people="multi_face.jpg")
    out = tmp_path / "out"
    result_json(crop(out, *SMALL, "--images", people))
    same = crop(out, *SMALL, "--images", people)
    photos(people="single_face.jpg")
    changed = crop(out, *SMALL, "--images", people)
    assert "has changed" not in same.stderr and json.loads(same.stdout)["skipped_videos"] == 1
    assert "people.jpg: has changed since it was cropped; --force" in changed.stderr


def test_a_cut_photo_is_a_row_beside_others_and_refused_alone(crop, photos, tmp_path):
    whole, cut = photos(whole="single_face.jpg", cut="single_face.jpg")
    cut.write_bytes(cut.read_bytes()[:5000])
    refused(crop(tmp_path / "alone", *SMALL, "--quiet", "--images", cut), f"--images = {cut}: truncated")
    result = result_json(crop(tmp_path / "out", *SMALL, "--images", cut, whole))
    assert result["failed"] == [{"video": "cut", "reason": "truncated"}] and result["videos"] == 1
    assert [(row["video"], row["frame"], row["reason"]) for row in table(tmp_path / "out")] == [
        ("cut", "", "truncated"), ("whole", "1", "")]


def test_photos_of_one_number_are_all_there_under_their_names(crop, tmp_path):
    folder = tmp_path / "phone"
    folder.mkdir()
    names = ["IMG_0008.jpg", "IMG_day1_0007.jpg", "IMG_day2_0007.jpg"]
    for name in names:
        shutil.copy(clip("single_face.jpg"), folder / name)
    result = result_json(crop(tmp_path / "out", *SMALL, "--images", folder))
    assert (result["frames"], result["frames_failed"], result["crops"]) == (3, 0, 3)
    assert [row["image"] for row in table(tmp_path / "out")] == names
    assert sorted(path.name for path in (tmp_path / "out/phone").iterdir()) == names


def test_frames_of_one_number_are_named_not_lost(crop, tmp_path):
    folder = tmp_path / "film"
    folder.mkdir()
    for name in ("0007.jpg", "007.jpg", "0008.jpg"):
        shutil.copy(clip("single_face.jpg"), folder / name)
    result = result_json(crop(tmp_path / "out", *SMALL, "--images", folder))
    assert (result["frames"], result["frames_failed"], result["crops"]) == (3, 1, 2)
    rows = table(tmp_path / "out")
    assert [row["frame"] for row in rows] == ["7", "8", "7"]
    assert rows[-1]["reason"] == "duplicate frame number: 007.jpg" and rows[-1]["crop"] == ""


def test_photos_join_nobody(crop, tmp_path):
    """The same face in two photos is one person in a film, and each photo's own among photos."""
    folder = tmp_path / "people"
    folder.mkdir()
    for name in ("im0.jpg", "im1.jpg", "im2.jpg"):
        shutil.copy(clip("multi_face.jpg"), folder / name)
    crop(tmp_path / "film", *SMALL, "--images", folder)
    result = result_json(crop(tmp_path / "photos", *SMALL, "--images", folder, "--photos"))
    film, photos = table(tmp_path / "film"), table(tmp_path / "photos")
    faces = len(photos) // 3
    assert result["people"] == faces and faces > 1
    assert [row["id"] for row in photos] == [str(i + 1) for i in range(faces)] * 3
    assert {row["image"] for row in photos} == {"im0.jpg", "im1.jpg", "im2.jpg"}
    assert {row["image"] for row in film} == {""}


NAMES = ["two words", "Café Zoë 2024-05-01", "面孔", "a,b", 'say "so"', "it's 100% [x]*?", "-dash", "ends.with.dots"]


def test_any_name_works(crop, tmp_path):
    shown = [tmp_path / "in put" / f"{name}.MP4" for name in NAMES]
    shown[0].parent.mkdir()
    for path in shown:
        shutil.copy(clip("single_face.mp4"), path)
    out = tmp_path / "out put é"
    result = result_json(crop(out, "--every", 60, *SMALL, "--jobs", 2, "--video", *shown))
    assert result["failed"] == [] and result["videos"] == len(NAMES)
    rows = table(out)
    assert {row["video"] for row in rows} == set(NAMES)
    assert all((out / row["crop"]).is_file() and row["crop"].split("/")[0] == row["video"] for row in rows)
    assert result_json(crop(out, "--every", 60, *SMALL, "--video", *shown))["skipped_videos"] == len(NAMES)


@pytest.mark.parametrize("name, fragment", [("line\nend", "on one line"), ("faces.csv", "is a file of --out"),
                                            ("crop.json", "is a file of --out"), (".hidden", "begin with a dot")])
def test_names_that_no_folder_can_have_are_refused(crop, tmp_path, name, fragment):
    path = tmp_path / f"{name}.mp4"
    shutil.copy(clip("single_face.mp4"), path)
    refused(crop(tmp_path / "out", "--video", path), "--video", fragment)
    assert not (tmp_path / "out").exists()
