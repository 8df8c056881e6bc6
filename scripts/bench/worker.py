"""A process that holds one contender: its argument is a JSON object, serving.py says how it answers."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch  # noqa: E402

from bench import models, serving  # noqa: E402
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
    task, answers = serving.begin(argument)
    if task["kind"] == "export_onnx":
        models.export_onnx(task["archive"], task["onnx"], task["image_size"])
        return
    setup = models.Setup(task["archive"], task["onnx"], task["dtype"], task["threads"])
    first, measure = (pipeline_measurement if task["kind"] == "pipeline" else model_measurement)(task, setup)
    serving.serve(answers, first, measure)


if __name__ == "__main__":
    main(sys.argv[1])
