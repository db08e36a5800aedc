// ops/conv on every tier, for float and double: forward, its three gradients, im2col and col2im against the definition,
// exact on integers, every algorithm and data format, every array flush against a guard page.
#include "ops/conv/conv.h"

#include <limits>
#include <string>
#include <vector>

#include "check.h"
#include "conv_products.h"
#include "core/thread_pool.h"
#include "guard.h"
#include "kernels/table.h"
#include "ops/conv/im2col.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::differences;
using test::Flush;
using test::Guarded;
using test::Images;
using test::product;
using Shape = std::vector<int64_t>;

struct Case {
  int64_t batch, in, out, groups;
  Shape spatial, kernel, strides, dilation, pads;
  bool channels_first = false;
  Activation activation = Activation::kLinear;
  ConvAlgorithm algorithm = ConvAlgorithm::kByShape;
};

ConvPlan plan_of(const Case& c) {
  ConvSpec spec;
  spec.x = image_shape(c.batch, c.spatial.data(), static_cast<int>(c.spatial.size()), c.in, c.channels_first);
  spec.kernel = c.kernel;
  spec.kernel.insert(spec.kernel.end(), {c.in / c.groups, c.out});
  spec.strides = c.strides, spec.pads = c.pads, spec.dilation = c.dilation;
  spec.groups = c.groups, spec.channels_first = c.channels_first;
  spec.activation = c.activation, spec.algorithm = c.algorithm;
  return ConvPlan::make("conv", spec);
}

template <class T>
struct Problem {
  Problem(const Case& c, Flush flush)
      : plan(plan_of(c)),
        x(product(plan.x_shape()), flush),
        kernel(plan.kernel_size(), flush),
        bias(plan.out_channels, flush),
        y(product(plan.y_shape()), flush, T(99)),
        dy(y.size(), flush),
        dx(x.size(), flush, T(99)),
        dkernel(kernel.size(), flush, T(99)),
        dbias(bias.size(), flush, T(99)) {
    test::Random random(static_cast<uint64_t>(x.size() * 31 + kernel.size()));
    for (Guarded<T>* array : {&x, &kernel, &bias, &dy}) random.fill_integers(*array, -3, 3);
  }

  // 0 but for Winograd's transforms, which magnify the rounding of sums of `terms` products of up to 3 x 3 (docs/).
  double allowed(int64_t terms) const {
    if (plan.algorithm != ConvAlgorithm::kWinograd) return 0;
    return 4 * 564 * 9 * static_cast<double>(std::numeric_limits<T>::epsilon()) * static_cast<double>(terms);
  }

  int64_t wrong_forward() {
    conv_forward(plan, x.data(), kernel.data(), bias.data(), y.data());
    const Images out = test::images_of_y(plan);
    std::vector<double> expected(static_cast<size_t>(y.size()));
    for (int64_t n = 0; n < plan.batch; ++n) {
      for (int64_t p = 0; p < out.positions; ++p) {
        for (int64_t o = 0; o < out.channels; ++o) expected[static_cast<size_t>(out.at(n, p, o))] = bias[o];
      }
    }
    test::for_each_product(plan, [&](int64_t i, int64_t j, int64_t k) {
      expected[static_cast<size_t>(i)] += static_cast<double>(x[j]) * kernel[k];
    });
    if (plan.activation == Activation::kRelu) {
      for (double& value : expected) value = value > 0 ? value : 0;
    }
    return differences(y, expected, allowed(plan.in_channels));
  }

  int64_t wrong_backward() {
    const Images out = test::images_of_y(plan);
    const bool relu = plan.activation == Activation::kRelu;
    conv_backward<T>(plan, {dy.data(), x.data(), kernel.data(), relu ? y.data() : nullptr, dx.data(),
                            dkernel.data(), dbias.data()});
    std::vector<double> slope(static_cast<size_t>(dy.size())), ex(static_cast<size_t>(x.size()));
    std::vector<double> ek(static_cast<size_t>(kernel.size())), eb(static_cast<size_t>(bias.size()));
    for (int64_t i = 0; i < dy.size(); ++i) {
      slope[static_cast<size_t>(i)] = relu && !(y[i] > 0) ? 0 : static_cast<double>(dy[i]);
    }
    test::for_each_product(plan, [&](int64_t i, int64_t j, int64_t k) {
      ex[static_cast<size_t>(j)] += slope[static_cast<size_t>(i)] * kernel[k];
      ek[static_cast<size_t>(k)] += slope[static_cast<size_t>(i)] * x[j];
    });
    for (int64_t n = 0; n < plan.batch; ++n) {
      for (int64_t p = 0; p < out.positions; ++p) {
        for (int64_t o = 0; o < out.channels; ++o) {
          eb[static_cast<size_t>(o)] += slope[static_cast<size_t>(out.at(n, p, o))];
        }
      }
    }
    return differences(dx, ex, allowed(plan.out_channels)) +
           differences(dkernel, ek, allowed(plan.batch * plan.window.output_positions())) +
           differences(dbias, eb);
  }

  ConvPlan plan;
  Guarded<T> x, kernel, bias, y, dy, dx, dkernel, dbias;
};

template <class T>
void check_case(const Case& c, Flush flush) {
  Problem<T> problem(c, flush);
  CHECK_EQ(problem.wrong_forward(), 0);
  CHECK_EQ(problem.wrong_backward(), 0);
}

// Every algorithm that can do the case, in both data formats; the flush alternates.
template <class T>
void check_all(Case c) {
  static int turn = 0;
  for (ConvAlgorithm algorithm :
       {ConvAlgorithm::kByShape, ConvAlgorithm::kDirect, ConvAlgorithm::kIm2col, ConvAlgorithm::kDepthwise}) {
    if (algorithm == ConvAlgorithm::kDepthwise && c.groups != c.in) continue;
    for (bool channels_first : {false, true}) {
      c.algorithm = algorithm;
      c.channels_first = channels_first;
      c.activation = ++turn % 3 ? Activation::kLinear : Activation::kRelu;
      check_case<T>(c, turn & 1 ? Flush::kFront : Flush::kBack);
    }
  }
}

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
        for (int64_t out : {1, 3}) {
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

// Rows go in bands where the window is a square of neighbours: heights and widths around those of a band, and channels
// around a vector.
template <class T>
void depthwise_bands() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t channels : {lanes - 1, 2 * lanes, 2 * lanes + 1}) {
    for (int64_t size : {3, 5}) {
      for (int64_t height : {5, 6, 7, 8, 9, 10, 13}) {
        const int64_t width = height + size % 4, pad = height % 2 ? size / 2 : 0;
        check_all<T>({2,
                      channels,
                      channels,
                      channels,
                      {height, width},
                      {size, size},
                      {1, 1},
                      {1, 1},
                      {pad, pad, pad, pad + 1}});
      }
    }
  }
}

// channels_first planes go through frames of their rows: widths around vectors, every stride, taps far apart, padding
// beyond the image and planes of several bands.
template <class T>
void depthwise_frames() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t width : {lanes - 1, lanes + 2, 2 * lanes + 3}) {
    for (int64_t stride : {1, 2, 3}) {
      for (int64_t multiplier : {1, 2}) {
        const int64_t groups = 3, out = groups * multiplier;
        check_all<T>({2, groups, out, groups, {6, width}, {3, 3}, {stride, stride}, {1, 1}, {1, 1, 1, 1}});
        check_all<T>({1, groups, out, groups, {9, width}, {2, 3}, {1, stride}, {2, 2}, {0, 3, 5, 0}});
      }
    }
    check_all<T>({1, 2, 2, 2, {150, 5 * width}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}});
    check_all<T>({1, 2, 2, 2, {1, width}, {1, 1}, {1, 4}, {1, 1}, {0, 0, 0, 0}});
    check_all<T>({1, 2, 4, 2, {3, 4, width}, {2, 3, 3}, {2, 1, 1}, {1, 1, 1}, {1, 1, 1, 1, 1, 1}});
  }
}

TEST(conv, exact_for_frames_of_depthwise_planes) {
  test::on_every_tier([] {
    depthwise_frames<float>();
    depthwise_frames<double>();
  });
}

TEST(conv, exact_for_bands_of_depthwise_rows) {
  test::on_every_tier([] {
    depthwise_bands<float>();
    depthwise_bands<double>();
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

TEST(conv, winograd_within_its_bound_around_tiles_and_lanes) {
  const Case cases[] = {
      {1, 1, 1, 1, {3, 3}, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
      {2, 3, 17, 1, {4, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 0, 2}},
      {1, 16, 2, 1, {6, 5}, {3, 3}, {1, 1}, {1, 1}, {4, 3, 1, 1}},
      {2, 33, 15, 1, {21, 22}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
      {1, 130, 129, 1, {9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
  };
  test::on_every_tier([&] {
    for (Case c : cases) {
      c.algorithm = ConvAlgorithm::kWinograd;
      for (bool channels_first : {false, true}) {
        c.channels_first = channels_first;
        c.activation = channels_first ? Activation::kRelu : Activation::kLinear;
        check_case<float>(c, Flush::kFront);
        check_case<float>(c, Flush::kBack);
        check_case<double>(c, Flush::kBack);
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

template <class T>
void check_columns(const Case& c, Flush flush) {
  const Shape image =
      image_shape(c.batch, c.spatial.data(), static_cast<int>(c.spatial.size()), c.in, c.channels_first);
  const ColumnsPlan plan =
      ColumnsPlan::make("im2col", image, c.channels_first, {c.kernel, c.strides, c.dilation, c.pads});
  Guarded<T> x(product(image), flush), columns(product(plan.columns_shape()), flush, T(99));
  Guarded<T> back(x.size(), flush, T(99));
  test::Random(5).fill_integers(x, -9, 9);
  const Images in{plan.window.input_positions(), plan.channels, c.channels_first};
  const Images out{plan.window.output_positions(), plan.depth(), c.channels_first};
  std::vector<double> expected(static_cast<size_t>(columns.size())), sums(static_cast<size_t>(x.size()));
  test::for_each_tap(plan.window, [&](int64_t output, int64_t tap, int64_t position) {
    for (int64_t n = 0; n < plan.batch; ++n) {
      for (int64_t channel = 0; channel < plan.channels; ++channel) {
        const T value = x[in.at(n, position, channel)];
        expected[static_cast<size_t>(out.at(n, output, tap * plan.channels + channel))] = value;
        sums[static_cast<size_t>(in.at(n, position, channel))] += value;
      }
    }
  });
  im2col(plan, x.data(), columns.data());
  CHECK_EQ(differences(columns, expected), 0);
  col2im(plan, columns.data(), back.data());
  CHECK_EQ(differences(back, sums), 0);
}

TEST(columns, im2col_and_col2im_by_the_definition) {
  test::on_every_tier([] {
    for (int64_t channels : {1, 3, 16, 19}) {
      for (bool channels_first : {false, true}) {
        const Case cases[] = {
            {2, channels, 1, 1, {9}, {3}, {2}, {1}, {1, 2}, channels_first},
            {2, channels, 1, 1, {6, 7}, {3, 2}, {1, 2}, {2, 1}, {2, 0, 1, 1}, channels_first},
            {1,
             channels,
             1,
             1,
             {3, 4, 5},
             {2, 2, 3},
             {1, 1, 1},
             {1, 1, 1},
             {0, 1, 1, 0, 1, 1},
             channels_first},
        };
        for (const Case& c : cases) {
          check_columns<float>(c, Flush::kBack);
          check_columns<double>(c, Flush::kFront);
        }
      }
    }
  });
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
