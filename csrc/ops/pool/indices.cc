#include "ops/pool/indices.h"

#include "kernels/gemm.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

constexpr int64_t kLargestTable = 1 << 16;
constexpr int64_t kMostRuns = 32;  // a vector meets every run; a table is one look a tap

bool too_large(const PoolKernels<float>& kernels, const uint8_t* taps, int64_t n, int64_t limit) {
  return limit < 256 && kernels.largest(taps, n) >= limit;
}
bool too_large(const PoolKernels<float>&, const int32_t* taps, int64_t n, int64_t limit) {
  bool wrong = false;
  for (int64_t i = 0; i < n; ++i) wrong |= taps[i] < 0 || taps[i] >= limit;
  return wrong;
}

// Whether the runs' kernels, whose taps are bytes, may take it.
bool by_runs(const TapRuns& runs, const uint8_t*) { return runs.count > 0; }
bool by_runs(const TapRuns&, const int32_t*) { return false; }

void convert(const TapRuns& runs, const WindowGrid& grid, const uint8_t* taps, int64_t* positions) {
  kernels<float>().pool.positions(runs, grid, taps, positions);
}
void convert(const TapRuns&, const WindowGrid&, const int32_t*, int64_t*) {}
bool convert(const TapRuns& runs, const WindowGrid& grid, const int64_t* positions, uint8_t* taps) {
  return kernels<float>().pool.taps(runs, grid, positions, taps);
}
bool convert(const TapRuns&, const WindowGrid&, const int64_t*, int32_t*) { return false; }

// body(block) in parallel, for blocks of about kBlock winners that cover all windows.
template <class Body>
void for_each_block(const PoolPlan& plan, Body body) {
  constexpr int64_t kBlock = 1 << 14;
  const WindowAxis &depth = plan.window.depth(), &height = plan.window.height(), &width = plan.window.width();
  const EvenSplit rows(height.output, std::max<int64_t>(1, kBlock / (width.output * plan.pixel)));
  const int64_t tasks = plan.images * depth.output * rows.parts;
  const double work = 8 * static_cast<double>(plan.outputs());  // from memory
  parallel_for(tasks, workers_for(tasks, work), [&](int64_t task, int) {
    const int64_t slice = task / rows.parts, part = task % rows.parts, top = rows.begin(part);
    body(
        WindowBlock{slice / depth.output, slice % depth.output, top, top + rows.size(part), 0, width.output});
  });
}

}  // namespace

TapOffsets::TapOffsets(const Window& window) : window_(window) {
  if (window.taps() <= kLargestTable)
    for (int32_t tap = 0; tap < window.taps(); ++tap) table_.push_back(computed(tap));
  const WindowAxis& width = window.width();
  if (width.dilation == 1) run_length_ = width.kernel;
  const int64_t runs = window.taps() / run_length_;
  if (runs <= kMostRuns)
    for (int64_t run = 0; run < runs; ++run)
      runs_.push_back(computed(static_cast<int32_t>(run * run_length_)));
}

int64_t TapOffsets::computed(int32_t tap) const {
  const WindowAxis &depth = window_.depth(), &height = window_.height(), &width = window_.width();
  const int64_t x = tap % width.kernel, y = tap / width.kernel % height.kernel,
                z = tap / width.kernel / height.kernel;
  return (z * depth.dilation * height.input + y * height.dilation) * width.input + x * width.dilation;
}

WinnerNames::WinnerNames(const PoolPlan& plan, bool from_positions)
    : op_(plan.op),
      pixel_(plan.pixel),
      window_(plan.window),
      rule_(plan.window, from_positions),
      offsets_(plan.window) {}

int64_t WinnerNames::place(const WindowBlock& block) const {
  const int64_t row =
      (block.image * window_.depth().output + block.depth) * window_.height().output + block.top;
  return (row * window_.width().output + block.begin) * pixel_;
}

WinnerNames::Whole WinnerNames::whole_windows(const WindowBlock& block) const {
  const InnerOutputs &depth = rule_.inner(0), &height = rule_.inner(1), &width = rule_.inner(2);
  if (block.depth < depth.begin || block.depth >= depth.end)
    return {block.bottom, block.bottom, block.end, block.end};
  const int64_t top = std::clamp(height.begin, block.top, block.bottom);
  const int64_t begin = std::clamp(width.begin, block.begin, block.end);
  return {top, std::clamp(height.end, top, block.bottom), begin, std::clamp(width.end, begin, block.end)};
}

// body(windows, place of their winners in the block) until it says false: lines as one grid, whose lanes are windows,
// pixels as a grid a row, whose lanes are channels.
template <class Body>
bool WinnerNames::each_grid(const WindowBlock& block, const Whole& part, Body body) const {
  if (part.top >= part.bottom || part.begin >= part.end) return true;
  const WindowAxis &depth = window_.depth(), &height = window_.height(), &width = window_.width();
  const int64_t pitch = width.output * pixel_, row_step = height.stride * width.input;
  const int64_t z = block.depth * depth.stride - depth.before, y = part.top * height.stride - height.before;
  const int64_t start = (z * height.input + y) * width.input + part.begin * width.stride - width.before;
  const int64_t first = (part.top - block.top) * pitch + (part.begin - block.begin) * pixel_;
  const int64_t rows = part.bottom - part.top, columns = part.end - part.begin;
  if (pixel_ == 1) return body(WindowGrid{rows, columns, start, row_step, width.stride, pitch}, first);
  for (int64_t row = 0; row < rows; ++row)
    if (!body(WindowGrid{columns, pixel_, start + row * row_step, width.stride, 0, pixel_},
              first + row * pitch))
      return false;
  return true;
}

// good(window, place of its winner in the block) for every winner of a row, up to the first that is not.
template <class Good>
bool WinnerNames::each_winner(const WindowBlock& block, int64_t row, int64_t begin, int64_t end, Good good) {
  const int64_t first = ((row - block.top) * window_.width().output - block.begin) * pixel_;
  RowSegment at{0, block.image, block.depth, row, begin, end};
  for (int64_t o = begin; o < end; ++o)
    for (int64_t i = first + o * pixel_; i < first + (o + 1) * pixel_; ++i)
      if (!good(at, o, i)) {
        wrong_.report(place(block) + i);
        return false;
      }
  return true;
}

template <class Good>
bool WinnerNames::each_edge(const WindowBlock& block, const Whole& whole, Good good) {
  if (whole.top == block.top && whole.bottom == block.bottom && whole.begin == block.begin &&
      whole.end == block.end)
    return true;
  for (int64_t row = block.top; row < block.bottom; ++row) {
    const bool inner = row >= whole.top && row < whole.bottom;
    if (!each_winner(block, row, block.begin, inner ? whole.begin : block.end, good)) return false;
    if (inner && !each_winner(block, row, whole.end, block.end, good)) return false;
  }
  return true;
}

// Of windows wholly inside the image the largest tap number says it all, unless it is wrong.
template <class Tap>
bool WinnerNames::any_too_large(const Tap* taps, const WindowBlock& block, const Whole& whole) const {
  const PoolKernels<float>& kernel = kernels<float>().pool;
  const int64_t pitch = window_.width().output * pixel_, rows = whole.bottom - whole.top;
  const Tap* first = taps + (whole.top - block.top) * pitch;
  if (block.end - block.begin == window_.width().output)
    return too_large(kernel, first, rows * pitch, window_.taps());
  bool any = false;
  for (int64_t row = 0; row < rows; ++row)
    any |= too_large(kernel, first + row * pitch, (block.end - block.begin) * pixel_, window_.taps());
  return any;
}

template <class Tap>
bool WinnerNames::check(const Tap* taps, const WindowBlock& block) {
  auto inside = [&](const RowSegment& at, int64_t o, int64_t i) { return rule_.is_inside(taps[i], at, o); };
  Whole whole = whole_windows(block);
  if (any_too_large(taps, block, whole)) whole.bottom = whole.top;
  return each_edge(block, whole, inside);
}

template <class Tap>
bool WinnerNames::to_taps(const int64_t* positions, const WindowBlock& block, Tap* taps) {
  auto find = [&](const RowSegment& at, int64_t o, int64_t i) {
    const int32_t tap = rule_.tap_at(positions[i], at, o);
    taps[i] = static_cast<Tap>(tap);
    return rule_.is_inside(tap, at, o);
  };
  Whole whole = whole_windows(block);
  const bool found =
      by_runs(offsets_.runs(), taps) && each_grid(block, whole, [&](const WindowGrid& grid, int64_t i) {
        return convert(offsets_.runs(), grid, positions + i, taps + i);
      });
  if (!found) whole.bottom = whole.top;
  return each_edge(block, whole, find);
}

template <class Tap>
void WinnerNames::to_positions(const Tap* taps, const WindowBlock& block, int64_t* positions) const {
  const bool runs = by_runs(offsets_.runs(), taps);
  each_grid(block, {block.top, block.bottom, block.begin, block.end},
            [&](const WindowGrid& grid, int64_t first) {
              if (runs) {
                convert(offsets_.runs(), grid, taps + first, positions + first);
                return true;
              }
              for (int64_t row = 0; row < grid.rows; ++row, first += grid.pitch) {
                int64_t start = grid.start + row * grid.row_step;
                for (int64_t i = first; i < first + grid.windows; ++i, start += grid.step)
                  positions[i] = start + offsets_[taps[i]];
              }
              return true;
            });
}

template bool WinnerNames::check(const uint8_t*, const WindowBlock&);
template bool WinnerNames::check(const int32_t*, const WindowBlock&);
template bool WinnerNames::to_taps(const int64_t*, const WindowBlock&, uint8_t*);
template bool WinnerNames::to_taps(const int64_t*, const WindowBlock&, int32_t*);
template void WinnerNames::to_positions(const uint8_t*, const WindowBlock&, int64_t*) const;
template void WinnerNames::to_positions(const int32_t*, const WindowBlock&, int64_t*) const;

PoolWinners checked_taps(const PoolPlan& plan, const PoolWinners& winners, ConvertedTaps& converted) {
  WinnerNames names(plan, winners.positions != nullptr);
  auto walk = [&](auto body) {
    for_each_block(plan, [&](const WindowBlock& block) { body(block, names.place(block)); });
    names.finish(winners);
  };
  PoolWinners taps = winners;
  if (winners.bytes) {
    walk([&](const WindowBlock& block, int64_t i) { names.check(winners.bytes + i, block); });
  } else if (winners.ints) {
    walk([&](const WindowBlock& block, int64_t i) { names.check(winners.ints + i, block); });
  } else if (plan.byte_taps()) {
    converted.bytes = Scratch<uint8_t>(plan.outputs());
    uint8_t* bytes = converted.bytes.data();
    taps = {bytes, nullptr, nullptr};
    walk(
        [&](const WindowBlock& block, int64_t i) { names.to_taps(winners.positions + i, block, bytes + i); });
  } else {
    converted.ints = Scratch<int32_t>(plan.outputs());
    int32_t* ints = converted.ints.data();
    taps = {nullptr, ints, nullptr};
    walk([&](const WindowBlock& block, int64_t i) { names.to_taps(winners.positions + i, block, ints + i); });
  }
  return taps;
}

}  // namespace foldgate
