"""The mouth: its shape under AU10, 12, 15, 23, 24, 25 and 26, and its drawing."""
from dataclasses import dataclass

import numpy as np

from .pen import ellipse

POINTS = 17
ACROSS = np.linspace(-1, 1, POINTS)  # -1 left corner, 1 right corner
PARABOLA = 1 - ACROSS * ACROSS
CUPID_BOW = (1 - np.abs(ACROSS) ** 2.2) * (1 - .3 * np.exp(-(ACROSS / .18) ** 2))
LOWER_FULLNESS = PARABOLA ** .8
DOWN = np.array([0., 1.])
LIP_RED = np.array([175., 60., 65.])


@dataclass(frozen=True)
class MouthShape:
    """Lip curves [17,2] from left to right corner, in face units, and the numbers that the folds need."""

    inner_upper: np.ndarray
    inner_lower: np.ndarray
    outer_upper: np.ndarray
    outer_lower: np.ndarray
    half_width: float
    corner_y: float
    opening: float

    @property
    def top_y(self):
        return self.outer_upper[POINTS // 2, 1]

    @property
    def bottom_y(self):
        return self.outer_lower[POINTS // 2, 1]


def mouth_shape(person, au):
    """The mouth under the intensities au (dict by action unit).

    AU10 lifts the whole upper lip into a square arch and keeps the corners level; AU15 pulls the corners down.
    AU24 presses the lips to a wide, straight, almost lipless line; AU23 tightens them to a narrow one.
    """
    pressed = 1 - au[24]
    half_width = person.mouth_width * (1 + .25 * au[12] - .04 * au[15] - .52 * au[23] + .14 * au[24] - .12 * au[26])
    opening = (.10 * au[25] + .26 * au[26] + .05 * au[10]) * max(0., 1 - 1.3 * au[24])
    y = person.mouth_y
    corner_y = (y + person.mouth_curve * (1 - au[12]) * pressed - .17 * au[12] + .19 * au[15] * (1 - .4 * au[24])
                - .09 * au[10] + .3 * opening)
    upper_y = y - .25 * opening - .12 * au[10] + .02 * au[12] - .03 * au[15]
    upper_y = upper_y * pressed + (corner_y - .01) * au[24] if au[24] > 0 else upper_y
    thickness = (1 - .86 * au[24]) * (1 - .6 * au[23])
    upper_lip = person.upper_lip * thickness * (1 - .3 * au[12]) * (1 - .25 * au[10])
    lower_lip = person.lower_lip * thickness * (1 - .15 * au[12])

    bow = 1 - np.abs(ACROSS) ** (2 + 2.5 * au[10])
    inner_upper = np.stack([half_width * ACROSS, corner_y + (upper_y - corner_y) * bow], 1)
    inner_lower = np.stack([half_width * ACROSS, corner_y + (upper_y + opening - corner_y) * PARABOLA], 1)
    return MouthShape(
        inner_upper, inner_lower, inner_upper - (upper_lip * CUPID_BOW)[:, None] * DOWN,
        inner_lower + (lower_lip * LOWER_FULLNESS)[:, None] * DOWN, half_width, corner_y, opening)


def draw_mouth(pen, person, au, mouth):
    """Opening with teeth and tongue, lips, and the dark line between closed lips."""
    skin = person.skin
    lips = (skin * (1 - person.lip_redness) + LIP_RED * person.lip_redness) * (.95, .78, .78)
    lips = lips * (1 - .5 * au[24]) + skin * .5 * au[24]  # pressed lips turn pale
    if mouth.opening > .012:
        draw_opening(pen, au, mouth)
    pen.fill(np.concatenate([mouth.outer_upper, mouth.inner_upper[::-1]]), lips * .9)
    pen.fill(np.concatenate([mouth.inner_lower, mouth.outer_lower[::-1]]), lips)
    if mouth.opening < .05:
        pen.stroke(mouth.inner_upper, skin * (.3 - .12 * au[24]), .022 + .05 * au[24])


def draw_opening(pen, au, mouth):
    pen.fill(np.concatenate([mouth.inner_upper, mouth.inner_lower[::-1]]), (60, 18, 20))
    height = (mouth.inner_lower - mouth.inner_upper)[:, 1]
    visible = min(max(.35 + .8 * au[12] + 1.1 * au[10] - .3 * au[26], 0.), 1.)
    teeth = mouth.inner_upper + np.minimum(height * .75, .085 * visible)[:, None] * DOWN
    pen.fill(np.concatenate([mouth.inner_upper, teeth[::-1]]), (232, 226, 215))
    if mouth.opening > .16:
        tongue_y = mouth.inner_lower[POINTS // 2, 1] - .04
        pen.fill(ellipse(0, tongue_y, mouth.half_width * .5, .05), (170, 75, 75))
