"""Generated JPEG faces of 112 x 112 pixels, in video folders."""
import numpy as np
from PIL import Image

from demo_faces.drawing.frame import render_frame
from demo_faces.video import describe_video

FRAMES_A_VIDEO, QUALITY, DIFFICULTY = 32, 90, 0.8
SHORTEST_VIDEO = 12  # what the renderer's scripts need


def write_faces(root, images, seed=1):
    """Writes root/<video>/<frame>.jpg and returns the videos' names; batches up to 32 divide a full video."""
    videos = []
    for index, first in enumerate(range(0, images, FRAMES_A_VIDEO)):
        count = min(FRAMES_A_VIDEO, images - first)
        folder = root / f"video{index + 1:02d}"
        folder.mkdir(parents=True)
        videos.append(folder.name)
        identity, setting, script = describe_video(seed, index, max(count, SHORTEST_VIDEO), DIFFICULTY)
        for frame in range(count):
            noise = np.random.default_rng([seed, index, frame])
            picture = render_frame(identity, setting, script, frame, noise)
            Image.fromarray(picture).save(folder / f"{frame + 1:05d}.jpg", quality=QUALITY)
    return videos
