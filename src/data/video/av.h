// FFmpeg's objects with owners, and its errors as text.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

namespace mien::av {

struct Free {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// "Invalid data found when processing input"
std::string error_text(int code);

/// The machine's fault, not the file's: no descriptor, no memory, a disk that cannot be read.
bool is_machines(int code);

/// FFmpeg's messages go to our log, when it is verbose; once for the process.
void route_messages();

}  // namespace mien::av
