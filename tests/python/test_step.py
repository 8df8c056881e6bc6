"""SAM + AdamW steps of the library against the PyTorch loop of reference_loop.py."""

import math

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

import reference_loop as reference

TASKS = {"expr": ["expr"], "au": ["au"], "both": ["expr", "au"], "va": ["va"], "all": ["expr", "au", "va"]}
START = [1, 0.5, 2]  # of learned task weights


def random_data(rng, rows, dim, tasks, dtype):
    x = torch.tensor(rng.normal(size=(rows, dim)), dtype=dtype)
    labels = {}
    if "expr" in tasks:
        labels["expr"] = torch.tensor(rng.integers(0, 8, rows))
    if "au" in tasks:
        labels["au"] = torch.tensor(rng.choice([-1, 0, 1], p=[0.1, 0.6, 0.3], size=(rows, 12)))
    if len(tasks) > 1:
        labels["expr"][rng.random(rows) < 0.2] = -1
    if "va" in tasks:
        labels["va"] = torch.tensor(np.round(np.tanh(rng.normal(size=(rows, 2)) / 2), 3))
        labels["va"][rng.random(rows) < 0.15] = -5
        labels["va"][3, 1] = -5  # one of the two is enough
    return x, labels


def gaps(probe, tmp_path, *, seed, tasks, dtype, steps, rho, adaptive=False, learned=False, alpha_epochs=0):
    rng = np.random.default_rng(seed)
    dim, width, layers, batch, alpha = 64, 48, 3, 32, 0.5
    x, labels = random_data(rng, 160, dim, tasks, dtype)
    trunk = reference.make_trunk(seed, dim, width, layers, tasks, dtype)
    init = tmp_path / f"init{seed}.safetensors"
    save_file(trunk.named_arrays(), init)
    tensors = {"x": x.numpy()} | {f"labels.{t}": v.double().numpy() for t, v in labels.items()}
    options = {"alpha_start": 0.9, "alpha_epochs": alpha_epochs}
    if learned:
        options |= {"task_weighting": "learned", "task_weights": START[: len(tasks)]}
        reference.learn_task_weights(trunk, START[: len(tasks)])
    out, _ = probe("train", tensors, init=str(init), tasks=tasks, layers=layers, width=width,
                   batch_size=batch, steps=steps, alpha=alpha, rho=rho, adaptive=adaptive, **options)
    moving = alpha_epochs * -(-len(x) // batch)
    losses = reference.train(
        trunk, x, labels, batch_size=batch, steps=steps, rho=rho, adaptive=adaptive,
        alpha=lambda s: alpha + (0.9 - alpha) * (1 - s / moving) if s < moving else alpha)
    arrays = trunk.named_arrays()
    found = {"loss": float(np.abs(out["losses"] / losses - 1).max())}
    for name in reference.compared_tensors(arrays):
        found[name] = reference.relative_gap(out[name], arrays[name])
    if learned:
        s = trunk.log_variances.detach()
        assert (s + torch.tensor(START[: len(tasks)]).log()).abs().min() > 0.005  # they moved
        found["log_variances"] = reference.relative_gap(out["log_variances"], s)
    trunk.eval()
    with torch.no_grad():
        for task, logits in trunk(x).items():
            found[f"output.{task}"] = reference.relative_gap(out[f"logits.{task}"], logits)
    return found


@pytest.mark.parametrize("tasks", TASKS)
@pytest.mark.parametrize("rho,adaptive", [(0.05, False), (0.5, True), (0.0, False)])
def test_200_steps_in_double_agree_to_1e_9(probe, tmp_path, tasks, rho, adaptive):
    found = gaps(probe, tmp_path, seed=7, tasks=TASKS[tasks], dtype=torch.float64, steps=200,
                 rho=rho, adaptive=adaptive)
    worst = max(found, key=found.get)
    assert found[worst] <= 1e-9, f"{worst}: {found[worst]}"


@pytest.mark.parametrize("tasks", ["both", "va", "all"])
def test_200_steps_with_learned_task_weights_and_a_moving_alpha_agree_to_1e_9(probe, tmp_path, tasks):
    found = gaps(probe, tmp_path, seed=11, tasks=TASKS[tasks], dtype=torch.float64, steps=200, rho=0.05,
                 learned=True, alpha_epochs=25)
    worst = max(found, key=found.get)
    assert found[worst] <= 1e-9, f"{worst}: {found[worst]}"


def test_60_steps_of_all_tasks_with_learned_weights_in_single_agree_to_1e_3(probe, tmp_path):
    best = min(
        max(gaps(probe, tmp_path, seed=seed, tasks=TASKS["all"], dtype=torch.float32, steps=60,
                 rho=0.05, learned=True, alpha_epochs=6).values())
        for seed in (1, 2, 3)
    )
    assert best <= 1e-3


@pytest.mark.parametrize("tasks", TASKS)
def test_60_steps_in_single_agree_to_1e_3(probe, tmp_path, tasks):
    """The best of 3 starts: a kink of ReLU or CVaR can part two correct loops."""
    best = min(
        max(gaps(probe, tmp_path, seed=seed, tasks=TASKS[tasks], dtype=torch.float32, steps=60,
                 rho=0.05).values())
        for seed in (1, 2, 3)
    )
    assert best <= 1e-3


def test_schedules_equal_their_formulas(probe):
    settings = {"warmup_epochs": 2, "min_lr": 1e-5, "lr": 1e-3, "epochs": 10, "steps_per_epoch": 7}
    dummy = {"x": np.zeros(1)}
    cosine = probe("schedule", dummy, kind="cosine", **settings)[0]["lr"]
    for s in range(70):
        if s < 14:
            expected = 1e-3 * (s + 1) / 14
        else:
            expected = 1e-5 + (1e-3 - 1e-5) * (1 + math.cos(math.pi * (s - 14) / 56)) / 2
        assert cosine[s] == pytest.approx(expected, rel=1e-12)
    constant = probe("schedule", dummy, kind="constant", **settings | {"warmup_epochs": 0})[0]["lr"]
    assert set(constant) == {1e-3}
    whole = probe("schedule", dummy, kind="cosine", **settings | {"warmup_epochs": 99})[0]["lr"]
    assert whole[-1] == pytest.approx(1e-3) and whole[0] == pytest.approx(1e-3 / 70)


def test_reference_schedule_equals_pytorchs_cosine_annealing(probe):
    for epochs in (8, 20, 32):
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([parameter], lr=1e-3)
        annealing = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs // 4, 1e-5)
        expected = []
        for _ in range(epochs):
            expected += [optimizer.param_groups[0]["lr"]] * 3
            optimizer.step()
            annealing.step()
        found = probe("schedule", {"x": np.zeros(1)}, kind="reference", warmup_epochs=5,
                      min_lr=1e-5, lr=1e-3, epochs=epochs, steps_per_epoch=3)[0]["lr"]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_fresh_heads_follow_kaiming_and_count_the_published_parameters(probe):
    dummy = {"x": np.zeros(1)}
    for tasks, count in ((["expr"], 1_782_536), (["au"], 1_785_612)):
        out, _ = probe("initialise", dummy, tasks=tasks, layers=3, width=0, input_dim=768, seed=5)
        assert out["parameter_count"][0] == count
        for name, values in out.items():
            if name.endswith("linear.weight") or name.startswith("heads") and values.ndim == 2:
                bound = math.sqrt(6 / values.shape[1])
                assert np.abs(values).max() <= bound
                assert values.std() == pytest.approx(bound / math.sqrt(3), rel=0.03)
            if name.endswith("linear.bias"):
                assert 0 < np.abs(values).max() <= 1 / math.sqrt(768)
        again, _ = probe("initialise", dummy, tasks=tasks, layers=3, width=0, input_dim=768, seed=5)
        other, _ = probe("initialise", dummy, tasks=tasks, layers=3, width=0, input_dim=768, seed=6)
        weight = "trunk.0.linear.weight"
        assert np.array_equal(out[weight], again[weight])
        assert not np.array_equal(out[weight], other[weight])
