// mien train: a bank and labels -> a head.
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/training/inputs.h"
#include "mien/training/options.h"
#include "mien/training/training_run.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr const char* kExample =
    "  mien train configs/joint.yaml bank=banks/clip-l14 annotations=6th_ABAW_Annotations \\\n"
    "             sam.rho=.1 --out runs/joint\n\nKeys:\n";

struct Options {
  CommonOptions common;
  std::string config, out;
  std::vector<std::string> overrides;
  bool resume = false, force = false, print_config = false, dry_run = false;
};

std::filesystem::path folder_of(const Options& options) {
  const std::filesystem::path config(options.config);
  return options.out.empty() ? std::filesystem::path("runs") / config.stem()
                             : std::filesystem::path(options.out);
}

json epoch_json(const EpochRecord& record) {
  json entry = {{"epoch", record.epoch}};
  for (const EpochTask& task : reported_tasks(record)) {
    entry[metric_key(task.task)] = number_or_null(task.metric);
  }
  return entry;
}

std::string epoch_text(const std::string& name, const EpochRecord& record) {
  return concat(name, ": epoch ", record.epoch, task_metrics_text(record), "\n");
}

void print_summary(const Options& options, const std::filesystem::path& run,
                   const TrainSummary& summary) {
  const double seconds = summary.state.train_seconds();
  const double rate = seconds > 0 ? static_cast<double>(summary.samples) / seconds : 0;
  const char* weights = summary.state.best_is_average ? "ema" : "raw";
  if (options.common.json) {
    json best = epoch_json(summary.best());
    best["weights"] = weights;
    print_json({{"run", run.string()},
                {"epochs", summary.state.epoch()},
                {"steps", summary.state.step},
                {"train_seconds", seconds},
                {"samples_per_second", rate},
                {"best", best},
                {"last", epoch_json(summary.last())}});
    return;
  }
  print_text(concat("trained ", summary.state.epoch(), " epochs, ",
                    with_thousands(summary.state.step), " steps in ", duration_text(seconds), " (",
                    with_thousands(static_cast<std::int64_t>(rate)), " samples/s)",
                    summary.stopped_early ? ", stopped early" : "", "\n"));
  const std::string best = summary.state.best_is_average ? "best (ema)" : "best";
  print_text(epoch_text(best, summary.best()) + epoch_text("last", summary.last()));
  print_text("run: " + run.string() + "\n");
}

void run_train(const Options& options, const std::vector<std::string>& command_line) {
  const std::string device = options.common.apply();
  require_given("CONFIG", options.config, "a YAML file such as configs/joint.yaml");
  require_exists(options.config, "CONFIG", "a YAML file such as configs/joint.yaml");
  Configuration configuration;
  Fields& fields = configuration.fields;
  fields.read_yaml(options.config);
  for (const std::string& assignment : options.overrides) fields.read_override(assignment);
  if (options.print_config) {
    const std::string config = fields.to_yaml(/*comments=*/true);
    if (options.common.json) return print_json({{"config", config}});
    return print_text(config);
  }
  check(configuration.options);
  const TrainingInputs inputs = load_inputs(configuration.options, device);
  std::set<std::string> warned;
  warn_of_leaks(inputs.leaks, warned);
  if (options.dry_run) {
    const std::string plan = plan_text(configuration.options, inputs, device);
    if (options.common.json) return print_json({{"plan", plan}});
    return print_text(plan);
  }
  throw_if_interrupted("nothing was written yet");
  const std::filesystem::path run = folder_of(options);
  const TrainSummary summary =
      train_run(configuration, inputs, {run, options.resume, options.force, device, command_line});
  print_summary(options, run, summary);
}

}  // namespace

void add_train(CommandLine& line) {
  auto options = std::make_shared<Options>();
  TrainOptions defaults;
  CLI::App* command = line.add("train", "A bank and labels -> a head, with its metrics an epoch",
                               kExample + declare_fields(defaults).help(), options->common);
  command->add_option("CONFIG", options->config, "YAML file; configs/ has presets");
  command->add_option("KEY=VALUE", options->overrides,
                      "Wins over the file; a list is written [a,b]");
  command->add_option("--out", options->out, "Folder of the run [runs/<config's stem>]");
  command->add_flag("--resume", options->resume, "Go on after the last finished epoch");
  command->add_flag("--force", options->force, "Replace a run of this name");
  command->add_flag("--print-config", options->print_config,
                    "Print the configuration in force and stop");
  command->add_flag("--dry-run", options->dry_run,
                    "Check everything, print counts, shapes, steps and memory, and stop");
  line.when_chosen(command, [options, &line] { run_train(*options, line.arguments()); });
}

}  // namespace mien
