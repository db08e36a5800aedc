#include "kernels/stream.h"

#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

void fence() { fence_past_cache(); }

template <class T>
constexpr StreamKernels<T> all() {
  return {kStoresPastCache ? fence : nullptr};
}

}  // namespace

extern const StreamKernels<float> stream_f32;
extern const StreamKernels<double> stream_f64;
const StreamKernels<float> stream_f32 = all<float>();
const StreamKernels<double> stream_f64 = all<double>();

}  // namespace foldgate::FOLDGATE_ISA
