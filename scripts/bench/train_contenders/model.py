"""The network of the Python contenders, and what mien's command line calls the same choices."""
from dataclasses import dataclass

from torch import nn

CLASSES = 8
LAYERS, DROPOUT, ALPHA, RHO = 3, .6, .5, .05


@dataclass(frozen=True)
class Method:
    """What is trained, and how; alike for everyone."""

    layers: int = LAYERS
    dropout: float = DROPOUT
    alpha: float = ALPHA
    rho: float = RHO
    lr: float = 1e-3
    weight_decay: float = 1e-4


def mlp(dim, width, method):
    """layers x (Linear, BatchNorm, ReLU, Dropout), then a Linear to the expressions."""
    parts, size = [], dim
    for _ in range(method.layers):
        parts += [nn.Linear(size, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(method.dropout)]
        size = width
    return nn.Sequential(*parts, nn.Linear(size, CLASSES))
