#include "ops/conv/single_plane.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/partial_sums.h"
#include "ops/conv/plane_grid.h"

namespace foldgate {
namespace {

constexpr int64_t kTaps = 9;
constexpr int64_t kLeastOutputs = 4;
constexpr int64_t kSumBytes = 20 << 10;    // of the sums that rows of dy pass over, in L1 beside a frame
constexpr int64_t kPartPixels = 10 << 10;  // a part of the sum is worth joining from so many on
constexpr double kTaskWork = 5e8;          // multiply-adds: ~10 ms, so that an interrupt is answered

// dkernel[tap][o] = sum over outputs p of  x[p + tap] * dy[o][p]
template <class T>
class SinglePlaneWeights {
 public:
  SinglePlaneWeights(const ConvPlan& plan, const DirectWeights<T>& o)
      : plan_(plan),
        w_(plan.window),
        kernel_(kernels<T>()),
        lanes_(kernel_.gemm.lanes),
        grid_(forward_grid<T>(w_)),
        units_(o.batch * grid_.depth() * grid_.bands()),
        parts_(std::min(units_, weight_parts(sums_size() * static_cast<int64_t>(sizeof(T)),
                                             o.batch * w_.output_positions() / kPartPixels))),
        o_(o) {}

  void run() const {
    const double work = plan_.work();
    const int64_t rounds = std::min(units_ / parts_, 1 + static_cast<int64_t>(work / (kTaskWork * parts_)));
    const int workers = workers_for(parts_, work);
    const Scratch<T> frames(workers * grid_.frame_size()), sums(parts_ * sums_size());
    frames.zero();
    sums.zero();
    for (int64_t round = 0; round < rounds; ++round)
      parallel_for(parts_, workers, [&](int64_t part, int worker) {
        const int64_t slot = part * rounds + round, slots = parts_ * rounds;
        for (int64_t i = units_ * slot / slots; i < units_ * (slot + 1) / slots; ++i)
          add_band(i, frames.data() + worker * grid_.frame_size(), sums.data() + part * sums_size());
      });
    join(sums.data());
  }

 private:
  int64_t sums_size() const { return plan_.out_channels * kTaps * lanes_; }

  // A band of one image under as many planes of dy at a time as leave their sums in L1.
  void add_band(int64_t unit, T* frame, T* sums) const {
    const int64_t band = unit % grid_.bands(), plane = unit / grid_.bands();
    const int64_t n = plane / grid_.depth(), z = plane % grid_.depth(), y = band * grid_.band();
    const int64_t rows = std::min(grid_.band(), grid_.height() - y), width = w_.width().output;
    grid_.fill(o_.x + n * w_.input_positions(), z, y, rows, frame);
    const T* dy = o_.dy + n * plan_.out_channels * w_.output_positions() + (z * grid_.height() + y) * width;
    const EvenSplit blocks(plan_.out_channels,
                           kSumBytes / (kTaps * lanes_ * static_cast<int64_t>(sizeof(T))));
    for (int64_t block = 0; block < blocks.parts; ++block) {
      const int64_t o = blocks.begin(block);
      kernel_.depthwise_lines.fan_gradient({frame + grid_.offsets()[0], grid_.row_step(), rows, width, width,
                                            blocks.size(block), w_.output_positions()},
                                           dy + o * w_.output_positions(), sums + o * kTaps * lanes_);
    }
  }

  // The parts in their order, and then the lanes.
  void join(T* sums) const {
    for (int64_t part = 1; part < parts_; ++part)
      kernel_.conv.add(sums, sums + part * sums_size(), sums_size());
    for (int64_t o = 0; o < plan_.out_channels; ++o)
      for (int64_t t = 0; t < kTaps; ++t) {
        T& target = o_.dkernel[t * plan_.out_channels + o];
        const T sum = kernel_.conv.total(sums + (o * kTaps + t) * lanes_, lanes_);
        target = o_.accumulate ? target + sum : sum;
      }
  }

  const ConvPlan& plan_;
  const Window& w_;
  const Kernels<T>& kernel_;
  const int64_t lanes_;
  const PlaneGrid grid_;
  const int64_t units_, parts_;
  const DirectWeights<T>& o_;
};

}  // namespace

template <class T>
bool is_single_plane(const ConvPlan& plan) {
  const auto side_by_side = [](const WindowAxis& axis) {
    return axis.kernel == 3 && axis.stride == 1 && axis.dilation == 1;
  };
  return plan.channels_first && plan.in_channels == 1 && plan.out_channels >= kLeastOutputs &&
         plan.taps() == kTaps && side_by_side(plan.window.height()) && side_by_side(plan.window.width()) &&
         kernels<T>().depthwise_lines.fan;
}

template <class T>
void single_plane_backward_weights(const ConvPlan& plan, const DirectWeights<T>& operands) {
  SinglePlaneWeights<T>(plan, operands).run();
}

template bool is_single_plane<float>(const ConvPlan&);
template bool is_single_plane<double>(const ConvPlan&);
template void single_plane_backward_weights(const ConvPlan&, const DirectWeights<float>&);
template void single_plane_backward_weights(const ConvPlan&, const DirectWeights<double>&);

}  // namespace foldgate
