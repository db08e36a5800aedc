// ops/conv/transpose on every tier, for float and double: forward and its three gradients against the definition, exact
// on integers, in both data formats, every array flush against a guard page.
#include "ops/conv/transpose.h"

#include <vector>

#include "activated.h"
#include "check.h"
#include "conv_products.h"
#include "guard.h"
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
  Shape spatial, kernel, strides, dilation, before, output;
  bool channels_first = false;
  Activation activation = Activation::kLinear;
};

ConvTransposePlan plan_of(const Case& c) {
  ConvTransposeSpec spec;
  spec.x = image_shape(c.batch, c.spatial.data(), static_cast<int>(c.spatial.size()), c.in, c.channels_first);
  spec.kernel = c.kernel;
  spec.kernel.insert(spec.kernel.end(), {c.out / c.groups, c.in});
  spec.strides = c.strides, spec.dilation = c.dilation, spec.before = c.before, spec.output = c.output;
  spec.groups = c.groups, spec.channels_first = c.channels_first, spec.activation = c.activation;
  return ConvTransposePlan::make("conv_transpose", spec);
}

template <class T>
struct Problem {
  Problem(const Case& c, Flush flush)
      : plan(plan_of(c)),
        x(product(plan.x_shape()), flush),
        kernel(plan.adjoint.kernel_size(), flush),
        bias(plan.out_channels(), flush),
        y(plan.y_size(), flush, T(99)),
        dy(y.size(), flush),
        dx(x.size(), flush, T(99)),
        dkernel(kernel.size(), flush, T(99)),
        dbias(bias.size(), flush, T(99)) {
    test::Random random(static_cast<uint64_t>(x.size() * 31 + kernel.size()));
    for (Guarded<T>* array : {&x, &kernel, &bias, &dy}) random.fill_integers(*array, -3, 3);
  }

  // body(index into y, its channel)
  template <class Body>
  void for_each_output(Body body) const {
    const Images images = test::images_of_x(plan.adjoint);
    for (int64_t n = 0; n < plan.adjoint.batch; ++n) {
      for (int64_t p = 0; p < images.positions; ++p) {
        for (int64_t o = 0; o < images.channels; ++o) body(static_cast<size_t>(images.at(n, p, o)), o);
      }
    }
  }

  int64_t wrong_forward() {
    conv_transpose_forward(plan, x.data(), kernel.data(), bias.data(), y.data());
    std::vector<double> expected(static_cast<size_t>(y.size()));
    for_each_output([&](size_t i, int64_t o) { expected[i] = bias[o]; });
    test::for_each_product(plan.adjoint, [&](int64_t i, int64_t j, int64_t k) {
      expected[static_cast<size_t>(j)] += static_cast<double>(x[i]) * kernel[k];
    });
    for (double& value : expected) value = test::activated(plan.activation, value);
    return differences(y, expected);
  }

  int64_t wrong_backward() {
    const bool activates = plan.activation != Activation::kLinear;
    conv_transpose_backward<T>(plan, {dy.data(), x.data(), kernel.data(), activates ? y.data() : nullptr,
                                      dx.data(), dkernel.data(), dbias.data()});
    std::vector<double> slope(static_cast<size_t>(dy.size())), ex(static_cast<size_t>(x.size()));
    std::vector<double> ek(static_cast<size_t>(kernel.size())), eb(static_cast<size_t>(bias.size()));
    for (int64_t i = 0; i < dy.size(); ++i) {
      slope[static_cast<size_t>(i)] = test::rectified_gradient(plan.activation, y[i], dy[i]);
    }
    for_each_output([&](size_t i, int64_t o) { eb[static_cast<size_t>(o)] += slope[i]; });
    test::for_each_product(plan.adjoint, [&](int64_t i, int64_t j, int64_t k) {
      ex[static_cast<size_t>(i)] += slope[static_cast<size_t>(j)] * kernel[k];
      ek[static_cast<size_t>(k)] += slope[static_cast<size_t>(j)] * x[i];
    });
    return differences(dx, ex) + differences(dkernel, ek) + differences(dbias, eb);
  }

  ConvTransposePlan plan;
  Guarded<T> x, kernel, bias, y, dy, dx, dkernel, dbias;
};

template <class T>
void check_all(Case c) {
  for (bool channels_first : {false, true}) {
    for (Activation activation : {Activation::kLinear, Activation::kRelu, Activation::kRelu6}) {
      c.channels_first = channels_first, c.activation = activation;
      Problem<T> problem(c, channels_first ? Flush::kFront : Flush::kBack);
      CHECK_EQ(problem.wrong_forward(), 0);
      CHECK_EQ(problem.wrong_backward(), 0);
    }
  }
}

TEST(conv_transpose, exact_for_every_geometry) {
  const Case cases[] = {
      {2, 5, 3, 1, {7}, {3}, {1}, {1}, {0}, {9}},
      {2, 5, 17, 1, {7}, {2}, {3}, {1}, {0}, {21}},                    // a gap after the last window
      {2, 4, 6, 2, {7}, {3}, {2}, {3}, {2}, {18}},                     // more room than one stride after it
      {1, 3, 300, 1, {2, 3}, {3, 3}, {2, 1}, {1, 1}, {1, 0}, {4, 5}},  // a pixel longer than the bias' tile
      {2, 6, 6, 6, {4, 5}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {8, 9}},    // depthwise
      {2, 4, 3, 1, {1, 1}, {3, 3}, {1, 1}, {1, 1}, {2, 2}, {1, 1}},    // all but the last position cut
      {1, 4, 2, 1, {3, 2, 4}, {2, 3, 2}, {1, 2, 2}, {1, 1, 1}, {0, 1, 0}, {4, 4, 8}},
  };
  test::on_every_tier([&] {
    for (const Case& c : cases) {
      check_all<float>(c);
      check_all<double>(c);
    }
  });
}

TEST(conv_transpose, an_empty_batch_has_no_output_and_zero_gradients) {
  check_all<float>({0, 5, 3, 1, {7}, {3}, {1}, {1}, {0}, {9}});
}

TEST(conv_transpose, a_plan_refuses_what_cannot_be) {
  const Case good{2, 4, 6, 2, {7}, {3}, {2}, {1}, {0}, {15}};
  Case c = good;
  c.output = {0};
  CHECK_THROWS(plan_of(c), std::invalid_argument,
               "conv_transpose: the output has 0 positions along spatial axis 0");
  c = good, c.before = {-1};
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv_transpose: padding is (-1, ");
  c = good, c.before = {0, 0};
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv_transpose: padding has 2 values");
  c = good, c.spatial = {0};
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv_transpose: x has a spatial extent of 0");
  c = good, c.strides = {int64_t{1} << 62};
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv_transpose: extents");
  c = good, c.groups = 3, c.out = 6;
  CHECK_THROWS(plan_of(c), std::invalid_argument, "conv_transpose: groups is 3; expected a divisor of x's 4");
}

}  // namespace
}  // namespace foldgate
