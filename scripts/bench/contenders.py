"""Who takes part. Each contender is a process of its own and gives one rate a turn, in images a second."""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")
MIEN, PIPELINE = "mien", "pipeline"


@dataclass(frozen=True)
class Kind:
    """name is the function in models.py, packages what it imports beside PyTorch."""

    name: str
    label: str
    packages: tuple = ()
    dtypes: tuple = ("fp32", "bf16")

    def missing(self):
        return [package for package in self.packages if importlib.util.find_spec(package) is None]


KINDS = (
    Kind("eager", "PyTorch, as loaded"),
    Kind("frozen", "PyTorch, frozen"),
    Kind("frozen_channels_last", "PyTorch, frozen, channels-last"),
    Kind("optimized", "PyTorch, optimize_for_inference"),
    Kind("onnx_runtime", "ONNX Runtime", ("onnx", "onnxruntime"), ("fp32",)),
    Kind("openvino", "OpenVINO", ("onnx", "openvino")),
)


class ContenderError(RuntimeError):
    """This contender cannot take part; the message is the last line that it left."""


@dataclass
class Entry:
    """A line of the result: rates has one number a turn; note says why there is none."""

    group: str
    kind: str
    label: str
    dtype: str
    batch: int | None
    rates: list = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Bench:
    """What all contenders share."""

    mien: Path
    archive: Path
    onnx: Path
    image_size: int
    images: Path
    scratch: Path
    threads: int
    seconds: float

    def environment(self):
        return environment(self.threads)


def environment(threads):
    count = str(threads)
    return {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"


class Process:
    """A running script that serves measurements; bench says scratch, seconds and environment()."""

    def __init__(self, bench, script, task):
        self.bench = bench
        self.errors = tempfile.TemporaryFile("w+", dir=bench.scratch)
        self.process = subprocess.Popen(
            [sys.executable, str(script), json.dumps(task)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env=bench.environment())

    def answer(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        self.errors.seek(0)
        raise ContenderError(last_line(self.errors.read()))

    def ready(self):
        """Waits until it has loaded and warmed up; the probe's embedding, for models."""
        return self.answer()["ready"]

    def rate(self):
        print(self.bench.seconds, file=self.process.stdin, flush=True)
        result = self.answer()
        return result["count"] / result["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.close()


class Worker(Process):
    """A running worker.py."""

    def __init__(self, bench, **task):
        task |= {"archive": str(bench.archive), "onnx": str(bench.onnx), "image_size": bench.image_size,
                 "threads": bench.threads, "images": str(bench.images), "out": str(bench.scratch)}
        super().__init__(bench, WORKER, task)


class MienRuns:
    """One `mien encode` a turn; rate names the value of its --json that counts."""

    def __init__(self, bench, dtype, rate, batch=None, videos=None):
        self.bench, self.key = bench, rate
        self.flags = ["--batch-size", str(batch)] if batch else []
        self.flags += ["--dtype", dtype] if dtype != "fp32" else []
        self.flags += ["--videos", str(videos)] if videos else []

    def ready(self):
        return None

    def rate(self):
        with tempfile.TemporaryDirectory(dir=self.bench.scratch) as folder:
            done = subprocess.run(
                [self.bench.mien, "encode", "--images", self.bench.images, "--encoder", self.bench.archive, "--bank",
                 Path(folder) / "bank", "--threads", str(self.bench.threads), "--device", "cpu", "--json", "--quiet",
                 *self.flags], capture_output=True, text=True, env=self.bench.environment())
        if done.returncode:
            raise ContenderError(last_line(done.stderr))
        return json.loads(done.stdout)[self.key]

    def close(self):
        pass


def export_onnx(bench):
    """Writes bench.onnx; raises ContenderError."""
    worker = Worker(bench, kind="export_onnx")
    worker.process.communicate()
    if worker.process.returncode:
        worker.errors.seek(0)
        raise ContenderError(last_line(worker.errors.read()))
