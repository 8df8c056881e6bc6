"""A run, its bank and its config of mien 0.1.0, when the tasks were fixed, go on working."""

import csv
import json
import pathlib
import re
import shutil

import numpy as np
import pytest
from safetensors import safe_open

KEPT = pathlib.Path(__file__).parent.parent / "kept"


@pytest.fixture
def run(mien):
    """run(*arguments): mien, which must succeed."""

    def succeed(*arguments):
        done = mien(*arguments)
        assert done.returncode == 0, done.stderr
        return done

    return succeed


@pytest.fixture
def kept(tmp_path):
    """A copy of the kept files, whose run knows where they are now."""
    folder = tmp_path / "kept"
    shutil.copytree(KEPT, folder)
    return folder


def metadata(file):
    with safe_open(str(file), "np") as opened:
        return json.loads(opened.metadata()["mien"])


def given(kept):
    return [f"bank={kept / 'bank'}", f"annotations={kept / 'annotations'}"]


def table(file):
    with open(file, newline="") as opened:
        return list(csv.DictReader(opened))


def test_the_old_spellings_of_a_config_are_read(run, kept):
    text = run("train", kept / "config-as-given.yaml", *given(kept), "--print-config").stdout
    for line in ("tasks: [expr, au, va]", "pool: per_output", "continuous: mse", "select: va_ccc"):
        assert line in text


def test_the_run_is_resumed_where_its_data_is_now(run, kept):
    before = metadata(kept / "run/best.safetensors")
    run("train", kept / "config-as-given.yaml", *given(kept), "--out", kept / "run", "--resume")
    after = metadata(kept / "run/best.safetensors")
    for moved in ("banks", "annotations"):
        before.pop(moved), after.pop(moved)
    assert after == before, "no key of the metadata is lost or new"
    assert (kept / "run/metrics.csv").read_bytes() == (KEPT / "run/metrics.csv").read_bytes()


def test_a_training_with_the_old_config_gives_the_same_weights(run, kept):
    """To rounding: another processor may multiply in another order."""
    run("train", kept / "config-as-given.yaml", *given(kept), "--out", kept / "anew")
    with safe_open(str(kept / "anew/last.safetensors"), "np") as new:
        with safe_open(str(KEPT / "run/last.safetensors"), "np") as old:
            assert sorted(new.keys()) == sorted(old.keys())
            for name in new.keys():
                np.testing.assert_allclose(new.get_tensor(name), old.get_tensor(name), atol=1e-4)
    header = (kept / "anew/metrics.csv").read_text().splitlines()[0]
    assert header == (KEPT / "run/metrics.csv").read_text().splitlines()[0]


def test_it_predicts_what_it_predicted(run, kept):
    out = kept / "again.csv"
    run("predict", kept / "run", "--bank", kept / "bank", "--out", out)
    old, new = table(KEPT / "predictions.csv"), table(out)
    assert list(new[0]) == list(old[0])
    for a, b in zip(old, new, strict=True):
        for name in a:
            if re.fullmatch(r"p_\w+|valence|arousal", name):
                assert float(b[name]) == pytest.approx(float(a[name]), abs=1e-6)
            else:
                assert b[name] == a[name]


@pytest.mark.parametrize("task", ["expr", "au", "va"])
def test_it_fills_a_template_as_it_did(run, kept, task):
    out = kept / "again.txt"
    run("submit", kept / "run", "--template", kept / f"template-{task}.txt", "--bank",
         kept / "bank", "--out", out)
    old = (KEPT / f"submission-{task}.txt").read_text().splitlines()
    new = out.read_text().splitlines()
    assert new[0] == old[0]
    for a, b in zip(old[1:], new[1:], strict=True):
        assert b.split(",")[0] == a.split(",")[0]
        values = [[float(x) for x in line.split(",")[1:]] for line in (a, b)]
        assert values[1] == pytest.approx(values[0], abs=1e-6 if task == "va" else 0)


def test_it_is_scored_as_it_was(run, kept):
    result = json.loads(run("evaluate", kept / "run", "--bank", kept / "bank", "--annotations",
                             kept / "annotations", "--json", "--bootstrap", 50).stdout)["tasks"]
    old = json.loads((KEPT / "evaluate.json").read_text())

    def same(before, after):
        if isinstance(before, dict):
            for key, value in before.items():
                same(value, after[key])
        elif isinstance(before, list):
            assert len(before) == len(after)
            for one, other in zip(before, after):
                same(one, other)
        elif isinstance(before, float):
            assert after == pytest.approx(before, abs=1e-6)
        else:
            assert after == before

    same(old, result)


def test_its_decisions_are_read(run, kept):
    found = json.loads(run("inspect", kept / "run", "--json").stdout)
    assert found["tasks"] == ["expr", "au", "va"]
    assert len(found["decisions"]["tasks"]["au"]["thresholds"]) == 12
