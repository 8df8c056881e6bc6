"""MTCNN: mien's cascade around the exported networks finds what the Python package finds, on the same pixels."""
import json
import sys

import cv2
import numpy as np
import pytest
import torch

import facenet
import media
from helpers import ROOT, Projection, refused, write_encoder

sys.path.insert(0, str(ROOT / "scripts"))
import export_detector  # noqa: E402

FRAMES = {"WolfgangLanger_Pexels.mp4": (0, 90, 200, 333, 471), "single_face.mp4": (0, 40),
          "no_face.mp4": (0, 60), "face_noface.mov": (3, 50, 110)}


def photo(name):
    return cv2.cvtColor(cv2.imread(str(media.folder() / name)), cv2.COLOR_BGR2RGB)


def frames_of(name, wanted):
    video = cv2.VideoCapture(str(media.folder() / name))
    for number in range(max(wanted) + 1):
        assert video.grab()
        if number in wanted:
            yield cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)


def found_by_mien(probe, mtcnn, pictures, **options):
    tensors = {f"image{i}": np.ascontiguousarray(picture) for i, picture in enumerate(pictures)}
    answers, _ = probe("detect_mtcnn", tensors, detector=str(mtcnn), images=len(pictures),
                       **{"confidence": 0} | options)
    return [answers[f"faces{i}"] for i in range(len(pictures))]


def assert_same(found, expected):
    assert found.shape == expected.shape, (found, expected)
    np.testing.assert_allclose(found[:, :14], expected[:, :14], atol=0.05)  # pixels; asked is 1
    np.testing.assert_allclose(found[:, 14], expected[:, 14], atol=1e-4)


def test_faces_on_real_frames_are_the_packages(probe, mtcnn):
    pictures = [frame for name, wanted in FRAMES.items() for frame in frames_of(name, wanted)]
    pictures += [photo("multi_face.jpg"), photo("single_face.jpg")]
    expected = [facenet.detect(picture) for picture in pictures]
    for found, one in zip(found_by_mien(probe, mtcnn, pictures), expected, strict=True):
        assert_same(found, one)
    assert len(expected[-2]) == 5 and sum(map(len, expected)) >= 12


@pytest.mark.parametrize("min_face", [36, 80])
def test_a_larger_smallest_face_is_the_packages_too(probe, mtcnn, min_face):
    picture = photo("multi_face.jpg")
    (found,) = found_by_mien(probe, mtcnn, [picture], min_face=min_face)
    assert_same(found, facenet.detect(picture, min_face))


def test_faces_cut_by_the_edge_odd_sizes_and_tiny_pictures(probe, mtcnn):
    picture = photo("multi_face.jpg")
    faces = facenet.detect(picture)
    x, y, right, bottom = faces[0, :4].astype(int)
    cut = [picture[y + 20:bottom + 31, x + 15:], picture[:bottom - 25, :right - 18], picture[: y + 60, x - 7:right + 8],
           picture[:13, :17], picture[:20, :300]]
    for found, piece in zip(found_by_mien(probe, mtcnn, cut), cut, strict=True):
        expected = facenet.detect(np.ascontiguousarray(piece)) if min(piece.shape[:2]) > 19 else np.empty((0, 15))
        assert_same(found, expected)


def test_noise_and_flat_pictures_have_no_face(probe, mtcnn):
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    flat = np.full((64, 64, 3), 128, np.uint8)
    assert [len(found) for found in found_by_mien(probe, mtcnn, [noise, flat], confidence=0.9)] == [0, 0]


def test_the_archive_says_what_it_is_and_holds_the_packages_weights(mtcnn):
    extra = {"mien.json": ""}
    module = torch.jit.load(str(mtcnn), _extra_files=extra)
    said = json.loads(extra["mien.json"])
    assert (said["kind"], said["name"], said["thresholds"]) == ("face-detector", "mtcnn", [0.6, 0.7, 0.7])
    assert "facenet-pytorch 2.6.0" in said["source"]
    package = facenet.mtcnn_class()()
    ours = module.state_dict()
    theirs = package.state_dict()
    assert set(ours) == set(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("arguments, fragment", [
    (["retina", "--out", "x.pt"], "DETECTOR = retina: mtcnn"),
    (["mtcnn"], "--out"),
    (["mtcnn", "--out", "."], "--out = .: a file, not a folder"),
])
def test_bad_arguments_of_the_script(capsys, monkeypatch, tmp_path, arguments, fragment):
    monkeypatch.chdir(tmp_path)
    assert export_detector.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and fragment in error


def test_the_script_keeps_an_existing_file(capsys, mtcnn):
    before = mtcnn.read_bytes()
    assert export_detector.main(["mtcnn", "--out", str(mtcnn)]) == 2
    assert "--force" in capsys.readouterr().err and mtcnn.read_bytes() == before


@pytest.mark.parametrize("change, fragment", [
    ({"factor": 1.5}, "mien.json is not MTCNN's"), ({"thresholds": [0.5]}, "mien.json is not MTCNN's"),
    ({"name": "retina"}, "mien.json is not MTCNN's"), (None, "mien.json inside")])
def test_an_archive_with_another_description_is_refused(mien, tmp_path, change, fragment):
    from detectors import mtcnn as script
    module, said = script.load()
    files = {} if change is None else {"mien.json": json.dumps(said | change)}
    torch.jit.save(torch.jit.script(module), str(tmp_path / "other.pt"), _extra_files=files)
    refused(mien("crop", "--images", media.folder() / "single_face.jpg", "--detector-file", tmp_path / "other.pt",
                 "--out", tmp_path / "out"), "--detector-file", "other.pt", fragment)
    assert not (tmp_path / "out").exists()


def test_an_encoder_is_no_detector(mien, tmp_path):
    encoder = write_encoder(tmp_path / "encoder.pt", Projection(8, 4), 8, 4, extra={})
    refused(mien("crop", "--images", media.folder() / "single_face.jpg", "--detector-file", encoder,
                 "--out", tmp_path / "out"), "--detector-file", "networks pnet, rnet, onet")
