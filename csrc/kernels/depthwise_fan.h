// Bodies of the kernels of one plane and many of outputs of depthwise_lines.h: what a few outputs see is loaded once, and
// every plane takes its nine weights to it.
#pragma once
#include "kernels/depthwise_lines.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// Vectors of outputs of two rows each: with 32 registers two of them, 24 inputs and 4 sums, with 16 one, 12 and 2.
constexpr int kFanVectors = kRegisters >= 32 ? 2 : 1;
constexpr int kFanTaps = 9;

// Where such vectors begin in x and in the outputs, and how many outputs of each are live.
struct FanPlaces {
  int64_t x[kFanVectors], y[kFanVectors], live[kFanVectors];
};

// body(places) until all vectors of every two rows have had their turn. The last vector of a row begins earlier, to end
// with it, where an output may be computed twice, and is a part where it may not. So do the last rows.
template <class T, class Body>
FOLDGATE_INLINE void for_each_place(const DepthwiseFan<T>& f, bool twice, Body body) {
  const int64_t last_row = f.rows - 2, last = f.outputs > kLanes<T> ? f.outputs - kLanes<T> : 0;
  for (int64_t u = 0, v = 0; u < f.rows;) {
    FanPlaces places;
    for (int p = 0; p < kFanVectors; ++p) {
      const int64_t row = u < last_row ? u : last_row, column = twice && v > last ? last : v;
      const int64_t left = u < f.rows ? f.outputs - column : 0;
      places.x[p] = row * f.x_row + column;
      places.y[p] = row * f.y_row + column;
      places.live[p] = left < kLanes<T> ? left : kLanes<T>;
      v += kLanes<T>;
      if (v >= f.outputs) v = 0, u += 2;
    }
    body(places);
  }
}

// Tap t of row r sees seen[t + 3 * r].
template <class T>
using Seen = Vec<T>[kFanTaps + 3][kFanVectors];

template <class T>
FOLDGATE_INLINE void see(const DepthwiseFan<T>& f, const FanPlaces& places, Seen<T>& seen) {
  FOLDGATE_UNROLL
  for (int p = 0; p < kFanVectors; ++p) {
    FOLDGATE_UNROLL
    for (int i = 0; i < kFanTaps + 3; ++i)
      seen[i][p] = load_part(f.x + places.x[p] + i / 3 * f.x_row + i % 3, places.live[p]);
  }
}

// Every output is one chain over the taps in their order, as in lines().
template <class T>
void fan(const DepthwiseFan<T>& f, const T* weights, const T* bias, T limit, T* y) {
  for_each_place(f, true, [&](const FanPlaces& places) FOLDGATE_LAMBDA {
    Seen<T> seen;
    see(f, places, seen);
    const int64_t row = f.y_row, plane = f.y_plane;
    const T* w = weights;
    T* to = y;
    for (int64_t o = 0; o < f.planes; ++o, w += kFanTaps, to += plane) {
      Vec<T> sum[2][kFanVectors];
      FOLDGATE_UNROLL
      for (int p = 0; p < kFanVectors; ++p) sum[0][p] = sum[1][p] = broadcast<T>(bias ? bias[o] : T(0));
      FOLDGATE_UNROLL
      for (int t = 0; t < kFanTaps; ++t) {
        FOLDGATE_UNROLL
        for (int p = 0; p < kFanVectors; ++p) {
          sum[0][p] += broadcast<T>(w[t]) * seen[t][p];
          sum[1][p] += broadcast<T>(w[t]) * seen[t + 3][p];
        }
      }
      FOLDGATE_UNROLL
      for (int i = 0; i < 2 * kFanVectors; ++i) {
        const Vec<T> v = sum[i % 2][i / 2];
        store(to + places.y[i / 2] + i % 2 * row, limit != 0 ? clamp<T>(T(0), limit, v) : v,
              places.live[i / 2]);
      }
    }
  });
}

// x beyond a row's outputs may be an infinity that belongs to other taps alone, and is not read.
template <class T>
void fan_gradient(const DepthwiseFan<T>& f, const T* dy, T* sums) {
  for_each_place(f, false, [&](const FanPlaces& places) FOLDGATE_LAMBDA {
    Seen<T> seen;
    see(f, places, seen);
    const int64_t row = f.y_row, planes = f.planes, plane = f.y_plane;
    const T* from = dy;
    T* to = sums;
    for (int64_t o = 0; o < planes; ++o, from += plane, to += kFanTaps * kLanes<T>) {
      Vec<T> d[2][kFanVectors];
      FOLDGATE_UNROLL
      for (int i = 0; i < 2 * kFanVectors; ++i) {
        const T* p = from + places.y[i / 2] + i % 2 * row;
        __builtin_prefetch(p + 2 * row);
        d[i % 2][i / 2] = load_part(p, places.live[i / 2]);
      }
      FOLDGATE_UNROLL
      for (int t = 0; t < kFanTaps; ++t) {
        Vec<T> sum = load(to + t * kLanes<T>);
        FOLDGATE_UNROLL
        for (int p = 0; p < kFanVectors; ++p) {
          sum += d[0][p] * seen[t][p];
          sum += d[1][p] * seen[t + 3][p];
        }
        store(to + t * kLanes<T>, sum);
      }
    }
  });
}

}  // namespace
}  // namespace foldgate::FOLDGATE_ISA
