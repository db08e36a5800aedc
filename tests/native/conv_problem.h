// A convolution to test: its operands flush against guard pages, and what is wrong with foldgate's answers.
#pragma once
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "activated.h"
#include "check.h"
#include "conv_products.h"
#include "guard.h"
#include "ops/conv/conv.h"
#include "random.h"

namespace foldgate::test {

struct ConvCase {
  int64_t batch, in, out, groups;
  std::vector<int64_t> spatial, kernel, strides, dilation, pads;
  bool channels_first = false;
  Activation activation = Activation::kLinear;
  ConvAlgorithm algorithm = ConvAlgorithm::kByShape;
};

inline ConvPlan plan_of(const ConvCase& c) {
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
  Problem(const ConvCase& c, Flush flush)
      : plan(plan_of(c)),
        x(product(plan.x_shape()), flush),
        kernel(plan.kernel_size(), flush),
        bias(plan.out_channels, flush),
        y(product(plan.y_shape()), flush, T(99)),
        dy(y.size(), flush),
        dx(x.size(), flush, T(99)),
        dkernel(kernel.size(), flush, T(99)),
        dbias(bias.size(), flush, T(99)) {
    Random random(static_cast<uint64_t>(x.size() * 31 + kernel.size()));
    for (Guarded<T>* array : {&x, &kernel, &bias, &dy}) random.fill_integers(*array, -3, 3);
  }

  // 0 but for transforms, which magnify the rounding of sums of `terms` products of integers up to 3 (docs/).
  double allowed(int64_t terms) const {
    const double eps = std::numeric_limits<T>::epsilon(), products = 9 * static_cast<double>(terms);
    if (plan.algorithm == ConvAlgorithm::kWinograd)
      return 4 * (plan.taps() == 9 ? 564 : 1132) * eps * products;
    if (plan.algorithm != ConvAlgorithm::kFft) return 0;
    double log = 6;  // of the largest transform
    while (std::exp2(log - 4) < static_cast<double>(plan.taps())) ++log;
    return 4 * eps * log * std::sqrt(std::exp2(log + 1)) * static_cast<double>(plan.taps()) * products;
  }

  // With weights packed before; the kernel itself is then not there, unless its form is the plain one.
  int64_t wrong_packed() {
    const PackedWeights<T> packed = pack_weights(plan, kernel.data());
    CHECK(packed.form == weight_form<T>(plan));
    const T* const taps = packed.form.kind == WeightForm::kPlain ? kernel.data() : nullptr;
    conv_forward(plan, x.data(), taps, bias.data(), y.data(), &packed);
    return wrong_y();
  }
  int64_t wrong_forward() {
    conv_forward(plan, x.data(), kernel.data(), bias.data(), y.data());
    return wrong_y();
  }

  int64_t wrong_y() {
    const Images out = images_of_y(plan);
    std::vector<double> expected(static_cast<size_t>(y.size()));
    for (int64_t n = 0; n < plan.batch; ++n) {
      for (int64_t p = 0; p < out.positions; ++p) {
        for (int64_t o = 0; o < out.channels; ++o) expected[static_cast<size_t>(out.at(n, p, o))] = bias[o];
      }
    }
    for_each_product(plan, [&](int64_t i, int64_t j, int64_t k) {
      expected[static_cast<size_t>(i)] += static_cast<double>(x[j]) * kernel[k];
    });
    for (double& value : expected) value = activated(plan.activation, value);
    return differences(y, expected, allowed(plan.in_channels));
  }

  int64_t wrong_backward() {
    const Images out = images_of_y(plan);
    const bool activates = plan.activation != Activation::kLinear;
    conv_backward<T>(plan, {dy.data(), x.data(), kernel.data(), activates ? y.data() : nullptr, dx.data(),
                            dkernel.data(), dbias.data()});
    std::vector<double> slope(static_cast<size_t>(dy.size())), ex(static_cast<size_t>(x.size()));
    std::vector<double> ek(static_cast<size_t>(kernel.size())), eb(static_cast<size_t>(bias.size()));
    for (int64_t i = 0; i < dy.size(); ++i) {
      slope[static_cast<size_t>(i)] = rectified_gradient(plan.activation, y[i], dy[i]);
    }
    for_each_product(plan, [&](int64_t i, int64_t j, int64_t k) {
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
void check_case(const ConvCase& c, Flush flush) {
  Problem<T> problem(c, flush);
  CHECK_EQ(problem.wrong_packed(), 0);
  CHECK_EQ(problem.wrong_forward(), 0);
  CHECK_EQ(problem.wrong_backward(), 0);
}

// Every algorithm that can do the case, in both data formats; the flush alternates.
template <class T>
void check_all(ConvCase c) {
  static int turn = 0;
  for (ConvAlgorithm algorithm :
       {ConvAlgorithm::kByShape, ConvAlgorithm::kDirect, ConvAlgorithm::kIm2col, ConvAlgorithm::kDepthwise}) {
    if (algorithm == ConvAlgorithm::kDepthwise && c.groups != c.in) continue;
    for (bool channels_first : {false, true}) {
      c.algorithm = algorithm;
      c.channels_first = channels_first;
      constexpr Activation kTurns[] = {Activation::kLinear, Activation::kRelu, Activation::kRelu6};
      c.activation = kTurns[++turn % 3];
      check_case<T>(c, turn & 1 ? Flush::kFront : Flush::kBack);
    }
  }
}

}  // namespace foldgate::test
