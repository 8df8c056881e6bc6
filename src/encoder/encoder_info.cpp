#include "mien/encoder/encoder_info.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;

template <class T>
T value_of(const json& object, const char* key, const char* expected, const std::string& what) {
  try {
    return object.at(key).get<T>();
  } catch (const json::exception&) {
    throw InputError(what + ": " + key, object.contains(key) ? json_text(object[key]) : "(missing)",
                     std::string("expected ") + expected);
  }
}

std::string optional_text(const json& object, const char* key, const std::string& what) {
  return object.contains(key) ? value_of<std::string>(object, key, "a text", what) : "";
}

}  // namespace

json to_json(const EncoderInfo& info) {
  return {{"name", info.name},
          {"image_size", info.image_size},
          {"embedding_dim", info.embedding_dim},
          {"mean", info.mean},
          {"std", info.std},
          {"resize", resize_filter_name(info.resize)},
          {"source", info.source},
          {"weights_sha256", info.weights_sha256},
          {"file_sha256", info.file_sha256}};
}

EncoderInfo encoder_info_from_json(const json& object, const std::string& what) {
  if (!object.is_object()) throw InputError(what, "encoder", "expected a JSON object");
  EncoderInfo info;
  info.name = value_of<std::string>(object, "name", "a text", what);
  info.image_size = value_of<std::int64_t>(object, "image_size", "a whole number", what);
  info.embedding_dim = value_of<std::int64_t>(object, "embedding_dim", "a whole number", what);
  info.mean = value_of<std::array<double, 3>>(object, "mean", "three numbers", what);
  info.std = value_of<std::array<double, 3>>(object, "std", "three numbers", what);
  info.resize = resize_filter_from_name(
      value_of<std::string>(object, "resize", "bicubic or bilinear", what), what + ": resize");
  info.source = optional_text(object, "source", what);
  info.weights_sha256 = optional_text(object, "weights_sha256", what);
  info.file_sha256 = optional_text(object, "file_sha256", what);
  if (info.image_size < 1 || info.image_size > 4096) {
    throw InputError(what + ": image_size", std::to_string(info.image_size), "expected 1 to 4096");
  }
  if (info.embedding_dim < 1) {
    throw InputError(what + ": embedding_dim", std::to_string(info.embedding_dim),
                     "expected at least 1");
  }
  for (const double value : info.std) {
    if (!(value > 0)) throw InputError(what + ": std", shortest(value), "expected above 0");
  }
  return info;
}

std::array<double, 3> parse_rgb(const std::string& text, const std::string& flag) {
  const auto parts = split(text, ',');
  std::array<double, 3> values{};
  bool good = parts.size() == values.size();
  for (std::size_t i = 0; good && i < values.size(); ++i) {
    good = parse_number(trim(parts[i]), values[i]) && std::isfinite(values[i]);
  }
  if (!good) throw InputError(flag, text, "expected three numbers r,g,b such as .5,.5,.5");
  return values;
}

}  // namespace mien
