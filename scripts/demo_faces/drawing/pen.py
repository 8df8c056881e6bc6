"""Curves in face units, and the pen that projects them through a head pose onto a supersampled canvas.

Face units: origin between eyes and nose, x to the right, y down, 1 is half the width of an average face.
"""
from functools import lru_cache

import cv2
import numpy as np

from ..appearance import IMAGE_SIZE

SUPERSAMPLING = 2
CANVAS_SIZE = IMAGE_SIZE * SUPERSAMPLING
SUBPIXEL_BITS = 4
SUBPIXELS = 2 ** SUBPIXEL_BITS
PIXELS_PER_UNIT = 42  # output pixels a face unit at scale 1
FLAT_RELIEF = 128  # relief map: darker is a furrow, lighter a bulge
HEAD_RADII = np.array([1.2, 1.6])
HEAD_DEPTH = .85


@lru_cache(maxsize=None)
def spline_basis(points, samples, closed):
    """Matrix [.., points] that maps control points to a Catmull-Rom curve with `samples` steps a segment."""
    identity = np.eye(points)
    if closed:
        control = np.concatenate([identity[-1:], identity, identity[:2]])
    else:
        control = np.concatenate([2 * identity[:1] - identity[1:2], identity, 2 * identity[-1:] - identity[-2:-1]])
    t = np.linspace(0, 1, samples, endpoint=False)[None, :, None]
    a, b, c, d = (control[i:len(control) - 3 + i, None] for i in range(4))
    curve = b + .5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve = curve.reshape(-1, points)
    return curve if closed else np.concatenate([curve, identity[-1:]])


def spline(points, samples=8, closed=False):
    """Catmull-Rom curve through points [K,2]."""
    return spline_basis(len(points), samples, closed) @ np.asarray(points, float)


@lru_cache(maxsize=None)
def unit_circle(points):
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def ellipse(x, y, radius_x, radius_y, points=20):
    """Outline [points,2] of an upright ellipse."""
    return unit_circle(points) * (radius_x, radius_y) + (x, y)


@lru_cache(maxsize=None)
def taper(points):
    """Half-width profile [points,1] of a stroke: 1 in the middle, thin at the ends."""
    return np.sin(np.linspace(.12, np.pi - .12, points))[:, None] ** .6 / 2


def mirrored(points, side):
    """The points [K,2] for the right half of the face (side 1) or reflected to the left (side -1)."""
    return np.asarray(points, float) * (side, 1)


def shade(colour, factor=1.):
    """An RGB colour [3], or a grey level, scaled and as OpenCV wants it."""
    return (colour * factor).tolist() if isinstance(colour, np.ndarray) else colour


class Pen:
    """Draws on a uint8 RGB canvas [224,224,3] and on its relief map [224,224], both in face units."""

    def __init__(self, canvas, pose, scale, centre):
        """pose: yaw, pitch, roll in radians; scale: output pixels a face unit; centre [2] in output pixels."""
        self.canvas = canvas
        self.relief = np.full(canvas.shape[:2], FLAT_RELIEF, np.uint8)
        self.scale = scale * SUPERSAMPLING
        self.centre = np.asarray(centre, float)
        yaw, pitch, roll = pose
        sin_yaw, cos_yaw, sin_pitch, cos_pitch = np.sin(yaw), np.cos(yaw), np.sin(pitch), np.cos(pitch)
        turn = self.scale * np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
        middle = .45 * np.array([sin_yaw, -sin_pitch])  # keeps the crop centred on the face
        self.origin = self.centre * SUPERSAMPLING - middle @ turn
        self.flat_axes = turn
        self.surface_axes = np.array([[cos_yaw, sin_yaw * sin_pitch], [0, cos_pitch]]) @ turn
        self.depth_axis = np.array([sin_yaw, -cos_yaw * sin_pitch]) @ turn

    def pixels(self, points, lift=0., flat=False):
        """Canvas pixels [K,2] of points [K,2] on the head's ellipsoid (plus lift), or on its silhouette if flat."""
        points = np.asarray(points, float)
        if flat:
            return points @ self.flat_axes + self.origin
        radial = points / HEAD_RADII
        depth = HEAD_DEPTH * np.sqrt(np.maximum(.04, 1 - np.einsum("ij,ij->i", radial, radial))) + lift
        return points @ self.surface_axes + depth[:, None] * self.depth_axis + self.origin

    def subpixels(self, points, **projection):
        """The same in OpenCV's fixed-point units, int32 [K,2]."""
        return np.rint(self.pixels(points, **projection) * SUBPIXELS).astype(np.int32)

    def fill(self, points, colour, target=None, **projection):
        """Fills the outline points [K,2] on the canvas, or on target."""
        cv2.fillPoly(self.canvas if target is None else target, [self.subpixels(points, **projection)], shade(colour),
                     cv2.LINE_AA, SUBPIXEL_BITS)

    def cover(self, points, colour, **projection):
        """Fills something in front of the skin: it hides the relief too."""
        outline = [self.subpixels(points, **projection)]
        cv2.fillPoly(self.canvas, outline, shade(colour), cv2.LINE_AA, SUBPIXEL_BITS)
        cv2.fillPoly(self.relief, outline, FLAT_RELIEF, cv2.LINE_8, SUBPIXEL_BITS)

    def stroke(self, points, colour, width, target=None, **projection):
        """An open curve [K,2] as a ribbon that tapers to its ends; width is the middle's."""
        points = np.asarray(points, float)
        along = np.empty_like(points)
        along[1:-1] = points[2:] - points[:-2]
        along[0], along[-1] = points[1] - points[0], points[-1] - points[-2]
        across = along[:, ::-1] * (-1, 1)
        across *= taper(len(points)) * width / (np.sqrt(np.einsum("ij,ij->i", along, along))[:, None] + 1e-9)
        self.fill(np.concatenate([points + across, (points - across)[::-1]]), colour, target, **projection)

    def furrow(self, points, depth, width):
        """A smooth furrow through points [K,2] in the relief; depth in [0,1], nothing below .03."""
        if depth > .03:
            self.stroke(spline(points, 6), FLAT_RELIEF - 115 * min(1., depth), width, self.relief)

    def bulge(self, outline, height):
        """A raised patch in the relief; height in [0,1]."""
        self.fill(outline, FLAT_RELIEF + 90 * height, self.relief)

    def polyline(self, points, colour, closed=False, **projection):
        """A thin line of constant width, one output pixel."""
        cv2.polylines(self.canvas, [self.subpixels(points, **projection)], closed, shade(colour), SUPERSAMPLING,
                      cv2.LINE_AA, SUBPIXEL_BITS)
