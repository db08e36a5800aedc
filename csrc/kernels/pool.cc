#include "kernels/pool.h"

#include "kernels/pool_backward.h"
#include "kernels/pool_forward.h"
#include "kernels/pool_indices.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

int32_t largest(const uint8_t* values, int64_t n) {
  typedef uint8_t Bytes __attribute__((vector_size(kVectorBytes)));
  Bytes most = {};
  int64_t i = 0;
  for (; i + kVectorBytes <= n; i += kVectorBytes) {
    Bytes v;
    __builtin_memcpy(&v, values + i, sizeof v);
    most = v > most ? v : most;
  }
  int32_t result = -1;
  if (i > 0)
    for (int lane = 0; lane < kVectorBytes; ++lane) result = most[lane] > result ? most[lane] : result;
  for (; i < n; ++i) result = values[i] > result ? values[i] : result;
  return result;
}

template <class T>
constexpr PoolKernels<T> table() {
  return {kLanes<T>,       pixels<T>,          lines<T>,
          copy_rows<T>,    pixels_backward<T>, pixels_apart_backward<T>,
          largest,         positions_of_taps,  taps_of_positions,
          scatter<T>,      scatter_taps<T>,    pairs_backward<T>,
          plane_winners<T>};
}

}  // namespace

extern const PoolKernels<float> pool_f32;
extern const PoolKernels<double> pool_f64;
const PoolKernels<float> pool_f32 = table<float>();
const PoolKernels<double> pool_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
