"""Who takes part in scripts/bench/predict.py, each a process of its own that gives one rate a turn, in frames/s."""
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench import contenders

from . import agreement, material

WORKER = Path(__file__).with_name("worker.py")
MIEN, FACES, ENCODER = "mien", "faces", "encoder"
STAGES = {FACES: ("decode", "detect", "align"), ENCODER: ("encode",)}


@dataclass
class Entry:
    """A line of the result: one number a turn in rates (frames/s), starts (seconds until it can begin) and each of
    stages (frames/s); encoder is how Python runs it; note says why there is no rate."""

    kind: str
    label: str
    rates: list = field(default_factory=list)
    starts: list = field(default_factory=list)
    stages: dict = field(default_factory=dict)
    difference: agreement.Difference | None = None
    encoder: str = ""
    note: str = ""


@dataclass(frozen=True)
class Bench:
    """What everyone shares; first is the clip of one frame, frames the number of those that are looked at."""

    mien: Path
    video: Path
    first: Path
    archive: Path
    detector: Path
    run: Path
    scratch: Path
    threads: int
    every: int
    batch: int
    frames: int = 0
    seconds: float = 0  # a turn is the whole clip, however long it takes

    def environment(self):
        return contenders.environment(self.threads)

    def call(self, *words):
        return material.call(self.mien, self.threads, *words, "--device", "cpu")

    def predict(self, out):
        return self.call("predict", self.run, "--video", self.video, "--encoder", self.archive, "--detector-file",
                         self.detector, "--every", self.every, "--dtype", "fp32", "--raw", "--json", "--out", out)

    def crop(self, out):
        return self.call("crop", "--video", self.video, "--detector-file", self.detector, "--every", self.every,
                         "--main-face", "--json", "--out", out)


class MienClips:
    """One command on the clip a turn; the seconds of its --json leave out loading, the rest is its start."""

    def __init__(self, bench, entry, command):
        self.bench, self.entry, self.command = bench, entry, command

    def ready(self):
        return None

    def rate(self):
        with tempfile.TemporaryDirectory(dir=self.bench.scratch) as folder:
            start = time.perf_counter()
            said = json.loads(self.command(Path(folder) / "out"))
            whole = time.perf_counter() - start
        self.entry.starts.append(whole - said["seconds"])
        return self.bench.frames / said["seconds"]

    def close(self):
        pass


class MienEncodes:
    """One `mien encode` of the clip's crops a turn: the rate of its forward passes."""

    def __init__(self, bench, crops):
        self.bench, self.crops = bench, crops

    def ready(self):
        return None

    def rate(self):
        with tempfile.TemporaryDirectory(dir=self.bench.scratch) as folder:
            said = self.bench.call("encode", "--images", self.crops, "--encoder", self.bench.archive, "--dtype",
                                   "fp32", "--bank", Path(folder) / "bank", "--json")
        return json.loads(said)["encoder_images_per_second"]

    def close(self):
        pass


class Worker(contenders.Process):
    """A running worker.py; its table is held against mien's after every turn."""

    def __init__(self, bench, entry, expected):
        self.entry, self.expected = entry, expected
        self.folder = Path(tempfile.mkdtemp(dir=bench.scratch))
        self.began = time.perf_counter()
        super().__init__(bench, WORKER, {
            "archive": str(bench.archive), "weights": str(bench.run / "best.safetensors"), "out": str(self.folder),
            "video": str(bench.video), "first": str(bench.first), "every": bench.every, "threads": bench.threads,
            "batch": bench.batch if entry.kind == "batched" else 1,
            "processes": bench.threads if entry.kind == "pool" else 0})

    def ready(self):
        """None: its table is compared, not an embedding."""
        self.entry.encoder = super().ready()
        self.entry.starts.append(time.perf_counter() - self.began)

    def rate(self):
        rate, rows = super().rate(), agreement.read(self.folder / "rows.csv")
        self.entry.difference = agreement.difference(*self.expected, rows)
        agreement.require_same(self.entry.difference)
        if self.entry.kind != "pool":  # where stages overlap
            self.keep_stages({FACES: len(rows), ENCODER: sum(row["face"] == "1" for row in rows.values())})
        return rate

    def keep_stages(self, counts):
        seconds = json.loads((self.folder / "stages.json").read_text())
        for stage, parts in STAGES.items():
            self.entry.stages.setdefault(stage, []).append(counts[stage] / sum(map(seconds.get, parts)))


def label_of(kind, bench):
    return {"single": "Python: facenet-pytorch, a frame at a time",
            "batched": f"Python: {bench.batch} frames at a time",
            "pool": f"Python: {bench.threads} processes, a frame at a time"}[kind]


def round_of(bench, kinds, expected, crops):
    """[(Entry, function that starts it)]: mien as a whole, its two stages, the Python kinds.

    expected: mien's rows and its faces' by frame; crops: a folder that mien crop made.
    """
    whole, finds = Entry(MIEN, "mien predict --video"), Entry(FACES, "mien crop (writes JPEG too)")
    forward = Entry(ENCODER, "mien encode, its forward passes")
    entries = [(whole, lambda: MienClips(bench, whole, bench.predict)),
               (finds, lambda: MienClips(bench, finds, bench.crop)), (forward, lambda: MienEncodes(bench, crops))]
    for kind in kinds:
        entry = Entry(kind, label_of(kind, bench))
        entries.append((entry, lambda entry=entry: Worker(bench, entry, expected)))
    return entries
