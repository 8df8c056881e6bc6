#include "runs/scratch_banks.h"

#include <algorithm>

#include "command_line.h"
#include "mien/bank/settle_bank.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "runs/trained_encoder.h"

namespace mien {
namespace {

struct WantedEncoder {
  std::string file;
  HeadInput input;
};

/// The encoders, those of one head in the order of its inputs, each once.
std::vector<WantedEncoder> wanted_encoders(const ScratchRequest& request,
                                           const std::vector<HeadMetadata>& heads) {
  std::vector<std::string> digests;
  for (const std::string& file : request.encoders) {
    digests.push_back(read_encoder_info(file, request.archive.overrides()).file_sha256);
  }
  std::vector<WantedEncoder> wanted;
  for (const HeadMetadata& head : heads) {
    for (const HeadInput& input : head.inputs) {
      const auto found = std::ranges::find(digests, input.encoder_sha256);
      if (found == digests.end()) {
        throw InputError("--encoder", join(request.encoders),
                         concat("expected the encoder of the training, ", input.encoder_name, " (",
                                input.encoder_sha256.substr(0, 12), ")"));
      }
      const std::string& file =
          request.encoders.at(static_cast<std::size_t>(found - digests.begin()));
      if (std::ranges::find(wanted, file, &WantedEncoder::file) == wanted.end()) {
        wanted.push_back({file, input});
      }
    }
  }
  return wanted;
}

std::vector<VideoFrames> find_videos(const ScratchRequest& request) {
  std::vector<VideoFrames> videos =
      list_videos({request.images.begin(), request.images.end()}, request.encode.photos);
  if (!request.videos.empty()) {
    keep_named(videos, names_in(request.videos, "--videos"), "--videos " + request.videos);
  }
  keep_every(videos, request.encode.every);
  return videos;
}

/// Banks of commands that were killed take disk that nobody sees: the next command frees it.
std::filesystem::path place(const std::filesystem::path& beside) {
  std::filesystem::path path = beside.parent_path() / "mien-banks";
  remove_dead_scratch(path, kDeadTemporary);
  return path;
}

}  // namespace

ScratchBanks::ScratchBanks(const ScratchRequest& request, const std::vector<HeadMetadata>& heads,
                           const std::filesystem::path& beside)
    : folder_(place(beside)) {
  const std::vector<WantedEncoder> encoders = wanted_encoders(request, heads);
  const std::vector<VideoFrames> videos = find_videos(request);
  for (std::size_t i = 0; i < encoders.size(); ++i) {
    const std::string folder = (folder_.path() / std::to_string(i)).string();
    const auto load = [&](const std::string& dtype, const std::string& path) {
      return load_as_trained(encoders[i].file, request.archive.overrides(),
                             {.device = request.device, .dtype = dtype, .path = path},
                             encoders[i].input);
    };
    const auto encoder = load_settled(folder, load, request.encode, request.images);
    log::info(concat("encoder ", encoder->info().name, ": ", encoder->path_name(), " in ",
                     encoder->dtype_name()));
    encode_videos(videos, *encoder, folder, request.encode, request.images);
    folders_.push_back(folder);
  }
}

}  // namespace mien
