// Against products in fp64, over random shapes, for every kind of vectors that the machine has.
#include "products.h"

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "unpacked_products.h"

namespace mien {
namespace {

enum class Form { kTimesTransposed, kTimes, kTransposedTimes };
constexpr Form kForms[] = {Form::kTimesTransposed, Form::kTimes, Form::kTransposedTimes};

struct Problem {
  Form form;
  std::int64_t m, k, n;
  at::Tensor a, b;  ///< as the form wants them

  at::Tensor left() const { return form == Form::kTransposedTimes ? a.t() : a; }
  at::Tensor right() const { return form == Form::kTimesTransposed ? b.t() : b; }
  std::string text() const {
    return "form " + std::to_string(static_cast<int>(form)) + ", [" + std::to_string(m) + ", " +
           std::to_string(k) + "] x [" + std::to_string(k) + ", " + std::to_string(n) + "]";
  }
};

Problem make_problem(Form form, std::int64_t m, std::int64_t k, std::int64_t n) {
  const bool by_rows = form == Form::kTransposedTimes, transposed = form == Form::kTimesTransposed;
  return {form,
          m,
          k,
          n,
          at::randn({by_rows ? k : m, by_rows ? m : k}),
          at::randn({transposed ? n : k, transposed ? k : n})};
}

/// Sizes around the tiles' edges, and some beyond a block of rows.
std::vector<Problem> problems(int count) {
  std::mt19937 random(7);
  const auto size = [&](int most) {
    return std::uniform_int_distribution<std::int64_t>(1, most)(random);
  };
  std::vector<Problem> found;
  for (int i = 0; i < count; ++i) {
    const bool wide = i % 4 == 0;
    found.push_back(make_problem(kForms[i % 3], size(wide ? 150 : 40), size(wide ? 150 : 40),
                                 size(wide ? 300 : 70)));
  }
  return found;
}

Rows<const float> rows(const at::Tensor& t) {
  return {t.const_data_ptr<float>(), t.size(0), t.size(1)};
}

void multiply(const UnpackedProducts& products, const Problem& problem, const at::Tensor& out,
              bool add) {
  const Rows<float> to{out.mutable_data_ptr<float>(), out.size(0), out.size(1)};
  const Rows<const float> a = rows(problem.a), b = rows(problem.b);
  switch (problem.form) {
    case Form::kTimesTransposed:
      return products.times_transposed(to, a, b, add);
    case Form::kTimes:
      return products.times(to, a, b, add);
    case Form::kTransposedTimes:
      return products.transposed_times(to, a, b, add);
  }
}

void multiply(const Problem& problem, const at::Tensor& out, bool add) {
  switch (problem.form) {
    case Form::kTimesTransposed:
      return times_transposed(out, problem.a, problem.b, add);
    case Form::kTimes:
      return times(out, problem.a, problem.b, add);
    case Form::kTransposedTimes:
      return transposed_times(out, problem.a, problem.b, add);
  }
}

/// The largest error over what k roundings of the terms' sizes allow.
double error_of(const Problem& problem, const at::Tensor& out, const at::Tensor& before) {
  const at::Tensor left = problem.left().to(at::kDouble), right = problem.right().to(at::kDouble);
  const at::Tensor expected = at::mm(left, right).add(before.to(at::kDouble));
  const at::Tensor sizes = at::mm(left.abs(), right.abs()).add(before.to(at::kDouble).abs());
  const double unit = std::numeric_limits<float>::epsilon() / 2;
  const at::Tensor allowed = sizes.mul(unit * static_cast<double>(problem.k + 2));
  return out.to(at::kDouble).sub(expected).abs().div(allowed).max().item<double>();
}

/// In each kind of vectors that the machine has.
class TiledProducts : public testing::TestWithParam<const ProductTiles*> {
 protected:
  UnpackedProducts products() const { return UnpackedProducts(*GetParam()); }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TiledProducts);  // other processors have neither

TEST_P(TiledProducts, EqualThoseInFp64UpToRoundings) {
  for (const Problem& problem : problems(300)) {
    const at::Tensor out = at::full({problem.m, problem.n}, std::nan(""), at::kFloat);
    multiply(products(), problem, out, /*add=*/false);
    EXPECT_LE(error_of(problem, out, at::zeros_like(out)), 1) << problem.text();
  }
}

TEST_P(TiledProducts, AreAddedToWhatIsThere) {
  for (const Problem& problem : problems(90)) {
    const at::Tensor before = at::randn({problem.m, problem.n}), out = before.clone();
    multiply(products(), problem, out, /*add=*/true);
    EXPECT_LE(error_of(problem, out, before), 1) << problem.text();
  }
}

TEST_P(TiledProducts, HaveTheSameBitsForAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  for (const Form form : kForms) {
    const Problem problem = make_problem(form, 130, 211, 517);
    const at::Tensor alone = at::zeros({problem.m, problem.n}), shared = at::zeros_like(alone);
    at::set_num_threads(1);
    multiply(products(), problem, alone, false);
    at::set_num_threads(3);
    multiply(products(), problem, shared, false);
    EXPECT_TRUE(at::equal(alone, shared)) << problem.text();
  }
  at::set_num_threads(threads);
}

TEST_P(TiledProducts, LetANaNThrough) {
  for (const Form form : kForms) {
    const Problem problem = make_problem(form, 9, 20, 30);
    problem.a.view(-1)[7] = std::nan("");
    const at::Tensor out = at::zeros({problem.m, problem.n});
    multiply(products(), problem, out, false);
    EXPECT_TRUE(out.isnan().equal(at::mm(problem.left(), problem.right()).isnan()));
  }
}

std::vector<const ProductTiles*> tiles_here() {
  std::vector<const ProductTiles*> tiles = {avx2_tiles(), avx512_tiles()};
  std::erase(tiles, nullptr);
  return tiles;
}

INSTANTIATE_TEST_SUITE_P(Vectors, TiledProducts, testing::ValuesIn(tiles_here()),
                         [](const auto& given) { return std::string(given.param->name); });

TEST(Products, ServeEveryDtypeAndLayout) {
  for (Problem problem : problems(60)) {
    const at::Tensor out = at::zeros({problem.m, problem.n});
    const Problem strided = {problem.form,
                             problem.m,
                             problem.k,
                             problem.n,
                             problem.a.t().contiguous().t(),
                             problem.b.t().contiguous().t()};
    multiply(strided, out, false);
    EXPECT_LE(error_of(problem, out, at::zeros_like(out)), 1) << problem.text();

    Problem exact = problem;
    exact.a = problem.a.to(at::kDouble);
    exact.b = problem.b.to(at::kDouble);
    const at::Tensor wide = at::zeros({problem.m, problem.n}, at::kDouble);
    multiply(exact, wide, false);
    multiply(exact, wide, true);
    EXPECT_LE(wide.sub(at::mm(exact.left(), exact.right()).mul(2)).abs().max().item<double>(),
              1e-11);

    Problem rough = problem;
    rough.a = problem.a.to(at::kBFloat16);
    rough.b = problem.b.to(at::kBFloat16);
    const at::Tensor rounded = at::zeros({problem.m, problem.n});
    multiply(rough, rounded, false);
    const at::Tensor expected = at::mm(rough.left().to(at::kFloat), rough.right().to(at::kFloat));
    EXPECT_LE(rounded.sub(expected).norm().item<double>(),
              .02 * expected.norm().item<double>() + 1e-6);
  }
}

}  // namespace
}  // namespace mien
