"""The Python package's MTCNN, imported beside stand-ins for what it asks for and hardly uses.

facenet-pytorch asks for an old torchvision: of it only batched_nms is called. The installed one is used if it loads
beside this PyTorch; otherwise its function is written here after its documentation.
"""
import functools
import sys
import types

import numpy as np
import torch


def overlaps(boxes):
    """[n, n] of float32 [n, 4]: intersection over union, areas without the edge's pixel; 0/0 is NaN."""
    corner, end = boxes[:, None, :2], boxes[:, None, 2:]
    sides = np.minimum(end, boxes[None, :, 2:]) - np.maximum(corner, boxes[None, :, :2])
    shared = np.maximum(sides, 0).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return shared / (area[:, None] + area - shared)


def nms(boxes, scores, threshold):
    """Indices that stay, by falling score; arrays of float32."""
    order = np.argsort(-scores, kind="stable")
    too_near = overlaps(boxes[order]) > threshold
    gone, kept = np.zeros(len(order), bool), []
    for place, index in enumerate(order):
        if not gone[place]:
            kept.append(index)
            gone |= too_near[place]
    return np.array(kept, np.int64)


def batched_nms(boxes, scores, groups, threshold):
    """nms within each group (a picture of the batch), all by falling score: torchvision.ops.batched_nms."""
    b, s, g = boxes.numpy(), scores.numpy(), groups.numpy()
    members = [np.flatnonzero(g == group) for group in np.unique(g)]
    kept = [mine[nms(b[mine], s[mine], threshold)] for mine in members]
    kept = np.concatenate(kept) if kept else np.empty(0, np.int64)
    return torch.from_numpy(kept[np.argsort(-s[kept], kind="stable")])


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    return made


@functools.cache
def torchvision_loads():
    """Whether torchvision is there and its compiled functions fit this PyTorch."""
    try:
        import torchvision.ops.boxes  # noqa: F401
    except (ImportError, RuntimeError, OSError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        return False
    return True


def stand_ins():
    """Modules by name: what is missing here of what the package imports."""
    functional = module("torchvision.transforms.functional")
    transforms = module("torchvision.transforms", functional=functional)
    boxes = module("torchvision.ops.boxes", batched_nms=batched_nms)
    adapters = module("requests.adapters", HTTPAdapter=object)
    vision = [functional, transforms, boxes, module("torchvision.ops", boxes=boxes),
              module("torchvision", transforms=transforms)]
    made = [adapters, module("requests", adapters=adapters), *([] if torchvision_loads() else vision)]
    return {one.__name__: one for one in made if one.__name__ not in sys.modules}


@functools.cache
def mtcnn_class():
    added = stand_ins()
    sys.modules.update(added)
    try:
        from facenet_pytorch.models.mtcnn import MTCNN
    finally:
        for name in added:
            del sys.modules[name]
    return MTCNN
