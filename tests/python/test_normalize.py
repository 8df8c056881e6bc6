"""`normalize`: statistics, training, prediction and resuming, held against numpy, torch and banks normalised by hand."""

import json

import numpy as np
import pytest
import torch

from helpers import CONFIGS, Synthetic, metrics, read_safetensors, refused, result_json, write_bank

KEYS = ["epochs=3", "batch_size=64", "head.layers=2", "head.width=20", "head.dropout=.1"]
INPUT = ("input.mean", "input.std")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Dimensions of very different place and spread; the last one never changes."""
    made = Synthetic(tmp_path_factory.mktemp("data"), seed=3, dim=16, rows_a_video=60, noise=0.7)
    scale, shift = np.geomspace(.01, 100, 16), np.linspace(-50, 50, 16)
    for side in made.videos.values():
        for values in side.values():
            values["x"] = (values["x"] * scale + shift).astype(np.float16)
            values["x"][:, -1] = 3.3
    embedded = {n: (v["frames"], v["x"]) for side in made.videos.values() for n, v in side.items()}
    made.bank = write_bank(made.annotations.parent / "scaled", embedded, 16)
    rng = np.random.default_rng(5)
    more = {n: (v["frames"], rng.normal(size=(len(v["x"]), 6)) * 9) for side in made.videos.values()
            for n, v in side.items()}
    made.second = write_bank(made.annotations.parent / "second", more, 6, "second")
    made.more = more
    return made


@pytest.fixture
def train(mien, data, tmp_path):
    def run(name, *keys, flags=(), bank=None, threads=1):
        return mien("train", CONFIGS / "joint.yaml", f"bank={bank or data.bank}", f"annotations={data.annotations}",
                    *KEYS, *keys, "--out", tmp_path / name, "--threads", threads, "--json", "--quiet", *flags)

    return run


def moments(x):
    x = x.numpy().astype(np.float64)
    std = x.std(0)
    return x.mean(0), np.where(std == 0, 1, std)


def logits(run, x, which="best"):
    """The head in evaluation mode on rows that are normalised already, in double."""
    w, _ = read_safetensors(run / f"{which}.safetensors")
    h = torch.as_tensor(x, dtype=torch.float64)
    t = {name: torch.tensor(value, dtype=torch.float64) for name, value in w.items()}
    for i in range(2):
        h = h @ t[f"trunk.{i}.linear.weight"].T + t[f"trunk.{i}.linear.bias"]
        h = (h - t[f"trunk.{i}.norm.running_mean"]) / torch.sqrt(t[f"trunk.{i}.norm.running_var"] + 1e-5)
        h = torch.relu(h * t[f"trunk.{i}.norm.weight"] + t[f"trunk.{i}.norm.bias"])
    return {task: (h @ t[f"heads.{task}.weight"].T + t[f"heads.{task}.bias"]).numpy() for task in ("expr", "au")}


def cached_scores(run):
    (path,) = (run / "evaluation").glob("scores-*.safetensors")
    return read_safetensors(path)[0]


def test_the_weights_hold_the_training_rows_moments(train, data, tmp_path):
    assert train("one", "normalize=standardize").returncode == 0
    assert train("two", "normalize=standardize", "epochs=1", threads=2).returncode == 0
    mean, std = moments(data.rows("train", ["expr", "au"])[0])
    for name, which in (("one", "best"), ("one", "last"), ("two", "last")):
        found, metadata = read_safetensors(tmp_path / name / f"{which}.safetensors")
        np.testing.assert_array_equal(found["input.mean"], mean.astype(np.float32))
        np.testing.assert_allclose(found["input.std"], std.astype(np.float32), rtol=1.2e-7)
        assert found["input.std"][-1] == 1 and json.loads(metadata["mien"])["normalize"] == "standardize"
    one, two = (read_safetensors(tmp_path / n / "last.safetensors")[0] for n in ("one", "two"))
    for name in INPUT:
        np.testing.assert_array_equal(one[name], two[name])  # whatever the threads


def normalised(data, kind, split):
    """Rows of every embedded frame of the split's videos, in byte order of the names."""
    names = sorted(data.videos[split], key=lambda n: n.encode())
    x = np.concatenate([data.videos[split][n]["x"] for n in names]).astype(np.float64)
    more = np.concatenate([data.more[n][1] for n in names]).astype(np.float16).astype(np.float64)
    if kind == "l2":
        return np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in (x, more)], 1)
    mean, std = moments(data.rows("train", ["expr", "au"])[0])
    return (x - mean) / std


@pytest.mark.parametrize("kind", ["standardize", "l2"])
def test_evaluation_applies_it_from_the_weights_alone(train, mien, data, tmp_path, kind):
    run = tmp_path / kind
    banks = f"[{data.bank},{data.second}]" if kind == "l2" else data.bank
    assert train(kind, f"normalize={kind}", bank=banks).returncode == 0
    (run / "config.yaml").unlink()
    found = result_json(mien("evaluate", run, "--json", "--quiet", "--bootstrap", 0))
    best = json.loads(read_safetensors(run / "best.safetensors")[1]["mien"])["epoch"]
    row = metrics(run)[best - 1]
    for task in ("expr", "au"):
        assert found["tasks"][task]["f1"] == float(row[f"validation_{task}_f1"])
    expected, scores = logits(run, normalised(data, kind, "validation")), cached_scores(run)
    for task in ("expr", "au"):
        np.testing.assert_allclose(scores[task], expected[task], rtol=0, atol=2e-4 * np.abs(expected[task]).max())


def rewritten(data, folder, change):
    """A bank of change(split, video) for every video."""
    return write_bank(folder, {n: (v["frames"], change(n, len(v["frames"]))) for side in data.videos.values()
                               for n, v in side.items()}, 16)


def same_weights(left, right):
    a, b = (read_safetensors(run / "last.safetensors")[0] for run in (left, right))
    for name in b:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    assert set(a) - set(b) <= set(INPUT)


def test_standardised_training_equals_training_on_standardised_rows(train, data, tmp_path):
    """Of numbers whose moments are exact: place and spread are powers of two, half of the rows lie on either side."""
    x, _ = data.rows("train", ["expr", "au"])
    spread, place = 2.0 ** (np.arange(16) % 5 - 2), 2.0 ** (np.arange(16) % 3)
    rng = np.random.default_rng(1)
    names = sorted(data.videos["train"], key=lambda n: n.encode())
    known = {n: np.maximum(v["expr"], v["au"].max(1)) >= 0 for side in data.videos.values() for n, v in side.items()}
    labelled = sum(int(known[n].sum()) for n in names)
    assert labelled == len(x)
    # an odd row is left in the middle: zero, on both sides of the transformation
    signs = np.stack([rng.permutation(np.r_[np.ones(labelled // 2), -np.ones(labelled // 2), np.zeros(labelled % 2)])
                      for _ in range(16)], 1)
    if labelled % 2:
        pytest.fail("choose a seed with an even number of labelled rows")
    of_video, at = {}, 0
    for n in names:
        rows = np.zeros((len(known[n]), 16))
        rows[known[n]] = signs[at:at + int(known[n].sum())]
        at += int(known[n].sum())
        of_video[n] = rows
    for n in data.videos["validation"]:
        of_video[n] = rng.choice([-1.0, 1.0], (len(known[n]), 16))
    plain = rewritten(data, tmp_path / "plain", lambda n, _: of_video[n])
    moved = rewritten(data, tmp_path / "moved", lambda n, _: of_video[n] * spread + place)
    assert train("a", "normalize=standardize", bank=moved).returncode == 0
    assert train("b", bank=plain).returncode == 0
    same_weights(tmp_path / "a", tmp_path / "b")
    drop = ("seconds", "samples_per_second")
    tables = [[{k: v for k, v in row.items() if k not in drop} for row in metrics(tmp_path / n)] for n in "ab"]
    assert tables[0] == tables[1]


def test_l2_training_equals_training_on_rows_of_length_one(train, data, tmp_path):
    rng = np.random.default_rng(2)
    units, factors = {}, {}
    for side in data.videos.values():
        for name, values in side.items():
            rows = np.zeros((len(values["x"]), 16))
            for row in rows:
                row[rng.choice(16, 4, replace=False)] = rng.choice([-.5, .5], 4)
            rows[0] = 0  # stays zero
            units[name], factors[name] = rows, 2.0 ** rng.integers(-4, 6, (len(rows), 1))
    plain = rewritten(data, tmp_path / "plain", lambda n, _: units[n])
    scaled = rewritten(data, tmp_path / "scaled", lambda n, _: units[n] * factors[n])
    assert train("a", "normalize=l2", bank=scaled).returncode == 0
    assert train("b", bank=plain).returncode == 0
    same_weights(tmp_path / "a", tmp_path / "b")


def test_a_resumed_run_is_the_whole_one(train, tmp_path):
    flat = ["normalize=standardize", "schedule.kind=constant"]
    assert train("whole", *flat, "epochs=5").returncode == 0
    assert train("cut", *flat, "epochs=2").returncode == 0
    assert train("cut", *flat, "epochs=5", flags=["--resume"]).returncode == 0
    assert (tmp_path / "cut" / "last.safetensors").read_bytes() == (tmp_path / "whole" / "last.safetensors").read_bytes()


def test_init_brings_its_statistics_and_needs_none(train, data, tmp_path):
    from safetensors.numpy import save_file
    assert train("start", "normalize=standardize").returncode == 0
    start, _ = read_safetensors(tmp_path / "start" / "last.safetensors")
    start["input.mean"] += 1
    save_file(start, tmp_path / "shifted.safetensors")
    save_file({k: v for k, v in start.items() if k not in INPUT}, tmp_path / "bare.safetensors")
    for name, expected in (("shifted", start["input.mean"]), ("bare", start["input.mean"] - 1)):
        done = train(name, "normalize=standardize", "epochs=1", f"init={tmp_path / name}.safetensors")
        assert done.returncode == 0, done.stderr
        found = read_safetensors(tmp_path / name / "last.safetensors")[0]
        np.testing.assert_allclose(found["input.mean"], expected, rtol=1e-6)
    refused(train("none", f"init={tmp_path / 'shifted.safetensors'}"), "init", "input.mean", "normalize = standardize")
    assert not (tmp_path / "none").exists()


def test_another_word_is_refused(train):
    refused(train("run", "normalize=standardise"), "normalize = standardise", "none, standardize, l2",
            "did you mean standardize?")
