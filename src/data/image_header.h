// What a picture's file says of itself, read without decoding: decoders fill what is missing with
// grey and take a header's word for gigabytes, so both are looked at before one is called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mien/data/image.h"

namespace mien {

using FileBytes = std::span<const std::uint8_t>;

enum class ImageFormat { kJpeg, kPng, kWebp, kBmp, kTiff, kHeif };

struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  int width = 0;
  int height = 0;
  int inks = 0;  ///< components of a JPEG: 1 grey, 3 colour, 4 CMYK
};

constexpr std::size_t kLongestSignature = 12;

/// By the file's first bytes, kLongestSignature of them or all. Throws ImageError: "empty file",
/// "not a JPEG or PNG image, nor ...", "truncated", and the format's name when it is known but not
/// read.
ImageFormat format_of(FileBytes start);

/// Recognises the format by content and walks the file to its end. Throws ImageError as
/// format_of(), and "truncated", too many pixels, damaged. Of an HEIF file only the format is told.
ImageHeader check_image(FileBytes file);

/// The walks of the formats, from the first byte after the signature.
ImageHeader check_jpeg(FileBytes file);
ImageHeader check_png(FileBytes file);
ImageHeader check_webp(FileBytes file);
ImageHeader check_bmp(FileBytes file);
ImageHeader check_tiff(FileBytes file);

/// A whole PNG (see check_png) without the chunks that the pixels do not depend on: profiles,
/// texts, gamma and transparency, over which the decoder would complain or stumble.
std::vector<std::uint8_t> critical_chunks(FileBytes png);

/// A whole TIFF whose alpha, if it has some, is called something unknown: the decoder would
/// multiply the colours by it.
std::vector<std::uint8_t> without_alpha(FileBytes tiff);

/// Throws ImageError unless the sides are positive and the area below Pillow's limit.
void require_decodable_size(std::uint32_t width, std::uint32_t height);

/// A little-endian number. Throws ImageError("truncated") outside the file.
std::uint32_t little_u32(FileBytes file, std::size_t at);

/// Big-endian numbers. Throw ImageError("truncated") outside the file.
std::uint32_t read_u8(FileBytes file, std::size_t at);
std::uint32_t read_u16(FileBytes file, std::size_t at);
std::uint32_t read_u32(FileBytes file, std::size_t at);

}  // namespace mien
