"""One frame, drawn from back to front."""
from ..action_units import ACTION_UNITS
from ..appearance import IMAGE_SIZE
from . import camera, eyes, folds, head
from .mouth import draw_mouth, mouth_shape
from .pen import PIXELS_PER_UNIT, Pen

FACE_DROP = 2  # output pixels by which the face's origin lies below the middle of the crop


def render_frame(person, setting, script, frame, noise_rng):
    """Frame number `frame` (0-based) of a video, uint8 RGB [112,112,3]; noise_rng is used for sensor noise only."""
    au = dict(zip(ACTION_UNITS, script.intensities[frame].tolist()))
    lid_raise = float(script.lid_raise[frame])
    middle = IMAGE_SIZE / 2 + setting.shift[frame] + (0, FACE_DROP)
    pen = Pen(camera.draw_backdrop(setting, frame), setting.pose[frame], PIXELS_PER_UNIT * setting.scale[frame], middle)

    head.draw_behind(pen, person)
    head_mask = head.draw_head(pen, person, au)
    mouth = mouth_shape(person, au)
    head.draw_beard(pen, person, au, mouth.bottom_y)
    folds.draw_folds(pen, person, au, mouth)
    head.draw_nose(pen, person, au)
    draw_mouth(pen, person, au, mouth)
    for side in (-1, 1):
        eyes.draw_eye(pen, person, au, lid_raise, setting.gaze[frame], setting.blink[frame], side)
        eyes.draw_brow(pen, person, au, side)
    head.draw_front_hair(pen, person)
    head.draw_glasses(pen, person)
    camera.draw_occluder(pen, person, setting.occluder, frame)
    return camera.expose(pen, head_mask, setting, frame, noise_rng)
