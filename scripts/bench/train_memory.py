#!/usr/bin/env python3
"""Peak memory of `mien train`: one copy of the embeddings and little else.

    python3 scripts/bench/train_memory.py build/release/mien [--gigabytes 1.5] [--dim 768] [--tasks expr,au]

Writes a bank of random fp16 embeddings with random labels, trains a small head for two epochs and prints the peak
beside the size of the embeddings of all labelled frames, training and validation. The peak is the system's (resident
pages, mapped files included).
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench.made_up import TRAIN, VALIDATION, encoder_info, write_labels  # noqa: E402
from feature_bank.bank import BankWriter  # noqa: E402
from feature_bank.video_rows import VideoRows  # noqa: E402

ROWS_A_VIDEO, BLOCK = 8000, 1 << 22


def write(folder, rows, dim):
    """A fifth of the rows validates."""
    random = np.random.default_rng(0)
    block = random.standard_normal(BLOCK, np.float32).astype(np.float16)
    annotations = folder / "annotations"
    with BankWriter(folder / "bank", encoder_info(dim), []) as bank:
        for number, start in enumerate(range(0, rows, ROWS_A_VIDEO)):
            video, size = f"video{number:04d}", min(ROWS_A_VIDEO, rows - start)
            embeddings = np.resize(np.roll(block, int(random.integers(BLOCK))), (size, dim))
            bank.write(video, VideoRows(np.arange(1, size + 1, dtype=np.int32), embeddings, [], {}))
            split = VALIDATION if number % 5 == 4 else TRAIN
            write_labels(annotations, "expr", split, video, random.integers(0, 8, (size, 1)).tolist())
            write_labels(annotations, "au", split, video, random.integers(0, 2, (size, 12)).tolist())


def peak_bytes(command):
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"train_memory: exit code {process.returncode} of {' '.join(map(str, command))}")
    return usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mien", type=pathlib.Path, help="the binary")
    parser.add_argument("--gigabytes", type=float, default=1.5, help="of embeddings")
    parser.add_argument("--dim", type=int, default=768, help="of an embedding")
    parser.add_argument("--tasks", default="expr,au")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    config = pathlib.Path(__file__).resolve().parents[2] / "configs" / "joint.yaml"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows = max(10 * ROWS_A_VIDEO, int(options.gigabytes * 1e9 / (2 * options.dim)))
        write(folder, rows, options.dim)
        peak = peak_bytes([
            options.mien, "train", config, f"bank={folder / 'bank'}", f"annotations={folder / 'annotations'}",
            f"tasks=[{options.tasks}]", "head.layers=1", "head.width=64", "epochs=2", "batch_size=4096", "--threads",
            options.threads, "--quiet", "--out", folder / "run"])
    embeddings = 2 * rows * options.dim
    found = {"rows": rows, "embeddings_mb": embeddings / 1e6, "peak_mb": peak / 1e6,
             "beyond_one_copy_mb": (peak - embeddings) / 1e6}
    if options.json:
        print(json.dumps(found))
    else:
        print(f"{rows:,} rows of {options.dim}: embeddings {embeddings / 1e6:,.0f} MB, peak {peak / 1e6:,.0f} MB, "
              f"{(peak - embeddings) / 1e6:,.0f} MB beyond one copy")


if __name__ == "__main__":
    main()
