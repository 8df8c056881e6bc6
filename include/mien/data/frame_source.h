// Pictures one after the other: the frames of a video file, or image files in their order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/image.h"
#include "mien/data/image_roots.h"

namespace mien {

inline constexpr std::int64_t kNoNumber = -1;

struct Frame {
  std::int64_t number = 0;  ///< from 1 in a video; as in the file's name otherwise, or kNoNumber
  std::optional<double> seconds;  ///< since the video's start, not descending; none for image files
  Image image;                    ///< upright; empty when there is a problem
  std::string problem;            ///< why there is no picture
  std::string name;               ///< file name of a photo, which is no film's frame; else empty
};

/// Only one frame is held at a time, however long the video. For one thread at a time.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// The next wanted frame; false at the end. Never throws for what cannot be decoded.
  virtual bool next(Frame& frame) = 0;

  /// False for photos: what is in one says nothing of the next.
  virtual bool is_film() const { return true; }

  /// How many frames next() will give, as far as the file's header knows; 0: unknown.
  virtual std::int64_t expected() const = 0;

  /// After the end: what is wrong with the whole ("ends early: 108 of 472 frames", "no frame can be
  /// decoded"), or nothing.
  virtual std::string problem() const { return {}; }
};

/// A video file: the 1st, K+1st, ... frame of it (`every` K), as a player shows it: turned and
/// mirrored by its display matrix, with square pixels, in the colours that the file says (BT.601,
/// 709, 2020; full or limited range; where it says nothing BT.709 from 720 lines on, else BT.601).
/// Every frame has its own size. `seconds` are the file's own time stamps since its start; only a
/// missing one is made up, from the frame before. The largest stream that is no cover picture is
/// taken. Frames that the file has and that cannot be decoded come with a problem and keep the
/// numbers of the others. `threads` of the decoder; 0: the processors; what comes out does not
/// depend on them. Throws ImageError when it is no video ("not a video that can be decoded", "an
/// empty file", "cannot be read (...)"), and InputError when the machine cannot read it.
std::unique_ptr<FrameSource> open_video(const std::filesystem::path& file, std::int64_t every,
                                        int threads = 0);

/// The images of one folder. EXIF orientation is followed: these are photos, not crops. Those that
/// cannot be decoded come as frames with a problem; after the last one, so do those that have no
/// number of their own ("duplicate frame number: 7.png").
std::unique_ptr<FrameSource> open_images(VideoFrames images);

/// One image file as frame 1, decoded here and held until it is taken. Throws ImageError when that
/// fails.
std::unique_ptr<FrameSource> open_image(const std::filesystem::path& file);

}  // namespace mien
