"""Rounds of contenders that take turns: all are loaded, then each measures once a repetition, in rotating order."""
import sys

import numpy as np

from . import contenders as who

LARGEST_ERROR = {"fp32": 1e-3, "bf16": 0.1}  # relative, of one embedding: above it something else is computed


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def pipeline_round(bench, dtype):
    """[(Entry, function that starts it)] from files to embeddings."""
    label = "Python: Pillow, frozen module, batch 32"
    return [
        (who.Entry("files", who.MIEN, "mien encode", dtype, None),
         lambda: who.MienRuns(bench, dtype, "images_per_second")),
        (who.Entry("files", who.PIPELINE, label, dtype, None),
         lambda: who.Worker(bench, kind=who.PIPELINE, dtype=dtype)),
    ]


def encoder_round(bench, dtype, batch, kinds, videos):
    """The encoder alone at one batch size; mien's rate is that of its forward passes while it encodes."""
    entries = [(who.Entry("encoder", who.MIEN, "mien encode, its forward passes", dtype, batch),
                lambda: who.MienRuns(bench, dtype, "encoder_images_per_second", batch, videos))]
    for kind in kinds:
        entry = who.Entry("encoder", kind.name, kind.label, dtype, batch)
        if dtype not in kind.dtypes:
            entry.note = f"no {dtype}"
        elif kind.missing():
            entry.note = "not installed"
        elif "onnx" in kind.packages and not bench.onnx.exists():
            entry.note = "no ONNX export"
        entries.append((entry, lambda kind=kind: who.Worker(bench, kind=kind.name, dtype=dtype, batch=batch)))
    return entries


def start(entries):
    """Starts everyone who can take part and waits until all are ready: [(Entry, contender)]."""
    running, expected = [], None
    for entry, contender in [(entry, make()) for entry, make in entries if not entry.note]:
        try:
            embedding = contender.ready()
            if embedding is not None:
                expected = embedding if expected is None else expected
                require_same(embedding, expected, entry.dtype)
        except who.ContenderError as failure:
            entry.note = f"failed: {failure}"
            contender.close()
            continue
        running.append((entry, contender))
    return running


def require_same(embedding, expected, dtype):
    embedding, expected = np.array(embedding), np.array(expected)
    error = np.linalg.norm(embedding - expected) / np.linalg.norm(expected)
    if not error <= LARGEST_ERROR[dtype]:
        raise who.ContenderError(f"computes something else (relative error {error:.1e})")


def measure(entries, repeats):
    """Fills the rates of the entries and returns them."""
    running = start(entries)
    try:
        for repeat in range(repeats):
            shift = repeat % max(1, len(running))
            for entry, contender in running[shift:] + running[:shift]:
                if not entry.note:
                    take_turn(entry, contender)
    finally:
        for _, contender in running:
            contender.close()
    return [entry for entry, _ in entries]


def take_turn(entry, contender):
    try:
        entry.rates.append(contender.rate())
    except who.ContenderError as failure:
        entry.note = f"failed: {failure}"
        entry.rates.clear()
