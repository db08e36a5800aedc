// Bodies of the kernels of pool.h that deal with winners: the two names of a tap, the scatter, the planes of one window.
#pragma once
#include <cstddef>

#include "kernels/pool.h"
#include "kernels/pool_best.h"
#include "simd/fetch.h"
#include "simd/stride.h"

namespace foldgate::FOLDGATE_ISA {

// Positions fill the lanes of doubles, whatever the values' type.
using PositionVec = IntVec<double>;
constexpr int kPositionLanes = kLanes<double>;

FOLDGATE_INLINE PositionVec load_positions(const int64_t* p, int64_t n) {
  PositionVec v = {};
  if (n >= kPositionLanes)
    __builtin_memcpy(&v, p, sizeof v);
  else
    __builtin_memcpy(&v, p, static_cast<size_t>(n) * sizeof *p);
  return v;
}
FOLDGATE_INLINE void store_positions(int64_t* p, PositionVec v, int64_t n) {
  if (n >= kPositionLanes)
    __builtin_memcpy(p, &v, sizeof v);
  else
    __builtin_memcpy(p, &v, static_cast<size_t>(n) * sizeof *p);
}
FOLDGATE_INLINE PositionVec row_starts(const WindowGrid& grid, int64_t row) {
  return iota<double>() * grid.step + (grid.start + row * grid.row_step);
}

// position = start + tap + (what the tap's run lies further than the taps before it would)
static void positions_of_taps(const TapRuns& runs, const WindowGrid& grid, const uint8_t* taps,
                              int64_t* positions) {
  for (int64_t row = 0; row < grid.rows; ++row, taps += grid.pitch, positions += grid.pitch) {
    PositionVec start = row_starts(grid, row) + runs.offset[0];
    for (int64_t i = 0; i < grid.windows; i += kPositionLanes, start += kPositionLanes * grid.step) {
      const PositionVec tap = load_taps<double>(taps + i, grid.windows - i);
      PositionVec position = start + tap;
      for (int64_t r = 1; r < runs.count; ++r)
        position += (tap >= r * runs.length) & (runs.offset[r] - runs.offset[r - 1] - runs.length);
      store_positions(positions + i, position, grid.windows - i);
    }
  }
}

// Differences modulo 2^64: equal ones are of equal positions, however wrong those that are given.
static bool taps_of_positions(const TapRuns& runs, const WindowGrid& grid, const int64_t* positions,
                              uint8_t* taps) {
  typedef uint64_t Unsigned __attribute__((vector_size(kVectorBytes)));
  const uint64_t step = static_cast<uint64_t>(grid.step) * kPositionLanes;
  PositionVec wrong = {};
  for (int64_t row = 0; row < grid.rows; ++row, taps += grid.pitch, positions += grid.pitch) {
    Unsigned start = (Unsigned)row_starts(grid, row);
    for (int64_t i = 0; i < grid.windows; i += kPositionLanes, start += step) {
      const int64_t live = grid.windows - i;
      const Unsigned offset = (Unsigned)load_positions(positions + i, live) - start;
      PositionVec tap = broadcast_int<double>(-1);
      for (int64_t r = 0; r < runs.count; ++r) {
        const PositionVec within = (PositionVec)(offset - static_cast<uint64_t>(runs.offset[r]));
        tap = (within >= 0) & (within < runs.length) ? within + r * runs.length : tap;
      }
      wrong |= (tap < 0) & (iota<double>() < live);
      store_taps<double>(taps + i, tap, live);
    }
  }
  bool any = false;
  FOLDGATE_UNROLL
  for (int lane = 0; lane < kPositionLanes; ++lane) any |= wrong[lane] != 0;
  return !any;
}

template <class T>
void scatter(const int64_t* positions, const T* dy, int64_t n, T* dx) {
  for (int64_t i = n - 1; i >= 0; --i) dx[positions[i]] += dy[i];
}
template <class T>
void scatter_taps(const uint8_t* taps, const int64_t* offset, const T* dy, int64_t n, int64_t stride, T* dx) {
  dx += (n - 1) * stride;
  for (int64_t i = n - 1; i >= 0; --i, dx -= stride) dx[offset[taps[i]]] += dy[i];
}

template <class T>
void pairs_backward(const uint8_t* taps, int32_t tap, const T* dy, int64_t n, int64_t columns, T* dx) {
  for (int64_t q = 0, o = 0; q < columns; q += 2 * kLanes<T>, o += kLanes<T>) {
    const int64_t live = at_least_zero(n - o);
    const Vec<T> d = load(dy + o, live);
    const IntVec<T> winner = load_taps<T>(taps + o, live);
    const Vec<T> even = winner == broadcast_int<T>(tap) ? d : Vec<T>{};
    const Vec<T> odd = winner == broadcast_int<T>(tap + 1) ? d : Vec<T>{};
    store_interleaved<T>(dx + q, even, odd, columns - q);
  }
}

// ---- planes of one window ----

template <class T, int Distance, int... I>
FOLDGATE_INLINE IntVec<T> swap_int_lanes(IntVec<T> v, Indices<I...>) {
  return __builtin_shufflevector(v, v, (I ^ Distance)...);
}

template <class T>
struct Winners {
  Vec<T> value;
  IntVec<T> tap;
};

// The better of two in each lane, and of equals the one of the lower tap.
template <class T>
FOLDGATE_INLINE Winners<T> join(Winners<T> a, Winners<T> b) {
  const IntVec<T> a_nan = a.value != a.value, b_nan = b.value != b.value;
  const IntVec<T> wins =
      (b.value > a.value) | (b_nan & ~a_nan) | (((b.value == a.value) | (b_nan & a_nan)) & (b.tap < a.tap));
  return {wins ? b.value : a.value, wins ? b.tap : a.tap};
}
template <class T, int Distance>
FOLDGATE_INLINE Winners<T> join_lanes(Winners<T> w) {
  w = join<T>(w, {swap_lanes<T, Distance>(w.value, LaneIndices<T>()),
                  swap_int_lanes<T, Distance>(w.tap, LaneIndices<T>())});
  if constexpr (Distance > 1)
    return join_lanes<T, Distance / 2>(w);
  else
    return w;
}

// The n values of a plane by vectors, in four chains of body(chain, values, step to the chain's next ones), as a
// comparison and a choice take ten cycles; -inf beyond the last.
constexpr int kPlaneChains = 4;

template <class T, class Body>
FOLDGATE_INLINE void each_vector(const T* x, int64_t n, Body body) {
  int64_t i = 0;
  for (; i + kPlaneChains * kLanes<T> <= n; i += kPlaneChains * kLanes<T>) {
    FOLDGATE_UNROLL
    for (int q = 0; q < kPlaneChains; ++q) {
      fetch_stream(x + i + q * kLanes<T>);
      body(q, load(x + i + q * kLanes<T>), kPlaneChains * kLanes<T>);
    }
  }
  const Vec<T> lowest = broadcast<T>(static_cast<T>(-__builtin_inf()));
  for (; i + kLanes<T> <= n; i += kLanes<T>) body(0, load(x + i), kLanes<T>);
  if (i < n) body(0, iota<T>() < static_cast<LaneInt<T>>(n - i) ? load_part(x + i, n - i) : lowest, 0);
}

template <class T>
FOLDGATE_INLINE Winners<T> join_chains(const Winners<T> (&best)[kPlaneChains]) {
  return join_lanes<T, kLanes<T> / 2>(join(join(best[0], best[1]), join(best[2], best[3])));
}

// Without the places, half the comparisons. Zeros of both signs are equal, and so are NaN's: of these the first is
// looked for.
template <class T>
FOLDGATE_INLINE T plane_maximum(const T* x, int64_t n) {
  Best<T, NoTaps> best[kPlaneChains];
  each_vector(x, n, [&](int q, Vec<T> v, int) FOLDGATE_LAMBDA { meet(best[q], v, 0); });
  Winners<T> all[kPlaneChains];
  FOLDGATE_UNROLL
  for (int q = 0; q < kPlaneChains; ++q) all[q] = {best[q].value, iota<T>()};
  const T most = join_chains<T>(all).value[0];
  if (most != 0 && most == most) return most;
  int64_t first = 0;
  while (x[first] == x[first] ? x[first] != most : most == most) ++first;
  return x[first];
}

template <class T>
FOLDGATE_INLINE Winners<T> plane_winner(const T* x, int64_t n) {
  Winners<T> best[kPlaneChains];
  IntVec<T> at[kPlaneChains];
  FOLDGATE_UNROLL
  for (int q = 0; q < kPlaneChains; ++q)
    best[q] = {broadcast<T>(static_cast<T>(-__builtin_inf())), at[q] = iota<T>() + q * kLanes<T>};
  each_vector(x, n, [&](int q, Vec<T> v, int step) FOLDGATE_LAMBDA {
    const IntVec<T> wins = ~(v <= best[q].value) & (best[q].value == best[q].value);
    best[q] = {wins ? v : best[q].value, wins ? at[q] : best[q].tap};
    at[q] += step;
  });
  return join_chains<T>(best);
}

template <class T>
void plane_winners(const T* x, int64_t planes, int64_t n, T* y, int32_t* winners) {
  for (int64_t plane = 0; plane < planes; ++plane, x += n) {
    if (!winners) {
      y[plane] = plane_maximum(x, n);
      continue;
    }
    const Winners<T> winner = plane_winner(x, n);
    y[plane] = winner.value[0];
    winners[plane] = static_cast<int32_t>(winner.tap[0]);
  }
}

}  // namespace foldgate::FOLDGATE_ISA
