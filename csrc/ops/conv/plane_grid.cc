#include "ops/conv/plane_grid.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace foldgate {

PlaneGrid::PlaneGrid(const int64_t* extent, const int64_t* grid, const int64_t* step,
                     std::vector<PlaneTap> taps, std::vector<PlaneColumns> columns, int64_t lanes,
                     int64_t item_size)
    : taps_(std::move(taps)), columns_(std::move(columns)), lanes_(lanes) {
  for (int i = 0; i < kMaxSpatial; ++i) {
    extent_[i] = extent[i], grid_[i] = grid[i], step_[i] = step[i];
    const auto [low, high] = std::minmax_element(
        taps_.begin(), taps_.end(), [&](const auto& a, const auto& b) { return a.shift[i] < b.shift[i]; });
    low_[i] = low->shift[i];
    reach_[i] = high->shift[i] - low->shift[i];
  }
  int64_t widest = 0;
  for (const PlaneColumns& one : columns_) widest = std::max(widest, one.outputs);
  phase_step_ = round_up(widest, lanes) + reach_[2] / step_[2];
  row_ = step_[2] * phase_step_;
  const int64_t fitting =
      kFrameBytes / (item_size * row_ * (reach_[0] + 1)) - reach_[1] - 1;  // rows of inputs
  band_ = std::min(grid_[1],
                   std::max<int64_t>(kDepthwiseRows, fitting / step_[1] / kDepthwiseRows * kDepthwiseRows));
  bands_ = ceil_div(grid_[1], band_);
  slice_ = ((band_ - 1) * step_[1] + reach_[1] + 1) * row_;
  for (const PlaneTap& tap : taps_) {
    const int64_t column = tap.shift[2] - low_[2];
    offsets_.push_back((tap.shift[0] - low_[0]) * slice_ + (tap.shift[1] - low_[1]) * row_ +
                       column % step_[2] * phase_step_ + column / step_[2]);
  }
  for (PlaneColumns& one : columns_) one.square = square_of(one);
}

int64_t PlaneGrid::frame_size() const { return (reach_[0] + 1) * slice_ + lanes_; }

int PlaneGrid::square_of(const PlaneColumns& columns) const {
  if (step_[1] != 1) return 0;
  for (const int64_t size : {3, 5}) {
    bool all = columns.end - columns.begin == size * size;
    for (int64_t t = 0; all && t < size * size; ++t)
      all = offsets_[static_cast<size_t>(columns.begin + t)] ==
            offsets_[static_cast<size_t>(columns.begin)] + t / size * row_ + t % size;
    if (all) return static_cast<int>(size);
  }
  return 0;
}

bool PlaneGrid::is_narrow() const {
  return columns_.size() == 1 && columns_[0].square == 3 && extent_[0] == 1 && grid_[0] == 1 &&
         low_[0] == 0 && bands_ == 1 && step_[2] == 1 && low_[2] == -1 && grid_[2] == extent_[2] &&
         grid_[2] <= lanes_ && lanes_ >= kNarrowLanes;
}

template <class T>
void PlaneGrid::fill(const T* plane, int64_t z, int64_t y, int64_t rows, T* frame) const {
  LineFrame<T> f{};
  f.width = extent_[2];
  f.first = y * step_[1] + low_[1];
  f.rows = (rows - 1) * step_[1] + reach_[1] + 1;
  f.before = -low_[2];
  f.stride = step_[2];
  f.phase_step = phase_step_;
  for (int64_t i = 0; i <= reach_[0]; ++i) {
    const int64_t at = z * step_[0] + low_[0] + i;
    const bool inside = at >= 0 && at < extent_[0];  // a slice outside has no rows
    f.x = plane + (inside ? at * extent_[1] * extent_[2] : 0);
    f.height = inside ? extent_[1] : 0;
    f.frame = frame + i * slice_;
    kernels<T>().depthwise_lines.frame(f);
  }
}

template <class T>
PlaneGrid forward_grid(const Window& w) {
  int64_t extent[kMaxSpatial], grid[kMaxSpatial], step[kMaxSpatial];
  for (int i = 0; i < kMaxSpatial; ++i)
    extent[i] = w.axes[i].input, grid[i] = w.axes[i].output, step[i] = w.axes[i].stride;
  std::vector<PlaneTap> taps;
  for (int64_t i = 0; i < w.depth().kernel; ++i)
    for (int64_t j = 0; j < w.height().kernel; ++j)
      for (int64_t k = 0; k < w.width().kernel; ++k)
        taps.push_back(
            {{i * w.depth().dilation - w.depth().before, j * w.height().dilation - w.height().before,
              k * w.width().dilation - w.width().before},
             static_cast<int64_t>(taps.size())});
  return PlaneGrid(extent, grid, step, std::move(taps), {{0, w.width().output, 0, w.taps()}},
                   kernels<T>().gemm.lanes, static_cast<int64_t>(sizeof(T)));
}

template PlaneGrid forward_grid<float>(const Window&);
template PlaneGrid forward_grid<double>(const Window&);
template void PlaneGrid::fill(const float*, int64_t, int64_t, int64_t, float*) const;
template void PlaneGrid::fill(const double*, int64_t, int64_t, int64_t, double*) const;

}  // namespace foldgate
