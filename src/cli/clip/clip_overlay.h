// A video again, with what a run says of the people in it.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "clip/clip_answers.h"

namespace mien {

/// Decodes the `source` of `clip` a second time and writes it as `out` (.mp4, at a constant rate):
/// a box at each face that has answers, with its class and continuous values, and for the first of
/// them bars of its binary outputs (of many the most active over the video).
/// `on_frame` is told of every frame. Throws InputError (naming --overlay), also when the source
/// has fewer frames than the clip, and Interrupted.
void write_overlay(FrameSource& source, const Clip& clip, const std::vector<ClipAnswers>& answers,
                   const std::filesystem::path& out, const std::function<void()>& on_frame);

}  // namespace mien
