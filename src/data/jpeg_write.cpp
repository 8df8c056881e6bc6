#include "mien/data/jpeg_write.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "rgb_image.h"

namespace mien {

void write_jpeg(const Image& image, int quality, const std::filesystem::path& file) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", bgr_of(image), bytes, {cv::IMWRITE_JPEG_QUALITY, quality});
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) {
    throw InputError("file", file.string(),
                     concat("cannot be written (", std::strerror(errno), ")"));
  }
}

}  // namespace mien
