#!/usr/bin/env python3
"""Exports an image encoder as the TorchScript file that `mien encode` reads.

The archive maps float32 [B,3,S,S] (normalised RGB) to [B,D], any batch size, with its parameters in place (unfrozen,
float32) and an extra file `mien.json` that tells name, image size, dimension, preprocessing, source and digest.
"""
import argparse
import sys
from pathlib import Path

from encoders.command import Parser, exit_code_of
from encoders.errors import InputError

EXAMPLE = """\
examples:
  export_encoder.py efficientnet-lite0 --out encoders/efficientnet-lite0.pt
  export_encoder.py clip-vit-l-14 --out encoders/clip-vit-l-14.pt          (downloads the weights)
  export_encoder.py checkpoints/my-clip --out encoders/my-clip.pt          (a folder in transformers' layout)
  export_encoder.py random:clip-vit-b-32:7 --out encoders/random-b-32.pt   (random weights, for trying things out)

MODEL is efficientnet-lite0, clip-vit-b-32, clip-vit-b-16, clip-vit-l-14, clip-vit-l-14-336, a local folder, or
random:NAME[:SEED] with NAME one of the CLIP names above or clip-tiny (very small, for tests).
"""


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("model", metavar="MODEL", help="name of an encoder, or a folder")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the archive to write")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of a random: model, 0 or more (default 0)")
    return parser.parse_args(argv)


def export(arguments):
    """Writes the archive and prints one line about it. Raises InputError."""
    out = arguments.out
    if out.is_dir():
        raise InputError("--out", out, "a file, not a folder")
    if out.exists() and not arguments.force:
        raise InputError("--out", out, "a file that does not exist yet (or --force to replace it)")
    if arguments.seed is not None and arguments.seed < 0:
        raise InputError("--seed", arguments.seed, "an integer of 0 or more")
    from encoders import archive, names  # torch takes seconds to load: only once the arguments are sound
    encoder = names.load(arguments.model, arguments.seed)
    try:
        metadata, error = archive.write_archive(encoder, out)
    except OSError as failure:
        raise InputError("--out", out, f"a place that can be written ({failure.strerror})") from None
    parameters = sum(p.numel() for p in encoder.module.parameters())
    print(f"wrote {out}: {encoder.name}, [B,3,{encoder.image_size},{encoder.image_size}] -> "
          f"[B,{encoder.embedding_dim}], {parameters:,} parameters, relative error {error:.1e}, "
          f"weights {metadata['weights_sha256'][:12]}")


def main(argv):
    return exit_code_of(lambda given: export(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
