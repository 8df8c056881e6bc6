#!/usr/bin/env python3
"""Peak memory of `mien encode` for few and for many images: it must not grow with their number.

    python3 scripts/bench/encode_memory.py build/release/mien [--few 2000] [--many 100000]

Encodes hard links to a few small images, once as many videos and once as one, with a tiny TorchScript encoder made
here, and prints the peaks and their ratio.
"""

import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from PIL import Image

SIZE, DISTINCT = 32, 64
FRAMES_A_VIDEO = 500


class Tiny(torch.nn.Module):
    """[B, 3, S, S] -> [B, D]: pixels times a matrix."""

    def __init__(self, dim):
        super().__init__()
        self.matrix = torch.nn.Parameter(torch.randn(3 * SIZE * SIZE, dim) * 0.02)

    def forward(self, x):
        return x.flatten(1) @ self.matrix


def write_encoder(path, dim):
    torch.manual_seed(0)
    info = {"name": "tiny", "image_size": SIZE, "embedding_dim": dim, "mean": [0.5] * 3, "std": [0.25] * 3,
            "resize": "bicubic", "source": "scripts/bench/encode_memory.py", "weights_sha256": ""}
    traced = torch.jit.trace(Tiny(dim).eval(), torch.zeros(2, 3, SIZE, SIZE))
    traced.save(str(path), _extra_files={"mien.json": json.dumps(info)})


def write_images(folder):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(DISTINCT):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(buffer, "JPEG")
        (folder / f"{i}.jpg").write_bytes(buffer.getvalue())
    return [folder / f"{i}.jpg" for i in range(DISTINCT)]


def link_videos(root, sources, images, frames_a_video):
    for i in range(images):
        video, frame = divmod(i, frames_a_video)
        folder = root / f"video{video:04d}"
        if frame == 0:
            folder.mkdir(parents=True)
        os.link(sources[i % DISTINCT], folder / f"{frame + 1:05d}.jpg")


def peak_megabytes(command):
    """Of the process that runs the command, as the system reports it at its end."""
    start = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"encode_memory: exit code {process.returncode} of {' '.join(map(str, command))}")
    return usage.ru_maxrss / 1024, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mien", type=pathlib.Path, help="the binary")
    parser.add_argument("--few", type=int, default=2_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--dim", type=int, default=768, help="of an embedding")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_encoder(folder / "tiny.pt", options.dim)
        sources = write_images(folder / "images")
        for kind, frames_a_video in (("many videos", FRAMES_A_VIDEO), ("one video", options.many)):
            peaks = []
            for images in (options.few, options.many):
                root = folder / f"{kind} {images}"
                link_videos(root, sources, images, frames_a_video)
                peak, seconds = peak_megabytes(
                    [options.mien, "encode", "--images", root, "--encoder", folder / "tiny.pt", "--quiet", "--bank",
                     folder / f"bank {kind} {images}", "--batch-size", options.batch_size])
                peaks.append(peak)
                print(f"{kind:12} {images:8,} images  peak {peak:7.1f} MiB  {seconds:6.1f} s", flush=True)
            print(f"{kind:12} ratio {peaks[1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
