"""Features in a .npy file: one array [N, D], memory-mapped."""
import numpy as np

from encoders.errors import InputError

from .layouts import RowsWithPaths


def open_features(path, paths, dataset):
    """The layout of the file; paths is a PathList or None. Raises InputError."""
    if dataset is not None:
        raise InputError("--dataset", dataset, f"left out: {path} holds one array")
    try:
        features = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as failure:
        raise InputError("FEATURES", path, f"a .npy file of one array [N, D] ({failure})") from None
    if paths is None:
        raise InputError("FEATURES", path, "--paths LIST with it, the image of each row")
    return RowsWithPaths(features, paths, str(path), paths.name)
