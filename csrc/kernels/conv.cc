#include "kernels/conv.h"

#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

using Longs = IntVec<double>;
constexpr int kLongs = kLanes<double>;

FOLDGATE_INLINE Longs load_longs(const int64_t* p) {
  Longs v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
FOLDGATE_INLINE void store_pointers(const T** p, Longs v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Outside is where p or extent - 1 - p has its sign bit set, for any of the axes.
template <class T>
void tap_pointers(const TilePixels& pixels, const TapShift* taps, int64_t count, const int64_t* extent,
                  const T* zero, const T** rows) {
  const Longs outside = broadcast_int<double>(reinterpret_cast<int64_t>(zero));
  for (int64_t t = 0; t < count; ++t, rows += kRowPointers)
    for (int i = 0; i < kRowPointers; i += kLongs) {
      Longs signs = {};
      FOLDGATE_UNROLL
      for (int axis = 0; axis < 3; ++axis) {
        const Longs p = load_longs(pixels.position[axis] + i) + taps[t].axis[axis];
        signs |= p | (extent[axis] - 1 - p);
      }
      const Longs inside = signs >= 0;
      const Longs address = load_longs(pixels.address + i) + taps[t].bytes;
      store_pointers(rows + i, (address & inside) | (outside & ~inside));
    }
}

template <class T>
void inner_pointers(const TilePixels& pixels, const TapShift* taps, int64_t count, const T** rows) {
  for (int64_t t = 0; t < count; ++t, rows += kRowPointers)
    for (int i = 0; i < kRowPointers; i += kLongs)
      store_pointers(rows + i, load_longs(pixels.address + i) + taps[t].bytes);
}

// Stretches of kBytes to twice as many, in two copies that may overlap: masked stores take two to ten times as long.
template <int kBytes, class T>
FOLDGATE_INLINE void copy_ends(const T* source, int64_t source_step, int64_t count, int64_t n, T* target,
                               int64_t target_step) {
  const int64_t last = n - kBytes / static_cast<int64_t>(sizeof(T));
  for (int64_t i = 0; i < count; ++i, source += source_step, target += target_step) {
    __builtin_memcpy(target, source, kBytes);
    if (last > 0) __builtin_memcpy(target + last, source + last, kBytes);
  }
}

template <class T>
void copy_stretches(const T* source, int64_t source_step, int64_t count, int64_t n, T* target,
                    int64_t target_step) {
  const int64_t bytes = n * static_cast<int64_t>(sizeof(T));
  if (bytes >= 64) {
    for (int64_t i = 0; i < count; ++i, source += source_step, target += target_step) {
      for (int64_t j = 0; j < n - kLanes<T>; j += kLanes<T>) store(target + j, load(source + j));
      store(target + n - kLanes<T>, load(source + n - kLanes<T>));
    }
    return;
  }
  if (bytes >= 32) return copy_ends<32>(source, source_step, count, n, target, target_step);
  if (bytes >= 16) return copy_ends<16>(source, source_step, count, n, target, target_step);
  if (bytes >= 8) return copy_ends<8>(source, source_step, count, n, target, target_step);
  if (bytes > 0) copy_ends<sizeof(T)>(source, source_step, count, n, target, target_step);
}

// N vectors of columns at a time, so that rows are read in whole cache lines, several of each; two chains a column hide
// the latency of the addition and are joined in a fixed order, the same for every width.
template <class T, int N>
FOLDGATE_INLINE void sum_columns(const T* values, int64_t rows, int64_t live, int64_t step, bool accumulate,
                                 T* sums) {
  Vec<T> even[N] = {}, odd[N] = {};
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2, values += 2 * step) {
    FOLDGATE_UNROLL
    for (int v = 0; v < N; ++v) {
      even[v] += load(values + v * kLanes<T>, live - v * kLanes<T>);
      odd[v] += load(values + step + v * kLanes<T>, live - v * kLanes<T>);
    }
  }
  FOLDGATE_UNROLL
  for (int v = 0; v < N; ++v) {
    const int64_t left = live - v * kLanes<T>;
    if (row < rows) even[v] += load(values + v * kLanes<T>, left);
    Vec<T> sum = even[v] + odd[v];
    if (accumulate) sum += load(sums + v * kLanes<T>, left);
    store(sums + v * kLanes<T>, sum, left);
  }
}

template <class T>
void column_sums(const T* values, int64_t rows, int64_t columns, int64_t step, bool accumulate, T* sums) {
  constexpr int kWide = kRegisters >= 32 ? 8 : 4;
  int64_t j = 0;
  for (; j + kWide * kLanes<T> <= columns; j += kWide * kLanes<T>)
    sum_columns<T, kWide>(values + j, rows, kWide * kLanes<T>, step, accumulate, sums + j);
  for (; j + 2 * kLanes<T> <= columns; j += 2 * kLanes<T>)
    sum_columns<T, 2>(values + j, rows, 2 * kLanes<T>, step, accumulate, sums + j);
  for (; j < columns; j += kLanes<T>)
    sum_columns<T, 1>(values + j, rows, columns - j, step, accumulate, sums + j);
}

template <class T>
void add(T* target, const T* source, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes<T>)
    store(target + i, load(target + i, n - i) + load(source + i, n - i), n - i);
}

template <class T>
T total(const T* values, int64_t n) {
  Vec<T> chain[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes<T> <= n; i += 4 * kLanes<T>) {
    FOLDGATE_UNROLL
    for (int q = 0; q < 4; ++q) chain[q] += load(values + i + q * kLanes<T>);
  }
  for (; i < n; i += kLanes<T>) chain[0] += load(values + i, n - i);
  return sum((chain[0] + chain[1]) + (chain[2] + chain[3]));
}

template <class T>
void add_bias(T* values, int64_t n, T bias, T limit) {
  const Vec<T> b = broadcast<T>(bias);
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    const Vec<T> x = load(values + i, n - i) + b;
    store(values + i, limit != 0 ? clamp<T>(T(0), limit, x) : x, n - i);
  }
}

// 0 * v is NaN for infinities and NaN, and sums keep it.
template <class T>
bool all_finite(const T* values, int64_t n) {
  Vec<T> chain[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes<T> <= n; i += 4 * kLanes<T>) {
    FOLDGATE_UNROLL
    for (int q = 0; q < 4; ++q) chain[q] += T(0) * load(values + i + q * kLanes<T>);
  }
  for (; i < n; i += kLanes<T>) chain[0] += T(0) * load(values + i, n - i);
  const T s = sum((chain[0] + chain[1]) + (chain[2] + chain[3]));
  return s == s;
}

template <class T>
constexpr ConvKernels<T> table() {
  return {tap_pointers<T>, inner_pointers<T>, copy_stretches<T>, column_sums<T>,
          add<T>,          total<T>,          add_bias<T>,       all_finite<T>};
}

}  // namespace

extern const ConvKernels<float> conv_f32;
extern const ConvKernels<double> conv_f64;
const ConvKernels<float> conv_f32 = table<float>();
const ConvKernels<double> conv_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
