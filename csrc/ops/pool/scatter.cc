#include "ops/pool/scatter.h"

#include <cstring>

#include "kernels/gemm.h"
#include "kernels/table.h"
#include "ops/pool/indices.h"

namespace foldgate {
namespace {

constexpr int64_t kTaskPositions = 1 << 15;
constexpr double kWorkPerPosition = 8;

// Planes in tasks of about kTaskPositions positions.
struct PlaneTasks {
  explicit PlaneTasks(const PoolPlan& plan)
      : split(plan.images, std::max<int64_t>(1, kTaskPositions / plan.window.input_positions())),
        workers(
            workers_for(split.parts, kWorkPerPosition * static_cast<double>(plan.window.input_positions()) *
                                         static_cast<double>(plan.images))) {}
  // body(worker, image)
  template <class Body>
  void run(Body body) const {
    parallel_for(split.parts, workers, [&](int64_t task, int worker) {
      for (int64_t i = 0; i < split.size(task); ++i) body(worker, split.begin(task) + i);
    });
  }
  EvenSplit split;
  int workers;
};

template <class T>
class Scatter {
 public:
  Scatter(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx)
      : plan_(plan),
        window_(plan.window),
        names_(plan, winners.positions != nullptr),
        dy_(dy),
        winners_(winners),
        dx_(dx),
        tasks_(plan),
        slice_(window_.height().output * window_.width().output) {
    const WindowAxis& width = window_.width();
    pairs_ = windows_apart(window_) && plan.byte_taps() && width.kernel == 2 && width.stride == 2 &&
             width.before == 0 && window_.depth().dilation == 1 && window_.height().dilation == 1 &&
             width.dilation == 1;
    const bool convert = winners.positions != nullptr, bytes = plan.byte_taps();
    for (int worker = 0; worker < tasks_.workers; ++worker)
      work_.push_back({Scratch<uint8_t>(convert && bytes ? slice_ : 0),
                       Scratch<int32_t>(convert && !bytes ? slice_ : 0),
                       Scratch<int64_t>(convert ? 0 : width.output)});
  }

  void run() {
    tasks_.run([&](int worker, int64_t image) { scatter(work_[static_cast<size_t>(worker)], image); });
    names_.finish(winners_);
  }

 private:
  struct Workspace {
    Scratch<uint8_t> bytes;  // the taps of a slice of positions
    Scratch<int32_t> ints;
    Scratch<int64_t> positions;  // of a row of other taps
  };

  // Rows of outputs from the last to the first; what their windows reach is zeroed just before.
  void scatter(const Workspace& work, int64_t image) {
    const WindowAxis &depth = window_.depth(), &height = window_.height(), &width = window_.width();
    T* dx = dx_ + image * window_.input_positions();
    int64_t fresh = window_.input_positions();  // from here on dx holds sums
    auto zero_from = [&](int64_t first) {
      if (first < fresh)
        std::memset(static_cast<void*>(dx + first), 0, static_cast<size_t>(fresh - first) * sizeof(T));
      fresh = std::min(first, fresh);
    };
    for (int64_t oz = depth.output - 1; oz >= 0; --oz) {
      const WindowBlock slice{image, oz, 0, height.output, 0, width.output};
      const int64_t place = names_.place(slice);
      if (!taps_are_right(work, slice, place)) return;
      const uint8_t* bytes = winners_.bytes ? winners_.bytes + place : nullptr;
      if (winners_.positions && plan_.byte_taps()) bytes = work.bytes.data();
      const int64_t z = oz * depth.stride - depth.before;
      if (depth.kernel > 1)
        zero_from(std::max<int64_t>(0, z) * height.input * width.input);  // shared by rows to come
      for (int64_t oy = height.output - 1; oy >= 0; --oy) {
        const int64_t y = oy * height.stride - height.before, row = oy * width.output;
        const int64_t top = std::max<int64_t>(0, z) * height.input + std::max<int64_t>(0, y);
        const T* dy = dy_ + place + row;
        if (pairs_ && bytes) {
          if (depth.kernel == 1)
            zero_from((z * height.input + std::min(height.input, y + height.kernel)) * width.input);
          pair_rows(bytes + row, dy, z, y, dx);
          fresh = std::min(fresh, top * width.input);
          continue;
        }
        zero_from(top * width.input);
        if (bytes && plan_.byte_taps())
          kernels_.scatter_taps(bytes + row, names_.offsets().table(), dy, width.output, width.stride,
                                dx + (z * height.input + y) * width.input - width.before);
        else
          kernels_.scatter(positions_of(work, slice, oy, place), dy, width.output, dx);
      }
    }
    zero_from(0);
  }

  // The rows of dx under a row of windows that are pairs of columns.
  void pair_rows(const uint8_t* taps, const T* dy, int64_t z, int64_t y, T* dx) const {
    const WindowAxis &depth = window_.depth(), &height = window_.height(), &width = window_.width();
    for (int64_t i = 0; i < depth.kernel; ++i)
      for (int64_t j = 0; j < height.kernel; ++j)
        if (z + i >= 0 && z + i < depth.input && y + j >= 0 && y + j < height.input)
          kernels_.pairs_backward(taps, static_cast<int32_t>(2 * (i * height.kernel + j)), dy, width.output,
                                  width.input, dx + ((z + i) * height.input + y + j) * width.input);
  }

  // Whether the winners of a slice are right; its positions as taps in the workspace.
  bool taps_are_right(const Workspace& work, const WindowBlock& slice, int64_t place) {
    if (winners_.bytes) return names_.check(winners_.bytes + place, slice);
    if (winners_.ints) return names_.check(winners_.ints + place, slice);
    if (plan_.byte_taps()) return names_.to_taps(winners_.positions + place, slice, work.bytes.data());
    return names_.to_taps(winners_.positions + place, slice, work.ints.data());
  }

  const int64_t* positions_of(const Workspace& work, WindowBlock slice, int64_t row, int64_t place) const {
    place += row * window_.width().output;
    if (winners_.positions) return winners_.positions + place;
    slice.top = row, slice.bottom = row + 1;
    if (winners_.bytes)
      names_.to_positions(winners_.bytes + place, slice, work.positions.data());
    else
      names_.to_positions(winners_.ints + place, slice, work.positions.data());
    return work.positions.data();
  }

  const PoolPlan& plan_;
  const Window& window_;
  const PoolKernels<T>& kernels_ = kernels<T>().pool;
  WinnerNames names_;
  const T* dy_;
  const PoolWinners winners_;
  T* dx_;
  const PlaneTasks tasks_;
  const int64_t slice_;  // outputs
  bool pairs_;           // windows of two columns, apart: rows of dx by vectors
  std::vector<Workspace> work_;
};

// Each plane its own window.
template <class T, class Winner>
void scatter_planes(const PoolPlan& plan, const T* dy, const Winner* winners, FirstWrong& wrong, T* dx) {
  const int64_t positions = plan.window.input_positions();
  const PlaneTasks tasks(plan);
  parallel_for(tasks.split.parts, tasks.workers, [&](int64_t task, int) {
    const int64_t begin = tasks.split.begin(task), count = tasks.split.size(task);
    std::memset(static_cast<void*>(dx + begin * positions), 0,
                static_cast<size_t>(count * positions) * sizeof(T));
    for (int64_t image = begin; image < begin + count; ++image) {
      const auto at = static_cast<int64_t>(winners[image]);
      if (at < 0 || at >= positions) return wrong.report(image);
      dx[image * positions + at] = dy[image];
    }
  });
}

}  // namespace

template <class T>
void max_pool_scatter_planes(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx) {
  FirstWrong wrong;
  if (winners.bytes)
    scatter_planes(plan, dy, winners.bytes, wrong, dx);
  else if (winners.ints)
    scatter_planes(plan, dy, winners.ints, wrong, dx);
  else
    scatter_planes(plan, dy, winners.positions, wrong, dx);
  wrong.check(plan.op, winners);
}

template <class T>
void max_pool_scatter(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx) {
  Scatter<T>(plan, dy, winners, dx).run();
}

template void max_pool_scatter_planes(const PoolPlan&, const float*, const PoolWinners&, float*);
template void max_pool_scatter_planes(const PoolPlan&, const double*, const PoolWinners&, double*);
template void max_pool_scatter(const PoolPlan&, const float*, const PoolWinners&, float*);
template void max_pool_scatter(const PoolPlan&, const double*, const PoolWinners&, double*);

}  // namespace foldgate
