"""MTCNN's three networks (Zhang et al. 2016, arXiv 1604.02878) with the weights of the PyPI package facenet-pytorch.

The networks are written down here, so that neither the package nor what it imports (torchvision) is loaded: only its
weight files are read. The names of the layers are the package's.
"""
import importlib.metadata
import importlib.util
from pathlib import Path

import torch
from torch import nn

from encoders.errors import InputError
from encoders.spec import weights_sha256

PACKAGE = "facenet-pytorch"
NETWORKS = ("pnet", "rnet", "onet")
# What the cascade around the networks uses unless it is told otherwise: the package's values.
THRESHOLDS = (0.6, 0.7, 0.7)
PYRAMID_FACTOR = 0.709
MIN_FACE = 20


class PNet(nn.Module):
    """float [B,3,H,W] -> box shifts [B,4,h,w], probabilities [B,2,h,w]: a window of 12 pixels every 2."""

    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)
        self.pool1 = nn.MaxPool2d(2, 2, ceil_mode=True)

    def forward(self, x):
        x = self.pool1(self.prelu1(self.conv1(x)))
        x = self.prelu3(self.conv3(self.prelu2(self.conv2(x))))
        return self.conv4_2(x), torch.softmax(self.conv4_1(x), dim=1)


class RNet(nn.Module):
    """float [B,3,24,24] -> box shifts [B,4], probabilities [B,2]."""

    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)
        self.dense5_1, self.dense5_2 = nn.Linear(128, 2), nn.Linear(128, 4)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)

    def forward(self, x):
        x = self.pool(self.prelu1(self.conv1(x)))
        x = self.pool(self.prelu2(self.conv2(x)))
        x = self.prelu3(self.conv3(x))
        x = x.permute(0, 3, 2, 1).flatten(1)  # the weights come from a framework that stores columns first
        x = self.prelu4(self.dense4(x))
        return self.dense5_2(x), torch.softmax(self.dense5_1(x), dim=1)


class ONet(nn.Module):
    """float [B,3,48,48] -> box shifts [B,4], landmarks [B,10] (5 x, 5 y of the box), probabilities [B,2]."""

    def __init__(self):
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 32, 3), nn.PReLU(32)
        self.conv2, self.prelu2 = nn.Conv2d(32, 64, 3), nn.PReLU(64)
        self.conv3, self.prelu3 = nn.Conv2d(64, 64, 3), nn.PReLU(64)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1, self.dense6_2, self.dense6_3 = nn.Linear(256, 2), nn.Linear(256, 4), nn.Linear(256, 10)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.pool3 = nn.MaxPool2d(2, 2, ceil_mode=True)

    def forward(self, x):
        x = self.pool(self.prelu1(self.conv1(x)))
        x = self.pool(self.prelu2(self.conv2(x)))
        x = self.pool3(self.prelu3(self.conv3(x)))
        x = self.prelu4(self.conv4(x))
        x = self.prelu5(self.dense5(x.permute(0, 3, 2, 1).flatten(1)))
        return self.dense6_2(x), self.dense6_3(x), torch.softmax(self.dense6_1(x), dim=1)


class Mtcnn(nn.Module):
    """The three networks side by side; the cascade around them is mien's."""

    def __init__(self):
        super().__init__()
        self.pnet, self.rnet, self.onet = PNet(), RNet(), ONet()


def weights_folder():
    """The folder of the installed package's weight files. Raises InputError without the package."""
    found = importlib.util.find_spec("facenet_pytorch")  # does not run it
    if found is None:
        raise InputError("package", PACKAGE, f"it is installed: pip install --no-deps {PACKAGE}==2.6.0")
    return Path(found.origin).parent / "data"


def load():
    """(module in evaluation mode, metadata dict)"""
    folder = weights_folder()
    module = Mtcnn().eval().requires_grad_(False)
    for name in NETWORKS:
        weights = torch.load(folder / f"{name}.pt", map_location="cpu", weights_only=True)
        getattr(module, name).load_state_dict(weights)
    return module, {
        "kind": "face-detector",
        "name": "mtcnn",
        "thresholds": list(THRESHOLDS),
        "factor": PYRAMID_FACTOR,
        "min_face": MIN_FACE,
        "source": f"{PACKAGE} {importlib.metadata.version(PACKAGE)} (MIT)",
        "weights_sha256": weights_sha256(module.state_dict()),
    }
