#include "ops/conv/depthwise_rows.h"

#include <algorithm>
#include <utility>

#include "core/scratch.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

constexpr int64_t kTasks = 16;
constexpr double kTaskWork = 5e7;  // memory bound: ~20 ms
constexpr double kTermWork = 4;    // a multiply-add with its loads, in those of a matrix product

}  // namespace

template <class T>
DepthwiseRows<T>::DepthwiseRows(TapGemm<T> problem)
    : p_(std::move(problem)),
      kernel_(kernels<T>()),
      run_(find_run()),
      square_(find_square()),
      across_(inner(2)),
      bands_{p_.grid[1], inner(1), square_ > 0} {}

template <class T>
void DepthwiseRows<T>::run() const {
  const double work = static_cast<double>(p_.batch * p_.grid[0] * p_.grid[1] * p_.grid[2]) *
                      static_cast<double>((taps() + 1) * p_.columns);
  const int64_t tasks = std::min(units(), kTasks + static_cast<int64_t>(work / kTaskWork));
  const int workers = workers_for(tasks, kTermWork * work);
  const Scratch<int64_t> offsets(workers * taps());
  const Scratch<const T*> weights(workers * taps());
  parallel_for(tasks, workers, [&](int64_t task, int worker) {
    const DepthwiseTaps<T> lists{offsets.data() + worker * taps(), weights.data() + worker * taps()};
    for (int64_t i = units() * task / tasks; i < units() * (task + 1) / tasks; ++i) unit(i, lists);
  });
}

// Taps one step apart in runs of 3, 5 or 7 share their inputs; 1 where they do not.
template <class T>
int DepthwiseRows<T>::find_run() const {
  if (p_.step[2] != 1) return 1;
  for (const size_t length : {size_t{3}, size_t{5}, size_t{7}}) {
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
template <class T>
int DepthwiseRows<T>::find_square() const {
  const size_t size = static_cast<size_t>(run_);
  if (run_ == 1 || p_.step[1] != 1 || p_.taps.size() != size * size) return 0;
  if ((p_.grid[0] - 1) * p_.step[0] >= p_.in.extent[0]) return 0;
  for (size_t t = 0; t < p_.taps.size(); ++t)
    if (p_.taps[t].shift[0] != 0 ||
        p_.taps[t].shift[1] != p_.taps[0].shift[1] + static_cast<int64_t>(t / size))
      return 0;
  return run_;
}

template <class T>
InnerOutputs DepthwiseRows<T>::inner(int axis) const {
  int64_t low = 0, high = 0;
  for (const Tap& tap : p_.taps) {
    low = std::min(low, tap.shift[axis]);
    high = std::max(high, tap.shift[axis]);
  }
  return inner_outputs(p_.grid[axis], p_.step[axis], p_.in.extent[axis], low, high);
}

template <class T>
void DepthwiseRows<T>::unit(int64_t index, const DepthwiseTaps<T>& lists) const {
  const int64_t part = index % bands_.units(), plane = index / bands_.units();
  const int64_t n = plane / p_.grid[0], z = plane % p_.grid[0];
  bands_.for_each(
      part, [&](int64_t y) { band({n, z, y}, lists); }, [&](int64_t y) { one_row({n, z, y}, lists); });
}

template <class T>
void DepthwiseRows<T>::one_row(const Row& at, const DepthwiseTaps<T>& lists) const {
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
template <class T>
void DepthwiseRows<T>::band(const Row& at, const DepthwiseTaps<T>& lists) const {
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
                            across_.end - across_.begin, p_.columns, lists.weights, square_, p_.bias,
                            column.limit});
  }
  for (int64_t v = across_.end; v < p_.grid[2]; ++v) edge(v);
  for (Row row = at; row.y < at.y + kDepthwiseRows; ++row.y) activate(row);
}

template <class T>
DepthwiseRow<T> DepthwiseRows<T>::row_of(const DepthwiseTaps<T>& lists) const {
  DepthwiseRow<T> row{};
  row.channels = p_.columns;
  row.offsets = lists.offsets;
  row.weights = lists.weights;
  row.bias = p_.bias;
  row.limit = relu_limit<T>(p_.activation);
  return row;
}

template <class T>
void DepthwiseRows<T>::activate(const Row& row) const {
  if (!is_curve(p_.activation)) return;
  for (int64_t v = 0; v < p_.grid[2]; ++v)
    kernel_.activation.forward(p_.activation, output(row) + v * p_.out_step[3], p_.columns);
}

// The taps whose input exists for output v of a row, their columns checked on the edge alone.
template <class T>
int64_t DepthwiseRows<T>::select(const Row& row, int64_t v, bool edge, const DepthwiseTaps<T>& lists) const {
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

template class DepthwiseRows<float>;
template class DepthwiseRows<double>;

}  // namespace foldgate
