"""What evaluate says beyond the metrics (tails, calibration, single videos, agreement) and what compare says, against
numpy, scipy and scikit-learn; and the coverage of the 95 % interval on simulated data sets."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest, chi2
from sklearn.metrics import cohen_kappa_score, f1_score

from helpers import CONFIGS, EXPRESSIONS, UNITS, VALIDATION_VIDEOS, Synthetic, read_safetensors, refused, result_json
from test_metrics import CLASSES, EVALUATIONS, EXACT, ccc_of, flat, bias_corrected, random_case, run, scores_of
from test_metrics import valid_rows

LEVELS = [1, 0.5, 0.2, 0.1, 0.05]
BINS = 15


def tail_mean(losses, level):
    """CVaR by its weights: 1/m for each of the k largest, the rest of the mass for the next (numerics.md)."""
    m = level * len(losses)
    weights = np.clip(m - np.arange(len(losses)), 0, 1)
    return np.sum(np.sort(losses)[::-1] * weights) / m


def reliability_of(p, happened):
    """[ECE, (count, mean probability, share) a bin], a bin after the other."""
    p, happened = np.asarray(p, np.float64), np.asarray(happened, bool)
    index = np.minimum((p * BINS).astype(int), BINS - 1)
    rows, ece = [], 0
    for b in range(BINS):
        inside = index == b
        mean, share = (p[inside].mean(), happened[inside].mean()) if inside.any() else (0, 0)
        rows.append([inside.sum(), mean, share])
        ece += inside.mean() * abs(mean - share) if len(p) else 0
    return np.array([ece, *np.ravel(rows)])


def test_tail_means_agree_with_their_weights(probe):
    rng = np.random.default_rng(31)
    cases = []
    for i in range(300):
        losses = rng.gamma(0.5, 2, rng.integers(1, 400))
        levels = np.sort(rng.uniform(0.001, 1, rng.integers(1, 7)))[::-1].copy()
        cases.append({"losses": np.round(losses, 1) if i % 3 == 0 else losses,
                      "levels": np.concatenate([[1], levels]) if i % 2 else levels})  # fmt: skip
    for case, result in zip(cases, run(probe, "tails", cases, group="evaluation"), strict=True):
        expected = [tail_mean(case["losses"], level) for level in case["levels"]]
        assert np.abs(result["means"] / np.maximum(expected, 1e-9) - 1).max() <= EXACT


def test_reliability_agrees_with_numpy_also_at_the_edges(probe):
    rng = np.random.default_rng(32)
    cases = []
    for i in range(200):
        p = rng.beta(rng.uniform(0.2, 3), rng.uniform(0.2, 3), rng.integers(1, 500))
        if i % 4 == 0:
            p = rng.integers(0, BINS + 1, len(p)) / BINS  # on the edges, 0 and 1 included
        cases.append({"probabilities": p, "happened": (rng.random(len(p)) < p**1.3).astype(np.int32)})
    for case, result in zip(cases, run(probe, "reliability", cases, group="evaluation"), strict=True):
        expected = reliability_of(case["probabilities"], case["happened"])
        assert np.abs(result["reliability"] - expected).max() <= EXACT


def test_kappa_agrees_with_scikit_learn(probe):
    rng = np.random.default_rng(33)
    cases = []
    for _ in range(100):
        truth = rng.choice(rng.choice(CLASSES, rng.integers(1, CLASSES + 1), replace=False), rng.integers(1, 300))
        prediction = np.where(rng.random(len(truth)) < rng.random(), truth, rng.integers(0, CLASSES, len(truth)))
        cases.append({"truth": truth.astype(np.int32), "prediction": prediction.astype(np.int32)})
    for case, result in zip(cases, run(probe, "confusion", cases, classes=CLASSES), strict=True):
        constant = len({*case["truth"], *case["prediction"]}) == 1  # where it is undefined
        expected = 1 if constant else cohen_kappa_score(case["truth"], case["prediction"], labels=range(CLASSES))
        assert abs(result["kappa"][0] - expected) <= EXACT


@pytest.mark.parametrize("task,mask_value", EVALUATIONS)
def test_each_video_on_its_own_worst_first(probe, task, mask_value):
    rng = np.random.default_rng(34)
    made = [random_case(rng, task) for _ in range(125)]
    results = run(probe, "evaluate", [flat(case) for case, _, _ in made], task=task, mask_value=mask_value)
    for (case, prediction, has), result in zip(made, results, strict=True):
        used = valid_rows(task, case["truth"], mask_value) & has
        expected = {}
        for v in np.unique(case["truth_video"][used]):
            rows = used & (case["truth_video"] == v)
            t, p = case["truth"][rows], prediction[rows]
            if task == "expr":
                expected[v] = np.mean(t == p)
            elif task == "au":
                known = t >= 0
                expected[v] = f1_score(t[known], p[known], zero_division=1)
            else:
                expected[v] = np.sqrt(np.mean((t - p) ** 2))
        order, scores = result["video_order"], result["video_scores"]
        assert sorted(order) == sorted(expected)
        assert np.abs(scores - [expected[v] for v in order]).max() <= EXACT
        badness = scores if task == "va" else -scores
        assert all(a > b or (a == b and v < w) for a, b, v, w in zip(badness, badness[1:], order, order[1:]))


@pytest.mark.parametrize("task,mask_value", EVALUATIONS)
def test_loss_and_calibration_agree_with_numpy(probe, task, mask_value):
    rng = np.random.default_rng(35)
    columns = {"expr": CLASSES, "au": 12, "va": 2}[task]
    cases, made = [], [random_case(rng, task) for _ in range(125)]
    for case, _, has in made:
        logits = rng.normal(0, rng.choice([0.1, 1, 30]), (has.sum(), columns)).astype(np.float32)
        cases.append({k: v for k, v in flat(case).items() if k != "prediction"} | {"logits": logits.reshape(-1)})
    results = run(probe, "diagnose", cases, group="evaluation", task=task, mask_value=mask_value)
    for (case, _, has), inputs, result in zip(made, cases, results, strict=True):
        valid = valid_rows(task, case["truth"], mask_value)[has]
        truth = case["truth"][has][valid]
        z = inputs["logits"].reshape(-1, columns)[valid].astype(np.float64)
        if task == "expr":
            label = truth[:, 0].astype(int)
            log_sum = np.log(np.sum(np.exp(z - z.max(1, keepdims=True)), 1)) + z.max(1)
            losses = log_sum - z[np.arange(len(z)), label]
            p = np.exp(z - log_sum[:, None]).astype(np.float32)
            parts = [(p.max(1), p.argmax(1) == label)]
        elif task == "au":
            known = truth >= 0
            losses = (np.logaddexp(0, z) - z * truth)[known]
            p = np.exp(-np.logaddexp(0, -z)).astype(np.float32)
            parts = [(p[known[:, u], u], truth[known[:, u], u] > 0) for u in range(12)]
        else:
            p = np.tanh(z).astype(np.float32).astype(np.float64)  # scores are what tanh is taken of
            losses, parts = np.mean((p - truth) ** 2, 1), []
        assert result["loss"][0] == len(losses)
        expected = np.array([tail_mean(losses, level) for level in LEVELS]) if len(losses) else np.zeros(5)
        assert (np.abs(result["loss"][1:] - expected) <= EXACT * np.maximum(1, expected)).all()
        # p is rounded to float32 on both sides, which may differ in its last bit.
        expected = np.concatenate([reliability_of(*part) for part in parts]) if parts else np.zeros(0)
        assert np.abs(result["reliability"] - expected).max(initial=0) <= 2**-23


@pytest.mark.parametrize("task", ["expr", "au", "va"])
def test_compare_is_the_bootstrap_of_the_difference_on_common_frames(probe, task):
    draws, seed = 25, 78
    rng = np.random.default_rng(36)
    cases, made = [], []
    for _ in range(3):
        case, first, has_first = random_case(rng, task)
        second = np.where(rng.random(first.shape) < 0.7, first, np.roll(first, 1, axis=0))
        has_second = rng.random(len(first)) < 0.8
        has_second[0] = True
        cases.append(flat(case | {"other": second[has_second], "other_video": case["truth_video"][has_second],
                                  "other_frame": case["truth_frame"][has_second]}))  # fmt: skip
        made.append((case, first, second, has_first, has_second))
    results = run(probe, "compare", cases, group="evaluation", task=task, draws=draws, seed=seed)
    for (case, first, second, has_first, has_second), result in zip(made, results, strict=True):
        valid = valid_rows(task, case["truth"], False)
        used = valid & has_first & has_second
        videos = np.unique(case["truth_video"][used])
        drawn = probe("scoring.multiplicities", {"unused": np.zeros(1, np.float32)},
                      videos=len(videos), draws=draws, seed=seed)[0]["multiplicities"]  # fmt: skip
        rows = [np.flatnonzero(used & (case["truth_video"] == v)) for v in videos]

        def both(index):
            a, b = (scores_of(task, case["truth"][index], side[index]) for side in (first, second))
            return np.array([a, b, b - a])

        samples = np.round([both(np.concatenate([np.tile(rows[v], row[v]) for v in range(len(videos))]).astype(int))
                            for row in drawn], 13)  # fmt: skip
        estimates = np.round(both(np.flatnonzero(used)), 13)
        found = result["estimates"]
        for part in range(found.shape[0]):
            for side in range(3):
                low, high = bias_corrected(estimates[side, part], samples[:, side, part])
                expected = [estimates[side, part], low, high]
                assert np.abs(found[part, 3 * side : 3 * side + 3] - expected).max() <= EXACT
            difference = samples[:, 2, part]
            assert abs(found[part, 9] - np.mean((difference > 0) + 0.5 * (difference == 0))) <= EXACT
        right = [side[used] == case["truth"][used] for side in (first, second)]
        alone = [0, 0] if task == "va" else [(right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()]
        assert list(result["counts"]) == [used.sum(), len(videos), (valid & has_first & ~has_second).sum(),
                                          (valid & has_second & ~has_first).sum(), *alone]  # fmt: skip


def test_mcnemar_agrees_with_scipy(probe):
    rng = np.random.default_rng(37)
    counts = np.concatenate([rng.integers(0, 13, (60, 2)), rng.integers(0, 3000, (60, 2)), [[0, 0], [24, 0], [25, 0]]])
    tensors, _ = probe("evaluation.mcnemar", {"counts": counts.astype(np.int32)})
    for (a, b), p in zip(counts, tensors["p"], strict=True):
        if a + b == 0:
            expected = 1
        elif a + b < 25:
            expected = binomtest(int(a), int(a + b)).pvalue
        else:
            expected = chi2.sf(max(0, abs(a - b) - 1) ** 2 / (a + b), 1)
        assert abs(p - expected) <= 1e-10


# -- coverage -----------------------------------------------------------------------------------

TRAIN_COUNTS = np.array([177198, 16573, 10771, 9080, 95463, 78751, 31615, 165866])  # formats.md, 2


def simulated_videos(rng, count, *, classes, habits):
    """Confusion counts [count, 64]. Each video has a length, a mixture of classes (Dirichlet about the priors; the
    smaller `classes`, the fewer share a video) and a way of being recognised of its own (likewise `habits`)."""
    prior = TRAIN_COUNTS / TRAIN_COUNTS.sum()
    lengths = np.clip(rng.lognormal(7.8, 0.7, count), 50, 20_000).astype(int)
    shares = rng.gamma(classes * prior, size=(count, CLASSES)) + 1e-300
    support = rng.multinomial(lengths, shares / shares.sum(1, keepdims=True))
    typical = 0.35 * np.eye(CLASSES) + 0.65 * prior  # what the average video's class is taken for
    answers = rng.gamma(habits * typical, size=(count, CLASSES, CLASSES)) + 1e-300
    return rng.multinomial(support, answers / answers.sum(2, keepdims=True)).reshape(count, -1)


def macro_f1_of(counts):
    table = counts.reshape(CLASSES, CLASSES)
    return np.mean(2 * np.diag(table) / np.maximum(table.sum(0) + table.sum(1), 1))


def coverage(probe, **heterogeneity):
    """(true F1, share of 400 data sets of 70 videos whose interval has it: bias-corrected, plain percentile)"""
    rng = np.random.default_rng(38)
    true = macro_f1_of(simulated_videos(rng, 20_000, **heterogeneity).sum(0))
    counts = np.stack([simulated_videos(rng, 70, **heterogeneity) for _ in range(400)])
    found, _ = probe("evaluation.macro_f1_intervals", {"counts": counts.astype(np.int32)}, draws=1000)
    assert np.abs(found["values"] - [macro_f1_of(c.sum(0)) for c in counts]).max() <= EXACT
    corrected = np.mean((found["intervals"][:, 0] <= true) & (true <= found["intervals"][:, 1]))
    low, high = np.quantile(found["draws"], [0.025, 0.975], axis=1)
    return true, corrected, np.mean((low <= true) & (true <= high))


def test_the_interval_covers_the_true_f1_about_as_often_as_it_says(probe, capsys):
    true, corrected, plain = coverage(probe, classes=8, habits=8)
    # Where most videos show one or two classes, 70 of them hold the rare ones too seldom for any bootstrap.
    harder, corrected_harder, plain_harder = coverage(probe, classes=1.5, habits=4)
    with capsys.disabled():
        print(f"\n95 % interval over 400 data sets of 70 videos, true F1 {true:.4f}: bias-corrected covers "
              f"{100 * corrected:.1f} %, plain percentile {100 * plain:.1f} %; videos of few classes, true F1 "
              f"{harder:.4f}: {100 * corrected_harder:.1f} %, {100 * plain_harder:.1f} %")  # fmt: skip
    assert 0.88 <= corrected <= 0.99
    assert corrected_harder > plain_harder


# -- through the binary -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(mien, tmp_path_factory):
    """Data, a joint run, a worse one and one of EXPR alone."""
    folder = tmp_path_factory.mktemp("details")
    data = Synthetic(folder / "data", seed=6, dim=12, rows_a_video=40, noise=1.5)
    for name, settings in {"good": ["epochs=30", "optimizer.lr=.005"], "bad": ["epochs=1", "seed=9"],
                           "expr": ["epochs=6", "tasks=[expr]"]}.items():  # fmt: skip
        result_json(mien("train", CONFIGS / "joint.yaml", *data.arguments(), "batch_size=32", "head.dropout=.1",
                         *settings, "--out", folder / name, "--json", "--quiet"))  # fmt: skip
    return folder, data


def submission(path, task, decisions):
    """{(video, frame): values} as a file of the challenge."""
    header = "image_location," + ",".join(EXPRESSIONS if task == "expr" else UNITS)
    rows = [f"{v}/{f:05d}.jpg," + ",".join(str(int(x)) for x in np.atleast_1d(d)) for (v, f), d in decisions.items()]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def logits_of(run):
    """{task: {(video, frame): logits}} of the cached validation scores."""
    for path in (run / "evaluation").glob("scores-*.safetensors"):
        arrays, metadata = read_safetensors(path)
        if {video for video, _ in json.loads(metadata["videos"])} == set(VALIDATION_VIDEOS):
            break
    keys, at = [], 0
    for video, count in json.loads(metadata["videos"]):
        keys += [(video, int(f)) for f in arrays["frames"][at : at + count]]
        at += count
    return {t: dict(zip(keys, arrays[t].astype(np.float64))) for t in ("expr", "au") if t in arrays}


def test_evaluate_keeps_its_result_beside_the_run(mien, runs):
    folder, data = runs
    run_folder = folder / "good"
    found = result_json(mien("evaluate", run_folder, "--json", "--quiet"))
    kept = json.loads((run_folder / "evaluation" / "validation.json").read_text())
    assert kept == found
    for arguments in (["--bank", data.bank], ["--bootstrap", 0], ["--all-frames"], ["--au-invalid", "mask"]):
        result_json(mien("evaluate", run_folder, *arguments, "--json", "--quiet"))  # other questions
        assert json.loads((run_folder / "evaluation" / "validation.json").read_text()) == kept
    for threads in (1, 2):
        again = result_json(mien("evaluate", run_folder, "--threads", threads, "--json", "--quiet"))
        assert again["tasks"] == found["tasks"]
    result_json(mien("evaluate", run_folder, "--split", "train", "--weights", "last", "--raw", "--json", "--quiet"))
    assert (run_folder / "evaluation" / "train-last-raw.json").exists()


def test_evaluate_json_holds_loss_calibration_and_single_videos(mien, runs):
    folder, data = runs
    found = result_json(mien("evaluate", folder / "good", "--json", "--quiet"))["tasks"]["expr"]
    logits = logits_of(folder / "good")["expr"]
    losses, tops, hits = [], [], []
    for name, video in data.videos["validation"].items():
        for frame, label in zip(video["frames"], video["expr"]):
            if label >= 0:
                z = logits[name, frame]
                p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
                losses.append(-np.log(p[label])), tops.append(p.max()), hits.append(p.argmax() == label)
    assert found["loss"]["kind"] == "cross_entropy" and found["loss"]["terms"] == len(losses)
    assert found["loss"]["mean"] == found["loss"]["cvar"]["1"] == pytest.approx(np.mean(losses), rel=1e-12)
    for level in LEVELS:
        assert found["loss"]["cvar"][str(level)] == pytest.approx(tail_mean(losses, level), rel=1e-12)
    assert found["calibration"]["ece"] == pytest.approx(reliability_of(tops, hits)[0], abs=1e-6)
    assert sum(b["count"] for b in found["calibration"]["bins"]) == len(losses) and len(found["calibration"]["bins"]) == 15
    worst = found["worst_decile"]
    assert worst["by"] == "accuracy" and worst["videos"] == [found["per_video"][0]["video"]]
    assert worst["mean"] == found["per_video"][0]["score"] == min(v["score"] for v in found["per_video"])
    text = mien("evaluate", folder / "good", "--quiet").stdout
    assert f"cross entropy: mean {np.mean(losses):.4f}; CVaR" in text and worst["videos"][0] in text
    assert "calibration: ECE" in text and "confusion (rows: truth" in text


def test_evaluate_says_how_far_another_file_agrees(mien, runs, tmp_path):
    folder, _ = runs
    logits = logits_of(folder / "good")
    rng = np.random.default_rng(2)
    mine = {k: z.argmax() for k, z in logits["expr"].items()}
    theirs = {k: d if rng.random() < 0.7 else rng.integers(8) for k, d in list(mine.items())[10:]}
    path = submission(tmp_path / "p.txt", "expr", theirs | {("stranger", 1): 3})
    found = result_json(mien("evaluate", folder / "good", "--predictions", path, "--task", "expr", "--json", "--quiet"))
    agreement = found["tasks"]["expr"]["agreement"]
    a, b = [mine[k] for k in theirs], list(theirs.values())
    assert agreement["equal"] == pytest.approx(np.mean(np.equal(a, b)), abs=EXACT)
    assert agreement["kappa"] == pytest.approx(cohen_kappa_score(a, b, labels=range(8)), abs=EXACT)
    assert (agreement["frames"], agreement["only_run"], agreement["only_predictions"]) == (len(b), 10, 1)
    assert "agreement" not in found["tasks"]["au"]
    au = {k: (z >= 0).astype(int) ^ (rng.random(12) < 0.2) for k, z in logits["au"].items()}
    path = submission(tmp_path / "au.txt", "au", au)
    found = result_json(mien("evaluate", folder / "good", "--predictions", path, "--task", "au", "--json", "--quiet"))
    truth, other = np.array([logits["au"][k] >= 0 for k in au]), np.array(list(au.values()))
    for u, name in enumerate(UNITS):
        part = found["tasks"]["au"]["agreement"]["parts"][name]
        assert part["kappa"] == pytest.approx(cohen_kappa_score(truth[:, u], other[:, u]), abs=EXACT)


def test_compare_of_a_run_with_itself_is_nothing(mien, runs):
    folder, _ = runs
    (side,) = result_json(mien("compare", folder / "good", folder / "good", "--json", "--quiet"))["comparisons"]
    for task in ("expr", "au"):
        assert side["tasks"][task]["difference"] == 0 and side["tasks"][task]["ci95"] == [0, 0]
        assert side["tasks"][task]["probability_better"] == 0.5 and side["tasks"][task]["mcnemar"]["p"] == 1


def test_compare_tells_the_better_run_and_agrees_with_evaluate(mien, runs, tmp_path):
    folder, _ = runs
    found = result_json(mien("compare", folder / "bad", folder / "good", folder / "expr", "--json", "--quiet"))
    by_name = {side["second"]: side for side in found["comparisons"]}
    good, expr = by_name[str(folder / "good")], by_name[str(folder / "expr")]
    for task in ("expr", "au"):
        alone = [result_json(mien("evaluate", folder / run, "--json", "--quiet"))["tasks"][task] for run in ("bad", "good")]
        both = good["tasks"][task]
        assert [both["first"], both["second"]] == [a["f1"] for a in alone]
        assert [both["first_ci95"], both["second_ci95"]] == [a["ci95"] for a in alone]
        assert both["difference"] == both["second"] - both["first"] > 0 and both["probability_better"] > 0.95
    assert set(expr["tasks"]) == {"expr"} and expr["tasks_left_out"] == ["au"]
    text = mien("compare", folder / "bad", folder / "good", "--quiet").stdout
    assert "B - A" in text and "P(B better)" in text and "not independent" in text and "Happiness" in text
    # The run's own decisions as a file: the same numbers, the file as the other side.
    mine = {k: z.argmax() for k, z in logits_of(folder / "good")["expr"].items()}
    path = submission(tmp_path / "good.txt", "expr", mine)
    (side,) = result_json(mien("compare", folder / "bad", "--predictions", path, "--task", "expr", "--json",
                               "--quiet"))["comparisons"]  # fmt: skip
    assert side["tasks"]["expr"] == good["tasks"]["expr"] and side["tasks_left_out"] == ["au"]


def test_compare_of_folds_takes_what_both_validate_on(mien, runs, tmp_path):
    folder, data = runs
    for name, folds in {"two": (2, 0), "four": (4, 0)}.items():
        result_json(mien("train", CONFIGS / "expr.yaml", *data.arguments(), "epochs=1", "batch_size=32",
                         f"split.folds={folds[0]}", f"split.fold={folds[1]}", "--out", tmp_path / name, "--json",
                         "--quiet"))  # fmt: skip
    sides = [result_json(mien("evaluate", tmp_path / n, "--json", "--quiet"))["tasks"]["expr"] for n in ("two", "four")]
    first, second = ({v["video"]: v["frames"] for v in side["per_video"]} for side in sides)
    common = set(first) & set(second)
    assert 0 < len(common) < len(first)
    (side,) = result_json(mien("compare", tmp_path / "two", tmp_path / "four", "--json", "--quiet"))["comparisons"]
    found = side["tasks"]["expr"]
    assert found["videos"] == len(common) and found["frames"] == sum(first[v] for v in common)


def test_compare_refuses_runs_that_were_validated_on_other_videos(mien, runs, tmp_path):
    folder, data = runs
    for fold in (0, 1):
        result_json(mien("train", CONFIGS / "expr.yaml", *data.arguments(), "epochs=1", "batch_size=32", "split.folds=2",
                         f"split.fold={fold}", "--out", tmp_path / str(fold), "--json", "--quiet"))  # fmt: skip
    refused(mien("compare", tmp_path / "0", tmp_path / "1"), f"{tmp_path / '1'} = 4 labelled videos", "none is in both")
