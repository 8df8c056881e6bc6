"""A process that holds one Python contender, or the measurement of the peak; its argument is a JSON object."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch  # noqa: E402

from bench import serving  # noqa: E402
from bench.train_contenders import data, lean, model, products, published  # noqa: E402

WARM_UP_STEPS = 5


def contender(task):
    """(trainer, its batches)."""
    method, folder = model.Method(), Path(task["folder"])
    network = model.mlp(task["dim"], task["width"], method)
    if task["kind"] == "published":
        return published.Trainer(network, method), published.batches(folder / data.HDF5, task["batch"])
    features, labels = map(torch.from_numpy, data.read(folder))
    return (lean.Trainer(network, method, task["precision"] == "bf16"),
            lean.batches(features, labels, task["batch"]))


def step_measurement(task):
    """measure(seconds) -> (steps, seconds), after steps to warm up."""
    trainer, batches = contender(task)
    for _ in range(WARM_UP_STEPS):
        trainer.step(*next(batches))

    def measure(seconds):
        steps, start = 0, time.perf_counter()
        while steps == 0 or time.perf_counter() - start < seconds:
            trainer.step(*next(batches))
            steps += 1
        return steps, time.perf_counter() - start

    return measure


def main(argument):
    task, answers = serving.begin(argument)
    torch.manual_seed(0)
    peak = task["kind"] == "peak"
    serving.serve(answers, None, products.peak_measurement(task["precision"]) if peak else step_measurement(task))


if __name__ == "__main__":
    main(sys.argv[1])
