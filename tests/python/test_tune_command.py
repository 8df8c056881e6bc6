"""mien tune through the binary: what it reports is what evaluate and submit then do, also for blends of two encoders."""

import hashlib
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from helpers import CONFIGS, EXPRESSIONS, FOLDERS, SPLITS, UNITS, Synthetic, read_safetensors, refused, result_json, tree, write_bank
from test_tuning import KINDS, smooth_at

EXACT = 1e-12
VALIDATION = ["100", "11-24", "9_left", "9_right", "video9", "x1", "x2"]


@pytest.fixture(scope="module")
def world(mien, tmp_path_factory):
    """A joint run, an EXPR run on another encoder's bank, and what tune says of both together."""
    w = tmp_path_factory.mktemp("tune")
    data = Synthetic(w / "data", seed=4, dim=8, rows_a_video=150, validation=VALIDATION, noise=2.5, invalid=0.05)
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(8, 6))
    other = {}
    for side in data.videos.values():
        for name, video in side.items():
            keep = np.sort(rng.permutation(len(video["x"]))[: len(video["x"]) - 3])  # another detector, other frames
            x = centres[np.maximum(video["expr"], 0)] + rng.normal(size=(len(video["x"]), 6))
            other[name] = (video["frames"][keep], x[keep])
    bank2 = write_bank(w / "bank2", other, 6, "another encoder")
    train = ["epochs=6", "batch_size=64", "head.layers=1", "head.dropout=0", "optimizer.lr=.01"]
    for config, bank, out in (("joint", data.bank, "run"), ("expr", bank2, "run2")):
        result_json(mien("train", CONFIGS / f"{config}.yaml", f"bank={bank}", f"annotations={data.annotations}", *train,
                         "--out", w / out, "--json", "--quiet"))
    shutil.copytree(w / "run", w / "alone")
    raw = result_json(mien("evaluate", w / "run", "--json", "--quiet"))
    tuned = result_json(mien("tune", w / "run", w / "run2", "--json", "--quiet"))
    return SimpleNamespace(path=w, data=data, bank2=bank2, run=w / "run", run2=w / "run2", raw=raw, tuned=tuned)


def evaluated(mien, run, *arguments):
    return result_json(mien("evaluate", run, "--json", "--quiet", *arguments))


@pytest.mark.parametrize("task", ["expr", "au"])
def test_the_numbers_are_those_of_evaluate(mien, world, task):
    found = world.tuned[task]
    again, raw = (evaluated(mien, world.run, *flags)["tasks"][task] for flags in ([], ["--raw"]))
    assert raw == world.raw["tasks"][task]
    assert found["raw_f1"] == raw["f1"] and found["raw_ci95"] == raw["ci95"]
    assert found["in_sample_f1"] == again["f1"] and found["in_sample_ci95"] == again["ci95"]
    assert (found["frames"], found["videos"]) == (again["frames"], again["videos"]) == (raw["frames"], raw["videos"])
    assert found["gain"] == pytest.approx(found["out_of_fold_f1"] - found["raw_f1"], abs=EXACT)


def test_the_report_has_the_contract_and_a_row_an_ingredient(world):
    expr, au = world.tuned["expr"], world.tuned["au"]
    assert len(expr["bias"]) == 8 and len(au["thresholds"]) == 12
    for found, names in ((expr, ["blend", "smoothing", "levels", "blend+levels", "together"]),
                         (au, ["smoothing", "levels", "together"])):
        assert isinstance(found["smoothing"], int) and found["smoothing_kind"] in KINDS
        assert set(names) <= set(found["ingredients"])
        for row in found["ingredients"].values():
            low, high = row["out_of_fold_ci95"]
            assert low <= row["out_of_fold_f1"] <= high
            assert row["in_sample_f1"] >= found["raw_f1"] - EXACT
            assert row["gain"] == pytest.approx(row["out_of_fold_f1"] - found["raw_f1"], abs=EXACT)
        assert found["folds"] == 5
    assert "blend" not in au["ingredients"]  # one run predicts AUs
    saved = json.loads((world.run / "evaluation" / "tune.json").read_text())
    assert saved == world.tuned and saved["decisions"] == str(world.run / "decisions.json")


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_result_says_of_which_weights_and_decisions_it_is(mien, world, tmp_path):
    best = digest_of(world.run / "best.safetensors")
    assert (world.tuned["weights"], world.tuned["weights_sha256"]) == ("best", best)
    assert world.tuned["decisions_sha256"] == digest_of(world.run / "decisions.json")
    assert evaluated(mien, world.run)["weights_sha256"] == best
    shutil.copytree(world.run, tmp_path / "run")  # the scores of other weights stay out of the tests below
    last = evaluated(mien, tmp_path / "run", "--weights", "last", "--raw")
    assert last["weights_sha256"] == digest_of(world.run / "last.safetensors") != best


def test_numbers_on_the_videos_that_chose_the_decisions_are_marked(mien, world, tmp_path):
    shutil.copytree(world.path / "alone", tmp_path / "run")
    result_json(mien("tune", tmp_path / "run", "--bootstrap", 0, "--json", "--quiet"))
    for flags, marked in (([], True), (["--raw"], False), (["--split", "train"], False)):
        found = evaluated(mien, tmp_path / "run", *flags)
        text = mien("evaluate", tmp_path / "run", "--quiet", *flags).stdout
        assert found["in_sample"] == marked == ("optimistic: the decisions were tuned on these videos" in text)
    alone = world.path / "alone"
    for first, second, words in ((world.run, alone, "optimistic for A:"), (alone, world.run, "optimistic for B:"),
                                 (world.run, world.run, "the decisions of both")):
        text = mien("compare", first, second, "--bootstrap", 0, "--quiet").stdout
        (side,) = result_json(mien("compare", first, second, "--bootstrap", 0, "--json", "--quiet"))["comparisons"]
        assert side["in_sample"] == {"first": first == world.run, "second": second == world.run} and words in text
    assert "optimistic" not in mien("compare", world.run, alone, "--bootstrap", 0, "--raw", "--quiet").stdout


def test_loss_and_calibration_are_of_the_scores_before_decisions(mien, world):
    tuned = evaluated(mien, world.run)["tasks"]
    for task in ("expr", "au"):
        for key in ("loss", "calibration"):
            assert tuned[task][key] == world.raw["tasks"][task][key] and tuned[task][key]["scores"] == "before decisions"
    text = mien("evaluate", world.run, "--quiet").stdout
    lines = [line for line in text.splitlines() if "CVaR" in line or "calibration:" in line]
    assert len(lines) == 4 and all(line.endswith("before decisions") for line in lines)


def test_a_better_blend_is_kept_and_the_file_says_of_what(world):
    saved = json.loads((world.run / "decisions.json").read_text())
    assert (saved["format"], saved["version"]) == ("mien-decisions", 1)
    assert [run["path"] for run in saved["runs"]] == [".", str(world.run2)]
    assert world.tuned["expr"]["ingredients"]["blend"]["gain"] > 0
    assert sum(saved["tasks"]["expr"]["weights"]) == pytest.approx(1) and min(saved["tasks"]["expr"]["weights"]) > 0
    assert saved["tasks"]["expr"]["bias"] == world.tuned["expr"]["bias"]


def scores_of(run, task):
    """{video: (frames, probabilities)} of the largest cache."""
    path = max((run / "evaluation").glob("scores-*.safetensors"), key=lambda p: p.stat().st_size)
    arrays, metadata = read_safetensors(path)
    logits = arrays[task].astype(np.float64)
    if task == "expr":
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
    else:
        p = 1 / (1 + np.exp(-logits))
    out, at = {}, 0
    for name, count in json.loads(metadata["videos"]):
        out[name] = (arrays["frames"][at : at + count], p[at : at + count].astype(np.float32))
        at += count
    return out


def expected_rows(world, task, length):
    """{video: [length, k]} decisions at frames 1 ... length, by numpy from the rule in decisions.json."""
    rule = json.loads((world.run / "decisions.json").read_text())["tasks"][task]
    runs = [scores_of(world.run, task)]
    weights = [1.0]
    if task == "expr":
        runs.append(scores_of(world.run2, task))
        weights = rule["weights"]
    out = {}
    for video, (frames, first) in runs[0].items():
        mixed = np.zeros(first.shape)
        for weight, run in zip(weights, runs, strict=True):
            known, p = run[video]
            mixed += weight * np.stack([np.interp(frames, known, column) for column in p.T], axis=1)
        smoothing = rule["smoothing"]
        p = smooth_at(frames, mixed, np.arange(1, length + 1), smoothing["kind"], smoothing["half_window"])
        if task == "expr":
            out[video] = (np.log(p) + rule["bias"]).argmax(1)[:, None]
        else:
            out[video] = (p >= np.array(rule["thresholds"])).astype(int)
    return out


@pytest.mark.parametrize("task", ["expr", "au"])
def test_submit_holds_the_same_decisions(mien, world, task, tmp_path):
    length = 170  # beyond the last known frame
    names = ",".join(EXPRESSIONS if task == "expr" else UNITS)
    rows = [f"{v}/{f:05d}.jpg," for v in VALIDATION for f in range(1, length + 1)]
    (tmp_path / "t.txt").write_text("\n".join([f"image_location,{names}", *rows]) + "\n")
    result_json(mien("submit", world.run, "--template", tmp_path / "t.txt", "--bank", world.bank2, "--bank",
                     world.data.bank, "--out", tmp_path / "p.txt", "--json", "--quiet"))
    lines = (tmp_path / "p.txt").read_text().splitlines()[1:]
    got = np.array([[int(x) for x in line.split(",")[1:]] for line in lines])
    expected = expected_rows(world, task, length)
    want = np.concatenate([expected[v] for v in VALIDATION])
    assert np.mean((got != want).any(axis=1)) <= 0.002  # a score on the edge may fall either way
    done = mien("submit", world.run, "--raw", "--template", tmp_path / "t.txt", "--out", tmp_path / "raw.txt")
    assert done.returncode == 0 and (tmp_path / "raw.txt").read_text() != (tmp_path / "p.txt").read_text()
    scored = result_json(mien("evaluate", "--predictions", tmp_path / "p.txt", "--annotations", world.data.annotations,
                              "--task", task, "--json", "--quiet"))["tasks"][task]
    everywhere = evaluated(mien, world.run, "--all-frames")["tasks"][task]
    assert scored["f1"] == everywhere["f1"] and scored["frames"] == everywhere["frames"]


def test_one_run_alone_and_the_same_twice_gives_the_same_file(mien, world, tmp_path):
    shutil.copytree(world.path / "alone", tmp_path / "run")
    one = result_json(mien("tune", tmp_path / "run", "--threads", 1, "--json", "--quiet"))
    before = tree(tmp_path / "run")
    two = result_json(mien("tune", tmp_path / "run", "--threads", 2, "--json", "--quiet"))
    for result in (one, two):
        result.pop("seconds")
    assert one == two and before["decisions.json"] == tree(tmp_path / "run")["decisions.json"]
    assert "blend" not in one["expr"]["ingredients"] and "weights" not in one["expr"]


def test_ingredients_choose_what_is_tried(mien, world, tmp_path):
    shutil.copytree(world.path / "alone", tmp_path / "run")
    found = result_json(mien("tune", tmp_path / "run", "--ingredients", "levels", "--folds", 3, "--seed", 9,
                             "--bootstrap", 0, "--json", "--quiet"))
    assert set(found["expr"]["ingredients"]) == {"levels"} and found["expr"]["smoothing"] == 0
    assert found["expr"]["folds"] == 3 and found["expr"]["out_of_fold_ci95"] is None


def test_the_text_says_what_to_report(mien, world, tmp_path):
    shutil.copytree(world.path / "alone", tmp_path / "run")
    done = mien("tune", tmp_path / "run", "--quiet")
    assert done.returncode == 0 and done.stderr == ""
    for fragment in ("EXPR F1, raw", "AU F1, raw", "in sample*", "out of fold", "optimistic", "smoothing", "biases",
                     "thresholds", "chosen:", "decisions.json"):
        assert fragment in done.stdout, fragment


def damaged(world, folder, change):
    shutil.copytree(world.run, folder)
    content = json.loads((folder / "decisions.json").read_text())
    change(content)
    (folder / "decisions.json").write_text(json.dumps(content))


@pytest.mark.parametrize("change, fragments", [
    (lambda c: c.update(format="x"), ["format = x", "mien-decisions"]),
    (lambda c: c.update(version=2), ["version = 2", "expected 1"]),
    (lambda c: c.pop("runs"), ["runs = (missing)"]),
    (lambda c: c.update(runs=[]), ["runs"]),
    (lambda c: c["runs"][0].pop("path"), ["runs[0].path"]),
    (lambda c: c["runs"][0].update(weights_sha256="0"), ["best.safetensors", "tune again"]),
    (lambda c: c["runs"][1].update(path="/nowhere/run"), ["/nowhere/run"]),
    (lambda c: c["tasks"].update(mood={}), ["mood"]),
    (lambda c: c["tasks"]["expr"].update(bias=[1, 2]), ["tasks.expr.bias", "8 numbers"]),
    (lambda c: c["tasks"]["expr"].update(bias=[1e9] * 8), ["tasks.expr.bias"]),
    (lambda c: c["tasks"]["expr"].update(bias=["a"] * 8), ["tasks.expr.bias"]),
    (lambda c: c["tasks"]["expr"].update(weights=[0.9, 0.9]), ["tasks.expr.weights", "sum to 1"]),
    (lambda c: c["tasks"]["expr"].update(weights=[-1, 2]), ["tasks.expr.weights"]),
    (lambda c: c["tasks"]["au"].update(thresholds=[2] * 12), ["tasks.au.thresholds"]),
    (lambda c: c["tasks"]["au"].pop("smoothing"), ["tasks.au.smoothing", "missing"]),
    (lambda c: c["tasks"]["au"].update(smoothing={"kind": "boks", "half_window": 3}), ["did you mean box?"]),
    (lambda c: c["tasks"]["au"].update(smoothing={"kind": "box", "half_window": 0}), ["half_window = 0", "1 to"]),
    (lambda c: c["tasks"]["au"].update(smoothing={"kind": "none", "half_window": 3}), ["half_window = 3"]),
    (lambda c: c["tasks"]["au"].update(smoothing={"kind": "box", "half_window": 1.5}), ["half_window = 1.5"]),
    (lambda c: c.update(tasks=3), ["tasks"]),
])  # fmt: skip
def test_a_damaged_decisions_file_is_refused_and_raw_still_works(mien, world, tmp_path, change, fragments):
    damaged(world, tmp_path / "run", change)
    refused(mien("evaluate", tmp_path / "run"), *fragments)
    assert evaluated(mien, tmp_path / "run", "--raw")["tasks"] == world.raw["tasks"]


def test_a_decisions_file_that_is_no_json_is_refused_by_submit_too(mien, world, tmp_path):
    shutil.copytree(world.run, tmp_path / "run")
    (tmp_path / "run" / "decisions.json").write_text("{")
    (tmp_path / "t.txt").write_text(f"image_location,{','.join(EXPRESSIONS)}\n100/00001.jpg,\n")
    done = mien("submit", tmp_path / "run", "--template", tmp_path / "t.txt", "--out", tmp_path / "p.txt")
    refused(done, "decisions.json", "JSON")
    assert not (tmp_path / "p.txt").exists()


def test_other_weights_than_were_tuned_are_refused(mien, world):
    best, last = (read_safetensors(world.run / f"{name}.safetensors")[0] for name in ("best", "last"))
    assert any((best[name] != last[name]).any() for name in best)
    refused(mien("evaluate", world.run, "--weights", "last"), "last.safetensors", "--raw")
    assert evaluated(mien, world.run, "--weights", "last", "--raw")["tasks"].keys() == {"expr", "au"}


def test_the_weights_that_were_tuned_are_named(mien, world, tmp_path):
    shutil.copytree(world.path / "alone", tmp_path / "run")
    result_json(mien("tune", tmp_path / "run", "--weights", "last", "--bootstrap", 0, "--json", "--quiet"))
    refused(mien("evaluate", tmp_path / "run"), "best.safetensors", "expected --weights last, --raw")
    assert evaluated(mien, tmp_path / "run", "--weights", "last")["tasks"].keys() == {"expr", "au"}


def test_banks_are_matched_by_their_encoder(mien, world):
    swapped = evaluated(mien, world.run, "--bank", world.bank2, "--bank", world.data.bank)
    assert swapped["tasks"] == evaluated(mien, world.run)["tasks"]
    refused(mien("evaluate", world.run, "--bank", world.data.bank), "another encoder", "run2")


def test_runs_of_other_splits_do_not_blend(mien, world, tmp_path):
    data = world.data
    result_json(mien("train", CONFIGS / "expr.yaml", f"bank={data.bank}", f"annotations={data.annotations}", "epochs=1",
                     "split.folds=2", "--out", tmp_path / "fold", "--json",
                     "--quiet"))
    refused(mien("tune", world.run, tmp_path / "fold"), str(tmp_path / "fold"), "another split")
    assert not (tmp_path / "fold" / "decisions.json").exists()


def test_a_run_that_was_trained_on_the_videos_held_out_does_not_blend(mien, world, tmp_path):
    """Folds are dealt over the videos of a run's own tasks: the same words, but other videos."""
    fewer = tmp_path / "annotations"
    shutil.copytree(world.data.annotations, fewer)
    names = sorted(world.data.videos["train"], key=lambda n: hashlib.sha256(n.removesuffix("_left").encode()).digest())
    (fewer / FOLDERS["expr"] / SPLITS["train"] / f"{names[0]}.txt").unlink()  # the first that is dealt: all others move
    for config, annotations, out in (("joint", fewer, "joint"), ("expr", fewer, "moved"),
                                     ("expr", world.data.annotations, "same")):
        result_json(mien("train", CONFIGS / f"{config}.yaml", f"bank={world.data.bank}", f"annotations={annotations}",
                         "epochs=1", "split.folds=3", "--out", tmp_path / out, "--json", "--quiet"))
    held_out = {names[i] for i in range(0, len(names), 3)}
    done = mien("tune", tmp_path / "joint", tmp_path / "moved", "--bootstrap", 0)
    refused(done, f"RUN = {tmp_path / 'moved'}", "was trained on the recording ", str(tmp_path / "joint"))
    assert any(f"recording {name.removesuffix('_left')}," in done.stderr for name in held_out)
    assert not (tmp_path / "joint" / "decisions.json").exists()
    found = result_json(mien("tune", tmp_path / "joint", tmp_path / "same", "--bootstrap", 0, "--json", "--quiet"))
    assert "blend" in found["expr"]["ingredients"]


def test_the_in_sample_number_agrees_with_scikit_learn(mien, world):
    """The blended, smoothed and biased decisions of numpy, scored by scikit-learn on frames with embeddings."""
    truth, decision = [], []
    expected = expected_rows(world, "expr", 170)
    for name, video in world.data.videos["validation"].items():
        valid = video["expr"] >= 0
        truth.append(video["expr"][valid])
        decision.append(expected[name][video["frames"][valid] - 1, 0])
    f1 = f1_score(np.concatenate(truth), np.concatenate(decision), labels=range(8), average="macro", zero_division=0)
    assert f1 == pytest.approx(world.tuned["expr"]["in_sample_f1"], abs=0.01)
