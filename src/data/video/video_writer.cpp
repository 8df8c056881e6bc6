#include "mien/data/video_writer.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
}

#include <cmath>
#include <stdexcept>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/sync.h"
#include "mien/core/text.h"
#include "mien/data/frame_source.h"
#include "video/av.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// What a player would find: 0 for a file that is none.
std::int64_t frames_in(const fs::path& file) {
  try {
    const auto video = open_video(file, /*every=*/1);
    Frame first;
    return video->next(first) && first.problem.empty() ? video->expected() : 0;
  } catch (const ImageError&) {
    return 0;
  }
}

fs::path folder_for(const fs::path& file, const std::string& flag) {
  const fs::path folder = fs::absolute(file).parent_path();
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return folder;
  throw InputError(flag, file.string(), "expected a file name in a folder that exists");
}

/// H.264, which every browser plays, where FFmpeg has an encoder for it; else MPEG-4 part 2.
const AVCodec* best_codec() {
  for (const char* name : {"libx264", "libopenh264", "mpeg4"}) {
    const AVCodec* codec = avcodec_find_encoder_by_name(name);
    if (codec != nullptr) return codec;
  }
  return nullptr;
}

/// Output files are closed by the one who opened them.
struct CloseOutput {
  void operator()(AVFormatContext* format) const {
    if (format->pb != nullptr) avio_closep(&format->pb);
    avformat_free_context(format);
  }
};

}  // namespace

struct VideoWriter::State {
  State(const fs::path& path, const std::string& named_by, int columns, int rows)
      : file(path),
        flag(named_by),
        width(columns),
        height(rows),
        scratch(folder_for(path, named_by) / path.filename()),
        temporary(scratch.path() / "video.mp4"),
        packet(av_packet_alloc()),
        frame(av_frame_alloc()) {}

  bool open(double frames_per_second);
  void encode(const AVFrame* given);
  void finish();

  fs::path file;
  std::string flag;
  int width, height;
  ScratchFolder scratch;
  fs::path temporary;  ///< ends in .mp4, by which the format is chosen
  av::Owned<AVPacket> packet;
  av::Owned<AVFrame> frame;
  av::Owned<AVCodecContext> encoder;
  std::unique_ptr<AVFormatContext, CloseOutput> format;
  av::Owned<SwsContext> scaler;
  std::int64_t frames = 0;
  bool failed = false, finished = false;
};

/// False when a part of the way to the disk cannot be set up.
bool VideoWriter::State::open(double frames_per_second) {
  av::route_messages();
  const AVCodec* codec = best_codec();
  AVFormatContext* made = nullptr;
  if (codec == nullptr ||
      avformat_alloc_output_context2(&made, nullptr, "mp4", temporary.c_str()) < 0) {
    return false;
  }
  format.reset(made);
  if (codec->id != AV_CODEC_ID_H264) {
    log::info(
        "FFmpeg has no encoder for H.264 here: overlays are MPEG-4 part 2, which browsers "
        "do not play");
  }
  encoder.reset(avcodec_alloc_context3(codec));
  encoder->width = width / 2 * 2;  // the format has no odd sizes
  encoder->height = height / 2 * 2;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->framerate = av_d2q(frames_per_second, 60'000);
  encoder->time_base = av_inv_q(encoder->framerate);
  encoder->colorspace = AVCOL_SPC_SMPTE170M;  // what the scaler makes
  encoder->color_range = AVCOL_RANGE_MPEG;
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_opt_set(encoder->priv_data, "preset", "veryfast", 0);
  av_opt_set(encoder->priv_data, "crf", "20", 0);
  if (codec->id != AV_CODEC_ID_H264) encoder->bit_rate = std::int64_t{4} * width * height;
  AVStream* const stream = avformat_new_stream(format.get(), nullptr);
  if (avcodec_open2(encoder.get(), codec, nullptr) < 0 || stream == nullptr ||
      avcodec_parameters_from_context(stream->codecpar, encoder.get()) < 0) {
    return false;
  }
  stream->time_base = encoder->time_base;
  stream->avg_frame_rate = encoder->framerate;
  frame->format = encoder->pix_fmt;
  frame->width = encoder->width;
  frame->height = encoder->height;
  scaler.reset(sws_getContext(encoder->width, encoder->height, AV_PIX_FMT_RGB24, encoder->width,
                              encoder->height, encoder->pix_fmt, SWS_BICUBIC, nullptr, nullptr,
                              nullptr));
  if (!scaler || av_frame_get_buffer(frame.get(), 0) < 0) return false;
  if (avio_open(&format->pb, ("file:" + temporary.string()).c_str(), AVIO_FLAG_WRITE) < 0) {
    return false;
  }
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "+faststart", 0);
  const int code = avformat_write_header(format.get(), &options);
  av_dict_free(&options);
  return code >= 0;
}

/// A frame, or the end with null; what the encoder gives goes to the disk.
void VideoWriter::State::encode(const AVFrame* given) {
  if (failed) return;
  failed = avcodec_send_frame(encoder.get(), given) < 0;
  while (!failed) {
    const int code = avcodec_receive_packet(encoder.get(), packet.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
    if (code >= 0) {
      packet->stream_index = 0;
      packet->duration = 1;
      av_packet_rescale_ts(packet.get(), encoder->time_base, format->streams[0]->time_base);
    }
    failed = code < 0 || av_interleaved_write_frame(format.get(), packet.get()) < 0;
  }
}

void VideoWriter::State::finish() {
  if (finished || !format || format->pb == nullptr) return;
  finished = true;
  encode(nullptr);
  if (av_write_trailer(format.get()) < 0) failed = true;
  if (avio_closep(&format->pb) < 0) failed = true;
}

VideoWriter::VideoWriter(const fs::path& file, const std::string& flag, int width, int height,
                         double frames_per_second)
    : state_(std::make_unique<State>(file, flag, width, height)) {
  remove_dead_scratch(fs::absolute(file), kDeadTemporary);
  const bool usable = std::isfinite(frames_per_second) && frames_per_second > 0;
  if (!state_->open(usable ? frames_per_second : 25)) {
    throw InputError(flag, file.string(), "cannot be written as a video");
  }
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::write(const Image& image) {
  State& state = *state_;
  if (image.width != state.width || image.height != state.height) {
    throw std::logic_error("a video of pictures of several sizes");
  }
  const std::uint8_t* const planes[4] = {image.pixels.data()};
  const int strides[4] = {image.width * 3};
  if (av_frame_make_writable(state.frame.get()) < 0) throw std::bad_alloc();
  sws_scale(state.scaler.get(), planes, strides, 0, state.encoder->height, state.frame->data,
            state.frame->linesize);
  state.frame->pts = state.frames++;
  state.encode(state.frame.get());
}

void VideoWriter::commit() {
  State& state = *state_;
  state.finish();
  const std::int64_t found = state.failed ? 0 : frames_in(state.temporary);
  if (state.frames == 0 || found != state.frames) {
    throw InputError(state.flag, state.file.string(),
                     concat("cannot be written: ", found, " of ", state.frames,
                            " frames are in the file; expected room for it on the disk"));
  }
  move_into_place(state.temporary, state.file);
}

}  // namespace mien
