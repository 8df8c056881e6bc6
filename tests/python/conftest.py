"""What the oracle tests share: the binary under test and the probe into single functions."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _program(variable, name):
    path = os.environ.get(variable) or ROOT / "build" / "release" / name
    if not pathlib.Path(path).exists():
        pytest.fail(f"{path} does not exist: build first, or set {variable}")
    return str(path)


@pytest.fixture(scope="session")
def mien():
    """mien(*arguments) -> CompletedProcess with text output; never raises by itself."""
    binary = _program("MIEN_BINARY", "mien")

    def run(*arguments, **options):
        return subprocess.run(
            [binary, *map(str, arguments)], capture_output=True, text=True, timeout=600, **options
        )

    return run


@pytest.fixture(scope="session")
def mien_binary():
    """Path of the binary, for tests that interrupt it."""
    return _program("MIEN_BINARY", "mien")


@pytest.fixture(scope="session")
def export_encoder():
    """export_encoder(model, out): scripts/export_encoder.py in a process of its own."""

    def run(model, out):
        script = ROOT / "scripts" / "export_encoder.py"
        done = subprocess.run([sys.executable, script, model, "--out", out], capture_output=True,
                              text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return out

    return run


@pytest.fixture(scope="session")
def mtcnn(tmp_path_factory):
    """The archive of scripts/export_detector.py."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import export_detector

    path = tmp_path_factory.mktemp("detector") / "mtcnn.pt"
    assert export_detector.main(["mtcnn", "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="session")
def crop(mien, mtcnn):
    """crop(out, *arguments): mien crop --json with MTCNN."""
    def run(out, *arguments):
        return mien("crop", "--out", out, "--detector-file", mtcnn, "--json", *arguments)
    return run


@pytest.fixture
def probe(tmp_path):
    """probe(function, tensors, **options) -> (dict of numpy arrays, metadata)."""
    binary = _program("MIEN_PROBE", "tests/mien_probe")
    count = 0

    def run(function, tensors, **options):
        nonlocal count
        count += 1
        source, target = tmp_path / f"in{count}.safetensors", tmp_path / f"out{count}.safetensors"
        save_file(tensors, source, metadata={"options": json.dumps(options)})
        done = subprocess.run(
            [binary, function, source, target], capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stderr
        from safetensors import safe_open

        with safe_open(target, "numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}

    return run


@pytest.fixture(scope="module")
def world(mien, tmp_path_factory):
    """A folder with a bank, a run, annotations, templates and damaged files, for one test file."""
    from bad_inputs import make_world

    folder = tmp_path_factory.mktemp("world")
    make_world(mien, folder)
    return folder
