// Convolution by its definition, for the tests of what is made of it.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "ops/conv/plan.h"

namespace foldgate::test {

// body(output position, tap, input position) for every tap of every window that lies inside the image.
template <class Body>
void for_each_tap(const Window& w, Body body) {
  auto split = [](int64_t flat, int64_t height, int64_t width, int64_t(&parts)[3]) {
    parts[0] = flat / width / height, parts[1] = flat / width % height, parts[2] = flat % width;
  };
  for (int64_t output = 0; output < w.output_positions(); ++output) {
    for (int64_t tap = 0; tap < w.taps(); ++tap) {
      int64_t o[3], t[3], position = 0;
      split(output, w.height().output, w.width().output, o);
      split(tap, w.height().kernel, w.width().kernel, t);
      bool inside = true;
      for (int i = 0; i < 3; ++i) {
        const int64_t at = o[i] * w.axes[i].stride + t[i] * w.axes[i].dilation - w.axes[i].before;
        inside = inside && at >= 0 && at < w.axes[i].input;
        position = position * w.axes[i].input + at;
      }
      if (inside) body(output, tap, position);
    }
  }
}

struct Images {  // where element (n, position, channel) lies
  int64_t positions, channels;
  bool channels_first;
  int64_t at(int64_t n, int64_t position, int64_t channel) const {
    return channels_first ? (n * channels + channel) * positions + position
                          : (n * positions + position) * channels + channel;
  }
};

inline int64_t product(const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (int64_t extent : shape) size *= extent;
  return size;
}

template <class A, class B>
int64_t differences(const A& a, const B& b, double allowed = 0) {
  int64_t count = 0;
  for (int64_t i = 0; i < a.size(); ++i)
    count += !(std::abs(static_cast<double>(a[i]) - b[static_cast<size_t>(i)]) <= allowed);
  return count;
}

inline Images images_of_x(const ConvPlan& plan) {
  return {plan.window.input_positions(), plan.in_channels, plan.channels_first};
}
inline Images images_of_y(const ConvPlan& plan) {
  return {plan.window.output_positions(), plan.out_channels, plan.channels_first};
}

// body(index of y, index of x, index of the kernel) for every product of the definition
template <class Body>
void for_each_product(const ConvPlan& plan, Body body) {
  const Images in = images_of_x(plan), out = images_of_y(plan);
  for_each_tap(plan.window, [&](int64_t output, int64_t tap, int64_t position) {
    for (int64_t n = 0; n < plan.batch; ++n) {
      for (int64_t o = 0; o < plan.out_channels; ++o) {
        for (int64_t c = 0; c < plan.group_in(); ++c) {
          const int64_t channel = o / plan.group_out() * plan.group_in() + c;
          body(out.at(n, output, o), in.at(n, position, channel),
               (tap * plan.group_in() + c) * plan.out_channels + o);
        }
      }
    }
  });
}

}  // namespace foldgate::test
