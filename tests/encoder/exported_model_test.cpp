// What `mien export` writes, loaded by LibTorch alone.
#include "mien/encoder/exported_model.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <fstream>
#include <sstream>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

constexpr int kSide = 4;

/// Means of the channels: a crop of one colour gives (v / 255 - .5) / .5 of each.
std::filesystem::path write_encoder(const TemporaryFolder& folder) {
  torch::jit::Module module("__torch__.MienModel");  // the name of ours: the two must not clash
  module.define("def forward(self, x):\n  return x.mean([2, 3])\n");
  module.save((folder.path() / "e.pt").string(),
              {{"mien.json",
                R"({"name": "means", "image_size": 4, "embedding_dim": 3, "mean": [0.5, 0.5, 0.5],
                    "std": [0.5, 0.5, 0.5], "resize": "bicubic"})"}});
  return folder.path() / "e.pt";
}

/// AU unit i sees channel i % 3 alone.
ExportedHead head_of(std::int64_t inputs) {
  ExportedHead head;
  FloatArray weight{{12, inputs}, std::vector<float>(static_cast<std::size_t>(12 * inputs))};
  for (std::int64_t i = 0; i < 12; ++i) {
    weight.values[static_cast<std::size_t>(i * inputs + i % 3)] = 2;
  }
  head.tensors["heads.au.weight"] = weight;
  head.tensors["heads.au.bias"] = {{12}, std::vector<float>(12, .25F)};
  return head;
}

TEST(ExportedModel, LoadsInLibTorchAndAnswersFromBytes) {
  const TemporaryFolder folder;
  std::stringstream archive;
  export_model(write_encoder(folder), {}, head_of(3), {{au_task(), std::vector<double>(12, .7)}},
               R"({"format": "mien-model"})", archive);
  torch::jit::ExtraFilesMap extra{{"mien.json", ""}};
  torch::jit::Module model = torch::jit::load(archive, at::kCPU, extra);
  EXPECT_EQ(extra["mien.json"], R"({"format": "mien-model"})");

  at::Tensor crops = torch::empty({2, 3, 9, 2 * kSide}, at::kByte);
  const std::array<int, 3> levels = {0, 120, 255};
  for (int c = 0; c < 3; ++c) crops.select(1, c).fill_(levels[static_cast<std::size_t>(c)]);
  const auto answers = model.forward({crops}).toGenericDict();
  const at::Tensor au = answers.at("au").toTensor(), active = answers.at("au_active").toTensor();
  ASSERT_EQ(au.sizes(), at::IntArrayRef({2, 12}));
  EXPECT_FALSE(au.requires_grad());
  for (int i = 0; i < 12; ++i) {
    const double x = (levels[static_cast<std::size_t>(i % 3)] / 255. - .5) / .5;
    const double p = 1 / (1 + std::exp(-(2 * x + .25)));
    EXPECT_NEAR(au[1][i].item<double>(), p, 1e-4);
    EXPECT_EQ(active[1][i].item<bool>(), p >= .7);
  }
}

TEST(ExportedModel, RefusesAHeadOfOtherEmbeddings) {
  const TemporaryFolder folder;
  std::stringstream archive;
  EXPECT_TRUE(contains(refusal_of([&] {
                         export_model(write_encoder(folder), {}, head_of(5), {{au_task(), {}}},
                                      "{}", archive);
                       }),
                       "--encoder"));
}

}  // namespace
}  // namespace mien
