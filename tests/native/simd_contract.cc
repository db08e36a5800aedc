#include "simd_contract.h"

#include "simd/exp2.h"
#include "simd/transpose.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
struct Contract {
  static void copy(const T* from, T* to) { store(to, load(from)); }
  static void copy_past_cache(const T* from, T* to) {
    store_past_cache(to, load(from));
    fence_past_cache();
  }
  static void copy_part(const T* from, T* to, int64_t n) { store(to, load(from, n), n); }
  static void load_part(const T* from, T* to, int64_t n) { store(to, load(from, n)); }
  static void broadcast(T value, T* to) { store(to, FOLDGATE_ISA::broadcast<T>(value)); }
  static void maximum(const T* a, const T* b, T* to) { store(to, FOLDGATE_ISA::maximum(load(a), load(b))); }
  static void minimum(const T* a, const T* b, T* to) { store(to, FOLDGATE_ISA::minimum(load(a), load(b))); }
  static T sum(const T* from) { return FOLDGATE_ISA::sum(load(from)); }
  static void transpose(const T* from, T* to) {
    Vec<T> v[kLanes<T>];
    for (int i = 0; i < kLanes<T>; ++i) v[i] = load(from + i * kLanes<T>);
    FOLDGATE_ISA::transpose<T>(v);
    for (int i = 0; i < kLanes<T>; ++i) store(to + i * kLanes<T>, v[i]);
  }
  static void iota(T* to) {
    const IntVec<T> lanes = FOLDGATE_ISA::iota<T>();
    for (int i = 0; i < kLanes<T>; ++i) to[i] = static_cast<T>(lanes[i]);
  }
  static void copy_bytes(const uint8_t* from, uint8_t* to, T* widened) {
    const IntVec<T> ints = load_bytes(from, T());
    for (int i = 0; i < kLanes<T>; ++i) widened[i] = static_cast<T>(ints[i]);
    store_bytes(to, ints);
  }
  static void exp(const T* from, T* to) { store(to, FOLDGATE_ISA::exp<T>(load(from))); }
  static void sigmoid(const T* from, T* to) { store(to, FOLDGATE_ISA::sigmoid<T>(load(from))); }
  static void tanh(const T* from, T* to) { store(to, FOLDGATE_ISA::tanh<T>(load(from))); }
  static void gate_sigmoid(const T* from, T* to) { store(to, FOLDGATE_ISA::gate_sigmoid<T>(load(from))); }
  static void gate_tanh(const T* from, T* to) { store(to, FOLDGATE_ISA::gate_tanh<T>(load(from))); }

  static constexpr test::SimdContract<T> all() {
    return {kLanes<T>, copy, copy_past_cache, copy_part, load_part, broadcast, maximum,      minimum,  sum,
            transpose, iota, copy_bytes,      exp,       sigmoid,   tanh,      gate_sigmoid, gate_tanh};
  }
};

}  // namespace

const test::SimdContract<float> contract_f32 = Contract<float>::all();
const test::SimdContract<double> contract_f64 = Contract<double>::all();

}  // namespace foldgate::FOLDGATE_ISA
