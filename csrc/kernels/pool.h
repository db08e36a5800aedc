// Max pooling, a row at a time. Two shapes of row:
//   pixels  a position holds `channels` contiguous values (channels_last): vectors along the channels
//   lines   a position holds one value (channels_first): vectors along the width, strided by the window's stride
//
// Forward:   y[o] = max over window rows r and taps j of x[r][o * stride + j * dilation - before]
//            the winner is the first maximum in the order (r, j); a NaN wins over every number, the first one of several;
//            a window of all -inf names its first tap in the image.
// Backward:  dx[i] = sum over the windows o that hold i as tap t of dy[o] where the winner of o is t, ascending by t
//            pixels: a gather, each dx is written once, overlapping windows included
//            lines: a scatter of one value a window, from the last to the first, which is the same order of sums
//
// A window row is one (depth, height) tap pair inside the image; row_tap is the number of its first tap, so that tap j
// of row r has the number row_tap[r] + j.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

// Integers as wide as T: what a lane of tap numbers holds.
template <class T>
struct LaneIntOf;
template <>
struct LaneIntOf<float> {
  using type = int32_t;
};
template <>
struct LaneIntOf<double> {
  using type = int64_t;
};
template <class T>
using LaneInt = typename LaneIntOf<T>::type;

// Taps first .. last - 1 of a window lie inside the image along one axis.
struct TapRange {
  int32_t first, last;
};

// The windows that hold one input coordinate along one axis: output - i * output_step as tap + i * tap_step, i < count.
struct WindowHits {
  int64_t output = 0;
  int32_t tap = 0, count = 0;
};

// Winners, as tap numbers: one of the two pointers, or none.
struct TapsOut {
  uint8_t* bytes = nullptr;
  int32_t* ints = nullptr;
};

// One row of outputs; of lines, as many as share their window rows' numbers and follow one another in y. All pointers
// are the caller's; y and the taps hold lines * outputs * channels values.
template <class T>
struct PoolForward {
  int64_t rows = 0;  // window rows, at least one
  const T* const* x =
      nullptr;  // pixels: x[r] is the image's row; lines: position `-before` of it, padding and all
  const int32_t* row_tap = nullptr;
  int64_t outputs = 0, stride = 1, dilation = 1;
  Target<T> y{nullptr, false};  // past the cache: lines alone
  TapsOut taps;
  // pixels
  int64_t channels = 1;
  int64_t position = 0;             // of tap 0 of output 0 in the row: -before, or further for later columns
  const TapRange* range = nullptr;  // an entry an output
  // lines
  int64_t row_taps = 0;               // along the width; those in the padding read -inf
  int64_t lines = 1, next_line = 0;   // rows of outputs, and the values from one's x[r] to the next one's
  int64_t readable = 0;               // values of every x[r]: what lies past its row is read, and not used
  const LaneInt<T>* first = nullptr;  // an output's first tap in the image, whole vectors; null: 0 for all
};

// One row of inputs, dx[column][channel].
template <class T>
struct PoolBackward {
  int64_t rows = 0;  // (depth, height) window positions that hold this row, ascending by tap; may be none
  const T* const* dy = nullptr;
  const uint8_t* const* bytes = nullptr;  // winners of the same rows: bytes or ints
  const int32_t* const* ints = nullptr;
  const int32_t* row_tap = nullptr;
  T* dx = nullptr;
  int64_t columns = 0, channels = 1;
  const WindowHits* hits = nullptr;  // an entry a column
  int64_t output_step = 1;
  int32_t tap_step = 1;
  // windows apart: one row at most, and each column in one window at most
  int64_t outputs = 0;   // those that may hold a column; tap j of output o is column
  int64_t position = 0;  //   position + o * stride + j * dilation
  int64_t stride = 1, dilation = 1;
  const TapRange* range = nullptr;  // an entry an output
};

// How the taps of a window lie in the plane: tap r * length + i stands offset[r] + i behind the window's start.
struct TapRuns {
  const int64_t* offset = nullptr;
  int64_t count = 0, length = 1;
};

// Windows in rows: the first starts at position `start` of the plane, the others of a row `step` further each, the rows
// `row_step`. The winners of a row are contiguous, and those of the next stand `pitch` further.
struct WindowGrid {
  int64_t rows, windows, start, row_step, step, pitch;
};

template <class T>
struct PoolKernels {
  int lanes;
  void (*pixels)(const PoolForward<T>&);
  void (*lines)(const PoolForward<T>&);
  // y[i * y_step + q] = x[i * x_step + q], q < n
  void (*copy_rows)(const T* x, int64_t rows, int64_t n, int64_t x_step, T* y, int64_t y_step);
  void (*pixels_backward)(const PoolBackward<T>&);
  void (*pixels_apart_backward)(const PoolBackward<T>&);
  int32_t (*largest)(const uint8_t* values, int64_t n);  // -1 of none
  void (*positions)(const TapRuns&, const WindowGrid&, const uint8_t* taps, int64_t* positions);
  // false where a position is none of its window's: its tap is then anything
  bool (*taps)(const TapRuns&, const WindowGrid&, const int64_t* positions, uint8_t* taps);
  // dx[positions[i]] += dy[i], or dx[i * stride + offset[taps[i]]] += dy[i], from the last i to the first
  void (*scatter)(const int64_t* positions, const T* dy, int64_t n, T* dx);
  void (*scatter_taps)(const uint8_t* taps, const int64_t* offset, const T* dy, int64_t n, int64_t stride,
                       T* dx);
  // A row of dx under n windows of 2 columns, 2 apart: dx[2 o + j] = dy[o] where taps[o] is tap + j, else 0
  void (*pairs_backward)(const uint8_t* taps, int32_t tap, const T* dy, int64_t n, int64_t columns, T* dx);
  // The largest of every plane of n contiguous values, by the rules of windows, and where it stands unless winners is
  // null.
  void (*plane_winners)(const T* x, int64_t planes, int64_t n, T* y, int32_t* winners);
};

}  // namespace foldgate
