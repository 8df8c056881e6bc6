"""scripts/bench/train.py: a small run measures everyone, and the Python contenders compute what they should."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import reference_loop
from helpers import refused

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from bench.train_contenders import data, lean, model, processes, products, published, report  # noqa: E402


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPTS / "bench" / "train.py"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


def test_a_small_run_measures_everyone(mien_binary):
    done = run("--mien", mien_binary, "--rows", 70, "--dim", 12, "--batches", 16, "--threads", 1, "--repeats", 1,
               "--seconds", .05, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["machine"]["rows"], found["machine"]["width"]) == (64, 12)
    assert [r["contender"] for r in found["results"]] == ["mien", "lean", "published"]
    for result in found["results"]:
        assert (result["threads"], result["batch"], result["note"]) == (1, 16, "")
        assert len(result["rates"]) == 1 and result["steps_per_second"] > 0 and result["mien_multiple"] > 0
    assert 0 < found["results"][0]["products_share"] < 5


def test_the_table_has_medians_multiples_shares_and_reasons():
    entries = [processes.Entry("mien", "fp32", 1, 32, [30.0, 20.0, 22.0]),
               processes.Entry("lean", "fp32", 1, 32, [11.0, 10.0, 12.0]),
               processes.Entry("published", "fp32", 1, 32, note="failed: out of memory"),
               processes.Entry("peak", "fp32", 1, 32, [44.0 * products.step_flops(32, 4, 4, 3, 8, 2)])]
    facts = {"processor": "P", "torch": "t", "mien": "m", "rows": 64, "dim": 4, "width": 4, "repeats": 3}
    lines = report.table(facts, report.results(entries, 4, 4)).splitlines()
    assert [line.split() for line in lines[-3:]] == [
        ["threads", "batch", "mien", "lean", "published", "products"],
        ["fp32", "1", "32", "22.0", "11.0", "x2.00", "failed", "50%"],
        ["published,", "fp32,", "1", "threads,", "batch", "32:", "failed:", "out", "of", "memory"]]


def test_the_arithmetic_of_a_step():
    first, head = 2 * 5 * 3 * 4, 2 * 5 * 4 * 8
    assert products.step_flops(5, 3, 4, 1, 8, 2) == 2 * (2 * first + 3 * head)


def test_rows_come_back_in_order(tmp_path):
    data.write(tmp_path, data.ROWS_A_VIDEO + 3, 2)
    features, labels = data.read(tmp_path)
    assert features.shape == (data.ROWS_A_VIDEO + 3, 2) and labels[-3:].tolist() == [0, 1, 2]
    row, label = published.Rows(tmp_path / data.HDF5)[2001]
    assert np.array_equal(row.numpy(), features[2001]) and label == labels[2001]


@pytest.mark.parametrize("trainer, bound", [(lean.Trainer, 1e-9)])
def test_the_lean_step_is_the_reference(trainer, bound):
    method = model.Method(dropout=0)
    trunk = reference_loop.make_trunk(3, 10, 6, 3, ["expr"], torch.float64)
    network = model.mlp(10, 6, method).double()
    ours = [m for m in network if isinstance(m, (nn.Linear, nn.BatchNorm1d))]
    theirs = [m for pair in zip(trunk.linears, trunk.norms) for m in pair] + [trunk.heads["expr"]]
    for mine, other in zip(ours, theirs, strict=True):
        mine.load_state_dict(other.state_dict())
    x, labels = torch.randn(4 * 15, 10, dtype=torch.float64), torch.arange(4 * 15) % 8
    expected = reference_loop.train(trunk, x, {"expr": labels}, batch_size=15, steps=4, alpha=method.alpha,
                                    rho=method.rho)
    python = trainer(network, method)
    losses = [float(python.step(x[at:at + 15], labels[at:at + 15])) for at in range(0, 60, 15)]
    assert np.allclose(losses, expected, rtol=0, atol=bound)
    for mine, other in zip(ours, theirs):
        for name, value in mine.state_dict().items():
            if name != "num_batches_tracked":
                assert torch.allclose(value, other.state_dict()[name], rtol=0, atol=bound), name


@pytest.mark.parametrize("count, alpha", [(32, .5), (33, .5), (512, .3), (2, .5), (7, 1.0)])
def test_the_searched_cvar_is_the_exact_one(count, alpha):
    losses = torch.rand(count, generator=torch.Generator().manual_seed(count)) * 5
    exact = lean.cvar(losses, alpha).item()
    assert abs(published.cvar(losses, alpha).item() - exact) < 1e-3
    assert abs(reference_loop.cvar(losses, alpha).item() - exact) < 1e-5


@pytest.mark.parametrize("arguments, fragment", [
    (["--precisions", "fp33"], "--precisions = fp33"), (["--batches", "1"], "--batches = 1"),
    (["--threads", "0"], "--threads = 0"), (["--contenders", "keras"], "some of lean,published"),
    (["--rows", "100"], "common multiple, 512"), (["--repeats", "0"], "--repeats = 0"),
    (["--mien", "/nowhere"], "--mien = /nowhere")])
def test_refusals(mien_binary, arguments, fragment):
    refused(run("--mien", mien_binary, *arguments), fragment)
