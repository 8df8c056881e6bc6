#include "video/video_stream.h"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/opt.h>
}

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/image.h"

namespace mien {
namespace {

constexpr std::int64_t kMostPixels = 1 << 28;
constexpr std::size_t kMostAwaited = 4096;  ///< far beyond any decoder's delay

/// What a person can do something about, as far as the file tells it.
std::string why_not(const std::filesystem::path& file) {
  std::error_code error;
  if (::access(file.c_str(), R_OK) != 0) {
    return concat("cannot be read (", std::strerror(errno), ")");
  }
  const auto bytes = std::filesystem::file_size(file, error);
  return !error && bytes == 0 ? "an empty file" : "not a video that can be decoded";
}

[[noreturn]] void refuse(const std::filesystem::path& file, int code) {
  if (av::is_machines(code)) {
    throw InputError("video", file.string(), "cannot be read (" + av::error_text(code) + ")");
  }
  throw ImageError(why_not(file));
}

bool is_film(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
}

std::int64_t area_of(const AVStream& stream) {
  return std::int64_t{stream.codecpar->width} * stream.codecpar->height;
}

/// The seconds of "00:00:10.480000000", the duration that Matroska keeps of each stream.
std::optional<double> tagged_duration(const AVStream& stream) {
  const AVDictionaryEntry* tag = av_dict_get(stream.metadata, "DURATION", nullptr, 0);
  if (tag == nullptr) return std::nullopt;
  const std::string text = tag->value;
  const auto parts = split(text, ':');
  double seconds = 0;
  for (const std::string_view part : parts) {
    double number = 0;
    if (!parse_number(trim(part), number)) return std::nullopt;
    seconds = seconds * 60 + number;
  }
  return parts.size() == 3 ? std::optional(seconds) : std::nullopt;
}

}  // namespace

VideoStream::VideoStream(const std::filesystem::path& file, int threads)
    : file_(std::filesystem::absolute(file)), packet_(av_packet_alloc()), frame_(av_frame_alloc()) {
  av::route_messages();
  open_format(file_);
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* const stream = format_->streams[i];
    stream->discard = AVDISCARD_ALL;
    if (is_film(*stream) && (stream_ == nullptr || area_of(*stream) > area_of(*stream_))) {
      stream_ = stream;
    }
  }
  if (stream_ == nullptr) throw ImageError("not a video that can be decoded");
  stream_->discard = AVDISCARD_DEFAULT;
  open_decoder(threads);
  const AVRational rate = av_guess_frame_rate(format_.get(), stream_, nullptr);
  if (rate.num > 0 && rate.den > 0) interval_ = 1 / av_q2d(rate);
}

void VideoStream::open_format(const std::filesystem::path& file) {
  AVFormatContext* opened = nullptr;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);  // a playlist opens nothing elsewhere
  // The prefix: a name with a colon would be taken for a protocol.
  const int code =
      avformat_open_input(&opened, ("file:" + file.string()).c_str(), nullptr, &options);
  av_dict_free(&options);
  if (code < 0) refuse(file, code);
  format_.reset(opened);
  const int found = avformat_find_stream_info(format_.get(), nullptr);
  if (found < 0) refuse(file, found);
}

void VideoStream::open_decoder(int threads) {
  const AVCodec* codec = avcodec_find_decoder(stream_->codecpar->codec_id);
  if (codec == nullptr) {
    throw ImageError(concat("is coded as ", avcodec_get_name(stream_->codecpar->codec_id),
                            ", for which there is no decoder here"));
  }
  decoder_.reset(avcodec_alloc_context3(codec));
  if (!decoder_) throw std::bad_alloc();
  int code = avcodec_parameters_to_context(decoder_.get(), stream_->codecpar);
  decoder_->pkt_timebase = stream_->time_base;
  decoder_->thread_count = threads;
  decoder_->max_pixels = kMostPixels;
  if (code >= 0) code = avcodec_open2(decoder_.get(), codec, nullptr);
  if (code < 0) refuse(file_, code);
}

AVRational VideoStream::pixel_shape(const AVFrame& frame) const {
  return av_guess_sample_aspect_ratio(format_.get(), stream_, const_cast<AVFrame*>(&frame));
}

double VideoStream::start_seconds() const {
  return format_->start_time == AV_NOPTS_VALUE
             ? 0
             : static_cast<double>(format_->start_time) / AV_TIME_BASE;
}

std::optional<double> VideoStream::seconds_of(std::int64_t stamp) const {
  if (stamp == AV_NOPTS_VALUE) return std::nullopt;
  return static_cast<double>(stamp) * av_q2d(stream_->time_base) - start_seconds();
}

void VideoStream::note_packet() {
  ++packets_;
  cut_packet_ = (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0;
  if ((packet_->flags & AV_PKT_FLAG_DISCARD) != 0 || packet_->pts == AV_NOPTS_VALUE) return;
  awaited_.emplace(packet_->pts, 0);
  if (awaited_.size() > kMostAwaited) awaited_.erase(awaited_.begin());
}

/// The next packet of the stream into the decoder; at the end it is told to give what it holds.
void VideoStream::feed() {
  for (;;) {
    av_packet_unref(packet_.get());
    const int code = av_read_frame(format_.get(), packet_.get());
    if (code < 0) {
      if (av::is_machines(code) && format_->pb != nullptr && format_->pb->error < 0 &&
          av::is_machines(format_->pb->error)) {
        throw InputError("video", file_.string(),
                         "cannot be read on (" + av::error_text(code) + ")");
      }
      read_error_ = code;
      drained_ = true;
      avcodec_send_packet(decoder_.get(), nullptr);
      return;
    }
    if (packet_->stream_index == stream_->index) break;
  }
  note_packet();
  if (avcodec_send_packet(decoder_.get(), packet_.get()) < 0) had_errors_ = true;
}

/// Decodes the next frame into `frame_`; false at the end.
bool VideoStream::receive() {
  for (;;) {
    const int code = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (code >= 0) return true;
    if (code == AVERROR_EOF) return false;
    if (code != AVERROR(EAGAIN)) {
      if (code == AVERROR(ENOMEM)) throw std::bad_alloc();
      had_errors_ = true;
      if (drained_) return false;
    }
    if (drained_ && code == AVERROR(EAGAIN)) return false;
    if (!drained_) feed();
  }
}

/// A frame that was to come before the stamp and did not: lost, where the decoder met errors; else
/// one that is not meant to be seen.
bool VideoStream::take_lost(std::int64_t before, DecodedFrame& out) {
  while (!awaited_.empty() && awaited_.begin()->first < before) {
    const std::int64_t stamp = awaited_.begin()->first;
    awaited_.erase(awaited_.begin());
    if (!had_errors_) continue;
    out = {nullptr, seconds_of(stamp)};
    last_seconds_ = out.seconds;
    return true;
  }
  return false;
}

bool VideoStream::next(DecodedFrame& out) {
  // What was torn off with the end of the file is missing, not lost.
  if (!held_ && !receive()) return !is_truncated() && take_lost(INT64_MAX, out);
  held_ = true;
  const std::int64_t stamp = frame_->best_effort_timestamp;
  if (stamp != AV_NOPTS_VALUE && take_lost(stamp, out)) return true;
  held_ = false;
  const auto own = awaited_.find(stamp);
  if (own != awaited_.end()) awaited_.erase(own);
  if ((frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame_->decode_error_flags != 0) ++damaged_;
  out = {frame_.get(), seconds_of(stamp)};
  if (!out.seconds) out.seconds = last_seconds_ ? *last_seconds_ + interval_ : 0;
  last_seconds_ = out.seconds;
  return true;
}

std::int64_t VideoStream::promised_frames() const {
  if (stream_->nb_frames > 0) return stream_->nb_frames;
  double seconds = stream_->duration != AV_NOPTS_VALUE
                       ? static_cast<double>(stream_->duration) * av_q2d(stream_->time_base)
                   : format_->duration != AV_NOPTS_VALUE
                       ? static_cast<double>(format_->duration) / AV_TIME_BASE
                       : 0;
  // Matroska counts from 0 on, whenever the first frame comes.
  if (std::string_view(format_->iformat->name).starts_with("matroska")) seconds -= start_seconds();
  return seconds > 0 && seconds < 1e9 ? std::llround(seconds / interval_) : 0;
}

bool VideoStream::is_truncated() const {
  if (cut_packet_) return true;
  if (read_error_ != 0 && read_error_ != AVERROR_EOF) return true;
  const int entries = avformat_index_get_entries_count(stream_);
  if (stream_->nb_frames > 0 && entries > packets_) return true;  // samples behind the file's end
  const auto duration = tagged_duration(*stream_);
  const double allowance = std::max(3 * interval_, .1);
  return duration && last_seconds_ &&
         *last_seconds_ + start_seconds() + interval_ + allowance < *duration;
}

}  // namespace mien
