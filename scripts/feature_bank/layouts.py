"""The ways in which a file arranges features. Nothing is read before read() asks for it.

Every layout numbers its rows from 0 and offers
    what         what messages call it
    dim          values a row
    images()     (video, image) of every row, in order
    read(rows)   float array [len(rows), dim] of ascending row numbers
Features are anything with shape, dtype and slices: a memory map, an HDF5 dataset, a tensor.
"""
import numpy as np

from encoders.errors import InputError

from .image_names import split_path


def require_features(features, what, dimensions):
    """Raises InputError unless features is floating-point with so many dimensions and at least one value a row."""
    if len(features.shape) != dimensions or features.dtype.kind != "f" or features.shape[-1] == 0:
        wanted = "[N, D]" if dimensions == 2 else "[D]"
        shape = ", ".join(map(str, features.shape))
        raise InputError(what, f"{features.dtype} [{shape}]", f"floating-point features {wanted}")


def runs_of(rows):
    """(first position, end position) of every stretch of consecutive numbers in the ascending array rows."""
    ends = np.flatnonzero(np.diff(rows) != 1) + 1
    return zip([0, *ends.tolist()], [*ends.tolist(), len(rows)])


def read_runs(features, rows):
    """features[rows] with one slice a run: an HDF5 dataset takes lists of rows very slowly."""
    read = np.empty((len(rows), features.shape[1]), features.dtype)
    for start, end in runs_of(rows):
        read[start:end] = features[int(rows[start]):int(rows[end - 1]) + 1]
    return read


class RowsWithPaths:
    """features [N, D] and N paths; where names the paths in messages."""

    def __init__(self, features, paths, what, where):
        require_features(features, what, 2)
        if len(paths) != features.shape[0]:
            raise InputError(where, f"{len(paths)} paths", f"{features.shape[0]}, a path for each row of {what}")
        self.features, self.paths, self.what, self.where = features, paths, what, where
        self.dim = features.shape[1]

    def images(self):
        for position, path in enumerate(self.paths):
            yield split_path(path, f"{self.where}: path {position + 1}")

    def read(self, rows):
        return read_runs(self.features, rows)


class ArrayAVideo:
    """{video: (features [N, D], frames: integers [N] or None for 1, 2, ...)}."""

    def __init__(self, videos, what):
        self.what, self.videos, self.starts, start = what, [], [], 0
        for video, (features, frames) in videos.items():
            name = f"{what}: {video}"
            require_features(features, name, 2)
            self.videos.append((video, features, self.checked_frames(frames, len(features), name)))
            self.starts.append(start)
            start += len(features)
        self.dim = self.videos[0][1].shape[1]
        for video, features, _ in self.videos:
            if features.shape[1] != self.dim:
                raise InputError(f"{what}: {video}", f"{features.shape[1]} values a row",
                                 f"{self.dim}, as {self.videos[0][0]} has")

    @staticmethod
    def checked_frames(frames, length, name):
        if frames is None:
            return range(1, length + 1)
        frames = np.asarray(frames)
        if frames.shape != (length,) or frames.dtype.kind not in "iu" or (length and frames.min() < 0):
            raise InputError(f"{name}: frames", f"{frames.dtype} {list(frames.shape)}",
                             f"[{length}] whole numbers of 0 or more, one a row")
        return frames.tolist()

    def images(self):
        for video, _, frames in self.videos:
            for frame in frames:
                yield video, f"{frame:05d}"

    def read(self, rows):
        read = np.empty((len(rows), self.dim), np.float64 if self.has_double() else np.float32)
        owners = np.searchsorted(self.starts, rows, side="right") - 1
        for owner in np.unique(owners):
            mine = owners == owner
            read[mine] = read_runs(self.videos[owner][1], rows[mine] - self.starts[owner])
        return read

    def has_double(self):
        return any(features.dtype.itemsize > 4 for _, features, _ in self.videos)


class VectorAnImage:
    """get(path) gives the features [D] of each of the paths."""

    def __init__(self, paths, get, what):
        self.paths, self.get, self.what = paths, get, what
        first = get(paths[0])
        require_features(first, f"{what}: {paths[0]}", 1)
        self.dim = first.shape[0]

    def images(self):
        return (split_path(path, f"{self.what}: path") for path in self.paths)

    def read(self, rows):
        return np.stack([self.vector(self.paths[row]) for row in rows])

    def vector(self, path):
        features = self.get(path)
        require_features(features, f"{self.what}: {path}", 1)
        if features.shape[0] != self.dim:
            raise InputError(f"{self.what}: {path}", f"{features.shape[0]} values",
                             f"{self.dim}, as {self.paths[0]} has")
        return np.asarray(features)
