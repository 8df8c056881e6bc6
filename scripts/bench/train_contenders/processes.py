"""Who takes part in scripts/bench/train.py, each a process of its own that gives one rate a turn."""
import csv
import math
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench import contenders

from . import data, model

WORKER = Path(__file__).with_name("worker.py")
CONFIG = Path(__file__).resolve().parents[3] / "configs" / "expr.yaml"
MIEN, PEAK = "mien", "peak"
LABELS = {MIEN: "mien train", "lean": "lean Python loop", "published": "published trainer's way"}
PRECISIONS = {"lean": ("fp32", "bf16"), "published": ("fp32",)}


@dataclass
class Entry:
    """A line of the result: rates has one number a turn, in steps a second; note says why there is none."""

    kind: str
    dtype: str
    threads: int
    batch: int
    rates: list = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Bench:
    """What all contenders of a round share."""

    mien: Path
    folder: Path
    scratch: Path
    rows: int
    dim: int
    width: int
    seconds: float
    threads: int
    batch: int
    precision: str

    def environment(self):
        return contenders.environment(self.threads)


class Worker(contenders.Process):
    """A running worker.py."""

    def __init__(self, bench, kind):
        super().__init__(bench, WORKER, {
            "kind": kind, "folder": str(bench.folder), "dim": bench.dim, "width": bench.width,
            "threads": bench.threads, "batch": bench.batch, "precision": bench.precision})


class MienTrains:
    """One `mien train` a turn, long enough for the seconds asked for beside its first epoch, which warms up."""

    def __init__(self, bench):
        self.bench, self.epochs = bench, 2

    def ready(self):
        """One short run says how many epochs a turn takes; None, as there is nothing to compare."""
        epoch_seconds = self.bench.rows / self.bench.batch / self.rate()
        self.epochs = 1 + math.ceil(self.bench.seconds / epoch_seconds)

    def command(self, out):
        bench, method = self.bench, model.Method()
        return [bench.mien, "train", CONFIG, f"bank={bench.folder / data.BANK}",
                f"annotations={bench.folder / data.ANNOTATIONS}", "tasks=[expr]", f"head.layers={method.layers}",
                f"head.width={bench.width}", f"head.dropout={method.dropout}", f"loss.cvar.alpha={method.alpha}",
                f"sam.rho={method.rho}", f"batch_size={bench.batch}", f"epochs={self.epochs}",
                f"precision={bench.precision}", "--out", out, "--threads", str(bench.threads), "--device", "cpu",
                "--json", "--quiet"]

    def rate(self):
        """Steps a second of training alone, over all epochs but the first."""
        with tempfile.TemporaryDirectory(dir=self.bench.scratch) as folder:
            out = Path(folder) / "run"
            done = subprocess.run(self.command(out), capture_output=True, text=True, env=self.bench.environment())
            if done.returncode:
                raise contenders.ContenderError(contenders.last_line(done.stderr))
            with open(out / "metrics.csv", newline="") as file:
                rates = [float(line["samples_per_second"]) for line in csv.DictReader(file)][1:]
        return len(rates) / sum(1 / rate for rate in rates) / self.bench.batch

    def close(self):
        pass


def round_of(bench, kinds):
    """[(Entry, function that starts it)]: mien, the kinds and the peak."""
    def entry(kind, note=""):
        return Entry(kind, bench.precision, bench.threads, bench.batch, note=note)

    entries = [(entry(MIEN), lambda: MienTrains(bench))]
    for kind in kinds:
        note = "" if bench.precision in PRECISIONS[kind] else f"no {bench.precision}"
        entries.append((entry(kind, note), lambda kind=kind: Worker(bench, kind)))
    return [*entries, (entry(PEAK), lambda: Worker(bench, PEAK))]
