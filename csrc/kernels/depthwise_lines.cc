#include "kernels/depthwise_lines.h"

#include "kernels/depthwise_fan.h"
#include "kernels/depthwise_narrow.h"
#include "simd/fetch.h"
#include "simd/stride.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// ---- frames ----

template <class T>
FOLDGATE_INLINE void zero_line(T* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<T>) store(out + i, Vec<T>{}, count - i);
}

// Phase q of rows begin .. end - 1, all inside of the plane; Step as in stride.h. The columns are the same in every row,
// and of a narrow plane one part of a vector.
template <int Step, class T>
FOLDGATE_INLINE void frame_phase(const LineFrame<T>& f, int64_t q, int64_t begin, int64_t end) {
  const int64_t step = Step > 0 ? Step : f.stride, width = f.width, start = q - f.before;
  const int64_t first = start < 0 ? (step - 1 - start) / step : 0;
  const int64_t inside = start < width ? (width - start + step - 1) / step : 0;  // m beyond those are outside
  const int64_t count = (inside < f.phase_step ? inside : f.phase_step) - first;
  if (count <= 0) return;
  const int64_t row = f.stride * f.phase_step, readable = width - start - first * step;
  T* out = f.frame + (begin - f.first) * row + q * f.phase_step + first;
  const T* x = f.x + begin * width + start + first * step;
  if (Step == 1 && count < kLanes<T>) {
    for (int64_t r = begin; r < end; ++r, x += width, out += row) {
      fetch_stream(x);
      store_part(out, load_part(x, count), count);
    }
    return;
  }
  for (int64_t r = begin; r < end; ++r, x += width, out += row) {
    int64_t m = 0;
    for (; m + kLanes<T> < count; m += kLanes<T>) {
      if constexpr (Step == 1) fetch_stream(x + m);
      store(out + m, load_strided<Step>(x + m * step, step));
    }
    store(out + m, load_strided<Step>(x + m * step, step, readable - m * step), count - m);
  }
}

template <int Step, class T>
FOLDGATE_INLINE void frame_by(const LineFrame<T>& f) {
  const int64_t row = f.stride * f.phase_step, last = f.first + f.rows;
  const int64_t begin = f.first < 0 ? (last < 0 ? last : 0) : f.first;  // rows before lie above the plane
  const int64_t below = f.height > begin ? f.height : begin;
  const int64_t end = below < last ? below : last;
  zero_line(f.frame, (begin - f.first) * row);
  zero_line(f.frame + (end - f.first) * row, (last - end) * row);
  for (int64_t q = 0; q < f.stride; ++q) frame_phase<Step>(f, q, begin, end);
}

template <class T>
void frame(const LineFrame<T>& f) {
  if (f.stride == 1) return frame_by<1>(f);
  if (f.stride == 2) return frame_by<2>(f);
  frame_by<0>(f);
}

template <class T>
void interleave(const T* phases, int64_t phase_step, int64_t stride, int64_t width, T* row) {
  int64_t m = 0;
  if (stride == 2)
    for (; 2 * (m + kLanes<T>) <= width; m += kLanes<T>)
      store_interleaved(row + 2 * m, load(phases + m), load(phases + phase_step + m));
  for (int64_t q = 0; q < stride; ++q)
    for (int64_t i = m; i * stride + q < width; ++i) row[i * stride + q] = phases[q * phase_step + i];
}

// ---- convolution ----

// Rows of outputs side by side, and vectors along each: 8 chains, and with 32 registers 9 weights beside them.
constexpr int kLineRows = 4;
constexpr int kLineVectors = kRegisters >= 32 ? 2 : 1;

template <class T, int R, int P>
FOLDGATE_INLINE void begin(Vec<T> (&sum)[R][P], const DepthwiseLines<T>& l, const T* y, int64_t live) {
  FOLDGATE_UNROLL
  for (int r = 0; r < R; ++r) {
    FOLDGATE_UNROLL
    for (int p = 0; p < P; ++p) {
      sum[r][p] = broadcast<T>(l.bias);
      if (l.accumulate) sum[r][p] += load(y + r * l.y_row + p * kLanes<T>, live - p * kLanes<T>);
    }
  }
}
template <class T, int R, int P>
FOLDGATE_INLINE void end(const Vec<T> (&sum)[R][P], const DepthwiseLines<T>& l, T* y, int64_t live) {
  FOLDGATE_UNROLL
  for (int r = 0; r < R; ++r) {
    FOLDGATE_UNROLL
    for (int p = 0; p < P; ++p) {
      fetch_stream(y + r * l.y_row + p * kLanes<T>);
      store(y + r * l.y_row + p * kLanes<T>, l.limit != 0 ? clamp<T>(T(0), l.limit, sum[r][p]) : sum[r][p],
            live - p * kLanes<T>);
    }
  }
}

// Every output is one chain over the taps in their order, in both of the bodies.
template <class T, int R, int P>
void any_taps(const DepthwiseLines<T>& l, const T* x, T* y, int64_t live) {
  Vec<T> sum[R][P];
  begin<T, R, P>(sum, l, y, live);
  for (int64_t t = 0; t < l.taps; ++t) {
    const Vec<T> w = broadcast<T>(l.weights[t]);
    const T* from = x + l.offsets[t];
    FOLDGATE_UNROLL
    for (int r = 0; r < R; ++r) {
      FOLDGATE_UNROLL
      for (int p = 0; p < P; ++p) sum[r][p] += w * load(from + r * l.x_row + p * kLanes<T>);
    }
  }
  end<T, R, P>(sum, l, y, live);
}

// An input is loaded once for all the rows that use it.
template <class T, int R, int P, int Size>
void square_taps(const DepthwiseLines<T>& l, const T* x, T* y, int64_t live) {
  Vec<T> sum[R][P];
  begin<T, R, P>(sum, l, y, live);
  const T* from = x + l.offsets[0];
  FOLDGATE_UNROLL
  for (int i = 0; i < R + Size - 1; ++i) {
    FOLDGATE_UNROLL
    for (int j = 0; j < Size; ++j) {
      FOLDGATE_UNROLL
      for (int p = 0; p < P; ++p) {
        const Vec<T> in = load(from + i * l.x_row + j + p * kLanes<T>);
        FOLDGATE_UNROLL
        for (int r = 0; r < R; ++r)
          if (i >= r && i - r < Size) sum[r][p] += broadcast<T>(l.weights[(i - r) * Size + j]) * in;
      }
    }
  }
  end<T, R, P>(sum, l, y, live);
}

template <class T, int Size, int R, int P>
FOLDGATE_INLINE void block(const DepthwiseLines<T>& l, int64_t u, int64_t v) {
  const T* x = l.x + u * l.x_row + v;
  T* y = l.y + u * l.y_row + v;
  if constexpr (Size > 0)
    square_taps<T, R, P, Size>(l, x, y, l.outputs - v);
  else
    any_taps<T, R, P>(l, x, y, l.outputs - v);
}

template <class T, int Size, int R>
FOLDGATE_INLINE void block_row(const DepthwiseLines<T>& l, int64_t u) {
  int64_t v = 0;
  for (; v + (kLineVectors - 1) * kLanes<T> < l.outputs; v += kLineVectors * kLanes<T>)
    block<T, Size, R, kLineVectors>(l, u, v);
  for (; v < l.outputs; v += kLanes<T>) block<T, Size, R, 1>(l, u, v);
}

template <class T, int Size>
void lines_of(const DepthwiseLines<T>& l) {
  int64_t u = 0;
  for (; u + kLineRows <= l.rows; u += kLineRows) block_row<T, Size, kLineRows>(l, u);
  for (; u < l.rows; ++u) block_row<T, Size, 1>(l, u);
}

template <class T>
void lines(const DepthwiseLines<T>& l) {
  if (l.square == 3) return lines_of<T, 3>(l);
  if (l.square == 5) return lines_of<T, 5>(l);
  lines_of<T, 0>(l);
}

// ---- gradient of the weights ----

// The last vector of a row is a part: x beyond its outputs may be an infinity that belongs to other taps alone.
template <bool kWhole, class T>
FOLDGATE_INLINE Vec<T> load_outputs(const T* p, int64_t live) {
  if constexpr (kWhole)
    return load(p);
  else
    return load_part(p, live);
}

// N taps from t on, along one vector of outputs.
template <bool kWhole, class T, int N>
FOLDGATE_INLINE void add_taps(const DepthwiseLinesGradient<T>& g, const T* x, const T* dy, int64_t t,
                              int64_t live, Vec<T> (&sums)[N]) {
  const Vec<T> d = load_outputs<kWhole>(dy, live);
  FOLDGATE_UNROLL
  for (int i = 0; i < N; ++i) sums[i] += d * load_outputs<kWhole>(x + g.offsets[t + i], live);
}

template <class T, int N>
void gradient_taps(const DepthwiseLinesGradient<T>& g, int64_t t) {
  Vec<T> sums[N] = {};
  for (int64_t u = 0; u < g.rows; ++u) {
    const T *x = g.x + u * g.x_row, *dy = g.dy + u * g.dy_row;
    int64_t v = 0;
    for (; v + kLanes<T> <= g.outputs; v += kLanes<T>) add_taps<true, T, N>(g, x + v, dy + v, t, 0, sums);
    if (v < g.outputs) add_taps<false, T, N>(g, x + v, dy + v, t, g.outputs - v, sums);
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < N; ++i) g.sums[t + i] += sum(sums[i]);
}

// R rows of dy, along one vector of outputs: an input is loaded once for all of them.
template <bool kWhole, class T, int R, int Size>
FOLDGATE_INLINE void add_square(const DepthwiseLinesGradient<T>& g, const T* x, const T* dy, int64_t live,
                                Vec<T> (&sums)[Size][Size]) {
  Vec<T> d[R];
  FOLDGATE_UNROLL
  for (int r = 0; r < R; ++r) {
    fetch_stream(dy + r * g.dy_row);
    d[r] = load_outputs<kWhole>(dy + r * g.dy_row, live);
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < R + Size - 1; ++i) {
    FOLDGATE_UNROLL
    for (int j = 0; j < Size; ++j) {
      const Vec<T> in = load_outputs<kWhole>(x + i * g.x_row + j, live);
      FOLDGATE_UNROLL
      for (int r = 0; r < R; ++r)
        if (i >= r && i - r < Size) sums[i - r][j] += d[r] * in;
    }
  }
}

template <class T, int R, int Size>
FOLDGATE_INLINE void add_rows(const DepthwiseLinesGradient<T>& g, int64_t u, Vec<T> (&sums)[Size][Size]) {
  const T *x = g.x + g.offsets[0] + u * g.x_row, *dy = g.dy + u * g.dy_row;
  int64_t v = 0;
  for (; v + kLanes<T> <= g.outputs; v += kLanes<T>) add_square<true, T, R>(g, x + v, dy + v, 0, sums);
  if (v < g.outputs) add_square<false, T, R>(g, x + v, dy + v, g.outputs - v, sums);
}

template <class T, int Size>
void gradient_square(const DepthwiseLinesGradient<T>& g) {
  Vec<T> sums[Size][Size] = {};
  int64_t u = 0;
  for (; u + kLineRows <= g.rows; u += kLineRows) add_rows<T, kLineRows>(g, u, sums);
  for (; u < g.rows; ++u) add_rows<T, 1>(g, u, sums);
  FOLDGATE_UNROLL
  for (int t = 0; t < Size * Size; ++t) g.sums[t] += sum(sums[t / Size][t % Size]);
}

template <class T>
void gradient(const DepthwiseLinesGradient<T>& g) {
  if (g.square == 3) return gradient_square<T, 3>(g);
  if constexpr (kRegisters >= 32)
    if (g.square == 5) return gradient_square<T, 5>(g);
  int64_t t = 0;
  for (; t + 9 <= g.taps; t += 9) gradient_taps<T, 9>(g, t);
  for (; t + 5 <= g.taps; t += 5) gradient_taps<T, 5>(g, t);
  for (; t < g.taps; ++t) gradient_taps<T, 1>(g, t);
}

template <class T>
constexpr DepthwiseLinesKernels<T> table() {
  if constexpr (kLanes<T> < kNarrowLanes)
    return {frame<T>, lines<T>, gradient<T>, interleave<T>, nullptr, nullptr, nullptr, nullptr};
  else
    return {frame<T>,  lines<T>,           gradient<T>, interleave<T>,
            narrow<T>, narrow_gradient<T>, fan<T>,      fan_gradient<T>};
}

}  // namespace

extern const DepthwiseLinesKernels<float> depthwise_lines_f32;
extern const DepthwiseLinesKernels<double> depthwise_lines_f64;
const DepthwiseLinesKernels<float> depthwise_lines_f32 = table<float>();
const DepthwiseLinesKernels<double> depthwise_lines_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
