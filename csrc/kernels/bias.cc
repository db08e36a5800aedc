#include "kernels/bias.h"

#include "simd/fetch.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
FOLDGATE_INLINE Vec<T> finish(Vec<T> v, T limit) {
  return limit != 0 ? clamp<T>(T(0), limit, v) : v;
}

template <class T>
void rows(const T* x, const T* bias, int64_t count, int64_t n, T limit, T* y) {
  for (int64_t r = 0; r < count; ++r, x += n, y += n)
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      fetch_stream(x + i);
      fetch_stream(y + i);
      store(y + i, finish<T>(load(x + i, n - i) + load(bias + i, n - i), limit), n - i);
    }
}

template <class T>
void plane(const T* x, T bias, int64_t n, T limit, T* y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(x + i);
    fetch_stream(y + i);
    store(y + i, finish<T>(load(x + i, n - i) + bias, limit), n - i);
  }
}

template <class T>
void add_relu(const T* a, const T* b, int64_t n, T* y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(a + i);
    fetch_stream(b + i);
    store(y + i, maximum(Vec<T>{}, load(a + i, n - i) + load(b + i, n - i)), n - i);
  }
}

}  // namespace

extern const BiasKernels<float> bias_f32;
extern const BiasKernels<double> bias_f64;
const BiasKernels<float> bias_f32{rows<float>, plane<float>, add_relu<float>};
const BiasKernels<double> bias_f64{rows<double>, plane<double>, add_relu<double>};

}  // namespace foldgate::FOLDGATE_ISA
