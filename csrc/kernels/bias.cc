#include "kernels/bias.h"

#include "kernels/put.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
FOLDGATE_INLINE Vec<T> finish(Vec<T> v, T limit) {
  return limit != 0 ? clamp<T>(T(0), limit, v) : v;
}

template <class T>
void rows(const T* x, const T* bias, int64_t count, int64_t n, T limit, Target<T> y) {
  for (int64_t r = 0; r < count; ++r, x += n, y.data += n)
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      fetch_stream(x + i);
      put<T>(y, i, finish<T>(load(x + i, n - i) + load(bias + i, n - i), limit), n - i);
    }
}

template <class T>
void plane(const T* x, T bias, int64_t n, T limit, Target<T> y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(x + i);
    put<T>(y, i, finish<T>(load(x + i, n - i) + bias, limit), n - i);
  }
}

template <class T>
void add_relu(const T* a, const T* b, int64_t n, Target<T> y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(a + i);
    fetch_stream(b + i);
    put<T>(y, i, maximum(Vec<T>{}, load(a + i, n - i) + load(b + i, n - i)), n - i);
  }
}

}  // namespace

extern const BiasKernels<float> bias_f32;
extern const BiasKernels<double> bias_f64;
const BiasKernels<float> bias_f32{rows<float>, plane<float>, add_relu<float>};
const BiasKernels<double> bias_f64{rows<double>, plane<double>, add_relu<double>};

}  // namespace foldgate::FOLDGATE_ISA
