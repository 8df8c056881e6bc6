// The packets and frames of the one stream of a file that is its film.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "video/av.h"

namespace mien {

/// A decoded frame, or one that the file has and that could not be decoded.
struct DecodedFrame {
  const AVFrame* frame = nullptr;  ///< null: lost; lives until the next call
  std::optional<double> seconds;   ///< since the file's start; none where nothing tells
};

/// Decodes the largest video stream that is no cover picture, in presentation order, on through
/// damage. For one thread at a time.
class VideoStream {
 public:
  /// `threads` of the decoder; 0: as many as there are processors. Throws ImageError when the file
  /// is no video that can be decoded, and InputError when the machine cannot read it.
  VideoStream(const std::filesystem::path& file, int threads);

  /// False at the end. Throws InputError when the machine cannot read on.
  bool next(DecodedFrame& out);

  const AVFormatContext& format() const { return *format_; }
  const AVStream& stream() const { return *stream_; }
  AVRational pixel_shape(const AVFrame& frame) const;

  /// Frames that the file promises by its index, or by duration and rate; 0: unknown.
  std::int64_t promised_frames() const;

  /// After the end: whether the file goes on behind what is there.
  bool is_truncated() const;
  std::int64_t damaged_frames() const { return damaged_; }  ///< shown, with concealed errors

 private:
  void open_format(const std::filesystem::path& file);
  void open_decoder(int threads);
  bool receive();
  void feed();
  void note_packet();
  double start_seconds() const;  ///< of the file, by its own clock
  std::optional<double> seconds_of(std::int64_t stamp) const;
  bool take_lost(std::int64_t before, DecodedFrame& out);

  std::filesystem::path file_;
  av::Owned<AVFormatContext> format_;
  AVStream* stream_ = nullptr;
  av::Owned<AVCodecContext> decoder_;
  av::Owned<AVPacket> packet_;
  av::Owned<AVFrame> frame_;
  std::multimap<std::int64_t, int> awaited_;  ///< stamps of packets whose frame has not come yet
  bool drained_ = false, held_ = false, had_errors_ = false, cut_packet_ = false;
  std::int64_t packets_ = 0, damaged_ = 0;
  int read_error_ = 0;
  std::optional<double> last_seconds_;
  double interval_ = 0.04;
};

}  // namespace mien
