"""Valence and arousal, alone and beside EXPR and AU: training, evaluation and submissions recomputed in numpy."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from sklearn.metrics import f1_score

from helpers import CONFIGS, Synthetic, metrics, read_safetensors, refused, result_json

EXACT = 1e-12
TASKS = ["expr", "au", "va"]
SHORT = ["epochs=6", "batch_size=64", "head.layers=2", "head.dropout=.1", "optimizer.lr=.005"]
MTL_HEADER = "image,valence,arousal,expression,aus"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return Synthetic(tmp_path_factory.mktemp("data"), seed=8, dim=24, rows_a_video=50, noise=0.7, va=True)


@pytest.fixture(scope="module")
def train(mien, data, tmp_path_factory):
    """train(preset, keys...) -> (CompletedProcess, run)"""

    def run(preset, *keys, flags=("--json", "--quiet"), arguments=None):
        folder = tmp_path_factory.mktemp(preset) / "run"
        done = mien("train", CONFIGS / f"{preset}.yaml", *(arguments or data.arguments()), *SHORT, *keys, "--out",
                    folder, "--threads", 1, *flags)
        return done, folder

    return run


@pytest.fixture(scope="module")
def joint(train):
    done, run = train("multitask")
    return SimpleNamespace(found=result_json(done), run=run)


@pytest.fixture(scope="module")
def evaluated(mien, joint):
    return result_json(mien("evaluate", joint.run, "--bootstrap", 200, "--json", "--quiet"))


def predictions(run):
    """{video: (frames, {task: what is decided from})} of the run's one file of scores, VA by tanh."""
    (path,) = (run / "evaluation").glob("scores-*.safetensors")
    arrays, metadata = read_safetensors(path)
    by_task = {}
    if "expr" in arrays:
        powers = np.exp(arrays["expr"].astype(float))
        by_task |= {"expr": powers / powers.sum(1, keepdims=True), "au": 1 / (1 + np.exp(-arrays["au"].astype(float)))}
    by_task["va"] = np.tanh(arrays["va"].astype(float)).astype(np.float32).astype(float)
    out, at = {}, 0
    for name, count in json.loads(metadata["videos"]):
        out[name] = (arrays["frames"][at : at + count], {t: v[at : at + count] for t, v in by_task.items()})
        at += count
    return out


@pytest.fixture(scope="module")
def scores(joint, evaluated):
    """Of the validation videos, as `evaluate` left them."""
    return predictions(joint.run)


def ccc(truth, predicted):
    off = ((truth - truth.mean(0)) * (predicted - predicted.mean(0))).mean(0)
    return 2 * off / (truth.var(0) + predicted.var(0) + (truth.mean(0) - predicted.mean(0)) ** 2)


def pairs(data, scores, task):
    """Labels of the validation frames that have one, and what is predicted there."""
    truth, predicted = [], []
    for name, video in data.videos["validation"].items():
        frames, of_task = scores[name]
        np.testing.assert_array_equal(frames, video["frames"])
        labels = video[task].reshape(len(frames), -1)
        known = (labels != -5).all(1) if task == "va" else (labels >= 0).all(1)
        truth.append(labels[known])
        predicted.append(of_task[task][known])
    return np.concatenate(truth), np.concatenate(predicted)


def test_evaluate_equals_numpy_on_the_cached_scores(data, evaluated, scores):
    truth, predicted = pairs(data, scores, "va")
    found = evaluated["tasks"]["va"]
    expected = ccc(truth, predicted)
    assert [found["valence"], found["arousal"]] == pytest.approx(list(expected), abs=EXACT)
    assert found["ccc"] == pytest.approx(expected.mean(), abs=EXACT) and found["ccc"] > 0.5
    assert (found["frames"], found["videos"]) == (len(truth), len(scores))
    low, high = found["ci95"]
    assert low < found["ccc"] < high
    truth, predicted = pairs(data, scores, "expr")
    expr = f1_score(truth[:, 0], predicted.argmax(1), labels=range(8), average="macro", zero_division=0)
    truth, predicted = pairs(data, scores, "au")
    au = f1_score(truth, predicted >= 0.5, average="macro", zero_division=0)
    assert evaluated["tasks"]["mtl"]["p"] == pytest.approx(expr + au + expected.mean(), abs=EXACT)


def test_missing_frames_of_va_are_those_without_an_embedding(data, evaluated):
    annotated = sum(int((v["all_va"] != -5).all(1).sum()) for v in data.videos["validation"].values())
    found = evaluated["tasks"]["va"]
    assert found["missing_frames"] == annotated - found["frames"] > 0


def test_summary_and_table_hold_what_evaluate_measures(joint, evaluated):
    """To rounding: a frame's logits depend a little on what else is in the product."""
    table = metrics(joint.run)
    assert list(table[0])[4:7] == ["validation_expr_f1", "validation_au_f1", "validation_va_ccc"]
    for key in ("best", "last"):
        row = table[joint.found[key]["epoch"] - 1]
        assert joint.found[key]["va_ccc"] == float(row["validation_va_ccc"])
    assert evaluated["tasks"]["va"]["ccc"] == pytest.approx(joint.found["best"]["va_ccc"], abs=1e-6)
    means = [np.mean([float(row[c]) for c in list(row)[4:7]]) for row in table]
    assert joint.found["best"]["epoch"] == 1 + int(np.argmax(means))
    head = json.loads(read_safetensors(joint.run / "best.safetensors")[1]["mien"])
    assert head["metrics"]["validation_va_ccc"] == joint.found["best"]["va_ccc"] and head["tasks"] == TASKS


def test_the_preset_va_trains_one_head_and_learns(train, data):
    done, run = train("va", "select=va_ccc", "epochs=20", "head.dropout=0")
    found = result_json(done)
    assert found["best"]["expr_f1"] is None and found["best"]["va_ccc"] > 0.8
    column = [float(row["validation_va_ccc"]) for row in metrics(run)]
    assert found["best"]["epoch"] == 1 + int(np.argmax(column)) and metrics(run)[0]["validation_au_f1"] == ""
    arrays, metadata = read_safetensors(run / "best.safetensors")
    assert arrays["heads.va.weight"].shape == (2, 24) and arrays["heads.va.bias"].shape == (2,)
    means = np.concatenate([v["va"][(v["va"] != -5).all(1)] for v in data.videos["train"].values()]).mean(0)
    assert json.loads(metadata["mien"])["va_means"] == pytest.approx(list(means), abs=1e-7)
    record = json.loads((run / "record.json").read_text())
    assert record["training"]["va_means"] == pytest.approx(list(means), abs=1e-7)
    assert record["training"]["rows"] == record["training"]["tasks"]["va"]["rows"] == len(data.rows("train", ["va"])[0])


def test_the_loss_of_va_is_ccc_or_mse(train):
    by_ccc, by_mse = (train("va", f"loss.va={kind}")[1] for kind in ("ccc", "mse"))
    first = [float(metrics(run)[0]["train_loss"]) for run in (by_ccc, by_mse)]
    assert first[0] != first[1]
    alpha = [metrics(train("va", f"loss.va={kind}", "loss.cvar.alpha=.1", "epochs=1")[1])[0]["train_loss"]
             for kind in ("ccc", "mse")]
    assert alpha[0] == metrics(by_ccc)[0]["train_loss"]  # one number a batch has no tail
    assert float(alpha[1]) > first[1]


def test_learned_weights_and_a_moving_alpha_are_part_of_the_run(train, joint):
    keys = ["loss.task_weighting=learned", "loss.cvar.alpha_epochs=3"]
    done, run = train("multitask", *keys, flags=())
    assert done.returncode == 0 and "learned task weights: expr " in done.stderr, done.stderr
    again = train("multitask", *keys)[1]
    assert read_safetensors(run / "last.safetensors")[0].keys() == read_safetensors(joint.run / "last.safetensors")[0].keys()
    assert (run / "last.safetensors").read_bytes() == (again / "last.safetensors").read_bytes()
    assert (run / "last.safetensors").read_bytes() != (joint.run / "last.safetensors").read_bytes()
    state = read_safetensors(run / "state.safetensors")[0]
    assert state["log_variances"].shape == (3,) and (np.abs(state["log_variances"]) > 0.01).all()
    assert "log_variances" not in read_safetensors(joint.run / "state.safetensors")[0]


def test_dry_run_counts_valence_and_arousal(train, data):
    done, _ = train("multitask", flags=["--dry-run"])
    assert done.returncode == 0, done.stderr
    videos = data.videos["train"].values()
    rows = sum(int((v["va"] != -5).all(1).sum()) for v in videos)
    annotated = sum(int((v["all_va"] != -5).all(1).sum()) for v in videos)
    assert f"va: {rows} labelled rows, {annotated - rows} more without an embedding" in done.stdout
    assert "mean valence" in done.stdout


def test_inspect_knows_the_third_task(mien, data, joint):
    found = result_json(mien("inspect", data.annotations, "--json"))
    rows = sum(int((v["all_va"] != -5).all(1).sum()) for v in data.videos["train"].values())
    assert found["tasks"]["va"]["train"]["valid_rows"] == rows
    run = result_json(mien("inspect", joint.run, "--verify", "--json"))
    assert run["tasks"] == TASKS and run["best"]["metrics"]["validation_va_ccc"] == joint.found["best"]["va_ccc"]


def write_template(path, header, rows):
    path.write_text("\n".join([header, *(f"{video}/{frame:05d}.jpg," for video, frame in rows)]) + "\n")
    return path


def template_rows(data):
    """Frames with and without embeddings, one twice, and a video that nobody has seen."""
    rows = [(name, frame) for name in data.videos["validation"] for frame in range(1, 62, 3)]
    return [*rows, rows[4], ("stranger", 1), ("stranger", 2)]


@pytest.fixture
def expected_va(scores):
    """numpy's linear interpolation of tanh(scores), the nearest value at the ends; the mean for a stranger."""

    def at(video, frame, means):
        if video not in scores:
            return np.array(means)
        frames, of_task = scores[video]
        return np.array([np.interp(frame, frames, column) for column in of_task["va"].T])

    return at


@pytest.mark.parametrize("header", ["image_location,valence,arousal", MTL_HEADER])
def test_a_submission_holds_tanh_of_the_scores_once(mien, data, joint, expected_va, header, tmp_path):
    rows = template_rows(data)
    form = write_template(tmp_path / "form.txt", header, rows)
    submitted = mien("submit", joint.run, "--template", form, "--bank", data.bank, "--out", tmp_path / "p.txt", "--json",
                     "--quiet")
    found = result_json(submitted)
    assert found["task"] == ("mtl" if header == MTL_HEADER else "va") and found["rows"] == len(rows)
    assert found["videos_without_embeddings"] == ["stranger"] and found["interpolated_rows"] > 0
    means = json.loads(read_safetensors(joint.run / "best.safetensors")[1]["mien"])["va_means"]
    lines = (tmp_path / "p.txt").read_text().splitlines()
    assert lines[0] == header and len(lines) == len(rows) + 1
    for (video, frame), line in zip(rows, lines[1:]):
        name, valence, arousal, *others = line.split(",")
        assert name == f"{video}/{frame:05d}.jpg" and len(others) == (13 if header == MTL_HEADER else 0)
        np.testing.assert_allclose([float(valence), float(arousal)], expected_va(video, frame, means),
                                   atol=6e-7, err_msg=line)
    checked = mien("submit", "--check", tmp_path / "p.txt", "--template", form)
    assert checked.returncode == 0, checked.stderr


def write_list(path, data, split):
    """The multi-task list: sparse frames of all videos, each task not valid on its own."""
    lines = [MTL_HEADER]
    for name, video in data.videos[split].items():
        for row in range(0, len(video["all_expr"]), 2):
            fields = [*(f"{v:g}" for v in video["all_va"][row]), video["all_expr"][row], *video["all_au"][row]]
            lines.append(",".join(map(str, [f"{name}/{row + 1:05d}.jpg", *fields])))
    path.write_text("\n".join([*lines, lines[3]]) + "\n")


def test_the_multi_task_lists_train_and_evaluate(mien, train, data, tmp_path):
    write_list(tmp_path / "training_set_annotations.txt", data, "train")
    write_list(tmp_path / "validation_set_annotations.txt", data, "validation")
    done, run = train("multitask", "epochs=2", arguments=[f"bank={data.bank}", f"annotations={tmp_path}"])
    found = result_json(done)
    record = json.loads((run / "record.json").read_text())
    known = 0
    for video in data.videos["train"].values():
        listed = video["frames"] % 2 == 1  # the list has every second frame, from the first on
        known += int((video["va"][listed] != -5).all(1).sum())
    assert record["training"]["tasks"]["va"]["rows"] == known > 50
    evaluated = result_json(mien("evaluate", run, "--bootstrap", 0, "--json", "--quiet"))["tasks"]
    assert evaluated["va"]["ccc"] == pytest.approx(found["best"]["va_ccc"], abs=1e-6)
    parts = evaluated["expr"]["f1"] + evaluated["au"]["f1"] + evaluated["va"]["ccc"]
    assert evaluated["mtl"]["p"] == pytest.approx(parts, abs=EXACT)


def test_presets_name_every_key(train):
    printed = train("multitask", flags=["--print-config"])[0]
    assert printed.returncode == 0, printed.stderr

    def keys(node, prefix=""):
        if not isinstance(node, dict):
            return {prefix}
        return set().union(*(keys(v, f"{prefix}.{k}" if prefix else k) for k, v in node.items()))

    every = keys(yaml.safe_load(printed.stdout)) - {"bank", "annotations", "init"}
    for preset in sorted(CONFIGS.glob("*.yaml")):
        assert keys(yaml.safe_load(preset.read_text())) == every, preset.name


@pytest.mark.parametrize("keys, fragments", [
    (["tasks=[expr,va,va]"], ["tasks = va", "is there twice", "each task once"]),
    (["tasks=[]"], ["tasks = []", "expr, au, va"]),
    (["tasks=[vaa]"], ["tasks", "vaa", "did you mean va?"]),
    (["tasks=[expr]", "select=va_ccc"], ["select = va_ccc", "expected one of f1, loss, expr_f1"]),
    (["loss.continuous=ccc2"], ["loss.continuous = ccc2", "did you mean ccc?"]),
    (["loss.va=ccc2"], ["loss.va = ccc2", "did you mean ccc?"]),
    (["loss.va=[ccc]"], ["loss.va"]),
    (["loss.task_weighting=learn"], ["loss.task_weighting = learn", "did you mean learned?"]),
    (["loss.task_weighting=learned", "loss.task_weights=[1,0,1]"], ["loss.task_weights = 0", "above 0"]),
    (["loss.task_weights=[1,-1,1]"], ["loss.task_weights", "at least 0"]),
    (["loss.cvar.alpha_start=0"], ["loss.cvar.alpha_start = 0", "(0, 1]"]),
    (["loss.cvar.alpha_start=1.5"], ["loss.cvar.alpha_start = 1.5", "(0, 1]"]),
    (["loss.cvar.alpha_epochs=-2"], ["loss.cvar.alpha_epochs = -2", "whole number"]),
    (["loss.cvar.alpha_epochs=1.5"], ["loss.cvar.alpha_epochs = 1.5", "whole number"]),
])
def test_bad_keys_are_named(train, keys, fragments):
    done, run = train("multitask", *keys, flags=["--quiet"])
    refused(done, *fragments)
    assert not run.exists()


def test_annotations_without_va_are_refused(mien, train, tmp_path):
    other = Synthetic(tmp_path, seed=3, dim=6, rows_a_video=8)
    done, run = train("va", arguments=other.arguments(), flags=["--quiet"])
    refused(done, "annotations", "VA_Estimation_Challenge")
    assert not run.exists()


def test_a_value_out_of_range_is_named_with_its_line(train, tmp_path):
    other = Synthetic(tmp_path, seed=3, dim=6, rows_a_video=8, va=True)
    file = other.annotations / "VA_Estimation_Challenge" / "Train_Set" / "102.txt"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], "0.5,1.5", *lines[4:]]) + "\n")
    refused(train("va", arguments=other.arguments(), flags=["--quiet"])[0], "102.txt:4", "1.5")


def test_a_run_without_va_fills_no_va_template(mien, train, data, tmp_path):
    done, run = train("joint", "epochs=1")
    assert done.returncode == 0, done.stderr
    form = write_template(tmp_path / "form.txt", MTL_HEADER, [("100", 1)])
    refused(mien("submit", run, "--template", form, "--bank", data.bank, "--out", tmp_path / "p.txt", "--quiet"),
            "the task va", "RUN predicts expr, au")
