#!/usr/bin/env python3
"""Compares `mien train` with Python loops that train the same head on the same random rows.

lean is a loop with nothing to spare (rows in memory, exact CVaR, fused updates); published does what the published
trainer does (a row at a time from HDF5, CVaR by a search). Each contender is a process of its own with the same
number of threads; repetitions take turns, medians count. Only training steps are timed, after a warm-up.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from bench.options import check_numbers, listed  # noqa: E402
from encoders.command import Parser, exit_code_of  # noqa: E402
from encoders.errors import InputError  # noqa: E402

EXAMPLE = """\
examples:
  bench/train.py                                               (20,000 rows of 768 values, some 10 minutes)
  bench/train.py --batches 512 --threads 8 --contenders lean
  bench/train.py --dim 512 --precisions fp32,bf16 --repeats 3 --json
"""
PRECISIONS = ("fp32", "bf16")
CONTENDERS = ("lean", "published")


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("--mien", type=Path, default=ROOT / "build" / "release" / "mien", metavar="FILE",
                        help="the program (default build/release/mien)")
    parser.add_argument("--rows", type=int, default=20_000, metavar="N",
                        help="training rows, less what fills no batch (default 20000)")
    parser.add_argument("--dim", type=int, default=768, metavar="N", help="values a row (default 768)")
    parser.add_argument("--width", type=int, metavar="N", help="units a layer (default: as --dim)")
    parser.add_argument("--batches", default="32,512", metavar="LIST", help="rows a step (default 32,512)")
    parser.add_argument("--threads", default="1,2", metavar="LIST", help="threads of everyone (default 1,2)")
    parser.add_argument("--precisions", default="fp32", metavar="LIST", help="of fp32, bf16 (default fp32)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="repetitions (default 5)")
    parser.add_argument("--seconds", type=float, default=3, metavar="S",
                        help="a repetition, at least one step, of mien one epoch (default 3)")
    parser.add_argument("--contenders", default="lean,published", metavar="LIST",
                        help="of lean, published (default both)")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    return parser.parse_args(argv)


def check(arguments):
    """Raises InputError; turns the lists into lists, rows into a multiple of every batch size."""
    arguments.width = arguments.dim if arguments.width is None else arguments.width
    check_numbers((("--rows", arguments.rows), ("--dim", arguments.dim), ("--width", arguments.width),
                   ("--repeats", arguments.repeats)), arguments.seconds, arguments.mien)
    given = arguments.batches
    arguments.batches = listed("--batches", given, int)
    if min(arguments.batches) < 2:
        raise InputError("--batches", given, "numbers of 2 or more")
    arguments.threads = listed("--threads", arguments.threads, int)
    arguments.precisions = listed("--precisions", arguments.precisions, PRECISIONS)
    chosen = listed("--contenders", arguments.contenders, CONTENDERS)
    arguments.contenders = [name for name in CONTENDERS if name in chosen]
    multiple = math.lcm(*arguments.batches)
    if multiple > arguments.rows:
        raise InputError("--batches", given,
                         f"sizes whose common multiple, {multiple}, is at most --rows, {arguments.rows}")
    arguments.rows -= arguments.rows % multiple


def compare(arguments, folder):
    """(facts, entries) of the whole comparison."""
    import torch

    from bench import report, schedule
    from bench.train_contenders import data, processes
    schedule.say(f"writing {arguments.rows} rows")
    data.write(folder, arguments.rows, arguments.dim)
    scratch = folder / "scratch"
    scratch.mkdir()
    entries = []
    for precision in arguments.precisions:
        for threads in arguments.threads:
            for batch in arguments.batches:
                schedule.say(f"{precision}, {threads} threads, batch {batch}")
                bench = processes.Bench(arguments.mien.resolve(), folder, scratch, arguments.rows, arguments.dim,
                                        arguments.width, arguments.seconds, threads, batch, precision)
                entries += schedule.measure(processes.round_of(bench, arguments.contenders), arguments.repeats)
    version = subprocess.run([arguments.mien, "--version"], capture_output=True, text=True).stdout
    facts = {"processor": report.processor(), "torch": torch.__version__,
             "mien": version.strip().removeprefix("mien").strip(), "rows": arguments.rows, "dim": arguments.dim,
             "width": arguments.width, "repeats": arguments.repeats}
    return facts, entries


def run(arguments):
    """Measures and prints. Raises InputError."""
    check(arguments)
    from bench.train_contenders import report
    with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
        facts, entries = compare(arguments, Path(folder))
    found = report.results(entries, arguments.dim, arguments.width)
    print(json.dumps({"machine": facts, "results": found}) if arguments.json else report.table(facts, found))


def main(argv):
    return exit_code_of(lambda given: run(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
