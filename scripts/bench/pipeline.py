"""The usual way in Python: Pillow, torchvision's CLIP preprocessing, a frozen module, a .npy a video."""
import json

import numpy as np
import torch
from PIL import Image

from . import models

BATCH = 32
RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def preprocessing_of(archive):
    extra = {"mien.json": ""}
    torch.jit.load(archive, map_location="cpu", _extra_files=extra)
    return json.loads(extra["mien.json"])


def prepare(path, info):
    """An image file as `normalised` gives it."""
    with Image.open(path) as file:
        return normalised(file.convert("RGB"), info)


def normalised(image, info):
    """float32 [3,S,S] of an RGB picture: short side to S, centre crop, normalised."""
    size = info["image_size"]
    width, height = image.size
    longer = int(size * max(width, height) / min(width, height))
    image = image.resize((size, longer) if width <= height else (longer, size), RESAMPLING[info["resize"]])
    left, top = round((image.width - size) / 2), round((image.height - size) / 2)
    pixels = np.array(image.crop((left, top, left + size, top + size)))
    tensor = torch.from_numpy(pixels).permute(2, 0, 1).to(torch.float32).div(255)
    mean, std = (torch.tensor(info[key]).view(3, 1, 1) for key in ("mean", "std"))
    return tensor.sub_(mean).div_(std)


class Pipeline:
    """encode_all() writes the embeddings of every video below root and returns the number of images."""

    def __init__(self, setup, root, out):
        self.run, self.info = models.frozen(setup), preprocessing_of(setup.archive)
        self.root, self.out = root, out

    def encode_all(self):
        images = 0
        for folder in sorted(self.root.iterdir()):
            paths = sorted(folder.iterdir())
            parts = [self.run(torch.stack([prepare(path, self.info) for path in paths[at:at + BATCH]]))
                     for at in range(0, len(paths), BATCH)]
            np.save(self.out / f"{folder.name}.npy", np.concatenate(parts))
            images += len(paths)
        return images
