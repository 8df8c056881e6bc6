"""Smoothing, the searches for thresholds, biases and blends, and cross-fitting against numpy, scikit-learn and brute
force; what tuning is worth where nothing can be learnt, and where something can."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from test_metrics import CLASSES, EXACT, UNITS, ccc_of, macro_f1, run

KINDS = ["none", "box", "gaussian", "median"]


# -- smoothing ------------------------------------------------------------------------------------


def kernel(kind, h):
    if kind == "box":
        return np.ones(2 * h + 1)
    halves = [h // 3 + (pass_ < h % 3) for pass_ in range(3)]
    weights = np.ones(1)
    for half in halves:
        weights = np.convolve(weights, np.ones(2 * half + 1))
    return weights


def naive(values, kind, h):
    """[n] by looking at every window."""
    out = np.empty(len(values))
    weights = None if kind in ("none", "median") else kernel(kind, h)
    for i in range(len(values)):
        low, high = max(0, i - h), min(len(values), i + h + 1)
        window = values[low:high]
        if kind == "none":
            out[i] = values[i]
        elif kind == "median":
            out[i] = np.median(window)
        else:
            there = weights[low - (i - h) : len(weights) - (i + h + 1 - high)]
            out[i] = np.dot(window, there) / there.sum()
    return out


def smooth_at(known, values, frames, kind, h):
    """[m, columns]: linear over frames 1 to the last, smoothed, read at frames."""
    timeline = np.arange(min(1, known[0]), known[-1] + 1)
    at = np.clip(frames, timeline[0], timeline[-1]) - timeline[0]
    columns = []
    for column in values.T:
        dense = np.interp(timeline, known, column).astype(np.float32).astype(np.float64)
        columns.append(naive(dense, kind, h)[at])
    return np.stack(columns, axis=1)


def random_video(rng):
    length = int(rng.choice([1, 2, 5, rng.integers(3, 40), rng.integers(40, 300)]))
    start = int(rng.choice([0, 1, 1, rng.integers(1, 60)]))
    known = start + np.sort(rng.choice(2 * length, length, replace=False))
    return known.astype(np.int32)


def test_smoothing_agrees_with_a_look_at_every_window(probe):
    rng = np.random.default_rng(31)
    columns, cases, options = 3, [], []
    for _ in range(240):
        known = random_video(rng)
        values = rng.random((len(known), columns)).astype(np.float32)
        if rng.random() < 0.3:
            values = np.round(values, 1)  # ties for the median
        frames = np.unique(rng.integers(-3, known[-1] + 20, 60)).astype(np.int32)
        kind = KINDS[rng.integers(1, 4)]
        h = int(rng.choice([1, 2, 3, 4, 5, 7, 17, 40, 150, 1000]))
        cases.append({"known": known, "values": values.reshape(-1), "frames": frames})
        options.append({"kind": kind, "half_window": h})
    results = run(probe, "smoothing", cases, columns=columns, smoothing=options)
    for case, result, option in zip(cases, results, options, strict=True):
        values = case["values"].reshape(-1, columns)
        expected = smooth_at(case["known"], values, case["frames"], option["kind"], option["half_window"])
        assert np.abs(result["values"].reshape(-1, columns) - expected).max() <= 2e-7, option


def test_a_gaussian_is_nearly_one():
    for h in (12, 50, 180):
        weights = kernel("gaussian", h) / kernel("gaussian", h).sum()
        x = np.arange(-h, h + 1)
        deviation = np.sqrt(np.dot(weights, x**2))
        assert abs(deviation / (h / 3) - 1) < 0.15
        bell = np.exp(-(x**2) / (2 * deviation**2))
        assert np.abs(weights - bell / bell.sum()).sum() < 0.06


# -- searches -------------------------------------------------------------------------------------


def middles(breakpoints):
    points = np.unique(breakpoints)
    return np.concatenate([[points[0] - 1], (points[:-1] + points[1:]) / 2, [points[-1] + 1]])


def test_a_threshold_is_the_best_of_all(probe):
    rng = np.random.default_rng(32)
    cases = []
    for _ in range(120):
        n = int(rng.integers(1, 60))
        scores = rng.random(n).astype(np.float32)
        cases.append({"scores": np.round(scores, 1) if rng.random() < 0.4 else scores,
                      "truth": (rng.random(n) < rng.random()).astype(np.int32)})
    for case, result in zip(cases, run(probe, "threshold", cases), strict=True):
        scores, truth = case["scores"].astype(np.float64), case["truth"]
        all_f1 = [f1_of(truth, scores >= t) for t in [0.5, *middles(scores)]]
        value, f1 = result["threshold"]
        assert abs(f1 - max(all_f1)) <= EXACT and 0 <= value <= 1
        assert abs(f1_score(truth, scores >= value, zero_division=0) - f1) <= EXACT
        if all_f1[0] == max(all_f1):
            assert value == 0.5


def test_a_small_gain_does_not_move_a_threshold(probe):
    rng = np.random.default_rng(33)
    case = {"scores": rng.random(500).astype(np.float32), "truth": (rng.random(500) < 0.5).astype(np.int32)}
    now = f1_score(case["truth"], case["scores"] >= 0.5)
    best = run(probe, "threshold", [case])[0]["threshold"]
    assert best[1] > now
    still = run(probe, "threshold", [case], min_gain=best[1] - now + 0.01)[0]["threshold"]
    assert list(still) == [0.5, pytest.approx(now, abs=EXACT)]


def f1_of(truth, positive):
    """One binary F1, or one a column."""
    below = truth.sum(axis=0) + positive.sum(axis=0)
    return 2 * (truth * positive).sum(axis=0) / np.maximum(below, 1)


def macro_of(truth, decision):
    return f1_of(truth[:, None] == np.arange(CLASSES), decision[:, None] == np.arange(CLASSES)).mean()


def test_the_short_forms_of_f1_are_scikit_learns():
    rng = np.random.default_rng(30)
    truth, decision = rng.integers(0, CLASSES - 1, (2, 40))
    assert abs(macro_of(truth, decision) - macro_f1(truth, decision)) <= EXACT
    assert abs(f1_of(truth > 3, decision > 3) - f1_score(truth > 3, decision > 3)) <= EXACT


def biased(log_p, bias):
    return (log_p + bias).argmax(axis=1)


def test_a_class_bias_is_the_best_of_all_and_the_fit_is_a_coordinate_optimum(probe):
    rng = np.random.default_rng(34)
    cases = []
    for i in range(60):
        n = int(rng.integers(1, 50))
        log_p = np.log(rng.dirichlet(np.full(CLASSES, 0.7), n) + 1e-9)
        truth = np.where(rng.random(n) < 0.4, biased(log_p, 0), rng.integers(0, CLASSES, n))
        if i % 3 == 0:
            log_p = np.round(log_p, 0)  # many equal margins
        bias = rng.normal(size=CLASSES) if i % 2 else np.zeros(CLASSES)
        cases.append({"log_p": log_p.reshape(-1), "truth": truth.astype(np.int32), "bias": bias})

    def scan(log_p, truth, bias, c):
        others = np.delete(log_p + bias, c, axis=1).max(axis=1)
        trials = [macro_of(truth, biased(log_p, np.where(np.arange(CLASSES) == c, b, bias)))
                  for b in [bias[c], *middles(others - log_p[:, c])]]
        return max(trials)

    for case, result in zip(cases, run(probe, "biases", cases), strict=True):
        log_p, truth, bias = case["log_p"].reshape(-1, CLASSES), case["truth"], case["bias"]
        for c, (value, f1) in enumerate(result["best"].reshape(CLASSES, 2)):
            assert abs(f1 - scan(log_p, truth, bias, c)) <= EXACT
            moved = np.where(np.arange(CLASSES) == c, value, bias)
            assert abs(macro_f1(truth, biased(log_p, moved)) - f1) <= EXACT
        fitted = result["fitted"]
        reached = macro_f1(truth, biased(log_p, fitted))
        assert reached >= result["best"][1] - EXACT  # the first step is the first class's best
        assert max(scan(log_p, truth, fitted, c) for c in range(CLASSES)) <= reached + EXACT


def blend_score(task, truth, p):
    if task == "expr":
        return macro_of(truth[:, 0], p.argmax(axis=1))
    if task == "au":
        return f1_of(truth, p >= 0.5).mean()
    return np.mean([ccc_of(truth[:, d], p[:, d]) for d in range(2)])


def crossings(task, a, b):
    """Shares of b at which a row of the mixture may change its decision."""
    if task == "au":
        with np.errstate(divide="ignore", invalid="ignore"):
            at = ((a - 0.5) / (a - b)).reshape(-1)
    else:
        i, j = np.triu_indices(CLASSES, 1)
        start, end = a[:, i] - a[:, j], b[:, i] - b[:, j]
        with np.errstate(divide="ignore", invalid="ignore"):
            at = (start / (start - end)).reshape(-1)
    return np.unique(np.concatenate([[0.0, 1.0], at[(at > 0) & (at < 1)]]))


@pytest.mark.parametrize("task,levelled", [("expr", 0), ("expr", 1), ("au", 0), ("au", 1), ("va", 0)])
def test_two_runs_blend_as_well_as_any_share_can(probe, task, levelled):
    rng = np.random.default_rng(35)
    columns = {"expr": CLASSES, "au": UNITS, "va": 2}[task]
    cases = []
    for _ in range(25):
        n = int(rng.integers(5, 40))
        if task == "expr":
            truth = rng.integers(0, CLASSES, (n, 1)).astype(np.float64)
            signal = np.eye(CLASSES)[truth[:, 0].astype(int)]
        else:
            truth = (rng.random((n, UNITS)) < 0.4).astype(np.float64) if task == "au" else rng.uniform(-1, 1, (n, 2))
            signal = truth
        runs = [np.clip(0.4 * signal + 0.6 * rng.random((n, columns)), 0, 1) for _ in range(2)]
        levels = np.zeros(0)
        if levelled:
            levels = rng.normal(size=CLASSES) if task == "expr" else rng.uniform(0.3, 0.7, UNITS)
        cases.append({"truth": truth.reshape(-1), "levels": levels} | {f"run{r}": p.astype(np.float32).reshape(-1)
                                                     for r, p in enumerate(runs)})
    for case, result in zip(cases, run(probe, "blend_weights", cases, task=task, runs=2), strict=True):
        truth = case["truth"].reshape(-1, {"expr": 1, "au": UNITS, "va": 2}[task])
        a, b = (case[f"run{r}"].reshape(-1, columns).astype(np.float64) for r in range(2))
        if levelled:  # a bias is a factor; a threshold moved to .5 moves the scores
            a, b = ((p * np.exp(case["levels"]) if task == "expr" else p - case["levels"] + 0.5) for p in (a, b))
        if task == "va":
            shares = np.linspace(0, 1, 1001)
        else:
            points = crossings(task, a, b)
            shares = np.concatenate([[0, 0.5, 1], (points[:-1] + points[1:]) / 2])
        best = max(blend_score(task, truth, (1 - s) * a + s * b) for s in shares)
        weights = result["weights"]
        assert weights.min() >= 0 and abs(weights.sum() - 1) < 1e-12
        got = blend_score(task, truth, weights[0] * a + weights[1] * b)
        assert abs(got - best) <= (1e-6 if task == "va" else EXACT)


def test_three_runs_blend_better_than_the_best_alone_and_useless_ones_are_left_out(probe):
    rng = np.random.default_rng(36)
    n = 4000
    truth = rng.integers(0, CLASSES, n)
    good = [0.25 * np.eye(CLASSES)[truth] + rng.random((n, CLASSES)) for _ in range(2)]
    runs = [*good, rng.random((n, CLASSES))]
    case = {"truth": truth.astype(np.float64), "levels": np.zeros(0)}
    case |= {f"run{r}": p.astype(np.float32).reshape(-1) for r, p in enumerate(runs)}
    weights = run(probe, "blend_weights", [case], task="expr", runs=3)[0]["weights"]
    mixed = sum(w * p for w, p in zip(weights, runs, strict=True))
    assert macro_f1(truth, mixed.argmax(1)) > max(macro_f1(truth, p.argmax(1)) for p in runs) + 0.02
    assert weights[2] < 0.15 and weights[:2].min() > 0.3


# -- cross-fitting --------------------------------------------------------------------------------


def case_of(truth, videos, probabilities):
    """One tuning case; truth [n, k], videos [n] ascending, frames counted from 1 within each."""
    frames = np.concatenate([np.arange(1, count + 1) for count in np.unique(videos, return_counts=True)[1]])
    rows = {"video": videos.astype(np.int32), "frame": frames.astype(np.int32),
            "truth_video": videos.astype(np.int32), "truth_frame": frames.astype(np.int32),
            "truth": np.ascontiguousarray(truth, np.float64).reshape(-1)}
    return rows | {f"run{r}": p.astype(np.float32).reshape(-1) for r, p in enumerate(probabilities)}


def softmax(x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def smooth_labels(rng, videos, length, stay=0.97, prior=None):
    """(truth [n], videos [n]): classes that stay for a while."""
    truth = []
    for _ in range(videos):
        state = rng.choice(CLASSES, p=prior)
        for _ in range(length):
            if rng.random() > stay:
                state = rng.choice(CLASSES, p=prior)
            truth.append(state)
    return np.array(truth), np.repeat(np.arange(videos), length)


def noisy_scores(rng, truth, shift):
    return softmax(0.7 * np.eye(CLASSES)[truth] + rng.normal(size=(len(truth), CLASSES)) + shift)


PRIOR = np.array([0.28, 0.05, 0.04, 0.04, 0.16, 0.13, 0.06, 0.24])
SHIFT = np.array([1.5, -1, 0, 0, 0.5, 0, -1, 1])


def tuned(probe, cases, task="expr", **options):
    return run(probe, "tune", cases, task=task, **options)


def apply_rule(case, result, columns):
    """[n, columns] smoothed scores of run 0 by the naive window, in float64."""
    kind, h = KINDS[result["smoothing"][0]], int(result["smoothing"][1])
    out = np.empty((len(case["video"]), columns))
    for v in np.unique(case["video"]):
        rows = case["video"] == v
        values = case["run0"].reshape(-1, columns)[rows]
        out[rows] = smooth_at(case["frame"][rows], values, case["frame"][rows], kind, h)
    return out


def test_the_in_sample_number_is_that_of_the_rule_it_gives(probe):
    rng = np.random.default_rng(37)
    truth, videos = smooth_labels(rng, 12, 150, prior=PRIOR)
    case = case_of(truth[:, None], videos, [noisy_scores(rng, truth, SHIFT)])
    result = tuned(probe, [case])[0]
    assert result["ingredients.together"][3] == 1 and result["smoothing"][1] > 0
    p = case["run0"].reshape(-1, CLASSES)
    assert abs(result["raw"][0] - macro_f1(truth, p.argmax(1))) <= EXACT
    decision = biased(np.log(apply_rule(case, result, CLASSES)), result["bias"])
    assert abs(result["kept"][0] - macro_f1(truth, decision)) <= 2e-4  # a row on the edge may fall either way


@pytest.mark.parametrize("ingredients", [["levels"], ["smoothing"], ["smoothing", "levels"]])
def test_a_fold_is_decided_by_a_rule_that_never_saw_it(probe, ingredients):
    rng = np.random.default_rng(38)
    truth, videos = smooth_labels(rng, 12, 150, prior=PRIOR)
    p = noisy_scores(rng, truth, SHIFT if ingredients == ["levels"] else SHIFT / 2)
    whole = case_of(truth[:, None], videos, [p])
    result = tuned(probe, [whole], folds=3, ingredients=ingredients)[0]
    fold_of = run(probe, "folds", [whole], task="expr", folds=3, seed=5)[0]["folds"]
    decision = np.empty(len(truth), int)
    for fold in range(3):
        seen = np.isin(videos, np.flatnonzero(fold_of != fold))
        rule = tuned(probe, [case_of(truth[seen, None], videos[seen], [p[seen]])], ingredients=ingredients)[0]
        assert (len(rule["bias"]) > 0) == ("levels" in ingredients)
        assert (rule["smoothing"][1] > 0) == ("smoothing" in ingredients)
        unseen = case_of(truth[~seen, None], videos[~seen], [p[~seen]])
        scores = np.log(apply_rule(unseen, rule, CLASSES))
        decision[~seen] = biased(scores, rule["bias"] if len(rule["bias"]) else 0)
    name = ingredients[0] if len(ingredients) == 1 else "together"
    assert abs(result[f"ingredients.{name}"][1] - macro_f1(truth, decision)) <= 2e-4


def test_nothing_is_gained_out_of_fold_where_nothing_can_be_learnt(probe):
    """8 equally frequent classes and scores that know nothing: in sample there is a gain all the same."""
    cases = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        videos, length = 30, 60
        truth = rng.permutation(np.repeat(np.arange(CLASSES), videos * length // CLASSES + 1))[: videos * length]
        p = softmax(rng.normal(size=(len(truth), CLASSES)))
        cases.append(case_of(truth[:, None], np.repeat(np.arange(videos), length), [p]))
    results = tuned(probe, cases)
    for name in ("kept", "ingredients.levels", "ingredients.smoothing", "ingredients.together"):
        assert abs(np.mean([r[name][2] for r in results])) < 0.02, name
    in_sample = [r["ingredients.together"][0] - r["raw"][0] for r in results]
    assert np.mean(in_sample) > 0.01 and min(in_sample) >= 0
    optimism = [r["ingredients.together"][0] - r["ingredients.together"][1] for r in results]
    assert np.mean(optimism) > 0.01


def test_smoothing_pays_where_labels_are_smooth_and_scores_are_noisy(probe):
    cases = []
    for seed in range(3):
        rng = np.random.default_rng(50 + seed)
        truth, videos = smooth_labels(rng, 20, 200, prior=PRIOR)
        cases.append(case_of(truth[:, None], videos, [noisy_scores(rng, truth, SHIFT / 2)]))
    for result in tuned(probe, cases):
        assert result["ingredients.smoothing"][2] >= 0.03 and result["kept"][2] >= 0.03
        assert abs(result["kept"][2] - (result["kept"][1] - result["raw"][0])) <= EXACT
        assert result["ingredients.together"][1] >= max(result["ingredients.smoothing"][1],
                                                        result["ingredients.levels"][1])  # fmt: skip


def test_the_gain_for_unequal_classes_without_information_is_that_of_biases_from_other_data(probe):
    """Scores that favour a rare class: to stop that is a real gain, and biases of other data bring it too."""
    rng = np.random.default_rng(64)

    def uninformed():
        truth = rng.choice(CLASSES, 1800, p=PRIOR)
        p = softmax(rng.normal(size=(len(truth), CLASSES)) + 3 * np.eye(CLASSES)[3])
        return truth, case_of(truth[:, None], np.repeat(np.arange(30), 60), [p])

    made = [uninformed() for _ in range(10)]
    others = [uninformed() for _ in range(10)]
    results = tuned(probe, [case for _, case in made], ingredients=["levels"])
    fits = run(probe, "biases", [{"log_p": np.log(case["run0"].astype(np.float64)), "truth": truth.astype(np.int32),
                                  "bias": np.zeros(CLASSES)} for truth, case in others], min_gain=1e-4)
    oracle = [macro_of(truth, biased(np.log(case["run0"].reshape(-1, CLASSES)), fit["fitted"]))
              for (truth, case), fit in zip(made, fits, strict=True)]
    assert abs(np.mean([r["ingredients.levels"][1] for r in results]) - np.mean(oracle)) < 0.02
    assert np.mean([r["ingredients.levels"][2] for r in results]) > 0.03


def au_case(rng, videos=30, length=60):
    """AUs with scores that know nothing: all positive still beats none."""
    truth = (rng.random((videos * length, UNITS)) < np.linspace(0.1, 0.7, UNITS)).astype(np.float64)
    p = 1 / (1 + np.exp(-rng.normal(-1, 1, truth.shape)))
    return case_of(truth, np.repeat(np.arange(videos), length), [p])


def test_the_gain_for_aus_without_information_is_that_of_thresholds_from_other_data(probe):
    """A gain without information is real here (all positive): an oracle fitted on independent data gets it too."""
    rng = np.random.default_rng(60)
    results, oracle = [], []
    cases = [au_case(rng) for _ in range(10)]
    for case, result in zip(cases, tuned(probe, cases, "au", ingredients=["levels"]), strict=True):
        other = au_case(rng)
        p, q = (c["run0"].reshape(-1, UNITS).astype(np.float64) for c in (case, other))
        t, s = (c["truth"].reshape(-1, UNITS) for c in (case, other))
        best = []
        for u in range(UNITS):
            trials = np.quantile(q[:, u], np.linspace(0, 1, 101))
            best.append(trials[np.argmax([f1_of(s[:, u], q[:, u] >= x) for x in trials])])
        oracle.append(f1_score(t, p >= np.array(best), average="macro"))
        results.append(result["ingredients.levels"][1])
        assert result["ingredients.levels"][2] > 0.05
    assert abs(np.mean(results) - np.mean(oracle)) < 0.02


def test_a_second_run_pays_and_the_frames_are_the_first_ones(probe):
    rng = np.random.default_rng(61)
    truth, videos = smooth_labels(rng, 15, 100)
    runs = [noisy_scores(rng, truth, 0) for _ in range(2)]
    result = tuned(probe, [case_of(truth[:, None], videos, runs)], runs=2, ingredients=["blend"])[0]
    assert result["ingredients.blend"][2] > 0.03
    assert len(result["weights"]) == 2 and abs(result["weights"].sum() - 1) < 1e-12
    mixed = sum(w * p.astype(np.float32).astype(np.float64) for w, p in zip(result["weights"], runs, strict=True))
    assert abs(result["kept"][0] - macro_f1(truth, mixed.argmax(1))) <= 2e-4


@pytest.mark.parametrize("task", ["expr", "au", "va"])
def test_threads_change_nothing(probe, task):
    rng = np.random.default_rng(62)
    if task == "expr":
        truth, videos = smooth_labels(rng, 10, 80)
        case = case_of(truth[:, None], videos, [noisy_scores(rng, truth, SHIFT) for _ in range(2)])
    elif task == "au":
        case = au_case(rng, 10)
        case["run1"] = au_case(rng, 10)["run0"]
    else:
        videos = np.repeat(np.arange(10), 80)
        truth = np.sin(np.arange(800)[:, None] / 30 + np.array([0, 1]))
        case = case_of(truth, videos, [truth + rng.normal(size=truth.shape) for _ in range(2)])
    one, three = (tuned(probe, [case], task, runs=2, threads=threads, draws=50)[0] for threads in (1, 3))
    assert one.keys() == three.keys()
    for name in one:
        assert (one[name] == three[name]).all(), name
    if task == "va":
        assert one["ingredients.smoothing"][2] > 0.1 and one["ingredients.blend"][2] > 0.05


def test_folds_hold_whole_recordings_and_their_share_of_every_class(probe):
    rng = np.random.default_rng(63)
    names = [f"video{i:02d}{side}" for i in range(24) for side in ("_left", "_right")]
    truth, videos = smooth_labels(rng, len(names), 60, stay=0.99)
    case = case_of(truth[:, None], videos, [])
    drawn = [run(probe, "folds", [case], task="expr", folds=4, seed=seed, names=names)[0]["folds"]
             for seed in (5, 5, 6)]
    assert (drawn[0] == drawn[1]).all() and (drawn[0] != drawn[2]).any()
    assert set(drawn[0]) == {0, 1, 2, 3} and (drawn[0][::2] == drawn[0][1::2]).all()

    def spread(fold_of):
        shares = np.array([[np.mean(fold_of[videos[truth == c]] == f) for f in range(4)] for c in range(CLASSES)])
        return np.abs(shares - 0.25).mean()

    at_random = [spread(np.repeat(rng.permutation(np.arange(24) % 4), 2)) for _ in range(200)]
    assert spread(drawn[0]) < np.quantile(at_random, 0.05)


def test_more_folds_than_recordings_are_as_many_as_there_are(probe):
    case = case_of(np.zeros((9, 1)), np.repeat(np.arange(3), 3), [])
    assert sorted(run(probe, "folds", [case], task="expr", folds=9, seed=1)[0]["folds"]) == [0, 1, 2]
