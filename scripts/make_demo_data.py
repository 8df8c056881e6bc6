#!/usr/bin/env python3
"""Renders schematic faces with known action units in exactly the layout of Aff-Wild2.

The same arguments give the same bytes, whatever --jobs is. Training videos are seeded by --seed, validation videos
by --seed + 1000, test videos by --seed + 2000. Numbers measured on this data say only that the machinery works.
"""
import argparse
import os
import sys
from pathlib import Path

from demo_faces.action_units import AU_THRESHOLD
from demo_faces.errors import InputError
from demo_faces.layout import dataset, plan
from demo_faces.progress import Progress

EXAMPLE = """\
examples:
  make_demo_data.py --out demo-data
  make_demo_data.py --out small --train-videos 8 --validation-videos 4 --test-videos 3 --frames 24 --seed 7
"""
MAXIMUM_VIDEOS, MAXIMUM_SEED, MAXIMUM_JOBS = 10_000, 2**31 - 1, 256


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line, in the project's form; given is the list that it parses."""

    given = ()

    def error(self, message):
        raise InputError("arguments", " ".join(self.given) or "(none)", f"{message}; see --help")


def parse_arguments(argv):
    parser = Parser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.given = argv
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the folder to make")
    parser.add_argument("--train-videos", type=int, default=96, metavar="N",
                        help="training videos, 8 or more (default 96)")
    parser.add_argument("--validation-videos", type=int, default=36, metavar="N",
                        help="validation videos, 4 or more (default 36)")
    parser.add_argument("--test-videos", type=int, default=12, metavar="N",
                        help="test videos, 3 or more, the last without images (default 12)")
    parser.add_argument("--frames", type=int, default=60, metavar="N", help="frames a video, 12 or more (default 60)")
    parser.add_argument("--difficulty", type=float, default=.8, metavar="D",
                        help="strength of pose, light, occlusion, blur and noise, 0 to 1.5 (default .8)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of everything (default 1)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes that render (default: one a processor)")
    parser.add_argument("--force", action="store_true", help="replace demo data that DIR already holds")
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary")
    return parser.parse_args(argv)


def check_range(flag, value, low, high):
    if not low <= value <= high:
        raise InputError(flag, value, f"{low} to {high}")


def check(arguments):
    """Raises InputError for the first value out of its range."""
    for split in plan.SPLITS:
        number = getattr(arguments, f"{split}_videos")
        check_range(f"--{split}-videos", number, plan.MINIMUM_VIDEOS[split], MAXIMUM_VIDEOS)
    check_range("--frames", arguments.frames, plan.MINIMUM_FRAMES, plan.MAXIMUM_FRAMES)
    check_range("--difficulty", arguments.difficulty, 0, 1.5)
    check_range("--seed", arguments.seed, 0, MAXIMUM_SEED)
    if arguments.jobs is not None:
        check_range("--jobs", arguments.jobs, 1, MAXIMUM_JOBS)
    dataset.check_target(arguments.out, arguments.force)


def make(arguments):
    """Writes the data set and prints its summary. Raises InputError."""
    check(arguments)
    videos = {split: getattr(arguments, f"{split}_videos") for split in plan.SPLITS}
    command = (f"make_demo_data.py --train-videos {videos['train']} --validation-videos {videos['validation']} "
               f"--test-videos {videos['test']} --frames {arguments.frames} --difficulty {arguments.difficulty:g} "
               f"--seed {arguments.seed}")
    jobs = arguments.jobs or len(os.sched_getaffinity(0))
    progress = Progress(sum(videos.values()) - 1, arguments.quiet)
    try:
        summary = dataset.write_dataset(
            arguments.out, plan.Sizes(videos, arguments.frames), arguments.seed, arguments.difficulty,
            dataset.README_TEXT.format(command=command, threshold=AU_THRESHOLD), jobs, progress.add)
    except OSError as failure:
        raise InputError("--out", arguments.out, f"a place that can be written ({failure.strerror})") from None
    if not arguments.quiet:
        print("\n".join([f"wrote {arguments.out}", *summary.lines()]))


def main(argv):
    try:
        make(parse_arguments(argv))
    except InputError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
