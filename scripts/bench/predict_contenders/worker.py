"""A process that holds one Python contender; its argument is a JSON object, serving.py says how it answers."""
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2  # noqa: E402

from bench import models, serving  # noqa: E402
from bench.predict_contenders import passes  # noqa: E402


def main(argument):
    task, answers = serving.begin(argument)
    cv2.setNumThreads(task["threads"])
    setup = models.Setup(task["archive"], "", "fp32", task["threads"])
    out = Path(task["out"])
    one = passes.Pass(setup, task["weights"], out, task["batch"], task["processes"])
    one.run(Path(task["first"]), 1)  # to warm up

    def measure(_):
        start = time.perf_counter()
        frames = one.run(Path(task["video"]), task["every"])
        seconds = time.perf_counter() - start
        (out / "stages.json").write_text(json.dumps(one.stages.seconds))
        return frames, seconds

    try:
        serving.serve(answers, one.way, measure)
    finally:
        one.close()


if __name__ == "__main__":
    main(sys.argv[1])
