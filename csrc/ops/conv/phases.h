// The input positions of a strided window, by their remainder modulo the strides. All positions of a phase,
// first + u * stride, are reached by the same taps: tap j comes from output u + shift.
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "core/check.h"
#include "ops/window.h"

namespace foldgate {

struct PhaseTap {
  int64_t index;  // row-major among the kernel's taps
  int64_t shift[kMaxSpatial];
};

struct StridePhase {
  int64_t first[kMaxSpatial], count[kMaxSpatial];
  std::vector<PhaseTap> taps;  // outputs in ascending order
};

struct AxisTap {
  int64_t tap, shift;
};

// Taps that reach positions first + u * stride along one axis.
inline std::vector<AxisTap> axis_taps(const WindowAxis& axis, int64_t first) {
  std::vector<AxisTap> taps;
  for (int64_t j = axis.kernel - 1; j >= 0; --j) {
    const int64_t distance = first + axis.before - j * axis.dilation;
    if (distance % axis.stride == 0) taps.push_back({j, distance / axis.stride});
  }
  return taps;
}

struct AxisPhase {
  int64_t first, count;
  std::vector<AxisTap> taps;
};

// The phases of an axis that some tap reaches: with a stride beyond the kernel there are others.
inline std::vector<AxisPhase> axis_phases(const WindowAxis& axis) {
  std::vector<AxisPhase> phases;
  for (int64_t first = 0; first < std::min(axis.stride, axis.input); ++first) {
    std::vector<AxisTap> taps = axis_taps(axis, first);
    if (!taps.empty()) phases.push_back({first, ceil_div(axis.input - first, axis.stride), std::move(taps)});
  }
  return phases;
}

// Whether every input position belongs to a phase that for_each_phase gives.
inline bool phases_cover(const Window& w) {
  for (const WindowAxis& axis : w.axes)
    if (static_cast<int64_t>(axis_phases(axis).size()) < std::min(axis.stride, axis.input)) return false;
  return true;
}

// body(phase) for every phase that some tap reaches.
template <class Body>
void for_each_phase(const Window& w, Body body) {
  const std::vector<AxisPhase> along[kMaxSpatial] = {axis_phases(w.axes[0]), axis_phases(w.axes[1]),
                                                     axis_phases(w.axes[2])};
  StridePhase phase;
  for (const AxisPhase& z : along[0])
    for (const AxisPhase& y : along[1])
      for (const AxisPhase& x : along[2]) {
        phase = {{z.first, y.first, x.first}, {z.count, y.count, x.count}, {}};
        for (const AxisTap& i : z.taps)
          for (const AxisTap& j : y.taps)
            for (const AxisTap& k : x.taps)
              phase.taps.push_back({(i.tap * w.height().kernel + j.tap) * w.width().kernel + k.tap,
                                    {i.shift, j.shift, k.shift}});
        body(phase);
      }
}

}  // namespace foldgate
