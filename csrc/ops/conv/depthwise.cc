#include "ops/conv/depthwise.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/depthwise_rows.h"
#include "ops/conv/partial_sums.h"
#include "ops/conv/phases.h"

namespace foldgate {
namespace {

constexpr int64_t kBlock = 4096;   // positions of a task of repeat() and fold()
constexpr double kTaskWork = 5e7;  // multiply-adds of a task of the weight gradient: ~20 ms
constexpr int64_t kPartPixels =
    1024;  // a part of the sum is worth its copy of dkernel from so many pixels on

// body(first position, count) over all positions, in parallel.
template <class Body>
void for_each_block(int64_t positions, int64_t channels, Body body) {
  const EvenSplit blocks(positions, kBlock);
  const double work = static_cast<double>(positions) * static_cast<double>(channels);
  parallel_for(blocks.parts, workers_for(blocks.parts, work),
               [&](int64_t block, int) { body(blocks.begin(block), blocks.size(block)); });
}

// Each channel `times` times: (positions, channels) -> (positions, channels * times).
template <class T>
void repeat_channels(const T* x, int64_t positions, int64_t channels, int64_t times, T* repeated) {
  for_each_block(positions, channels * times, [&](int64_t first, int64_t count) {
    const T* from = x + first * channels;
    T* to = repeated + first * channels * times;
    for (int64_t i = 0; i < count * channels; ++i, to += times) std::fill_n(to, times, from[i]);
  });
}

// The adjoint: sums over the repetitions, in their order.
template <class T>
void fold_channels(const T* repeated, int64_t positions, int64_t channels, int64_t times, T* x) {
  for_each_block(positions, channels * times, [&](int64_t first, int64_t count) {
    const T* from = repeated + first * channels * times;
    for (int64_t i = 0; i < count * channels; ++i, from += times) {
      T sum = from[0];
      for (int64_t m = 1; m < times; ++m) sum += from[m];
      x[first * channels + i] = sum;
    }
  });
}

// x with each channel repeated: x itself, or in `copy`.
template <class T>
const T* repeated_input(const ConvPlan& plan, int64_t batch, const T* x, Scratch<T>& copy) {
  const int64_t times = plan.group_out(), positions = batch * plan.window.input_positions();
  if (times == 1) return x;
  copy = Scratch<T>(positions * plan.out_channels);
  repeat_channels(x, positions, plan.in_channels, times, copy.data());
  return copy.data();
}

}  // namespace

template <class T>
void depthwise_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                       T* y) {
  const Window& w = plan.window;
  Scratch<T> copy;
  TapGemm<T> problem;
  problem.batch = batch;
  problem.in = dense_inputs(repeated_input(plan, batch, x, copy), w, plan.out_channels);
  problem.columns = plan.out_channels;
  problem.weights = kernel;
  problem.bias = bias;
  problem.activation = plan.activation;
  problem.out = y;
  const Images<T> out = dense_outputs(y, w, plan.out_channels);
  for (int i = 0; i <= kMaxSpatial; ++i) problem.out_step[i] = out.step[i];
  for (int i = 0; i < kMaxSpatial; ++i) {
    problem.grid[i] = out.extent[i];
    problem.step[i] = w.axes[i].stride;
  }
  int64_t index = 0;
  for (int64_t i = 0; i < w.depth().kernel; ++i)
    for (int64_t j = 0; j < w.height().kernel; ++j)
      for (int64_t k = 0; k < w.width().kernel; ++k, ++index)
        problem.taps.push_back(
            {{i * w.depth().dilation - w.depth().before, j * w.height().dilation - w.height().before,
              k * w.width().dilation - w.width().before},
             index * plan.out_channels});
  depthwise_rows(problem);
}

template <class T>
void depthwise_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx) {
  const Window& w = plan.window;
  const int64_t positions = batch * w.input_positions(), channels = plan.out_channels;
  const Scratch<T> repeated(plan.group_out() == 1 ? 0 : positions * channels);
  T* target = plan.group_out() == 1 ? dx : repeated.data();
  const Images<T> out = dense_inputs(target, w, channels);
  TapGemm<T> problem;
  problem.batch = batch;
  problem.in = dense_outputs(dy, w, channels);
  problem.columns = channels;
  problem.weights = kernel;
  if (!phases_cover(w))
    std::memset(static_cast<void*>(target), 0, static_cast<size_t>(positions * channels) * sizeof(T));
  for_each_phase(w, [&](const StridePhase& phase) {
    problem.out = target;
    problem.out_step[0] = out.step[0];
    for (int i = 0; i < kMaxSpatial; ++i) {
      problem.grid[i] = phase.count[i];
      problem.out_step[i + 1] = w.axes[i].stride * out.step[i + 1];
      problem.out += phase.first[i] * out.step[i + 1];
    }
    problem.taps.clear();
    for (const PhaseTap& tap : phase.taps)
      problem.taps.push_back({{tap.shift[0], tap.shift[1], tap.shift[2]}, tap.index * channels});
    depthwise_rows(problem);
  });
  if (plan.group_out() > 1) fold_channels(repeated.data(), positions, plan.in_channels, plan.group_out(), dx);
}

namespace {

// dkernel[tap][c] = sum over pixels p of  x[p * stride + tap][c] * dy[p][c], an output row at a time.
template <class T>
class DepthwiseWeights {
 public:
  DepthwiseWeights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy)
      : w_(plan.window),
        channels_(plan.out_channels),
        taps_(plan.taps()),
        rows_(batch * w_.depth().output * w_.height().output),
        x_(dense_inputs(x, w_, channels_)),
        dy_(dense_outputs(dy, w_, channels_)),
        kernel_(kernels<T>().depthwise) {}

  void run(bool accumulate, T* dkernel) {
    const int64_t size = taps_ * channels_, pixels = rows_ * w_.width().output;
    const double work = static_cast<double>(pixels) * static_cast<double>(size);
    const int64_t parts =
        std::min(rows_, weight_parts(size * static_cast<int64_t>(sizeof(T)), pixels / kPartPixels));
    const int64_t rounds = std::min(rows_ / parts, 1 + static_cast<int64_t>(work / (kTaskWork * parts)));
    const PartialSums<T> sums(parts, size, accumulate, dkernel);
    const int workers = workers_for(parts, work);
    const Scratch<int64_t> offsets(workers * taps_);
    const Scratch<T*> targets(workers * taps_);
    for (int64_t round = 0; round < rounds; ++round)
      parallel_for(parts, workers, [&](int64_t part, int worker) {
        T* target = sums.part(part);
        if (round == 0 && !sums.accumulates(part))
          std::memset(static_cast<void*>(target), 0, static_cast<size_t>(size) * sizeof(T));
        const int64_t slot = part * rounds + round, slots = parts * rounds;
        for (int64_t row = rows_ * slot / slots; row < rows_ * (slot + 1) / slots; ++row)
          add_row(row, target, offsets.data() + worker * taps_, targets.data() + worker * taps_);
      });
    sums.join();
  }

 private:
  void add_row(int64_t row, T* sums, int64_t* offsets, T** targets) const {
    const int64_t v = row % w_.height().output, u = row / w_.height().output % w_.depth().output;
    const int64_t n = row / (w_.height().output * w_.depth().output);
    const WindowAxis& across = w_.width();
    DepthwiseGradient<T> g{};
    g.channels = channels_;
    g.x_step = across.stride * channels_;
    g.dy_step = channels_;
    g.offsets = offsets;
    g.sums = targets;
    // All taps of a column of the kernel see the same outputs; those that see every output go together.
    const int64_t reach = (across.kernel - 1) * across.dilation - across.before;
    const int64_t begin = std::min(across.output, ceil_div(across.before, across.stride));
    const int64_t room = across.input - 1 - reach;
    const int64_t end = std::max(begin, std::min(across.output, room < 0 ? 0 : room / across.stride + 1));
    auto outputs = [&](int64_t first, int64_t last, bool edge) {
      if (first >= last) return;
      g.taps = select(u, v, first, edge, sums, offsets, targets);
      g.outputs = last - first;
      g.x = x_.data + n * x_.step[0] + first * g.x_step;
      g.dy = dy_.data + row * dy_.step[2] + first * channels_;
      kernel_.gradient(g);
    };
    for (int64_t i = 0; i < begin; ++i) outputs(i, i + 1, true);
    outputs(begin, end, false);
    for (int64_t i = end; i < across.output; ++i) outputs(i, i + 1, true);
  }

  int64_t select(int64_t u, int64_t v, int64_t column, bool edge, T* sums, int64_t* offsets,
                 T** targets) const {
    int64_t count = 0, tap = 0;
    for (int64_t i = 0; i < w_.depth().kernel; ++i)
      for (int64_t j = 0; j < w_.height().kernel; ++j)
        for (int64_t k = 0; k < w_.width().kernel; ++k, ++tap) {
          const int64_t z = u * w_.depth().stride + i * w_.depth().dilation - w_.depth().before;
          const int64_t y = v * w_.height().stride + j * w_.height().dilation - w_.height().before;
          const int64_t shift = k * w_.width().dilation - w_.width().before;
          const int64_t x = column * w_.width().stride + shift;
          if (z < 0 || z >= x_.extent[0] || y < 0 || y >= x_.extent[1]) continue;
          if (edge && (x < 0 || x >= x_.extent[2])) continue;
          offsets[count] = z * x_.step[1] + y * x_.step[2] + shift * x_.step[3];
          targets[count++] = sums + tap * channels_;
        }
    return count;
  }

  const Window& w_;
  int64_t channels_, taps_, rows_;
  Images<const T> x_, dy_;
  const DepthwiseKernels<T>& kernel_;
};

}  // namespace

template <class T>
void depthwise_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                                T* dkernel) {
  Scratch<T> copy;
  DepthwiseWeights<T>(plan, batch, repeated_input(plan, batch, x, copy), dy).run(accumulate, dkernel);
}

#define FOLDGATE_INSTANTIATE(T)                                                                \
  template void depthwise_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*); \
  template void depthwise_backward_data(const ConvPlan&, int64_t, const T*, const T*, T*);     \
  template void depthwise_backward_weights(const ConvPlan&, int64_t, const T*, const T*, bool, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
