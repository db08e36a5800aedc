#include "ops/conv/depthwise_rows.h"

#include <algorithm>
#include <utility>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "ops/conv/depthwise.h"
#include "ops/stream.h"

namespace foldgate {
namespace {

constexpr int64_t kTasks = 16;
constexpr double kTaskWork = 5e7;  // memory bound: ~20 ms
constexpr int64_t kCacheBytes = 1 << 20;

}  // namespace

template <class T>
DepthwiseRows<T>::DepthwiseRows(TapGemm<T> problem)
    : p_(std::move(problem)),
      out_(find_target()),
      kernel_(kernels<T>()),
      run_(find_run()),
      square_(is_square()),
      across_(inner(2)),
      bands_{p_.grid[1], inner(1), true},
      frame_(p_.length > 1 ? DepthwiseFrame() : find_frame(p_)),
      fetched_(p_.batch * p_.in.step[0] * static_cast<int64_t>(sizeof(T)) > kCacheBytes),
      lowest_tap_(0) {
  for (const Tap& tap : p_.taps) lowest_tap_ = std::max(lowest_tap_, tap.shift[1]);
}

template <class T>
void DepthwiseRows<T>::run() const {
  const double work = static_cast<double>(p_.batch * p_.grid[0] * p_.grid[1] * p_.grid[2]) *
                      static_cast<double>((taps() * p_.length + 1) * p_.columns);
  const int64_t tasks = std::min(units(), kTasks + static_cast<int64_t>(work / kTaskWork));
  const int workers = workers_for(tasks, kTermWork * work);
  const DepthwiseScratch<T> scratch(workers, taps(), frame_size());
  parallel_for(tasks, workers, [&](int64_t task, int worker) {
    const DepthwiseTaps<T> lists = scratch.of(worker);
    for (int64_t i = units() * task / tasks; i < units() * (task + 1) / tasks; ++i) unit(i, lists);
    end_task();
  });
}

// Runs of 3, 5 or 7 taps whose inputs a kernel shares between outputs; else of 1.
template <class T>
DepthwiseRun DepthwiseRows<T>::find_run() const {
  if (p_.taps.size() < 3 || p_.length > 1) return {};
  const int64_t apart = p_.taps[1].shift[2] - p_.taps[0].shift[2];
  for (const int length : {3, 5, 7}) {
    const DepthwiseRun run{length, p_.step[2], apart};
    if (shares_inputs(run) && is_run(run)) return run;
  }
  return {};
}

// Do taps come in such runs, each of them the whole of a kernel's row?
template <class T>
bool DepthwiseRows<T>::is_run(const DepthwiseRun& run) const {
  const size_t length = static_cast<size_t>(run.taps);
  if (p_.taps.size() % length != 0) return false;
  auto row_of = [&](size_t t) { return std::pair(p_.taps[t].shift[0], p_.taps[t].shift[1]); };
  for (size_t t = 0; t < p_.taps.size(); ++t) {
    const size_t first = t - t % length;
    const int64_t place = static_cast<int64_t>(t - first) * run.dilation;
    if (row_of(t) != row_of(first) || p_.taps[t].shift[2] != p_.taps[first].shift[2] + place) return false;
    if (t == first && t > 0 && row_of(t) == row_of(t - 1)) return false;
  }
  return true;
}

// Whether the taps are a square of 3 x 3 neighbours in a plane that no output leaves.
template <class T>
bool DepthwiseRows<T>::is_square() const {
  if (run_.taps != 3 || run_.stride != 1 || run_.dilation != 1 || p_.step[1] != 1 || p_.taps.size() != 9)
    return false;
  if ((p_.grid[0] - 1) * p_.step[0] >= p_.in.extent[0]) return false;
  for (size_t t = 0; t < p_.taps.size(); ++t)
    if (p_.taps[t].shift[0] != 0 || p_.taps[t].shift[1] != p_.taps[0].shift[1] + static_cast<int64_t>(t / 3))
      return false;
  return true;
}

// Every pixel begins a line, or none goes past the cache; nor does what a curve reads again. With an input as large, and
// fetched ahead, that pays from half of stream.h's size on.
template <class T>
Target<T> DepthwiseRows<T>::find_target() const {
  if (is_curve(p_.activation)) return {p_.out, false};
  return target(p_.out, 2 * p_.batch * p_.out_step[0], p_.columns);
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
  if (frame_.used()) return depthwise_framed(p_, out_, frame_, index, {lists.frame, lists.weights});
  const int64_t part = index % bands_.units(), plane = index / bands_.units();
  const int64_t n = plane / p_.grid[0], z = plane % p_.grid[0];
  bands_.for_each(
      part, [&](int64_t y) { rows({n, z, y}, kDepthwiseRows, lists); },
      [&](int64_t y) { rows({n, z, y}, 1, lists); });
}

// `count` rows that see the same taps. The columns at the edge are rows of their own, from top to bottom.
template <class T>
void DepthwiseRows<T>::rows(const Row& at, int64_t count, const DepthwiseTaps<T>& lists) const {
  DepthwiseRow<T> row = row_of(lists);
  row.outputs = count;
  row.x_step = p_.step[1] * p_.in.step[2];
  row.y_step = p_.out_step[2];
  auto edge = [&](int64_t v) {
    row.taps = select(at, v, true, lists);
    row.x = input(at) + v * p_.step[2] * p_.in.step[3];
    row.y = output(at) + v * p_.out_step[3];
    kernel_.depthwise.row(row);
  };
  for (int64_t v = 0; v < across_.begin; ++v) edge(v);
  if (across_.begin < across_.end) inner_columns(at, count, lists);
  for (int64_t v = across_.end; v < p_.grid[2]; ++v) edge(v);
  for (Row done = at; done.y < at.y + count; ++done.y) activate(done);
}

template <class T>
void DepthwiseRows<T>::inner_columns(const Row& at, int64_t count, const DepthwiseTaps<T>& lists) const {
  DepthwiseRow<T> row = row_of(lists);
  row.taps = select(at, across_.begin, false, lists);
  row.run = run_;
  row.outputs = across_.end - across_.begin;
  row.x_step = p_.step[2] * p_.in.step[3];
  row.y_step = p_.out_step[3];
  row.x = input(at) + across_.begin * row.x_step;
  row.y = output(at) + across_.begin * row.y_step;
  if (square_ && count == kDepthwiseRows)
    return kernel_.depthwise.band({row.x + lists.offsets[0], p_.in.step[2], row.x_step, row.y, p_.out_step[2],
                                   row.y_step, row.outputs, p_.columns, lists.weights, p_.bias, row.limit,
                                   fetches_rows(p_.in, p_.batch)});
  for (int64_t i = 0; i < count; ++i, row.x += p_.step[1] * p_.in.step[2], row.y = row.y + p_.out_step[2]) {
    fetch_below({at.n, at.z, at.y + i});
    kernel_.depthwise.row(row);
  }
}

// The rows of the input that the next row of outputs sees and this one does not: loads go from pixel to pixel, and no
// prefetcher of a machine follows them.
template <class T>
void DepthwiseRows<T>::fetch_below(const Row& at) const {
  if (!fetched_) return;
  const int64_t first = at.y * p_.step[1] + lowest_tap_ + 1;
  const int64_t rows = std::min(p_.step[1], p_.in.extent[1] - first);
  const T* const from = input(at) + at.z * p_.step[0] * p_.in.step[1] + first * p_.in.step[2];
  constexpr int64_t kStep = kLineBytes / static_cast<int64_t>(sizeof(T));
  for (int64_t i = 0; i < rows * p_.in.step[2]; i += kStep) __builtin_prefetch(from + i, 0, 2);
}

template <class T>
DepthwiseRow<T> DepthwiseRows<T>::row_of(const DepthwiseTaps<T>& lists) const {
  DepthwiseRow<T> row{};
  row.channels = p_.columns;
  row.offsets = lists.offsets;
  row.weights = lists.weights;
  row.bias = p_.bias;
  row.limit = relu_limit<T>(p_.activation);
  row.group = static_cast<int>(p_.length);
  row.group_step = p_.k_step;
  return row;
}

template <class T>
void DepthwiseRows<T>::activate(const Row& row) const {
  if (!is_curve(p_.activation)) return;
  for (int64_t v = 0; v < p_.grid[2]; ++v)
    kernel_.activation.forward(p_.activation, output(row).data + v * p_.out_step[3], p_.columns);
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
