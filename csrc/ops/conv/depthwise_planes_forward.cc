#include <algorithm>

#include "core/divide.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/conv/depthwise_turned.h"
#include "ops/conv/plane_grid.h"
#include "ops/conv/plane_units.h"

namespace foldgate {
namespace {

constexpr int64_t kAliasingPlanes = 8;
constexpr int64_t kWideGroup = 4;  // outputs of a narrow plane that are worth its frame

template <class T>
class PlanesForward {
 public:
  PlanesForward(const ConvPlan& plan, const T* x, const T* kernel, const T* bias, T* y)
      : plan_(plan),
        kernel_(kernels<T>()),
        group_out_(plan.group_out()),
        grid_(forward_grid<T>(plan.window)),
        narrow_(group_out_ < kWideGroup && grid_.is_narrow()),
        planes_(narrow_ ? 1 : most_planes()),
        weights_(plane_weights(grid_, kernel, plan.out_channels)),
        x_(x),
        bias_(bias),
        y_(y) {}

  void run(int64_t batch) {
    const int64_t units = batch * plan_.in_channels * grid_.depth() * grid_.bands(), taps = plan_.taps();
    const double work = static_cast<double>(batch * plan_.window.output_positions()) *
                        static_cast<double>((taps + 1) * plan_.out_channels);
    const int workers = workers_for(units, kTermWork * work);
    const Scratch<T> frames(workers * grid_.frame_size());
    frames.zero();
    for_each_unit(units, work, workers,
                  [&](int64_t unit, int worker) { band(unit, frames.data() + worker * grid_.frame_size()); });
  }

 private:
  void band(int64_t unit, T* frame) const {
    const Window& w = plan_.window;
    const int64_t slice = grid_.bands() == 1 ? unit : divide(unit, grid_.bands());
    const int64_t plane = grid_.depth() == 1 ? slice : divide(slice, grid_.depth());
    const int64_t y = (unit - slice * grid_.bands()) * grid_.band(), z = slice - plane * grid_.depth();
    const int64_t n = divide(plane, plan_.in_channels), c = plane - n * plan_.in_channels;
    const int64_t rows = std::min(grid_.band(), grid_.height() - y), width = w.width().output;
    const T* x = x_ + plane * w.input_positions();
    if (!narrow_) grid_.fill(x, z, y, rows, frame);
    const int64_t end = (c + 1) * group_out_;
    for (int64_t o = c * group_out_, count; o < end; o += count) {
      count = rows > 1 ? std::min(planes_, end - o) : 1;
      T* target =
          y_ + (n * plan_.out_channels + o) * w.output_positions() + (z * w.height().output + y) * width;
      const DepthwiseLines<T> lines{frame,
                                    grid_.row_step(),
                                    target,
                                    width,
                                    rows,
                                    width,
                                    plan_.taps(),
                                    grid_.offsets(),
                                    weights_.data() + o * plan_.taps(),
                                    grid_.columns()[0].square,
                                    bias_ ? bias_[o] : T(0),
                                    relu_limit<T>(plan_.activation),
                                    false};
      convolve(x, lines, count, bias_ ? bias_ + o : nullptr);
      for (int64_t i = 0; is_curve(plan_.activation) && i < count; ++i)
        kernel_.activation.forward(plan_.activation, target + i * w.output_positions(), rows * width);
    }
  }

  // `count` planes of outputs, of which `lines` is the first.
  void convolve(const T* x, const DepthwiseLines<T>& lines, int64_t count, const T* bias) const {
    const DepthwiseLinesKernels<T>& kernel = kernel_.depthwise_lines;
    if (narrow_) return kernel.narrow(grid_.narrow(), x, lines);
    if (count == 1) return kernel.lines(lines);
    kernel.fan({lines.x + grid_.offsets()[0], lines.x_row, lines.rows, lines.outputs, lines.y_row, count,
                plan_.window.output_positions()},
               lines.weights, bias, lines.limit, lines.y);
  }

  // Planes of outputs at a time: of a group, where the kernels can. Whose rows stand in the same sets of L1, where they
  // are written in parts, are few.
  int64_t most_planes() const {
    if (!kernel_.depthwise_lines.fan || grid_.columns()[0].square != 3) return 1;
    const bool alias = plan_.window.output_positions() * static_cast<int64_t>(sizeof(T)) % 4096 == 0;
    return alias ? std::min(group_out_, kAliasingPlanes) : group_out_;
  }

  const ConvPlan& plan_;
  const Kernels<T>& kernel_;
  const int64_t group_out_;
  const PlaneGrid grid_;
  const bool narrow_;
  const int64_t planes_;
  const Scratch<T> weights_;
  const T *x_, *bias_;
  T* y_;
};

}  // namespace

template <class T>
void depthwise_planes_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                              T* y) {
  if (turns_planes<T>(plan)) return depthwise_turned_forward(plan, batch, x, kernel, bias, y);
  PlanesForward<T>(plan, x, kernel, bias, y).run(batch);
}

template void depthwise_planes_forward(const ConvPlan&, int64_t, const float*, const float*, const float*,
                                       float*);
template void depthwise_planes_forward(const ConvPlan&, int64_t, const double*, const double*, const double*,
                                       double*);

}  // namespace foldgate
