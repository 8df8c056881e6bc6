"""The rows of one video as the bank has them: numbered, rounded to F16, failed ones apart."""
from dataclasses import dataclass

import numpy as np

from encoders.errors import InputError

from .image_names import number_frames

NOT_FINITE = "embedding is not finite"
TOO_LARGE = "embedding exceeds what F16 can hold"


@dataclass(frozen=True)
class VideoRows:
    """frames int32 [N] ascending, embeddings float16 [N, D], failed [{frame, path, reason}], names {frame: image}."""

    frames: np.ndarray
    embeddings: np.ndarray
    failed: list
    names: dict


def read_video(video, index, sources):
    """The VideoRows of a VideoIndex. Raises InputError for one image with two different rows."""
    first, repeats = first_entries(index.images)
    frames, refused, keep_names = number_frames(list(first))
    failed = [failure(video, *entry) for entry in refused]
    halves, reasons = read_halves(index, [first[image] for image in frames.values()], sources)
    check_repeats(video, index, repeats, sources)
    good = np.array([reason is None for reason in reasons], bool)
    failed += [failure(video, frame, image, reason)
               for (frame, image), reason in zip(frames.items(), reasons) if reason]
    numbers = np.fromiter(frames, np.int32, len(frames))[good]
    names = {frame: frames[frame] for frame in numbers.tolist()} if keep_names else {}
    return VideoRows(numbers, halves[good], sorted(failed, key=lambda entry: entry["frame"]), names)


def counted_from_one(video, rows, first_frame):
    """The rows with frame numbers from 1, as labels have them: those of --first-frame 0 go up by one.

    A frame 0 without the flag is an InputError: every label would be one frame off. With --first-frame 1 it stays.
    """
    if first_frame == 0 and not rows.names:
        failed = [entry | {"frame": entry["frame"] + 1} for entry in rows.failed]
        return VideoRows(rows.frames + np.int32(1), rows.embeddings, failed, rows.names)
    if first_frame is None and len(rows.frames) and rows.frames[0] == 0:
        raise InputError("image", f"{video}/00000", "frames that count from 1, as labels do (--first-frame 0 counts 0 "
                         "as 1, --first-frame 1 keeps it)")
    return rows


def failure(video, frame, image, reason):
    return {"frame": frame, "path": f"{video}/{image}", "reason": reason}


def first_entries(images):
    """({image: its first entry}, [(first entry, later entry)] of images that come again)."""
    first, repeats = {}, []
    for entry, image in enumerate(images):
        if first.setdefault(image, entry) != entry:
            repeats.append((first[image], entry))
    return first, repeats


def read_halves(index, entries, sources):
    """(float16 [len(entries), D], None or the reason of failure for each), to the nearest half, ties to even."""
    halves = np.empty((len(entries), sources[0].dim), np.float16)
    reasons = [None] * len(entries)
    of_source = np.array([index.sources[entry] for entry in entries], np.int64)
    of_row = np.array([index.rows[entry] for entry in entries], np.int64)
    for number in np.unique(of_source):
        places = np.flatnonzero(of_source == number)
        places = places[np.argsort(of_row[places], kind="stable")]
        values = read_rows(sources[number], of_row[places])
        with np.errstate(over="ignore"):
            halves[places] = values
        for place in places[~np.isfinite(halves[places]).all(1)]:
            reasons[place] = TOO_LARGE
        for place in places[~np.isfinite(values).all(1)]:
            reasons[place] = NOT_FINITE
    return halves, reasons


def read_rows(source, rows):
    try:
        return source.read(rows)
    except OSError as failure:  # a damaged part of a file that opened well
        raise InputError("FEATURES", source.what, f"rows that can be read ({failure})") from None


def check_repeats(video, index, repeats, sources):
    """An image may come again with the row that it had: training lists of two tasks share images."""
    if not repeats:
        return
    earlier, later = (read_halves(index, entries, sources)[0] for entries in zip(*repeats))
    for place, (first, again) in enumerate(repeats):
        if earlier[place].tobytes() != later[place].tobytes():
            raise InputError("image", f"{video}/{index.images[again]}",
                             f"one row, or equal ones (row {index.rows[again] + 1} differs from row "
                             f"{index.rows[first] + 1})")
