#include "formats/cmyk_jpeg.h"

#include <jpeglib.h>  // needs size_t and FILE

#include <csetjmp>
#include <cstdio>

namespace mien {
namespace {

/// libjpeg's way out of an error; it must not return.
struct ErrorExit {
  jpeg_error_mgr manager;
  std::jmp_buf back;
};

void on_error(j_common_ptr info) {
  std::longjmp(reinterpret_cast<ErrorExit*>(info->err)->back, 1);
}

void on_message(j_common_ptr) {}

/// Light times light over 255, rounded.
std::uint8_t product(unsigned a, unsigned b) {
  const unsigned scaled = a * b + 128;
  return static_cast<std::uint8_t>(((scaled >> 8) + scaled) >> 8);
}

/// What is left of the white paper by a colour and by black, both as 255 minus ink.
std::uint8_t light(std::uint8_t colour, std::uint8_t black) {
  return static_cast<std::uint8_t>(black - product(255U - colour, black));
}

/// Only what needs no destructor lives between setjmp and longjmp.
bool read_inks(FileBytes file, std::vector<std::uint8_t>& inks, int& width, int& height) {
  jpeg_decompress_struct info{};
  ErrorExit errors{};
  info.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = on_error;
  errors.manager.output_message = on_message;
  if (setjmp(errors.back) != 0) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_CMYK;
  jpeg_start_decompress(&info);
  width = static_cast<int>(info.output_width);
  height = static_cast<int>(info.output_height);
  const std::size_t row = std::size_t{info.output_width} * 4;
  inks.resize(row * info.output_height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW at = inks.data() + row * info.output_scanline;
    jpeg_read_scanlines(&info, &at, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return true;
}

}  // namespace

Image decode_cmyk_jpeg(FileBytes file) {
  Image image;
  std::vector<std::uint8_t> inks;
  if (!read_inks(file, inks, image.width, image.height)) {
    throw ImageError("damaged: cannot be decoded");
  }
  image.pixels.reserve(inks.size() / 4 * 3);
  for (std::size_t i = 0; i < inks.size(); i += 4) {
    for (std::size_t c = 0; c < 3; ++c) image.pixels.push_back(light(inks[i + c], inks[i + 3]));
  }
  return image;
}

}  // namespace mien
