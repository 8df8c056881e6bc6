"""What lies behind and before the face, and what light, lens and sensor do to the picture."""
import cv2
import numpy as np

from ..appearance import IMAGE_SIZE
from .pen import FLAT_RELIEF, SUBPIXEL_BITS, SUBPIXELS, SUPERSAMPLING, ellipse, shade

BACKDROP_SIZE = IMAGE_SIZE // 2
ENTRY_FRAMES = 8
RELIEF_BLUR, RELIEF_STRENGTH = 1.1, .75
COLUMNS, ROWS = np.meshgrid(np.arange(IMAGE_SIZE, dtype=np.float32), np.arange(IMAGE_SIZE, dtype=np.float32))


def draw_backdrop(setting, frame):
    """A blurred wall with four drifting spots, uint8 [224,224,3]."""
    image = np.empty((BACKDROP_SIZE, BACKDROP_SIZE, 3), np.uint8)
    image[:] = setting.backdrop[0]
    shrink = BACKDROP_SIZE / IMAGE_SIZE * SUBPIXELS
    for spot, radius, colour in zip(setting.spots, setting.spot_radii, setting.backdrop[1:]):
        x, y = ((spot + setting.drift * frame) * shrink).astype(int).tolist()
        cv2.circle(image, (x, y), int(radius * shrink), shade(colour), -1, cv2.LINE_AA, SUBPIXEL_BITS)
    size = IMAGE_SIZE * SUPERSAMPLING
    return cv2.resize(cv2.GaussianBlur(image, (0, 0), 2), (size, size))


def draw_occluder(pen, person, occluder, frame):
    """A hand, a microphone or a bar that enters and leaves over a few frames."""
    if occluder is None:
        return
    inside = min(max(min(frame - occluder.begin, occluder.end - frame) / ENTRY_FRAMES, 0.), 1.)
    if inside <= 0:
        return
    at = occluder.at + (1 - inside) * occluder.entry * np.sign(occluder.at)
    radius = occluder.radius
    if occluder.kind == "hand":
        draw_hand(pen, person, at)
    elif occluder.kind == "mic":
        pen.cover(ellipse(*at, radius, radius * 1.1), (40, 40, 44), flat=True)
        pen.cover(at + [(-.1, .2), (.1, .2), (.2, 3), (-.05, 3)], (25, 25, 28), flat=True)
    else:
        bar = [(-radius, -.25), (radius * 1.6, -.2), (radius * 1.6, .3), (-radius, .25)]
        pen.cover(at + bar, occluder.colour, flat=True)


def draw_hand(pen, person, at):
    """Four fingers from below."""
    thickness = int(.17 * pen.scale)
    for finger in range(4):
        tip, root = at + (-.3 + .16 * finger, 0), at + (-.1 + .2 * finger, 1.8)
        ends = [tuple(end) for end in pen.subpixels([tip, root], flat=True).tolist()]
        cv2.line(pen.canvas, *ends, shade(person.skin, .8 + .05 * finger), thickness, cv2.LINE_AA, SUBPIXEL_BITS)
        cv2.line(pen.relief, *ends, FLAT_RELIEF, thickness, cv2.LINE_8, SUBPIXEL_BITS)


def expose(pen, head_mask, setting, frame, noise_rng):
    """The canvas as the camera records it: relief, light, colour, blur and noise -> uint8 [112,112,3]."""
    size = (IMAGE_SIZE, IMAGE_SIZE)
    image = cv2.resize(pen.canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    relief = cv2.resize(pen.relief, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    relief = 1 + RELIEF_STRENGTH * (cv2.GaussianBlur(relief, (0, 0), RELIEF_BLUR) / FLAT_RELIEF - 1)
    mask = cv2.resize(head_mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    surroundings = .6 + .4 * setting.ambient
    image *= (relief * (lambert(pen, setting) * mask + (1 - mask) * surroundings))[..., None]
    image *= (setting.gain * setting.flicker[frame] / 255 * setting.tint).astype(np.float32)
    image = cv2.pow(np.clip(image, 0, 1), setting.gamma) * 255
    if setting.blur[frame] > .2:
        image = cv2.GaussianBlur(image, (0, 0), setting.blur[frame])
    grain = noise_rng.standard_normal((IMAGE_SIZE, IMAGE_SIZE, 4), dtype=np.float32) * np.float32(setting.noise)
    image += grain[..., :1]
    image += .5 * grain[..., 1:]
    return np.clip(image, 0, 255).astype(np.uint8)


def lambert(pen, setting):
    """Light on the head seen as an ellipsoid, float32 [112,112]."""
    scale = pen.scale / SUPERSAMPLING
    x = (COLUMNS - np.float32(pen.centre[0])) / np.float32(1.15 * scale)
    y = (ROWS - np.float32(pen.centre[1])) / np.float32(1.45 * scale)
    z = np.sqrt(np.maximum(np.float32(.05), 1 - x * x - y * y))
    direction = np.array([*setting.light, .75])
    direction = (direction / np.linalg.norm(direction)).astype(np.float32)
    cosine = np.clip(x * direction[0] + y * direction[1] + z * direction[2], 0, 1)
    return np.float32(setting.ambient) + np.float32((1.05 - setting.ambient) * 1.15) * cosine
