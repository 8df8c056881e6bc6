"""From a video's frames to aligned faces, with facenet-pytorch's MTCNN: the largest face of each frame.

The package's smallest face and thresholds are mien's, too; so are the least confidence and the crop's template.
"""
import itertools
import math
import multiprocessing
import subprocess
import time
import warnings
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from . import facenet

CONFIDENCE, MIN_FACE = .9, 20
SIDE, MOST_SAMPLES = 112, 16
LONGEST_START = 300  # seconds for the processes to load
TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
                     [70.7299, 92.2041]])  # ArcFace's, for 112 pixels


class Stages:
    """Seconds by the name of what was done."""

    def __init__(self):
        self.seconds = defaultdict(float)

    @contextmanager
    def __call__(self, name):
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start


@dataclass(frozen=True)
class Face:
    """box: left, top, right, bottom in pixels; crop: uint8 RGB [112, 112, 3]."""

    box: np.ndarray
    crop: np.ndarray


def frames_of(video, every, stages):
    """(number from 1, uint8 RGB [h, w, 3]) of each every-th frame.

    From ffmpeg's pipe, in the colours the file declares; OpenCV's reader takes every file for BT.601.
    """
    chosen = ["-vf", f"select=not(mod(n\\,{every}))", "-fps_mode", "passthrough"]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(video), *chosen, "-f", "image2pipe", "-c:v", "ppm", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as ffmpeg:
        for number in itertools.count(1, every):
            with stages("decode"):
                if not ffmpeg.stdout.readline():  # "P6"
                    return
                width, height = map(int, ffmpeg.stdout.readline().split())
                ffmpeg.stdout.readline()  # 255
                frame = np.frombuffer(ffmpeg.stdout.read(width * height * 3), np.uint8).reshape(height, width, 3)
            yield number, frame


def similarity(points):
    """[2, 3]: rotation, scale and shift that bring the landmarks [5, 2] nearest to the template (least squares)."""
    z, w = (p[:, 0] + 1j * p[:, 1] for p in (np.asarray(points, float), TEMPLATE))
    centred = z - z.mean()
    turn = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    shift = w.mean() - turn * z.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def align(frame, points):
    """The crop; several samples a pixel where the face shrinks, so that it does not alias."""
    matrix = similarity(points)
    samples = math.ceil(min(max(1 / np.hypot(*matrix[:, 0]), 1), MOST_SAMPLES))
    matrix = matrix * samples
    matrix[:, 2] += (samples - 1) / 2
    large = cv2.warpAffine(frame, matrix, (SIDE * samples, SIDE * samples), flags=cv2.INTER_LINEAR)
    return large if samples == 1 else cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


class Finder:
    """look(frames) -> a Face or None for each, found in one call of the detector."""

    def __init__(self, stages):
        self.stages = stages
        self.detector = facenet.mtcnn_class()(keep_all=True, min_face_size=MIN_FACE)

    def look(self, frames):
        with self.stages("detect"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            boxes, confidences, points = self.detector.detect(np.stack(frames), landmarks=True)
        with self.stages("align"):
            return [self.largest(*one) for one in zip(frames, boxes, confidences, points)]

    @staticmethod
    def largest(frame, boxes, confidences, points):
        """The first that is sure enough: the package gives the largest first."""
        for box, confidence, marks in zip(boxes, confidences, points) if boxes is not None else ():
            if confidence >= CONFIDENCE:
                return Face(np.asarray(box, float), align(frame, marks))
        return None


def in_batches(frames, size):
    frames = iter(frames)
    while part := list(itertools.islice(frames, size)):
        yield part


def found_in_batches(finder, frames, size):
    """(number, Face or None), `size` frames a call."""
    for part in in_batches(frames, size):
        faces = finder.look([frame for _, frame in part])
        yield from zip([number for number, _ in part], faces)


class Pool:
    """Processes of one thread each, which look at a frame at a time while this one decodes on."""

    def __init__(self, processes):
        context = multiprocessing.get_context("spawn")
        all_loaded = context.Barrier(processes + 1)
        self.pool = context.Pool(processes, begin_in_pool, (all_loaded,))
        all_loaded.wait(LONGEST_START)

    def found(self, frames):
        return self.pool.imap(look_in_pool, frames)

    def close(self):
        self.pool.terminate()
        self.pool.join()


def begin_in_pool(all_loaded):
    global finder_in_pool
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    finder_in_pool = Finder(Stages())
    all_loaded.wait(LONGEST_START)


def look_in_pool(numbered):
    number, frame = numbered
    return number, finder_in_pool.look([frame])[0]
