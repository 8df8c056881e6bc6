#include "formats/heif.h"

#ifdef MIEN_HEIF
#include <libheif/heif.h>

#include <algorithm>
#include <memory>
#endif

#include "mien/core/text.h"

namespace mien {

#ifndef MIEN_HEIF

bool has_heif() {
  return false;
}

Image decode_heif(FileBytes, Orientation) {
  throw ImageError("an HEIC or AVIF image, which this build does not read (libheif)");
}

#else

namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Context = std::unique_ptr<heif_context, Free<heif_context_free> >;
using Handle = std::unique_ptr<heif_image_handle, Free<heif_image_handle_release> >;
using Picture = std::unique_ptr<heif_image, Free<heif_image_release> >;
using Options = std::unique_ptr<heif_decoding_options, Free<heif_decoding_options_free> >;

void require(const heif_error& error) {
  if (error.code == heif_error_Ok) return;
  const bool ended = error.subcode == heif_suberror_End_of_data;
  throw ImageError(ended ? std::string("truncated")
                         : concat("damaged: ", std::string(error.message).substr(0, 60)));
}

/// Boxes of length and type up to the end of the file: a cut one shows.
void require_whole_boxes(FileBytes file) {
  for (std::size_t at = 0; at < file.size();) {
    std::uint64_t length = read_u32(file, at);
    read_u32(file, at + 4);
    if (length == 0) return;  // up to the end
    if (length == 1) length = std::uint64_t{read_u32(file, at + 8)} << 32 | read_u32(file, at + 12);
    if (length < 8) throw ImageError("damaged: a box without a length");
    if (length > file.size() - at) throw ImageError("truncated");
    at += length;
  }
}

Handle main_picture(heif_context* context) {
  heif_image_handle* handle = nullptr;
  require(heif_context_get_primary_image_handle(context, &handle));
  return Handle(handle);
}

/// By the brand behind the first box's head.
bool is_avif(FileBytes file) {
  constexpr std::uint32_t kAvif = 0x61766966, kAvis = 0x61766973;
  const std::uint32_t brand = read_u32(file, 8);
  return brand == kAvif || brand == kAvis;
}

Picture decoded(const heif_image_handle* handle, bool as_stored) {
  const Options options(heif_decoding_options_alloc());
  options->ignore_transformations = as_stored ? 1 : 0;
  options->convert_hdr_to_8bit = 1;
  options->strict_decoding = 1;
  heif_image* image = nullptr;
  require(heif_decode_image(handle, &image, heif_colorspace_RGB, heif_chroma_interleaved_RGB,
                            options.get()));
  return Picture(image);
}

}  // namespace

bool has_heif() {
  return true;
}

Image decode_heif(FileBytes file, Orientation orientation) {
  require_whole_boxes(file);
  const Context context(heif_context_alloc());
  heif_context_set_max_decoding_threads(context.get(), 0);  // those of the caller are enough
  require(
      heif_context_read_from_memory_without_copy(context.get(), file.data(), file.size(), nullptr));
  const Handle handle = main_picture(context.get());
  require_decodable_size(static_cast<std::uint32_t>(heif_image_handle_get_width(handle.get())),
                         static_cast<std::uint32_t>(heif_image_handle_get_height(handle.get())));
  const bool as_stored = orientation == Orientation::kAsStored && is_avif(file);
  const Picture picture = decoded(handle.get(), as_stored);
  int stride = 0;
  const std::uint8_t* rows =
      heif_image_get_plane_readonly(picture.get(), heif_channel_interleaved, &stride);
  Image image{heif_image_get_width(picture.get(), heif_channel_interleaved),
              heif_image_get_height(picture.get(), heif_channel_interleaved),
              {}};
  const std::size_t row = static_cast<std::size_t>(image.width) * 3;
  image.pixels.resize(row * static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(rows + std::ptrdiff_t{y} * stride, row,
                image.pixels.data() + static_cast<std::size_t>(y) * row);
  }
  return image;
}

#endif

}  // namespace mien
