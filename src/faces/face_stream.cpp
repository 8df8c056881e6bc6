#include "mien/faces/face_stream.h"

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <memory>

#include "mien/core/interrupt.h"
#include "mien/faces/align.h"
#include "mien/faces/tracker.h"

namespace mien {
namespace {

/// A frame between two stages.
struct Item {
  FaceFrame frame;
  std::vector<SeenFace> seen;
};
using ItemPointer = std::shared_ptr<Item>;

ItemPointer read_next(FrameSource& source) {
  auto item = std::make_shared<Item>();
  return !interrupt_requested() && source.next(item->frame.frame) ? item : nullptr;
}

void find_faces(Item& item, const FaceDetector& detector, int size) {
  const Image& image = item.frame.frame.image;
  if (!item.frame.frame.problem.empty()) return;
  for (const Detection& detection : detector.detect(image)) {
    Image crop = warp(image, crop_similarity(detection, size), size);
    item.seen.push_back({detection.box, appearance_of(crop)});
    item.frame.faces.push_back({.detection = detection, .crop = std::move(crop)});
  }
}

}  // namespace

void stream_faces(FrameSource& source, const FaceDetector& detector,
                  const FaceStreamOptions& options,
                  const std::function<void(FaceFrame&)>& on_frame) {
  FaceTracker tracker(options.memory);
  const auto read = [&](tbb::flow_control& control) {
    ItemPointer item = read_next(source);
    if (!item) control.stop();
    return item;
  };
  const auto find = [&](const ItemPointer& item) {
    find_faces(*item, detector, options.size);
    return item;
  };
  const auto follow = [&](const ItemPointer& item) {
    if (!source.is_film()) tracker = FaceTracker(options.memory);  // nobody is known from before
    const auto ids = tracker.follow(item->frame.frame.number, item->seen);
    for (std::size_t i = 0; i < ids.size(); ++i) item->frame.faces[i].id = ids[i];
    on_frame(item->frame);
  };
  const auto workers = static_cast<int>(options.workers);
  tbb::task_arena arena(workers);
  arena.execute([&] {
    tbb::parallel_pipeline(
        static_cast<std::size_t>(workers) + 2,
        tbb::make_filter<void, ItemPointer>(tbb::filter_mode::serial_in_order, read) &
            tbb::make_filter<ItemPointer, ItemPointer>(tbb::filter_mode::parallel, find) &
            tbb::make_filter<ItemPointer, void>(tbb::filter_mode::serial_in_order, follow));
  });
}

std::int64_t main_person(const std::map<std::int64_t, double>& areas) {
  const auto largest =
      std::ranges::max_element(areas, {}, &std::pair<const std::int64_t, double>::second);
  return largest == areas.end() ? 0 : largest->first;
}

}  // namespace mien
