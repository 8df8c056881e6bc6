#include "crop_plan.h"

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace {

std::string described(const std::string& name, const CropRecords& records) {
  const CropRecord* record = records.find(name);
  return record != nullptr && record->source ? record->source->path.string() : name;
}

/// A folder belongs to the input that wrote it, also under --force: crops that nobody makes again
/// would be lost.
void require_own_folder(const CropInput& input, const CropRecords& records,
                        const std::filesystem::path& root) {
  const std::string folder = (root / input.name).string();
  const auto refuse = [&](const std::string& owner) {
    throw InputError(
        input.flag(), input.path.string(),
        concat("its crops would go to ", folder, ", which holds those of ",
               described(owner, records), "; expected another file name, or another --out"));
  };
  const CropRecord* own = records.find(input.name);
  if (own != nullptr && own->source && !own->source->is_same_input(source_of(input))) {
    refuse(input.name);
  }
  const std::string* owner = records.owner_of(input.name);
  if (owner != nullptr && *owner != input.name) refuse(*owner);
  if (!records.is_free(input.name, input.name)) {
    throw InputError("--out", folder,
                     concat("exists already and holds no crops of ", input.path.string(),
                            "; expected another folder"));
  }
}

/// Of the folders of several people the longest.
std::string problem_of_folder(const CropInput& input, const std::filesystem::path& root) {
  return input.problem.empty() ? name_problem(root / (input.name + "_1000")) : input.problem;
}

void skip(const CropInput& input, const CropRecord& record, CropPlan& plan) {
  ++plan.skipped;
  if (record.source && record.source->size != source_of(input).size) {
    log::warn(
        concat(input.path.string(), ": has changed since it was cropped; --force crops it anew"));
  }
}

}  // namespace

CropSource source_of(const CropInput& input) {
  return input.images ? CropSource::of_images(*input.images) : CropSource::of_file(input.path);
}

CropPlan plan_crops(const std::vector<CropInput>& inputs, const std::filesystem::path& root,
                    const CropOptions& options) {
  const CropRecords records(root);
  for (const CropInput& input : inputs) {
    if (problem_of_folder(input, root).empty()) require_own_folder(input, records, root);
  }
  CropPlan plan;
  for (const CropInput& input : inputs) {
    throw_if_interrupted("nothing was begun");
    if (!options.force && records.is_finished(input.name)) {
      skip(input, *records.find(input.name), plan);
      continue;
    }
    if (const std::string problem = problem_of_folder(input, root); !problem.empty()) {
      plan.failed.push_back({input.name, problem});
      continue;
    }
    try {
      plan.frames += input.expected(options.every);
      plan.inputs.push_back(&input);
    } catch (const ImageError& problem) {
      plan.failed.push_back({input.name, problem.what()});
    }
  }
  if (plan.inputs.empty() && plan.skipped == 0) {
    refuse_all(inputs.front(), plan.failed.front().reason, inputs.size());
  }
  return plan;
}

}  // namespace mien
