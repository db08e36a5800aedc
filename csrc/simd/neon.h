// aarch64 Advanced SIMD: 32 registers of 16 bytes. FMAX/FMIN return NaN for a NaN on either side, which is more than
// the contract of maximum() asks for.
#pragma once
#include <arm_neon.h>

#include "simd/portable.h"

namespace foldgate::FOLDGATE_ISA {

constexpr int kRegisters = 32;
constexpr bool kFusedMultiplyAdd = true;

FOLDGATE_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) {
  return (Vec<float>)vmaxq_f32((float32x4_t)a, (float32x4_t)b);
}
FOLDGATE_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) {
  return (Vec<double>)vmaxq_f64((float64x2_t)a, (float64x2_t)b);
}
FOLDGATE_INLINE Vec<float> minimum(Vec<float> a, Vec<float> b) {
  return (Vec<float>)vminq_f32((float32x4_t)a, (float32x4_t)b);
}
FOLDGATE_INLINE Vec<double> minimum(Vec<double> a, Vec<double> b) {
  return (Vec<double>)vminq_f64((float64x2_t)a, (float64x2_t)b);
}

FOLDGATE_INLINE Vec<float> root(Vec<float> v) { return (Vec<float>)vsqrtq_f32((float32x4_t)v); }
FOLDGATE_INLINE Vec<double> root(Vec<double> v) { return (Vec<double>)vsqrtq_f64((float64x2_t)v); }

}  // namespace foldgate::FOLDGATE_ISA
