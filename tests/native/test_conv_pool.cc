// ops/conv/conv_pool on every tier, for float and double: the maxima of the convolution's windows by the definition, with
// and without their taps, through Winograd's output transform and through scratch, operands flush against guard pages.
#include "ops/conv/conv_pool.h"

#include <cmath>
#include <vector>

#include "check.h"
#include "conv_problem.h"
#include "core/thread_pool.h"
#include "guard.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;
using Case = test::ConvCase;

ConvPoolPlan pool_plan(const Case& c) {
  ConvSpec spec;
  spec.x = image_shape(c.batch, c.spatial.data(), 2, c.in, c.channels_first);
  spec.kernel = {c.kernel[0], c.kernel[1], c.in / c.groups, c.out};
  spec.strides = c.strides, spec.pads = c.pads, spec.dilation = c.dilation;
  spec.groups = c.groups, spec.channels_first = c.channels_first;
  spec.activation = c.activation, spec.algorithm = c.algorithm;
  return ConvPoolPlan::make("conv_max_pool", spec);
}

template <class T>
struct Pooled {
  Pooled(const Case& c, Flush flush)
      : problem(c, flush),
        plan(pool_plan(c)),
        y(plan.pool.outputs(), flush, T(99)),
        alone(plan.pool.outputs(), flush, T(99)),
        taps(plan.pool.outputs(), flush, uint8_t(255)) {}

  void run() {
    conv_max_pool(plan, problem.x.data(), problem.kernel.data(), problem.bias.data(), y.data(), taps.data());
    conv_max_pool<T>(plan, problem.x.data(), problem.kernel.data(), problem.bias.data(), alone.data(),
                     nullptr);
  }

  // Against the convolution as conv_forward has it, by the same algorithm. Winograd's transform that pools is another
  // one, in which the compiler may join other products and sums: each of the two may round as far as is allowed.
  int64_t wrong() {
    CHECK_EQ(problem.wrong_forward(), 0);
    const double allowed = 2 * problem.allowed(problem.plan.in_channels);
    const Window& w = problem.plan.window;
    const int64_t height = w.height().output / 2, width = w.width().output / 2;
    const test::Images from = test::images_of_y(problem.plan);
    const test::Images to{height * width, from.channels, from.channels_first};
    int64_t count = 0;
    for (int64_t n = 0; n < problem.plan.batch; ++n)
      for (int64_t p = 0; p < to.positions; ++p)
        for (int64_t o = 0; o < to.channels; ++o) {
          int64_t best = 0;
          auto value = [&](int64_t tap) {
            const int64_t row = p / width * 2 + tap / 2, column = p % width * 2 + tap % 2;
            return problem.y[from.at(n, row * w.width().output + column, o)];
          };
          for (int64_t tap = 1; tap < 4; ++tap)
            if (value(tap) > value(best)) best = tap;
          const int64_t i = to.at(n, p, o);
          const bool near = std::abs(y[i] - value(best)) <= allowed;
          const bool won =
              allowed == 0 ? taps[i] == best : taps[i] < 4 && value(best) - value(taps[i]) <= allowed;
          count += !near || alone[i] != y[i] || !won;
        }
    return count;
  }

  test::Problem<T> problem;
  ConvPoolPlan plan;
  Guarded<T> y, alone;
  Guarded<uint8_t> taps;
};

template <class T>
void check_pooled(const Case& c, Flush flush) {
  Pooled<T> pooled(c, flush);
  pooled.run();
  CHECK_EQ(pooled.wrong(), 0);
}

const Case kCases[] = {
    {2,
     3,
     17,
     1,
     {4, 9},
     {3, 3},
     {1, 1},
     {1, 1},
     {0, 0, 0, 2}},  // 2 and 9 outputs: the ninth is in no window
    {1, 16, 2, 1, {6, 5}, {3, 3}, {1, 1}, {1, 1}, {4, 3, 1, 1}},     // outputs of padding alone
    {1, 33, 15, 1, {21, 22}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},  // tiles cut by the image
    {1, 20, 40, 1, {9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
};

TEST(conv_max_pool, every_algorithm_around_tiles_and_lanes) {
  test::on_every_tier([] {
    for (Case c : kCases)
      for (ConvAlgorithm algorithm :
           {ConvAlgorithm::kWinograd, ConvAlgorithm::kDirect, ConvAlgorithm::kIm2col})
        for (bool first : {false, true}) {
          c.algorithm = algorithm, c.channels_first = first;
          c.activation = first ? Activation::kLinear : Activation::kRelu;
          check_pooled<float>(c, first ? Flush::kFront : Flush::kBack);
          if (!first) c.activation = Activation::kRelu6;
          check_pooled<double>(c, first ? Flush::kBack : Flush::kFront);
        }
  });
}

TEST(conv_max_pool, strides_groups_and_a_depthwise_kernel) {
  test::on_every_tier([] {
    check_pooled<float>({2, 6, 4, 2, {9, 12}, {2, 3}, {2, 1}, {1, 2}, {0, 1, 1, 1}}, Flush::kBack);
    check_pooled<double>({1, 5, 5, 5, {8, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, Flush::kFront);
  });
}

// Enough work for several workers, whose results are those of one to the bit.
TEST(conv_max_pool, any_number_of_threads) {
  Case c{3, 33, 40, 1, {30, 29}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
  const int before = get_num_threads();
  for (ConvAlgorithm algorithm : {ConvAlgorithm::kWinograd, ConvAlgorithm::kDirect}) {
    c.algorithm = algorithm;
    set_num_threads(1);
    Pooled<float> one(c, Flush::kBack);
    one.run();
    for (int threads : {2, 5}) {
      set_num_threads(threads);
      Pooled<float> many(c, Flush::kFront);
      many.run();
      int64_t wrong = 0;
      for (int64_t i = 0; i < one.y.size(); ++i)
        wrong += one.y[i] != many.y[i] || one.taps[i] != many.taps[i];
      CHECK_EQ(wrong, 0);
    }
  }
  set_num_threads(before);
}

TEST(conv_max_pool, a_plan_refuses_what_cannot_be) {
  const Case flat{1, 1, 1, 1, {3, 3}, {3, 2}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  CHECK_THROWS(pool_plan(flat), std::invalid_argument,
               "conv_max_pool: the convolution has 1 outputs along spatial axis 0; expected at least 2");
}

}  // namespace
}  // namespace foldgate
