#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/pool/geometry.h"
#include "ops/pool/indices.h"
#include "ops/pool/scatter.h"

namespace foldgate {
namespace {

// What one worker writes on the way.
template <class T>
struct Workspace {
  Scratch<const T*> dy;  // rows of outputs whose windows hold the row, and their winners
  Scratch<const uint8_t*> bytes;
  Scratch<const int32_t*> ints;
  Scratch<int32_t> row_tap;
};

// Pixels: a gather, a row of dx at a time.
template <class T>
class Backward {
 public:
  Backward(const PoolPlan& plan, const T* dy, PoolWinners winners, T* dx)
      : plan_(plan),
        kernels_(kernels<T>().pool),
        depth_(window_hits(plan.window.depth())),
        height_(window_hits(plan.window.height())),
        depth_steps_(hit_steps(plan.window.depth())),
        height_steps_(hit_steps(plan.window.height())),
        tasks_(plan.images, plan.window.depth().input, plan.window.height().input, plan.window.width().input,
               static_cast<double>(plan.pixel) * 2),
        dy_(dy),
        winners_(winners),
        dx_(dx) {
    apart_ = windows_apart(plan.window);
    if (apart_)
      ranges_ = tap_ranges(plan.window.width());
    else
      make_hits();
    make_workspaces();
  }

  void run() {
    tasks_.run([&](int worker, const RowSegment& at) { segment(work_[static_cast<size_t>(worker)], at); });
  }

 private:
  void make_hits() {
    width_ = window_hits(plan_.window.width());
    width_steps_ = hit_steps(plan_.window.width());
  }

  void make_workspaces() {
    const Window& window = plan_.window;
    const int64_t rows = std::min(window.depth().kernel, window.depth().output) *
                         std::min(window.height().kernel, window.height().output);
    for (int worker = 0; worker < tasks_.workers(); ++worker)
      work_.push_back({Scratch<const T*>(rows), Scratch<const uint8_t*>(rows), Scratch<const int32_t*>(rows),
                       Scratch<int32_t>(rows)});
  }

  void segment(const Workspace<T>& work, const RowSegment& at) const {
    PoolBackward<T> b;
    b.dy = work.dy.data();
    b.bytes = winners_.bytes ? work.bytes.data() : nullptr;
    b.ints = winners_.bytes ? nullptr : work.ints.data();
    b.row_tap = work.row_tap.data();
    b.rows = collect_rows(work, at);
    T* dx = dx_ + (at.row * plan_.window.width().input + at.begin) * plan_.pixel;
    if (apart_)
      run_pixels_apart(work, b, at, dx);
    else
      run_pixels(b, at, dx);
  }

  // The output rows whose windows hold an input row: ascending by tap, so descending by output.
  int64_t collect_rows(const Workspace<T>& work, const RowSegment& at) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height();
    const WindowHits z_hits = depth_[static_cast<size_t>(at.depth)],
                     y_hits = height_[static_cast<size_t>(at.height)];
    int64_t rows = 0;
    for (int32_t i = 0; i < z_hits.count; ++i)
      for (int32_t j = 0; j < y_hits.count; ++j, ++rows) {
        const int64_t oz = z_hits.output - i * depth_steps_.output,
                      oy = y_hits.output - j * height_steps_.output;
        const int64_t tz = z_hits.tap + int64_t{i} * depth_steps_.tap;
        const int64_t ty = y_hits.tap + int64_t{j} * height_steps_.tap;
        const int64_t out =
            ((at.image * depth.output + oz) * height.output + oy) * plan_.window.width().output * plan_.pixel;
        work.dy[rows] = dy_ + out;
        work.bytes[rows] = winners_.bytes ? winners_.bytes + out : nullptr;
        work.ints[rows] = winners_.ints ? winners_.ints + out : nullptr;
        work.row_tap[rows] = static_cast<int32_t>((tz * height.kernel + ty) * plan_.window.width().kernel);
      }
    return rows;
  }

  void run_pixels(PoolBackward<T>& b, const RowSegment& at, T* dx) const {
    b.dx = dx;
    b.columns = at.end - at.begin;
    b.channels = plan_.pixel;
    b.hits = width_.data() + at.begin;
    b.output_step = width_steps_.output;
    b.tap_step = width_steps_.tap;
    kernels_.pixels_backward(b);
  }

  void run_pixels_apart(const Workspace<T>& work, PoolBackward<T>& b, const RowSegment& at, T* dx) const {
    const WindowAxis& width = plan_.window.width();
    const int64_t left =
        at.begin + width.before - (width.extent() - 1);  // the first window that may reach begin
    const int64_t first = left > 0 ? std::min(width.output, ceil_div(left, width.stride)) : 0;
    const int64_t last = std::min(width.output, (at.end - 1 + width.before) / width.stride + 1);
    b.dx = dx;
    b.columns = at.end - at.begin;
    b.channels = plan_.pixel;
    b.outputs = b.rows > 0 ? std::max<int64_t>(0, last - first) : 0;
    b.position = first * width.stride - width.before - at.begin;
    b.stride = width.stride;
    b.dilation = width.dilation;
    b.range = ranges_.data() + first;
    if (b.outputs > 0) shift_rows(work, b.rows, first * plan_.pixel);
    kernels_.pixels_apart_backward(b);
  }

  void shift_rows(const Workspace<T>& work, int64_t rows, int64_t shift) const {
    for (int64_t r = 0; r < rows; ++r) {
      work.dy[r] += shift;
      if (winners_.bytes)
        work.bytes[r] += shift;
      else
        work.ints[r] += shift;
    }
  }

  const PoolPlan& plan_;
  const PoolKernels<T>& kernels_;
  const std::vector<WindowHits> depth_, height_;
  std::vector<WindowHits> width_;
  std::vector<TapRange> ranges_;  // of windows apart
  const HitSteps depth_steps_, height_steps_;
  HitSteps width_steps_;
  const RowTasks tasks_;
  const T* dy_;
  const PoolWinners winners_;
  T* dx_;
  bool apart_ = false;
  std::vector<Workspace<T>> work_;
};

}  // namespace

template <class T>
void max_pool_backward(const PoolPlan& plan, const T* dy, PoolWinners winners, T* dx) {
  if (plan.outputs() == 0) return;
  if (plan.takes_planes()) return max_pool_scatter_planes(plan, dy, winners, dx);
  if (plan.lines) return max_pool_scatter(plan, dy, winners, dx);
  ConvertedTaps converted;
  const PoolWinners taps = checked_taps(plan, winners, converted);
  Backward<T>(plan, dy, taps, dx).run();
}

template void max_pool_backward(const PoolPlan&, const float*, PoolWinners, float*);
template void max_pool_backward(const PoolPlan&, const double*, PoolWinners, double*);

}  // namespace foldgate
