"""scripts/make_demo_data.py: the same bytes for any --jobs, Aff-Wild2's layout, every irregularity, refusals."""
import collections
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from demo_faces.action_units import AU_THRESHOLD  # noqa: E402
from demo_faces.episodes import FRAMES_PER_EPISODE, deal_episodes  # noqa: E402
from demo_faces.layout import plan  # noqa: E402
from demo_faces.video import describe_video, render_video  # noqa: E402

SEED, FRAMES, DIFFICULTY = 11, 20, .8
SIZES = plan.Sizes({"train": 12, "validation": 4, "test": 4}, FRAMES)
SMALL = ["--train-videos", "12", "--validation-videos", "4", "--test-videos", "4", "--frames", str(FRAMES),
         "--seed", str(SEED)]
CHALLENGES = {"EXPR": "EXPR_Recognition_Challenge", "AU": "AU_Detection_Challenge", "VA": "VA_Estimation_Challenge"}
HEADERS = {
    "EXPR": "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other",
    "AU": "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26",
    "VA": "valence,arousal",
}
ROOTS = ("cropped_aligned", "cropped_aligned_new_50_vids")


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPTS / "make_demo_data.py"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)


def tree_digests(folder):
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "data"
    result = run("--out", folder, "--jobs", 2, *SMALL)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def videos():
    return plan.plan_videos(SIZES, SEED)


def annotation_path(data, task, video):
    split = {"train": "Train_Set", "validation": "Validation_Set"}[video.split]
    return data / "6th_ABAW_Annotations" / CHALLENGES[task] / split / f"{video.name}.txt"


def annotation_rows(data, task, video):
    """The rows as lists of floats, checked against the header; blanks and line ends as a tolerant reader takes them."""
    header, *lines = annotation_path(data, task, video).read_text().split("\n")
    assert header.strip() == HEADERS[task]
    return [[float(field) for field in line.split(",")] for line in lines if line.strip()]


def labelled(videos, task):
    return [video for video in videos if task in video.tasks]


def lines_of(path):
    return path.read_text().splitlines()


def image_folder(data, video):
    return data / video.root / video.name


# ------------------------------------------------------------------------------------------------- determinism


def test_same_bytes_for_one_job_and_two(data, tmp_path):
    other = tmp_path / "other"
    assert run("--out", other, "--jobs", 1, "--quiet", *SMALL).returncode == 0
    assert tree_digests(other) == tree_digests(data)


def test_every_seed_and_video_draws_its_own_pictures():
    none_missing = np.zeros(3, bool)
    pictures = {jpeg for seed in (SEED, SEED + 1) for index in (0, 1)
                for _, jpeg in render_video(seed, index, none_missing, DIFFICULTY)}
    assert len(pictures) == 12


def test_leaving_a_frame_out_changes_no_distant_frame():
    none_missing, one_missing = np.zeros(FRAMES, bool), np.zeros(FRAMES, bool)
    one_missing[2] = True
    whole = dict(render_video(SEED, 0, none_missing, DIFFICULTY))
    holed = dict(render_video(SEED, 0, one_missing, DIFFICULTY))
    assert set(whole) - set(holed) == {2}
    far = [frame for frame in holed if abs(frame - 2) > 6]  # nearer ones turn away on purpose
    assert far and all(whole[frame] == holed[frame] for frame in far)


def test_episodes_follow_the_deck_over_many_videos():
    frames = 60
    dealt = collections.Counter(name for index in range(38) for name in deal_episodes(SEED, index, frames))
    assert sum(dealt.values()) == 38 * frames // FRAMES_PER_EPISODE == 57
    assert dealt["Neutral"] == 13 and dealt["Fear"] == 4


# ------------------------------------------------------------------------------------------------------- images


def test_images_are_112_pixel_jpegs_for_every_frame_that_is_not_missing(data, videos):
    for video in videos:
        expected = [f"{frame + 1:05d}.jpg" for frame in np.flatnonzero(~video.missing)]
        found = sorted(path.name for path in image_folder(data, video).glob("[0-9]*.jpg"))
        assert found == expected, video.name
        if expected:
            picture = (image_folder(data, video) / expected[0]).read_bytes()
            assert picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")
            assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED).shape == (112, 112, 3)


def test_every_video_lies_in_one_root_and_both_roots_are_used(data, videos):
    for video in videos:
        assert sum((data / root / video.name).exists() for root in ROOTS) == (0 if video.missing.all() else 1)
    second = [video for video in videos if video.root == ROOTS[1]]
    assert {video.split for video in second} == {"validation", "test"}
    assert any(video.split == "validation" and video.root == ROOTS[0] for video in videos)


def test_missing_frames_are_runs_at_the_start_at_the_end_and_inside():
    runs = [plan.missing_frames(SEED, index, 60) for index in range(60)]
    assert any(missing[0] for missing in runs) and any(missing[-1] for missing in runs)
    assert any(missing.any() and not missing[0] and not missing[-1] for missing in runs)
    assert all(np.abs(np.diff(missing.astype(int))).sum() <= 2 for missing in runs)
    assert .03 < np.mean(runs) < .05


def test_stray_files_lie_between_the_images(data):
    names = {path.name for root in ROOTS for path in (data / root).rglob("*") if path.is_file()}
    assert {".DS_Store", "._00001.jpg", "Thumbs.db", "notes.txt"} <= names
    assert all((data / root / ".DS_Store").is_file() for root in ROOTS)


def test_names_have_all_styles_and_pairs_across_splits():
    names = plan.name_videos(plan.Sizes({"train": 96, "validation": 36, "test": 12}, 60), 1)
    assert len(set(names.values())) == 144
    for style in (r"\d+-30-1280x720", r"\d+-60-1920x1080-\d", r"\d+", r"video\d+", r"video\d+_\d"):
        assert any(re.fullmatch(style, name) for name in names.values()), style
    halves = collections.defaultdict(dict)
    for (split, _), name in names.items():
        halves[re.sub(r"_(left|right)$", "", name)][name] = split
    pairs = [pair for pair in halves.values() if len(pair) == 2]
    assert any(set(pair.values()) == {"train", "validation"} for pair in pairs)
    assert any({name.rpartition("_")[2] for name in pair} == {"left", "right"} for pair in pairs)
    assert any(name + "_right" in pair for pair in pairs for name in pair)


# -------------------------------------------------------------------------------------------------- annotations


def test_annotation_files_are_those_of_the_plan(data, videos):
    for task in CHALLENGES:
        found = {path.stem for path in (data / "6th_ABAW_Annotations" / CHALLENGES[task]).rglob("*.txt")}
        assert found == {video.name for video in labelled(videos, task)}
    assert any(set(video.tasks) != set(CHALLENGES) for video in videos if video.split == "train")


def test_rows_and_frames_differ_as_in_the_real_files(data, videos):
    surplus = {len(annotation_rows(data, task, video)) - FRAMES for task in CHALLENGES
               for video in labelled(videos, task)}
    assert surplus == {-1, 0, 1, 2}


def test_action_unit_labels_are_the_drawn_intensities_above_the_threshold(data, videos):
    checked = 0
    for video in labelled(videos, "AU"):
        drawn = describe_video(video.seed, video.index, FRAMES, DIFFICULTY)[2].intensities > AU_THRESHOLD
        for frame, row in enumerate(annotation_rows(data, "AU", video)[:FRAMES]):
            for value, truth in zip(row, drawn[frame]):
                assert value in (-1, int(truth))
                checked += value >= 0
    assert checked > 10 * FRAMES * 12 * .8


def test_expression_labels_are_the_script_s(data, videos):
    for video in labelled(videos, "EXPR"):
        truth = describe_video(video.seed, video.index, FRAMES, DIFFICULTY)[2].expression
        rows = annotation_rows(data, "EXPR", video)
        assert all(len(row) == 1 and row[0] in (-1, truth[min(frame, FRAMES - 1)]) for frame, row in enumerate(rows))


def test_valence_and_arousal_are_in_range_or_invalid(data, videos):
    rows = [row for video in labelled(videos, "VA") for row in annotation_rows(data, "VA", video)]
    assert all(row == [-5, -5] or all(-1 <= value <= 1 for value in row) for row in rows)
    assert any(row == [-5, -5] for row in rows)
    assert np.ptp([row[0] for row in rows if row[0] != -5]) > .5


def test_invalid_labels_occur_in_every_task(data, videos):
    units = [row for video in labelled(videos, "AU") for row in annotation_rows(data, "AU", video)]
    assert any(set(row) == {-1} for row in units)
    assert any(-1 in row and max(row) >= 0 for row in units)
    expressions = [annotation_rows(data, "EXPR", video) for video in labelled(videos, "EXPR")]
    assert any([-1] in rows and max(rows) != [-1] for rows in expressions)


def test_one_training_video_has_no_valid_expression(data, videos):
    empty = [video for video in labelled(videos, "EXPR")
             if all(row == [-1] for row in annotation_rows(data, "EXPR", video))]
    assert [video.split for video in empty] == ["train"]


def test_odd_line_ends_and_blanks_occur(data):
    texts = [path.read_bytes() for path in (data / "6th_ABAW_Annotations").rglob("*.txt")]
    assert any(text.count(b"\r\n") == text.count(b"\n") for text in texts)
    assert any(text.endswith(b"\n\n") for text in texts)
    assert any(re.search(rb"\n[01], [01], ", text) for text in texts)


def test_multitask_lists_are_sparse_with_repeated_rows_and_tasks_invalid_one_by_one(data, videos):
    for split, name in (("train", "training_set_annotations.txt"), ("validation", "validation_set_annotations.txt")):
        header, *lines = lines_of(data / "multitask" / name)
        assert header == "image,valence,arousal,expression,aus"
        rows = [line.split(",") for line in lines]
        assert all(len(row) == 16 for row in rows)
        assert 0 < len(lines) - len(set(lines)) < len(lines) // 4
        assert len({row[0] for row in rows}) == len(set(lines)), "repeated rows agree"
        roots = {video.name: data / video.root for video in videos if video.split == split}
        assert all((roots[row[0].split("/")[0]] / row[0]).is_file() for row in rows)
        assert {row[0][-9:-4] for row in rows} <= {f"{frame:05d}" for frame in range(1, FRAMES + 1, 4)}
    train = [line.split(",")[1:] for line in lines_of(data / "multitask" / "training_set_annotations.txt")[1:]]
    for place, invalid in ((0, "-5"), (2, "-1"), (3, "-1")):
        assert any(row[place] == invalid for row in train) and any(row[place] != invalid for row in train)


# ----------------------------------------------------------------------------------------------------- test set


@pytest.mark.parametrize("task, challenge, columns", [
    ("Expr", "EXPR_Recognition_Challenge", 9), ("AU", "AU_Detection_Challenge", 13),
    ("VA", "VA_Estimation_Challenge", 3), ("CE", "CE_Recognition_Challenge", 8)])
def test_templates_have_a_row_a_frame_of_every_listed_video(data, videos, task, challenge, columns):
    listed = lines_of(data / "names_of_videos_in_each_test_set" / f"{challenge}_test_set_release.txt")
    header, *rows = lines_of(data / "prediction_files_format" / f"CVPR_6th_ABAW_{task}_test_set_sample.txt")
    assert header.startswith("image_location,") and len(header.split(",")) == columns
    assert listed and set(listed) <= {video.name for video in videos if video.split == "test"}
    expected = {f"{name}/{frame:05d}.jpg," for name in listed for frame in range(1, FRAMES + 1)}
    assert set(rows) == expected and len(rows) > len(expected)


def test_one_listed_test_video_has_no_image_at_all(data):
    for task in ("EXPR_Recognition", "AU_Detection", "VA_Estimation"):
        listed = lines_of(data / "names_of_videos_in_each_test_set" / f"{task}_Challenge_test_set_release.txt")
        assert [any((data / root / name).exists() for root in ROOTS) for name in listed].count(False) == 1


def test_multitask_test_list_is_a_template(data):
    header, *rows = lines_of(data / "multitask" / "MTL_Challenge_test_set_release.txt")
    assert header == "image,valence,arousal,expression,aus"
    assert all(re.fullmatch(r"[^/,]+/\d{5}\.jpg,", row) for row in rows) and len(set(rows)) < len(rows)


def test_readme_says_what_the_data_is(data):
    text = (data / "README.txt").read_text()
    assert f"--seed {SEED}" in text and "none of them is from Aff-Wild2" in text
    assert "says that the machinery works" in text and "true by construction" in text


# ----------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("arguments, fragment", [
    (["--train-videos", "7"], "--train-videos = 7: 8 to"),
    (["--frames", "3"], "--frames = 3: 12 to"),
    (["--difficulty", "nan"], "--difficulty = nan: 0 to 1.5"),
    (["--seed", "-1"], "--seed = -1: 0 to"),
    (["--jobs", "0"], "--jobs = 0: 1 to"),
    (["--frames", "many"], "invalid int value"),
    (["--no-such-flag"], "unrecognized arguments"),
])
def test_wrong_arguments_exit_2_with_one_line(tmp_path, arguments, fragment):
    result = run("--out", tmp_path / "data", *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1 and fragment in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_existing_folders_are_kept(data, tmp_path):
    before = tree_digests(data)
    assert "or --force" in run("--out", data, *SMALL).stderr
    assert tree_digests(data) == before
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    result = run("--out", foreign, "--force", *SMALL)
    assert result.returncode == 2 and "not demo data" in result.stderr
    assert (foreign / "thesis.tex").read_text() == "years of work"


def test_force_replaces_older_demo_data_and_leaves_no_temporaries(tmp_path):
    out = tmp_path / "data"
    tiny = ["--train-videos", 8, "--validation-videos", 4, "--test-videos", 3, "--frames", 12]
    assert run("--out", out, "--quiet", *tiny).returncode == 0
    result = run("--out", out, "--force", *tiny, "--seed", 5)
    assert result.returncode == 0 and "15 videos (8 train, 4 validation, 3 test)" in result.stdout
    assert "--seed 5" in (out / "README.txt").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
