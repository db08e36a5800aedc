#include "kernels/recurrent.h"

#include "kernels/pack.h"
#include "kernels/recurrent_backward.h"
#include "kernels/recurrent_forward.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
int panel_vectors(Phase phase, int64_t units) {
  return panel_vectors_of(kPhaseGates[static_cast<int>(phase)], (units + kLanes<T> - 1) / kLanes<T>);
}

// kPackRows rows of the source at a time: few pages, read in order.
constexpr int64_t kPackRows = 32;

constexpr int first_gate(Phase phase) { return phase == Phase::kGruCandidate ? 2 : 0; }

template <class T>
void pack_panels(Phase phase, int vectors, const T* source, int64_t columns, int64_t depth, int64_t units,
                 int64_t begin, int64_t end, T* panels) {
  const int gates = kPhaseGates[static_cast<int>(phase)];
  const int64_t width = gates * vectors * kLanes<T>;
  const auto pack_vector = [&](int64_t k0, int64_t k1, int64_t panel, int v, int g) FOLDGATE_LAMBDA {
    const int64_t unit = (panel * vectors + v) * kLanes<T>, live = units - unit;
    T* target = panels + panel * depth * width + (v * gates + g) * kLanes<T>;
    const T* column = source + (first_gate(phase) + g) * units + unit;
    for (int64_t k = k0; k < k1; ++k)
      store(target + k * width, live > 0 ? load(column + k * columns, live) : Vec<T>{});
  };
  for (int64_t k = 0; k < depth; k += kPackRows)
    for (int64_t panel = begin; panel < end; ++panel)
      for (int v = 0; v < vectors; ++v)
        for (int g = 0; g < gates; ++g)
          pack_vector(k, k + kPackRows < depth ? k + kPackRows : depth, panel, v, g);
}

template <class T>
void add(T* target, const T* source, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes<T>)
    store(target + i, load(target + i, n - i) + load(source + i, n - i), n - i);
}

template <class T>
constexpr RecurrentKernels<T> table() {
  return {kLanes<T>,   panel_vectors<T>,  pack_panels<T>, project<T>, step<T>,
          gradient<T>, reset_gradient<T>, cell<T>,        add<T>};
}

}  // namespace

extern const RecurrentKernels<float> recurrent_f32;
extern const RecurrentKernels<double> recurrent_f64;
const RecurrentKernels<float> recurrent_f32 = table<float>();
const RecurrentKernels<double> recurrent_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
