"""`mien inspect` on every kind of thing, whole and damaged, and `mien doctor`: the facts as JSON, one line of error."""

import hashlib
import json
import os
import shutil
import zipfile

import pytest
import torch

from helpers import CONFIGS, Synthetic, read_safetensors, refused, result_json, write_labels

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit


def inspect(mien, path, *flags):
    found = result_json(mien("inspect", path, "--json", *flags))
    assert found["valid"] is True and found["problems"] == []
    return found


def test_an_encoder_tells_its_preprocessing(mien, world):
    for flags in ([], ["--verify"]):
        found = inspect(mien, world / "encoder.pt", *flags)
        assert found["kind"] == "encoder" and found["name"] == "test-encoder"
        assert (found["image_size"], found["embedding_dim"], found["resize"]) == (16, 8, "bicubic")
        assert (found["mean"], found["std"]) == ([0.5, 0.4, 0.3], [0.2, 0.25, 0.3])
        assert found["file_sha256"] == hashlib.sha256((world / "encoder.pt").read_bytes()).hexdigest()


def test_a_bank_tells_its_videos_frames_and_failures(mien, world, tmp_path):
    bank = world / "data" / "bank"
    found = inspect(mien, bank, "--verify")
    frames = [len(read_safetensors(path)[0]["frames"]) for path in bank.glob("*.safetensors")]
    assert found["kind"] == "bank" and found["embedding_dim"] == 8 and found["failed"] == 0
    assert (found["videos"], found["frames"]) == (len(frames), sum(frames))
    shutil.copytree(world / "images", tmp_path / "images")
    (tmp_path / "images" / "v0" / "00002.jpg").write_bytes(b"")
    mien("encode", "--images", tmp_path / "images", "--encoder", world / "encoder.pt", "--bank", tmp_path / "bank")
    found = inspect(mien, tmp_path / "bank")
    assert (found["videos"], found["frames"], found["failed"]) == (1, 1, 1)
    assert found["failures"][0]["video"] == "v0" and found["failures"][0]["frame"] == 2
    assert found["failures"][0]["reason"] and found["sources"] == [str(tmp_path / "images")]


def test_annotations_tell_rows_and_valid_rows(mien, world):
    found = inspect(mien, world / "data" / "annotations")
    assert found["kind"] == "annotations" and set(found["tasks"]) == {"expr", "au"}
    for task, folder in (("expr", "EXPR_Recognition_Challenge"), ("au", "AU_Detection_Challenge")):
        for split, name in (("train", "Train_Set"), ("validation", "Validation_Set")):
            files = list((world / "data" / "annotations" / folder / name).glob("*.txt"))
            rows = [line for path in files for line in path.read_text().splitlines()[1:]]
            valid = [line for line in rows if "-1" not in line.split(",")]
            expected = {"videos": len(files), "rows": len(rows), "valid_rows": len(valid)}
            assert {key: found["tasks"][task][split][key] for key in expected} == expected


def test_a_run_tells_its_tasks_and_both_sets_of_weights(mien, world):
    found = inspect(mien, world / "run", "--verify")
    assert found["kind"] == "run" and found["tasks"] == ["expr"] and found["input_dim"] == 8
    assert found["best"]["epoch"] == found["last"]["epoch"] == 1
    assert found["encoders"] == ["synthetic"] and found["banks"] == [str(world / "data" / "bank")]


def test_a_submission_and_a_template_tell_their_task_and_rows(mien, world):
    found = inspect(mien, world / "template.txt")
    assert found["kind"] == "submission" and found["task"] == "expr"
    assert (found["rows"], found["videos"]) == (2, 1)
    assert inspect(mien, world / "short.txt")["rows"] == 1


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_packed_submission_is_told_from_an_encoder_by_what_is_in_it(mien, world, tmp_path):
    template = (world / "template.txt").read_text()
    found = inspect(mien, zipped(tmp_path / "one.pt", {"predictions.txt": template}))
    assert (found["kind"], found["task"], found["rows"], found["layout"]) == ("submission", "expr", 2, "one file")
    video = "valence,arousal\n0.5,-0.5\n0,0\n"
    several = zipped(tmp_path / "several.zip", {"x/a.txt": video, "x/b.txt": video, "__MACOSX/x/._a.txt": "junk"})
    found = inspect(mien, several)
    assert (found["kind"], found["task"], found["rows"], found["videos"]) == ("submission", "va", 4, 2)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text(video)
    assert inspect(mien, tmp_path / "folder")["rows"] == 2
    shutil.copy(world / "encoder.pt", tmp_path / "encoder.zip")
    assert inspect(mien, tmp_path / "encoder.zip")["kind"] == "encoder"
    done = mien("inspect", zipped(tmp_path / "bad.zip", {"a.txt": video + "0,7\n", "b.txt": video}), "--json")
    refused(done, "a.txt line 4, arousal = 7")
    assert json.loads(done.stdout)["kind"] == "submission"
    refused(mien("inspect", zipped(tmp_path / "photos.zip", {"a.png": "x", "b.png": "y"})), "photos.zip", "a.png, b.png")
    (tmp_path / "cut.pt").write_bytes((world / "encoder.pt").read_bytes()[:2000])
    done = mien("inspect", tmp_path / "cut.pt", "--json")
    refused(done, "cut.pt")
    assert json.loads(done.stdout)["kind"] == "encoder"


def test_a_list_of_videos_tells_how_many_and_what_it_does_not_know(mien, tmp_path):
    (tmp_path / "names.txt").write_text("1-30-1280x720\n102,7\n")
    found = inspect(mien, tmp_path / "names.txt")
    assert (found["kind"], found["layout"], found["task"]) == ("submission", "a list of videos", None)
    assert (found["videos"], found["rows"], found["uncounted_videos"]) == (2, 7, 1)


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_decisions(run, sha256, weights="best", **more):
    smoothing = {"kind": "box", "half_window": 3}
    runs = [{"path": ".", "weights": weights, "weights_sha256": sha256}, *more.pop("others", [])]
    (run / "decisions.json").write_text(json.dumps({
        "format": "mien-decisions", "version": 1, "runs": runs,
        "tasks": {"expr": {"smoothing": smoothing, "bias": [0.5] + [0] * 7}}} | more))


def test_a_run_tells_its_decisions_and_whether_they_are_of_its_weights(mien, world, tmp_path):
    run = shutil.copytree(world / "run", tmp_path / "run")
    assert inspect(mien, run)["decisions"] is None
    best, last = (digest_of(run / f"{which}.safetensors") for which in ("best", "last"))
    write_decisions(run, best)
    found = inspect(mien, run)
    assert found["best"]["sha256"] == best and found["last"]["sha256"] == last
    assert found["warnings"] == inspect(mien, world / "run")["warnings"]
    decisions = found["decisions"]
    assert decisions["matches_best"] is True
    assert decisions["tuned_on"] == [{"run": ".", "weights": "best", "weights_sha256": best, "matches": True}]
    assert decisions["tasks"]["expr"] == {"smoothing": {"kind": "box", "half_window": 3}, "bias": [0.5] + [0] * 7}
    text = mien("inspect", run).stdout
    assert f'"weights_sha256":"{best}"' in text and "matches_best: true" in text and "half_window: 3" in text
    write_decisions(run, "0" * 64)
    found = inspect(mien, run)
    assert found["decisions"]["matches_best"] is False and found["decisions"]["tuned_on"][0]["matches"] is False
    assert any("other weights" in warning and "best.safetensors" in warning for warning in found["warnings"])
    assert "warning: decisions.json was tuned on other weights" in mien("inspect", run).stdout
    write_decisions(run, last, "last", others=[{"path": str(tmp_path / "gone"), "weights": "best",
                                                "weights_sha256": best}])
    found = inspect(mien, run)
    assert found["decisions"]["matches_best"] is (last == best)
    assert [entry["matches"] for entry in found["decisions"]["tuned_on"]] == [True, None]
    assert any("gone" in warning and "not there" in warning for warning in found["warnings"])


@pytest.mark.parametrize("content, fragment", [("{", "no JSON"), ('{"format": "mien-decisions"}', "version"),
                                               ('{"format": "other", "version": 1}', "format = other")])
def test_damaged_decisions_make_a_run_not_valid(mien, world, tmp_path, content, fragment):
    run = shutil.copytree(world / "run", tmp_path / "run")
    (run / "decisions.json").write_text(content)
    done = mien("inspect", run, "--json")
    refused(done, "decisions.json", fragment)
    found = json.loads(done.stdout)
    assert found["valid"] is False and found["decisions"] is None and len(found["problems"]) == 1


def test_decisions_of_a_value_out_of_range_name_the_key(mien, world, tmp_path):
    run = shutil.copytree(world / "run", tmp_path / "run")
    write_decisions(run, "0" * 64, tasks={"expr": {"smoothing": {"kind": "box", "half_window": -1}}})
    refused(mien("inspect", run), "decisions.json tasks.expr.smoothing.half_window = -1")


DAMAGED = [("encoder", "nostd.pt", [], "std"), ("encoder", "lies.pt", ["--verify"], "9"),
           ("bank", "cut", [], "102.safetensors"), ("bank", "nan", ["--verify"], "102.safetensors"),
           ("bank", "version", [], "version"), ("annotations", "labels9", [], "102.txt"),
           ("run", "damaged-run", [], "best.safetensors"), ("submission", "value.txt", [], "line 3")]


@pytest.mark.parametrize("kind, name, flags, fragment", DAMAGED, ids=[f"{k} {n}" for k, n, *_ in DAMAGED])
def test_what_is_damaged_is_described_as_json_beside_one_error_line(mien, world, kind, name, flags, fragment):
    done = mien("inspect", world / name, "--json", *flags)
    refused(done, fragment, name)
    found = json.loads(done.stdout)
    assert found["kind"] == kind and found["valid"] is False
    assert len(found["problems"]) >= 1 and any(fragment in problem for problem in found["problems"])


@pytest.mark.parametrize("kind, name", [("bank", "nan"), ("encoder", "lies.pt")])
def test_verify_finds_what_the_headers_do_not_tell(mien, world, kind, name):
    assert inspect(mien, world / name)["kind"] == kind
    refused(mien("inspect", world / name, "--verify"), name)


def test_a_run_that_lost_files_names_each(mien, world, tmp_path):
    shutil.copytree(world / "run", tmp_path / "run")
    for name in ("metrics.csv", "state.safetensors"):
        (tmp_path / "run" / name).unlink()
    done = mien("inspect", tmp_path / "run", "--json")
    refused(done, "2 problems")
    problems = json.loads(done.stdout)["problems"]
    assert any("metrics.csv" in p for p in problems) and any("state.safetensors" in p for p in problems)


def test_doctor_tells_what_this_machine_would_use(mien):
    found = result_json(mien("doctor", "--json"))
    assert {"version", "git", "torch", "devices", "device", "processors", "threads", "dtype"} <= set(found)
    assert found["torch"].startswith(torch.__version__.split("+")[0])
    assert "cpu" in found["devices"] and found["device"] in found["devices"]
    assert found["processors"] == len(os.sched_getaffinity(0))
    assert found["threads"] >= 1 and found["dtype"] in ("fp32", "bf16", "fp16")
    assert result_json(mien("doctor", "--json", "--threads", 1, "--device", "cpu"))["threads"] == 1
    text = mien("doctor").stdout
    assert found["torch"] in text and found["version"] in text


def test_recordings_on_both_sides_are_a_warning_for_annotations_and_for_a_run(mien, tmp_path):
    data = Synthetic(tmp_path, seed=1, dim=8, rows_a_video=20, train=["a_left", "b", "x"], validation=["a_right", "y"])
    write_labels(data.annotations, "au", "validation", "b", [[0] * 12] * 3)  # of this task alone
    found = inspect(mien, data.annotations)
    assert found["tasks"]["expr"]["recordings_in_both_splits"] == ["a"]
    assert found["tasks"]["au"]["recordings_in_both_splits"] == ["a", "b"]
    assert found["recordings_in_both_splits"] == ["a", "b"]
    assert sorted(w.split(":")[0] for w in found["warnings"]) == ["au", "expr"]
    for config, shared in (("expr", ["a"]), ("joint", ["a", "b"])):
        done = mien("train", CONFIGS / f"{config}.yaml", *data.arguments(), "epochs=1", "head.layers=1", "--out",
                    tmp_path / config, "--threads", 1, "--quiet")
        assert done.returncode == 0, done.stderr
        found = inspect(mien, tmp_path / config)
        assert found["recordings_in_both_splits"] == shared and len(found["warnings"]) == 1
        assert f"{len(shared)} recordings are in training and in validation" in found["warnings"][0]
    assert "warning: split: 2 recordings" in mien("inspect", tmp_path / "joint").stdout
    folds = mien("train", CONFIGS / "expr.yaml", *data.arguments(), "epochs=1", "split.folds=2", "--out",
                 tmp_path / "folds", "--threads", 1, "--quiet")
    assert folds.returncode == 0, folds.stderr
    assert inspect(mien, tmp_path / "folds")["warnings"] == []
    shutil.rmtree(data.annotations)
    found = inspect(mien, tmp_path / "joint")  # the run is whole, only its labels are elsewhere
    assert found["recordings_in_both_splits"] is None and "annotations" in found["warnings"][0]
