"""What the tests of mien crop share: real clips, the table, a video of two people made of a photo."""
import csv
import subprocess

import cv2
import numpy as np

import facenet
import media
from helpers import tree

CLIP = "WolfgangLanger_Pexels.mp4"
BOX = ("left", "top", "right", "bottom")
MARKS = [f"{part}_{axis}" for part in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right") for axis in "xy"]


def decoded(video, number):
    """uint8 RGB [h, w, 3]: the frame of this number from 1, as the ffmpeg program decodes it."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(video), "-vf", f"select=eq(n\\,{number - 1})",
               "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-"]
    picture = subprocess.run(command, check=True, capture_output=True).stdout
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def clip(name):
    return media.folder() / name


def table(out):
    with open(out / "faces.csv", newline="") as file:
        return list(csv.DictReader(file))


def visible(folder):
    """What a user sees: everything but the hidden bookkeeping."""
    return {name: digest for name, digest in tree(folder).items() if not name.startswith(".")}


def moving_faces(count):
    """Two people of the photo who pass each other over a grey ground."""
    photo = cv2.cvtColor(cv2.imread(str(clip("multi_face.jpg"))), cv2.COLOR_BGR2RGB)
    boxes = facenet.detect(photo)[:, :4].astype(int)
    one, two = (photo[y - 40:b + 40, x - 40:r + 40] for x, y, r, b in (boxes[0], boxes[2]))
    for step in range(count):
        frame = np.full((440, 640, 3), 127, np.uint8)
        x = 10 + step * 400 // (count - 1)
        frame[10:10 + one.shape[0], x:x + one.shape[1]] = one
        x = 420 - step * 400 // (count - 1)
        frame[225:225 + two.shape[0], x:x + two.shape[1]] = two
        yield frame
