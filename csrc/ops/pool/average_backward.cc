#include <algorithm>
#include <cstring>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/pool/average.h"
#include "ops/pool/average_planes.h"
#include "ops/pool/geometry.h"

namespace foldgate {
namespace {

// dx as a gather, a row at a time: the shares of the windows that hold the row, summed over their rows, then along the
// width.
template <class T>
class Backward {
 public:
  Backward(const AveragePlan& plan, const T* dy, T* dx)
      : depth_(plan.axes[0]),
        height_(plan.axes[1]),
        width_(plan.axes[2]),
        pixel_(plan.pixel),
        dy_(dy),
        dx_(dx),
        tasks_(plan.images, depth_.input, height_.input, width_.input,
               static_cast<double>(pixel_) * overlap(depth_) * overlap(height_) * overlap(width_)),
        factors_(width_.output) {
    for (int64_t o = 0; o < width_.output; ++o) factors_[o] = 1 / static_cast<T>(at(width_, o).counted);
    by_vectors_ = pixel_ == 1 && width_.regular &&
                  (width_.stride == 1 || (width_.stride == 2 && width_.step == 1)) &&
                  (width_.taps - 1) * width_.step <= width_.input + kMostZeros;
    int64_t held = width_.output * pixel_;
    if (by_vectors_) {
      margin_ = (width_.taps - 1) * width_.step / width_.stride;
      held = std::max(held, (width_.input + width_.before) / width_.stride + 1) + average_.lanes;
    }
    const int64_t rows = most_holders(depth_) * most_holders(height_);
    for (int worker = 0; worker < tasks_.workers(); ++worker) {
      work_.push_back({Scratch<const T*>(rows), Scratch<T>(rows), Scratch<T>(margin_ + held)});
      work_.back().shares.zero();
    }
  }

  void run() {
    tasks_.run(
        [&](int worker, const RowSegment& segment) { gather(work_[static_cast<size_t>(worker)], segment); });
  }

 private:
  static constexpr int64_t kMostZeros = 1 << 10;  // that a window may reach beyond the image
  static constexpr int64_t kCopied = 1 << 10;     // values of a row that L1 holds beside its shares

  struct Workspace {
    Scratch<const T*> rows;
    Scratch<T> factors;
    Scratch<T> shares;           // of a row of outputs, with zeros around
    const T* written = nullptr;  // the last segment: those of rows that the same windows hold are alike
    int64_t image = -1;          // of it, and the holders of its row
    int64_t begin = 0;
    WindowHolders depth{0, -1}, height{0, -1};
  };

  // Windows that hold a position, on average, and the writing of it.
  static double overlap(const AverageAxis& axis) {
    return 1 + static_cast<double>(axis.output) * static_cast<double>(most_positions(axis)) /
                   static_cast<double>(axis.input);
  }
  static int64_t most_holders(const AverageAxis& axis) {
    int64_t most = 0;
    for (const WindowHolders& h : axis.holders)
      most = std::max(most, (h.last - h.first) / axis.holder_step + 1);
    return most;
  }

  void gather(Workspace& work, const RowSegment& s) {
    T* dx = dx_ + (s.row * width_.input + s.begin) * pixel_;
    const WindowHolders d = depth_.holders[static_cast<size_t>(s.depth)],
                        h = height_.holders[static_cast<size_t>(s.height)];
    if (d.last < d.first || h.last < h.first) {
      std::memset(static_cast<void*>(dx), 0, static_cast<size_t>((s.end - s.begin) * pixel_) * sizeof(T));
      return;
    }
    const bool alike =
        work.image == s.image && work.begin == s.begin && same(work.depth, d) && same(work.height, h);
    const int64_t n = (s.end - s.begin) * pixel_;
    if (alike && n <= kCopied) {
      std::memcpy(dx, work.written, static_cast<size_t>(n) * sizeof(T));
      return;
    }
    T* shares = work.shares.data() + margin_;
    if (!alike) sum_shares(work, s, d, h, shares);
    work.written = dx;
    if (by_vectors_)
      average_.gather_lines({s.begin, s.end, width_.before, width_.stride, width_.taps, width_.step}, shares,
                            dx);
    else
      average_.gather(width_.holders.data() + s.begin, width_.holder_step, s.end - s.begin, pixel_, shares,
                      dx);
  }

  // All windows along the width that hold a column of a segment; none: 0 to -1.
  WindowHolders holders_of(const RowSegment& s) const {
    if (s.end - s.begin == width_.input) return {0, width_.output - 1};
    WindowHolders all{width_.output, -1};
    for (int64_t q = s.begin; q < s.end; ++q) {
      const WindowHolders& h = width_.holders[static_cast<size_t>(q)];
      all = {std::min(all.first, h.first), std::max(all.last, h.last)};
    }
    return all.last < all.first ? WindowHolders{0, -1} : all;
  }

  static bool same(const WindowHolders& a, const WindowHolders& b) {
    return a.first == b.first && a.last == b.last;
  }

  void sum_shares(Workspace& work, const RowSegment& s, WindowHolders d, WindowHolders h, T* shares) {
    int64_t rows = 0;
    for (int64_t i = d.first; i <= d.last; i += depth_.holder_step)
      for (int64_t j = h.first; j <= h.last; j += height_.holder_step, ++rows) {
        const int64_t row = (s.image * depth_.output + i) * height_.output + j;
        work.rows[rows] = dy_ + row * width_.output * pixel_;
        work.factors[rows] = 1 / static_cast<T>(at(depth_, i).counted * at(height_, j).counted);
      }
    const WindowHolders needed = holders_of(s);
    for (int64_t r = 0; r < rows; ++r) work.rows[r] += needed.first * pixel_;
    average_.shares({work.rows.data(), work.factors.data(), factors_.data() + needed.first, rows,
                     needed.last - needed.first + 1, pixel_},
                    shares + needed.first * pixel_);
    work.image = s.image;
    work.begin = s.begin;
    work.depth = d;
    work.height = h;
  }

  const AverageKernels<T>& average_ = kernels<T>().average;
  const AverageAxis &depth_, &height_, &width_;
  const int64_t pixel_;
  const T* dy_;
  T* dx_;
  const RowTasks tasks_;
  const Scratch<T> factors_;
  bool by_vectors_ = false;
  int64_t margin_ = 0;  // zeros before the shares, which windows reach
  std::vector<Workspace> work_;
};

}  // namespace

template <class T>
void average_pool_backward(const AveragePlan& plan, const T* dy, T* dx) {
  if (plan.images == 0 || plan.pixel == 0) return;
  if (takes_planes(plan)) return plane_shares(plan, dy, dx);
  Backward<T>(plan, dy, dx).run();
}

template void average_pool_backward(const AveragePlan&, const float*, float*);
template void average_pool_backward(const AveragePlan&, const double*, double*);

}  // namespace foldgate
