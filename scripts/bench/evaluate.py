#!/usr/bin/env python3
"""Times `mien evaluate` of a data set of Aff-Wild2's validation size, its scores cached.

Random embeddings and labels (445,845 frames of 105 videos for AU, 284,230 of 70 for EXPR) and a head of one epoch:
the whole command is timed, from its start to its table.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from bench.made_up import TRAIN, VALIDATION, encoder_info, write_labels  # noqa: E402
from bench.options import check_numbers  # noqa: E402
from encoders.command import Parser, exit_code_of  # noqa: E402
from encoders.errors import InputError  # noqa: E402

EXAMPLE = """\
examples:
  bench/evaluate.py
  bench/evaluate.py --draws 2000 --threads 8 --share .1 --json
"""
SIZES = {"au": (445_845, 105), "expr": (284_230, 70)}  # frames and videos of the official validation splits
DIM = 8


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("--mien", type=Path, default=ROOT / "build" / "release" / "mien", metavar="FILE",
                        help="the program (default build/release/mien)")
    parser.add_argument("--draws", type=int, default=10_000, metavar="N", help="bootstrap draws (default 10000)")
    parser.add_argument("--share", type=float, default=1, metavar="X", help="share of the frames (default 1)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads (default 2)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="repetitions (default 5)")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    return parser.parse_args(argv)


def write_video(folder, bank, random, task, split, name, frames):
    """A video's embeddings and its labels, which depend on them a little."""
    import numpy as np

    from feature_bank.video_rows import VideoRows
    embeddings = random.standard_normal((frames, DIM), np.float32)
    bank.write(name, VideoRows(np.arange(1, frames + 1, dtype=np.int32), embeddings.astype(np.float16), [], {}))
    if task == "au":
        rows = embeddings[:, np.arange(12) % DIM] + random.standard_normal((frames, 12), np.float32) > .8
    else:
        rows = (embeddings + random.standard_normal((frames, 8), np.float32)).argmax(1)[:, None]
    write_labels(folder / "annotations", task, split, name, rows.astype(int).tolist())


def write(folder, task, frames, videos):
    """A bank and annotations: the validation split of that size, and a small training split."""
    import numpy as np

    from feature_bank.bank import BankWriter
    random = np.random.default_rng(1)
    cuts = np.sort(random.choice(np.arange(1, frames), videos - 1, replace=False))
    sizes = np.diff([0, *cuts, frames])
    with BankWriter(folder / "bank", encoder_info(DIM), []) as bank:
        for number in range(4):
            write_video(folder, bank, random, task, TRAIN, f"train{number}", 500)
        for number, size in enumerate(sizes):
            write_video(folder, bank, random, task, VALIDATION, f"video{number:03d}", int(size))


def command(arguments, *words):
    """Seconds of one command. Raises InputError with its complaint."""
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    start = time.perf_counter()
    done = subprocess.run([arguments.mien.resolve(), *map(str, words), "--threads", str(arguments.threads), "--quiet"],
                          capture_output=True, text=True, env=environment)
    if done.returncode:
        raise InputError("--mien", arguments.mien, f"a program that works; it says {done.stderr.strip()}")
    return time.perf_counter() - start


def measure(arguments, task, folder):
    """Medians of the whole command, with and without draws."""
    frames, videos = (max(1, round(size * arguments.share)) for size in SIZES[task])
    write(folder, task, max(frames, videos), videos)
    config = ROOT / "configs" / f"{task}.yaml"
    command(arguments, "train", config, f"bank={folder / 'bank'}", f"annotations={folder / 'annotations'}", "epochs=1",
            "--out", folder / "run")
    evaluate = ["evaluate", folder / "run", "--raw", "--bootstrap"]
    first = command(arguments, *evaluate, 0)
    seconds = {draws: [] for draws in (arguments.draws, 0)}
    for _ in range(arguments.repeats):
        for draws, times in seconds.items():
            times.append(command(arguments, *evaluate, draws))
    return {"task": task, "frames": max(frames, videos), "videos": videos, "draws": arguments.draws,
            "seconds": statistics.median(seconds[arguments.draws]), "slowest": max(seconds[arguments.draws]),
            "seconds_without_draws": statistics.median(seconds[0]), "seconds_with_scoring": first}


def table(results):
    lines = ["task  frames   videos  draws   seconds  slowest  without draws  scores computed too"]
    for r in results:
        lines.append(f"{r['task']:<5} {r['frames']:>7,}  {r['videos']:>6}  {r['draws']:>6,}  {r['seconds']:>7.2f}  "
                     f"{r['slowest']:>7.2f}  {r['seconds_without_draws']:>13.2f}  {r['seconds_with_scoring']:>19.2f}")
    return "\n".join(lines)


def run(arguments):
    """Measures and prints. Raises InputError."""
    check_numbers((("--draws", arguments.draws), ("--threads", arguments.threads), ("--repeats", arguments.repeats)), 1,
                  arguments.mien)
    if not 0 < arguments.share <= 1:
        raise InputError("--share", arguments.share, "above 0, at most 1")
    results = []
    for task in SIZES:
        with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
            results.append(measure(arguments, task, Path(folder)))
    print(json.dumps({"threads": arguments.threads, "results": results}) if arguments.json else table(results))


def main(argv):
    return exit_code_of(lambda given: run(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
