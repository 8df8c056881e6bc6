"""CVaR against scipy's minimum and finite differences; the losses against PyTorch's, CCC against numpy."""

import numpy as np
import pytest
import torch
from scipy import optimize

import reference_loop


def definition(losses, alpha):
    """min over t of t + sum(max(l - t, 0)) / (alpha n), found by scipy on a bracketing interval."""

    def value(t):
        return t + np.maximum(losses - t, 0).sum() / (alpha * len(losses))

    low, high = losses.min() - 1, losses.max() + 1
    best = optimize.minimize_scalar(value, bounds=(low, high), method="bounded",
                                    options={"xatol": 1e-13, "maxiter": 2000})
    return min(best.fun, value(losses.max()), value(losses.min()))


def random_cases(rng, count):
    tensors, alphas = {}, []
    for i in range(count):
        n = int(rng.integers(1, 60))
        losses = rng.exponential(size=n)
        if rng.random() < 0.3:
            losses = np.round(losses, 1)  # ties
        valid = rng.random(n) < rng.choice([1.0, 0.7, 0.2])
        tensors[f"losses.{i}"], tensors[f"valid.{i}"] = losses, valid.astype(np.uint8)
        alphas.append(float(rng.choice([1.0, 0.5, 1 / n, 0.01, rng.uniform(0.01, 1)])))
    return tensors, alphas


def test_cvar_equals_the_minimum_of_its_definition(probe):
    tensors, alphas = random_cases(np.random.default_rng(11), 400)
    out, _ = probe("cvar", tensors, alpha=alphas)
    compared = 0
    for i, alpha in enumerate(alphas):
        losses = tensors[f"losses.{i}"][tensors[f"valid.{i}"] == 1]
        if len(losses) == 0:
            assert out[f"value.{i}"] == 0
            continue
        assert out[f"value.{i}"] == pytest.approx(definition(losses, alpha), rel=1e-6)
        compared += 1
    assert compared > 300


def test_cvar_is_the_mean_at_one_and_the_maximum_at_a_tiny_level(probe):
    losses = np.random.default_rng(3).exponential(size=37)
    tensors = {}
    for i in range(2):
        tensors[f"losses.{i}"], tensors[f"valid.{i}"] = losses, np.ones(37, np.uint8)
    out, _ = probe("cvar", tensors, alpha=[1.0, 1e-6])
    assert out["value.0"] == pytest.approx(losses.mean(), rel=1e-14)
    assert out["value.1"] == losses.max()


def test_cvar_gradient_equals_finite_differences(probe):
    rng = np.random.default_rng(5)
    step = 1e-6
    for _ in range(12):
        n, alpha = int(rng.integers(2, 25)), float(rng.uniform(0.05, 1))
        losses = rng.exponential(size=n)  # no ties: the gradient is one
        valid = np.ones(n, np.uint8)
        shifted = [losses] + [losses + s * step * np.eye(n)[j] for j in range(n) for s in (1, -1)]
        tensors = {f"losses.{i}": v for i, v in enumerate(shifted)}
        tensors |= {f"valid.{i}": valid for i in range(len(shifted))}
        out, _ = probe("cvar", tensors, alpha=[alpha] * len(shifted))
        numeric = [
            (out[f"value.{1 + 2 * j}"] - out[f"value.{2 + 2 * j}"]) / (2 * step) for j in range(n)
        ]
        np.testing.assert_allclose(out["gradient.0"], numeric, atol=1e-6)
        assert out["gradient.0"].sum() == pytest.approx(1)


def au_cvar(losses, valid, alpha, pool):
    if pool == "element":
        return reference_loop.cvar(losses[valid], alpha)
    if pool == "per_output":
        parts = [
            reference_loop.cvar(losses[valid[:, a], a], alpha)
            for a in range(losses.shape[1])
            if valid[:, a].any()
        ]
        return torch.stack(parts).mean()
    rows = [losses[i, valid[i]].mean() for i in range(len(losses)) if valid[i].any()]
    return reference_loop.cvar(torch.stack(rows), alpha)


def auc_margin(logits, labels):
    """Pairs by two loops, as the definition reads."""
    total = 0
    for a in range(12):
        positives, negatives = logits[labels[:, a] == 1, a], logits[labels[:, a] == 0, a]
        pairs = [max(0.6 - (p - n), torch.zeros((), dtype=p.dtype)) ** 2
                 for p in positives for n in negatives]
        total = total + (sum(pairs) / len(pairs) if pairs else 0)
    return total / 12


@pytest.mark.parametrize("pool", ["element", "sample", "per_output"])
@pytest.mark.parametrize("auc", [0.0, 0.2])
def test_au_objective_and_gradient_equal_the_restatement(probe, pool, auc):
    rng = np.random.default_rng(17)
    for case in range(4):
        rows, alpha = int(rng.integers(3, 12)), float(rng.uniform(0.2, 1))
        logits = torch.tensor(rng.normal(size=(rows, 12)), requires_grad=True)
        labels = torch.tensor(rng.choice([-1, 0, 1], p=[0.2, 0.5, 0.3], size=(rows, 12)))
        labels[:, 3] = 0  # one class only
        labels[:, 5] = -1  # no label at all
        known = labels >= 0
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, labels.clamp_min(0).double(), reduction="none")
        loss = au_cvar(losses, known, alpha, pool)
        if auc:
            loss = (1 - auc) * loss + auc * auc_margin(logits, labels)
        loss.backward()
        out, _ = probe("objective", {"logits.au": logits.detach().numpy(),
                                     "labels.au": labels.double().numpy()},
                       tasks=["au"], alpha=alpha, pool=pool, auc_weight=auc)
        assert out["loss"] == pytest.approx(loss.item(), rel=1e-10)
        np.testing.assert_allclose(out["gradient.au"], logits.grad, atol=1e-10)


def test_joint_objective_masks_each_task_and_weighs_classes(probe):
    rng = np.random.default_rng(23)
    counts = np.array([900, 5, 60, 0, 300, 200, 100, 435])
    weights = np.where(counts > 0, np.minimum(10, counts.sum() / (8 * np.maximum(counts, 1))), 0)
    weights = weights * counts.sum() / (weights * counts).sum()
    logits = {"expr": torch.tensor(rng.normal(size=(20, 8)), requires_grad=True),
              "au": torch.tensor(rng.normal(size=(20, 12)), requires_grad=True)}
    labels = {"expr": torch.tensor(rng.choice([-1, 0, 1, 2, 4, 5, 6, 7], size=20)),
              "au": torch.tensor(rng.choice([-1, 0, 1], size=(20, 12)))}
    known = labels["expr"] >= 0
    expr = torch.nn.functional.cross_entropy(
        logits["expr"][known], labels["expr"][known], reduction="none"
    ) * torch.tensor(weights)[labels["expr"][known]]
    bce = torch.nn.functional.binary_cross_entropy_with_logits(
        logits["au"], labels["au"].clamp_min(0).double(), reduction="none")[labels["au"] >= 0]
    loss = 0.7 * reference_loop.cvar(expr, 0.4) + 1.9 * reference_loop.cvar(bce, 0.4)
    loss.backward()
    tensors = {f"logits.{t}": logits[t].detach().numpy() for t in logits}
    tensors |= {f"labels.{t}": labels[t].double().numpy() for t in labels}
    out, _ = probe("objective", tensors, tasks=["expr", "au"], alpha=0.4,
                   class_weights="balanced", task_weights=[0.7, 1.9], expr_counts=counts.tolist())
    assert out["loss"] == pytest.approx(loss.item(), rel=1e-10)
    for task in logits:
        np.testing.assert_allclose(out[f"gradient.{task}"], logits[task].grad, atol=1e-10)


def expr_case(rng, rows=24):
    """Logits, labels with -1, and which rows are labelled."""
    logits = torch.tensor(3 * rng.normal(size=(rows, 8)), requires_grad=True)
    labels = torch.tensor(rng.choice([-1, 0, 1, 2, 3, 4, 5, 6, 7], size=rows))
    return logits, labels, labels >= 0


def expect_objective(probe, task, logits, labels, loss, **options):
    """`loss`, a graph over `logits`, is what mien says, and so is its gradient."""
    loss.backward()
    arrays = {f"logits.{task}": logits.detach().numpy(), f"labels.{task}": labels.double().numpy()}
    if "videos" in options:
        arrays["videos"] = options.pop("videos")
    out, _ = probe("objective", arrays, tasks=[task], **options)
    assert out["loss"] == pytest.approx(loss.item(), rel=1e-10)
    np.testing.assert_allclose(out[f"gradient.{task}"], logits.grad, atol=1e-11)


@pytest.mark.parametrize("smoothing", [0.05, 0.3, 0.9])
def test_label_smoothing_is_pytorchs(probe, smoothing):
    logits, labels, known = expr_case(np.random.default_rng(31))
    losses = torch.nn.functional.cross_entropy(
        logits[known], labels[known], reduction="none", label_smoothing=smoothing)
    expect_objective(probe, "expr", logits, labels, reference_loop.cvar(losses, 0.4), alpha=0.4,
                     label_smoothing=smoothing)


def test_logit_adjustment_adds_the_log_prior(probe):
    counts = np.array([900, 5, 60, 0, 300, 200, 100, 435])
    logits, labels, known = expr_case(np.random.default_rng(37))
    prior = torch.tensor(np.maximum(counts, 0.5) / counts.sum())
    losses = torch.nn.functional.cross_entropy(
        (logits + 1.5 * prior.log())[known], labels[known], reduction="none")
    expect_objective(probe, "expr", logits, labels, reference_loop.cvar(losses, 0.4), alpha=0.4,
                     logit_adjustment=1.5, expr_counts=counts.tolist())


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss_of_classes(probe, gamma):
    logits, labels, known = expr_case(np.random.default_rng(41))
    p = torch.softmax(logits[known], 1).gather(1, labels[known][:, None])[:, 0]
    losses = -((1 - p) ** gamma) * p.log()
    expect_objective(probe, "expr", logits, labels, reference_loop.cvar(losses, 0.4), alpha=0.4,
                     focal=gamma)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss_of_units(probe, gamma):
    rng = np.random.default_rng(43)
    logits = torch.tensor(2 * rng.normal(size=(15, 12)), requires_grad=True)
    labels = torch.tensor(rng.choice([-1, 0, 1], size=(15, 12)))
    p = torch.where(labels == 1, torch.sigmoid(logits), 1 - torch.sigmoid(logits))
    losses = (-((1 - p) ** gamma) * p.log())[labels >= 0]
    expect_objective(probe, "au", logits, labels, reference_loop.cvar(losses, 0.4), alpha=0.4,
                     focal=gamma)


@pytest.mark.parametrize("task", ["expr", "au"])
def test_per_video_takes_the_tail_of_the_videos_means(probe, task):
    rng = np.random.default_rng(47)
    for _ in range(5):
        logits, labels, known = expr_case(rng)
        videos = rng.choice([0, 1, 3, 4, 7], size=len(labels))
        losses = torch.nn.functional.cross_entropy(logits, labels.clamp_min(0), reduction="none")
        if task == "au":
            logits = torch.tensor(rng.normal(size=(len(videos), 12)), requires_grad=True)
            labels = torch.tensor(rng.choice([-1, 0, 1], size=logits.shape))
            known = labels >= 0
            losses = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, labels.clamp_min(0).double(), reduction="none")
        means = [losses[videos == v][known[videos == v]].mean()
                 for v in np.unique(videos) if known[videos == v].any()]
        loss = reference_loop.cvar(torch.stack(means), 0.3)
        expect_objective(probe, task, logits, labels, loss, alpha=0.3, pool="per_video",
                         videos=videos.astype(np.int64))


def va_case(rng, rows):
    """Logits, labels with -5 in either column, and which rows are labelled."""
    logits = torch.tensor(2 * rng.normal(size=(rows, 2)), requires_grad=True)
    labels = torch.tensor(np.round(np.tanh(rng.normal(size=(rows, 2))), 3))
    labels[rng.random((rows, 2)) < 0.1] = -5
    return logits, labels, (labels != -5).all(1)


def test_concordance_loss_equals_numpy_and_its_gradient_autograd(probe):
    rng = np.random.default_rng(53)
    for case in range(8):
        logits, labels, known = va_case(rng, int(rng.integers(6, 60)))
        truth, predicted = labels[known].numpy(), np.tanh(logits.detach()[known].numpy())
        covariance = [np.cov(truth[:, d], predicted[:, d], bias=True) for d in range(2)]
        apart = truth.mean(0) - predicted.mean(0)
        ccc = [2 * c[0, 1] / (c[0, 0] + c[1, 1] + a**2) for c, a in zip(covariance, apart)]
        loss = reference_loop.concordance_loss(logits, labels)
        assert loss.item() == pytest.approx(1 - np.mean(ccc), rel=1e-12)
        expect_objective(probe, "va", logits, labels, loss, alpha=(case + 1) / 8)


@pytest.mark.parametrize("pool", ["element", "sample"])
def test_squared_errors_of_va_have_a_tail(probe, pool):
    rng = np.random.default_rng(59)
    logits, labels, known = va_case(rng, 40)
    losses = ((torch.tanh(logits) - labels) ** 2)[known]
    loss = reference_loop.cvar(losses if pool == "element" else losses.mean(1), 0.3)
    expect_objective(probe, "va", logits, labels, loss, alpha=0.3, pool=pool, continuous="mse")
