#include <cstdint>

#include "mien/core/error.h"
#include "mien/data/image.h"
#include "probe.h"

namespace mien::probe {
namespace {

std::int64_t whole(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

/// paths, size, filter -> `crops` U8 [n, size, size, 3]; metadata `errors`: a JSON list of null or
/// the reason, one an image.
void crop(const SafetensorsFile&, const nlohmann::json& options, Output& output) {
  const auto paths = options.at("paths").get<std::vector<std::string>>();
  const int size = options.at("size");
  const ResizeFilter filter = resize_filter_from_name(options.at("filter"), "filter");
  const std::size_t bytes = static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 3;
  std::vector<std::uint8_t> crops(paths.size() * bytes);
  nlohmann::json errors = nlohmann::json::array();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    errors.push_back(nullptr);
    try {
      load_crop(paths[i], size, filter, std::span(crops).subspan(i * bytes, bytes));
    } catch (const ImageError& problem) {
      errors.back() = problem.what();
    }
  }
  output.add("crops", DType::kU8, {whole(paths.size()), size, size, 3}, crops);
  output.metadata["errors"] = errors.dump();
}

/// paths, upright -> a tensor a decoded image, by its index: U8 [height, width, 3]; metadata
/// `errors` as crop().
void decode(const SafetensorsFile&, const nlohmann::json& options, Output& output) {
  const auto paths = options.at("paths").get<std::vector<std::string>>();
  const Orientation orientation =
      options.at("upright") ? Orientation::kUpright : Orientation::kAsStored;
  nlohmann::json errors = nlohmann::json::array();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    errors.push_back(nullptr);
    try {
      const Image image = load_image(paths[i], orientation);
      output.add(std::to_string(i), DType::kU8, {image.height, image.width, 3}, image.pixels);
    } catch (const ImageError& problem) {
      errors.back() = problem.what();
    }
  }
  output.metadata["errors"] = errors.dump();
}

/// `pixels` U8 [h, w, 3], width, height, filter -> `pixels` U8 [height, width, 3].
void resize_pixels(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  const TensorView& pixels = input.tensor("pixels", DType::kU8, 3);
  const auto bytes = pixels.as<std::uint8_t>();
  const Image image{static_cast<int>(pixels.shape[1]),
                    static_cast<int>(pixels.shape[0]),
                    {bytes.begin(), bytes.end()}};
  const Image resized = resize(image, options.at("width"), options.at("height"),
                               resize_filter_from_name(options.at("filter"), "filter"));
  output.add("pixels", DType::kU8, {resized.height, resized.width, 3}, resized.pixels);
}

}  // namespace

std::map<std::string, Function> data_probes() {
  return {{"crop", crop}, {"decode", decode}, {"resize", resize_pixels}};
}

}  // namespace mien::probe
