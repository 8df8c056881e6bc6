"""mien submit through the binary: every edition's format, packed templates, large files, and what --check catches."""

import gzip
import hashlib
import json
import os
import shutil
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from helpers import (CONFIGS, EXPRESSIONS, HEADERS, UNITS, Synthetic, read_safetensors, refused, result_json, write_bank,
                     write_video)
from test_predict import BIAS, LEVELS, TUNED, at_frames, box, decisions, forward, peak

COMPOUNDS = [(3, 6), (4, 6), (5, 6), (2, 6), (1, 6), (5, 3), (5, 1)]  # formats.md, 3
CE = "Fearfully_Surprised,Happily_Surprised,Sadly_Surprised,Disgustedly_Surprised,Angrily_Surprised,Sadly_Fearful,Sadly_Angry"
HEADER = {"expr": "image_location," + HEADERS["expr"], "au": "image_location," + HEADERS["au"], "ce": "image_location," + CE,
          "va": "image_location,valence,arousal", "mtl": "image,valence,arousal,expression,aus"}


@pytest.fixture(scope="module")
def world(mien, tmp_path_factory):
    """A run of all three tasks and a bank with gaps; two videos say one thing only."""
    w = tmp_path_factory.mktemp("submit")
    data = Synthetic(w / "data", seed=3, dim=8, rows_a_video=60, va=True)
    train = ["epochs=3", "batch_size=64", "head.layers=1", "head.dropout=0", "optimizer.lr=.01"]
    for config, name in (("multitask", "joint"), ("expr", "expr")):
        result_json(mien("train", CONFIGS / f"{config}.yaml", *data.arguments(), *train, "--out", w / name, "--json",
                         "--quiet"))
    rng = np.random.default_rng(8)
    videos = {f"v{i}": np.sort(rng.choice(np.arange(1, 41), 25, replace=False)) for i in range(5)}
    embeddings = {v: rng.normal(size=(len(f), 8)).astype(np.float16) * 2 for v, f in videos.items()}
    videos["still"], embeddings["still"] = np.array([4]), rng.normal(size=(1, 8)).astype(np.float16)
    bank = write_bank(w / "bank", {v: (f, embeddings[v]) for v, f in videos.items()}, 8)
    return SimpleNamespace(path=w, run=w / "joint", bank=bank, videos=videos, embeddings=embeddings)


def submitted(mien, world, form, out, *arguments, run=None):
    return result_json(mien("submit", run or world.run, "--template", form, "--bank", world.bank, "--out", out, "--json",
                            "--quiet", *arguments))


def answers(world, run, task, video, wanted, tuned=False):
    """What numpy says: [n, columns] of a row's values."""
    if task == "mtl":
        return np.concatenate([answers(world, run, t, video, wanted, tuned) for t in ("va", "expr", "au")], 1)
    source = "expr" if task == "ce" else task
    p, head = forward(run, world.embeddings.get(video, np.zeros((1, 8))))
    if video not in world.videos:
        counts = np.array(head["expr_counts"])
        p, tuned = {"expr": counts / counts.sum(), "au": np.array(head["au_shares"]), "va": head["va_means"]}, False
        values = np.repeat(np.array(p[source])[None], len(wanted), 0)
    else:
        every = np.arange(1, max(world.videos[video]) + 1)
        values = at_frames(world.videos[video], p[source], every)
        if tuned:
            values = box(values, TUNED[source]["smoothing"]["half_window"])
        values = values[np.minimum(wanted, every[-1]) - 1]
    if task == "va":
        return values
    if task == "au":
        return (values >= (np.array(LEVELS) if tuned else 0.5)).astype(int)
    if task == "ce":
        values = np.stack([values[:, a] + values[:, b] for a, b in COMPOUNDS], 1)
    elif tuned:
        values = np.log(values) + np.array(BIAS)
    return values.argmax(1)[:, None]


def shuffled_rows(world, seed=1):
    """Rows with gaps, duplicates, an absent video and frames past the last, videos interleaved."""
    rng = np.random.default_rng(seed)
    rows = [(v, f) for v in [*world.videos, "absent"] for f in range(1, 45) if rng.random() < 0.8]
    rows += [rows[i] for i in rng.integers(0, len(rows), 20)]
    return [rows[i] for i in rng.permutation(len(rows))]


def form_of(path, task, rows):
    path.write_text("\n".join([HEADER[task], *[f"{v}/{f:05d}.jpg," for v, f in rows]]) + "\n")
    return path


@pytest.mark.parametrize("tuned", [False, True], ids=["raw", "tuned"])
@pytest.mark.parametrize("task", ["expr", "au", "ce", "va", "mtl"])
def test_rows_in_any_order_are_answered_as_numpy_does(mien, world, task, tuned, tmp_path):
    run = shutil.copytree(world.run, tmp_path / "run")
    if tuned:
        decisions(run, TUNED)
    rows = shuffled_rows(world)
    form = form_of(tmp_path / "t.txt", task, rows)
    found = submitted(mien, world, form, tmp_path / "p.txt", run=run)
    lines = (tmp_path / "p.txt").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == [HEADER[task].split(",")[0],
                                                       *[f"{v}/{f:05d}.jpg" for v, f in rows]]
    for video in [*world.videos, "absent"]:
        at = [i for i, (v, _) in enumerate(rows) if v == video]
        want = answers(world, run, task, video, np.array([rows[i][1] for i in at]), tuned)
        got = np.array([list(map(float, lines[i + 1].split(",")[1:])) for i in at])
        assert np.abs(got - want).max() < (2e-6 if task in ("va", "mtl") else 1e-9), video
    assert found["interpolated_rows"] == sum(v in world.videos and f not in world.videos[v] for v, f in rows)
    assert found["videos_without_embeddings"] == ["absent"]


def test_the_summary_says_what_is_odd(mien, world, tmp_path):
    rows = shuffled_rows(world)
    form = form_of(tmp_path / "t.txt", "expr", rows)
    found = submitted(mien, world, form, tmp_path / "p.txt")
    lines = [line.split(",") for line in (tmp_path / "p.txt").read_text().splitlines()[1:]]
    classes = np.array([int(value) for _, value in lines])
    assert found["histogram"] == {name: int((classes == c).sum()) for c, name in enumerate(EXPRESSIONS)}
    counts = np.array(forward(world.run, np.zeros((1, 8)))[1]["expr_counts"])
    assert [found["prior"][name] for name in EXPRESSIONS] == pytest.approx(list(counts / counts.sum()), abs=1e-7)
    constant = [v for v in world.videos if len({c for (where, _), c in zip(rows, classes) if where == v}) == 1]
    assert sorted(found["constant_videos"]) == sorted(constant) and "still" in constant
    done = mien("submit", world.run, "--template", form, "--bank", world.bank, "--out", tmp_path / "q.txt")
    for fragment in ("in training", "Happiness", "odd: 1 video without embeddings", "absent", "of one class only", "still",
                     f"{counts[0] / counts.sum() * 100:.1f} %"):
        assert fragment in done.stdout, done.stdout
    assert "video absent has no embedding" in done.stderr


def test_runs_side_by_side_are_blended(mien, world, tmp_path):
    rows = [("v1", f) for f in range(1, 41)]
    form = form_of(tmp_path / "t.txt", "expr", rows)
    result_json(mien("submit", world.run, world.path / "expr", "--template", form, "--bank", world.bank, "--out",
                     tmp_path / "p.txt", "--json", "--quiet"))
    p = [forward(run, world.embeddings["v1"])[0]["expr"] for run in (world.run, world.path / "expr")]
    want = at_frames(world.videos["v1"], (p[0] + p[1]) / 2, np.arange(1, 41)).argmax(1)
    assert [int(line.split(",")[1]) for line in (tmp_path / "p.txt").read_text().splitlines()[1:]] == list(want)


# -- packed templates -------------------------------------------------------------------------------


def packed(folder, form, kind):
    path = folder / f"t.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(form.read_bytes()[:700]) + gzip.compress(form.read_bytes()[700:]))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("__MACOSX/._t.txt", "junk")
            archive.writestr("format/", "")
            archive.write(form, "format/t.txt")
    return path


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_packed_templates_and_files_are_read(mien, world, kind, tmp_path):
    form = form_of(tmp_path / "t.txt", "au", shuffled_rows(world))
    submitted(mien, world, form, tmp_path / "plain.txt")
    submitted(mien, world, packed(tmp_path, form, kind), tmp_path / "packed.txt")
    assert (tmp_path / "plain.txt").read_bytes() == (tmp_path / "packed.txt").read_bytes()
    (tmp_path / "p").mkdir()
    again = packed(tmp_path / "p", tmp_path / "plain.txt", kind)
    assert mien("submit", "--check", again, "--template", packed(tmp_path, form, kind)).returncode == 0
    if kind == "gz":  # an encoder is a .zip, too
        assert result_json(mien("inspect", again, "--json"))["kind"] == "submission"


@pytest.mark.parametrize("name, fragment", [("cut.gz", "unpacked"), ("cut.zip", "unpacked"), ("two.zip", "holds 2 files")])
def test_damaged_archives_are_refused(mien, world, name, fragment, tmp_path):
    form = form_of(tmp_path / "t.txt", "au", shuffled_rows(world))
    if name == "two.zip":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(form, "a.txt")
            archive.write(form, "b.txt")
        done = mien("submit", "--check", tmp_path / name, "--template", form)
    else:
        path = packed(tmp_path, form, name.split(".")[1])
        (tmp_path / name).write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        done = mien("submit", world.run, "--template", tmp_path / name, "--out", tmp_path / "p.txt")
    refused(done, name, fragment)
    assert not (tmp_path / "p.txt").exists()


# -- the 3rd edition: a file a video ------------------------------------------------------------------


def folder_form(folder, task, videos, empty=False):
    folder.mkdir()
    for video, rows in videos.items():
        value = "" if empty else {"expr": "0", "au": ",".join("0" * 12), "va": "0.0,0.0"}[task]
        header = "valence,arousal" if task == "va" else HEADERS[task]
        (folder / f"{video}.txt").write_text("\n".join([header, *[value] * rows]) + "\n")
    return folder


ROWS = {"v2": 44, "absent": 7, "v0": 12, "still": 3}


@pytest.mark.parametrize("empty", [False, True], ids=["values", "empty"])
@pytest.mark.parametrize("task", ["expr", "au", "va"])
def test_a_folder_is_answered_with_a_folder(mien, world, task, empty, tmp_path):
    form = folder_form(tmp_path / "form", task, ROWS, empty)
    (form / ".DS_Store").write_text("junk")
    found = submitted(mien, world, form, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["form", "out"]
    assert sorted(os.listdir(tmp_path / "out")) == sorted(f"{v}.txt" for v in ROWS)
    for video, count in ROWS.items():
        lines = (tmp_path / "out" / f"{video}.txt").read_text().splitlines()
        want = answers(world, world.run, task, video, np.arange(1, count + 1))
        assert lines[0] == HEADERS[task] and len(lines) == count + 1
        assert np.abs(np.array([list(map(float, line.split(","))) for line in lines[1:]]) - want).max() < 2e-6
    assert (found["rows"], found["videos"], found["task"]) == (sum(ROWS.values()), 4, task)
    assert found["videos_without_embeddings"] == ["absent"]
    assert mien("submit", "--check", tmp_path / "out", "--template", form).returncode == 0
    with zipfile.ZipFile(tmp_path / "form.zip", "w") as archive:
        for path in form.glob("*.txt"):
            archive.write(path, f"predictions/{path.name}")
    submitted(mien, world, tmp_path / "form.zip", tmp_path / "again")
    for video in ROWS:
        assert (tmp_path / "again" / f"{video}.txt").read_bytes() == (tmp_path / "out" / f"{video}.txt").read_bytes()
    assert mien("submit", "--check", tmp_path / "out", "--template", tmp_path / "form.zip").returncode == 0


def test_only_a_folder_of_text_files_is_replaced(mien, world, tmp_path):
    form = folder_form(tmp_path / "form", "expr", ROWS)
    arguments = ["submit", world.run, "--template", form, "--bank", world.bank, "--out", tmp_path / "out", "--quiet"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    refused(mien(*arguments), "out", "--force")
    (tmp_path / "out" / "thesis.tex").write_text("years")
    refused(mien(*arguments, "--force"), "thesis.tex")
    assert sorted(os.listdir(tmp_path / "out")) == ["old.txt", "thesis.tex"]
    (tmp_path / "out" / "thesis.tex").unlink()
    assert mien(*arguments, "--force").returncode == 0
    assert sorted(os.listdir(tmp_path / "out")) == sorted(f"{v}.txt" for v in ROWS)
    assert sorted(os.listdir(tmp_path)) == ["form", "out"]


# -- a list of videos, all that says what a submission of the 3rd edition must hold -------------------


def list_of(path, lines, end="\n"):
    path.write_bytes(end.join(lines).encode())
    return path


@pytest.mark.parametrize("task", ["expr", "au", "va"])
def test_a_list_of_videos_is_answered_with_a_folder(mien, world, task, tmp_path):
    bank = shutil.copytree(world.bank, tmp_path / "bank")
    failed = [{"frame": 50, "path": "v1/00050.jpg", "reason": "no image data"}]
    write_video(bank, "v1", world.videos["v1"], world.embeddings["v1"], failed=json.dumps(failed))
    form = list_of(tmp_path / "names.txt", ["v2", "v1", "absent,7", "", "v0 , 44", "still"], "\r\n")
    found = submitted(mien, SimpleNamespace(run=world.run, bank=bank), form, tmp_path / "out", "--task", task)
    rows = {"v2": max(world.videos["v2"]), "v1": 50, "absent": 7, "v0": 44, "still": 4}
    assert sorted(os.listdir(tmp_path / "out")) == sorted(f"{v}.txt" for v in rows)
    for video, count in rows.items():
        lines = (tmp_path / "out" / f"{video}.txt").read_text().splitlines()
        assert lines[0] == HEADERS[task] and len(lines) == count + 1
        want = answers(world, world.run, task, video, np.arange(1, count + 1))
        assert np.abs(np.array([list(map(float, line.split(","))) for line in lines[1:]]) - want).max() < 2e-6, video
    assert (found["task"], found["rows"], found["counted_videos"]) == (task, sum(rows.values()), 3)
    assert found["videos_without_embeddings"] == ["absent"]
    done = mien("submit", "--check", tmp_path / "out", "--template", form, "--task", task)
    assert done.returncode == 0 and "of 3 videos" in done.stdout, done.stderr
    checked = result_json(mien("submit", "--check", tmp_path / "out", "--template", form, "--json"))
    assert checked == {"task": task, "rows": sum(rows.values()), "uncounted_videos": 3}
    other = "au" if task == "expr" else "expr"
    refused(mien("submit", "--check", tmp_path / "out", "--template", form, "--task", other), "--task", task)


def test_the_only_task_of_a_run_needs_no_name_with_a_list(mien, world, tmp_path):
    form = list_of(tmp_path / "names.txt", ["v0", "v1"])
    found = submitted(mien, world, form, tmp_path / "out", run=world.path / "expr")
    assert (found["task"], found["counted_videos"]) == ("expr", 2)
    done = mien("submit", world.path / "expr", "--template", form, "--bank", world.bank, "--out", tmp_path / "again")
    assert "up to the last frame that the bank knows" in done.stdout, done.stderr


LIST_CASES = {
    "several tasks": (["v0"], "joint", "out", [], ["--task", "names.txt is a list of videos", "expr, au, va"]),
    "a task of one file": (["v0"], "joint", "out", ["--task", "mtl"], ["--task = mtl", "list of videos"]),
    "a task that the run lacks": (["v0"], "expr", "out", ["--task", "au"], ["au", "predicts expr"]),
    "a video that nobody counted": (["v0", "v11"], "expr", "out", [], ["names.txt line 2 = v11", "v11,1234", "did you mean v1"]),
    "a video twice": (["v0", "v1", "v0"], "expr", "out", [], ["line 3 = v0", "twice", "line 1"]),
    "a row among names": (["v0", "v1", "v2/00001.jpg,"], "expr", "out", [], ["line 3 = v2/00001.jpg", "list of videos"]),
    "a number that is none": (["v0", "v1", "v2,many"], "expr", "out", [], ["line 3 = v2,many", "name,1234"]),
    "a file's name for the folder": (["v0"], "expr", "out.txt", [], ["--out", "out.txt", "folder", "names.txt is a list"]),
}


@pytest.mark.parametrize("lines, run, out, flags, fragments", LIST_CASES.values(), ids=LIST_CASES)
def test_a_list_that_cannot_be_answered_says_why(mien, world, lines, run, out, flags, fragments, tmp_path):
    form = list_of(tmp_path / "names.txt", lines)
    done = mien("submit", world.path / run, "--template", form, "--bank", world.bank, "--out", tmp_path / out, *flags)
    refused(done, *fragments)
    assert os.listdir(tmp_path) == ["names.txt"]


def test_a_template_of_another_kind_says_what_it_is(mien, world, tmp_path):
    folder_form(tmp_path / "form", "expr", {"v0": 3})
    (tmp_path / "release").mkdir()
    form_of(tmp_path / "release" / "expr.txt", "expr", [("v0", 1)])
    (tmp_path / "lists").mkdir()
    list_of(tmp_path / "lists" / "names.txt", ["v0", "v1"])
    for form, fragments in ((tmp_path / "form" / "v0.txt", ["v0.txt line 1", "one video's file", "3rd edition"]),
                            (tmp_path / "release", ["expr.txt line 1", "a template of all videos"]),
                            (tmp_path / "lists", ["names.txt line 1", "a list of videos"])):
        refused(mien("submit", world.run, "--template", form, "--bank", world.bank, "--out", tmp_path / "out"), *fragments)


# -- what a team with a deadline overlooks -----------------------------------------------------------


def test_a_bank_of_other_videos_makes_no_file(mien, world, tmp_path):
    form = form_of(tmp_path / "t.txt", "expr", [("test1", 1), ("test2", 1)])
    done = mien("submit", world.run, "--template", form, "--bank", world.bank, "--out", tmp_path / "p.txt")
    refused(done, f"--bank = {world.bank}", "has none of test1, test2")
    refused(mien("submit", world.run, "--template", form, "--out", tmp_path / "p.txt"), "--bank (as trained)")
    assert os.listdir(tmp_path) == ["t.txt"]


def test_a_video_that_one_run_of_a_blend_lacks_is_named(mien, world, tmp_path):
    """Two encoders: the second bank is not finished."""
    data = Synthetic(tmp_path / "data", seed=5, dim=6, rows_a_video=30)
    info = json.loads((data.bank / "bank.json").read_text())
    info["encoder"]["file_sha256"] = "1" * 64
    (data.bank / "bank.json").write_text(json.dumps(info))
    result_json(mien("train", CONFIGS / "expr.yaml", *data.arguments(), "epochs=1", "head.layers=1", "--out",
                     tmp_path / "other", "--json", "--quiet"))
    bank = shutil.copytree(data.bank, tmp_path / "bank")
    for video in ("v0", "v1", "v2", "v3"):
        write_video(bank, video, world.videos[video], np.ones((len(world.videos[video]), 6)))
    form = form_of(tmp_path / "t.txt", "expr", [(v, f) for v in ("v0", "v3", "v4", "still") for f in range(1, 30)])
    arguments = ["submit", world.path / "expr", tmp_path / "other", "--template", form, "--bank", world.bank, "--bank", bank]
    found = result_json(mien(*arguments, "--out", tmp_path / "p.txt", "--json", "--quiet"))
    assert [run["missing_videos"] for run in found["runs"]] == [[], ["v4", "still"]]
    assert [run["path"] for run in found["runs"]] == [str(world.path / "expr"), str(tmp_path / "other")]
    assert found["decisions"]["expr"]["weights"] == [0.5, 0.5]
    digest = hashlib.sha256((tmp_path / "other" / "best.safetensors").read_bytes()).hexdigest()
    assert found["runs"][1]["weights_sha256"] == digest and found["output"] == str(tmp_path / "p.txt")
    assert found["sparse_videos"] == ["still"] and found["videos_without_embeddings"] == []
    text = mien(*arguments, "--out", tmp_path / "q.txt").stdout
    for fragment in (f"odd: 2 videos not in the banks of {tmp_path / 'other'}, answered without it: v4, still",
                     "fewer than half of their rows: still", f"best weights {digest[:12]}", "decisions expr weights 0.5"):
        assert fragment in text, text


def test_many_videos_without_embeddings_are_one_warning(mien, world, tmp_path):
    rows = [(f"test{i:02d}", 1) for i in range(11)] + [("v0", 1)]
    form = form_of(tmp_path / "t.txt", "expr", rows)
    done = mien("submit", world.run, "--template", form, "--bank", world.bank, "--out", tmp_path / "p.txt")
    warnings = [line for line in done.stderr.splitlines() if "training prior" in line]
    assert len(warnings) == 1 and all(video in warnings[0] for video, _ in rows[:-1])


# -- what --check catches -----------------------------------------------------------------------------


def put(lines, at, line):
    return [*lines[: at - 1], line, *lines[at:]]


# Line 1 is the header, line 2 frame 1, lines 3 and 4 frame 2, line 5 frame 4, ... line 13 frame 12.
# name -> (lines -> lines, the line that is named, what the message holds)
DAMAGE = {
    "a missing row": (lambda f: f[:5] + f[6:], 6, "expected v0/00005.jpg"),
    "a missing last row": (lambda f: f[:-1], 13, "(end of file)"),
    "an extra row": (lambda f: [*f, "v9/00001.jpg" + "," + f[-1].split(",", 1)[1]], 14, "expected the end of the file"),
    "swapped rows": (lambda f: [*f[:7], f[8], f[7], *f[9:]], 8, "expected v0/00007.jpg"),
    "a removed duplicate": (lambda f: f[:3] + f[4:], 4, "expected v0/00002.jpg"),
    "an added duplicate": (lambda f: f[:6] + f[5:], 7, "expected v0/00006.jpg"),
    "a header of another task": (lambda f: put(f, 1, "image_location,valence,arousal"), 1, "this file is of task va"),
    "an unknown header": (lambda f: put(f, 1, "image,mood"), 1, "image,mood"),
    "no header": (lambda f: f[1:], 1, "header"),
    "an empty file": (lambda f: [], None, "(empty file)"),
    "an empty value": (lambda f: put(f, 9, f[8][:-1]), 9, "(empty)"),
    "a value out of range": (lambda f: put(f, 9, f[8][:-1] + "2"), 9, "= 2: expected 0 or 1"),
    "a negative value": (lambda f: put(f, 9, f[8][:-1] + "-1"), 9, "= -1: expected 0 or 1"),
    "a value that is no integer": (lambda f: put(f, 9, f[8][:-1] + "0.5"), 9, "= 0.5: expected 0 or 1"),
    "NaN": (lambda f: put(f, 9, f[8][:-1] + "nan"), 9, "= nan: expected 0 or 1"),
    "a word": (lambda f: put(f, 9, f[8][:-1] + "yes"), 9, "= yes: expected 0 or 1"),
    "too few fields": (lambda f: put(f, 9, f[8][:-2]), 9, "fields = 12: expected 13"),
    "too many fields": (lambda f: put(f, 9, f[8] + ",0"), 9, "fields = 14: expected 13"),
    "a blank line": (lambda f: [*f[:10], "", *f[10:]], 11, "(empty line)"),
    "a blank line at the end": (lambda f: [*f, ""], 14, "(empty line)"),
    "a wrong video": (lambda f: put(f, 9, "V0" + f[8][2:]), 9, "expected v0/00008.jpg"),
    "a wrong frame": (lambda f: put(f, 9, f[8].replace("00008", "00080")), 9, "expected v0/00008.jpg"),
    "a frame without its zeros": (lambda f: put(f, 9, f[8].replace("00008", "8")), 9, "expected v0/00008.jpg"),
    "no image location": (lambda f: put(f, 9, f[8].split(",", 1)[1]), 9, "image location"),
    "another separator": (lambda f: put(f, 9, f[8].replace(",", ";")), 9, ""),
    "binary junk": (lambda f: put(f, 9, "\x00\x01\x02"), 9, ""),
}


@pytest.fixture(scope="module")
def good(mien, world):
    """A template and the lines of its right answer."""
    rows = [("v0", f) for f in (1, 2, 2, *range(4, 13))]
    form = form_of(world.path / "damage.txt", "au", rows)
    submitted(mien, world, form, world.path / "right.txt")
    return form, (world.path / "right.txt").read_text().splitlines()


def text_of(lines):
    return "".join(line + "\n" for line in lines).encode("latin-1")


@pytest.mark.parametrize("damage, line, fragment", DAMAGE.values(), ids=DAMAGE)
def test_check_names_the_damage_and_its_line(mien, good, damage, line, fragment, tmp_path):
    form, lines = good
    assert damage(lines) != lines
    (tmp_path / "p.txt").write_bytes(text_of(damage(lines)))
    done = mien("submit", "--check", tmp_path / "p.txt", "--template", form)
    refused(done, f"p.txt line {line}" if line else "p.txt", fragment)
    assert done.stdout == ""


def with_blanks(text):
    head, rows = text.split(b"\n", 1)
    return head + b"\n" + rows.replace(b",", b" , ").replace(b" , ", b", ")


HARMLESS = {
    "as it is": lambda text: text,
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "both": lambda text: b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"),
    "no last line end": lambda text: text.rstrip(b"\n"),
    "blanks before values": with_blanks,
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_check_accepts_what_is_harmless(mien, good, good_folder, change, tmp_path):
    form, lines = good
    (tmp_path / "p.txt").write_bytes(change(text_of(lines)))
    done = mien("submit", "--check", tmp_path / "p.txt", "--template", form)
    assert done.returncode == 0 and "12 rows" in done.stdout, done.stderr
    form, right = good_folder
    shutil.copytree(right, tmp_path / "out")
    (tmp_path / "out" / "v2.txt").write_bytes(change((right / "v2.txt").read_bytes()))
    done = mien("submit", "--check", tmp_path / "out", "--template", form, "--json")
    assert result_json(done) == {"task": "au", "rows": 15}


# The same of a folder: line k is frame k - 1 of v2, whose template has 12 rows.
FILE_DAMAGE = {
    "a missing row": (lambda f: f[:-1], 13, "(end of file)"),
    "an extra row": (lambda f: [*f, f[-1]], 14, "expected the end of the file"),
    "a header of another task": (lambda f: put(f, 1, HEADERS["expr"]), 1, "expected the template's header"),
    "no header": (lambda f: f[1:], 1, "expected the template's header"),
    "an empty file": (lambda f: [], 1, "(empty file)"),
    "an empty value": (lambda f: put(f, 9, f[8][:-1]), 9, "AU26 = (empty): expected 0 or 1"),
    "a value out of range": (lambda f: put(f, 9, f[8][:-1] + "2"), 9, "AU26 = 2: expected 0 or 1"),
    "a negative value": (lambda f: put(f, 9, "-1" + f[8][1:]), 9, "AU1 = -1: expected 0 or 1"),
    "a value that is no integer": (lambda f: put(f, 9, f[8][:-1] + "0.5"), 9, "= 0.5: expected 0 or 1"),
    "NaN": (lambda f: put(f, 9, f[8][:-1] + "nan"), 9, "= nan: expected 0 or 1"),
    "too few fields": (lambda f: put(f, 9, f[8][:-2]), 9, "fields = 11: expected 12 values"),
    "too many fields": (lambda f: put(f, 9, f[8] + ",0"), 9, "fields = 13: expected 12 values"),
    "a blank line": (lambda f: put(f, 9, ""), 9, "(empty line)"),
    "a blank line at the end": (lambda f: [*f, ""], 14, "expected the end of the file"),
    "an image location": (lambda f: put(f, 9, "v2/00008.jpg," + f[8]), 9, "AU1 = v2/00008.jpg"),
    "another separator": (lambda f: put(f, 9, f[8].replace(",", ";")), 9, "fields = 1"),
}


@pytest.fixture(scope="module")
def good_folder(mien, world):
    form = folder_form(world.path / "damage", "au", {"absent": 3, "v2": 12})
    submitted(mien, world, form, world.path / "right")
    return form, world.path / "right"


@pytest.mark.parametrize("damage, line, fragment", FILE_DAMAGE.values(), ids=FILE_DAMAGE)
def test_check_of_a_folder_names_file_and_line(mien, good_folder, damage, line, fragment, tmp_path):
    form, right = good_folder
    shutil.copytree(right, tmp_path / "out")
    (tmp_path / "out" / "v2.txt").write_bytes(text_of(damage((right / "v2.txt").read_text().splitlines())))
    done = mien("submit", "--check", tmp_path / "out", "--template", form)
    refused(done, f"out/v2.txt line {line}", fragment)


def test_check_of_a_folder_wants_the_same_videos(mien, good_folder, tmp_path):
    form, right = good_folder
    for name, change in {"missing": lambda out: (out / "v2.txt").unlink(),
                         "extra": lambda out: shutil.copy(out / "v2.txt", out / "v9.txt"),
                         "renamed": lambda out: (out / "v2.txt").rename(out / "V2.txt")}.items():
        out = shutil.copytree(right, tmp_path / name)
        change(out)
        refused(mien("submit", "--check", out, "--template", form), "v9.txt" if name == "extra" else "v2.txt")
    refused(mien("submit", "--check", right / "v2.txt", "--template", form), "--check", "folder")


# -- at full size --------------------------------------------------------------------------------------


def test_a_million_rows(mien, mien_binary, world, tmp_path):
    """formats.md, 4: 1,022,655 rows of 228 videos, here with duplicates, gaps and absent videos."""
    rng = np.random.default_rng(4)
    total, videos = 1_022_655, [f"{i}-30-1280x720" for i in range(228)]
    lengths = rng.multinomial(total - 5000 - 228 * 50, rng.dirichlet(np.full(228, 3.0))) + 50
    run, bank = tmp_path / "run", tmp_path / "bank"
    shutil.copytree(world.path / "expr", run, ignore=shutil.ignore_patterns("evaluation"))
    write_bank(bank, {v: ([1], np.zeros((1, 8))) for v in videos[:-3]}, 8)  # scores come from the cache
    known = [np.sort(rng.choice(np.arange(1, n + 1), max(1, int(n * 0.9)), replace=False)) for n in lengths[:-3]]
    rows = [(v, f) for v, n in zip(videos, lengths) for f in range(1, n + 1)]
    rows += [rows[i] for i in np.sort(rng.integers(0, len(rows), total - len(rows)))]
    form = form_of(tmp_path / "t.txt", "expr", rows)
    submitted(mien, SimpleNamespace(run=run, bank=bank), form, tmp_path / "first.txt")
    cache, = (run / "evaluation").glob("scores-*.safetensors")
    frames = np.concatenate(known).astype(np.int32)
    logits = rng.normal(size=(len(frames), 8)).astype(np.float32)
    layout = json.dumps([[v, len(k)] for v, k in sorted(zip(videos, known))])
    order = np.argsort(np.array(videos[:-3]), kind="stable")
    at = np.cumsum([0, *[len(k) for k in known]])
    index = np.concatenate([np.arange(at[i], at[i + 1]) for i in order])
    save_file({"frames": frames[index], "expr": logits[index]}, cache, metadata={"videos": layout})
    start = time.perf_counter()
    memory = peak(mien_binary, "submit", run, "--template", form, "--bank", bank, "--out", tmp_path / "p.txt",
                  "--threads", 2, "--quiet")
    seconds = time.perf_counter() - start
    with open(form) as asked, open(tmp_path / "p.txt") as given:
        next(asked), next(given)
        values = []
        for line, answer in zip(asked, given, strict=True):
            assert answer.startswith(line[:-1])
            values.append(int(answer[len(line) - 1 :]))
    assert len(values) == total and set(values) <= set(range(8))
    powers = np.exp(logits.astype(np.float64))
    p = powers / powers.sum(1, keepdims=True)
    wrong, first = 0, 0
    for v in range(225):
        dense = at_frames(known[v], p[at[v] : at[v + 1]], np.arange(1, lengths[v] + 1)).argmax(1)
        wrong += int((np.array(values[first : first + lengths[v]]) != dense).sum())
        first += lengths[v]
    assert wrong <= 5  # a score on the edge may fall either way
    print(f"{total} rows in {seconds:.2f} s, {memory:.0f} MiB")
    assert memory < 500 * 1e6 / 2**20
    assert seconds < 5 * max(1.0, os.getloadavg()[0] / os.cpu_count()), (seconds, os.getloadavg())
