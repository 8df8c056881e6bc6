"""Eyes under AU5, 6 and 7, gaze and blinks; brows under AU1, 2 and 4."""
import numpy as np

from .pen import CANVAS_SIZE, ellipse, mirrored, spline

ACROSS = np.linspace(-1, 1, 13)
UPPER_ARCH = 1 - np.abs(ACROSS) ** 2.2
SCLERA = (223, 218, 215)


def lid_curves(person, au, lid_raise, blink, side):
    """Upper and lower lid [13,2] of one eye."""
    upper = min(max(1 + .4 * lid_raise - .36 * au[7] - .12 * au[6], .1), 2.) * (1 - blink) * person.eye_opening
    lower = .65 * (1 - .9 * au[7] - .45 * au[6] - .5 * blink) * person.eye_opening
    x = side * person.eye_x + person.eye_width * ACROSS
    base = person.eye_y - person.eye_tilt * ACROSS * side
    top = np.stack([x, base - upper * UPPER_ARCH], 1)
    bottom = np.stack([x, base + lower * (1 - np.abs(ACROSS) ** (2 + au[7]))], 1)
    return top, bottom


def draw_eyeball(pen, person, outline, gaze, side):
    """White, iris, pupil and highlight, seen only inside the outline [K,2]."""
    corners = pen.pixels(outline)
    x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - 3, 0)
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 4, CANVAS_SIZE)
    if x1 - x0 <= 2 or y1 - y0 <= 2:
        return
    box = np.s_[y0:y1, x0:x1]
    ball = np.empty_like(pen.canvas)
    ball[box] = SCLERA
    x = side * person.eye_x + .175 * person.eye_width * gaze[0]
    y = person.eye_y + .03 * gaze[1] - .01
    pen.fill(ellipse(x, y, .094, .094), person.iris, ball)
    pen.fill(ellipse(x, y, .042, .042, 12), (12, 10, 10), ball)
    pen.fill(ellipse(x + .03, y - .03, .018, .018, 8), (250, 250, 250), ball)
    mask = np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    pen.fill(outline, 255, mask)
    weight = mask[box][..., None].astype(np.float32) / 255
    pen.canvas[box] = pen.canvas[box] * (1 - weight) + ball[box] * weight


def draw_eye(pen, person, au, lid_raise, gaze, blink, side):
    """One eye with its lids and crease."""
    top, bottom = lid_curves(person, au, lid_raise, blink, side)
    draw_eyeball(pen, person, np.concatenate([top, bottom[::-1]]), gaze, side)
    skin = person.skin
    pen.stroke(top, skin * .19, .035 * person.lashes)
    pen.stroke(bottom, skin * (.5 - .14 * au[7]), .016 + .012 * au[7])
    pen.stroke(top - (0, .05 + .02 * lid_raise), skin * .75, .02)


def draw_brow(pen, person, au, side):
    """AU1 lifts the inner end, AU2 the outer, AU4 lowers and draws together."""
    inner, middle, outer = person.eye_x - .2, person.eye_x + .02, person.eye_x + .26
    y, arch, slope = person.brow_y, person.brow_arch, person.brow_slope
    points = [
        (inner - .06 * au[4], y + slope - .17 * au[1] + .13 * au[4] * (1 - .6 * au[1])),
        (inner + .1 - .05 * au[4],
         y - arch * .6 + slope * .5 - .13 * au[1] - .06 * au[2] + .11 * au[4] * (1 - .4 * au[1])),
        (middle + .06, y - arch - .05 * au[1] - .14 * au[2] + .08 * au[4]),
        (outer, y + .05 - slope - .16 * au[2] + .03 * au[4]),
    ]
    pen.stroke(spline(mirrored(points, side), 5), person.brow, person.brow_thickness * 2)
