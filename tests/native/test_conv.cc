// ops/conv on every tier, for float and double: forward and its three gradients against the definition, exact on
// integers, every algorithm and data format, every array flush against a guard page.
#include "ops/conv/conv.h"

#include <vector>

#include "check.h"
#include "conv_problem.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::check_all;
using test::check_case;
using test::Flush;
using test::plan_of;
using test::Problem;
using Case = test::ConvCase;

template <class T>
void channels_around_lanes() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t in : {int64_t{1}, int64_t{3}, lanes - 1, lanes + 1, 2 * lanes + 1}) {
    for (int64_t out : {int64_t{1}, int64_t{2}, lanes - 1, 2 * lanes, 2 * lanes + 3}) {
      check_all<T>({2, in, out, 1, {4, 5}, {3, 2}, {1, 1}, {1, 1}, {1, 1, 0, 1}});
    }
  }
}

TEST(conv, exact_for_channels_around_lanes) {
  test::on_every_tier([] {
    channels_around_lanes<float>();
    channels_around_lanes<double>();
  });
}

template <class T>
void few_outputs_of_one_tap() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t in : {int64_t{1}, lanes, lanes + 1, 3 * lanes - 1})
    for (int64_t out : {1, 2, 3}) check_all<T>({2, in, out, 1, {5, 7}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}});
}

TEST(conv, exact_for_few_outputs_of_one_tap) {
  test::on_every_tier([] {
    few_outputs_of_one_tap<float>();
    few_outputs_of_one_tap<double>();
  });
}

// Columns that are vectors along k, in panels of three: from too few channels for them to enough for a whole vector's half.
template <class T>
void few_outputs_of_many_channels() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t in : {lanes, 2 * lanes, 4 * lanes + 3, 8 * lanes + 1})
    for (int64_t out = 1; out <= lanes / 2 + 1; ++out) {
      check_all<T>({1, in, out, 1, {3, 5}, {3, 2}, {1, 1}, {1, 1}, {1, 1, 0, 1}});
      check_case<T>({2, 2 * in, 2 * out, 2, {7, 4}, {2, 3}, {2, 1}, {1, 1}, {0, 1, 1, 1}}, Flush::kFront);
    }
}

TEST(conv, exact_for_few_outputs_of_many_channels) {
  test::on_every_tier([] {
    few_outputs_of_many_channels<float>();
    few_outputs_of_many_channels<double>();
  });
}

TEST(conv, exact_for_every_kind_of_window_and_rank) {
  const Case cases[] = {
      {2, 3, 5, 1, {9}, {3}, {2}, {1}, {1, 2}},
      {1, 5, 4, 1, {11}, {3}, {1}, {3}, {6, 0}},
      {2, 4, 6, 1, {7, 6}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {1, 4, 6, 1, {7, 6}, {1, 1}, {2, 3}, {1, 1}, {0, 0, 1, 1}},
      {1, 3, 7, 1, {8, 9}, {3, 3}, {2, 1}, {2, 3}, {2, 1, 3, 3}},
      {2, 2, 3, 1, {6, 5}, {5, 4}, {3, 3}, {1, 1}, {4, 4, 3, 3}},
      {1, 3, 20, 1, {12, 13}, {7, 7}, {2, 2}, {1, 1}, {3, 3, 3, 3}},
      {1, 17, 5, 1, {3, 4, 5}, {2, 3, 2}, {1, 2, 1}, {1, 1, 2}, {1, 0, 1, 1, 0, 2}},
      {2, 18, 18, 1, {2, 30}, {1, 3}, {1, 1}, {1, 1}, {0, 0, 1, 1}},
  };
  test::on_every_tier([&] {
    for (const Case& c : cases) {
      check_all<float>(c);
      check_all<double>(c);
    }
  });
}

// The kernel's gradient: rows longer than a block, many blocks to a part, parts, a stride beyond the kernel; few
// channels as kernel rows, and a single one as shifted views.
TEST(conv, exact_where_the_pixels_are_cut) {
  const Case cases[] = {
      {1, 17, 3, 1, {1500}, {3}, {1}, {1}, {1, 1}},
      {1, 17, 3, 1, {1501}, {2}, {3}, {2}, {4, 0}},
      {3, 18, 20, 1, {20, 40}, {3, 1}, {1, 1}, {2, 1}, {2, 2, 0, 0}},
      {2, 30, 3, 1, {31, 9}, {2, 1}, {3, 2}, {1, 1}, {0, 0, 0, 0}},
      {2, 16, 35, 2, {2, 9, 11}, {2, 3, 3}, {1, 2, 1}, {1, 1, 2}, {1, 1, 1, 1, 2, 2}},
      {5, 1, 16, 1, {21, 22}, {5, 3}, {1, 1}, {2, 1}, {4, 4, 1, 1}},
      {2, 1, 33, 1, {5, 9, 8}, {2, 3, 2}, {1, 2, 1}, {1, 1, 1}, {1, 0, 1, 1, 0, 1}},
      {2, 2, 17, 1, {30, 31}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
      // few output channels: x and dy change places, unless the padding is wider than the kernel
      {2, 20, 3, 1, {9, 31}, {3, 3}, {1, 1}, {1, 1}, {1, 2, 0, 1}},
      {2, 18, 1, 1, {9, 31}, {3, 2}, {1, 1}, {2, 1}, {4, 2, 1, 0}},
      {2, 17, 2, 1, {19, 31}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {2, 17, 2, 1, {9, 11}, {2, 3}, {1, 1}, {1, 1}, {3, 0, 4, 5}},
      // few input channels: dx in stripes of rows, long rows in pieces
      {1, 2, 5, 1, {40, 9}, {5, 3}, {3, 2}, {2, 1}, {3, 1, 2, 2}},
      {1, 3, 40, 1, {9001}, {7}, {3}, {1}, {3, 4}},
      {2, 1, 5, 1, {4, 25, 9}, {2, 3, 3}, {2, 1, 4}, {2, 1, 1}, {2, 0, 1, 1, 0, 4}},
  };
  test::on_every_tier([&] {
    for (Case c : cases) {
      c.out *= c.groups;
      check_all<float>(c);
      check_all<double>(c);
    }
  });
}

TEST(conv, exact_for_groups_depthwise_and_multipliers) {
  test::on_every_tier([] {
    for (int64_t groups : {2, 3, 5, 17, 33}) {
      for (int64_t in : {1, 2}) {
        for (int64_t out : {1, 2, 3}) {
          Case c{2, groups * in, groups * out, groups, {5, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
          check_all<float>(c);
          c.strides = {2, 1}, c.dilation = {1, 2}, c.pads = {0, 1, 2, 1};
          check_all<float>(c);
          check_all<double>(c);
        }
      }
    }
  });
}

// Rows of every height of the strided tiles, in panels of every width and a ragged one.
template <class T>
void widths_around_tiles() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t out : {lanes - 1, 2 * lanes, 3 * lanes, 4 * lanes + 1, 5 * lanes}) {
    for (int64_t width = 4; width <= 31; ++width) {
      const Case c{1, 3, out, 1, {2, width}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, width % 2 == 0};
      check_case<T>(c, width % 3 ? Flush::kBack : Flush::kFront);
    }
  }
}

TEST(conv, exact_for_widths_around_tiles) {
  test::on_every_tier([] {
    widths_around_tiles<float>();
    widths_around_tiles<double>();
  });
}

// Many terms and few pixels: a single sweep, whose first tile packs whole panels of weights for the others. Panels of every
// width, a ragged one last; one tile and several, of taps that miss some of the pixels, of parts of taps, and of groups.
template <class T>
void few_pixels_of_many_terms() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t out : {2 * lanes, 3 * lanes, 4 * lanes, 5 * lanes + 1, 8 * lanes, 10 * lanes}) {
    for (int64_t width : {1, 2, 5, 7}) {
      const Flush flush = width == 2 ? Flush::kFront : Flush::kBack;
      check_case<T>({1, 90, out, 1, {3, width}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, flush);
      check_case<T>({1, 650, out, 1, {3, width}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, flush);
      check_case<T>({1, 350, 2 * out, 2, {6, width}, {2, 1}, {2, 1}, {1, 1}, {0, 0, 0, 0}}, flush);
    }
  }
}

TEST(conv, exact_for_few_pixels_of_many_terms) {
  test::on_every_tier([] {
    few_pixels_of_many_terms<float>();
    few_pixels_of_many_terms<double>();
  });
}

// Enough pixels for frames of several rows, planes and strips, one long row of a 1x1 kernel, and sweeps read in place.
TEST(conv, exact_for_sweeps_of_planes_rows_and_strips) {
  const Case cases[] = {
      {40, 5, 9, 1, {6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
      {1, 16, 33, 1, {40, 41}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
      {3, 17, 20, 1, {35, 36}, {3, 3}, {2, 1}, {1, 2}, {0, 0, 0, 0}},
      {5, 24, 40, 1, {17, 19}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {2, 33, 18, 1, {24, 47}, {1, 1}, {1, 2}, {1, 1}, {1, 0, 0, 3}},
      {2, 32, 34, 2, {30, 31}, {3, 1}, {1, 1}, {1, 1}, {1, 1, 0, 0}},
      {1, 3, 5, 1, {9000}, {5}, {1}, {3}, {6, 6}},
      {1, 18, 5, 1, {9000}, {3}, {1}, {1}, {2, 0}},
      {1, 3, 18, 1, {18001}, {7}, {2}, {1}, {3, 4}},
      {2, 1, 9, 1, {20, 67}, {3, 5}, {1, 3}, {1, 2}, {1, 1, 4, 0}},
      {2, 2, 6, 1, {6, 9, 40}, {2, 3, 3}, {1, 2, 1}, {2, 1, 1}, {1, 0, 1, 1, 2, 0}},
      {1, 16, 20, 1, {9, 12, 13}, {3, 2, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 0, 1, 0, 0}},
      {1, 1024, 17, 1, {33, 32}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {1, 512, 17, 1, {66, 64}, {1, 1}, {2, 2}, {1, 1}, {0, 0, 0, 0}},
      {3, 1, 29, 1, {9, 28}, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {2, 2, 19, 1, {5, 6, 37}, {2, 2, 2}, {1, 2, 1}, {2, 1, 3}, {1, 1, 0, 1, 2, 1}},
      {1, 3, 33, 1, {7, 66}, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {2, 24, 30, 2, {8, 16}, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
  };
  test::on_every_tier([&] {
    for (const Case& c : cases) {
      for (bool channels_first : {false, true}) {
        Case direct = c;
        direct.algorithm = ConvAlgorithm::kDirect;
        direct.channels_first = channels_first;
        check_case<float>(direct, Flush::kBack);
        check_case<double>(direct, Flush::kFront);
      }
    }
  });
}

TEST(conv, exact_with_threads) {
  const int before = get_num_threads();
  for (int threads : {2, 3}) {
    set_num_threads(threads);
    for (bool channels_first : {false, true}) {
      check_case<float>({2, 3, 40, 1, {90, 91}, {7, 7}, {2, 2}, {1, 1}, {3, 3, 3, 3}, channels_first},
                        Flush::kBack);
      for (int64_t groups : {1, 4, 16}) {
        Case c{6, 16, 32, groups, {18, 20}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, channels_first};
        c.algorithm = groups == 1 ? ConvAlgorithm::kDirect : ConvAlgorithm::kByShape;
        check_case<float>(c, Flush::kBack);
      }
      check_case<float>({8, 64, 64, 64, {40, 40}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, channels_first},
                        Flush::kBack);
    }
    check_case<float>({6,
                       16,
                       32,
                       1,
                       {18, 20},
                       {3, 3},
                       {2, 2},
                       {1, 1},
                       {1, 1, 1, 1},
                       false,
                       Activation::kRelu,
                       ConvAlgorithm::kIm2col},
                      Flush::kBack);
  }
  set_num_threads(before);
}

TEST(conv, empty_batches_and_skipped_gradients) {
  Case c{0, 3, 4, 1, {5}, {3}, {1}, {1}, {0, 0}};
  check_all<float>(c);
  c.batch = 2;
  Problem<float> p(c, Flush::kBack);
  conv_backward<float>(
      p.plan, {p.dy.data(), p.x.data(), p.kernel.data(), nullptr, nullptr, p.dkernel.data(), nullptr});
  for (float value : p.dx) CHECK_EQ(value, 99.0f);
  for (float value : p.dbias) CHECK_EQ(value, 99.0f);
  CHECK_NE(p.dkernel[0], 99.0f);
}

TEST(conv, a_plan_refuses_operands_that_do_not_fit) {
  Case c{1, 6, 8, 2, {5}, {3}, {1}, {1}, {0, 0}};
  c.groups = 4;
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv: ");
  c.groups = 2, c.out = 7;
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv: ");
  c.out = 8, c.algorithm = ConvAlgorithm::kDepthwise;
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv: ");
  c.algorithm = ConvAlgorithm::kByShape, c.in = 0;
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv: ");
}

}  // namespace
}  // namespace foldgate
