// mien sweep: many trainings over one data set, and one table.
#include "mien/training/sweep.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/core/files.h"
#include "mien/core/folder_lock.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"
#include "mien/training/sweep_table.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr const char* kExample =
    "  mien sweep configs/joint.yaml grid.yaml bank=banks/clip-l14 \\\n"
    "             annotations=6th_ABAW_Annotations --out runs/alpha\n\n"
    "grid.yaml, keys of mien train with lists of values; the runs are their product:\n"
    "  loss.cvar.alpha: [1, .5, .3]\n"
    "  seed: [1, 2, 3, 4, 5]\n\n"
    "Seeds of one combination make a line of the table: mean, 95 % interval (Student's t), best\n"
    "run, and the difference from the grid's first combination, seed by seed. Run folders are\n"
    "those of mien train; evaluate and report work on each. With --resume finished runs are\n"
    "skipped, others go on, failed ones are tried again. A run that fails (a loss that is no\n"
    "number) does not stop the others; the exit code is then 2, after the table.";

struct Options {
  CommonOptions common;
  std::string config, grid, out;
  std::vector<std::string> overrides;
  std::optional<std::string> shard;
  std::optional<std::int64_t> jobs;
  bool threads_given = false, resume = false, force = false, dry_run = false, table = false;
};

SweepRequest request_of(const Options& options, const std::vector<std::string>& command_line) {
  SweepRequest request{.resume = options.resume, .force = options.force};
  request.device = options.common.apply();
  request.threads = options.threads_given ? runtime_facts().threads : 1;
  if (options.jobs) require_in("--jobs", *options.jobs, 1, 1024);
  const std::int64_t fitting =
      std::max<std::int64_t>(1, runtime_facts().processors / request.threads);
  request.jobs = options.jobs.value_or(request.device == "cpu" ? fitting : 1);
  request.shard = options.shard ? parse_shard(*options.shard) : shard_from_array();
  const std::filesystem::path config(options.config), grid(options.grid);
  request.out = options.out.empty() ? std::filesystem::path("runs") /
                                          (config.stem().string() + "-" + grid.stem().string())
                                    : std::filesystem::path(options.out);
  request.command_line = command_line;
  return request;
}

void print_plan(const Options& options, const SweepPlan& plan, const SweepRequest& request) {
  std::vector<std::string> names;
  for (const SweepRun& run : plan.runs) names.push_back((request.out / run.name).string());
  if (options.common.json) {
    return print_json({{"sweep", request.out.string()},
                       {"jobs", request.jobs},
                       {"threads", request.threads},
                       {"runs", names}});
  }
  print_text(concat(names.size(), " runs, ", request.jobs, " at a time with ", request.threads,
                    " threads each\n", join(names, "\n"), "\n"));
}

/// Reads what is there and keeps it; of several processes that end at once the last one sees all.
SweepTable kept_table(const SweepPlan& plan, const SweepRequest& request,
                      const std::vector<SweepFailure>& failures) {
  const FolderLock lock(request.out, "--out", IfHeld::kWait);
  const SweepTable table = make_table(plan, request.out, failures);
  write_text(request.out / "sweep.csv", to_csv(table));
  write_text(request.out / "sweep.json", json_text(to_json(table), 2) + "\n");
  return table;
}

/// Of several processes each says which runs are its own.
void print_table(const Options& options, const SweepPlan& plan, const SweepRequest& request,
                 const SweepTable& table) {
  const Shard& shard = request.shard;
  const auto all = std::ssize(plan.runs);
  const std::int64_t own = (all - shard.index + shard.count - 1) / shard.count;
  const bool is_shared = !shard.origin.empty() && !options.table;
  if (options.common.json) {
    json result = to_json(table);
    if (is_shared) {
      result["shard"] = {{"index", shard.index},
                         {"count", shard.count},
                         {"origin", shard.origin},
                         {"runs", own},
                         {"all_runs", all}};
    }
    return print_json(result);
  }
  print_text(to_text(table));
  if (!is_shared) return;
  print_text(concat("shard ", shard.index, "/", shard.count, ": ", own, " of ", all, " runs (",
                    shard.origin, ")\n"));
}

void run_sweep_command(const Options& options, const std::vector<std::string>& command_line) {
  require_given("CONFIG", options.config, "a YAML file such as configs/joint.yaml");
  require_given("GRID", options.grid, "a YAML file of keys and lists of values");
  const SweepRequest request = request_of(options, command_line);
  const SweepPlan plan = plan_sweep(options.config, options.overrides, options.grid);
  if (options.table) {
    require_exists(request.out, "--out", "the folder of a sweep");
    return print_table(options, plan, request, kept_table(plan, request, {}));
  }
  check_sweep(plan, request);
  if (options.dry_run) return print_plan(options, plan, request);
  const std::vector<SweepFailure> failures = run_sweep(plan, request);
  print_table(options, plan, request, kept_table(plan, request, failures));
  if (failures.empty()) return;
  throw InputError("sweep", request.out.string(),
                   concat(failures.size(), " of its runs failed; the first: ", failures.front().run,
                          ": ", failures.front().reason));
}

}  // namespace

void add_sweep(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add("sweep", "Many trainings over one data set, and one table", kExample,
                               options->common);
  command->add_option("CONFIG", options->config, "YAML file that all runs share");
  command->add_option("GRID", options->grid, "YAML file of keys and lists of values");
  command->add_option("KEY=VALUE", options->overrides, "Wins over the CONFIG of every run");
  command->add_option("--out", options->out, "Folder of the runs [runs/<CONFIG>-<GRID>]");
  add_whole_number(command, "--jobs", options->jobs,
                   "Trainings at a time, each with --threads threads (1 unless that is given)",
                   "processors / threads; 1 on a GPU");
  command->add_option("--shard", options->shard,
                      "I/N: every N-th run from the I-th on [Slurm's array, torchrun, Slurm]");
  command->add_flag("--resume", options->resume, "Skip finished runs, go on with the others");
  command->add_flag("--force", options->force, "Replace runs of these names");
  command->add_flag("--dry-run", options->dry_run, "Check everything, list the runs, and stop");
  command->add_flag("--table", options->table, "Only the table, of the runs that are there");
  line.when_chosen(command, [options, command, &line] {
    options->threads_given = command->count("--threads") > 0;
    run_sweep_command(*options, line.arguments());
  });
}

}  // namespace mien
