#include "commands/encode_benchmark.h"

#include <cstdio>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command_line.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/encoder/benchmark.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr double kSeconds = 2;        ///< a measurement
constexpr double kWorthAFlag = 1.05;  ///< a gain that the user is told of
constexpr int kPathWidth = 38, kColumnWidth = 10;

std::vector<std::int64_t> batch_sizes(const std::string& device) {
  return device == "cpu" ? std::vector<std::int64_t>{1, 8, 16, 32}
                         : std::vector<std::int64_t>{1, 32, 128, 256};
}

json to_json(const PathRate& rate) {
  return {{"path", rate.path},
          {"dtype", rate.dtype},
          {"batch_size", rate.batch_size},
          {"images_per_second", rate.images_per_second},
          {"difference", rate.difference},
          {"problem", rate.problem}};
}

void print_benchmark_json(const EncoderBenchmark& result, const std::string& device) {
  json rates = json::array();
  for (const PathRate& rate : result.rates) rates.push_back(to_json(rate));
  print_json({{"encoder", result.info.name},
              {"device", device},
              {"threads", runtime_facts().threads},
              {"rates", rates},
              {"chosen", result.has_choice ? to_json(result.chosen) : json()},
              {"fastest", result.has_choice ? to_json(result.fastest) : json()}});
}

/// A row a path and dtype, a column a batch size.
std::string table(const EncoderBenchmark& result, const std::vector<std::int64_t>& sizes) {
  std::ostringstream text;
  text << std::left << std::setw(kPathWidth) << "images/s" << std::right;
  for (const std::int64_t size : sizes) {
    text << std::setw(kColumnWidth) << concat("batch ", size);
  }
  text << "   difference from plain fp32\n";
  for (std::size_t row = 0; row < result.rates.size(); row += sizes.size()) {
    const PathRate& first = result.rates[row];
    text << std::left << std::setw(kPathWidth) << first.path + " " + first.dtype << std::right;
    for (std::size_t column = 0; column < sizes.size(); ++column) {
      const double rate = result.rates[row + column].images_per_second;
      text << std::setw(kColumnWidth) << (rate > 0 ? fixed(rate, rate < 100 ? 1 : 0) : "-");
    }
    std::array<char, 16> difference{};
    std::snprintf(difference.data(), difference.size(), "%.1e", first.difference);
    text << "   " << (first.problem.empty() ? difference.data() : "not used: it " + first.problem)
         << "\n";
  }
  return std::move(text).str();
}

std::string choice_text(const EncoderBenchmark& result) {
  if (!result.has_choice) {
    return "recommends none: no way to compute it gives an image the same embedding in every "
           "batch\n";
  }
  const PathRate& chosen = result.chosen;
  const PathRate& fastest = result.fastest;
  std::string text = concat("would choose: ", chosen.path, " in ", chosen.dtype, " (",
                            fixed(chosen.images_per_second, 1),
                            " images/s at the default batch of ", chosen.batch_size, ")");
  if (fastest.images_per_second > kWorthAFlag * chosen.images_per_second) {
    text += concat("; --batch-size ", fastest.batch_size, " gives ",
                   fixed(fastest.images_per_second, 1));
  }
  return text + "\n";
}

}  // namespace

void run_encode_benchmark(const std::filesystem::path& encoder, const EncoderOverrides& overrides,
                          const EncoderRequest& request, bool as_json) {
  const std::string& device = request.device;
  const std::vector<std::int64_t> sizes = batch_sizes(device);
  const auto on_rate = [](const PathRate& rate) {
    log::info(concat(rate.path, " ", rate.dtype, " batch ", rate.batch_size, ": ",
                     fixed(rate.images_per_second, 1), " images/s"));
  };
  const EncoderBenchmark result =
      benchmark_encoder(encoder, overrides, request, sizes, kSeconds, on_rate);
  if (as_json) {
    print_benchmark_json(result, device);
    return;
  }
  const RuntimeFacts facts = runtime_facts();
  print_text(concat(result.info.name, " on ", device, ", ", facts.threads, " threads, ",
                    facts.cpu_capability, facts.native_bf16 ? ", bf16 instructions\n" : "\n") +
             table(result, sizes) + choice_text(result));
}

}  // namespace mien
