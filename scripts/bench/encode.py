#!/usr/bin/env python3
"""Compares `mien encode` with Python pipelines and other runtimes, on generated faces and the same archive.

Each contender is a process of its own with the same number of threads; repetitions take turns, medians count. The
encoder alone gets random input; mien's rate there is that of its forward passes during `mien encode`. Packages that
are missing (onnx, onnxruntime, openvino) are listed as not installed.
"""
import argparse
import json
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
  bench/encode.py                                              (random:clip-vit-b-32, some 8 minutes)
  bench/encode.py --encoder efficientnet-lite0 --batches 16
  bench/encode.py --encoder clip-vit-l-14.pt --dtypes fp32,bf16 --repeats 3 --json
"""
DTYPES = ("fp32", "bf16")
VIDEOS_FOR_ENCODER = 2  # how many of the videos mien encodes where only its forward passes count


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("--encoder", default="random:clip-vit-b-32", metavar="FILE|MODEL",
                        help="an archive, or a MODEL of export_encoder.py (default random:clip-vit-b-32)")
    parser.add_argument("--mien", type=Path, default=ROOT / "build" / "release" / "mien", metavar="FILE",
                        help="the program (default build/release/mien)")
    parser.add_argument("--images", type=int, default=96, metavar="N", help="faces, 32 a video (default 96)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of everyone (default 2)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="repetitions (default 5)")
    parser.add_argument("--seconds", type=float, default=2, metavar="S",
                        help="a repetition of the encoder alone, at least one batch (default 2)")
    parser.add_argument("--batches", default="1,16,32", metavar="LIST", help="batch sizes (default 1,16,32)")
    parser.add_argument("--dtypes", default="fp32", metavar="LIST", help="of fp32, bf16 (default fp32)")
    parser.add_argument("--contenders", metavar="LIST", help="of eager, frozen, frozen_channels_last, optimized, "
                        "onnx_runtime, openvino (default all)")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    return parser.parse_args(argv)


def check(arguments):
    """Raises InputError; turns the lists into lists, `contenders` into Kinds."""
    from bench.contenders import KINDS
    check_numbers((("--images", arguments.images), ("--threads", arguments.threads),
                   ("--repeats", arguments.repeats)), arguments.seconds, arguments.mien)
    arguments.batches = listed("--batches", arguments.batches, int)
    arguments.dtypes = listed("--dtypes", arguments.dtypes, DTYPES)
    names = [kind.name for kind in KINDS]
    chosen = listed("--contenders", arguments.contenders, names) if arguments.contenders else names
    arguments.contenders = [kind for kind in KINDS if kind.name in chosen]


def prepare_archive(encoder, folder):
    """(path, mien.json) of the archive that the argument names, exported into the folder if it is a MODEL."""
    from feature_bank.encoder_facts import archive_metadata
    path = Path(encoder)
    if not path.is_file():
        from encoders import archive, names
        path = folder / "encoder.pt"
        archive.write_archive(names.load(encoder), path)
    metadata = archive_metadata(path)
    if metadata is None:
        raise InputError("--encoder", encoder, "an archive with mien.json inside (scripts/export_encoder.py)")
    return path, metadata


def prepare_onnx(bench, kinds):
    """The export that two of the contenders share; without it they say so."""
    from bench import contenders
    from bench.schedule import say
    wanted = [kind for kind in kinds if "onnx" in kind.packages and not kind.missing()]
    if not wanted:
        return
    say("exporting to ONNX")
    try:
        contenders.export_onnx(bench)
    except contenders.ContenderError as failure:
        say(f"no ONNX export: {failure}")


def compare(arguments, folder):
    """(facts, entries) of the whole comparison."""
    import torch

    from bench import contenders, faces, report, schedule
    archive, info = prepare_archive(arguments.encoder, folder)
    schedule.say(f"drawing {arguments.images} faces")
    videos = faces.write_faces(folder / "faces", arguments.images)
    few = folder / "few-videos.txt"
    few.write_text("\n".join(videos[:VIDEOS_FOR_ENCODER]) + "\n")
    scratch = folder / "scratch"
    scratch.mkdir()
    bench = contenders.Bench(arguments.mien.resolve(), archive.resolve(), folder / "encoder.onnx", info["image_size"],
                             folder / "faces", scratch, arguments.threads, arguments.seconds)
    prepare_onnx(bench, arguments.contenders)
    entries = []
    for dtype in arguments.dtypes:
        schedule.say(f"{dtype}: from files to embeddings")
        entries += schedule.measure(schedule.pipeline_round(bench, dtype), arguments.repeats)
        for batch in arguments.batches:
            schedule.say(f"{dtype}: encoder alone, batch {batch}")
            entries += schedule.measure(
                schedule.encoder_round(bench, dtype, batch, arguments.contenders, few), arguments.repeats)
    version = subprocess.run([arguments.mien, "--version"], capture_output=True, text=True).stdout
    facts = {"processor": report.processor(), "threads": arguments.threads, "torch": torch.__version__,
             "mien": version.strip().removeprefix("mien").strip(), "encoder": info["name"],
             "image_size": info["image_size"], "embedding_dim": info["embedding_dim"], "images": arguments.images,
             "repeats": arguments.repeats}
    return facts, entries


def run(arguments):
    """Measures and prints. Raises InputError."""
    check(arguments)
    from bench import report
    with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
        facts, entries = compare(arguments, Path(folder))
    found = report.results(entries)
    print(json.dumps({"machine": facts, "results": found}) if arguments.json else report.table(facts, found))


def main(argv):
    return exit_code_of(lambda given: run(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
