"""A whole video: the same frames and labels for the same arguments, whatever else is rendered."""
import dataclasses

import cv2
import numpy as np

from .appearance import draw_identity, draw_setting, turn_away
from .drawing.frame import render_frame
from .episodes import deal_episodes, write_script

NOISE_STREAM = 3  # keeps a frame's sensor noise apart from every other use of the seed


def describe_video(seed, index, frames, difficulty):
    """(Identity, Setting, Script) of video `index` of the data seeded with `seed`."""
    rng = np.random.default_rng([seed, index])
    identity = draw_identity(rng)
    setting = draw_setting(rng, frames, difficulty)
    script = write_script(rng, frames, deal_episodes(seed, index, frames), identity.expressiveness)
    return identity, setting, script


def render_video(seed, index, missing, difficulty):
    """Yields (0-based frame, JPEG bytes) for every frame that is not missing (bool [N]).

    Towards a missing frame the head turns away. Noise is seeded by (seed, index, frame), so leaving a frame out
    changes no other frame's noise.
    """
    identity, setting, script = describe_video(seed, index, len(missing), difficulty)
    setting = dataclasses.replace(setting, pose=turn_away(setting.pose, missing))
    for frame in np.flatnonzero(~missing).tolist():
        noise_rng = np.random.default_rng([seed, index, NOISE_STREAM, frame])
        image = render_frame(identity, setting, script, frame, noise_rng)
        ok, jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, setting.quality])
        if not ok:
            raise RuntimeError(f"OpenCV could not encode frame {frame} of video {index}")
        yield frame, jpeg.tobytes()
