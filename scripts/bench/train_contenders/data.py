"""Random embeddings with random expressions: a bank and an annotation folder for mien, and their rows for Python."""
from pathlib import Path

import numpy as np

from bench.made_up import CHALLENGES, EXPRESSIONS, TRAIN, VALIDATION, encoder_info, write_labels
from feature_bank.bank import BankWriter
from feature_bank.video_rows import VideoRows

ROWS_A_VIDEO = 2000
VALIDATION_ROWS = 64  # mien validates after every epoch, outside of what is timed
BANK, ANNOTATIONS, HDF5 = "bank", "annotations", "features.h5"


def video_sizes(rows):
    """{video: its rows}, as many in all."""
    starts = range(0, rows, ROWS_A_VIDEO)
    return {f"train{number:03d}": min(ROWS_A_VIDEO, rows - start) for number, start in enumerate(starts, 1)}


def write(folder, rows, dim):
    """Writes all of it below folder."""
    folder, random = Path(folder), np.random.default_rng(1)
    videos = [(TRAIN, *item) for item in video_sizes(rows).items()] + [(VALIDATION, "validation", VALIDATION_ROWS)]
    with BankWriter(folder / BANK, encoder_info(dim), []) as bank:
        for split, video, size in videos:
            embeddings = random.standard_normal((size, dim), np.float32).astype(np.float16)
            bank.write(video, VideoRows(np.arange(1, size + 1, dtype=np.int32), embeddings, [], {}))
            labels = np.arange(size) % len(EXPRESSIONS)
            write_labels(folder / ANNOTATIONS, "expr", split, video, labels[:, None].tolist())
    write_hdf5(folder)


def write_hdf5(folder):
    import h5py
    features, labels = read(folder)
    with h5py.File(folder / HDF5, "w") as file:
        file["features"], file["labels"] = features, labels


def read(folder):
    """(float32 [N, D], int64 [N]) of the training videos, in the order of their names."""
    from safetensors.numpy import load_file
    features, labels = [], []
    for path in sorted((Path(folder) / ANNOTATIONS / CHALLENGES["expr"] / TRAIN).iterdir()):
        features.append(load_file(Path(folder) / BANK / f"{path.stem}.safetensors")["embeddings"])
        labels.append(np.array(path.read_text().splitlines()[1:], np.int64))
    return np.concatenate(features).astype(np.float32), np.concatenate(labels)
