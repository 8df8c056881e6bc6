#!/usr/bin/env python3
"""Times `mien submit` and its `--check` on templates of Aff-Wild2's test size, the scores cached.

Random embeddings, a small run of all three tasks whose decisions smooth over time, and templates of 1,022,655 rows over
228 videos with gaps, duplicates and three videos that the bank lacks: one file a task (EXPR, AU, VA, multi-task), the
3rd edition's folder of a file a video, and a packed file. Whole commands are timed; the peak is the system's (resident
pages, mapped files included).
"""
import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from bench.made_up import CHALLENGES, HEADERS, TRAIN, VALIDATION, encoder_info, write_labels  # noqa: E402
from bench.options import check_numbers  # noqa: E402
from encoders.command import Parser, exit_code_of  # noqa: E402
from encoders.errors import InputError  # noqa: E402

EXAMPLE = """\
examples:
  bench/submit.py
  bench/submit.py --smoothing 0 --threads 1 --share .1 --json
"""
ROWS, VIDEOS, ABSENT, DUPLICATES, DIM = 1_022_655, 228, 3, 5000, 8
CASES = [("expr", "file"), ("au", "file"), ("va", "file"), ("mtl", "file"), ("va", "folder"), ("expr", "zip")]

# A child counts what its parent held when it was started: a parent that holds little.
LAUNCHER = """import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))"""


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("--mien", type=Path, default=ROOT / "build" / "release" / "mien", metavar="FILE",
                        help="the program (default build/release/mien)")
    parser.add_argument("--share", type=float, default=1, metavar="X", help="share of the rows (default 1)")
    parser.add_argument("--smoothing", type=int, default=25, metavar="H",
                        help="half-window of the decisions' box, 0 for none (default 25)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads (default 2)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="repetitions (default 5)")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    return parser.parse_args(argv)


def command(arguments, *words):
    """(seconds, peak in bytes) of one command. Raises InputError with its complaint."""
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    line = [sys.executable, "-S", "-c", LAUNCHER, arguments.mien.resolve(), *words, "--threads", arguments.threads, "--quiet"]
    start = time.perf_counter()
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, env=environment)
    if done.returncode:
        raise InputError("--mien", arguments.mien, f"a program that works; it says {done.stderr.strip()}")
    return time.perf_counter() - start, int(done.stdout)


class World:
    """A bank, a run and templates below a folder."""

    def __init__(self, arguments, folder):
        import numpy as np
        self.arguments, self.folder, self.random = arguments, folder, np.random.default_rng(4)
        self.rows = max(10 * VIDEOS, round(ROWS * arguments.share))
        duplicates = min(DUPLICATES, self.rows // 10)
        weights = self.random.dirichlet(np.full(VIDEOS, 3.0))
        lengths = self.random.multinomial(self.rows - duplicates - VIDEOS, weights) + 1
        self.lengths = {f"{number}-30-1280x720": int(length) for number, length in enumerate(lengths)}
        locations = [f"{video}/{frame:05d}.jpg" for video, length in self.lengths.items() for frame in range(1, length + 1)]
        again = np.sort(self.random.integers(0, len(locations), duplicates))
        self.locations = locations + [locations[i] for i in again]
        self.write_bank()
        self.train()

    def write_bank(self):
        import numpy as np

        from feature_bank.bank import BankWriter
        from feature_bank.video_rows import VideoRows
        known = list(self.lengths.items())[: VIDEOS - ABSENT]
        with BankWriter(self.folder / "bank", encoder_info(DIM), []) as bank:
            for video, length in [*known, *[(f"train{number}", 300) for number in range(6)]]:
                frames = np.flatnonzero(self.random.random(length) < .9).astype(np.int32) + 1
                if len(frames) == 0:
                    frames = np.ones(1, np.int32)
                embeddings = self.random.standard_normal((len(frames), DIM), np.float32).astype(np.float16)
                bank.write(video, VideoRows(frames, embeddings, [], {}))

    def write_labels_of(self, task, split, video):
        rows = {"expr": lambda: self.random.integers(0, 8, (300, 1)), "au": lambda: self.random.integers(0, 2, (300, 12)),
                "va": lambda: self.random.uniform(-1, 1, (300, 2)).round(3)}[task]()
        write_labels(self.folder / "annotations", task, split, video, rows.tolist())

    def train(self):
        for task in CHALLENGES:
            for number in range(6):
                self.write_labels_of(task, TRAIN if number < 4 else VALIDATION, f"train{number}")
        command(self.arguments, "train", ROOT / "configs" / "multitask.yaml", f"bank={self.folder / 'bank'}",
                f"annotations={self.folder / 'annotations'}", "epochs=1", "head.layers=1", "--out", self.folder / "run")
        digest = hashlib.sha256((self.folder / "run" / "best.safetensors").read_bytes()).hexdigest()
        width = self.arguments.smoothing
        rule = {"smoothing": {"kind": "box" if width else "none", "half_window": width}}
        decisions = {"format": "mien-decisions", "version": 1, "tasks": dict.fromkeys(CHALLENGES, rule),
                     "runs": [{"path": ".", "weights": "best", "weights_sha256": digest}]}
        (self.folder / "run" / "decisions.json").write_text(json.dumps(decisions))

    def template(self, task, layout):
        path = self.folder / f"{task}-{layout}"
        if layout == "folder":
            path.mkdir()
            for video, length in self.lengths.items():
                (path / f"{video}.txt").write_text(HEADERS[task] + "\n" * (length + 1))
            return path
        header = "image,valence,arousal,expression,aus" if task == "mtl" else "image_location," + HEADERS[task]
        text = "\n".join([header, *[location + "," for location in self.locations]]) + "\n"
        if layout == "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("template.txt", text)
        else:
            path.write_text(text)
        return path


def measure(world, task, layout):
    """Medians and peaks of both commands."""
    form, out = world.template(task, layout), world.folder / f"{task}-{layout}-out"
    submit = ["submit", world.folder / "run", "--template", form, "--bank", world.folder / "bank", "--out", out, "--force"]
    check = ["submit", "--check", out, "--template", form]
    command(world.arguments, *submit)  # computes the scores
    seconds, peaks = {"submit": [], "check": []}, {"submit": 0, "check": 0}
    for _ in range(world.arguments.repeats):
        for name, words in (("submit", submit), ("check", check)):
            taken, peak = command(world.arguments, *words)
            seconds[name].append(taken)
            peaks[name] = max(peaks[name], peak)
    rows = sum(world.lengths.values()) if layout == "folder" else world.rows
    return {"task": task, "layout": layout, "rows": rows, "videos": len(world.lengths),
            "seconds": statistics.median(seconds["submit"]), "slowest": max(seconds["submit"]),
            "peak_mb": peaks["submit"] / 1e6, "check_seconds": statistics.median(seconds["check"]),
            "check_peak_mb": peaks["check"] / 1e6}


def table(results):
    lines = ["task  layout       rows  videos  seconds  slowest  peak MB  check s  check MB"]
    for r in results:
        lines.append(f"{r['task']:<5} {r['layout']:<6} {r['rows']:>10,}  {r['videos']:>6}  {r['seconds']:>7.2f}  "
                     f"{r['slowest']:>7.2f}  {r['peak_mb']:>7.0f}  {r['check_seconds']:>7.2f}  {r['check_peak_mb']:>8.0f}")
    return "\n".join(lines)


def run(arguments):
    """Measures and prints. Raises InputError."""
    check_numbers((("--threads", arguments.threads), ("--repeats", arguments.repeats)), 1, arguments.mien)
    if not 0 < arguments.share <= 1:
        raise InputError("--share", arguments.share, "above 0, at most 1")
    if not 0 <= arguments.smoothing <= 100:
        raise InputError("--smoothing", arguments.smoothing, "0 to 100")
    with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
        world = World(arguments, Path(folder))
        results = [measure(world, task, layout) for task, layout in CASES]
    print(json.dumps({"threads": arguments.threads, "results": results}) if arguments.json else table(results))


def main(argv):
    return exit_code_of(lambda given: run(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
