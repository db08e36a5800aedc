#include "ops/conv/depthwise_turned.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/depthwise_passes.h"
#include "ops/conv/depthwise_weights.h"
#include "ops/conv/phases.h"
#include "ops/conv/plane_grid.h"

namespace foldgate {
namespace {

constexpr int64_t kTaskBytes = 256 << 10;  // of x and y: with dx beside them they stay in an L2 of 512 KB
constexpr int64_t kMostBytes = 1 << 20;    // of a vector of channels: beyond, turning waits for memory
constexpr int64_t kLongRow = 8;  // vectors of outputs: strided rows from there on are worth their frame
// Multiply-adds an output, idle lanes', that take as long as turning does beyond a frame, and beyond narrow planes.
constexpr int64_t kFrameTaps = 2, kNarrowTaps = 8;
constexpr double kTurnedTermWork =
    10;  // a term with its share of turning, in multiply-adds of a matrix product
constexpr int64_t kMostChannels = 64;  // four vectors, whose rows are whole cache lines

// A task: some channels of some images.
struct Block {
  int64_t chunk, image, images, channel, channels;
};

// How images, by shape alone, and channels are cut: into two blocks at least where threads share them.
class Blocks {
 public:
  Blocks(const ConvPlan& plan, int64_t batch, int64_t lanes, int64_t item_size)
      : batch_(batch), channels_(plan.in_channels) {
    const int64_t plane = item_size * (plan.window.input_positions() + plan.window.output_positions());
    const int64_t share =
        batch > 1 ? kMostChannels : ceil_div(channels_, 2);  // an image is shared by channels
    const int64_t most = std::min({kMostChannels, share, kTaskBytes / (plane * lanes) * lanes});
    width_ = round_up(ceil_div(channels_, ceil_div(channels_, std::max(most, lanes))), lanes);
    images_ = std::clamp<int64_t>(kTaskBytes / (plane * std::min(width_, channels_)), 1, ceil_div(batch, 2));
    groups_ = ceil_div(channels_, width_);
  }

  int64_t chunks() const { return ceil_div(batch_, images_); }
  int64_t count() const { return chunks() * groups_; }
  int64_t channels() const { return std::min(width_, channels_); }  // of a block, at most
  int64_t planes() const { return channels() * std::min(images_, batch_); }
  Block block(int64_t index) const {
    const int64_t chunk = index / groups_, image = chunk * images_, channel = index % groups_ * width_;
    return {chunk, image, std::min(images_, batch_ - image), channel, std::min(width_, channels_ - channel)};
  }
  // The blocks of the first chunk: all channels.
  template <class Body>
  void for_each_group(Body body) const {
    for (int64_t i = 0; i < groups_; ++i) body(block(i));
  }

 private:
  int64_t batch_, channels_, width_, images_, groups_;
};

// What both passes have: the cut, (taps, channels) of the kernel for each block of channels, and planes turned.
template <class T>
class TurnedPlanes {
 public:
  TurnedPlanes(const ConvPlan& plan, int64_t batch, const T* kernel)
      : blocks(plan, batch, kernels<T>().gemm.lanes, static_cast<int64_t>(sizeof(T))),
        plan_(plan),
        weights_(kernel ? plan.kernel_size() : 0) {
    blocks.for_each_group([&](const Block& b) {
      for (int64_t t = 0; kernel && t < plan.taps(); ++t)
        std::copy_n(kernel + t * plan.out_channels + b.channel, b.channels,
                    weights_.data() + b.channel * plan.taps() + t * b.channels);
    });
  }

  const T* weights(const Block& b) const { return weights_.data() + b.channel * plan_.taps(); }
  ConvPlan plan_of(const Block& b) const {
    ConvPlan plan = plan_;
    plan.batch = b.images;
    plan.in_channels = plan.out_channels = plan.groups = b.channels;
    return plan;
  }

  // planes (batch, C, positions) to the block's pixels (images, positions, channels), and back.
  void turn(const T* planes, const Block& b, int64_t positions, T* pixels) const {
    for (int64_t i = 0; i < b.images; ++i)
      transpose_(planes + ((b.image + i) * plan_.in_channels + b.channel) * positions, positions, b.channels,
                 positions, pixels + i * positions * b.channels, b.channels);
  }
  void turn_back(const T* pixels, const Block& b, int64_t positions, T* planes) const {
    for (int64_t i = 0; i < b.images; ++i)
      transpose_(pixels + i * positions * b.channels, b.channels, positions, b.channels,
                 planes + ((b.image + i) * plan_.in_channels + b.channel) * positions, positions);
  }

  const Blocks blocks;

 private:
  const ConvPlan& plan_;
  const Scratch<T> weights_;
  decltype(GemmKernels<T>::transpose) transpose_ = kernels<T>().gemm.transpose;
};

template <class T>
void run_rows(const DepthwiseRows<T>& rows, const DepthwiseTaps<T>& lists) {
  for (int64_t i = 0; i < rows.units(); ++i) rows.unit(i, lists);
}

// All gradients of a block while its dy is in cache; its share of dkernel and dbias goes to `partial`.
template <class T>
class TurnedBackward {
 public:
  TurnedBackward(const ConvPlan& plan, int64_t batch, const DepthwiseGradients<T>& o)
      : plan_(plan),
        o_(o),
        planes_(plan, batch, o.dx ? o.kernel : nullptr),
        size_((plan.taps() + 1) * plan.out_channels),
        x_size_(planes_.blocks.planes() * plan.window.input_positions()),
        y_size_(planes_.blocks.planes() * plan.window.output_positions()) {}

  void run() {
    const int64_t taps = plan_.taps(), chunks = planes_.blocks.chunks(), tasks = planes_.blocks.count();
    const int workers = workers_for(tasks, 2 * kTurnedTermWork * plan_.work());
    const Scratch<T> turned(workers * (y_size_ + x_size_)), partial(chunks * size_);
    const auto largest = [&] {
      return largest_frame(data_rows(planes_.blocks.block(0), turned.data(), turned.data() + y_size_));
    };
    const DepthwiseScratch<T> lists(workers, taps, o_.dx ? largest() : 0);
    const Scratch<T*> targets(workers * taps);
    partial.zero();
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const Block b = planes_.blocks.block(task);
      T *dy = turned.data() + worker * (y_size_ + x_size_), *x = dy + y_size_;
      planes_.turn(o_.dy, b, plan_.window.output_positions(), dy);
      T* sums = partial.data() + b.chunk * size_ + (taps + 1) * b.channel;
      if (o_.dkernel || o_.dbias)
        add_sums(b, dy, x, sums, {lists.of(worker).offsets, targets.data() + worker * taps});
      if (o_.dx) write_data(b, dy, x, lists.of(worker));
    });
    for (int64_t i = 1; i < chunks; ++i)
      kernels<T>().conv.add(partial.data(), partial.data() + i * size_, size_);
    planes_.blocks.for_each_group([&](const Block& b) {
      const T* sums = partial.data() + (taps + 1) * b.channel;
      for (int64_t t = 0; o_.dkernel && t < taps; ++t)
        give(sums + t * b.channels, b, o_.dkernel + t * plan_.out_channels);
      if (o_.dbias) give(sums + taps * b.channels, b, o_.dbias);
    });
  }

 private:
  // sums (taps + 1, channels)
  void add_sums(const Block& b, const T* dy, T* x, T* sums, const DepthwiseSums<T>& lists) const {
    if (o_.dkernel) planes_.turn(o_.x, b, plan_.window.input_positions(), x);
    const ConvPlan plan = planes_.plan_of(b);
    const DepthwiseWeights<T> weights(plan, b.images, x, dy);
    for (int64_t i = 0; i < weights.units(); ++i)
      weights.unit(i, o_.dkernel ? sums : nullptr, o_.dbias ? sums + plan.taps() * b.channels : nullptr,
                   lists);
  }
  std::vector<DepthwiseRows<T>> data_rows(const Block& b, const T* dy, T* dx) const {
    return data_gradient_rows<T>(planes_.plan_of(b), b.images, dy, planes_.weights(b), dx);
  }
  void write_data(const Block& b, const T* dy, T* dx, const DepthwiseTaps<T>& lists) const {
    const int64_t positions = plan_.window.input_positions();
    if (!phases_cover(plan_.window)) std::fill_n(dx, b.images * positions * b.channels, T(0));
    for (const DepthwiseRows<T>& phase : data_rows(b, dy, dx)) run_rows(phase, lists);
    planes_.turn_back(dx, b, positions, o_.dx);
  }
  void give(const T* sums, const Block& b, T* result) const {
    if (o_.accumulate)
      kernels<T>().conv.add(result + b.channel, sums, b.channels);
    else
      std::copy_n(sums, b.channels, result + b.channel);
  }

  const ConvPlan& plan_;
  const DepthwiseGradients<T>& o_;
  const TurnedPlanes<T> planes_;
  const int64_t size_, x_size_, y_size_;  // of dkernel and dbias, and of a block
};

}  // namespace

template <class T>
bool turns_planes(const ConvPlan& plan) {
  const Window& w = plan.window;
  const int64_t lanes = kernels<T>().gemm.lanes, width = w.width().output;
  const int64_t block =
      lanes * static_cast<int64_t>(sizeof(T)) * (w.input_positions() + w.output_positions());
  if (plan.group_out() > 1 || 2 * plan.in_channels <= lanes || block > kMostBytes) return false;
  if (w.width().stride > 1) return width < kLongRow * lanes;
  if (w.height().kernel == 1 || w.width().kernel == 1) return false;
  const int64_t idle = w.taps() * (round_up(width, lanes) - width);
  return idle > kFrameTaps * width && (idle > kNarrowTaps * width || !forward_grid<T>(w).is_narrow());
}

template <class T>
void depthwise_turned_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                              T* y) {
  const TurnedPlanes<T> planes(plan, batch, kernel);
  const int64_t taps = plan.taps(), inputs = plan.window.input_positions(),
                outputs = plan.window.output_positions();
  const int workers = workers_for(planes.blocks.count(), kTurnedTermWork * plan.work());
  const auto rows = [&](const Block& b, const T* from, T* to) {
    return forward_rows<T>(planes.plan_of(b), b.images, from, planes.weights(b),
                           bias ? bias + b.channel : nullptr, to);
  };
  const int64_t input_size = planes.blocks.planes() * inputs,
                size = input_size + planes.blocks.planes() * outputs;
  const Scratch<T> turned(workers * size);
  const auto first = rows(planes.blocks.block(0), turned.data(), turned.data() + input_size);
  const DepthwiseScratch<T> lists(workers, taps, first.frame_size());
  parallel_for(planes.blocks.count(), workers, [&](int64_t task, int worker) {
    const Block b = planes.blocks.block(task);
    T *from = turned.data() + worker * size, *to = from + input_size;
    planes.turn(x, b, inputs, from);
    run_rows(rows(b, from, to), lists.of(worker));
    planes.turn_back(to, b, outputs, y);
  });
}

template <class T>
void depthwise_turned_backward(const ConvPlan& plan, int64_t batch, const DepthwiseGradients<T>& o) {
  TurnedBackward<T>(plan, batch, o).run();
}

#define FOLDGATE_INSTANTIATE(T)                                                                       \
  template bool turns_planes<T>(const ConvPlan&);                                                     \
  template void depthwise_turned_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*); \
  template void depthwise_turned_backward(const ConvPlan&, int64_t, const DepthwiseGradients<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
