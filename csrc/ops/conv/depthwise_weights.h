// The gradients of a depthwise convolution by its kernel and bias, a stretch of output rows at a time.
//   dkernel[tap][c] = sum over pixels p of  x[p * stride + tap][c] * dy[p][c]
//   dbias[c] = sum over pixels p of  dy[p][c]
#pragma once
#include "kernels/table.h"
#include "ops/conv/depthwise_bands.h"
#include "ops/conv/images.h"
#include "ops/conv/plan.h"

namespace foldgate {

// Taps that a stretch of outputs sees: one worker's scratch, an entry a tap.
template <class T>
struct DepthwiseSums {
  int64_t* offsets;
  T** sums;
};

// x and dy with a channel a group, or with narrow groups (narrow_groups.h).
template <class T>
class DepthwiseWeights {
 public:
  DepthwiseWeights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy);

  int64_t units() const { return batch_ * w_.depth().output * bands_.units(); }
  // Adds a unit's share to dkernel (taps, channels of a group, channels) and to dbias (channels,); either may be null.
  void unit(int64_t index, T* dkernel, T* dbias, const DepthwiseSums<T>& lists) const;

 private:
  struct Row {
    int64_t n, z, y;
  };
  bool is_square() const;
  void add_bias(const Row& at, int64_t rows, T* dbias) const;
  void add_row(const Row& at, T* dkernel, const DepthwiseSums<T>& lists) const;
  void add_band(const Row& at, T* dkernel, const DepthwiseSums<T>& lists) const;
  int64_t select(const Row& at, int64_t column, bool edge, T* dkernel, const DepthwiseSums<T>& lists) const;
  const T* input(const Row& at) const { return x_.data + at.n * x_.step[0]; }
  const T* gradient(const Row& at) const {
    return dy_.data + at.n * dy_.step[0] + at.z * dy_.step[1] + at.y * dy_.step[2];
  }

  const Window& w_;
  int64_t batch_, channels_, group_;
  Images<const T> x_, dy_;
  const Kernels<T>& kernel_;
  InnerOutputs across_;
  RowBands bands_;
};

}  // namespace foldgate
