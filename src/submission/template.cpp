#include "mien/submission/template.h"

#include <unordered_map>

#include "mien/core/error.h"

namespace mien {

Template read_template(const std::filesystem::path& path) {
  Template out;
  out.text = std::make_unique<SubmissionReader>(path);
  SubmissionReader& reader = *out.text;
  out.task = reader.task();
  out.header = std::string(reader.header());
  std::unordered_map<std::string_view, std::uint32_t> index_of;
  std::string_view last_video;
  std::uint32_t current = 0;
  while (reader.next()) {
    const ImageLocation& image = reader.image();
    if (out.rows.empty() || last_video != image.video) {
      last_video = image.video;
      const auto known = static_cast<std::uint32_t>(out.videos.size());
      current = index_of.try_emplace(image.video, known).first->second;
      if (current == known) out.videos.emplace_back(image.video);
    }
    out.rows.push_back({reader.location(), current, image.frame});
  }
  if (out.rows.empty()) {
    throw InputError(path.string(), "no rows", "expected a row for every frame to answer");
  }
  return out;
}

}  // namespace mien
