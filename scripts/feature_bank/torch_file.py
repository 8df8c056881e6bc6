"""Features in a file of torch.save, read with weights_only: no code in it runs.

A tensor [N, D] with --paths; {"features": [N, D], "paths": [N texts]}; {video: [N, D]}; {path of an image: [D]}.
"""
import warnings

import numpy as np

from encoders.errors import InputError

from .layouts import ArrayAVideo, RowsWithPaths, VectorAnImage

EXPECTED = ('a tensor [N, D] with --paths LIST, {"features": tensor, "paths": list}, {video: tensor [N, D]} or '
            "{image path: tensor [D]}")


class TensorRows:
    """A tensor as read_runs and numpy want it; bfloat16, which numpy lacks, becomes float32 a slice at a time."""

    def __init__(self, tensor):
        import torch
        self.tensor, self.shape = tensor.detach(), tuple(tensor.shape)
        self.widened = tensor.dtype == torch.bfloat16
        self.dtype = np.dtype("float32") if self.widened else self.tensor[:0].numpy().dtype

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        part = self.tensor[rows]
        return (part.float() if self.widened else part).numpy()


def load(path):
    import torch
    for use_map in (True, False):  # files of older versions cannot be mapped
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # kinds of tensors that are refused here in one line
                return torch.load(path, map_location="cpu", weights_only=True, mmap=use_map)
        except Exception as failure:  # whatever unpickling raises for a foreign or damaged file
            problem = failure
    raise InputError("FEATURES", path, f"{EXPECTED}, saved by torch.save ({first_sentence(problem)})") from None


def first_sentence(problem):
    return str(problem).strip().partition("\n")[0].partition(". ")[0] or type(problem).__name__


def rows(features, what):
    import torch
    if not isinstance(features, torch.Tensor) or not features.dim():
        raise InputError(what, type(features).__name__, EXPECTED)
    if features.layout != torch.strided or features.is_quantized:
        kind = "quantised" if features.is_quantized else "sparse"
        raise InputError(what, f"a {kind} tensor", f"a dense one ({'dequantize' if features.is_quantized else 'to_dense'}())")
    return TensorRows(features)


def open_features(path, paths, dataset):
    """The layout of the file; paths is a PathList or None. Raises InputError."""
    if dataset is not None:
        raise InputError("--dataset", dataset, f"left out: {path} is no HDF5 file")
    content = load(path)
    if isinstance(content, dict) and "features" in content:
        features = rows(content["features"], f"{path}: features")
        if paths is not None:
            return RowsWithPaths(features, paths, str(path), paths.name)
        listed = content.get("paths")
        if not isinstance(listed, (list, tuple)) or not all(isinstance(item, str) for item in listed):
            raise InputError(f"{path}: paths", type(listed).__name__, "a list of texts, or --paths LIST")
        return RowsWithPaths(features, listed, str(path), f"{path}: paths")
    if isinstance(content, dict):
        return of_dictionary(content, path, paths)
    features = rows(content, str(path))
    if paths is None:
        raise InputError("FEATURES", path, "--paths LIST with it, the image of each row")
    return RowsWithPaths(features, paths, str(path), paths.name)


def of_dictionary(content, path, paths):
    if not content or not all(isinstance(name, str) for name in content):
        raise InputError("FEATURES", path, EXPECTED)
    if paths is not None:
        raise InputError("--paths", paths.name, f"left out: {path} names its rows itself")
    tensors = {name: rows(value, f"{path}: {name}") for name, value in content.items()}
    if all(len(tensor.shape) == 1 for tensor in tensors.values()):
        return VectorAnImage(list(tensors), lambda name: tensors[name][:], str(path))
    return ArrayAVideo({name: (tensor, None) for name, tensor in tensors.items()}, str(path))
