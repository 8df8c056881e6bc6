"""The whole data set, in one folder that appears complete or not at all."""
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..action_units import ACTION_UNITS, EXPRESSIONS
from ..errors import InputError
from . import plan
from .annotations import write_challenges, write_multitask, write_text
from .images import write_images
from .labels import label_video
from .test_set import write_test_set

README = "README.txt"
README_TITLE = "Demo data for mien: rendered schematic faces in Aff-Wild2's layout"
README_TEXT = README_TITLE + """

Nobody is on these pictures and none of them is from Aff-Wild2. scripts/make_demo_data.py drew them:
  {command}

- Faces are polygons, driven by the intensities of 12 action units; identity, pose, light, occlusion, blur and noise
  vary. One identity a video; validation and test videos show other identities than training videos.
- AU labels are true by construction: 1 where the drawn intensity is above {threshold}.
- Expressions follow from prototypes of action units, with an annotator's delay. Valence and arousal are a made-up
  formula of the intensities.
- Missing images, invalid labels, rows that exceed the frames, odd line ends, repeated rows and stray files are there
  on purpose: the real data has them.

A number measured on this data says that the machinery works. It says nothing about how well a method reads real
faces, and must not be compared with results on Aff-Wild2.
"""


@dataclass(frozen=True)
class Summary:
    """Counts of what was written. expressions int [8] and positives int [12] cover training frames with image and
    valid label; au_frames is how many of them have all 12 action units."""

    videos: dict
    images: int
    expressions: np.ndarray
    positives: np.ndarray
    au_frames: int

    def lines(self):
        counts = ", ".join(f"{self.videos[split]} {split}" for split in plan.SPLITS)
        shares = 100 * self.positives / max(1, self.au_frames)
        return [
            f"{sum(self.videos.values())} videos ({counts}), {self.images} images",
            "EXPR frames, train: " + "  ".join(f"{n} {c}" for n, c in zip(EXPRESSIONS, self.expressions)),
            f"AU positive share of {self.au_frames} frames, train, %: "
            + "  ".join(f"AU{unit} {share:.1f}" for unit, share in zip(ACTION_UNITS, shares)),
        ]


def check_target(out, force):
    """Raises InputError where out must not be replaced: foreign content never is, older demo data only by force."""
    if out.is_dir():
        if not any(out.iterdir()):
            return
        readme = out / README
        ours = readme.is_file() and readme.read_text(encoding="utf-8", errors="replace").startswith(README_TITLE)
        if not ours:
            raise InputError("--out", out, "an empty or new folder (this one holds something that is not demo data)")
        if not force:
            raise InputError("--out", out, "an empty or new folder (or --force to replace the demo data in it)")
    elif out.exists() or out.is_symlink():
        raise InputError("--out", out, "a folder, not a file")


def write_dataset(out, sizes, seed, difficulty, readme, jobs=1, report=lambda images: None):
    """Writes the data set at out (Path); see check_target first. Returns its Summary.

    It is built in a hidden folder beside out and renamed; an interrupted or failed run leaves nothing.
    report(images) is called after every rendered video.
    """
    out = Path(os.path.abspath(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.building-"))
    try:
        os.chmod(building, 0o755)
        summary = fill(building, sizes, seed, difficulty, jobs, report)
        write_text(building / README, readme)
        replace_folder(building, out)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return summary


def fill(folder, sizes, seed, difficulty, jobs, report):
    """Everything but the README, written into an existing empty folder."""
    videos = plan.plan_videos(sizes, seed)
    write_images(folder, videos, difficulty, jobs, report)
    labelled = [video for video in videos if video.tasks]
    labels = {video.name: label_video(video, difficulty) for video in labelled}
    write_challenges(folder, labelled, labels)
    write_multitask(folder, labelled, labels)
    write_test_set(folder, videos)
    return summarise(videos, labels)


def replace_folder(new, out):
    """Puts the folder new at out; what was there is deleted only after the new one is in place."""
    old = new.with_name(new.name + ".old")
    had_content = out.exists()
    if had_content:
        os.rename(out, old)
    try:
        os.rename(new, out)
    except OSError:
        if had_content:
            os.rename(old, out)
        raise
    if had_content:
        shutil.rmtree(old)


def summarise(videos, labels):
    expressions, positives, au_frames = np.zeros(8, int), np.zeros(12, int), 0
    for video in (v for v in videos if v.split == plan.TRAIN):
        seen = ~video.missing
        if "EXPR" in video.tasks:
            expression = labels[video.name].expression[seen]
            expressions += np.bincount(expression[expression >= 0], minlength=8)
        if "AU" in video.tasks:
            units = labels[video.name].action_units[seen]
            units = units[(units >= 0).all(1)]
            positives, au_frames = positives + units.sum(0), au_frames + len(units)
    counts = {split: sum(video.split == split for video in videos) for split in plan.SPLITS}
    return Summary(counts, sum(int((~video.missing).sum()) for video in videos), expressions, positives, au_frames)
