#include "video/av.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <string_view>

#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien::av {
namespace {

void to_log(void* source, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_WARNING) return;
  std::array<char, 512> line{};
  int start_of_line = 1;
  av_log_format_line2(source, level, format, arguments, line.data(), static_cast<int>(line.size()),
                      &start_of_line);
  const std::string_view text = trim(line.data());
  if (!text.empty()) log::debug(concat("FFmpeg: ", text));
}

}  // namespace

std::string error_text(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

bool is_machines(int code) {
  for (const int number : {EIO, EMFILE, ENFILE, ENOMEM, ENODEV, ENXIO, ESTALE}) {
    if (code == AVERROR(number)) return true;
  }
  return false;
}

void route_messages() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(to_log); });
}

}  // namespace mien::av
