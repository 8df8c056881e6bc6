"""What the tests of the binary share: banks, annotations and encoders written here, not by mien."""

import csv
import hashlib
import json
import pathlib
import re

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

EXPRESSIONS = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"]
UNITS = [f"AU{n}" for n in (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)]
FOLDERS = {"expr": "EXPR_Recognition_Challenge", "au": "AU_Detection_Challenge", "va": "VA_Estimation_Challenge"}
HEADERS = {"expr": ",".join(EXPRESSIONS), "au": ",".join(UNITS), "va": "valence,arousal"}
SPLITS = {"train": "Train_Set", "validation": "Validation_Set"}
ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"


def write_video(bank, name, frames, embeddings, **metadata):
    tensors = {"embeddings": np.asarray(embeddings, np.float16), "frames": np.asarray(frames, np.int32)}
    save_file(tensors, pathlib.Path(bank) / f"{name}.safetensors", metadata={"failed": "[]"} | metadata)


def write_bank(folder, videos, dim, name="synthetic"):
    """A bank of {video: (frames, embeddings [N, dim])} as contract.md describes it, without `compute`."""
    folder.mkdir(parents=True)
    encoder = {
        "name": name, "image_size": 32, "embedding_dim": dim, "mean": [0.5] * 3, "std": [0.5] * 3,
        "resize": "bicubic", "source": "written by a test", "weights_sha256": "0" * 64,
        "file_sha256": hashlib.sha256(name.encode()).hexdigest(),
    }  # fmt: skip
    info = {"format": "mien-bank", "version": 1, "encoder": encoder, "embedding_dim": dim, "dtype": "F16",
            "sources": []}
    (folder / "bank.json").write_text(json.dumps(info))
    for video, (frames, embeddings) in videos.items():
        write_video(folder, video, frames, embeddings)
    return folder


def write_labels(root, task, split, video, rows):
    """Rows 1, 2, ... of one annotation file: [n] class indices, [n, 12] AUs, or [n, 2] valence and arousal."""
    folder = root / FOLDERS[task] / SPLITS[split]
    folder.mkdir(parents=True, exist_ok=True)
    text = (lambda v: f"{v:g}") if task == "va" else (lambda v: str(int(v)))
    lines = [",".join(text(v) for v in np.atleast_1d(row)) for row in rows]
    (folder / f"{video}.txt").write_text("\n".join([HEADERS[task], *lines]) + "\n")


TRAIN_VIDEOS = ["10-30-1280x720", "102", "2-30-640x360", "7_left", "A.b", "video45_5", "video86_2", "z1"]
VALIDATION_VIDEOS = ["100", "11-24", "9_right", "video9"]


class Synthetic:
    """A bank and its annotations: clusters by expression, AUs from fixed directions, gaps and -1s. With `va` also
    valence and arousal from directions of their own, with -5s."""

    def __init__(self, folder, *, seed, dim, rows_a_video, train=TRAIN_VIDEOS, validation=VALIDATION_VIDEOS,
                 noise=1.0, invalid=0.1, va=False):
        self.rng = np.random.default_rng(seed)
        self.dim, self.noise, self.invalid = dim, noise, invalid
        self.centres = self.rng.normal(size=(8, dim)) * 1.5
        self.directions = self.rng.normal(size=(12, dim)) / np.sqrt(dim)
        self.va_rng = np.random.default_rng([seed, 1]) if va else None  # the rest is the same with and without
        if va:
            self.va_directions = self.va_rng.normal(size=(2, dim)) / np.sqrt(dim)
        self.annotations = folder / "annotations"
        self.videos = {}  # split -> video -> dict(frames, x, expr, au), only frames with an embedding
        for split, names in (("train", train), ("validation", validation)):
            self.videos[split] = {name: self._video(split, name, rows_a_video) for name in names}
        embedded = {n: (v["frames"], v["x"]) for side in self.videos.values() for n, v in side.items()}
        self.bank = write_bank(folder / "bank", embedded, dim)

    def _video(self, split, name, rows):
        length = rows + 6  # frames with a row in the annotations; some have no embedding
        frames = np.sort(self.rng.choice(np.arange(1, length + 1), rows, replace=False))
        expr = self.rng.integers(0, 8, length)
        x = self.centres[expr] + self.rng.normal(size=(length, self.dim)) * self.noise
        x = x.astype(np.float16)
        au = (x.astype(np.float64) @ self.directions.T > 0.5).astype(int)
        expr[self.rng.random(length) < self.invalid] = -1
        au[self.rng.random((length, 12)) < self.invalid / 4] = -1
        au[self.rng.random(length) < self.invalid / 2] = -1
        write_labels(self.annotations, "expr", split, name, expr)
        write_labels(self.annotations, "au", split, name, au)
        at = frames - 1
        found = {"frames": frames, "x": x[at], "expr": expr[at], "au": au[at], "all_expr": expr, "all_au": au}
        if self.va_rng is not None:
            found["all_va"] = va = self._valence_arousal(x)
            write_labels(self.annotations, "va", split, name, va)
            found["va"] = va[at]
        return found

    def _valence_arousal(self, x):
        va = np.round(np.tanh(x.astype(np.float64) @ self.va_directions.T / 2), 3)
        va[self.va_rng.random(len(va)) < self.invalid] = -5
        va[self.va_rng.random(len(va)) < self.invalid / 4, 1] = -5  # one of the two is enough
        return va

    def rows(self, split, tasks):
        """(x fp32 [N, dim], {task: labels}) in the order of training, as contract.md defines it."""
        names = sorted(self.videos[split], key=lambda n: n.encode())
        parts = [self.videos[split][n] for n in names]
        x = np.concatenate([p["x"] for p in parts]).astype(np.float32)
        labels = {t: np.concatenate([p[t] for p in parts]) for t in tasks}
        known = np.zeros(len(x), bool)
        for task, values in labels.items():
            known |= (values != -5).all(1) if task == "va" else values.reshape(len(x), -1).max(1) >= 0
        return torch.tensor(x[known]), {t: torch.tensor(v[known]) for t, v in labels.items()}

    def arguments(self):
        return [f"bank={self.bank}", f"annotations={self.annotations}"]


def write_encoder(path, module, size, dim, name="test-encoder", extra=None):
    """A TorchScript archive traced by the test itself; `extra` None leaves mien.json out."""
    torch.manual_seed(0)
    traced = torch.jit.trace(module.eval(), torch.randn(2, 3, size, size))
    info = {"name": name, "image_size": size, "embedding_dim": dim, "mean": [0.5, 0.4, 0.3],
            "std": [0.2, 0.25, 0.3], "resize": "bicubic", "source": "a test", "weights_sha256": "ab" * 32}
    files = {} if extra is None else {"mien.json": json.dumps(info | extra)}
    traced.save(str(path), _extra_files=files)
    return path


class Projection(torch.nn.Module):
    """[B,3,S,S] -> [B,D]: pixels times a matrix, then `depth` mixing layers that take their time."""

    def __init__(self, size, dim, seed=0, depth=0, width=1024):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        inner = width if depth else dim
        self.first = torch.nn.Parameter(torch.randn(3 * size * size, inner, generator=generator) * 0.02)
        self.mix = torch.nn.Parameter(torch.randn(inner, inner, generator=generator) / inner**0.5)
        self.dim, self.depth = dim, depth

    def forward(self, x):
        h = x.flatten(1) @ self.first
        for _ in range(self.depth):
            h = torch.tanh(h @ self.mix)
        return h[:, : self.dim]


def read_safetensors(path):
    """(arrays by name, metadata)"""
    with safe_open(str(path), "numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}


def result_json(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done, *fragments):
    """Asserts what design.md says of bad input: exit 2, one line, `error: what = value: expected`."""
    lines = done.stderr.splitlines()
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert len(lines) == 1, done.stderr
    assert re.match(r"error: .+ = .*: .+", lines[0]), done.stderr
    for trace in ("Exception", "terminate", "C++", "frame #", "what():", ".cpp:"):
        assert trace not in done.stderr, done.stderr
    for fragment in fragments:
        assert str(fragment) in lines[0], (fragment, lines[0])


def metrics(run):
    with open(pathlib.Path(run) / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def tree(folder):
    """{relative path: sha256} of every file below."""
    folder = pathlib.Path(folder)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}
