#include "mien/training/record.h"

#include <sys/utsname.h>

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "mien/core/digest.h"
#include "mien/core/version.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace {

using nlohmann::json;

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

json machine_json(const std::string& device) {
  utsname name{};
  uname(&name);
  const RuntimeFacts facts = runtime_facts();
  return {{"host", name.nodename},          {"system", name.sysname},
          {"release", name.release},        {"architecture", name.machine},
          {"processors", facts.processors}, {"cpu_capability", facts.cpu_capability},
          {"torch", facts.torch_version},   {"device", device},
          {"threads", facts.threads}};
}

/// Of the contents of all label files, in the order in which they were read.
std::string labels_digest(const LabelSplit& labels) {
  Sha256 digest;
  for (const SplitLabels* side : {&labels.training, &labels.validation}) {
    for (const LabelSet& set : *side) {
      for (const auto& file : set.files) digest.update(sha256_of_file(file));
    }
  }
  return digest.hex();
}

json split_json(const Dataset& data) {
  json tasks = json::object();
  for (const TaskLabels& task : data.tasks) {
    tasks[task_name(task.task)] = {{"rows", task.valid_host.any(1).sum().item<std::int64_t>()},
                                   {"without_embedding", task.without_embedding}};
  }
  json split = {{"rows", data.size()}, {"videos", data.videos.size()}, {"tasks", tasks}};
  const ClassCounts counts = data.class_counts();
  const LabelStatistics statistics = data.statistics();
  for (std::size_t t = 0; t < data.tasks.size(); ++t) {
    const Task& task = data.tasks[t].task;
    json& numbers = split[statistics_key(task)];
    if (task.is_classes()) {
      numbers = counts[t];
    } else {
      numbers = statistics.at(task);
    }
  }
  return split;
}

json epoch_json(const EpochRecord& record) {
  json entry = {{"epoch", record.epoch}, {"validation_loss", record.validation_loss}};
  for (const EpochTask& task : record.tasks) {
    if (task.metric) entry[metric_key(task.task)] = *task.metric;
  }
  return entry;
}

}  // namespace

DataDigests digests_of(const std::vector<Bank>& banks, const LabelSplit& labels) {
  DataDigests digests{.labels = labels_digest(labels), .banks = {}};
  for (const Bank& bank : banks) digests.banks.push_back(bank.state_digest());
  return digests;
}

DataDigests digests_in(const json& record) {
  DataDigests digests;
  try {
    digests.labels = record.at("labels_sha256");
    for (const json& bank : record.at("banks")) digests.banks.push_back(bank.at("state_sha256"));
  } catch (const json::exception&) {
    return {};
  }
  return digests;
}

json start_record(const TrainOptions& options, const TrainingInputs& inputs,
                  const std::string& device, const std::vector<std::string>& command_line) {
  json banks = json::array();
  for (const Bank& bank : inputs.banks) {
    const EncoderInfo& encoder = bank.info().encoder;
    banks.push_back({{"path", bank.folder().string()},
                     {"encoder", encoder.name},
                     {"encoder_sha256", encoder.file_sha256},
                     {"weights_sha256", encoder.weights_sha256},
                     {"state_sha256", bank.state_digest()}});
  }
  return {{"version", version()},
          {"git", git_state()},
          {"started", utc_now()},
          {"command_line", command_line},
          {"machine", machine_json(device)},
          {"seed", options.seed},
          {"tasks", to_json(options.tasks)},
          {"banks", banks},
          {"labels_sha256", labels_digest(inputs.labels)},
          {"training", split_json(inputs.training)},
          {"validation", split_json(inputs.validation)}};
}

void finish_record(json& record, const TrainSummary& summary, double wall_seconds) {
  record["finished"] = utc_now();
  record["wall_seconds"] = wall_seconds;
  record["train_seconds"] = summary.state.train_seconds();
  record["epochs"] = summary.state.epoch();
  record["steps"] = summary.state.step;
  record["stopped_early"] = summary.stopped_early;
  record["best_value"] = summary.state.best_value;  // of `select`; larger is better
  record["best"] = epoch_json(summary.best());
  record["best"]["weights"] = summary.state.best_is_average ? "ema" : "raw";
  record["last"] = epoch_json(summary.last());
}

}  // namespace mien
