"""Furrows and bulges of the skin, drawn into the pen's relief map; how deep they are depends on the person."""
from .pen import ellipse, mirrored

VISIBLE = .05  # intensity from which an action unit marks the skin


def draw_folds(pen, person, au, mouth):
    """All folds of one frame; au is a dict of intensities by action unit."""
    for side in (-1, 1):
        draw_cheek(pen, person, au, side)
        draw_nasolabial(pen, person, au, mouth, side)
        draw_mouth_corner(pen, person, au, mouth, side)
        draw_frown(pen, person, au, side)
    draw_forehead(pen, person, au)
    draw_chin(pen, au, mouth)


def draw_cheek(pen, person, au, side):
    """AU6: raised cheek, pouch under the eye, crow's feet."""
    lift, wrinkles = au[6], person.wrinkles
    if lift <= .03:
        return
    pen.bulge(ellipse(side * .52, .16 - .05 * lift, .22, .13), .83 * lift * min(1, wrinkles))
    pen.furrow(mirrored([(.28, .09), (.45, .13 - .02 * lift), (.64, .05)], side), .8 * lift * wrinkles, .035)
    corner = person.eye_x + person.eye_width
    for dy in (-.09, 0, .09):
        feet = [(corner + .05, person.eye_y + dy * .5), (corner + .19, person.eye_y + dy * 1.4)]
        pen.furrow(mirrored(feet, side), .8 * lift * wrinkles, .025)


def draw_nasolabial(pen, person, au, mouth, side):
    """The fold from nose to mouth corner: AU12 deepens it all, AU10 its upper end, with a wrinkle beside the nose."""
    wrinkles, width = person.wrinkles, person.nose_width
    depth = min(.12 * wrinkles + .75 * au[12] * wrinkles + .9 * au[10] * wrinkles + .2 * au[6], 1.)
    fold = [(width + .03, person.nose_y - .04 - .08 * au[10]), (.30 + .06 * au[12] + .06 * au[10], .40 - .09 * au[10]),
            (mouth.half_width + .08 + .02 * au[12] + .04 * au[10], person.mouth_y - .05 - .05 * au[12] - .1 * au[10])]
    pen.furrow(mirrored(fold, side), depth, .045 + .02 * au[10])
    if au[10] > VISIBLE:
        pen.furrow(mirrored([(.1, -.02), (.18, .06), (.16, .18)], side), .85 * au[10] * wrinkles, .035)
        pen.bulge(ellipse(side * (width + .12), person.nose_y - .02, .07, .09), .5 * au[10])


def draw_mouth_corner(pen, person, au, mouth, side):
    """AU15: a line down from the corner; AU12: a dimple; AU23: lines round the lips; AU24: a crease at the corner."""
    wrinkles, x, y = person.wrinkles, mouth.half_width, mouth.corner_y
    if au[15] > VISIBLE:
        pen.furrow(mirrored([(x + .02, y), (x + .08, y + .1), (x + .05, y + .22)], side), .95 * au[15] * wrinkles, .045)
    if au[12] > VISIBLE:
        pen.furrow(mirrored([(x + .05, y - .06), (x + .075, y), (x + .05, y + .05)], side), .8 * au[12], .03)
    if au[24] > VISIBLE:
        pen.furrow(mirrored([(x + .03, y - .09), (x + .05, y), (x + .03, y + .09)], side), .9 * au[24], .045)
    if au[23] > VISIBLE:
        for part in (.3, .75):
            inner, outer = x * part, x * part * 1.15
            above, below = mouth.top_y, mouth.bottom_y
            pen.furrow(mirrored([(inner, above - .02), (outer, above - .13)], side), .95 * au[23], .035)
            pen.furrow(mirrored([(inner, below + .02), (outer, below + .11)], side), .85 * au[23], .035)


def draw_frown(pen, person, au, side):
    """AU4: vertical lines between the brows; AU2: lines above the outer brow."""
    y, wrinkles = person.brow_y, person.wrinkles
    if au[4] > VISIBLE:
        line = [(.085 - .02 * au[4], y - .1), (.07, y + .02), (.09, y + .1)]
        pen.furrow(mirrored(line, side), .95 * au[4] * wrinkles, .035)
    if au[2] > VISIBLE:
        for row in (y - .27, y - .39):
            pen.furrow(mirrored([(.32, row), (.5, row - .04), (.72, row + .05)], side), .7 * au[2] * wrinkles, .03)


def draw_forehead(pen, person, au):
    """AU1: lines across the middle of the forehead."""
    if au[1] > VISIBLE:
        for row in (person.brow_y - .24, person.brow_y - .35):
            line = [(-.26, row + .02), (-.12, row - .02), (0, row), (.12, row - .02), (.26, row + .02)]
            pen.furrow(line, .75 * au[1] * person.wrinkles, .03)


def draw_chin(pen, au, mouth):
    """AU24: rolls of skin above and below the pressed lips and a boss on the chin; else the usual hollow."""
    width, below = mouth.half_width, mouth.bottom_y
    if au[24] <= VISIBLE:
        pen.furrow([(-.16, below + .09), (0, below + .11), (.16, below + .09)], .25 + .5 * au[15], .05)
        return
    pen.bulge(ellipse(0, mouth.top_y - .055, width * .8, .05), .65 * au[24])
    pen.bulge(ellipse(0, below + .055, width * .75, .05), .65 * au[24])
    pen.furrow([(-width * .8, below + .11), (0, below + .15), (width * .8, below + .11)], au[24], .055)
    pen.bulge(ellipse(0, below + .27, width * .5, .08), .6 * au[24])
