#include "run/event_file.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <boost/crc.hpp>
#include <chrono>
#include <cmath>
#include <concepts>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

void append_fixed(std::string& out, std::unsigned_integral auto value) {
  for (std::size_t at = 0; at < sizeof(value); ++at) {
    out += static_cast<char>((value >> (8 * at)) & 0xffU);
  }
}

/// A message in Protocol Buffers' wire format, for the five fields of an Event that are used here.
/// Not by libprotobuf: LibTorch holds a copy of its own, of another version, whose headers come
/// first in the search path and whose symbols partly leave libtorch_cpu.so; two in one process
/// clash.
class Message {
 public:
  Message& add(unsigned field, double value) {
    add_varint(field << 3U | 1U);
    append_fixed(bytes_, std::bit_cast<std::uint64_t>(value));
    return *this;
  }
  Message& add(unsigned field, float value) {
    add_varint(field << 3U | 5U);
    append_fixed(bytes_, std::bit_cast<std::uint32_t>(value));
    return *this;
  }
  Message& add(unsigned field, std::int64_t value) {
    add_varint(field << 3U);
    add_varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& add(unsigned field, std::string_view value) {
    add_varint(field << 3U | 2U);
    add_varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void add_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>((value & 0x7fU) | 0x80U);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

// Event and the Summary within it.
constexpr unsigned kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5;
constexpr unsigned kValue = 1, kTag = 1, kSimpleValue = 2;

/// "train_loss" is shown as "loss" in the group "train".
std::string tag_of(std::string name) {
  const std::size_t at = name.find('_');
  if (at != std::string::npos) name[at] = '/';
  return name;
}

std::string event_of(const EpochRecord& record) {
  Message summary;
  for (const EpochValue& value : values_of(record)) {
    if (!value.number) continue;
    Message scalar;
    scalar.add(kTag, tag_of(value.name)).add(kSimpleValue, static_cast<float>(*value.number));
    summary.add(kValue, scalar.bytes());
  }
  Message event;
  event.add(kWallTime, record.wall_time).add(kStep, record.epoch).add(kSummary, summary.bytes());
  return event.bytes();
}

std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8U;
}

/// One record of a TFRecord file.
std::string framed(std::string_view data) {
  std::string record;
  append_fixed(record, static_cast<std::uint64_t>(data.size()));
  append_fixed(record, masked_crc(record));
  record += data;
  append_fixed(record, masked_crc(data));
  return record;
}

/// As TensorFlow names them: a later one sorts behind an earlier one.
std::string file_name(double now) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {"unknown"};
  return concat(RunFolder::kEventFilePrefix, std::llround(std::floor(now)), ".", host.data(), ".",
                ::getpid());
}

}  // namespace

double unix_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

EventFile::EventFile(const RunFolder& run, const std::vector<EpochRecord>& history) {
  const double now = unix_time();
  path_ = run.path() / file_name(now);
  std::string text = framed(
      Message().add(kWallTime, now).add(kFileVersion, std::string_view("brain.Event:2")).bytes());
  for (const EpochRecord& record : history) text += framed(event_of(record));
  write_text(path_, text);
  for (const fs::path& file : run.event_files()) {
    std::error_code ignored;
    if (file.filename() != path_.filename()) fs::remove(file, ignored);
  }
  stream_.open(path_, std::ios::binary | std::ios::app);
}

void EventFile::append(const EpochRecord& record) {
  stream_ << framed(event_of(record)) << std::flush;
  if (!stream_) throw InputError("file", path_.string(), "cannot be written");
}

}  // namespace mien
