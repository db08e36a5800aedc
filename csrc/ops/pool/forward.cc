#include <limits>
#include <optional>

#include "core/scratch.h"
#include "kernels/gemm.h"
#include "kernels/table.h"
#include "ops/pool/geometry.h"
#include "ops/pool/indices.h"
#include "ops/pool/target.h"

namespace foldgate {
namespace {

// What one worker writes on the way.
template <class T>
struct Workspace {
  Scratch<const T*> x;  // window rows
  Scratch<int32_t> row_tap;
  Scratch<T> padded;       // their copies with -inf around, where lines have padding
  Scratch<uint8_t> bytes;  // winners on their way to positions
  Scratch<int32_t> ints;
};

template <class T>
class Forward {
 public:
  Forward(const PoolPlan& plan, const T* x, T* y, PoolIndices indices)
      : plan_(plan),
        kernels_(kernels<T>().pool),
        depth_(tap_ranges(plan.window.depth())),
        height_(tap_ranges(plan.window.height())),
        width_(tap_ranges(plan.window.width())),
        tasks_(plan.images, plan.window.depth().output, plan.window.height().output,
               plan.window.width().output,
               static_cast<double>(plan.pixel) * static_cast<double>(plan.window.taps())),
        x_(x),
        y_(plan.lines ? pooled(y, plan.outputs(), plan.images * plan.window.input_positions(),
                               plan.window.width().output)
                      : Target<T>{y, false}),
        indices_(indices) {
    if (indices.positions) names_.emplace(plan, false);
    const WindowAxis& width = plan.window.width();
    pad_ = plan.lines && (width.before > 0 || last_position() >= width.input);
    if (plan.lines && width.before > 0) make_first();
    make_workspaces();
  }

  void run() {
    const auto finish = [&] { fence(y_); };
    if (plan_.lines && !indices_.positions && tasks_.whole_rows())
      return tasks_.run_rows(
          [&](int worker, const RowSegment& at, int64_t most) {
            const int64_t lines = std::min({most, most_lines_, alike(at)});
            segment(work_[static_cast<size_t>(worker)], at, lines);
            return lines;
          },
          finish);
    tasks_.run([&](int worker, const RowSegment& at) { segment(work_[static_cast<size_t>(worker)], at, 1); },
               finish);
  }

 private:
  // The position in the image of the last tap of the last window.
  int64_t last_position() const {
    const WindowAxis& width = plan_.window.width();
    return (width.output - 1) * width.stride + width.extent() - 1 - width.before;
  }

  // Values that a segment of n outputs reads of each row, and with room for whole vectors of outputs.
  int64_t span(int64_t n) const {
    return (round_up(n, kernels_.lanes) - 1) * plan_.window.width().stride + plan_.window.width().extent();
  }

  void make_first() {
    first_ = Scratch<LaneInt<T>>(round_up(plan_.window.width().output, kernels_.lanes));
    first_.zero();
    for (size_t o = 0; o < width_.size(); ++o) first_[static_cast<int64_t>(o)] = width_[o].first;
  }

  // Rows of outputs whose rows of x are padded at a time: as many as L1 holds the copies for, one after the other. A
  // dilated window, or one of several planes, has its rows apart.
  int64_t padded_lines() const {
    constexpr int64_t kPadded = (16 << 10) / static_cast<int64_t>(sizeof(T));
    const WindowAxis& height = plan_.window.height();
    if (plan_.window.depth().kernel > 1 || height.dilation > 1 || !tasks_.whole_rows()) return 1;
    const int64_t rows = kPadded / span(tasks_.segment());
    return std::clamp<int64_t>((rows - height.kernel) / height.stride + 1, 1, height.output);
  }

  void make_workspaces() {
    const Window& window = plan_.window;
    const int64_t rows = std::min(window.depth().kernel, window.depth().input) *
                         std::min(window.height().kernel, window.height().input);
    most_lines_ = pad_ ? padded_lines() : window.height().output;
    const int64_t padded = rows + (most_lines_ - 1) * window.height().stride;
    const int64_t taps = indices_.positions ? tasks_.segment() * plan_.pixel : 0;
    for (int worker = 0; worker < tasks_.workers(); ++worker) {
      Workspace<T> work{Scratch<const T*>(rows), Scratch<int32_t>(rows),
                        Scratch<T>(pad_ ? checked_mul("max_pool", padded, span(tasks_.segment())) : 0),
                        Scratch<uint8_t>(plan_.byte_taps() ? taps : 0),
                        Scratch<int32_t>(plan_.byte_taps() ? 0 : taps)};
      std::fill_n(work.padded.data(), work.padded.size(), -std::numeric_limits<T>::infinity());
      work_.push_back(std::move(work));
    }
  }

  // Rows of outputs from this one on, in its plane, whose windows lie inside the image along the height; at least one.
  int64_t alike(const RowSegment& at) const {
    const int64_t kernel = plan_.window.height().kernel;
    size_t end = static_cast<size_t>(at.height);
    while (end < height_.size() && height_[end].last - height_[end].first == kernel) ++end;
    return std::max<int64_t>(1, static_cast<int64_t>(end) - at.height);
  }

  // `lines` rows of outputs, the first one's columns at.begin .. at.end - 1; more than one are alike.
  void segment(const Workspace<T>& work, const RowSegment& at, int64_t lines) const {
    const Window& window = plan_.window;
    const int64_t out = (at.row * window.width().output + at.begin) * plan_.pixel;
    PoolForward<T> f;
    f.row_tap = work.row_tap.data();
    f.x = work.x.data();
    f.outputs = at.end - at.begin;
    f.stride = window.width().stride;
    f.dilation = window.width().dilation;
    f.channels = plan_.pixel;
    f.y = y_ + out;
    f.taps = taps_of(work, out);
    f.rows = collect_rows(work, at);
    f.lines = lines;
    if (plan_.lines)
      run_lines(work, f, at.begin);
    else
      run_pixels(f, at.begin);
    if (!indices_.positions) return;
    const WindowBlock block{at.image, at.depth, at.height, at.height + 1, at.begin, at.end};
    if (f.taps.bytes)
      names_->to_positions(f.taps.bytes, block, indices_.positions + out);
    else
      names_->to_positions(f.taps.ints, block, indices_.positions + out);
  }

  TapsOut taps_of(const Workspace<T>& work, int64_t out) const {
    TapsOut taps;
    if (indices_.positions) {
      taps.bytes = work.bytes.data();
      taps.ints = work.ints.data();
    } else {
      taps.bytes = indices_.taps.bytes ? indices_.taps.bytes + out : nullptr;
      taps.ints = indices_.taps.ints ? indices_.taps.ints + out : nullptr;
    }
    if (!plan_.byte_taps()) taps.bytes = nullptr;
    return taps;
  }

  // The window rows of an output row that lie inside the image.
  int64_t collect_rows(const Workspace<T>& work, const RowSegment& at) const {
    const WindowAxis &depth = plan_.window.depth(), &height = plan_.window.height();
    const TapRange z_taps = depth_[static_cast<size_t>(at.depth)],
                   y_taps = height_[static_cast<size_t>(at.height)];
    int64_t rows = 0;
    for (int32_t tz = z_taps.first; tz < z_taps.last; ++tz)
      for (int32_t ty = y_taps.first; ty < y_taps.last; ++ty, ++rows) {
        const int64_t z = at.depth * depth.stride + tz * depth.dilation - depth.before;
        const int64_t y = at.height * height.stride + ty * height.dilation - height.before;
        work.x[rows] =
            x_ + ((at.image * depth.input + z) * height.input + y) * plan_.window.width().input * plan_.pixel;
        work.row_tap[rows] = static_cast<int32_t>((tz * height.kernel + ty) * plan_.window.width().kernel);
      }
    return rows;
  }

  void run_pixels(PoolForward<T>& f, int64_t begin) const {
    f.position = begin * f.stride - plan_.window.width().before;
    f.range = width_.data() + begin;
    kernels_.pixels(f);
  }

  void run_lines(const Workspace<T>& work, PoolForward<T>& f, int64_t begin) const {
    const WindowAxis &height = plan_.window.height(), &width = plan_.window.width();
    const int64_t start = begin * width.stride - width.before;  // position of the segment's first tap
    f.row_taps = width.kernel;
    f.first = first_.data() ? first_.data() + begin : nullptr;
    if (pad_) {
      const int64_t pitch = span(f.outputs);
      f.next_line = height.stride * pitch;
      f.readable = (f.lines - 1) * f.next_line + pitch;
      if (tasks_.whole_rows())
        pad_rows(work, f, pitch);
      else
        for (int64_t r = 0; r < f.rows; ++r)
          work.x[r] = pad_row(work.x[r], start, pitch, work.padded.data() + r * pitch);
    } else {
      f.next_line = height.stride * width.input;
      f.readable =
          x_ + plan_.images * plan_.window.input_positions() * plan_.pixel - (work.x[f.rows - 1] + start);
      for (int64_t r = 0; r < f.rows; ++r) work.x[r] += start;
    }
    kernels_.lines(f);
  }

  // Copies of whole rows, one after the other, between margins of -inf that stay: those of the first line's window, then
  // what lines below hold besides.
  void pad_rows(const Workspace<T>& work, const PoolForward<T>& f, int64_t pitch) const {
    const WindowAxis &height = plan_.window.height(), &width = plan_.window.width();
    T* const interior = work.padded.data() + width.before;
    const int64_t n = std::min(width.input, pitch - width.before);  // no window may hold the last ones
    const T* const below = work.x[f.rows - 1] + width.input;
    for (int64_t r = 0; r < f.rows; ++r) {
      kernels_.copy_rows(work.x[r], 1, n, width.input, interior + r * pitch, pitch);
      work.x[r] = work.padded.data() + r * pitch;
    }
    kernels_.copy_rows(below, (f.lines - 1) * height.stride, n, width.input, interior + f.rows * pitch,
                       pitch);
  }

  // Positions start .. start + count - 1 of a row, -inf outside the image.
  const T* pad_row(const T* row, int64_t start, int64_t count, T* padded) const {
    const int64_t input = plan_.window.width().input;
    const int64_t begin = std::min(std::max<int64_t>(0, -start), count);
    const int64_t end = std::max(begin, std::min(count, input - start));
    std::fill(padded, padded + begin, -std::numeric_limits<T>::infinity());
    std::copy(row + start + begin, row + start + end, padded + begin);
    std::fill(padded + end, padded + count, -std::numeric_limits<T>::infinity());
    return padded;
  }

  const PoolPlan& plan_;
  const PoolKernels<T>& kernels_;
  const std::vector<TapRange> depth_, height_, width_;
  const RowTasks tasks_;
  const T* x_;
  const Target<T> y_;
  const PoolIndices indices_;
  std::optional<WinnerNames> names_;  // for positions
  bool pad_ = false;
  int64_t most_lines_ = 1;
  Scratch<LaneInt<T>> first_;
  std::vector<Workspace<T>> work_;
};

template <class T>
void plane_maxima(const PoolPlan& plan, const T* x, T* y, PoolIndices indices) {
  constexpr int64_t kPlanes = 64, kValues = 1 << 15;  // of a piece; of a task
  const int64_t positions = plan.window.input_positions();
  const EvenSplit tasks(plan.images, std::max<int64_t>(1, kValues / positions));
  constexpr double kPlaneWork = 2000;  // of the last vector's maximum and the plane's place, ~40 ns
  const double work =
      static_cast<double>(plan.images) * (8 * static_cast<double>(positions) + kPlaneWork);  // 8: from memory
  const bool places = indices.taps.bytes || indices.taps.ints || indices.positions;
  parallel_for(tasks.parts, workers_for(tasks.parts, work), [&](int64_t task, int) {
    int32_t winners[kPlanes];
    const int64_t end = tasks.begin(task) + tasks.size(task);
    for (int64_t plane = tasks.begin(task); plane < end; plane += kPlanes) {
      const int64_t n = std::min(kPlanes, end - plane);
      kernels<T>().pool.plane_winners(x + plane * positions, n, positions, y + plane,
                                      places ? winners : nullptr);
      for (int64_t i = 0; places && i < n; ++i) {
        if (indices.taps.bytes) indices.taps.bytes[plane + i] = static_cast<uint8_t>(winners[i]);
        if (indices.taps.ints) indices.taps.ints[plane + i] = winners[i];
        if (indices.positions) indices.positions[plane + i] = winners[i];
      }
    }
  });
}

}  // namespace

template <class T>
void max_pool(const PoolPlan& plan, const T* x, T* y, PoolIndices indices) {
  if (plan.outputs() == 0) return;
  if (plan.takes_planes()) return plane_maxima(plan, x, y, indices);
  Forward<T>(plan, x, y, indices).run();
}

template void max_pool(const PoolPlan&, const float*, float*, PoolIndices);
template void max_pool(const PoolPlan&, const double*, double*, PoolIndices);

}  // namespace foldgate
