"""Features in an HDF5 file, in the layouts that published code writes.

A dataset [N, D] (the code of arXiv 2403.09915 calls it train_features or val_features and lists its images in a text
file) with --paths LIST or with a dataset of N texts; a dataset [N, D] a video, or a group <video> that holds
`features` [N, D] and perhaps `frames` [N] (one number is a count and left alone); a dataset [D] an image, named
<video>/<image>.
"""
import numpy as np

from encoders.errors import InputError

from .layouts import ArrayAVideo, RowsWithPaths, VectorAnImage

CHUNK_CACHE_BYTES = 256 * 2**20  # rows of one video may lie in many chunks
FEATURES_NAMES = ("features", "feature", "feats", "embeddings", "embedding", "data")
PATHS_NAMES = ("paths", "path", "image_paths", "images", "names", "files", "filenames")


def open_file(path):
    try:
        import h5py
    except ImportError:
        raise InputError("python package", "h5py", "installed, for HDF5 files (pip install h5py)") from None
    try:
        return h5py.File(path, "r", rdcc_nbytes=CHUNK_CACHE_BYTES)
    except OSError as failure:
        raise InputError("FEATURES", path, f"a whole HDF5 file ({failure})") from None


class Contents:
    """Names of the datasets by what they can be: matrices [N, D], vectors [D], texts [N]."""

    def __init__(self, file):
        import h5py
        self.matrices, self.vectors, self.texts = [], [], []

        def sort_in(name, item):
            if not isinstance(item, h5py.Dataset):
                return
            if item.dtype.kind == "f" and item.ndim in (1, 2):
                (self.matrices if item.ndim == 2 else self.vectors).append(name)
            elif item.ndim == 1 and (h5py.check_string_dtype(item.dtype) or item.dtype.kind == "S"):
                self.texts.append(name)

        file.visititems(sort_in)

    def named(self, dataset):
        """Matrices of that name: its whole path, or the last part of it in every video's group."""
        return [name for name in self.matrices if name == dataset or name.rpartition("/")[2] == dataset]


def open_features(path, paths, dataset):
    """The layout of the file, which stays open; paths is a PathList or None. Raises InputError."""
    file = open_file(path)
    contents = Contents(file)
    matrices = contents.matrices if dataset is None else contents.named(dataset)
    if dataset is not None and not matrices:
        known = ", ".join(contents.matrices[:8]) or "none"
        raise InputError("--dataset", dataset, f"a floating-point dataset [N, D] of {path} (it has: {known})")
    texts = None if paths or len(matrices) != 1 else texts_beside(file, matrices[0], contents)
    if paths or texts:
        return with_paths(file, path, matrices, paths, texts)
    if not matrices and contents.vectors:
        return VectorAnImage(contents.vectors, lambda name: file[name][:], str(path))
    if not matrices:
        raise InputError("FEATURES", path, "floating-point datasets: one [N, D], one [N, D] a video or one [D] an "
                         "image")
    if len(matrices) == 1 and not is_group_of_video(file, matrices[0], dataset):
        raise InputError("FEATURES", path, f"--paths LIST with it, the image of each row of {matrices[0]}")
    return ArrayAVideo(videos_of(file, path, matrices, dataset), str(path))


def texts_beside(file, matrix, contents):
    """The dataset of texts as long as the matrix, by its name where there are several; None without one."""
    fitting = [name for name in contents.texts if file[name].shape[0] == file[matrix].shape[0]]
    if len(fitting) > 1:
        fitting = [name for name in fitting if name.rpartition("/")[2].lower() in PATHS_NAMES]
    return fitting[0] if fitting else None


class Texts:
    """The texts of a dataset, read a block at a time."""

    BLOCK = 2**16

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return self.dataset.shape[0]

    def __iter__(self):
        readable = self.dataset.asstr("utf-8", "replace")
        for start in range(0, len(self), self.BLOCK):
            yield from readable[start:start + self.BLOCK]


def with_paths(file, path, matrices, paths, texts):
    if len(matrices) != 1:
        raise InputError("FEATURES", path, f"one dataset [N, D], or --dataset NAME (it has {len(matrices)}"
                         f"{': ' if matrices else ''}{', '.join(matrices[:8])})")
    what = f"{path}: {matrices[0]}"
    if paths:
        return RowsWithPaths(file[matrices[0]], paths, what, paths.name)
    return RowsWithPaths(file[matrices[0]], Texts(file[texts]), what, f"{path}: {texts}")


def is_group_of_video(file, matrix, dataset):
    """Whether the matrix belongs to the video that its group is named after, and is not named after it itself."""
    group, _, last = matrix.rpartition("/")
    return bool(group) and (last.lower() in FEATURES_NAMES or last == dataset or f"{group}/frames" in file)


def videos_of(file, path, matrices, dataset):
    """{video: (dataset, frames or None)}."""
    videos = {}
    for matrix in matrices:
        group, _, last = matrix.rpartition("/")
        in_group = is_group_of_video(file, matrix, dataset)
        video = group.rpartition("/")[2] if in_group else last
        if video in videos:
            raise InputError("FEATURES", f"{path}: {matrix}", f"one dataset [N, D] of video {video}, or --dataset NAME")
        frames = file.get(f"{group}/frames") if in_group else file[matrix].attrs.get("frames")
        videos[video] = (file[matrix], list_of_frames(frames))
    return videos


def list_of_frames(value):
    """The array in a dataset or an attribute; None where there is neither, or one number: how many frames there are."""
    import h5py
    if value is None or isinstance(value, h5py.Group):
        return None
    frames = np.asarray(value[()] if isinstance(value, h5py.Dataset) else value)
    return None if frames.ndim == 0 and frames.dtype.kind in "iuf" else frames
