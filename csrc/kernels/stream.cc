#include "kernels/stream.h"

#include "kernels/put.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
void copy(const T* x, int64_t n, Target<T> y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) put<T>(y, i, load(x + i, n - i), n - i);
}

void fence() { fence_past_cache(); }

template <class T>
constexpr StreamKernels<T> all() {
  return {copy<T>, kStoresPastCache ? fence : nullptr};
}

}  // namespace

extern const StreamKernels<float> stream_f32;
extern const StreamKernels<double> stream_f64;
const StreamKernels<float> stream_f32 = all<float>();
const StreamKernels<double> stream_f64 = all<double>();

}  // namespace foldgate::FOLDGATE_ISA
