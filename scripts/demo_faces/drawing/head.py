"""Shoulders, hair, head, beard, nose and glasses."""
import cv2
import numpy as np

from ..appearance import BALD, BOB, FULL_BEARD, LONG, NO_BEARD, PARTED, SHORT, STUBBLE
from .pen import CANVAS_SIZE, ellipse, mirrored, spline

JAW_DROP = .2  # how far AU26 lowers the chin
NECK = [(-.42, .7), (.42, .7), (.44, 1.6), (0, 1.8), (-.44, 1.6)]
SHIRT = [(-.42, .7), (.42, .7), (.46, 1.6), (1.9, 1.75), (1.9, 3), (-1.9, 3), (-1.9, 1.75), (-.46, 1.6)]
GLASSES_COLOUR = (35, 30, 30)


def chin_y(person, au):
    return person.chin_y + JAW_DROP * au[26]


def right_profile(person, au):
    """Points of the head's outline from crown to beside the chin, right half."""
    width, jaw, chin = person.face_width, person.jaw_width, chin_y(person, au)
    return [(0, person.crown_y), (.55, person.crown_y * .9), (.88 * width, -.62), (width, -.1), (.96 * width, .32),
            (.8 * jaw, .75 + .5 * JAW_DROP * au[26]), (.46 * jaw, chin - .12), (.2, chin - .01)]


def around_chin(profile, chin):
    """The right-hand points, the chin, and the right-hand points mirrored, in order."""
    return profile + [(0, chin)] + [(-x, y) for x, y in reversed(profile)]


def draw_behind(pen, person):
    """Shirt, neck, the hair behind the head, and ears."""
    pen.fill(SHIRT, person.shirt, flat=True)
    pen.fill(NECK, person.skin * .75, flat=True)
    if person.hair_style in (LONG, BOB):
        low = 1.5 if person.hair_style == LONG else .75
        mane = [(0, -1.5), (.85, -1.25), (1.22, -.4), (1.2, .5), (1.05, low), (-1.05, low), (-1.2, .5), (-1.22, -.4),
                (-.85, -1.25)]
        pen.fill(spline(mane, 6, True), person.hair * .8, flat=True)
    elif person.hair_style != BALD:
        pen.fill(ellipse(0, -.45, 1.09 * person.face_width, -person.crown_y * .85), person.hair * .85, flat=True)
    for side in (-1, 1):
        pen.fill(ellipse(side * person.face_width * .99, .02, .11, .24), person.skin * .85, flat=True)


def draw_head(pen, person, au):
    """The head without features; returns its mask, uint8 [224,224] of 0 to 255."""
    profile = right_profile(person, au)
    outline = spline(profile + [(0, chin_y(person, au))] + [(-x, y) for x, y in profile[:0:-1]], 6, True)
    pen.fill(outline, person.skin, flat=True)
    mask = np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    pen.fill(outline, 255, mask, flat=True)
    return mask


def draw_beard(pen, person, au, lower_lip_y):
    """Stubble over the lower face, or a chin beard that leaves the lips and the skin round them free."""
    if person.beard == NO_BEARD:
        return
    outline = around_chin(right_profile(person, au)[4:], chin_y(person, au))
    if person.beard == STUBBLE:
        outline += [(-.5, .62), (-.3, .48), (0, .46), (.3, .48), (.5, .62)]
    elif person.beard == FULL_BEARD:
        outline += [(-.66, .7), (-.5, lower_lip_y + .02), (-.24, lower_lip_y + .13), (0, lower_lip_y + .16),
                    (.24, lower_lip_y + .13), (.5, lower_lip_y + .02), (.66, .7)]
    opacity = .2 if person.beard == STUBBLE else .75
    layer = pen.canvas.copy()
    pen.fill(spline(outline, 5, True), person.hair * .6 + person.skin * .25, layer)
    cv2.addWeighted(layer, opacity, pen.canvas, 1 - opacity, 0, pen.canvas)


def draw_nose(pen, person, au):
    """Bridge, base, nostrils and wings; AU10 pulls the wings up and apart."""
    width, y, rise = person.nose_width * (1 + .1 * au[10]), person.nose_y, -.07 * au[10]
    skin = person.skin
    pen.stroke(spline([(-.07, person.eye_y), (-.08, .08), (-width * .75, y + rise)], 6), skin * .84, .03, lift=.12)
    base = [(-width, y + rise), (-width * .5, y + .07 + rise / 2), (0, y + .085), (width * .5, y + .07 + rise / 2),
            (width, y + rise)]
    pen.stroke(spline(base, 5), skin * .7, .035, lift=.14)
    wing = np.array([(.98 * width, y - .06 + rise), (1.15 * width, y - .01 + rise), (.95 * width, y + .06 + rise)])
    for side in (-1, 1):
        pen.fill(ellipse(side * width * .48, y + .035 + rise / 2, .045, .022, 12), skin * .33, lift=.16)
        pen.stroke(spline(mirrored(wing, side), 5), skin * .72, .03, lift=.08)


def draw_front_hair(pen, person):
    """The fringe of the styles that have one."""
    crown, width = person.crown_y, person.face_width
    over_crown = [(.7, crown - .15), (0, crown - .28), (-.7, crown - .15)]
    if person.hair_style in (SHORT, BOB):
        fringe = [(-1.03 * width, -.35), (-.8, -.78), (-.3, -.93), (.3, -.95), (.8, -.78), (1.03 * width, -.35),
                  (1.1, -.8), *over_crown, (-1.1, -.8)]
    elif person.hair_style in (PARTED, LONG):
        fringe = [(-1.03 * width, -.2), (-.8, -.6), (-.35, -.82), (.1, -.8), (.75, -.62), (1.03 * width, -.2),
                  (1.12, -.8), *over_crown, (-1.12, -.8)]
    else:
        return
    pen.cover(spline(fringe, 5, True), person.hair, flat=True)


def draw_glasses(pen, person):
    if not person.glasses:
        return
    for side in (-1, 1):
        rim = ellipse(side * person.eye_x, person.eye_y + .03, person.eye_width + .1, .2)
        pen.polyline(rim, GLASSES_COLOUR, closed=True, lift=.1)
    pen.polyline([(-.1, person.eye_y), (0, person.eye_y - .03), (.1, person.eye_y)], GLASSES_COLOUR, lift=.15)
