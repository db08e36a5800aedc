#include "kernels/depthwise.h"

#include "kernels/depthwise_band.h"
#include "kernels/depthwise_framed.h"
#include "kernels/depthwise_groups.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// Outputs side by side: 8 accumulators hide the latency of the multiply-add, and leave room for 5 weights and an input.
constexpr int kOutputs = 8;

// Every output is one chain over the taps in their order, whichever of the bodies computes it: these or a band's.

// P outputs of V vectors of channels from c on: V loads of weights and V * P multiply-adds from memory a tap.
template <bool kWhole, class T, int P, int V>
FOLDGATE_INLINE void outputs_at(const DepthwiseRow<T>& row, const T* x, Target<T> y, int64_t c,
                                int64_t live) {
  Vec<T> sum[V][P];
  FOLDGATE_UNROLL
  for (int i = 0; i < V; ++i) {
    FOLDGATE_UNROLL
    for (int p = 0; p < P; ++p) sum[i][p] = start<kWhole>(row.bias, c + i * kLanes<T>, live);
  }
  for (int64_t t = 0; t < row.taps; ++t) {
    const T *weights = row.weights[t] + c, *from = x + row.offsets[t] + c;
    FOLDGATE_UNROLL
    for (int i = 0; i < V; ++i, weights += kLanes<T>, from += kLanes<T>) {
      const Vec<T> w = load_channels<kWhole>(weights, live);
      FOLDGATE_UNROLL
      for (int p = 0; p < P; ++p) sum[i][p] += w * load_channels<kWhole>(from + p * row.x_step, live);
    }
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < V; ++i)
    finish<kWhole, T, P>(sum[i], row.limit, y + (c + i * kLanes<T>), row.y_step, live);
}

// Channels from c on by V vectors at a time, then by fewer; returns the first that no whole vector holds.
template <class T, int P, int V>
FOLDGATE_INLINE int64_t outputs_by(const DepthwiseRow<T>& row, const T* x, Target<T> y, int64_t c) {
  for (; c + V * kLanes<T> <= row.channels; c += V * kLanes<T>) outputs_at<true, T, P, V>(row, x, y, c, 0);
  if constexpr (V > 1)
    return outputs_by<T, P, V / 2>(row, x, y, c);
  else
    return c;
}

// P outputs from v on. Few outputs take several vectors of channels at once: kOutputs chains hide the latency.
template <class T, int P>
void outputs_any(const DepthwiseRow<T>& row, int64_t v) {
  const T* x = row.x + v * row.x_step;
  const Target<T> y = row.y + v * row.y_step;
  const int64_t c = outputs_by<T, P, kOutputs / P>(row, x, y, 0);
  if (c < row.channels) outputs_at<false, T, P, 1>(row, x, y, c, row.channels - c);
}

// kOutputs from v on, S inputs apart, of runs of R taps D inputs apart: an input is loaded once a run, and used by the
// outputs p and taps r for which p * S + r * D is its number.
template <class T, int R, int S, int D>
void outputs_runs(const DepthwiseRow<T>& row, int64_t v) {
  const T* x = row.x + v * row.x_step;
  const Target<T> y = row.y + v * row.y_step;
  const int64_t pixel = row.x_step / S;
  int64_t c = 0;
  for (; c + kLanes<T> <= row.channels; c += kLanes<T>) {
    Vec<T> sum[kOutputs];
    FOLDGATE_UNROLL
    for (int p = 0; p < kOutputs; ++p) sum[p] = start<true>(row.bias, c, 0);
    for (int64_t t = 0; t < row.taps; t += R) {
      const T* from = x + row.offsets[t] + c;
      Vec<T> w[R];
      FOLDGATE_UNROLL
      for (int r = 0; r < R; ++r) w[r] = load(row.weights[t + r] + c);
      FOLDGATE_UNROLL
      for (int q = 0; q <= (kOutputs - 1) * S + (R - 1) * D; ++q) {
        Vec<T> in = load(from + q * pixel);
        if constexpr (kOutputs + R + 2 < kRegisters) hold<T>(in);
        FOLDGATE_UNROLL
        for (int r = 0; r < R; ++r)
          if (q >= r * D && (q - r * D) % S == 0 && (q - r * D) / S < kOutputs)
            sum[(q - r * D) / S] += w[r] * in;
      }
    }
    finish<true, T, kOutputs>(sum, row.limit, y + c, row.y_step, 0);
  }
  if (c < row.channels) outputs_at<false, T, kOutputs, 1>(row, x, y, c, row.channels - c);
}

// A row by body(first of kOutputs). The last outputs are computed twice rather than a few at a time.
template <class T, class Body>
FOLDGATE_INLINE void whole_row(const DepthwiseRow<T>& row, Body body) {
  int64_t v = 0;
  for (; v + kOutputs <= row.outputs; v += kOutputs) body(v);
  if (row.outputs - v > 4)
    body(row.outputs - kOutputs);
  else if (row.outputs > v)
    outputs_any<T, 4>(row, row.outputs - 4);
}

template <class T>
void row_any(const DepthwiseRow<T>& row) {
  int64_t v = 0;
  for (; v + kOutputs <= row.outputs; v += kOutputs) outputs_any<T, kOutputs>(row, v);
  if (v + 4 <= row.outputs) {
    outputs_any<T, 4>(row, v);
    v += 4;
  }
  if (v + 2 <= row.outputs) {
    outputs_any<T, 2>(row, v);
    v += 2;
  }
  if (v < row.outputs) outputs_any<T, 1>(row, v);
}

template <class T, int S, int D>
void row_runs(const DepthwiseRow<T>& row) {
  switch (row.run.taps) {
    case 3: return whole_row(row, [&](int64_t v) FOLDGATE_LAMBDA { outputs_runs<T, 3, S, D>(row, v); });
    case 5: return whole_row(row, [&](int64_t v) FOLDGATE_LAMBDA { outputs_runs<T, 5, S, D>(row, v); });
    default: return whole_row(row, [&](int64_t v) FOLDGATE_LAMBDA { outputs_runs<T, 7, S, D>(row, v); });
  }
}

// Strided and dilated runs are 12 KB of code; the baseline and doubles go without.
template <class T>
constexpr bool kFarRuns = sizeof(T) == 4 && kLanes<float> > 4;

template <class T>
void row(const DepthwiseRow<T>& row) {
  if (row.group > 1)
    return by_group<T>(row.group, [&](auto group) FOLDGATE_LAMBDA { row_of_groups<T>(row, group); });
  if (row.outputs < kOutputs || !shares_inputs(row.run)) return row_any(row);
  if (row.run.stride == 1 && row.run.dilation == 1) return row_runs<T, 1, 1>(row);
  if constexpr (!kFarRuns<T>)
    row_any(row);
  else if (row.run.stride == 2)
    row_runs<T, 2, 1>(row);
  else
    whole_row(row, [&](int64_t v) FOLDGATE_LAMBDA { outputs_runs<T, 3, 1, 2>(row, v); });
}

// N taps from t on: as many accumulators, along the whole row.
template <class T, int N>
void gradient_taps(const DepthwiseGradient<T>& g, int64_t t) {
  for_channels<T>(g.channels, [&](auto whole, int64_t c, int64_t live) FOLDGATE_LAMBDA {
    constexpr bool kWhole = decltype(whole)::value;
    Vec<T> sum[N];
    const T* x[N];
    FOLDGATE_UNROLL
    for (int i = 0; i < N; ++i) {
      sum[i] = load_channels<kWhole>(g.sums[t + i] + c, live);
      x[i] = g.x + g.offsets[t + i] + c;
    }
    const T* dy = g.dy + c;
    for (int64_t v = 0; v < g.outputs; ++v, dy += g.dy_step) {
      const Vec<T> d = load_channels<kWhole>(dy, live);
      FOLDGATE_UNROLL
      for (int i = 0; i < N; ++i) sum[i] += d * load_channels<kWhole>(x[i] + v * g.x_step, live);
    }
    FOLDGATE_UNROLL
    for (int i = 0; i < N; ++i) store_channels<kWhole>(g.sums[t + i] + c, sum[i], live);
  });
}

template <class T>
void gradient(const DepthwiseGradient<T>& g) {
  if (g.group > 1)
    return by_group<T>(g.group, [&](auto group) FOLDGATE_LAMBDA { gradient_of_groups<T>(g, group); });
  int64_t t = 0;
  for (; t + 9 <= g.taps; t += 9) gradient_taps<T, 9>(g, t);
  for (; t + 5 <= g.taps; t += 5) gradient_taps<T, 5>(g, t);
  for (; t + 3 <= g.taps; t += 3) gradient_taps<T, 3>(g, t);
  for (; t < g.taps; ++t) gradient_taps<T, 1>(g, t);
}

// Rows rows of the kernel, from `first` on: Rows * Size sums and kDepthwiseRows gradients in registers, and 6 * 3 inputs
// of a window of 3 for 36 multiply-adds.
template <class T, int Rows, int Size>
void band_gradient_rows(const DepthwiseBandGradient<T>& g, int first) {
  for_channels<T>(g.channels, [&](auto whole, int64_t c, int64_t live) FOLDGATE_LAMBDA {
    constexpr bool kWhole = decltype(whole)::value;
    Vec<T> sum[Rows][Size];
    FOLDGATE_UNROLL
    for (int t = 0; t < Rows * Size; ++t)
      sum[t / Size][t % Size] = load_channels<kWhole>(g.sums[first * Size + t] + c, live);
    const T *x = g.x + first * g.x_row + c, *dy = g.dy + c;
    for (int64_t v = 0; v < g.outputs; ++v, x += g.channels, dy += g.channels) {
      if (g.fetches && first == 0) {
        fetch_rows<T, 1>(x, kDepthwiseRows + Size - 1, g.x_row, 0);
        fetch_rows<T, 1>(dy, kDepthwiseRows, g.dy_row, 0);
      }
      Vec<T> d[kDepthwiseRows];
      FOLDGATE_UNROLL
      for (int r = 0; r < kDepthwiseRows; ++r) d[r] = load_channels<kWhole>(dy + r * g.dy_row, live);
      FOLDGATE_UNROLL
      for (int i = 0; i < kDepthwiseRows + Rows - 1; ++i) {
        FOLDGATE_UNROLL
        for (int j = 0; j < Size; ++j) {
          const Vec<T> in = load_channels<kWhole>(x + i * g.x_row + j * g.channels, live);
          FOLDGATE_UNROLL
          for (int r = 0; r < kDepthwiseRows; ++r)
            if (i >= r && i - r < Rows) sum[i - r][j] += d[r] * in;
        }
      }
    }
    FOLDGATE_UNROLL
    for (int t = 0; t < Rows * Size; ++t)
      store_channels<kWhole>(g.sums[first * Size + t] + c, sum[t / Size][t % Size], live);
  });
}

template <class T, int Size>
void band_gradient_of(const DepthwiseBandGradient<T>& g) {
  constexpr int kRows = (Size * Size + kDepthwiseRows < kRegisters) ? Size : 1;
  for (int i = 0; i < Size; i += kRows) band_gradient_rows<T, kRows, Size>(g, i);
}

template <class T>
void band_gradient(const DepthwiseBandGradient<T>& g) {
  switch (g.size) {
    case 3: band_gradient_of<T, 3>(g); break;
    case 5: band_gradient_of<T, 5>(g); break;
    default: band_gradient_of<T, 7>(g);
  }
}

template <class T>
bool holds_groups(int group) {
  return (group == 2 || group == 4 || group == 8) && kHoldsGroups<T>(group);
}

template <class T>
constexpr DepthwiseKernels<T> table() {
  return {row<T>, band<T>, gather<T>, framed<T>, gradient<T>, band_gradient<T>, holds_groups<T>};
}

}  // namespace

extern const DepthwiseKernels<float> depthwise_f32;
extern const DepthwiseKernels<double> depthwise_f64;
const DepthwiseKernels<float> depthwise_f32 = table<float>();
const DepthwiseKernels<double> depthwise_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
