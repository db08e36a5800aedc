// Max pooling, a row at a time. Two shapes of row:
//   pixels  a position holds `channels` contiguous values (channels_last): vectors along the channels
//   lines   a position holds one value (channels_first): vectors along the width, strided by the window's stride
//
// Forward:   y[o] = max over window rows r and taps j of x[r][o * stride + j * dilation - before]
//            the winner is the first maximum in the order (r, j); a NaN wins over every number, the first one of several;
//            a window of all -inf names its first tap in the image.
// Backward:  dx[i] = sum over the windows o that hold i as tap t of dy[o] where the winner of o is t
//            a gather, in ascending order of t: each dx is written once, overlapping windows included.
//
// A window row is one (depth, height) tap pair inside the image; row_tap is the number of its first tap, so that tap j
// of row r has the number row_tap[r] + j.
#pragma once
#include <cstdint>

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

// One row of outputs. All pointers are the caller's; y and the taps hold outputs * channels values.
template <class T>
struct PoolForward {
  int64_t rows = 0;  // window rows, at least one
  const T* const* x =
      nullptr;  // pixels: x[r] is the image's row; lines: position `-before` of it, padding and all
  const int32_t* row_tap = nullptr;
  int64_t outputs = 0, stride = 1, dilation = 1;
  T* y = nullptr;
  TapsOut taps;
  // pixels
  int64_t channels = 1;
  int64_t position = 0;             // of tap 0 of output 0 in the row: -before, or further for later columns
  const TapRange* range = nullptr;  // an entry an output
  // lines
  int64_t row_taps = 0;               // along the width; those in the padding read -inf
  int64_t readable = 0;               // values of every x[r]
  const LaneInt<T>* first = nullptr;  // an output's first tap in the image, whole vectors; null: 0 for all
};

// Taps of a stride phase: those with tap * dilation % stride == phase, ascending; tap e reads `shift` outputs back.
struct PhaseTaps {
  const int32_t* tap = nullptr;
  const int64_t* shift = nullptr;
  const int64_t* begin = nullptr;  // phase p: entries begin[p] .. begin[p + 1] - 1
};

// One row of inputs: pixels write dx[column][channel]; lines write whole vectors of slots, stride positions a slot.
template <class T>
struct PoolBackward {
  int64_t rows = 0;  // (depth, height) window positions that hold this row, ascending by tap; may be none
  const T* const* dy = nullptr;
  const uint8_t* const* bytes = nullptr;  // winners of the same rows: bytes or ints
  const int32_t* const* ints = nullptr;
  const int32_t* row_tap = nullptr;
  T* dx = nullptr;
  // pixels
  int64_t columns = 0, channels = 1;
  const WindowHits* hits = nullptr;  // an entry a column
  int64_t output_step = 1;
  int32_t tap_step = 1;
  // pixels of windows apart: one row at most, and each column in one window at most
  int64_t outputs = 0;   // those that may hold a column; tap j of output o is column
  int64_t position = 0;  //   position + o * stride + j * dilation
  int64_t dilation = 1;
  const TapRange* range = nullptr;  // an entry an output
  // lines: `stride` phases; slot v and a tap of shift s read dy[r][v + reach - s], 0 from `readable` on
  int64_t slots = 0, stride = 1, reach = 0, readable = 0;
  PhaseTaps phases;
};

template <class T>
struct PoolKernels {
  int lanes;
  void (*pixels)(const PoolForward<T>&);
  void (*lines)(const PoolForward<T>&);
  void (*pixels_backward)(const PoolBackward<T>&);
  void (*pixels_apart_backward)(const PoolBackward<T>&);
  void (*lines_backward)(const PoolBackward<T>&);
  int32_t (*largest)(const uint8_t* values, int64_t n);  // -1 of none
};

}  // namespace foldgate
