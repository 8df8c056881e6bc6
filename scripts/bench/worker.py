"""A process that holds one contender: loads, warms up, says `ready`, and measures on each line of standard input.

Its argument is a JSON object; the answers are JSON, a line each. Whatever libraries print goes to standard error.
"""
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch  # noqa: E402

from bench import models  # noqa: E402
from bench.pipeline import Pipeline  # noqa: E402

WARM_UP_RUNS = 3  # PyTorch's executor profiles the first ones


def probe(batch, image_size):
    return torch.randn(batch, 3, image_size, image_size, generator=torch.Generator().manual_seed(batch))


def model_measurement(task, setup):
    """(embedding of the probe's first image, measure(seconds) -> (images, seconds))."""
    run = getattr(models, task["kind"])(setup)
    pixels = probe(task["batch"], task["image_size"])
    for _ in range(WARM_UP_RUNS):
        first = run(pixels)[0].tolist()

    def measure(seconds):
        images, start = 0, time.perf_counter()
        while images == 0 or time.perf_counter() - start < seconds:
            run(pixels)
            images += task["batch"]
        return images, time.perf_counter() - start

    return first, measure


def pipeline_measurement(task, setup):
    pipeline = Pipeline(setup, Path(task["images"]), Path(task["out"]))
    for _ in range(WARM_UP_RUNS):
        pipeline.run(probe(1, task["image_size"]))

    def measure(_):
        start = time.perf_counter()
        return pipeline.encode_all(), time.perf_counter() - start

    return None, measure


def main(argument):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    task = json.loads(argument)
    torch.set_num_threads(task["threads"])
    torch.set_num_interop_threads(1)
    if task["kind"] == "export_onnx":
        models.export_onnx(task["archive"], task["onnx"], task["image_size"])
        return
    setup = models.Setup(task["archive"], task["onnx"], task["dtype"], task["threads"])
    first, measure = (pipeline_measurement if task["kind"] == "pipeline" else model_measurement)(task, setup)
    print(json.dumps({"ready": first}), file=answers)
    for line in sys.stdin:
        images, seconds = measure(float(line))
        print(json.dumps({"images": images, "seconds": seconds}), file=answers)


if __name__ == "__main__":
    main(sys.argv[1])
