// mien flatness: how sharp is the minimum that a training found.
#include "mien/flatness/flatness.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/core/digest.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/scoring/compute_scores.h"
#include "mien/training/batches.h"
#include "mien/training/dataset.h"
#include "mien/training/inputs.h"
#include "mien/training/options.h"
#include "mien/training/run_folder.h"
#include "runs/run_answers.h"

namespace mien {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kExample =
    "  mien flatness runs/joint --surface 21\n"
    "  mien flatness runs/joint --loss mean --rho .1   # the same loss for runs of other "
    "objectives";

struct Options {
  CommonOptions common;
  std::string run, weights = "best", split = "train", loss = "objective", annotations;
  std::vector<std::string> banks;
  std::int64_t samples = 5000, surface = 0, seed = 5;
  double rho = .05;
};

void check(const Options& options) {
  require_given("RUN", options.run, "the folder of a run that mien train made");
  require_in("--samples", options.samples, 2, 10'000'000);
  require_in("--seed", options.seed, 0, 4294967295);
  if (options.surface != 0) require_in("--surface", options.surface, 2, 501);
  if (!std::isfinite(options.rho) || options.rho <= 0) {
    throw InputError("--rho", shortest(options.rho), "expected a number above 0");
  }
  if (options.loss != "objective" && options.loss != "mean") {
    throw InputError("--loss", options.loss, "expected objective or mean",
                     nearest_match(options.loss, {"objective", "mean"}));
  }
  split_from_name(options.split, "--split");
}

/// What the run minimised, without the AUC part (as in its validation loss); or the plain means.
ObjectiveOptions objective_of(const Options& options, std::size_t tasks) {
  ObjectiveOptions plain;
  plain.cvar_alpha = 1;
  plain.task_weights.assign(tasks, 1);
  if (options.loss == "mean") return plain;
  TrainOptions trained;
  declare_fields(trained).read_yaml(RunFolder(options.run).config());
  trained.loss.auc_weight = 0;
  return trained.loss;
}

std::string text_of(const ObjectiveOptions& loss) {
  std::string text = loss.cvar_alpha < 1 ? concat("CVaR at ", shortest(loss.cvar_alpha), " of the ",
                                                  loss.cvar_pool, " losses")
                                         : "mean loss";
  if (loss.class_weights != "none") text += ", class weights " + loss.class_weights;
  if (loss.label_smoothing > 0) text += ", label smoothing " + shortest(loss.label_smoothing);
  if (loss.logit_adjustment > 0) text += ", logit adjustment " + shortest(loss.logit_adjustment);
  if (loss.focal > 0) text += ", focal " + shortest(loss.focal);
  return text;
}

/// `samples` rows of the split, drawn without replacement by the seed.
FlatnessRows sampled_rows(const Options& options, const HeadMetadata& head,
                          const std::string& device) {
  const auto banks = open_banks(options.banks.empty() ? head.banks : options.banks, head);
  const Split side = split_from_name(options.split, "--split");
  const Annotations annotations =
      options.annotations.empty() ? head.annotations : Annotations(options.annotations);
  const Dataset data =
      load_dataset(banks, load_split_side(annotations, head.shape.tasks, head.split, side), device);
  auto order =
      row_order(data.size(), /*shuffle=*/true, static_cast<std::uint64_t>(options.seed), 0);
  order.resize(static_cast<std::size_t>(std::min(options.samples, data.size())));
  std::sort(order.begin(), order.end());
  Batch batch = data.gather(order, 0, std::ssize(order), at::kFloat);
  return {std::move(batch.embeddings), std::move(batch.targets)};
}

json to_json(const Options& options, const Flatness& flatness, const std::string& loss,
             std::int64_t rows) {
  const FlatnessOptions defaults;
  return {{"weights", options.weights},
          {"split", options.split},
          {"samples", rows},
          {"seed", options.seed},
          {"objective", loss},
          {"loss", flatness.loss},
          {"gradient_norm", flatness.gradient_norm},
          {"sharpness",
           {{"rho", options.rho},
            {"ascent", flatness.ascent},
            {"random_mean", flatness.random.mean},
            {"random_standard_error", flatness.random.standard_error},
            {"directions", defaults.directions}}},
          {"hessian_top_eigenvalue", flatness.top.value},
          {"lanczos", {{"products", flatness.top.products}, {"residual", flatness.top.residual}}},
          {"hessian_trace", flatness.trace.mean},
          {"hessian_trace_standard_error", flatness.trace.standard_error},
          {"probes", defaults.probes},
          {"surface", nullptr}};
}

std::string to_text(const json& result) {
  const json& sharpness = result.at("sharpness");
  const auto number = [](const json& value) { return fixed(value.get<double>(), 6); };
  std::string text = concat("loss        ", number(result.at("loss")), "   (",
                            result.at("objective").get<std::string>(), "; ",
                            with_thousands(result.at("samples").get<std::int64_t>()), " rows of ",
                            result.at("split").get<std::string>(), ", evaluation mode, ",
                            result.at("weights").get<std::string>(), " weights)\n");
  text += concat("sharpness   ", number(sharpness.at("ascent")), "   at rho ",
                 shortest(sharpness.at("rho").get<double>()), " along the gradient; ",
                 number(sharpness.at("random_mean")), " +- ",
                 number(sharpness.at("random_standard_error")), " along ",
                 sharpness.at("directions").get<std::int64_t>(), " random directions\n");
  text += concat("eigenvalue  ", number(result.at("hessian_top_eigenvalue")),
                 "   the Hessian's largest (Lanczos, ",
                 result.at("lanczos").at("products").get<std::int64_t>(), " products, residual ",
                 number(result.at("lanczos").at("residual")), ")\n");
  text += concat("trace       ", number(result.at("hessian_trace")), "   +- ",
                 number(result.at("hessian_trace_standard_error")), " (",
                 result.at("probes").get<std::int64_t>(), " probes)\n");
  if (!result.at("surface").is_null()) {
    text += "surface: " + result.at("surface").get<std::string>() + "\n";
  }
  return text;
}

void run_flatness(const Options& options) {
  const std::string device = options.common.apply();
  check(options);
  const auto start = Clock::now();
  const auto file = weights_of_run(options.run, options.weights);
  const HeadMetadata metadata = read_head_metadata(file);
  const ObjectiveOptions loss = objective_of(options, metadata.shape.tasks.size());
  const Objective objective(loss, class_counts_of(metadata));
  const FlatnessRows rows = sampled_rows(options, metadata, device);
  const auto head = load_head(file, metadata, device);
  FlatnessOptions measured{.rho = options.rho, .seed = static_cast<std::uint64_t>(options.seed)};
  const Flatness flatness = measure_flatness(*head, objective, rows, measured);
  json result = to_json(options, flatness, text_of(loss), rows.x.size(0));

  const std::filesystem::path folder = RunFolder(options.run).path() / "evaluation";
  const std::filesystem::path csv = folder / "flatness-surface.csv";
  make_folder(folder, "RUN");
  if (options.surface > 0) {
    write_text(csv, to_csv(loss_surface(*head, objective, rows, options.surface, measured.seed)));
    result["surface"] = csv.string();
  } else {
    std::error_code ignored;
    std::filesystem::remove(csv, ignored);  // of other weights or another sample
  }
  result["weights_sha256"] = sha256_of_file(file);
  result["seconds"] = std::chrono::duration<double>(Clock::now() - start).count();
  write_text(folder / "flatness.json", json_text(result, 2) + "\n");
  options.common.json ? print_json(result) : print_text(to_text(result));
}

}  // namespace

void add_flatness(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add(
      "flatness", "How sharp the minimum is: sharpness, Hessian eigenvalue and trace, loss surface",
      kExample, options->common);
  command->add_option("RUN", options->run, "Folder that mien train made");
  add_whole_number(command, "--samples", options->samples, "Rows, drawn by the seed");
  const auto read_rho = [options](const std::string& text) {
    if (!parse_number(text, options->rho)) throw InputError("--rho", text, "expected a number");
  };
  command->add_option_function<std::string>("--rho", read_rho, "Radius of the sharpness")
      ->type_name("FLOAT")
      ->default_str(shortest(options->rho));
  add_whole_number(command, "--surface", options->surface,
                   "Points a side of the loss surface; 0: none");
  command
      ->add_option("--loss", options->loss,
                   "objective: what the run minimised, without its AUC part; mean: plain means, "
                   "which compare across objectives")
      ->capture_default_str();
  command->add_option("--split", options->split, "train or validation")->capture_default_str();
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  command->add_option("--bank", options->banks, "Bank, repeatable [as trained]")
      ->allow_extra_args(false);
  command->add_option("--annotations", options->annotations,
                      "Labels: folder or table [as trained]");
  add_whole_number(command, "--seed", options->seed, "Of rows, directions and probes");
  line.when_chosen(command, [options] { run_flatness(*options); });
}

}  // namespace mien
