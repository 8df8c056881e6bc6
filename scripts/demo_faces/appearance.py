"""Who is in a video and how it was filmed. Lengths are in face units: 1 is half the width of an average face."""
from dataclasses import dataclass

import numpy as np

from .episodes import smooth_noise

SKINS = np.array(
    [[247, 215, 195], [236, 190, 160], [214, 160, 125], [176, 122, 88], [130, 86, 60], [88, 58, 42]], float)
HAIRS = np.array(
    [[30, 24, 22], [62, 42, 30], [105, 70, 42], [190, 150, 95], [150, 70, 40], [150, 148, 145]], float)
IRISES = np.array([[70, 45, 25], [50, 35, 25], [80, 110, 140], [90, 115, 80]], float)
BALD, SHORT, PARTED, LONG, BOB = range(5)
NO_BEARD, STUBBLE, FULL_BEARD = range(3)
IMAGE_SIZE = 112
TURN_DEGREES, TURN_FRAMES = 34, 6


@dataclass(frozen=True)
class Identity:
    """The constant features of one person; colours are RGB float [3] in 0-255."""

    skin: np.ndarray
    hair: np.ndarray
    brow: np.ndarray
    iris: np.ndarray
    shirt: np.ndarray
    hair_style: int
    beard: int
    glasses: bool
    face_width: float
    jaw_width: float
    chin_y: float
    crown_y: float
    eye_x: float
    eye_y: float
    eye_width: float
    eye_opening: float
    eye_tilt: float
    lashes: float
    brow_y: float
    brow_thickness: float
    brow_slope: float
    brow_arch: float
    nose_width: float
    nose_y: float
    mouth_y: float
    mouth_width: float
    mouth_curve: float
    upper_lip: float
    lower_lip: float
    lip_redness: float
    wrinkles: float
    expressiveness: float


def draw_identity(rng):
    """A person drawn from rng."""
    u = rng.uniform
    tone = u(0, 4.999)
    skin = SKINS[int(tone)] * (1 - tone % 1) + SKINS[int(tone) + 1] * (tone % 1) + rng.normal(0, 5, 3)
    hair = HAIRS[rng.integers(len(HAIRS))] * u(.8, 1.2)
    return Identity(
        skin=skin, hair=hair, brow=hair * .8 + skin * u(0, .2), iris=IRISES[rng.integers(len(IRISES))],
        shirt=u(20, 230, 3), hair_style=int(rng.choice(5, p=[.08, .32, .2, .25, .15])),
        beard=int(rng.choice(3, p=[.72, .16, .12])), glasses=bool(rng.random() < .18),
        face_width=u(.88, 1.04), jaw_width=u(.78, 1.02), chin_y=u(1.12, 1.28), crown_y=-u(1.1, 1.25),
        eye_x=u(.38, .46), eye_y=u(-.16, -.08), eye_width=u(.17, .23), eye_opening=u(.075, .115), eye_tilt=u(-.03, .03),
        lashes=u(.6, 1.4), brow_y=u(-.44, -.36), brow_thickness=u(.025, .06), brow_slope=u(-.04, .04),
        brow_arch=u(.01, .07), nose_width=u(.13, .2), nose_y=u(.24, .34), mouth_y=u(.6, .68), mouth_width=u(.27, .37),
        mouth_curve=u(-.03, .03), upper_lip=u(.04, .075), lower_lip=u(.06, .1), lip_redness=u(.1, .55),
        wrinkles=u(.5, 1.1), expressiveness=u(.75, 1.2))


@dataclass(frozen=True)
class Occluder:
    """Something between face and camera: kind hand, mic or bar, at [2] (face units) from frame `begin` to `end`."""

    kind: str
    at: np.ndarray
    entry: float
    begin: float
    end: float
    colour: np.ndarray
    radius: float


@dataclass(frozen=True)
class Setting:
    """Camera, light and distractions of a video of N frames; curves have one entry a frame.

    pose [N,3] yaw, pitch, roll in radians; shift [N,2], spot positions, radii and drift in output pixels;
    backdrop RGB [5,3]: the wall and four spots on it; blur [N] sigma in pixels; quality is JPEG's.
    """

    pose: np.ndarray
    scale: np.ndarray
    shift: np.ndarray
    backdrop: np.ndarray
    spots: np.ndarray
    spot_radii: np.ndarray
    drift: np.ndarray
    light: np.ndarray
    ambient: float
    gain: float
    flicker: np.ndarray
    tint: np.ndarray
    gamma: float
    blur: np.ndarray
    noise: float
    quality: int
    occluder: Occluder | None
    gaze: np.ndarray
    blink: np.ndarray


def draw_setting(rng, frames, difficulty):
    """A setting drawn from rng; difficulty in [0,1.5] scales everything that makes a face harder to read."""
    u = rng.uniform
    wobble = rng.normal(size=(frames, 4))
    yaw = u(-22, 22) + 7 * smooth_noise(rng, frames, 1, 25)[:, 0]
    pitch = u(-10, 10) + 4 * smooth_noise(rng, frames, 1, 25)[:, 0]
    roll = u(-8, 8) + 3 * smooth_noise(rng, frames, 1, 30)[:, 0] + 1.5 * wobble[:, 0]
    size = .015 * smooth_noise(rng, frames, 1, 20)[:, 0] + .02 * wobble[:, 1]
    shift = u(-3, 3, 2) + 1.2 * smooth_noise(rng, frames, 2, 20) + 1.2 * wobble[:, 2:]
    return Setting(
        pose=np.deg2rad(np.stack([yaw, pitch, roll], 1) * difficulty), scale=u(.92, 1.08) * (1 + difficulty * size),
        shift=shift * difficulty, backdrop=np.clip(u(30, 220, (5, 1)) + rng.normal(0, 28, (5, 3)), 0, 255),
        spots=u(-20, IMAGE_SIZE + 20, (4, 2)), spot_radii=u(12, 50, 4), drift=rng.normal(0, .25, 2),
        light=np.array([u(-.9, .9), u(-.8, .2)]) * min(difficulty, 1.2), ambient=u(.5, .85), gain=u(.7, 1.2),
        flicker=1 + .02 * difficulty * rng.normal(size=frames), tint=1 + rng.normal(0, .05 * difficulty, 3),
        gamma=float(np.exp(rng.normal(0, .15 * difficulty))),
        blur=np.maximum(0, u(-.3, .9) + .4 * rng.normal(size=frames)) * difficulty, noise=u(1, 8) * difficulty,
        quality=int(rng.integers(35, 90)), occluder=draw_occluder(rng, frames, difficulty),
        gaze=.35 * smooth_noise(rng, frames, 2, 15), blink=draw_blinks(rng, frames))


def draw_occluder(rng, frames, difficulty):
    """An Occluder for about a third of the videos, else None."""
    u = rng.uniform
    if rng.random() >= .35 * min(difficulty, 1):
        return None
    begin, end = u(0, .7) * frames, u(.3, 1.1) * frames
    at = np.array([u(-.6, .6), rng.choice([u(-.6, 0), u(.3, 1.)])])
    return Occluder(kind=str(rng.choice(["hand", "mic", "bar"])), at=at, entry=u(.8, 2.), begin=begin, end=end,
                    colour=u(0, 255, 3), radius=u(.22, .4))


def draw_blinks(rng, frames):
    """How far the lids are closed, float [frames] in [0,1]."""
    closed, at = np.zeros(frames), rng.uniform(0, 90)
    while at < frames:
        closed = np.maximum(closed, np.clip(1.25 - np.abs(np.arange(frames) - at) / 3, 0, 1))
        at += rng.uniform(45, 150)
    return closed


def turn_away(pose, missing):
    """The poses [N,3] with the head turning away towards the frames of missing (bool [N]) and back after them."""
    frames = np.arange(len(pose))
    gone = frames[missing]
    if not len(gone):
        return pose
    nearness = np.clip(1 - np.abs(frames[:, None] - gone).min(1) / TURN_FRAMES, 0, 1)
    turned = pose.copy()
    turned[:, 0] += np.deg2rad(TURN_DEGREES) * nearness * (1 if pose[gone[0], 0] >= 0 else -1)
    return turned
