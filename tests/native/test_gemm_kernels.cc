// The kernels below ops/gemm.h on every tier: transposes, packed panels, splits, activations and their derivatives.
#include <cmath>

#include "activated.h"
#include "check.h"
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
using test::rectified_gradient;

template <class T>
void transposes_and_panels() {
  const GemmKernels<T>& g = kernels<T>().gemm;
  const int64_t lanes = g.lanes;
  for (int64_t rows : around({3, lanes})) {
    for (int64_t columns : around({lanes})) {
      Guarded<T> source(rows * columns), target(rows * columns);
      for (int64_t i = 0; i < source.size(); ++i) source[i] = static_cast<T>(i);
      g.transpose(source.data(), columns, rows, columns, target.data(), rows);
      int64_t wrong = 0;
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < columns; ++c) wrong += target[c * rows + r] != source[r * columns + c];
      }
      for (bool transposed : {false, true}) {  // B[k][n] with k = rows, or its transpose
        const int64_t k = transposed ? columns : rows, n = transposed ? rows : columns;
        Guarded<T> panels(k * padded_columns(g, n), Flush::kBack, T(-1));
        const PanelShape shape = panel_shape(g, n);
        g.pack_panels(source.data(), transposed ? 1 : columns, transposed ? columns : 1, k, n, shape.width,
                      panels.data());
        for (int64_t j = 0, width; j < padded_columns(g, n); j += width) {
          width = panel_width(g, shape, n - j);
          for (int64_t i = 0; i < k; ++i) {
            for (int64_t lane = 0; lane < width; ++lane) {
              const int64_t column = j + lane;
              const T expected =
                  column >= n ? T(0) : source[transposed ? column * columns + i : i * columns + column];
              wrong += panels[j * k + i * width + lane] != expected;
            }
          }
        }
      }
      CHECK_EQ(wrong, 0);
    }
  }
}

TEST(gemm_kernels, transposes_and_panels_hold_every_element_once) {
  test::on_every_tier([] {
    transposes_and_panels<float>();
    transposes_and_panels<double>();
  });
}

TEST(gemm_kernels, an_even_split_covers_everything_once) {
  for (int64_t total : {1, 13, 14, 15, 49, 1000}) {
    const EvenSplit split(total, 14);
    int64_t next = 0;
    for (int64_t part = 0; part < split.parts; ++part) {
      CHECK_EQ(split.begin(part), next);
      CHECK(split.size(part) >= 1 && split.size(part) <= 14);
      next += split.size(part);
    }
    CHECK_EQ(next, total);
  }
}

template <class T>
void activations_and_their_derivatives() {
  const ActivationKernels<T>& k = kernels<T>().activation;
  const double eps = std::numeric_limits<T>::epsilon();
  for (int64_t n = 0; n <= 40; ++n) {
    for (Activation activation : {Activation::kLinear, Activation::kRelu, Activation::kRelu6,
                                  Activation::kTanh, Activation::kSigmoid}) {
      Guarded<T> x(n), y(n), dy(n), dx(n);
      test::Random random(static_cast<uint64_t>(n));
      for (int64_t i = 0; i < n; ++i) x[i] = y[i] = static_cast<T>(random.uniform(-8, 8)), dy[i] = T(i + 1);
      k.forward(activation, y.data(), n);
      k.backward(activation, y.data(), dy.data(), dx.data(), n);
      double worst = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double f = activated(activation, x[i]);
        const double slope = activation == Activation::kTanh      ? 1 - static_cast<double>(y[i]) * y[i]
                             : activation == Activation::kSigmoid ? y[i] * (1 - static_cast<double>(y[i]))
                                                                  : rectified_gradient(activation, y[i], 1);
        worst = std::fmax(worst, std::fabs(y[i] - f) / eps);
        worst = std::fmax(worst, std::fabs(dx[i] - slope * dy[i]) / (eps * dy[i]));
      }
      CHECK_LE(worst, 4.0);
    }
  }
}

TEST(activation_kernels, values_and_derivatives_for_every_length) {
  test::on_every_tier([] {
    activations_and_their_derivatives<float>();
    activations_and_their_derivatives<double>();
  });
}

}  // namespace
}  // namespace foldgate
