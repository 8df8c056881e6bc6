// From a face in a picture to the upright crop that encoders are trained on.
#pragma once

#include "mien/data/face_detector.h"
#include "mien/data/image.h"

namespace mien {

/// (x, y) -> (a x - b y + shift_x, b x + a y + shift_y): rotation, one scale, translation.
struct Similarity {
  double a = 1, b = 0, shift_x = 0, shift_y = 0;

  Point operator()(const Point& point) const {
    return {a * point.x - b * point.y + shift_x, b * point.x + a * point.y + shift_y};
  }
  double scale() const;
};

/// Where the landmarks lie in an aligned crop of `size` pixels: ArcFace's positions for 112 (Deng
/// et al. 2019, arXiv 1801.07698), times size / 112.
Landmarks face_template(int size);

/// The similarity that brings `from` closest to `to` in the least squares (Umeyama 1991; in the
/// plane its closed form is a quotient of two sums). Points that coincide give scale 0.
Similarity fit_similarity(const Landmarks& from, const Landmarks& to);

/// Picture -> crop of the face. Without landmarks, or with useless ones, the box's usual
/// proportions stand for them.
Similarity crop_similarity(const Detection& face, int size);

/// The crop [size, size]: bilinear between pixel centres, black outside the picture. Where the
/// picture shrinks, an output pixel averages an n x n grid of samples, n = ceil(1 / scale), at most
/// 16.
Image warp(const Image& image, const Similarity& to_crop, int size);

}  // namespace mien
