"""What everyone reads beside the video and the encoder: a detector, a run, a clip of the first frame."""
import subprocess

import cv2

from bench import contenders, faces
from bench.made_up import TRAIN, VALIDATION, write_labels
from encoders.errors import InputError

FACES = 2 * faces.FRAMES_A_VIDEO  # drawn ones: a video to train on, one to validate


def write_detector(path):
    """facenet-pytorch's networks as mien reads them. Raises InputError without the package."""
    import export_detector
    from detectors import mtcnn
    path.write_bytes(export_detector.archive_bytes(*mtcnn.load()))
    return path


def write_first_frame(video, path):
    """A clip of one frame to warm up on. Raises InputError for what OpenCV cannot read."""
    capture = cv2.VideoCapture(str(video))
    there, frame = capture.read()
    if not there:
        raise InputError("--video", video, "a video file")
    height, width = frame.shape[:2]
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (width, height))
    out.write(frame)
    out.release()
    return path


def call(mien, threads, *words):
    """Standard output of one command. Raises ContenderError with its complaint."""
    command = [mien, *map(str, words), "--threads", str(threads), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, env=contenders.environment(threads))
    if done.returncode:
        raise contenders.ContenderError(contenders.last_line(done.stderr))
    return done.stdout


def train_run(mien, threads, archive, config, folder):
    """One epoch on drawn faces with labels that mean nothing: a head of this encoder. Raises ContenderError."""
    videos = faces.write_faces(folder / "drawn", FACES)
    for video, split in zip(videos, (TRAIN, VALIDATION)):
        frames = range(faces.FRAMES_A_VIDEO)
        write_labels(folder / "annotations", "expr", split, video, [[frame % 8] for frame in frames])
        write_labels(folder / "annotations", "au", split, video,
                     [[frame // 2 ** (unit % 5) % 2 for unit in range(12)] for frame in frames])
    call(mien, threads, "encode", "--images", folder / "drawn", "--encoder", archive, "--bank", folder / "bank",
         "--dtype", "fp32", "--device", "cpu")
    call(mien, threads, "train", config, f"bank={folder / 'bank'}", f"annotations={folder / 'annotations'}", "epochs=1",
         "batch_size=16", "--device", "cpu", "--out", folder / "run")
    return folder / "run"
