// The vector contract of simd/vec.h and simd/math.h, made callable: simd_probe.cc is compiled once per tier like a
// kernel, and test_simd.cc, compiled once, drives every tier that this CPU has.
#pragma once

#include <cstdint>

namespace foldgate::test {

template <class T>
struct SimdProbe {
  int lanes;
  void (*copy)(const T* from, T* to);                  // store(to, load(from))
  void (*copy_part)(const T* from, T* to, int64_t n);  // store(to, load(from, n), n)
  void (*load_part)(const T* from, T* to, int64_t n);  // store(to, load(from, n))
  void (*stream)(const T* from, T* to);                // `to` aligned to a vector
  void (*broadcast)(T value, T* to);
  void (*maximum)(const T* a, const T* b, T* to);
  void (*minimum)(const T* a, const T* b, T* to);
  T (*sum)(const T* from);
  void (*transpose)(const T* from, T* to);  // lanes x lanes, row-major
  void (*iota)(T* to);
  void (*copy_bytes)(const uint8_t* from, uint8_t* to, T* widened);  // through integer lanes
  void (*exp)(const T* from, T* to);                                 // whole vectors, as are the next two
  void (*sigmoid)(const T* from, T* to);
  void (*tanh)(const T* from, T* to);
};

#define FOLDGATE_DECLARE_PROBES(isa)              \
  }                                               \
  namespace foldgate::isa {                       \
  extern const test::SimdProbe<float> probe_f32;  \
  extern const test::SimdProbe<double> probe_f64; \
  }                                               \
  namespace foldgate::test {
FOLDGATE_DECLARE_PROBES(baseline)
FOLDGATE_DECLARE_PROBES(avx2)
FOLDGATE_DECLARE_PROBES(avx512)
FOLDGATE_DECLARE_PROBES(neon)
#undef FOLDGATE_DECLARE_PROBES

}  // namespace foldgate::test
