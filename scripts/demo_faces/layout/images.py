"""Rendering of all crops by worker processes, and the clutter that lies between them."""
import multiprocessing
import signal
from functools import partial

from ..video import render_video
from . import plan

# (root, file) beside the video folders, and (index of a training video, file) inside them
ROOT_CLUTTER = ((plan.MAIN_ROOT, ".DS_Store"), (plan.SECOND_ROOT, ".DS_Store"), (plan.MAIN_ROOT, "readme.txt"))
VIDEO_CLUTTER = ((0, ".DS_Store"), (1, "._00001.jpg"), (2, "Thumbs.db"), (3, "notes.txt"))
CLUTTER_CONTENT = b"\x00\x05\x16\x07 not an image\n"


def write_images(folder, videos, difficulty, jobs, report):
    """Renders every video once, in `jobs` processes; calls report(images of one more video) as they come."""
    render = partial(write_video, folder, difficulty)
    with_images = [video for video in videos if not video.missing.all()]
    if jobs == 1:
        for video in with_images:
            report(render(video))
    else:
        with multiprocessing.get_context("fork").Pool(jobs, ignore_interrupts) as pool:
            for images in pool.imap_unordered(render, with_images):
                report(images)
    write_clutter(folder, videos)


def ignore_interrupts():
    """Leaves Ctrl-C to the parent process, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def write_video(folder, difficulty, video):
    """Writes one video's JPEG files, numbered from 00001; returns how many."""
    target = folder / video.root / video.name
    target.mkdir(parents=True)
    images = 0
    for frame, jpeg in render_video(video.seed, video.index, video.missing, difficulty):
        (target / f"{frame + 1:05d}.jpg").write_bytes(jpeg)
        images += 1
    return images


def write_clutter(folder, videos):
    """The files that operating systems and people leave between images."""
    train = [video for video in videos if video.split == plan.TRAIN]
    for root, name in ROOT_CLUTTER:
        (folder / root / name).write_bytes(CLUTTER_CONTENT)
    for index, name in VIDEO_CLUTTER:
        (folder / train[index].root / train[index].name / name).write_bytes(CLUTTER_CONTENT)
