"""How far a Python contender's table is from mien's: the same work is compared, or none."""
import csv
from dataclasses import dataclass

import numpy as np

from bench.contenders import ContenderError

from .passes import BOX

LARGEST_BOX = 2  # pixels; the decoders of two builds differ by a level or two
LARGEST_PROBABILITY = .05  # OpenCV warps from places rounded to 1/32 pixel: a level in the crop, much for some heads
LARGEST_SHARE = .02  # of the frames: a face that one found and the other did not


@dataclass
class Difference:
    """box in pixels, probability, and frames where only one found a face; over the frames where both did."""

    frames: int
    faces: int
    only_one: int
    box: float
    probability: float


def read(path):
    """{frame: row}; of a table of faces the first face of a frame."""
    rows = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(int(row["frame"]), row)
    return rows


def values(row, names):
    return np.array([float(row[name]) for name in names])


def largest(pairs, names):
    return max((float(np.abs(values(a, names) - values(b, names)).max()) for a, b in pairs), default=0.)


def difference(mine, boxes, theirs):
    """Of mien's table and its table of faces from the contender's. Raises ContenderError for other frames."""
    if list(mine) != list(theirs):
        raise ContenderError(f"has other frames ({len(theirs)}, mien {len(mine)})")
    faces = [frame for frame, row in mine.items() if row["face"] == "1" and theirs[frame]["face"] == "1"]
    names = [name for name in next(iter(theirs.values())) if name.startswith("p_")]
    return Difference(
        frames=len(mine), faces=len(faces),
        only_one=sum(mine[frame]["face"] != theirs[frame]["face"] for frame in mine),
        box=largest([(boxes[frame], theirs[frame]) for frame in faces], BOX),
        probability=largest([(mine[frame], theirs[frame]) for frame in faces], names))


def require_same(found):
    """Raises ContenderError when something else was computed."""
    if found.only_one > LARGEST_SHARE * found.frames:
        raise ContenderError(f"finds other faces: in {found.only_one} of {found.frames} frames")
    if found.box > LARGEST_BOX:
        raise ContenderError(f"finds other faces: boxes are {found.box:.1f} pixels apart")
    if found.probability > LARGEST_PROBABILITY:
        raise ContenderError(f"says something else: probabilities are {found.probability:.3f} apart")
