// ops/gemm.h on every tier, for float and double: exact on integers for sizes around lanes and tiles and for every
// combination of strides, every operand flush against a guard page; within the error bound on real numbers.
#include "ops/gemm.h"

#include <cmath>

#include "activated.h"
#include "check.h"
#include "core/thread_pool.h"
#include "guard.h"
#include "kernels/table.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::activated;
using test::around;
using test::Flush;
using test::Guarded;

struct Case {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false, bias = false;
  Activation activation = Activation::kLinear;
};

GemmPlan plan_of(const Case& c) {
  const MatrixStep a = c.transpose_a ? MatrixStep{1, c.m} : MatrixStep{c.k, 1};
  const MatrixStep b = c.transpose_b ? MatrixStep{1, c.k} : MatrixStep{c.n, 1};
  return GemmPlan::make(c.m, c.n, c.k, a, b, c.activation);
}

// Operands that fault one element past either end, and the product by the definition.
template <class T>
struct Problem {
  Problem(const Case& c, Flush flush)
      : plan(plan_of(c)),
        a(c.m * c.k, flush),
        b(c.k * c.n, flush),
        bias(c.n, flush),
        c(c.m * c.n, flush, T(99)) {}

  // max |c - exact| - bound over the elements; `share` of the bound k eps sum|a||b| may be lost to rounding.
  double excess(bool with_bias, double share) const {
    double worst = 0;
    for (int64_t i = 0; i < plan.m; ++i) {
      for (int64_t j = 0; j < plan.n; ++j) {
        long double sum = with_bias ? bias[j] : 0, magnitude = std::fabs(sum);
        for (int64_t k = 0; k < plan.k; ++k) {
          const long double term = static_cast<long double>(a[i * plan.a.row + k * plan.a.column]) *
                                   b[k * plan.b.row + j * plan.b.column];
          sum += term, magnitude += std::fabs(term);
        }
        const double exact = activated(plan.activation, static_cast<double>(sum));
        const double bound = share * static_cast<double>(plan.k + 4) * std::numeric_limits<T>::epsilon() *
                             static_cast<double>(magnitude + (share > 0 ? 1 : 0));
        const double error = std::fabs(static_cast<double>(c[i * plan.n + j]) - exact) - bound;
        worst = std::isnan(error) ? 1e30 : (error > worst ? error : worst);
      }
    }
    return worst;
  }

  GemmPlan plan;
  Guarded<T> a, b, bias, c;
};

template <class T>
double excess_on_integers(const Case& c, Flush flush = Flush::kBack) {
  Problem<T> problem(c, flush);
  test::Random random(static_cast<uint64_t>(c.m * 10007 + c.n * 101 + c.k));
  random.fill_integers(problem.a, -4, 4);
  random.fill_integers(problem.b, -4, 4);
  random.fill_integers(problem.bias, -9, 9);
  gemm(problem.plan, problem.a.data(), problem.b.data(), c.bias ? problem.bias.data() : nullptr,
       problem.c.data());
  return problem.excess(c.bias, 0);
}

template <class T>
void exact_around_lanes_and_tiles() {
  const GemmKernels<T>& g = kernels<T>().gemm;
  int turn = 0;
  for (int64_t m : around({g.tile_heights[0], g.tile_heights[g.tile_vectors - 1], g.dots_rows})) {
    for (int64_t n : around({g.lanes, g.lanes * g.tile_vectors, 16 * kRowPointers})) {
      for (int64_t k :
           {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{g.lanes} - 1, int64_t{g.lanes} + 1, int64_t{37}}) {
        Case c{m, n, k};
        c.transpose_a = ++turn & 1;
        c.transpose_b = turn & 2;
        c.bias = turn % 3;
        c.activation = turn % 5 == 0   ? Activation::kRelu
                       : turn % 5 == 1 ? Activation::kRelu6
                                       : Activation::kLinear;
        CHECK_EQ(excess_on_integers<T>(c, turn & 4 ? Flush::kFront : Flush::kBack), 0.0);
      }
    }
  }
}

TEST(gemm, exact_on_integers_around_lanes_and_tiles) {
  test::on_every_tier([] {
    exact_around_lanes_and_tiles<float>();
    exact_around_lanes_and_tiles<double>();
  });
}

TEST(gemm, exact_for_every_combination_of_layout_bias_and_activation) {
  test::on_every_tier([] {
    for (int64_t m : {1, 5, 30}) {
      for (int64_t n : {1, 3, 4, 21, 70}) {
        for (int options = 0; options < 24; ++options) {
          Case c{m, n, 19, (options & 1) != 0, (options & 2) != 0, (options & 4) != 0};
          c.activation = options & 16  ? Activation::kRelu6
                         : options & 8 ? Activation::kRelu
                                       : Activation::kLinear;
          CHECK_EQ(excess_on_integers<float>(c), 0.0);
          CHECK_EQ(excess_on_integers<double>(c), 0.0);
        }
      }
    }
  });
}

TEST(gemm, exact_past_the_blocks_of_depth_width_and_rows) {
  test::on_every_tier([] {
    const Case cases[] = {{3, 5, 2100},    {17, 33, 1025}, {1, 70, 1030},
                          {2, 4200, 1024}, {300, 9, 40},   {1, 3, 3000}};
    for (Case c : cases) {
      for (int layout = 0; layout < 4; ++layout) {
        c.transpose_a = layout & 1, c.transpose_b = layout & 2, c.bias = true;
        CHECK_EQ(excess_on_integers<float>(c), 0.0);
      }
    }
    CHECK_EQ(excess_on_integers<double>({5, 2100, 1030}), 0.0);
  });
}

TEST(gemm, rows_a_page_apart_are_as_exact) {
  test::on_every_tier([] {
    CHECK_EQ(excess_on_integers<float>({9, 130, 1024}), 0.0);
    CHECK_EQ(excess_on_integers<float>({256, 130, 20, true}), 0.0);
    CHECK_EQ(excess_on_integers<double>({9, 70, 512}), 0.0);
  });
}

TEST(gemm, exact_with_threads) {
  const int before = get_num_threads();
  for (int threads : {2, 3}) {
    set_num_threads(threads);
    for (int layout = 0; layout < 4; ++layout) {
      CHECK_EQ(excess_on_integers<float>({160, 150, 170, (layout & 1) != 0, (layout & 2) != 0, true}), 0.0);
    }
    CHECK_EQ(excess_on_integers<double>({150, 170, 160}), 0.0);
    CHECK_EQ(excess_on_integers<float>({1, 2000, 1500}), 0.0);
    CHECK_EQ(excess_on_integers<float>({2000, 3, 600, false, true}), 0.0);
  }
  set_num_threads(before);
}

template <class T>
double excess_on_reals(const Case& c) {
  Problem<T> problem(c, Flush::kBack);
  test::Random random(3);
  for (T& x : problem.a) x = static_cast<T>(random.uniform(-1, 1));
  for (T& x : problem.b) x = static_cast<T>(random.uniform(-1, 1));
  for (T& x : problem.bias) x = static_cast<T>(random.uniform(-1, 1));
  gemm(problem.plan, problem.a.data(), problem.b.data(), c.bias ? problem.bias.data() : nullptr,
       problem.c.data());
  return problem.excess(c.bias, 1);
}

TEST(gemm, within_the_error_bound_on_real_numbers) {
  test::on_every_tier([] {
    for (Activation activation : {Activation::kLinear, Activation::kRelu, Activation::kRelu6,
                                  Activation::kTanh, Activation::kSigmoid}) {
      for (const Case& shape :
           {Case{7, 45, 33}, Case{1, 45, 300}, Case{30, 2, 300, false, true}, Case{4, 9, 0}}) {
        Case c = shape;
        c.bias = true;
        c.activation = activation;
        CHECK_EQ(excess_on_reals<float>(c), 0.0);
        CHECK_EQ(excess_on_reals<double>(c), 0.0);
      }
    }
  });
}

TEST(gemm, nan_and_infinity_reach_their_row_and_column_alone) {
  test::on_every_tier([] {
    for (Activation activation :
         {Activation::kLinear, Activation::kRelu, Activation::kRelu6, Activation::kTanh}) {
      for (int64_t n : {1, 2, 20, 70}) {
        Problem<float> p({5, n, 9, false, n < 4, false, activation}, Flush::kBack);
        for (float& x : p.a) x = 1;
        for (float& x : p.b) x = 1;
        p.a[2 * 9 + 4] = std::numeric_limits<float>::quiet_NaN();
        gemm<float>(p.plan, p.a.data(), p.b.data(), nullptr, p.c.data());
        for (int64_t i = 0; i < 5; ++i) {
          for (int64_t j = 0; j < n; ++j) CHECK_EQ(std::isnan(p.c[i * n + j]), i == 2);
        }
        p.a[2 * 9 + 4] = -std::numeric_limits<float>::infinity();
        gemm<float>(p.plan, p.a.data(), p.b.data(), nullptr, p.c.data());
        const float expected = activation == Activation::kLinear ? p.a[22]
                               : activation == Activation::kTanh ? -1
                                                                 : 0;
        for (int64_t j = 0; j < n; ++j) CHECK_EQ(p.c[2 * n + j], expected);
      }
    }
  });
}

TEST(gemm, a_batch_takes_each_matrix_at_its_offset) {
  const Case c{3, 4, 5};
  Problem<float> p({6, 4, 5}, Flush::kBack);  // two matrices a, one b, two results
  test::Random random(1);
  random.fill_integers(p.a, -5, 5);
  random.fill_integers(p.b, -5, 5);
  batched_gemm<float>(plan_of(c), p.a.data(), {0, 15}, p.b.data(), {0, 0}, nullptr, p.c.data());
  CHECK_EQ(p.excess(false, 0), 0.0);
}

TEST(gemm, a_plan_refuses_extents_that_cannot_be) {
  const int64_t huge = int64_t{1} << 32;
  CHECK_THROWS(GemmPlan::make(-1, 2, 3, {}, {}), std::invalid_argument,
               "matmul: extents (m, n, k) are (-1, 2, 3)");
  CHECK_THROWS(GemmPlan::make(huge, huge, 1, {}, {}), std::invalid_argument, "matmul: extents");
  CHECK_THROWS(GemmPlan::make(1, huge, huge, {}, {}), std::invalid_argument, "matmul: extents");
  CHECK_THROWS(GemmPlan::make(huge, 1, huge, {}, {}), std::invalid_argument, "matmul: extents");
}

}  // namespace
}  // namespace foldgate
