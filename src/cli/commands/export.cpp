// mien export: a run and its encoder as one TorchScript file.
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "flags/encoder_flags.h"
#include "mien/core/digest.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/log.h"
#include "mien/core/safetensors.h"
#include "mien/core/text.h"
#include "mien/core/version.h"
#include "mien/encoder/encoder.h"
#include "mien/encoder/exported_model.h"
#include "mien/scoring/decisions_file.h"
#include "runs/lone_run.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kExample =
    "  mien export runs/joint --encoder clip-vit-l-14.pt --out joint.pt\n"
    "  python3 scripts/use_exported.py joint.pt face.jpg";

struct Options {
  CommonOptions common;
  std::string run, encoder, out, weights = "best";
  EncoderFlags archive;
  bool raw = false, force = false;
};

void warn_of_smoothing(const DecisionRules& rules) {
  for (const auto& [task, rule] : rules) {
    if (rule.smoothing.kind == SmoothingKind::kNone) continue;
    log::warn(concat("decisions.json smooths ", task_name(task),
                     " over time, the exported model answers each crop by itself"));
  }
}

ExportedHead head_of(const LoneRun& run) {
  verify_head(run.weights, run.head);
  const HeadShape& shape = run.head.shape;
  ExportedHead head{.layers = shape.layers,
                    .standardize = shape.normalize == Normalize::kStandardize,
                    .unit_length = shape.normalize == Normalize::kL2,
                    .tensors = {}};
  const SafetensorsFile file(run.weights);
  for (const auto& [name, view] : file.tensors()) {
    const auto values = view.as<float>();
    head.tensors[name] = {view.shape, {values.begin(), values.end()}};
  }
  return head;
}

std::vector<ExportedTask> tasks_of(const LoneRun& run) {
  std::vector<ExportedTask> tasks;
  for (const Task& task : run.head.shape.tasks) {
    const DecisionRule rule = rule_for(run.rules, task);
    tasks.push_back({task, task.is_classes() ? rule.bias : rule.thresholds});
  }
  return tasks;
}

/// mien.json inside the archive.
json description_of(const LoneRun& run, const std::string& which, const EncoderInfo& encoder) {
  json names = json::object(), decisions = json::object();
  for (const Task& task : run.head.shape.tasks) names[task_name(task)] = task.outputs();
  for (const auto& [task, rule] : run.rules) decisions[task_name(task)] = to_json(task, rule);
  return {{"format", "mien-model"},
          {"version", 1},
          {"mien", version()},
          {"input", "uint8 0..255 or float 0..1, RGB [B,3,H,W]"},
          {"image_size", encoder.image_size},
          {"names", names},
          {"tasks", to_json(run.head.shape.tasks)},
          {"decisions", decisions},
          {"encoder", to_json(encoder)},
          {"run", fs::absolute(run.folder).lexically_normal().filename().string()},
          {"weights", which},
          {"weights_sha256", sha256_of_file(run.weights)},
          {"epoch", run.head.epoch},
          {"metrics", run.head.metrics}};
}

void print_summary(const Options& options, const json& description, std::uintmax_t bytes) {
  if (options.common.json) {
    json result = description;
    result["output"] = options.out;
    result["bytes"] = bytes;
    return print_json(result);
  }
  std::vector<std::string> tasks;
  for (const auto& [task, names] : description.at("names").items()) tasks.push_back(task);
  print_text(concat("model: ", options.out, "\n  crops of faces [B,3,H,W] -> ", join(tasks),
                    "; encoder ", description.at("encoder").at("name").get<std::string>(), ", ",
                    fixed(static_cast<double>(bytes) / 1e6, 1), " MB\n"));
}

void run_export(const Options& options) {
  options.common.apply();
  require_given("RUN", options.run, "the folder of a run that mien train made");
  require_given("--encoder", options.encoder,
                "the TorchScript archive that the run was trained on");
  require_given("--out", options.out, "a file for the model");
  require_writable_target(options.out, "--out", options.force);
  require_not_an_input(options.out, "--out", {{"--encoder", options.encoder}});
  const LoneRun run = open_lone_run(options.run, options.weights, options.raw);
  const EncoderOverrides overrides = options.archive.overrides();
  const EncoderInfo encoder = read_encoder_info(options.encoder, overrides);
  require_own_encoder(run, encoder, options.encoder);
  warn_of_smoothing(run.rules);
  const json description = description_of(run, options.weights, encoder);
  AtomicFile file(options.out);
  export_model(options.encoder, overrides, head_of(run), tasks_of(run), json_text(description, 2),
               file.stream());
  file.commit();
  print_summary(options, description, fs::file_size(options.out));
}

}  // namespace

void add_export(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      line.add("export", "A run and its encoder -> one TorchScript file, from crops to answers",
               kExample, options->common);
  command->add_option("RUN", options->run, "Folder that mien train made");
  command->add_option("--encoder", options->encoder,
                      "TorchScript archive that the run was trained on");
  command->add_option("--out", options->out, "File to write");
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  command->add_flag("--raw", options->raw, "Without the run's decisions.json");
  options->archive.add_to(command);
  command->add_flag("--force", options->force, "Replace --out");
  line.when_chosen(command, [options] { run_export(*options); });
}

}  // namespace mien
