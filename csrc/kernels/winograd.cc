#include "kernels/winograd.h"

#include "kernels/pool_best.h"
#include "kernels/winograd_matrices.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

#define FOLDGATE_ROLLED _Pragma("GCC unroll 1")

// X (In x In) -> F X F' (Out x Out), columns first: load(i, j) gives element (i, j), store(i, j, v) takes it. Columns and
// rows are loops, through a buffer in L1: unrolled, 36 vectors in flight are moved between registers more than computed.
template <class T, int In, int Out, class Map, class Load, class Store>
FOLDGATE_INLINE void transform(Map map, Load load, Store store) {
  Vec<T> half[Out][In];
  FOLDGATE_ROLLED
  for (int j = 0; j < In; ++j) {
    Vec<T> column[In], mapped[Out];
    FOLDGATE_UNROLL
    for (int i = 0; i < In; ++i) column[i] = load(i, j);
    map(column, mapped);
    FOLDGATE_UNROLL
    for (int i = 0; i < Out; ++i) half[i][j] = mapped[i];
  }
  FOLDGATE_ROLLED
  for (int i = 0; i < Out; ++i) {
    Vec<T> mapped[Out];
    map(half[i], mapped);
    FOLDGATE_UNROLL
    for (int j = 0; j < Out; ++j) store(i, j, mapped[j]);
  }
}

// body(load, store, first channel) over the vectors of a row, the last one of which may be a part.
template <class T, class Body>
FOLDGATE_INLINE void for_channels(int64_t channels, Body body) {
  int64_t c = 0;
  for (; c + kLanes<T> <= channels; c += kLanes<T>)
    body([](const T* p) FOLDGATE_LAMBDA { return load(p); },
         [](T* p, Vec<T> v) FOLDGATE_LAMBDA { store(p, v); }, c);
  const int64_t left = channels - c;
  if (left > 0)
    body([left](const T* p) FOLDGATE_LAMBDA { return load_part(p, left); },
         [left](T* p, Vec<T> v) FOLDGATE_LAMBDA { store_part(p, v, left); }, c);
}

template <class T, class F>
void input(const T* const* pixels, int64_t channels, T* v, int64_t step) {
  constexpr int E = F::kEdge;
  for_channels<T>(channels, [&](auto read, auto, int64_t c) FOLDGATE_LAMBDA {
    transform<T, E, E>([](const Vec<T>(&x)[E], Vec<T>(&t)[E]) FOLDGATE_LAMBDA { F::input(x, t); },
                       [&](int i, int j) FOLDGATE_LAMBDA { return read(pixels[i * E + j] + c); },
                       [&](int i, int j, Vec<T> t) FOLDGATE_LAMBDA { store(v + (i * E + j) * step + c, t); });
  });
}

template <class T, class F>
void output_gradient(const T* const* pixels, int64_t channels, T* d, int64_t step) {
  constexpr int E = F::kEdge, M = F::kOutputs;
  for_channels<T>(channels, [&](auto read, auto, int64_t c) FOLDGATE_LAMBDA {
    transform<T, M, E>([](const Vec<T>(&y)[M], Vec<T>(&t)[E]) FOLDGATE_LAMBDA { F::output_gradient(y, t); },
                       [&](int i, int j) FOLDGATE_LAMBDA { return read(pixels[i * M + j] + c); },
                       [&](int i, int j, Vec<T> t) FOLDGATE_LAMBDA { store(d + (i * E + j) * step + c, t); });
  });
}

// Without a branch for each of a tile's values: all of them are between the infinities.
template <class T>
struct Bounds {
  Vec<T> low, high;
};
template <class T>
FOLDGATE_INLINE Bounds<T> bounds_of(T limit) {
  const T infinity = T(__builtin_inf());
  return {broadcast<T>(limit != 0 ? T(0) : -infinity), broadcast<T>(limit != 0 ? limit : infinity)};
}

template <class T, class F>
void output(const T* m, int64_t step, int64_t channels, const T* bias, T limit, T* const* pixels) {
  constexpr int E = F::kEdge, M = F::kOutputs;
  const Bounds<T> between = bounds_of(limit);
  for_channels<T>(channels, [&](auto read, auto write, int64_t c) FOLDGATE_LAMBDA {
    const Vec<T> start = bias ? read(bias + c) : Vec<T>{};
    transform<T, E, M>([](const Vec<T>(&t)[E], Vec<T>(&y)[M]) FOLDGATE_LAMBDA { F::output(t, y); },
                       [&](int i, int j) FOLDGATE_LAMBDA { return load(m + (i * E + j) * step + c); },
                       [&](int i, int j, Vec<T> y) FOLDGATE_LAMBDA {
                         y = maximum(between.low, minimum(between.high, y + start));
                         write(pixels[i * M + j] + c, y);
                       });
  });
}

// A row of windows is complete with the second of its rows of outputs.
template <class T, class F, class Tap>
FOLDGATE_INLINE void pooled(const T* m, int64_t step, int64_t channels, const T* bias, T limit,
                            T* const* pixels, Tap* const* taps) {
  constexpr int E = F::kEdge, M = F::kOutputs;
  const Bounds<T> between = bounds_of(limit);
  for_channels<T>(channels, [&](auto read, auto write, int64_t c) FOLDGATE_LAMBDA {
    const Vec<T> start = bias ? read(bias + c) : Vec<T>{};
    Vec<T> above[M], left;
    transform<T, E, M>([](const Vec<T>(&t)[E], Vec<T>(&y)[M]) FOLDGATE_LAMBDA { F::output(t, y); },
                       [&](int i, int j) FOLDGATE_LAMBDA { return load(m + (i * E + j) * step + c); },
                       [&](int i, int j, Vec<T> y) FOLDGATE_LAMBDA {
                         y = maximum(between.low, minimum(between.high, y + start));
                         if (i % 2 == 0) {
                           above[j] = y;
                         } else if (j % 2 == 0) {
                           left = y;
                         } else {
                           Best<T, Tap> best;
                           best.tap = IntVec<T>{};
                           meet(best, above[j - 1], 0);
                           meet(best, above[j], 1);
                           meet(best, left, 2);
                           meet(best, y, 3);
                           const int window = i / 2 * (M / 2) + j / 2;
                           write(pixels[window] + c, best.value);
                           if (taps) store_taps<T>(advance(taps[window], c), best.tap, channels - c);
                         }
                       });
  });
}

template <class T, class F>
void pooled_output(const T* m, int64_t step, int64_t channels, const T* bias, T limit, T* const* pixels,
                   uint8_t* const* taps) {
  if (taps) return pooled<T, F, uint8_t>(m, step, channels, bias, limit, pixels, taps);
  pooled<T, F, NoTaps>(m, step, channels, bias, limit, pixels, nullptr);
}

// Rows ahead: a stream of short rows a tap is more than the hardware prefetches.
constexpr int kAhead = 3;

template <class T, class F>
void weights(const T* taps, int64_t tap_step, int64_t row_step, int64_t rows, int64_t columns, T* u,
             int64_t width, int64_t step) {
  constexpr int E = F::kEdge, R = F::kTaps;
  for (int64_t r = 0; r < rows; ++r, taps += row_step, u += width)
    for_channels<T>(columns, [&](auto read, auto, int64_t c) FOLDGATE_LAMBDA {
      FOLDGATE_ROLLED
      for (int t = 0; t < R * R; ++t) __builtin_prefetch(taps + t * tap_step + kAhead * row_step + c);
      transform<T, R, E>(
          [](const Vec<T>(&g)[R], Vec<T>(&t)[E]) FOLDGATE_LAMBDA { F::weights(g, t); },
          [&](int i, int j) FOLDGATE_LAMBDA { return read(taps + (i * R + j) * tap_step + c); },
          [&](int i, int j, Vec<T> t) FOLDGATE_LAMBDA { store(u + (i * E + j) * step + c, t); });
    });
}

template <class T, class F>
void weights_gradient(const T* u, int64_t width, int64_t step, int64_t rows, int64_t columns, bool accumulate,
                      T* taps, int64_t tap_step, int64_t row_step) {
  constexpr int E = F::kEdge, R = F::kTaps;
  for (int64_t r = 0; r < rows; ++r, taps += row_step, u += width)
    for_channels<T>(columns, [&](auto read, auto write, int64_t c) FOLDGATE_LAMBDA {
      transform<T, E, R>([](const Vec<T>(&t)[E], Vec<T>(&g)[R])
                             FOLDGATE_LAMBDA { F::weights_gradient(t, g); },
                         [&](int i, int j) FOLDGATE_LAMBDA { return load(u + (i * E + j) * step + c); },
                         [&](int i, int j, Vec<T> g) FOLDGATE_LAMBDA {
                           T* target = taps + (i * R + j) * tap_step + c;
                           write(target, accumulate ? g + read(target) : g);
                         });
    });
}

template <class T, class F, class Input = F>
constexpr WinogradKernels<T> table() {
  return {F::kOutputs,
          F::kTaps,
          F::kEdge,
          input<T, Input>,
          output<T, F>,
          pooled_output<T, F>,
          weights<T, F>,
          output_gradient<T, F>,
          weights_gradient<T, F>};
}

}  // namespace

extern const WinogradKernels<float> winograd23_f32, winograd43_f32, winograd25_f32;
extern const WinogradKernels<double> winograd23_f64, winograd43_f64, winograd25_f64;
const WinogradKernels<float> winograd23_f32 = table<float, Winograd23<float>>();
const WinogradKernels<double> winograd23_f64 = table<double, Winograd23<double>>();
const WinogradKernels<float> winograd43_f32 = table<float, Winograd43<float>>();
const WinogradKernels<double> winograd43_f64 = table<double, Winograd43<double>>();
const WinogradKernels<float> winograd25_f32 = table<float, Winograd25<float>, Winograd43<float>>();
const WinogradKernels<double> winograd25_f64 = table<double, Winograd25<double>, Winograd43<double>>();

}  // namespace foldgate::FOLDGATE_ISA
