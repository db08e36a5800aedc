#include "ops/pool/average.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/gemm.h"
#include "kernels/table.h"
#include "ops/pool/average_planes.h"
#include "ops/pool/geometry.h"
#include "ops/pool/target.h"

namespace foldgate {
namespace {

// Windows of at most so many rows of single values, or positions of pixels, are read as they are: strided loads from a
// sum just stored cost more than the loads that the sum saves.
constexpr int64_t kDirectRows = 8, kDirectPositions = 16;

// As are pixels that no other window along the width holds, where L1 has a window's row while its channels are taken
// one vector after the other.
constexpr int64_t kDirectBytes = 32 << 10;

bool shares_columns(const AverageAxis& width) {
  return width.output > 1 && !(width.regular && width.stride >= (width.taps - 1) * width.step + 1);
}

// Whether rows are summed before the windows along them. Of powers taken ahead as few rows as may be are kept.
template <class T>
bool sums_rows(const AveragePlan& plan, int64_t rows, bool powers_ahead) {
  const int64_t positions = most_positions(plan.axes[2]);
  if (plan.pixel == 1) return rows > kDirectRows;
  return rows * positions > kDirectPositions &&
         (powers_ahead || shares_columns(plan.axes[2]) ||
          positions * plan.pixel > kDirectBytes / static_cast<int64_t>(sizeof(T)));
}

// Lines of outputs begin at vectors of y where no window before them hangs over the edge.
template <class T>
Target<T> lines_target(const AveragePlan& plan, T* y) {
  const AverageAxis& width = plan.axes[2];
  if (plan.pixel > 1 || width.whole > 0) return {y, false};
  int64_t inputs = plan.images, outputs = plan.images;
  for (const AverageAxis& axis : plan.axes) inputs *= axis.input, outputs *= axis.output;
  return pooled(y, outputs, inputs, width.output);
}

// The mean of a window is a sum of rows, then of positions along the width.
template <class T>
class Forward {
 public:
  Forward(const AveragePlan& plan, const T* x, T* y, const PoolPower<T>* power)
      : depth_(plan.axes[0]),
        height_(plan.axes[1]),
        width_(plan.axes[2]),
        pixel_(plan.pixel),
        x_(x),
        y_(power && !power->squares ? Target<T>{y, false} : lines_target(plan, y)),
        most_rows_(most_positions(depth_) * most_positions(height_)),
        sums_rows_(sums_rows<T>(plan, most_rows_, power && !power->squares)),
        squares_(power && power->squares && !sums_rows_),
        power_(squares_ ? nullptr : power),
        most_lines_(power_ ? std::max<int64_t>(1, kPowers / (height_.stride * width_.input))
                           : height_.output),
        tasks_(plan.images, depth_.output, height_.output, width_.output,
               static_cast<double>(pixel_) * static_cast<double>(most_rows_) *
                   static_cast<double>(most_positions(width_))) {
    for (int worker = 0; worker < tasks_.workers(); ++worker)
      work_.push_back({Scratch<const T*>(most_rows_), Scratch<T>(sums_rows_ ? width_.input * pixel_ : 0),
                       Scratch<T>(power_ && !sums_rows_ ? kept_rows() * width_.input * pixel_ : 0)});
  }

  void run() {
    const auto finish = [&] { fence(y_); };
    if (tasks_.whole_rows() && pixel_ == 1)
      return tasks_.run_rows(
          [&](int worker, const RowSegment& segment, int64_t most) {
            const int64_t lines =
                std::clamp<int64_t>(lines_from(segment.height), 1, std::min(most, most_lines_));
            means(work_[static_cast<size_t>(worker)], segment, lines);
            return lines;
          },
          finish);
    tasks_.run(
        [&](int worker, const RowSegment& segment) { means(work_[static_cast<size_t>(worker)], segment, 1); },
        finish);
  }

 private:
  static constexpr int64_t kPowers = 1 << 11;  // of rows of several outputs: a quarter of L1

  struct Workspace {
    Scratch<const T*> rows;
    Scratch<T> sums, powers;
  };

  // Rows of powers that stand at a time.
  int64_t kept_rows() const { return most_rows_ + (most_lines_ - 1) * height_.stride; }

  // Rows of outputs from this one on whose windows lie alike, a stride of rows apart.
  int64_t lines_from(int64_t height) const {
    const bool stacked = most_rows_ == most_positions(height_) && height_.step == 1;  // a block of rows
    const bool alike = !sums_rows_ && (!power_ || stacked) && width_.whole == 0 &&
                       width_.past == width_.output && height_.regular && height >= height_.whole;
    return alike ? height_.past - height : 1;
  }

  void means(const Workspace& work, const RowSegment& s, int64_t lines) {
    const int64_t count = window_rows(work, s, lines);
    const bool alike = width_.regular && s.begin >= width_.whole && s.end <= width_.past;
    const RowWindows windows{width_.spans.data() + s.begin,
                             s.end - s.begin,
                             width_.step,
                             pixel_,
                             at(depth_, s.depth).counted * at(height_, s.height).counted,
                             squares_,
                             alike ? width_.stride : 0};
    const Target<T> y = y_ + (s.row * width_.output + s.begin) * pixel_;
    if (pixel_ > 1)
      average_.means(windows, work.rows.data(), count, y);
    else
      line(windows, s, work.rows.data(), count, lines, y);
    if (power_) power_->roots(lines * windows.outputs * pixel_, y.data);
  }

  // Single values: a vector of windows at a time between those that hang over an edge.
  void line(const RowWindows& windows, const RowSegment& s, const T* const* rows, int64_t count,
            int64_t lines, Target<T> y) {
    const int64_t whole = std::clamp(width_.whole, s.begin, s.end),
                  past = std::clamp(width_.past, whole, s.end);
    auto part = [&](int64_t begin, int64_t end) {
      if (begin == end) return;
      RowWindows some = windows;
      some.spans += begin - s.begin;
      some.outputs = end - begin;
      average_.means(some, rows, count, y + (begin - s.begin));
    };
    part(s.begin, whole);
    if (past > whole) {
      const WindowSpan& first = at(width_, whole);
      average_.line_means(
          {first.begin, past - whole, width_.stride, width_.taps, width_.step,
           static_cast<T>(windows.counted * first.counted), lines, height_.stride * width_.input, squares_},
          rows, count, y + (whole - s.begin));
    }
    part(past, s.end);
  }

  // The rows that a window holds, or their one sum where that saves reading them for every window.
  int64_t window_rows(const Workspace& work, const RowSegment& s, int64_t lines) {
    const WindowSpan &d = at(depth_, s.depth), &h = at(height_, s.height);
    if (power_ && lines > 1 && d.count == 1) {
      const int64_t first = (s.image * depth_.input + d.begin) * height_.input + h.begin;
      power_->powers(x_ + first * width_.input, ((lines - 1) * height_.stride + h.count) * width_.input,
                     false, work.powers.data());
      for (int64_t j = 0; j < h.count; ++j) work.rows[j] = work.powers.data() + j * width_.input;
      return h.count;
    }
    const bool sums = sums_rows_ && (power_ || d.count * h.count > 1);
    int64_t begin = 0, end = width_.input;  // of the columns that the windows hold
    if (sums || power_) std::tie(begin, end) = columns_of(s);
    const int64_t first = begin * pixel_, n = (end - begin) * pixel_;
    T* const total = work.sums.data();
    int64_t count = 0;
    for (int64_t i = 0; i < d.count; ++i) {
      const int64_t plane = s.image * depth_.input + d.begin + i * depth_.step;
      for (int64_t j = 0; j < h.count; ++j, ++count) {
        const T* row =
            x_ + (plane * height_.input + h.begin + j * height_.step) * width_.input * pixel_ + first;
        if (power_) {
          T* const powers = sums ? total : work.powers.data() + count * width_.input * pixel_;
          power_->powers(row, n, sums && count > 0, powers);
          row = powers;
        }
        work.rows[count] = row;
      }
    }
    if (sums && !power_) average_.add_rows(work.rows.data(), count, n, total);
    if (sums && count > 0) count = 1, work.rows[0] = total;
    for (int64_t r = 0; r < count; ++r) work.rows[r] -= first;
    return count;
  }

  std::pair<int64_t, int64_t> columns_of(const RowSegment& s) const {
    int64_t begin = width_.input, end = 0;
    for (int64_t o = s.begin; o < s.end; ++o) {
      const WindowSpan& w = at(width_, o);
      begin = std::min(begin, w.begin);
      end = std::max(end, w.begin + (w.count - 1) * width_.step + 1);
    }
    return {begin, std::max(begin, end)};
  }

  const AverageKernels<T>& average_ = kernels<T>().average;
  const AverageAxis &depth_, &height_, &width_;
  const int64_t pixel_;
  const T* x_;
  const Target<T> y_;
  const int64_t most_rows_;
  const bool sums_rows_;
  const bool squares_;               // are taken by the kernels
  const PoolPower<T>* const power_;  // that is taken before them
  const int64_t most_lines_;
  const RowTasks tasks_;
  std::vector<Workspace> work_;
};

}  // namespace

template <class T>
void average_pool(const AveragePlan& plan, const T* x, T* y, const PoolPower<T>* power) {
  if (plan.images == 0 || plan.pixel == 0) return;
  if (takes_planes(plan)) return plane_means(plan, x, y, power);
  Forward<T>(plan, x, y, power).run();
}

template void average_pool(const AveragePlan&, const float*, float*, const PoolPower<float>*);
template void average_pool(const AveragePlan&, const double*, double*, const PoolPower<double>*);
}  // namespace foldgate
