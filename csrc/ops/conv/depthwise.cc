#include "ops/conv/depthwise.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/depthwise_passes.h"
#include "ops/conv/depthwise_weights.h"
#include "ops/conv/direct.h"
#include "ops/conv/partial_sums.h"
#include "ops/conv/phases.h"
#include "ops/zeros.h"

namespace foldgate {
namespace {

constexpr int64_t kBlock = 4096;     // positions of a task of repeat() and fold()
constexpr double kTaskWork = 5e7;    // multiply-adds of a task of the gradients: ~20 ms
constexpr int64_t kPartPixels = 64;  // a part of the sum is worth its copy of dkernel from so many pixels on

// From so many outputs a channel on, the product of its taps and outputs (direct.h) is faster than rows of a repeated
// copy: forward, the gradient of the kernel, that of x.
template <class T>
int64_t product_outputs() {
  return std::max<int64_t>(4, kernels<T>().gemm.lanes / 2);
}
constexpr int64_t kProductOutputsWeights = 16, kProductOutputsData = 64;

// body(first position, count) over all positions, in parallel.
template <class Body>
void for_each_block(int64_t positions, int64_t channels, Body body) {
  const EvenSplit blocks(positions, kBlock);
  const double work = kValueWork * static_cast<double>(positions * channels);
  parallel_for(blocks.parts, workers_for(blocks.parts, work),
               [&](int64_t block, int) { body(blocks.begin(block), blocks.size(block)); });
}

// Each channel `times` times: (positions, channels) -> (positions, channels * times).
template <class T>
void repeat_channels(const T* x, int64_t positions, int64_t channels, int64_t times, T* repeated) {
  for_each_block(positions, channels * times, [&](int64_t first, int64_t count) {
    kernels<T>().depthwise_lines.interleave(x + first * channels, 0, times, count * channels * times,
                                            repeated + first * channels * times);
  });
}

// The adjoint: sums over the repetitions, in their order, which are windows of `times` values.
template <class T>
void fold_channels(const T* repeated, int64_t positions, int64_t channels, int64_t times, T* x) {
  for_each_block(positions, channels * times, [&](int64_t first, int64_t count) {
    const T* from = repeated + first * channels * times;
    kernels<T>().average.line_means({0, count * channels, times, times, 1, T(1)}, &from, 1,
                                    {x + first * channels, false});
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
  if (plan.group_out() >= product_outputs<T>())
    return direct_forward<T>(plan, {batch, x, kernel, bias, y, false, false, nullptr});
  Scratch<T> copy;
  forward_rows(plan, batch, repeated_input(plan, batch, x, copy), kernel, bias, y).run();
}

namespace {

// All gradients in one pass: a unit of rows of dkernel, then the rows of dx beside it, whose dy is still in cache.
template <class T>
class DepthwiseBackward {
 public:
  DepthwiseBackward(const ConvPlan& plan, int64_t batch, const DepthwiseGradients<T>& o)
      : plan_(plan),
        pixels_(batch * plan.window.output_positions()),
        size_(plan.kernel_size() + plan.out_channels),
        weights_(plan, batch, o.x, o.dy),
        o_(o) {
    if (o.dx) data_ = data_gradient_rows(plan, batch, o.dy, o.kernel, o.dx);
  }

  void run() {
    if (!o_.dkernel && !o_.dbias) {
      for (const DepthwiseRows<T>& phase : data_) phase.run();
      return;
    }
    const double work = static_cast<double>(pixels_) * static_cast<double>(size_) * (o_.dx ? 2 : 1);
    const int64_t units = weights_.units(), taps = plan_.taps();
    const int64_t parts =
        std::min(units, weight_parts(size_ * static_cast<int64_t>(sizeof(T)), pixels_ / kPartPixels));
    const int64_t rounds = std::min(units / parts, 1 + static_cast<int64_t>(work / (kTaskWork * parts)));
    const int workers = workers_for(parts, kTermWork * work);
    const DepthwiseScratch<T> lists(workers, taps, largest_frame(data_));
    const Scratch<T*> targets(workers * taps);
    const Scratch<T> total(size_);
    const PartialSums<T> sums(parts, size_, false, total.data());
    for (int64_t round = 0; round < rounds; ++round)
      parallel_for(parts, workers, [&](int64_t part, int worker) {
        if (round == 0)
          std::memset(static_cast<void*>(sums.part(part)), 0, static_cast<size_t>(size_) * sizeof(T));
        const int64_t slot = part * rounds + round, slots = parts * rounds;
        for (int64_t i = units * slot / slots; i < units * (slot + 1) / slots; ++i) {
          add_weights(i, sums.part(part), {lists.of(worker).offsets, targets.data() + worker * taps});
          write_data(i, lists.of(worker));
        }
      });
    sums.join();
    give(total.data(), plan_.kernel_size(), o_.dkernel);
    give(total.data() + plan_.kernel_size(), plan_.out_channels, o_.dbias);
  }

 private:
  void add_weights(int64_t unit, T* sums, const DepthwiseSums<T>& lists) const {
    weights_.unit(unit, o_.dkernel ? sums : nullptr, o_.dbias ? sums + plan_.kernel_size() : nullptr, lists);
  }
  // The share of dx that belongs to a unit of rows of dkernel.
  void write_data(int64_t unit, const DepthwiseTaps<T>& lists) const {
    const int64_t all = weights_.units();
    for (const DepthwiseRows<T>& phase : data_) {
      for (int64_t i = phase.units() * unit / all; i < phase.units() * (unit + 1) / all; ++i)
        phase.unit(i, lists);
      phase.end_task();
    }
  }
  void give(const T* sums, int64_t count, T* result) const {
    if (!result) return;
    if (o_.accumulate)
      kernels<T>().conv.add(result, sums, count);
    else
      std::copy_n(sums, count, result);
  }

  const ConvPlan& plan_;
  int64_t pixels_, size_;
  DepthwiseWeights<T> weights_;
  std::vector<DepthwiseRows<T>> data_;
  DepthwiseGradients<T> o_;
};

}  // namespace

template <class T>
void depthwise_weights_gradient(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                                T* dkernel) {
  DepthwiseBackward<T>(plan, batch, {dy, x, nullptr, nullptr, dkernel, nullptr, accumulate}).run();
}

template <class T>
void depthwise_backward(const ConvPlan& plan, int64_t batch, DepthwiseGradients<T> o) {
  const int64_t times = plan.group_out(), positions = batch * plan.window.input_positions();
  if (o.dkernel && times >= kProductOutputsWeights) {
    direct_backward_weights<T>(plan, {batch, o.x, o.dy, false, false, o.accumulate, o.dkernel});
    o.dkernel = nullptr;
  }
  if (o.dx && times >= kProductOutputsData) {
    direct_backward_data(plan, batch, o.dy, o.kernel, false, o.dx);
    o.dx = nullptr;
  }
  T* const dx = o.dx;
  Scratch<T> copy;
  const Scratch<T> repeated(dx && times > 1 ? positions * plan.out_channels : 0);
  if (o.dkernel) o.x = repeated_input(plan, batch, o.x, copy);
  if (dx && times > 1) o.dx = repeated.data();
  if (dx && !phases_cover(plan.window)) write_zeros(o.dx, positions * plan.out_channels);
  DepthwiseBackward<T>(plan, batch, o).run();
  if (dx && times > 1) fold_channels(repeated.data(), positions, plan.in_channels, times, dx);
}

#define FOLDGATE_INSTANTIATE(T)                                                                \
  template void depthwise_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*); \
  template void depthwise_backward(const ConvPlan&, int64_t, DepthwiseGradients<T>);           \
  template void depthwise_weights_gradient(const ConvPlan&, int64_t, const T*, const T*, bool, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
