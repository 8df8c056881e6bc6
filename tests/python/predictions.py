"""What `mien predict` wrote, read back."""
import csv

import numpy as np


def rows_of(path):
    """[{column: text}] of a CSV."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def values(rows):
    """Everything that is a probability, valence or arousal: [rows, columns]"""
    names = [name for name in rows[0] if name.startswith("p_") or name in ("valence", "arousal")]
    return np.array([[float(row[name]) for name in names] for row in rows])
