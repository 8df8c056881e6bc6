"""The Python package's MTCNN as an oracle, imported beside stand-ins for what it needs and does not use here.

facenet-pytorch asks for an old torchvision: of it only batched_nms is called, written here after its documentation.
"""
import functools
import sys
import types
import warnings

import numpy as np
import torch


def nms(boxes, scores, threshold):
    """Indices that stay, by falling score; intersection over union, areas without the edge's pixel."""
    b, s = boxes.numpy(), scores.numpy()
    area = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    order, kept = np.argsort(-s, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        width = np.minimum(b[best, 2], b[rest, 2]) - np.maximum(b[best, 0], b[rest, 0])
        height = np.minimum(b[best, 3], b[rest, 3]) - np.maximum(b[best, 1], b[rest, 1])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            order = rest[~(shared / (area[best] + area[rest] - shared) > threshold)]
    return torch.tensor(np.array(kept, dtype=np.int64))


def batched_nms(boxes, scores, groups, threshold):
    assert not groups.any(), "one image at a time"
    return nms(boxes, scores, threshold)


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    return made


def stand_ins():
    functional = module("torchvision.transforms.functional")
    transforms = module("torchvision.transforms", functional=functional)
    boxes = module("torchvision.ops.boxes", batched_nms=batched_nms)
    adapters = module("requests.adapters", HTTPAdapter=object)
    made = [functional, transforms, boxes, adapters, module("torchvision.ops", boxes=boxes),
            module("torchvision", transforms=transforms), module("requests", adapters=adapters)]
    return {one.__name__: one for one in made}


@functools.cache
def mtcnn_class():
    added = {name: made for name, made in stand_ins().items() if name not in sys.modules}
    sys.modules.update(added)
    try:
        from facenet_pytorch.models.mtcnn import MTCNN
    finally:
        for name in added:
            del sys.modules[name]
    return MTCNN


def detect(picture, min_face=20):
    """[n, 15] of box, five landmarks (x, y), confidence; largest first. picture: uint8 [h, w, 3] RGB."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        detector = mtcnn_class()(keep_all=True, min_face_size=min_face)
        boxes, confidences, points = detector.detect(picture, landmarks=True)
    if boxes is None:
        return np.empty((0, 15))
    n = len(boxes)
    rows = [np.asarray(boxes, float), np.asarray(points, float).reshape(n, 10), np.asarray(confidences, float)[:, None]]
    return np.concatenate(rows, axis=1)
