#include "ops/conv/depthwise_rows.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

constexpr int64_t kStreamBytes = 8 << 20;  // an output beyond the caches is written past them
constexpr int64_t kTasks = 16;
constexpr double kTaskWork = 5e7;  // memory bound: ~20 ms

template <class T>
class DepthwiseRun {
 public:
  explicit DepthwiseRun(const TapGemm<T>& problem) : p_(problem), kernel_(kernels<T>()), run_(find_run()) {
    for (const Tap& tap : p_.taps) {
      low_ = std::min(low_, tap.shift[2]);
      high_ = std::max(high_, tap.shift[2]);
    }
    const int64_t step = p_.step[2];
    inner_begin_ = std::min(p_.grid[2], low_ < 0 ? ceil_div(-low_, step) : 0);
    const int64_t room = p_.in.extent[2] - 1 - high_;
    inner_end_ = std::max(inner_begin_, std::min(p_.grid[2], room < 0 ? 0 : room / step + 1));
    const int64_t bytes = p_.batch * p_.out_step[0] * static_cast<int64_t>(sizeof(T));
    stream_ = bytes > kStreamBytes && p_.columns % kernel_.gemm.lanes == 0 &&
              reinterpret_cast<uintptr_t>(p_.out) % kAlignment == 0 &&
              (p_.columns * static_cast<int64_t>(sizeof(T))) % static_cast<int64_t>(kAlignment) == 0;
  }

  void run() {
    const int64_t rows = p_.batch * p_.grid[0] * p_.grid[1], taps = static_cast<int64_t>(p_.taps.size());
    const double work = static_cast<double>(rows * p_.grid[2]) * static_cast<double>((taps + 1) * p_.columns);
    const int64_t tasks = std::min(rows, kTasks + static_cast<int64_t>(work / kTaskWork));
    const int workers = workers_for(tasks, work);
    const Scratch<int64_t> offsets(workers * taps);
    const Scratch<const T*> weights(workers * taps);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const Lists lists{offsets.data() + worker * taps, weights.data() + worker * taps};
      for (int64_t row = rows * task / tasks; row < rows * (task + 1) / tasks; ++row) one_row(row, lists);
    });
  }

 private:
  struct Lists {  // of the taps that a stretch of outputs sees
    int64_t* offsets;
    const T** weights;
  };

  // Taps one step apart in runs of 3 or 5 share their inputs; 1 where they do not.
  int find_run() const {
    if (p_.step[2] != 1) return 1;
    for (const size_t length : {size_t{3}, size_t{5}}) {
      if (p_.taps.empty() || p_.taps.size() % length != 0) continue;
      bool all = true;
      for (size_t t = 0; t < p_.taps.size() && all; ++t) {
        const Tap &tap = p_.taps[t], &first = p_.taps[t - t % length];
        all = tap.shift[0] == first.shift[0] && tap.shift[1] == first.shift[1] &&
              tap.shift[2] == first.shift[2] + static_cast<int64_t>(t % length) &&
              (t % length != 0 || t == 0 || p_.taps[t - 1].shift[1] != tap.shift[1] ||
               p_.taps[t - 1].shift[0] != tap.shift[0]);
      }
      if (all) return static_cast<int>(length);
    }
    return 1;
  }

  void one_row(int64_t index, const Lists& lists) const {
    const int64_t y = index % p_.grid[1], z = index / p_.grid[1] % p_.grid[0];
    const int64_t n = index / (p_.grid[1] * p_.grid[0]);
    DepthwiseRow<T> row{};
    row.channels = p_.columns;
    row.x_step = p_.step[2] * p_.in.step[3];
    row.y_step = p_.out_step[3];
    row.offsets = lists.offsets;
    row.weights = lists.weights;
    row.bias = p_.bias;
    row.relu = p_.activation == Activation::kRelu;
    const T* x = p_.in.data + n * p_.in.step[0];
    T* out = p_.out + n * p_.out_step[0] + z * p_.out_step[1] + y * p_.out_step[2];
    auto outputs = [&](int64_t begin, int64_t end, bool edge) {
      if (begin >= end) return;
      row.taps = select(z * p_.step[0], y * p_.step[1], begin * p_.step[2], edge, lists);
      row.run = edge ? 1 : run_;
      row.stream = stream_ && !edge;
      row.x = x + begin * row.x_step;
      row.y = out + begin * row.y_step;
      row.outputs = end - begin;
      kernel_.depthwise.row(row);
    };
    for (int64_t v = 0; v < inner_begin_; ++v) outputs(v, v + 1, true);
    outputs(inner_begin_, inner_end_, false);
    for (int64_t v = inner_end_; v < p_.grid[2]; ++v) outputs(v, v + 1, true);
    if (p_.activation == Activation::kTanh || p_.activation == Activation::kSigmoid)
      for (int64_t v = 0; v < p_.grid[2]; ++v)
        kernel_.activation.forward(p_.activation, out + v * p_.out_step[3], p_.columns);
  }

  // The taps whose input exists for an output at (z, y, x), their columns checked on the edge alone.
  int64_t select(int64_t z, int64_t y, int64_t x, bool edge, const Lists& lists) const {
    int64_t count = 0;
    for (const Tap& tap : p_.taps) {
      const int64_t at_z = z + tap.shift[0], at_y = y + tap.shift[1], at_x = x + tap.shift[2];
      if (at_z < 0 || at_z >= p_.in.extent[0] || at_y < 0 || at_y >= p_.in.extent[1]) continue;
      if (edge && (at_x < 0 || at_x >= p_.in.extent[2])) continue;
      lists.offsets[count] = at_z * p_.in.step[1] + at_y * p_.in.step[2] + tap.shift[2] * p_.in.step[3];
      lists.weights[count++] = p_.weights + tap.weights;
    }
    return count;
  }

  const TapGemm<T>& p_;
  const Kernels<T>& kernel_;
  int run_;
  int64_t low_ = 0, high_ = 0, inner_begin_ = 0, inner_end_ = 0;
  bool stream_ = false;
};

}  // namespace

template <class T>
void depthwise_rows(const TapGemm<T>& problem) {
  DepthwiseRun<T>(problem).run();
}

template void depthwise_rows(const TapGemm<float>&);
template void depthwise_rows(const TapGemm<double>&);

}  // namespace foldgate
