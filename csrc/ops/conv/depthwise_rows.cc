#include "ops/conv/depthwise_rows.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

constexpr int64_t kTasks = 16;
constexpr double kTaskWork = 5e7;  // memory bound: ~20 ms

// Outputs begin .. end - 1 along an axis, whose taps at the shifts low .. high are all inside the image.
struct Inner {
  int64_t begin, end;
};
Inner inner_outputs(int64_t outputs, int64_t step, int64_t extent, int64_t low, int64_t high) {
  const int64_t begin = std::min(outputs, low < 0 ? ceil_div(-low, step) : 0);
  const int64_t room = extent - 1 - high;
  return {begin, std::max(begin, std::min(outputs, room < 0 ? 0 : room / step + 1))};
}

template <class T>
class DepthwiseRun {
 public:
  explicit DepthwiseRun(const TapGemm<T>& problem)
      : p_(problem),
        kernel_(kernels<T>()),
        run_(find_run()),
        size_(find_square()),
        across_(inner(2)),
        down_(size_ > 0 ? inner(1) : Inner{0, 0}) {}

  void run() {
    const int64_t taps = static_cast<int64_t>(p_.taps.size());
    const int64_t planes = p_.batch * p_.grid[0], units = planes * plane_units();
    const double work =
        static_cast<double>(planes * p_.grid[1] * p_.grid[2]) * static_cast<double>((taps + 1) * p_.columns);
    const int64_t tasks = std::min(units, kTasks + static_cast<int64_t>(work / kTaskWork));
    const int workers = workers_for(tasks, work);
    const Scratch<int64_t> offsets(workers * taps);
    const Scratch<const T*> weights(workers * taps);
    parallel_for(tasks, workers, [&](int64_t task, int worker) {
      const Lists lists{offsets.data() + worker * taps, weights.data() + worker * taps};
      for (int64_t i = units * task / tasks; i < units * (task + 1) / tasks; ++i) unit(i, lists);
    });
  }

 private:
  struct Lists {  // of the taps that a stretch of outputs sees
    int64_t* offsets;
    const T** weights;
  };
  struct Row {
    int64_t n, z, y;
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

  // The size of a square of neighbouring taps in a plane that no output leaves, or 0.
  int find_square() const {
    const size_t size = static_cast<size_t>(run_);
    if (run_ == 1 || p_.step[1] != 1 || p_.taps.size() != size * size) return 0;
    if ((p_.grid[0] - 1) * p_.step[0] >= p_.in.extent[0]) return 0;
    for (size_t t = 0; t < p_.taps.size(); ++t)
      if (p_.taps[t].shift[0] != 0 ||
          p_.taps[t].shift[1] != p_.taps[0].shift[1] + static_cast<int64_t>(t / size))
        return 0;
    return run_;
  }

  Inner inner(int axis) const {
    int64_t low = 0, high = 0;
    for (const Tap& tap : p_.taps) {
      low = std::min(low, tap.shift[axis]);
      high = std::max(high, tap.shift[axis]);
    }
    return inner_outputs(p_.grid[axis], p_.step[axis], p_.in.extent[axis], low, high);
  }

  // A plane's rows are cut into single ones, or into bands, of which the first and last take the rows at the edge.
  int64_t plane_units() const {
    return size_ == 0 ? p_.grid[1] : std::max<int64_t>(1, ceil_div(down_.end - down_.begin, kDepthwiseRows));
  }

  void unit(int64_t index, const Lists& lists) const {
    const int64_t units = plane_units(), part = index % units, plane = index / units;
    Row row{plane / p_.grid[0], plane % p_.grid[0], part};
    if (size_ == 0) return one_row(row, lists);
    const int64_t end = part == units - 1 ? p_.grid[1] : down_.begin + (part + 1) * kDepthwiseRows;
    row.y = part == 0 ? 0 : down_.begin + part * kDepthwiseRows;
    while (row.y < end) {
      const bool whole = row.y >= down_.begin && row.y + kDepthwiseRows <= down_.end;
      whole ? band(row, lists) : one_row(row, lists);
      row.y += whole ? kDepthwiseRows : 1;
    }
  }

  const T* input(const Row& row) const { return p_.in.data + row.n * p_.in.step[0]; }
  T* output(const Row& row) const {
    return p_.out + row.n * p_.out_step[0] + row.z * p_.out_step[1] + row.y * p_.out_step[2];
  }

  void one_row(const Row& at, const Lists& lists) const {
    DepthwiseRow<T> row = row_of(lists);
    auto outputs = [&](int64_t begin, int64_t end, bool edge) {
      if (begin >= end) return;
      row.taps = select(at, begin, edge, lists);
      row.run = edge ? 1 : run_;
      row.x_step = p_.step[2] * p_.in.step[3];
      row.y_step = p_.out_step[3];
      row.x = input(at) + begin * row.x_step;
      row.y = output(at) + begin * row.y_step;
      row.outputs = end - begin;
      kernel_.depthwise.row(row);
    };
    for (int64_t v = 0; v < across_.begin; ++v) outputs(v, v + 1, true);
    outputs(across_.begin, across_.end, false);
    for (int64_t v = across_.end; v < p_.grid[2]; ++v) outputs(v, v + 1, true);
    activate(at);
  }

  // The columns at the edge are rows of their own, from top to bottom.
  void band(const Row& at, const Lists& lists) const {
    DepthwiseRow<T> column = row_of(lists);
    column.outputs = kDepthwiseRows;
    column.x_step = p_.in.step[2];
    column.y_step = p_.out_step[2];
    column.run = 1;
    auto edge = [&](int64_t v) {
      column.taps = select(at, v, true, lists);
      column.x = input(at) + v * p_.in.step[3];
      column.y = output(at) + v * p_.out_step[3];
      kernel_.depthwise.row(column);
    };
    for (int64_t v = 0; v < across_.begin; ++v) edge(v);
    if (across_.begin < across_.end) {
      select(at, across_.begin, false, lists);
      const T* x = input(at) + across_.begin * p_.in.step[3] + lists.offsets[0];
      T* y = output(at) + across_.begin * p_.out_step[3];
      kernel_.depthwise.band({x, p_.in.step[2], p_.in.step[3], y, p_.out_step[2], p_.out_step[3],
                              across_.end - across_.begin, p_.columns, lists.weights, size_, p_.bias,
                              column.relu});
    }
    for (int64_t v = across_.end; v < p_.grid[2]; ++v) edge(v);
    for (Row row = at; row.y < at.y + kDepthwiseRows; ++row.y) activate(row);
  }

  DepthwiseRow<T> row_of(const Lists& lists) const {
    DepthwiseRow<T> row{};
    row.channels = p_.columns;
    row.offsets = lists.offsets;
    row.weights = lists.weights;
    row.bias = p_.bias;
    row.relu = p_.activation == Activation::kRelu;
    return row;
  }

  void activate(const Row& row) const {
    if (p_.activation != Activation::kTanh && p_.activation != Activation::kSigmoid) return;
    for (int64_t v = 0; v < p_.grid[2]; ++v)
      kernel_.activation.forward(p_.activation, output(row) + v * p_.out_step[3], p_.columns);
  }

  // The taps whose input exists for output v of a row, their columns checked on the edge alone.
  int64_t select(const Row& row, int64_t v, bool edge, const Lists& lists) const {
    const int64_t z = row.z * p_.step[0], y = row.y * p_.step[1], x = v * p_.step[2];
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
  int run_, size_;
  Inner across_, down_;  // outputs that no edge touches; down_ where there are bands
};

}  // namespace

template <class T>
void depthwise_rows(const TapGemm<T>& problem) {
  DepthwiseRun<T>(problem).run();
}

template void depthwise_rows(const TapGemm<float>&);
template void depthwise_rows(const TapGemm<double>&);

}  // namespace foldgate
