#include "ops/pool/adaptive_max.h"

#include <cstring>

#include "core/scratch.h"
#include "kernels/gemm.h"
#include "kernels/table.h"
#include "ops/pool/geometry.h"
#include "ops/pool/winners.h"

namespace foldgate {
namespace {

int64_t positions_of(const AveragePlan& plan) {
  return plan.axes[0].input * plan.axes[1].input * plan.axes[2].input;
}

// A part at a time: its rows by the kernel of pixels, whose lanes are the channels; single values one by one.
template <class T>
class Forward {
 public:
  Forward(const AveragePlan& plan, const T* x, T* y, int64_t* positions)
      : depth_(plan.axes[0]),
        height_(plan.axes[1]),
        width_(plan.axes[2]),
        pixel_(plan.pixel),
        plane_(positions_of(plan)),
        x_(x),
        y_(y),
        positions_(positions),
        tasks_(plan.images, depth_.output, height_.output, width_.output,
               static_cast<double>(pixel_) * static_cast<double>(most_positions(depth_)) *
                   static_cast<double>(most_positions(height_)) *
                   static_cast<double>(most_positions(width_))) {
    const int64_t rows = most_positions(depth_) * most_positions(height_);
    for (int worker = 0; worker < tasks_.workers(); ++worker)
      work_.push_back({Scratch<const T*>(rows), Scratch<int32_t>(rows), Scratch<int32_t>(pixel_),
                       Scratch<int64_t>(rows * most_positions(width_))});
  }

  void run() {
    tasks_.run([&](int worker, const RowSegment& s) {
      for (int64_t o = s.begin; o < s.end; ++o) {
        const Part part{at(depth_, s.depth), at(height_, s.height), at(width_, o)};
        const int64_t out = s.row * width_.output + o;
        pixel_ == 1 ? value(part, s.image, out)
                    : pixels(work_[static_cast<size_t>(worker)], part, s.image, out);
      }
    });
  }

 private:
  struct Workspace {
    Scratch<const T*> rows;
    Scratch<int32_t> row_tap, taps;
    Scratch<int64_t> places;  // of every tap in the plane
  };
  struct Part {
    WindowSpan depth, height, width;
  };

  // body(position of the row's first value, number of the row)
  template <class Body>
  void each_row(const Part& part, Body body) const {
    for (int64_t i = 0; i < part.depth.count; ++i)
      for (int64_t j = 0; j < part.height.count; ++j)
        body(((part.depth.begin + i) * height_.input + part.height.begin + j) * width_.input +
                 part.width.begin,
             i * part.height.count + j);
  }

  void pixels(const Workspace& work, const Part& part, int64_t image, int64_t out) const {
    const int64_t columns = part.width.count;
    each_row(part, [&](int64_t place, int64_t row) {
      work.rows[row] = x_ + (image * plane_ + place) * pixel_;
      work.row_tap[row] = static_cast<int32_t>(row * columns);
      if (positions_)
        for (int64_t j = 0; j < columns; ++j) work.places[row * columns + j] = place + j;
    });
    const TapRange all{0, static_cast<int32_t>(columns)};
    PoolForward<T> f;
    f.rows = part.depth.count * part.height.count;
    f.x = work.rows.data();
    f.row_tap = work.row_tap.data();
    f.outputs = 1;
    f.y = {y_ + out * pixel_, false};
    f.taps.ints = positions_ ? work.taps.data() : nullptr;
    f.channels = pixel_;
    f.range = &all;
    kernels_.pixels(f);
    if (positions_)
      for (int64_t c = 0; c < pixel_; ++c) positions_[out * pixel_ + c] = work.places[work.taps[c]];
  }

  void value(const Part& part, int64_t image, int64_t out) const {
    const T* plane = x_ + image * plane_;
    int64_t first = -1;
    T best = 0;
    each_row(part, [&](int64_t place, int64_t) {
      for (int64_t i = place; i < place + part.width.count; ++i)
        if (first < 0 || plane[i] > best || (plane[i] != plane[i] && best == best)) {
          best = plane[i];
          first = i;
        }
    });
    y_[out] = best;
    if (positions_) positions_[out] = first;
  }

  const PoolKernels<T>& kernels_ = kernels<T>().pool;
  const AverageAxis &depth_, &height_, &width_;
  const int64_t pixel_, plane_;
  const T* x_;
  T* y_;
  int64_t* positions_;
  const RowTasks tasks_;
  std::vector<Workspace> work_;
};

bool holds(const WindowSpan& span, int64_t q) { return q >= span.begin && q < span.begin + span.count; }

// Images of single values, or of pixels, in one task each: parts may share positions.
template <class T>
void scatter_image(const AveragePlan& plan, int64_t image, const T* dy, const int64_t* positions,
                   FirstWrong& wrong, T* dx) {
  const AverageAxis &depth = plan.axes[0], &height = plan.axes[1], &width = plan.axes[2];
  const int64_t plane = positions_of(plan) * plan.pixel;
  dx += image * plane;
  std::memset(static_cast<void*>(dx), 0, static_cast<size_t>(plane) * sizeof(T));
  int64_t i = image * depth.output * height.output * width.output * plan.pixel;
  for (int64_t z = 0; z < depth.output; ++z)
    for (int64_t y = 0; y < height.output; ++y)
      for (int64_t o = 0; o < width.output; ++o)
        for (int64_t c = 0; c < plan.pixel; ++c, ++i) {
          const int64_t p = positions[i], row = p / width.input;
          if (p < 0 || !holds(at(width, o), p % width.input) || !holds(at(height, y), row % height.input) ||
              !holds(at(depth, z), row / height.input))
            return wrong.report(i);
          dx[p * plan.pixel + c] += dy[i];
        }
}

}  // namespace

AdaptiveMaxPlan AdaptiveMaxPlan::make(const char* op, const std::vector<int64_t>& input_shape,
                                      const std::vector<int64_t>& output_size, bool channels_first) {
  AdaptiveMaxPlan plan{op, AveragePlan::make_adaptive(op, input_shape, output_size, channels_first), {}};
  const size_t rank = output_size.size(), first = channels_first ? 2 : 1;
  WindowSpec spec{{}, {}, std::vector<int64_t>(rank, 1), std::vector<int64_t>(2 * rank, 0), false};
  bool regular = true;
  int64_t most = 1;  // positions of a part, whose numbers are int32
  for (size_t i = 0; i < rank; ++i) {
    regular = regular && input_shape[first + i] % output_size[i] == 0;
    spec.kernel.push_back(std::max<int64_t>(1, input_shape[first + i] / output_size[i]));
    most = checked_mul(op, most, spec.kernel[i] + 2);
  }
  require(most < int64_t{1} << 31, op, ": output_size is ", shape_text(output_size), ", parts of ", most,
          " positions; expected less than 2**31");
  spec.strides = spec.kernel;
  if (regular) plan.windows = PoolPlan::make(op, input_shape, spec, channels_first);
  return plan;
}

template <class T>
void adaptive_max_pool(const AdaptiveMaxPlan& plan, const T* x, T* y, int64_t* positions) {
  if (plan.windows) return max_pool(*plan.windows, x, y, {{}, positions});
  if (plan.parts.images > 0 && plan.parts.pixel > 0) Forward<T>(plan.parts, x, y, positions).run();
}

template <class T>
void adaptive_max_pool_backward(const AdaptiveMaxPlan& plan, const T* dy, const int64_t* positions, T* dx) {
  if (plan.windows) return max_pool_backward(*plan.windows, dy, {nullptr, nullptr, positions}, dx);
  const AveragePlan& parts = plan.parts;
  if (parts.images == 0 || parts.pixel == 0) return;
  const int64_t values = positions_of(parts) * parts.pixel;
  const EvenSplit tasks(parts.images, std::max<int64_t>(1, (int64_t{1} << 15) / values));
  const double work = 8 * static_cast<double>(values) * static_cast<double>(parts.images);
  FirstWrong wrong;
  parallel_for(tasks.parts, workers_for(tasks.parts, work), [&](int64_t task, int) {
    for (int64_t i = 0; i < tasks.size(task); ++i)
      scatter_image(parts, tasks.begin(task) + i, dy, positions, wrong, dx);
  });
  wrong.check(plan.op, positions, "position of its own window inside the image");
}

template void adaptive_max_pool(const AdaptiveMaxPlan&, const float*, float*, int64_t*);
template void adaptive_max_pool(const AdaptiveMaxPlan&, const double*, double*, int64_t*);
template void adaptive_max_pool_backward(const AdaptiveMaxPlan&, const float*, const int64_t*, float*);
template void adaptive_max_pool_backward(const AdaptiveMaxPlan&, const double*, const int64_t*, double*);

}  // namespace foldgate
