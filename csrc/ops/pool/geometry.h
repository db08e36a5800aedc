// What forward, backward and the indices share: which taps of a window are inside, and how rows are cut into tasks.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/check.h"
#include "core/thread_pool.h"
#include "ops/pool/pool.h"

namespace foldgate {

// Taps of every window along an axis that lie inside the image.
std::vector<TapRange> tap_ranges(const WindowAxis& axis);

// The windows of every input coordinate along an axis.
std::vector<WindowHits> window_hits(const WindowAxis& axis);

// Whether no two windows along an axis share a position.
inline bool windows_apart(const WindowAxis& axis) { return axis.output == 1 || axis.stride >= axis.extent(); }
inline bool windows_apart(const Window& window) {
  return windows_apart(window.depth()) && windows_apart(window.height()) && windows_apart(window.width());
}

// From one window of WindowHits to the next: outputs d / gcd(s, d) lower, taps s / gcd(s, d) higher.
struct HitSteps {
  int64_t output = 1;
  int32_t tap = 1;
};
HitSteps hit_steps(const WindowAxis& axis);

// A row of an array (image, depth, height), and the columns of it that are meant.
struct RowSegment {
  int64_t row, image, depth, height;
  int64_t begin, end;
};

// All rows, cut along the width into segments and grouped into tasks of about kTaskWork values met: by shape alone.
class RowTasks {
 public:
  RowTasks(int64_t images, int64_t depth, int64_t height, int64_t width, double work_per_position)
      : depth_(depth), height_(height), width_(width) {
    const int64_t fitting = static_cast<int64_t>(kTaskWork / work_per_position);
    segment_ = std::min(width, std::max(kShortest, fitting / kShortest * kShortest));
    segments_ = ceil_div(width, segment_);
    units_ = images * depth * height * segments_;
    group_ = std::max<int64_t>(
        1, static_cast<int64_t>(kTaskWork / (work_per_position * static_cast<double>(segment_))));
    const double work = work_per_position * static_cast<double>(units_) * static_cast<double>(segment_);
    workers_ = workers_for(tasks(), kWorkPerValue * work);
  }

  int64_t segment() const { return segment_; }  // columns at most
  int64_t tasks() const { return ceil_div(units_, group_); }
  int workers() const { return workers_; }  // fixed here: another thread may change their number meanwhile

  // body(worker, segment) for every segment of every row, and finish() after every task
  template <class Body, class Finish>
  void run(Body body, Finish finish) const {
    run_rows(
        [&](int worker, const RowSegment& at, int64_t) {
          body(worker, at);
          return int64_t{1};
        },
        finish);
  }
  template <class Body>
  void run(Body body) const {
    run(body, [] {});
  }

  bool whole_rows() const { return segments_ == 1; }

  // The same for whole rows, where the body may take rows below at once: body(worker, row, most) returns how many it took.
  template <class Body, class Finish>
  void run_rows(Body body, Finish finish) const {
    parallel_for(tasks(), workers(), [&](int64_t task, int worker) {
      const int64_t last = std::min(units_, (task + 1) * group_);
      RowSegment at = segment_at(task * group_);
      for (int64_t unit = task * group_; unit < last;) {
        const int64_t taken = body(worker, at, last - unit);
        unit += taken;
        for (int64_t i = 0; i < taken; ++i) advance(at);
      }
      finish();
    });
  }

 private:
  RowSegment segment_at(int64_t unit) const {
    const int64_t row = unit / segments_, begin = unit % segments_ * segment_;
    return {row,
            row / height_ / depth_,
            row / height_ % depth_,
            row % height_,
            begin,
            std::min(width_, begin + segment_)};
  }
  // The next one, without a division: rows may be short.
  void advance(RowSegment& at) const {
    at.begin = at.end;
    if (at.begin == width_) {
      at.begin = 0;
      ++at.row;
      if (++at.height == height_) {
        at.height = 0;
        if (++at.depth == depth_) {
          at.depth = 0;
          ++at.image;
        }
      }
    }
    at.end = std::min(width_, at.begin + segment_);
  }

  static constexpr int64_t kShortest = 64;      // columns: whole vectors
  static constexpr double kTaskWork = 1 << 15;  // values met: about 10 us
  static constexpr double kWorkPerValue = 8;    // a value from memory, against a multiply-add in registers
  int64_t depth_, height_, width_, segment_, segments_, units_, group_;
  int workers_;
};

}  // namespace foldgate
