// The vector contract of simd/vec.h and simd/math.h, made callable: simd_contract.cc is compiled once per tier like a
// kernel, and test_simd.cc, compiled once, drives every tier that this CPU has.
#pragma once

#include <cstdint>

namespace foldgate::test {

template <class T>
struct SimdContract {
  int lanes;
  void (*copy)(const T* from, T* to);                  // store(to, load(from))
  void (*copy_past_cache)(const T* from, T* to);       // store_past_cache(to, load(from)), then the fence
  void (*copy_part)(const T* from, T* to, int64_t n);  // store(to, load(from, n), n)
  void (*load_part)(const T* from, T* to, int64_t n);  // store(to, load(from, n))
  void (*broadcast)(T value, T* to);
  void (*maximum)(const T* a, const T* b, T* to);
  void (*minimum)(const T* a, const T* b, T* to);
  T (*sum)(const T* from);
  void (*transpose)(const T* from, T* to);  // lanes x lanes, row-major
  void (*iota)(T* to);
  void (*copy_bytes)(const uint8_t* from, uint8_t* to, T* widened);  // through integer lanes
  void (*exp)(const T* from, T* to);                                 // whole vectors, as are those below
  void (*sigmoid)(const T* from, T* to);
  void (*tanh)(const T* from, T* to);
  void (*gate_sigmoid)(const T* from, T* to);
  void (*gate_tanh)(const T* from, T* to);
};

#define FOLDGATE_DECLARE_CONTRACTS(isa)                 \
  }                                                     \
  namespace foldgate::isa {                             \
  extern const test::SimdContract<float> contract_f32;  \
  extern const test::SimdContract<double> contract_f64; \
  }                                                     \
  namespace foldgate::test {
FOLDGATE_DECLARE_CONTRACTS(baseline)
FOLDGATE_DECLARE_CONTRACTS(avx2)
FOLDGATE_DECLARE_CONTRACTS(avx512)
FOLDGATE_DECLARE_CONTRACTS(neon)
#undef FOLDGATE_DECLARE_CONTRACTS

}  // namespace foldgate::test
