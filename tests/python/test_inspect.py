"""`mien inspect` on every kind of thing, whole and damaged, and `mien doctor`: the facts as JSON, one line of error."""

import hashlib
import json
import os
import shutil

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
