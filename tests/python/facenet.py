"""The Python package's MTCNN as an oracle, as scripts/bench imports it."""
import sys
import warnings

import numpy as np

from helpers import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from bench.predict_contenders.facenet import mtcnn_class  # noqa: E402


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
