#include "ops/conv/depthwise_planes.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "core/divide.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/phases.h"
#include "ops/conv/plane_grid.h"

namespace foldgate {
namespace {

constexpr double kTaskWork = 1 << 18;  // multiply-adds of a task: ~20 us
constexpr int64_t kAliasingPlanes = 8;
constexpr int64_t kWideGroup = 4;  // outputs of a narrow plane that are worth its frame

// The weights as the kernels read them: (Cout, taps of the grid).
template <class T>
Scratch<T> pack_weights(const PlaneGrid& grid, const T* kernel, int64_t channels) {
  Scratch<T> packed(channels * static_cast<int64_t>(grid.taps().size()));
  T* to = packed.data();
  for (int64_t o = 0; o < channels; ++o)
    for (const PlaneTap& tap : grid.taps()) *to++ = kernel[tap.index * channels + o];
  return packed;
}

// Rows of dx that see the same taps: those of one stride phase along depth and height, with all phases of the width.
template <class T>
struct DataGrid {
  int64_t first[kMaxSpatial];  // depth and height
  PlaneGrid grid;
  Scratch<T> weights;
  int64_t frame = 0;  // where its frame begins among a worker's
};

template <class T>
std::vector<DataGrid<T>> data_grids(const ConvPlan& plan, const T* kernel) {
  const Window& w = plan.window;
  const int64_t extent[] = {w.depth().output, w.height().output, w.width().output}, step[] = {1, 1, 1};
  std::vector<StridePhase> phases;
  for_each_phase(w, [&](const StridePhase& phase) { phases.push_back(phase); });
  std::vector<DataGrid<T>> grids;
  for (size_t i = 0; i < phases.size();) {
    const StridePhase& head = phases[i];
    std::vector<PlaneTap> taps;
    std::vector<PlaneColumns> columns;
    for (; i < phases.size() && phases[i].first[0] == head.first[0] && phases[i].first[1] == head.first[1];
         ++i) {
      const int64_t begin = static_cast<int64_t>(taps.size());
      for (const PhaseTap& tap : phases[i].taps)
        taps.push_back({{tap.shift[0], tap.shift[1], tap.shift[2]}, tap.index});
      columns.push_back({phases[i].first[2], phases[i].count[2], begin, static_cast<int64_t>(taps.size())});
    }
    PlaneGrid grid(extent, head.count, step, std::move(taps), std::move(columns), kernels<T>().gemm.lanes,
                   static_cast<int64_t>(sizeof(T)));
    Scratch<T> weights = pack_weights(grid, kernel, plan.out_channels);
    grids.push_back({{head.first[0], head.first[1], 0}, std::move(grid), std::move(weights)});
  }
  return grids;
}

// Tasks of whole units: a unit computes the same in whichever task it is.
template <class Body>
void for_each_unit(int64_t units, double work, int workers, Body body) {
  const int64_t tasks = std::min(units, 1 + static_cast<int64_t>(work / kTaskWork));
  parallel_for(tasks, workers, [&](int64_t task, int worker) {
    const int64_t end = units * (task + 1) / tasks;
    for (int64_t i = units * task / tasks; i < end; ++i) body(i, worker);
  });
}

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
        weights_(pack_weights(grid_, kernel, plan.out_channels)),
        x_(x),
        bias_(bias),
        y_(y) {}

  void run(int64_t batch) {
    const int64_t units = batch * plan_.in_channels * grid_.depth() * grid_.bands(), taps = plan_.taps();
    const double work = static_cast<double>(batch * plan_.window.output_positions()) *
                        static_cast<double>((taps + 1) * plan_.out_channels);
    const int workers = workers_for(units, work);
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

// A unit is an input plane: its share of dkernel and dbias, image by image, and its dx.
template <class T>
class PlanesBackward {
 public:
  PlanesBackward(const ConvPlan& plan, const DepthwiseGradients<T>& o)
      : plan_(plan),
        w_(plan.window),
        kernel_(kernels<T>()),
        group_out_(plan.group_out()),
        covers_(phases_cover(w_)),
        grid_(forward_grid<T>(w_)),
        o_(o) {
    if (o.dx) data_ = data_grids<T>(plan, o.kernel);
    frame_size_ = grid_.frame_size();
    for (DataGrid<T>& data : data_) {
      data.frame = frame_size_;
      frame_size_ += data.grid.frame_size();
      band_size_ = std::max(band_size_, w_.width().stride * data.grid.band() * phase_row());
    }
  }

  void run(int64_t batch) {
    const int64_t taps = plan_.taps(), size = (taps + 1) * plan_.out_channels;
    const bool summed = o_.dkernel || o_.dbias;
    const double work = 2.0 * static_cast<double>(batch * w_.output_positions()) * static_cast<double>(size);
    const int64_t units = batch * plan_.in_channels;
    const int workers = workers_for(units, work);
    const Scratch<T> frames(workers * frame_size_), sums(workers * taps), bands(workers * band_size_);
    const Scratch<T> partial(summed ? batch * size : 0);
    frames.zero();
    bands.zero();  // phases of the width that no tap reaches stay so
    partial_ = partial.data();
    for_each_unit(units, work, workers, [&](int64_t unit, int worker) {
      T* frame = frames.data() + worker * frame_size_;
      if (summed) add_sums(unit, frame, sums.data() + worker * taps);
      if (o_.dx) write_data(unit, frame, bands.data() + worker * band_size_);
    });
    if (!summed) return;
    for (int64_t n = 1; n < batch; ++n) kernel_.conv.add(partial_, partial_ + n * size, size);
    give(partial_, taps * plan_.out_channels, o_.dkernel);
    give(partial_ + taps * plan_.out_channels, plan_.out_channels, o_.dbias);
  }

 private:
  int64_t image_of(int64_t unit) const { return divide(unit, plan_.in_channels); }
  int64_t channel_of(int64_t unit) const { return unit - image_of(unit) * plan_.in_channels; }
  int64_t phase_row() const { return ceil_div(w_.width().input, w_.width().stride); }
  const T* dy_plane(int64_t n, int64_t o) const {
    return o_.dy + (n * plan_.out_channels + o) * w_.output_positions();
  }

  void add_sums(int64_t unit, T* frame, T* sums) const {
    const int64_t n = image_of(unit), c = channel_of(unit), taps = plan_.taps();
    for (int64_t o = c * group_out_; o < (c + 1) * group_out_; ++o) {
      T* target = partial_ + n * (taps + 1) * plan_.out_channels + o;
      if (o_.dbias)
        target[taps * plan_.out_channels] = kernel_.conv.total(dy_plane(n, o), w_.output_positions());
      if (!o_.dkernel) continue;
      std::fill_n(sums, taps, T(0));
      for (int64_t z = 0; z < grid_.depth(); ++z)
        for (int64_t y = 0; y < grid_.height(); y += grid_.band()) add_band(unit, o, z, y, frame, sums);
      for (int64_t t = 0; t < taps; ++t) target[t * plan_.out_channels] = sums[t];
    }
  }

  void add_band(int64_t unit, int64_t o, int64_t z, int64_t y, T* frame, T* sums) const {
    const int64_t rows = std::min(grid_.band(), grid_.height() - y), width = w_.width().output;
    const T* x = o_.x + unit * w_.input_positions();
    if (grid_.is_narrow())
      return kernel_.depthwise_lines.narrow_gradient(grid_.narrow(), x, dy_plane(image_of(unit), o), sums);
    grid_.fill(x, z, y, rows, frame);
    kernel_.depthwise_lines.gradient(
        {frame, grid_.row_step(), dy_plane(image_of(unit), o) + (z * grid_.height() + y) * width, width, rows,
         width, plan_.taps(), grid_.offsets(), grid_.columns()[0].square, sums});
  }

  void write_data(int64_t unit, T* frames, T* band) const {
    T* dx = o_.dx + unit * w_.input_positions();
    if (!covers_)
      std::memset(static_cast<void*>(dx), 0, static_cast<size_t>(w_.input_positions()) * sizeof(T));
    for (const DataGrid<T>& data : data_)
      for (int64_t z = 0; z < data.grid.depth(); ++z)
        for (int64_t y = 0; y < data.grid.height(); y += data.grid.band())
          write_band(data, unit, z, y, dx, frames + data.frame, band);
  }

  // With a stride the phases of the width are computed side by side in `band`, and then interleaved.
  void write_band(const DataGrid<T>& data, int64_t unit, int64_t z, int64_t y, T* dx, T* frame,
                  T* band) const {
    const PlaneGrid& grid = data.grid;
    const int64_t stride = w_.width().stride, width = w_.width().input;
    const int64_t rows = std::min(grid.band(), grid.height() - y);
    const int64_t height_step = w_.height().stride * width;
    T* target = dx + ((data.first[0] + z * w_.depth().stride) * w_.height().input + data.first[1]) * width +
                y * height_step;
    for (int64_t j = 0; j < group_out_; ++j) {
      const int64_t o = channel_of(unit) * group_out_ + j;
      const T* dy = dy_plane(image_of(unit), o);
      const bool narrow = grid.is_narrow();
      if (!narrow) grid.fill(dy, z, y, rows, frame);
      const T* weights = data.weights.data() + o * static_cast<int64_t>(grid.taps().size());
      for (const PlaneColumns& columns : grid.columns()) {
        const DepthwiseLines<T> lines{frame,
                                      grid.row_step(),
                                      stride == 1 ? target : band + columns.first * phase_row(),
                                      stride == 1 ? height_step : stride * phase_row(),
                                      rows,
                                      columns.outputs,
                                      columns.end - columns.begin,
                                      grid.offsets() + columns.begin,
                                      weights + columns.begin,
                                      columns.square,
                                      T(0),
                                      T(0),
                                      j > 0};
        narrow ? kernel_.depthwise_lines.narrow(grid.narrow(), dy, lines)
               : kernel_.depthwise_lines.lines(lines);
      }
    }
    for (int64_t r = 0; stride > 1 && r < rows; ++r)
      kernel_.depthwise_lines.interleave(band + r * stride * phase_row(), phase_row(), stride, width,
                                         target + r * height_step);
  }

  void give(const T* sums, int64_t count, T* result) const {
    if (!result) return;
    if (o_.accumulate)
      kernel_.conv.add(result, sums, count);
    else
      std::copy_n(sums, count, result);
  }

  const ConvPlan& plan_;
  const Window& w_;
  const Kernels<T>& kernel_;
  const int64_t group_out_;
  const bool covers_;  // all of dx, by the phases of data_
  const PlaneGrid grid_;
  std::vector<DataGrid<T>> data_;
  DepthwiseGradients<T> o_;
  int64_t frame_size_ = 0, band_size_ = 0;
  T* partial_ = nullptr;  // (batch, taps + 1, Cout)
};

}  // namespace

template <class T>
void depthwise_planes_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                              T* y) {
  PlanesForward<T>(plan, x, kernel, bias, y).run(batch);
}

template <class T>
void depthwise_planes_backward(const ConvPlan& plan, int64_t batch, const DepthwiseGradients<T>& o) {
  PlanesBackward<T>(plan, o).run(batch);
}

#define FOLDGATE_INSTANTIATE(T)                                                                       \
  template void depthwise_planes_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*); \
  template void depthwise_planes_backward(const ConvPlan&, int64_t, const DepthwiseGradients<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
