#!/usr/bin/env python3
"""Exports a face detector's networks as the TorchScript file that `mien crop --detector-file` reads.

The archive holds the networks as submodules, unfrozen and in float32, and an extra file `mien.json` with the detector's
name, its thresholds, source and digest.
"""
import argparse
import io
import json
import sys
from pathlib import Path

from encoders.command import Parser, exit_code_of
from encoders.errors import InputError

EXAMPLE = """\
example:
  export_detector.py mtcnn --out detectors/mtcnn.pt      (weights of the PyPI package facenet-pytorch, MIT)
"""


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("detector", metavar="DETECTOR", help="mtcnn")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the archive to write")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    return parser.parse_args(argv)


def archive_bytes(module, metadata):
    """The scripted module as loaded again gives the same networks: checked before anything is written."""
    import warnings

    import torch
    from encoders.spec import weights_sha256
    buffer, extra = io.BytesIO(), {"mien.json": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scripting warns of its own deprecation
        torch.jit.save(torch.jit.script(module), buffer, _extra_files={"mien.json": json.dumps(metadata, indent=2)})
        loaded = torch.jit.load(io.BytesIO(buffer.getvalue()), map_location="cpu", _extra_files=extra)
    if weights_sha256(loaded.state_dict()) != metadata["weights_sha256"]:
        raise RuntimeError("the weights in the archive differ from the package's")
    return buffer.getvalue()


def export(arguments):
    """Writes the archive and prints one line about it. Raises InputError."""
    out = arguments.out
    if arguments.detector != "mtcnn":
        raise InputError("DETECTOR", arguments.detector, "mtcnn")
    if out.is_dir():
        raise InputError("--out", out, "a file, not a folder")
    if out.exists() and not arguments.force:
        raise InputError("--out", out, "a file that does not exist yet (or --force to replace it)")
    from detectors import mtcnn  # torch takes seconds to load: only once the arguments are sound
    from encoders.archive import replace_file
    module, metadata = mtcnn.load()
    try:
        replace_file(out, archive_bytes(module, metadata))
    except OSError as failure:
        raise InputError("--out", out, f"a place that can be written ({failure.strerror})") from None
    parameters = sum(p.numel() for p in module.parameters())
    print(f"wrote {out}: {metadata['name']}, {parameters:,} parameters, from {metadata['source']}, "
          f"weights {metadata['weights_sha256'][:12]}")


def main(argv):
    return exit_code_of(lambda given: export(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
