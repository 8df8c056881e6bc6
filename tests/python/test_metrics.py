"""Metrics, intervals and decisions against scikit-learn, scipy and numpy, to 1e-12.

A probe takes many cases in one call (tensors `<case>.<name>`): 500 random data sets in all.
"""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import accuracy_score, f1_score

EXACT = 1e-12
UNITS, CLASSES = 12, 8


def batch(cases):
    """[{name: array}] -> {"<case>.<name>": array}."""
    return {f"{i}.{name}": array for i, case in enumerate(cases) for name, array in case.items()}


def run(probe, function, cases, group="scoring", **options):
    tensors, _ = probe(f"{group}.{function}", batch(cases), cases=len(cases), **options)
    return [
        {name.split(".", 1)[1]: t for name, t in tensors.items() if name.startswith(f"{i}.")}
        for i in range(len(cases))
    ]


def ccc_of(truth, prediction):
    truth, prediction = truth.astype(np.float64), prediction.astype(np.float64)
    covariance = np.mean((truth - truth.mean()) * (prediction - prediction.mean()))
    below = truth.var() + prediction.var() + (truth.mean() - prediction.mean()) ** 2
    return 2 * covariance / below if below > 0 else 0.0


def macro_f1(truth, prediction, average="macro"):
    return f1_score(truth, prediction, labels=range(CLASSES), average=average, zero_division=0)


def au_f1(truth, prediction, mask_value):
    """Where single values are masked, units without a positive label cannot be judged: NaN."""
    if not mask_value:
        return f1_score(truth, prediction, average=None, zero_division=0)
    return [
        f1_score(truth[:, u][truth[:, u] >= 0], prediction[:, u][truth[:, u] >= 0], zero_division=0)
        if (truth[:, u] == 1).any()
        else np.nan
        for u in range(UNITS)
    ]


def bias_corrected(estimate, draws):
    """The BC interval, written from its definition (Efron and Tibshirani 1993, 14.3, a = 0), over the draws
    that tell the number; where those are all alike and others do not tell it, there is none."""
    told = draws[~np.isnan(draws)]
    if np.isnan(estimate) or not len(told) or (len(told) < len(draws) and len(np.unique(told)) == 1):
        return np.array([np.nan, np.nan])
    draws = told
    share = (np.sum(draws < estimate) + 0.5 * np.sum(draws == estimate)) / len(draws)
    share = np.clip(share, 0.5 / len(draws), 1 - 0.5 / len(draws))
    z0 = norm.ppf(share)
    levels = norm.cdf(2 * z0 + np.array([-1, 1]) * norm.ppf(0.975))
    return np.quantile(draws, levels)


# -- random data sets ---------------------------------------------------------------------------


def random_labels(rng, task, rows):
    """Labels with invalid rows, and decisions that agree with a part of them."""
    if task == "expr":
        present = rng.choice(CLASSES, rng.integers(1, CLASSES + 1), replace=False)
        truth = rng.choice(present, rows).astype(np.float64)
        prediction = np.where(rng.random(rows) < 0.5, truth, rng.choice(present, rows))
        truth[rng.random(rows) < 0.15] = -1
        return truth[:, None], prediction[:, None].astype(np.float64)
    if task == "au":
        truth = (rng.random((rows, UNITS)) < rng.random(UNITS)).astype(np.float64)
        flips = rng.random((rows, UNITS)) < 0.3
        prediction = np.where(flips, 1 - truth, truth).astype(np.float64)
        truth[rng.random((rows, UNITS)) < 0.02] = -1
        return truth, prediction
    truth = rng.uniform(-1, 1, (rows, 2)).astype(np.float64)
    prediction = np.clip(0.6 * truth + rng.normal(0, 0.3, (rows, 2)), -1, 1).astype(np.float64)
    truth[rng.random(rows) < 0.1] = -5
    return truth, prediction


def random_case(rng, task):
    """A data set of 1 to 12 videos, some of a single frame; some frames lack a prediction."""
    lengths = [int(rng.choice([1, 2, rng.integers(3, 60)])) for _ in range(rng.integers(1, 13))]
    video = np.repeat(np.arange(len(lengths)), lengths).astype(np.int32)
    frame = np.concatenate([np.arange(1, n + 1) for n in lengths]).astype(np.int32)
    truth, prediction = random_labels(rng, task, len(video))
    truth[0] = 0  # at least one valid and predicted
    has = rng.random(len(video)) < 0.85
    has[0] = True
    return {
        "truth": truth, "truth_video": video, "truth_frame": frame,
        "prediction": prediction[has], "prediction_video": video[has],
        "prediction_frame": frame[has],
    }, prediction, has  # fmt: skip


def valid_rows(task, truth, mask_value):
    if task == "va":
        return (truth != -5).all(axis=1)
    return (truth != -1).any(axis=1) if mask_value else (truth != -1).all(axis=1)


def scores_of(task, truth, prediction, mask_value=False):
    """[headline, parts...] of valid rows, by scikit-learn and numpy."""
    if task == "expr":
        parts = list(macro_f1(truth[:, 0], prediction[:, 0], None))
    elif task == "au":
        parts = au_f1(truth, prediction, mask_value)
    else:
        parts = [ccc_of(truth[:, d], prediction[:, d]) for d in range(2)]
    judged = [part for part in parts if not np.isnan(part)]
    return np.array([np.mean(judged) if judged else 0.0, *parts])


def assert_same(found, expected):
    """To EXACT, and without a number at the same places."""
    assert (np.isnan(found) == np.isnan(expected)).all(), (found, expected)
    assert np.nanmax(np.abs(found - expected), initial=0) <= EXACT


def flat(case):
    return {name: np.ascontiguousarray(array.reshape(-1)) for name, array in case.items()}


EVALUATIONS = [("expr", False), ("au", False), ("au", True), ("va", False)]


@pytest.mark.parametrize("task,mask_value", EVALUATIONS)
def test_evaluation_agrees_with_scikit_learn(probe, task, mask_value):
    rng = np.random.default_rng(11)
    made = [random_case(rng, task) for _ in range(125)]  # of 4 evaluations: 500
    results = run(probe, "evaluate", [flat(case) for case, _, _ in made], task=task,
                  mask_value=mask_value)  # fmt: skip
    for (case, prediction, has), result in zip(made, results, strict=True):
        valid = valid_rows(task, case["truth"], mask_value)
        used = valid & has
        expected = scores_of(task, case["truth"][used], prediction[used], mask_value)
        assert_same(result["estimates"][:, 0], expected)
        assert np.isnan(result["estimates"][:, 1:]).all()
        videos = len(np.unique(case["truth_video"][used]))
        assert list(result["counts"]) == [
            used.sum(), videos, (valid & ~has).sum(), 0, (has & ~valid).sum()
        ]  # fmt: skip


@pytest.mark.parametrize("task,mask_value", EVALUATIONS)
def test_all_frames_takes_the_nearest_prediction(probe, task, mask_value):
    rng = np.random.default_rng(12)
    made = [random_case(rng, task) for _ in range(40)]
    results = run(probe, "evaluate", [flat(case) for case, _, _ in made], task=task,
                  mask_value=mask_value, all_frames=True)  # fmt: skip
    compared = 0
    for (case, prediction, has), result in zip(made, results, strict=True):
        valid = valid_rows(task, case["truth"], mask_value)
        video, frame = case["truth_video"], case["truth_frame"]
        assert result["counts"][0] == valid.sum()
        if any(not has[video == v].any() and valid[video == v].any() for v in np.unique(video)):
            continue  # the prior answers there
        filled = prediction.copy()
        for i in np.flatnonzero(valid & ~has):
            known = np.flatnonzero(has & (video == video[i]))
            if task == "va":
                for d in range(2):
                    filled[i, d] = np.interp(frame[i], frame[known], prediction[known, d])
            else:  # the first minimum is the earlier frame
                filled[i] = prediction[known[np.abs(frame[known] - frame[i]).argmin()]]
        expected = scores_of(task, case["truth"][valid], filled[valid], mask_value)
        assert_same(result["estimates"][:, 0], expected)
        compared += 1
    assert compared >= 10


@pytest.mark.parametrize("task,mask_value", EVALUATIONS)
def test_interval_is_the_bias_corrected_bootstrap_over_videos(probe, task, mask_value):
    draws, seed = 40, 77
    rng = np.random.default_rng(13)
    # scikit-learn takes a call an AU where values are masked.
    made = [random_case(rng, task) for _ in range(2 if mask_value else 5)]
    results = run(probe, "evaluate", [flat(case) for case, _, _ in made], task=task,
                  mask_value=mask_value, draws=draws, seed=seed)  # fmt: skip
    for (case, prediction, has), result in zip(made, results, strict=True):
        used = valid_rows(task, case["truth"], mask_value) & has
        videos = np.unique(case["truth_video"][used])
        rows = [np.flatnonzero(used & (case["truth_video"] == v)) for v in videos]
        drawn = probe("scoring.multiplicities", {"unused": np.zeros(1, np.float32)},
                      videos=len(videos), draws=draws, seed=seed)[0]["multiplicities"]  # fmt: skip
        assert drawn.shape == (draws, len(videos)) and (drawn.sum(axis=1) == len(videos)).all()
        samples = []
        for row in drawn:
            index = np.concatenate([np.tile(rows[v], row[v]) for v in range(len(videos))])
            samples.append(scores_of(task, case["truth"][index.astype(int)],
                                     prediction[index.astype(int)], mask_value))  # fmt: skip
        # Rounding parts equal draws from each other in the oracle; ties decide z0.
        samples = np.round(np.array(samples), 13)
        estimates = np.round(result["estimates"][:, 0], 13)
        for part, estimate in enumerate(estimates):
            assert_same(result["estimates"][part, 1:], bias_corrected(estimate, samples[:, part]))


def test_baseline_is_the_f1_of_a_constant_answer(probe):
    rng = np.random.default_rng(14)
    for task in ("expr", "au"):
        made = [random_case(rng, task) for _ in range(30)]
        results = run(probe, "evaluate", [flat(case) for case, _, _ in made], task=task)
        for (case, _, has), result in zip(made, results, strict=True):
            truth = case["truth"][valid_rows(task, case["truth"], False) & has]
            if task == "expr":
                most = np.bincount(truth[:, 0].astype(int), minlength=CLASSES).argmax()
                constant = np.full_like(truth, most)
            else:
                constant = np.broadcast_to(truth.mean(axis=0) >= 0.5, truth.shape).astype(float)
            expected = scores_of(task, truth, constant)[0]
            assert abs(result["baseline"][0] - expected) <= EXACT


# -- single functions ---------------------------------------------------------------------------


def test_confusion_agrees_with_scikit_learn(probe):
    rng = np.random.default_rng(15)
    cases = []
    for _ in range(120):
        rows = int(rng.integers(1, 300))
        present = rng.choice(CLASSES, rng.integers(1, CLASSES + 1), replace=False)
        cases.append({
            "truth": rng.choice(present, rows).astype(np.int32),
            "prediction": rng.integers(0, CLASSES, rows).astype(np.int32),
        })  # fmt: skip
    for case, result in zip(cases, run(probe, "confusion", cases, classes=CLASSES), strict=True):
        truth, prediction = case["truth"], case["prediction"]
        expected = [macro_f1(truth, prediction), accuracy_score(truth, prediction),
                    *macro_f1(truth, prediction, None)]  # fmt: skip
        assert np.abs(result["scores"] - expected).max() <= EXACT


def test_ccc_of_merged_parts_agrees_with_numpy(probe):
    rng = np.random.default_rng(16)
    cases = []
    for _ in range(120):
        rows = int(rng.integers(1, 500))
        truth = rng.uniform(-1, 1, rows)
        prediction = rng.uniform(-1, 1) * truth + rng.normal(0, rng.uniform(0, 1), rows)
        parts = rng.integers(0, rng.integers(1, 9), rows).astype(np.int32)
        cases.append({"truth": truth, "prediction": prediction, "parts": parts})
    one = np.full(5, 0.1)
    cases.append({"truth": one, "prediction": one, "parts": np.arange(5, dtype=np.int32)})
    cases.append({"truth": one[:1], "prediction": -one[:1], "parts": np.zeros(1, np.int32)})
    results = run(probe, "ccc", cases)
    for case, result in zip(cases, results, strict=True):
        assert abs(result["ccc"][0] - ccc_of(case["truth"], case["prediction"])) <= EXACT
    assert results[-2]["ccc"][0] == 0  # one shared constant: undefined


def test_interval_agrees_with_scipy_also_at_the_ends_and_on_ties(probe):
    rng = np.random.default_rng(17)
    cases = []
    for i in range(60):
        draws = rng.normal(size=int(rng.integers(1, 400)))
        if i % 3 == 0:
            draws = np.round(draws, 1)
        estimate = [draws[0], draws.min() - 1, draws.max() + 1, np.median(draws)][i % 4]
        cases.append({"draws": draws, "estimate": np.array([estimate])})
    for case, result in zip(cases, run(probe, "interval", cases), strict=True):
        expected = bias_corrected(case["estimate"][0], case["draws"])
        assert np.abs(result["interval"] - expected).max() <= EXACT


def test_multiplicities_depend_on_seed_and_number_of_videos_only(probe):
    def drawn(**options):
        return probe("scoring.multiplicities", {"unused": np.zeros(1, np.float32)},
                     **options)[0]["multiplicities"]  # fmt: skip

    many = drawn(videos=36, draws=400, seed=5)
    assert (drawn(videos=36, draws=100, seed=5) == many[:100]).all()
    assert (drawn(videos=36, draws=400, seed=6) != many).any()
    assert abs(np.mean(many == 0) - (1 - 1 / 36) ** 36) < 0.01


def test_interpolation_agrees_with_numpy(probe):
    rng = np.random.default_rng(18)
    columns, cases = 12, []
    for _ in range(80):
        known = np.sort(rng.choice(400, rng.integers(1, 60), replace=False)).astype(np.int32)
        frames = np.sort(rng.integers(-20, 450, 200)).astype(np.int32)
        values = rng.random((len(known), columns)).astype(np.float32)
        cases.append({"known": known, "values": values.reshape(-1), "frames": frames})
    results = run(probe, "interpolation", cases, columns=columns)
    for case, result in zip(cases, results, strict=True):
        values = case["values"].reshape(-1, columns).astype(np.float64)
        got = result["values"].reshape(-1, columns)
        for c in range(columns):
            expected = np.interp(case["frames"], case["known"], values[:, c])
            # Computed in double, then rounded: half a unit in the last place of float32.
            assert np.abs(got[:, c] - expected).max() <= 2.0**-25 + EXACT
        for row, frame in zip(got, case["frames"], strict=True):
            if frame in case["known"]:
                assert (row == case["values"].reshape(-1, columns)[case["known"] == frame][0]).all()


@pytest.mark.parametrize("task,columns", [("expr", CLASSES), ("au", UNITS), ("va", 2)])
def test_probabilities_and_decisions_agree_with_numpy(probe, task, columns):
    rng = np.random.default_rng(19)
    cases = [
        {"logits": (scale * rng.normal(size=50 * columns)).astype(np.float32)}
        for scale in (0.01, 1, 10, 100, 1000)
    ]
    for case, result in zip(cases, run(probe, "probabilities", cases, task=task), strict=True):
        logits = case["logits"].reshape(-1, columns).astype(np.float64)
        got = result["probabilities"].reshape(-1, columns)
        if task == "expr":
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            expected = powers / powers.sum(axis=1, keepdims=True)
            decisions = got.argmax(axis=1)
        elif task == "au":
            expected = np.exp(-np.logaddexp(0, -logits))
            decisions = got >= 0.5
        else:
            expected = np.tanh(logits)
            decisions = got
        assert np.abs(got - expected.astype(np.float32)).max() <= 2.0**-24
        assert (result["decisions"] == np.asarray(decisions, np.float32).reshape(-1)).all()
