"""From a video to a table in Python: faces by finding.py, the encoder in batches, the head, a row a frame."""
import csv
import time

import numpy as np
import torch
from PIL import Image

from bench import models, pipeline
from bench.made_up import EXPRESSIONS, UNITS

from . import finding, head

BOX = ("left", "top", "right", "bottom")
THRESHOLD = .5  # of an AU's probability
ENCODER_WAYS = ("frozen", "frozen_channels_last", "optimized")  # functions of models.py
WARM_UP_RUNS = 3  # PyTorch's executor profiles the first ones


def fastest_encoder(setup, size):
    """(name, callable) of the way that takes least for a batch of noise."""
    pixels, found = torch.randn(pipeline.BATCH, 3, size, size), {}
    for way in ENCODER_WAYS:
        run = getattr(models, way)(setup)
        for _ in range(WARM_UP_RUNS):
            run(pixels)
        start = time.perf_counter()
        run(pixels)
        found[way] = time.perf_counter() - start, run
    way = min(found, key=lambda name: found[name][0])
    return way, found[way][1]


class Pass:
    """run(video) writes rows.csv into the folder `out` and returns the number of frames.

    batch: frames a call of the detector; processes: of one thread each, for the faces; 0: none.
    """

    def __init__(self, setup, weights, out, batch, processes):
        self.info = pipeline.preprocessing_of(setup.archive)
        self.way, self.encode = fastest_encoder(setup, self.info["image_size"])
        self.head, self.out, self.batch = head.Head(weights), out, batch
        self.stages = finding.Stages()
        self.pool = finding.Pool(processes) if processes else None
        self.finder = None if processes else finding.Finder(self.stages)

    def faces(self, frames):
        return self.pool.found(frames) if self.pool else finding.found_in_batches(self.finder, frames, self.batch)

    def run(self, video, every):
        self.stages.seconds.clear()
        boxes, waiting, answers = {}, [], []
        for number, face in self.faces(finding.frames_of(video, every, self.stages)):
            boxes[number] = None if face is None else face.box
            if face is not None:
                waiting.append(face.crop)
            if len(waiting) == pipeline.BATCH:
                answers.append(self.answers(waiting))
                waiting = []
        if waiting:
            answers.append(self.answers(waiting))
        write(self.out / "rows.csv", video.stem, boxes, self.spread(boxes, answers))
        return len(boxes)

    def answers(self, crops):
        """{task: probabilities [n, columns]}"""
        with self.stages("preprocess"):
            pixels = torch.stack([pipeline.normalised(Image.fromarray(crop), self.info) for crop in crops])
        with self.stages("encode"):
            embeddings = self.encode(pixels)
        with torch.inference_mode():
            return {task: values.numpy() for task, values in self.head(torch.from_numpy(embeddings)).items()}

    def spread(self, boxes, answers):
        """{task: [frames, columns]}: frames without a face take what lies between their neighbours."""
        numbers = list(boxes)
        known = [number for number in numbers if boxes[number] is not None]
        found = {}
        for task in self.head.tasks if known else ():
            values = np.concatenate([part[task] for part in answers])
            found[task] = np.stack([np.interp(numbers, known, column) for column in values.T], 1)
        return found

    def close(self):
        if self.pool:
            self.pool.close()


def decided(task, row):
    if task == "expr":
        return [EXPRESSIONS[int(row.argmax())]]
    return [int(value >= THRESHOLD) for value in row]


def write(path, name, boxes, values):
    """video, frame, face, box, then what mien's table has of each task."""
    labels = {"expr": ["expression"], "au": UNITS}
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        columns = [name for task in values for name in labels[task] + head.NAMES[task]]
        writer.writerow(["video", "frame", "face", *BOX, *columns])
        for index, (number, box) in enumerate(boxes.items()):
            row = [name, number, int(box is not None), *(f"{side:.2f}" for side in (box if box is not None else ()))]
            row += [""] * (3 + len(BOX) - len(row))
            for task, rows in values.items():
                row += decided(task, rows[index]) + [f"{value:.6f}" for value in rows[index]]
            writer.writerow(row)
