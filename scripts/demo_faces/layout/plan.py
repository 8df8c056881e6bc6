"""Which videos the data set has, and what is irregular about each of them.

Every irregularity is bound to a video's index in its split, so that the smallest allowed data set has them all.
"""
from dataclasses import dataclass

import numpy as np

TASKS = ("EXPR", "AU", "VA")
TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
SEED_OFFSET = {TRAIN: 0, VALIDATION: 1000, TEST: 2000}
MAIN_ROOT, SECOND_ROOT = "cropped_aligned", "cropped_aligned_new_50_vids"
MINIMUM_VIDEOS = {TRAIN: 8, VALIDATION: 4, TEST: 3}
MINIMUM_FRAMES, MAXIMUM_FRAMES = 12, 99_999

# label rows minus frames; positions 6 and 7 are the rare cases, the rest as often as in the real files
ROW_SURPLUS = (1, 0, 1, 1, 0, 1, 2, -1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1)
ROW_SURPLUS_START = {"EXPR": 0, "AU": 3, "VA": 5}
CRLF, TRAILING_BLANK_LINE, BLANKS_AFTER_COMMAS = "crlf", "trailing blank line", "blanks after commas"
FILE_QUIRKS = {
    (TRAIN, 0, "AU"): BLANKS_AFTER_COMMAS,
    (TRAIN, 1, "EXPR"): CRLF,
    (TRAIN, 2, "VA"): TRAILING_BLANK_LINE,
    (VALIDATION, 0, "AU"): CRLF,
    (VALIDATION, 1, "EXPR"): TRAILING_BLANK_LINE,
}
WITHOUT_VALID_EXPRESSION = (TRAIN, 6)
# (split, index) pairs that show two people of one recording, with their suffixes
PAIRS = (
    ((TRAIN, 0, "_left"), (TRAIN, 1, "_right")),
    ((TRAIN, 2, ""), (TRAIN, 3, "_right")),
    ((TRAIN, 4, "_left"), (VALIDATION, 0, "_right")),
    ((TEST, 0, "_left"), (TEST, 1, "_right")),
)
NAME_STREAM, MISSING_STREAM = 99, 11


@dataclass(frozen=True)
class Sizes:
    """How much to make: videos by split, and frames a video."""

    videos: dict
    frames: int


@dataclass(frozen=True)
class Video:
    """One video of the data set; missing is bool [N], true where a frame has no image (0-based)."""

    name: str
    split: str
    index: int
    seed: int
    root: str
    tasks: tuple
    missing: np.ndarray

    @property
    def frames(self):
        return len(self.missing)

    def rows(self, task):
        """The number of label rows of its file for task; Aff-Wild2's files rarely have one a frame."""
        return self.frames + ROW_SURPLUS[(self.index + ROW_SURPLUS_START[task]) % len(ROW_SURPLUS)]

    def quirk(self, task):
        """What is odd about the text of its file for task, or None."""
        return FILE_QUIRKS.get((self.split, self.index, task))

    @property
    def has_valid_expression(self):
        return (self.split, self.index) != WITHOUT_VALID_EXPRESSION


def plan_videos(sizes, seed):
    """All videos, train first, then validation, then test: a function of sizes and seed."""
    names = name_videos(sizes, seed)
    videos = []
    for split in SPLITS:
        split_seed = seed + SEED_OFFSET[split]
        for index in range(sizes.videos[split]):
            imageless = split == TEST and index == sizes.videos[TEST] - 1
            missing = np.ones(sizes.frames, bool) if imageless else missing_frames(split_seed, index, sizes.frames)
            root = SECOND_ROOT if split == TEST or split == VALIDATION and index % 6 == 3 else MAIN_ROOT
            videos.append(Video(names[split, index], split, index, split_seed, root, tasks_of(split, index), missing))
    return videos


def name_videos(sizes, seed):
    """Names in all of Aff-Wild2's styles, by (split, index); every recording has a number of its own."""
    keys = [(split, index) for split in SPLITS for index in range(sizes.videos[split])]
    numbers = 1 + np.random.default_rng([seed, NAME_STREAM]).permutation(4 * len(keys))
    recordings = {key: recording_name(position, int(numbers[position])) for position, key in enumerate(keys)}
    names = dict(recordings)
    for first, second in PAIRS:
        for split, index, suffix in (first, second):
            names[split, index] = recordings[first[:2]] + suffix
    return names


def recording_name(position, number):
    styles = (f"{number}-30-1280x720", f"{number}-24-1920x1080", f"video{number}", f"{number}",
              f"{number}-60-1920x1080-{1 + number % 5}", f"video{number}_{1 + number % 6}", f"{number}-30-640x360")
    return styles[position % len(styles)]


def tasks_of(split, index):
    """The tasks for which a video is labelled: nearly always all three, none for test videos."""
    if split == TEST:
        return ()
    if split == TRAIN:
        labelled = {"EXPR": index % 12 != 7, "AU": index % 12 != 9, "VA": index % 8 != 5}
    else:
        labelled = {"EXPR": True, "AU": index % 12 != 7, "VA": index % 9 != 2}
    return tuple(task for task in TASKS if labelled[task])


def missing_frames(seed, index, frames):
    """Frames without a face, bool [frames]: one run in two videos of five, about 4 % of all frames.

    The runs of indices 1 and 3 (modulo 20) touch the video's first and last frame.
    """
    missing = np.zeros(frames, bool)
    if index % 5 not in (1, 3):
        return missing
    rng = np.random.default_rng([seed, index, MISSING_STREAM])
    length = max(1, round(frames * rng.uniform(.06, .14)))
    start = {1: 0, 3: frames - length}.get(index % 20, int(rng.integers(0, frames - length + 1)))
    missing[start:start + length] = True
    return missing
