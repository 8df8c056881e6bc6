"""The detectors that OpenCV runs: the Haar cascade that comes with it, and YuNet where its file is given.

YuNet's real file cannot be fetched by a package manager; a network of its shape is made here whose faces are bright
squares, so that box and landmarks are known from YuNet's decoding: centre + .1 x anchor x offset, width
anchor x exp(.1 x offset), height anchor x exp(.2 x offset).
"""
import json
import warnings

import cv2
import numpy as np
import pytest
import torch
from torch import nn

import facenet
import media
from crop_helpers import BOX, MARKS, table
from helpers import refused

STRIDE, ANCHOR = 32, 64.0


class Head(nn.Module):
    """One level: offsets [n, 14], two class scores [n, 2] and overlap [n, 1] of its anchors."""

    def __init__(self, stride, anchors, sees):
        super().__init__()
        self.pool = nn.AvgPool2d(stride)
        self.parts = nn.ModuleList(nn.Conv2d(3, size * anchors, 1) for size in (14, 2, 1))
        for part in self.parts:  # not exactly zero: equal weights would be shared, which OpenCV does not read
            nn.init.normal_(part.weight, 0, 1e-12)
            nn.init.normal_(part.bias, 0, 1e-12)
        nn.init.normal_(self.parts[2].bias, 1, 1e-6)
        if sees:  # white is a face; its offsets count up in tenths
            self.parts[1].weight.data[1] = 1 / 765
            self.parts[0].weight.data[:14] = torch.arange(14.0)[:, None, None, None] / 7650

    def forward(self, pixels):
        pooled = self.pool(pixels)
        return [part(pooled).permute(0, 2, 3, 1).reshape(-1, size) for part, size in zip(self.parts, (14, 2, 1))]


class BrightSquares(nn.Module):
    def __init__(self):
        super().__init__()
        self.levels = nn.ModuleList(Head(stride, anchors, stride == STRIDE)
                                    for stride, anchors in ((8, 3), (16, 2), (STRIDE, 2), (64, 3)))

    def forward(self, pixels):
        levels = [level(pixels) for level in self.levels]
        return tuple(torch.cat([level[i] for level in levels]) for i in range(3))


@pytest.fixture(scope="module")
def yunet(tmp_path_factory):
    from torch.onnx._internal.torchscript_exporter import onnx_proto_utils
    path = tmp_path_factory.mktemp("yunet") / "squares.onnx"
    torch.manual_seed(0)
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setattr(onnx_proto_utils, "_add_onnxscript_fn", lambda proto, _: proto)  # it would ask for onnx
        torch.onnx.export(BrightSquares().eval(), (torch.zeros(1, 3, 320, 320),), str(path), opset_version=11,
                          input_names=["input"], output_names=["loc", "conf", "iou"], dynamo=False)
    return path


def picture_with(path, squares, shape=(256, 320)):
    """squares: {(column, row) of the grid of 32 pixels: grey}"""
    picture = np.zeros((*shape, 3), np.uint8)
    for (x, y), grey in squares.items():
        picture[STRIDE * y:STRIDE * (y + 1), STRIDE * x:STRIDE * (x + 1)] = grey
    cv2.imwrite(str(path), picture)
    return path


def expected_row(x, y):
    centre = np.array([x + 0.5, y + 0.5]) * STRIDE
    offsets = np.arange(14) / 10
    middle, side = centre + 0.1 * ANCHOR * offsets[:2], ANCHOR * np.exp(offsets[2:4] * (0.1, 0.2))
    marks = centre + 0.1 * ANCHOR * offsets[4:].reshape(5, 2)
    return np.concatenate([middle - side / 2, middle + side / 2, marks.ravel()])


def test_yunets_boxes_and_landmarks_are_taken_over(mien, yunet, tmp_path):
    photo = picture_with(tmp_path / "squares.png", {(2, 3): 255, (7, 5): 255})
    done = mien("crop", "--images", photo, "--detector-file", yunet, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = table(tmp_path / "out")
    assert [row["detector"] for row in rows] == ["yunet", "yunet"]
    found = sorted([float(row[key]) for key in (*BOX, *MARKS)] for row in rows)
    np.testing.assert_allclose(found, sorted(expected_row(*at).tolist() for at in ((2, 3), (7, 5))), atol=0.02)


def test_yunet_frames_of_several_sizes_and_its_thresholds(mien, yunet, tmp_path):
    picture_with(tmp_path / "a.png", {(1, 1): 255})
    picture_with(tmp_path / "b.png", {(1, 1): 140, (5, 1): 255}, shape=(192, 256))  # score: the root of the brightness
    photos = [tmp_path / "a.png", tmp_path / "b.png"]

    def faces(*arguments):
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        assert mien("crop", "--images", *photos, "--detector", "yunet", "--detector-file", yunet, "--out", out,
                    *arguments).returncode == 0
        return [row["video"] for row in table(out) if row["id"]]

    assert faces() == ["a", "b"]
    assert faces("--confidence", 0.6) == ["a", "b", "b"]
    assert faces("--min-face", 70) == []  # the boxes are 65 pixels wide


def test_a_network_of_another_kind_is_refused(mien, tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"\x08\x07\x12\x04none")
    photo = picture_with(tmp_path / "a.png", {})
    refused(mien("crop", "--images", photo, "--detector-file", tmp_path / "other.onnx", "--out", tmp_path / "out"),
            "--detector-file", "expected a YuNet file that OpenCV", "2022mar")
    assert not (tmp_path / "out").exists()


def test_the_haar_cascade_is_the_last_resort_and_is_named(mien, tmp_path):
    done = mien("crop", "--out", tmp_path / "out", "--images", media.folder() / "single_face.jpg", "--min-face", 80)
    assert done.returncode == 0 and "no --detector-file: OpenCV's Haar cascade is used" in done.stderr
    rows = table(tmp_path / "out")
    assert all(row["detector"] == "haar" and row["nose_x"] == "" for row in rows)
    expected = facenet.detect(cv2.cvtColor(cv2.imread(str(media.folder() / "single_face.jpg")), cv2.COLOR_BGR2RGB))[0, :4]
    best = max(overlap([float(row[key]) for key in BOX], expected) for row in rows)
    assert best > 0.4
    assert json.loads((tmp_path / "out" / "crop.json").read_text())["detector"]["name"] == "haar"


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
