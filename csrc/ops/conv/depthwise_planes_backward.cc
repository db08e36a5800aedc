#include <algorithm>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "core/divide.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/conv/depthwise_turned.h"
#include "ops/conv/phases.h"
#include "ops/conv/plane_grid.h"
#include "ops/conv/plane_units.h"

namespace foldgate {
namespace {

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
    Scratch<T> weights = plane_weights(grid, kernel, plan.out_channels);
    grids.push_back({{head.first[0], head.first[1], 0}, std::move(grid), std::move(weights)});
  }
  return grids;
}

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
    const int workers = workers_for(units, kTermWork * work);
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
void depthwise_planes_backward(const ConvPlan& plan, int64_t batch, const DepthwiseGradients<T>& o) {
  if (turns_planes<T>(plan)) return depthwise_turned_backward(plan, batch, o);
  PlanesBackward<T>(plan, o).run(batch);
}

template void depthwise_planes_backward(const ConvPlan&, int64_t, const DepthwiseGradients<float>&);
template void depthwise_planes_backward(const ConvPlan&, int64_t, const DepthwiseGradients<double>&);

}  // namespace foldgate
