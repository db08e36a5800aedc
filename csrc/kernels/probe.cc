#include "kernels/probe.h"

#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// 12 chains hide a latency of 4-5 cycles at two a cycle and leave 16 registers room for the factors.
constexpr int kChains = 12;

template <class T>
double multiply_add(int64_t rounds, T* sink) {
  Vec<T> sum[kChains];
  FOLDGATE_UNROLL
  for (int i = 0; i < kChains; ++i) sum[i] = broadcast<T>(static_cast<T>(i));
  const Vec<T> a = broadcast<T>(*sink), b = a;
  for (int64_t r = 0; r < rounds; ++r) {
    FOLDGATE_UNROLL
    for (int i = 0; i < kChains; ++i) sum[i] = sum[i] * a + b;
  }
  Vec<T> total = {};
  FOLDGATE_UNROLL
  for (int i = 0; i < kChains; ++i) total += sum[i];
  *sink = sum_from<T, kLanes<T> / 2>(total);
  return 2.0 * kLanes<T> * kChains * static_cast<double>(rounds);
}

}  // namespace

extern const ProbeKernels<float> probe_f32;
extern const ProbeKernels<double> probe_f64;
const ProbeKernels<float> probe_f32{multiply_add<float>};
const ProbeKernels<double> probe_f64{multiply_add<double>};

}  // namespace foldgate::FOLDGATE_ISA
