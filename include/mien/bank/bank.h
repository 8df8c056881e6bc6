// The embedding bank: a folder with bank.json and one <video>.safetensors a video.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mien/core/safetensors.h"
#include "mien/data/corruption.h"
#include "mien/encoder/encoder_info.h"

namespace mien {

/// An image of a video that has no embedding, and why.
struct FailedFrame {
  std::int64_t frame = 0;
  std::string path;
  std::string reason;
};

/// How a bank's numbers are made, fixed by the first run so that every later one gives the same.
struct BankCompute {
  std::string dtype;  ///< Encoder::dtype_name()
  std::string path;   ///< Encoder::path_name()
  std::int64_t batch_size = 0;
  std::int64_t threads = 0;

  bool operator==(const BankCompute&) const = default;
};

/// bank.json.
struct BankInfo {
  EncoderInfo encoder;
  std::vector<std::string> sources;           ///< image roots, absolute
  std::optional<BankCompute> compute;         ///< unknown in imported banks
  std::optional<Corruption> corruption = {};  ///< of every image; none in an ordinary bank
  bool photos = false;  ///< its images are no film, whatever their names look like
  /// What the first frame of a video is called in the files, 0 or 1. Labels count from 1, and so
  /// does a Bank, whatever its files do.
  std::int64_t first_frame = 1;
};

/// One video of a bank, mapped. Spans live as long as this object.
class VideoEmbeddings {
 public:
  /// Throws InputError that names the file (and the frame where there is one).
  VideoEmbeddings(const std::filesystem::path& file, std::int64_t embedding_dim)
      : VideoEmbeddings(SafetensorsFile(file), embedding_dim) {}
  VideoEmbeddings(SafetensorsFile file, std::int64_t embedding_dim);

  std::span<const std::int32_t> frames() const { return frames_; }           ///< [N] ascending
  std::span<const std::uint16_t> embeddings() const { return embeddings_; }  ///< F16 bits [N, D]
  const std::vector<FailedFrame>& failed() const { return failed_; }
  /// Adds one to every frame number. Throws InputError when the last one has no next.
  void count_from_one();
  std::int64_t every() const { return every_; }  ///< `--every` it was made with
  /// File names of images that are no film, by their numbers; empty for a film's frames.
  std::map<std::int32_t, std::string> names() const;
  bool is_film() const { return !metadata().contains("names"); }
  const Metadata& metadata() const { return file_.metadata(); }  ///< as the file has it
  void release_pages() const { file_.release_pages(); }

  /// The embedding of one row, F16 bits [D].
  std::span<const std::uint16_t> row(std::size_t index) const;
  bool is_finite(std::size_t index) const;
  /// Throws InputError that names the file and the frame of the first row that is not finite.
  void require_finite() const;

 private:
  SafetensorsFile file_;
  std::span<const std::int32_t> frames_;
  std::vector<std::int32_t> counted_;  ///< what frames_ shows after count_from_one()
  std::span<const std::uint16_t> embeddings_;
  std::vector<FailedFrame> failed_;
  std::int64_t every_ = 1;
};

/// What is written for one video.
struct VideoRecord {
  std::vector<std::int32_t> frames;       ///< [N] ascending
  std::vector<std::uint16_t> embeddings;  ///< F16 bits [N, D]
  std::vector<FailedFrame> failed;
  std::int64_t every = 1;
  std::vector<std::string> names;  ///< [N] file names of images that are no film; else empty
  bool film = true;                ///< false: images numbered by order
};

/// A bank that exists. Cheap to copy; videos are opened one by one.
class Bank {
 public:
  /// Throws InputError when `folder` is no bank or of another version.
  explicit Bank(std::filesystem::path folder);

  /// Several banks of one encoder as one, with the videos of all. Throws InputError when their
  /// encoders differ, or when a video is in two of them.
  explicit Bank(const std::vector<Bank>& banks);

  const std::filesystem::path& folder() const { return folder_; }
  const BankInfo& info() const { return info_; }

  /// Names in byte order. Files that start with a dot are temporaries and not videos.
  const std::vector<std::string>& videos() const { return videos_; }
  bool has(const std::string& video) const;

  /// Its frames count from 1, see BankInfo::first_frame.
  VideoEmbeddings open(const std::string& video) const;

  /// Of the encoder, the names, sizes and times of all files: changes when the bank does.
  std::string state_digest() const;

 private:
  std::filesystem::path folder_;
  BankInfo info_;
  std::vector<std::string> videos_;
  std::vector<Bank> others_;  ///< whose videos are not in `folder_`
};

/// The bank at `path`, or, where there is none, several joined: their paths with ':' between them.
Bank open_bank(const std::string& path);

/// Throws InputError (naming `what`) for a bank of corrupted images: they are for measuring.
void require_clean(const Bank& bank, const std::string& what);

bool is_bank(const std::filesystem::path& folder);
std::filesystem::path video_file(const std::filesystem::path& folder, const std::string& video);

/// Writes bank.json, atomically.
void write_bank_info(const std::filesystem::path& folder, const BankInfo& info);

/// Writes one video's file, atomically: it appears whole or not at all.
void write_video(const std::filesystem::path& folder, const std::string& video,
                 const VideoRecord& record, std::int64_t embedding_dim);

/// Round to nearest even. Overflow gives infinity.
std::uint16_t half_from_float(float value);
float float_from_half(std::uint16_t bits);
bool half_is_finite(std::uint16_t bits);

}  // namespace mien
