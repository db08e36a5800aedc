#include "kernels/elementwise.h"

#include "kernels/elementwise_functions.h"
#include "kernels/put.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T, template <class, class> class Function>
void forward(T a, const T* x, int64_t n, Target<T> y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(x + i);
    put<T>(y, i, Function<T, Vec<T>>::of(load(x + i, n - i), a), n - i);
  }
}

template <class T, template <class, class> class Function>
void backward(T a, const T* dy, const T* v, int64_t n, Target<T> dx) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(dy + i);
    fetch_stream(v + i);
    put<T>(dx, i, Function<T, Vec<T>>::chain(load(dy + i, n - i), load(v + i, n - i), a), n - i);
  }
}

template <class T, template <class, class> class... Functions>
constexpr ElementwiseKernels<T> family() {
  static_assert(sizeof...(Functions) == kElementwiseFunctions);
  return {{forward<T, Functions>...}, {backward<T, Functions>...}};
}

// In the order of Elementwise.
template <class T>
constexpr ElementwiseKernels<T> all() {
  return family<T, Exp, Tanh, Sigmoid, Relu, Relu6, LeakyRelu, Elu, Selu, HardSigmoid, LogSigmoid, Softplus,
                Log, Erf, Gelu, GeluTanh, Silu, HardSilu, Mish, Softsign>();
}

}  // namespace

extern const ElementwiseKernels<float> elementwise_f32;
extern const ElementwiseKernels<double> elementwise_f64;
const ElementwiseKernels<float> elementwise_f32 = all<float>();
const ElementwiseKernels<double> elementwise_f64 = all<double>();

}  // namespace foldgate::FOLDGATE_ISA
