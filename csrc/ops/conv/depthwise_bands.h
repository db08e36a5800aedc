// How the rows of a depthwise convolution's output planes are cut: single rows, or bands of kDepthwiseRows that no edge
// touches, with the rows at the edges in the first and the last of them.
#pragma once
#include <algorithm>

#include "core/check.h"
#include "kernels/depthwise.h"
#include "ops/conv/images.h"

namespace foldgate {

// Outputs begin .. end - 1 along an axis: those whose taps, at the shifts low .. high, are all inside the image.
struct InnerOutputs {
  int64_t begin = 0, end = 0;
};
inline InnerOutputs inner_outputs(int64_t outputs, int64_t step, int64_t extent, int64_t low, int64_t high) {
  const int64_t begin = std::min(outputs, low < 0 ? ceil_div(-low, step) : 0);
  const int64_t room = extent - 1 - high;
  return {begin, std::max(begin, std::min(outputs, room < 0 ? 0 : room / step + 1))};
}

// Whether the images come from memory, so that the rows of the next band are worth fetching.
template <class T>
bool fetches_rows(const Images<T>& images, int64_t batch) {
  constexpr int64_t kLeastBytes = 8 << 20;
  return batch * images.step[0] * static_cast<int64_t>(sizeof(T)) >= kLeastBytes;
}

struct RowBands {
  int64_t rows = 0;
  InnerOutputs inner;
  bool banded = false;

  int64_t units() const {
    return banded ? std::max<int64_t>(1, ceil_div(inner.end - inner.begin, kDepthwiseRows)) : rows;
  }

  // band(first row) or row(row) for the rows of a unit, in their order.
  template <class Band, class Row>
  void for_each(int64_t unit, Band band, Row row) const {
    if (!banded) return row(unit);
    const int64_t end = unit == units() - 1 ? rows : inner.begin + (unit + 1) * kDepthwiseRows;
    int64_t y = unit == 0 ? 0 : inner.begin + unit * kDepthwiseRows;
    while (y < end) {
      const bool whole = y >= inner.begin && y + kDepthwiseRows <= inner.end;
      whole ? band(y) : row(y);
      y += whole ? kDepthwiseRows : 1;
    }
  }
};

}  // namespace foldgate
