"""`mien flatness` and the functions behind it against torch.autograd.functional.hessian on small heads."""

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from helpers import CONFIGS, Synthetic, read_safetensors, refused, result_json

DIM, WIDTH, LAYERS = 5, 6, 2
SCORES = {"expr": 8, "au": 12}
PARTS = ("linear.weight", "linear.bias", "norm.weight", "norm.bias")


torch.set_num_threads(1)


def names(tasks, layers=LAYERS):
    """Trained tensors in the order of mien's flat buffer."""
    trunk = [f"trunk.{i}.{part}" for i in range(layers) for part in PARTS]
    return trunk + [f"heads.{task}.{part}" for task in tasks for part in ("weight", "bias")]


def logits_of(arrays, flat, x, tasks):
    """Evaluation mode, as a function of the flat weights; `arrays` gives shapes and running statistics."""
    w, at = {}, 0
    for name in names(tasks):
        size = arrays[name].size
        w[name] = flat[at : at + size].reshape(arrays[name].shape)
        at += size
    for i in range(LAYERS):
        mean, var = (torch.tensor(arrays[f"trunk.{i}.norm.running_{s}"]).double() for s in ("mean", "var"))
        x = x @ w[f"trunk.{i}.linear.weight"].T + w[f"trunk.{i}.linear.bias"]
        x = (x - mean) / torch.sqrt(var + 1e-5) * w[f"trunk.{i}.norm.weight"] + w[f"trunk.{i}.norm.bias"]
        x = torch.relu(x)
    return {task: x @ w[f"heads.{task}.weight"].T + w[f"heads.{task}.bias"] for task in tasks}


def losses_of(task, logits, labels, focal=0.0):
    """Losses of the valid elements, flat."""
    if task == "expr":
        known = labels >= 0
        log_p = torch.log_softmax(logits, 1)[known, labels[known]]
    else:
        known = labels >= 0
        log_p = torch.nn.functional.logsigmoid(logits * (2 * labels - 1))[known]
    return -((1 - log_p.exp()) ** focal) * log_p if focal else -log_p


def tail(losses, alpha):
    """Weights of the upper tail, numerics.md: 1/m for the first k, (m - k)/m for the next one."""
    m = alpha * len(losses)
    k = int(m)
    weights = torch.zeros(len(losses), dtype=torch.double)
    order = torch.argsort(losses.detach(), descending=True)
    weights[order[:k]] = 1 / m
    if k < len(losses):
        weights[order[k]] = (m - k) / m
    return weights


class Oracle:
    """The objective of a head as a function of its flat weights, its Hessian by double differentiation."""

    def __init__(self, arrays, x, labels, alpha, focal=0.0):
        self.arrays, self.x, self.labels, self.alpha, self.focal = arrays, x.double(), labels, alpha, focal
        self.tasks = list(labels)
        self.flat = torch.tensor(np.concatenate([arrays[n].ravel() for n in names(self.tasks)])).double()
        self.tails = {t: tail(v, alpha) for t, v in self._losses(self.flat).items()}

    def _losses(self, flat):
        logits = logits_of(self.arrays, flat, self.x, self.tasks)
        return {t: losses_of(t, logits[t], self.labels[t], self.focal) for t in self.tasks}

    def loss(self, flat):
        return float(sum((tail(v, self.alpha) * v).sum() for v in self._losses(flat).values()))

    def fixed_tail(self, flat):
        return sum((self.tails[t] * v).sum() for t, v in self._losses(flat).items())

    def gradient(self):
        flat = self.flat.clone().requires_grad_()
        return torch.autograd.grad(self.fixed_tail(flat), flat)[0]

    def hessian(self):
        return torch.autograd.functional.hessian(self.fixed_tail, self.flat)

    def sharpness(self, rho, direction):
        return self.loss(self.flat + rho * direction / direction.norm()) - self.loss(self.flat)


def random_arrays(rng, tasks):
    arrays, inputs = {}, DIM
    for i in range(LAYERS):
        arrays[f"trunk.{i}.linear.weight"] = rng.normal(size=(WIDTH, inputs))
        for part in ("linear.bias", "norm.bias", "norm.running_mean"):
            arrays[f"trunk.{i}.{part}"] = rng.normal(size=WIDTH) * 0.3
        arrays[f"trunk.{i}.norm.weight"] = rng.uniform(0.5, 1.5, WIDTH)
        arrays[f"trunk.{i}.norm.running_var"] = rng.uniform(0.3, 2, WIDTH)
        inputs = WIDTH
    for task in tasks:
        arrays[f"heads.{task}.weight"] = rng.normal(size=(SCORES[task], WIDTH))
        arrays[f"heads.{task}.bias"] = rng.normal(size=SCORES[task])
    return arrays


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tasks, alpha, focal", [(["expr"], 1.0, 0.0), (["au"], 0.5, 0.0), (["expr", "au"], 0.4, 0.0),
                                                 (["au", "expr"], 0.7, 2.0)])
def test_hessian_equals_double_differentiation(probe, tmp_path, tasks, alpha, focal, seed):
    rng = np.random.default_rng(seed)
    arrays = random_arrays(rng, tasks)
    save_file(arrays, tmp_path / "init.safetensors")
    x = rng.normal(size=(30, DIM))
    labels = {t: rng.integers(-1, 8, 30) if t == "expr" else rng.integers(-1, 2, (30, 12)) for t in tasks}
    found, _ = probe("flatness", {"x": x} | {f"labels.{t}": v for t, v in labels.items()}, tasks=tasks, alpha=alpha,
                     pool="element", focal=focal, layers=LAYERS, width=WIDTH, rho=0.2,
                     init=str(tmp_path / "init.safetensors"))
    oracle = Oracle(arrays, torch.tensor(x), {t: torch.tensor(v) for t, v in labels.items()}, alpha, focal)
    np.testing.assert_array_equal(found["weights"], oracle.flat)
    gradient, hessian = oracle.gradient(), oracle.hessian().numpy()
    np.testing.assert_allclose(found["gradient"], gradient, atol=1e-12 * float(gradient.norm()))
    assert np.abs(found["hessian"] - hessian).max() <= 1e-9 * np.abs(hessian).max()
    loss, ascent, top = found["numbers"]
    assert loss == pytest.approx(oracle.loss(oracle.flat), rel=1e-12)
    assert ascent == pytest.approx(oracle.sharpness(0.2, gradient), rel=1e-9, abs=1e-12)
    assert top == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-3)
    assert np.trace(found["hessian"]) == pytest.approx(np.trace(hessian), rel=1e-9)


# -- through the binary, from the saved weights of a run ------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return Synthetic(tmp_path_factory.mktemp("data"), seed=31, dim=DIM, rows_a_video=40, noise=3.0)


@pytest.fixture(scope="module")
def run(mien, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "joint"
    result_json(mien("train", CONFIGS / "joint.yaml", *data.arguments(), f"head.layers={LAYERS}",
                     f"head.width={WIDTH}", "epochs=12", "batch_size=64", "loss.cvar.alpha=.6", "--out", folder,
                     "--json", "--quiet", "--threads", 1))
    return folder


def oracle_of(data, run, alpha, split="train", weights="best"):
    arrays, metadata = read_safetensors(run / f"{weights}.safetensors")
    x, labels = data.rows(split, json.loads(metadata["mien"])["tasks"])
    if "input.mean" in arrays:
        x = (x - torch.tensor(arrays["input.mean"])) / torch.tensor(arrays["input.std"])
    return Oracle(arrays, x, labels, alpha)


@pytest.mark.parametrize("loss, alpha, split, weights", [("objective", 0.6, "train", "best"),
                                                         ("mean", 1.0, "validation", "last")])
def test_the_numbers_of_a_run(mien, data, run, loss, alpha, split, weights):
    found = result_json(mien("flatness", run, "--loss", loss, "--split", split, "--weights", weights, "--rho", 0.1,
                             "--json", "--quiet", "--threads", 1))
    oracle = oracle_of(data, run, alpha, split, weights)
    hessian = oracle.hessian().numpy()
    assert found["samples"] == len(oracle.x) and found["split"] == split
    assert found["loss"] == pytest.approx(oracle.loss(oracle.flat), rel=1e-5)
    assert found["sharpness"]["ascent"] == pytest.approx(oracle.sharpness(0.1, oracle.gradient()), abs=1e-5)
    assert found["gradient_norm"] == pytest.approx(float(oracle.gradient().norm()), rel=1e-3)
    assert found["hessian_top_eigenvalue"] == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-3)
    error = found["hessian_trace_standard_error"]
    assert 0 < error < np.trace(hessian)
    assert abs(found["hessian_trace"] - np.trace(hessian)) < 4.5 * error
    generator = torch.Generator().manual_seed(0)
    rises = [oracle.sharpness(0.1, torch.randn(len(oracle.flat), generator=generator, dtype=torch.double))
             for _ in range(100)]
    spread = np.std(rises) / np.sqrt(10)
    assert abs(found["sharpness"]["random_mean"] - np.mean(rises)) < 4.5 * spread
    assert found == json.loads((run / "evaluation" / "flatness.json").read_text())


def test_inputs_are_normalised_as_in_training(mien, data, tmp_path):
    run = tmp_path / "run"
    result_json(mien("train", CONFIGS / "expr.yaml", *data.arguments(), f"head.layers={LAYERS}",
                     f"head.width={WIDTH}", "epochs=4", "batch_size=64", "normalize=standardize", "--out", run,
                     "--json", "--quiet", "--threads", 1))
    found = result_json(mien("flatness", run, "--loss", "mean", "--json", "--quiet", "--threads", 1))
    oracle = oracle_of(data, run, 1.0)
    assert found["loss"] == pytest.approx(oracle.loss(oracle.flat), rel=1e-5)
    assert found["gradient_norm"] == pytest.approx(float(oracle.gradient().norm()), rel=1e-3)
    assert found["hessian_top_eigenvalue"] == pytest.approx(np.linalg.eigvalsh(oracle.hessian().numpy())[-1], rel=1e-3)


def test_the_surface_is_a_grid_around_the_loss(mien, data, run):
    found = result_json(mien("flatness", run, "--surface", 5, "--json", "--quiet", "--threads", 1))
    with open(found["surface"], newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    steps = [-1, -0.5, 0, 0.5, 1]
    assert [(row["first"], row["second"]) for row in rows] == [(a, b) for a in steps for b in steps]
    assert rows[12]["loss"] == pytest.approx(found["loss"], rel=1e-12)
    assert len({row["loss"] for row in rows}) == 25 and max(row["loss"] for row in rows) > found["loss"]


def test_the_same_seed_gives_the_same_numbers_and_another_sample_is_another(mien, run):
    def measured(*arguments):
        found = result_json(mien("flatness", run, "--samples", 100, "--json", "--quiet", *arguments))
        return {k: v for k, v in found.items() if k != "seconds"}

    first = measured("--threads", 1)
    assert first == measured("--threads", 1) and first["samples"] == 100
    assert measured("--threads", 1, "--seed", 6)["loss"] != first["loss"]
    two = measured("--threads", 2)
    for key in ("loss", "hessian_top_eigenvalue", "hessian_trace"):
        assert two[key] == pytest.approx(first[key], rel=1e-4)


def test_text_says_what_was_measured(mien, run):
    done = mien("flatness", run, "--samples", 60, "--quiet")
    assert done.returncode == 0
    for part in ("loss", "CVaR at 0.6", "60 rows of train", "sharpness", "rho 0.05", "eigenvalue", "trace"):
        assert part in done.stdout


@pytest.mark.parametrize("arguments, fragments", [
    ([], ["RUN", "(nothing)"]),
    (["{t}/none"], ["RUN = {t}/none"]),
    (["{run}", "--samples", "1"], ["--samples = 1", "2 to"]),
    (["{run}", "--samples", "x"], ["--samples = x", "whole number"]),
    (["{run}", "--rho", "0"], ["--rho = 0", "above 0"]),
    (["{run}", "--rho", "nan"], ["--rho = nan", "above 0"]),
    (["{run}", "--rho", "much"], ["--rho = much", "number"]),
    (["{run}", "--surface", "1"], ["--surface = 1", "2 to"]),
    (["{run}", "--loss", "meen"], ["--loss = meen", "did you mean mean?"]),
    (["{run}", "--split", "test"], ["--split = test", "validation"]),
    (["{run}", "--weights", "worst"], ["--weights = worst", "best or last"]),
    (["{run}", "--seed", "-1"], ["--seed = -1", "0 to"]),
    (["{run}", "--bank", "{t}/none"], ["{t}/none"]),
    (["{run}", "--sample", "3"], ["--sample", "did you mean --samples?"]),
])
def test_bad_input_is_named_on_one_line(mien, run, tmp_path, arguments, fragments):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("evaluation"))
    places = {"t": tmp_path, "run": copy}
    done = mien("flatness", *[a.format(**places) for a in arguments])
    refused(done, *[f.format(**places) for f in fragments])
    assert done.stdout == "" and not (copy / "evaluation").exists()
