// ops/pool on every tier, for float and double: against the definition, for windows, strides, pads and dilations around
// lanes, every array flush against a guard page.
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "core/thread_pool.h"
#include "guard.h"
#include "kernels/table.h"
#include "ops/pool/pool.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;
using Shape = std::vector<int64_t>;

struct Case {
  int64_t images, pixel;
  Shape spatial, kernel, strides, dilation, pads;
  bool ceil_mode = false;
};

// pixel 1: as channels_first with one channel a plane.
PoolPlan plan_of(const Case& c) {
  Shape shape{c.images};
  if (c.pixel == 1) shape.push_back(1);
  shape.insert(shape.end(), c.spatial.begin(), c.spatial.end());
  if (c.pixel != 1) shape.push_back(c.pixel);
  return PoolPlan::make("max_pool", shape, {c.kernel, c.strides, c.dilation, c.pads, c.ceil_mode},
                        c.pixel == 1);
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Calls visit(tap, position in the plane) for the taps of one window that lie inside, in order.
template <class Visit>
void visit_window(const Window& w, int64_t output, Visit visit) {
  const int64_t o[3] = {output / w.width().output / w.height().output,
                        output / w.width().output % w.height().output, output % w.width().output};
  for (int64_t tap = 0; tap < w.taps(); ++tap) {
    const int64_t t[3] = {tap / w.width().kernel / w.height().kernel,
                          tap / w.width().kernel % w.height().kernel, tap % w.width().kernel};
    int64_t position = 0;
    bool inside = true;
    for (int i = 0; i < 3; ++i) {
      const int64_t at = o[i] * w.axes[i].stride + t[i] * w.axes[i].dilation - w.axes[i].before;
      inside = inside && at >= 0 && at < w.axes[i].input;
      position = position * w.axes[i].input + at;
    }
    if (inside) visit(tap, position);
  }
}

template <class T>
struct Problem {
  Problem(const Case& c, Flush flush)
      : plan(plan_of(c)),
        planes(plan.window.input_positions() * plan.pixel),
        x(plan.images * planes, flush),
        y(plan.outputs(), flush, T(99)),
        bytes(plan.outputs(), flush, uint8_t(255)),
        ints(plan.outputs(), flush, -7),
        positions(plan.outputs(), flush, -7),
        dy(plan.outputs(), flush),
        dx(plan.images * planes, flush, T(99)) {}

  void forward() {
    max_pool<T>(plan, x.data(), y.data(), {});
    wrong += mismatches();
    max_pool<T>(plan, x.data(), y.data(), {{}, positions.data()});
    if (plan.byte_taps())
      max_pool<T>(plan, x.data(), y.data(), {{bytes.data(), nullptr}, nullptr});
    else
      max_pool<T>(plan, x.data(), y.data(), {{nullptr, ints.data()}, nullptr});
    wrong += mismatches() + index_mismatches();
  }

  template <class Found>
  void each(Found found) {
    const int64_t outputs = plan.window.output_positions();
    for (int64_t i = 0; i < plan.outputs(); ++i) {
      const int64_t channel = i % plan.pixel, output = i / plan.pixel % outputs,
                    image = i / plan.pixel / outputs;
      int64_t tap = -1, position = -1;
      T best = 0;
      visit_window(plan.window, output, [&](int64_t t, int64_t p) {
        const T value = x[image * planes + p * plan.pixel + channel];
        if (tap < 0 || value > best || (std::isnan(value) && !std::isnan(best)))
          best = value, tap = t, position = p;
      });
      found(i, best, tap, position, image * planes + position * plan.pixel + channel);
    }
  }

  int64_t mismatches() {
    int64_t count = 0;
    each([&](int64_t i, T best, int64_t, int64_t, int64_t) { count += !same(y[i], best); });
    return count;
  }
  int64_t index_mismatches() {
    int64_t count = 0;
    each([&](int64_t i, T, int64_t tap, int64_t position, int64_t) {
      count += positions[i] != position || (plan.byte_taps() ? bytes[i] : ints[i]) != tap;
    });
    return count;
  }

  void backward() {
    test::Random(5).fill_integers(dy, -9, 9);
    const PoolWinners taps{plan.byte_taps() ? bytes.data() : nullptr,
                           plan.byte_taps() ? nullptr : ints.data(), nullptr};
    for (const PoolWinners& winners : {taps, PoolWinners{nullptr, nullptr, positions.data()}}) {
      std::vector<T> expected(static_cast<size_t>(dx.size()));
      each([&](int64_t i, T, int64_t, int64_t, int64_t at) { expected[static_cast<size_t>(at)] += dy[i]; });
      for (T& value : dx) value = 99;
      max_pool_backward<T>(plan, dy.data(), winners, dx.data());
      for (int64_t i = 0; i < dx.size(); ++i) wrong += dx[i] != expected[static_cast<size_t>(i)];
    }
  }

  PoolPlan plan;
  int64_t planes;
  Guarded<T> x, y;
  Guarded<uint8_t> bytes;
  Guarded<int32_t> ints;
  Guarded<int64_t> positions;
  Guarded<T> dy, dx;
  int64_t wrong = 0;
};

template <class T>
int64_t wrong_in(const Case& c, Flush flush = Flush::kBack, bool strange = false) {
  Problem<T> problem(c, flush);
  test::Random random(static_cast<uint64_t>(problem.x.size()));
  random.fill_integers(problem.x, -3, 3);  // many ties
  if (strange) {
    for (T& value : problem.x) {
      const int64_t kind = random.integer(0, 9);
      if (kind < 5) value = -std::numeric_limits<T>::infinity();
      if (kind == 9) value = std::numeric_limits<T>::quiet_NaN();
    }
  }
  problem.forward();
  problem.backward();
  return problem.wrong;
}

int64_t wrong_everywhere(const Case& c) {
  return wrong_in<float>(c) + wrong_in<double>(c, Flush::kFront) + wrong_in<float>(c, Flush::kFront, true) +
         wrong_in<double>(c, Flush::kBack, true);
}

TEST(pool, every_width_around_the_lanes_of_lines) {
  test::on_every_tier([] {
    const int64_t lanes = kernels<float>().pool.lanes;
    for (int64_t width : {int64_t{1}, int64_t{2}, int64_t{3}, lanes - 1, lanes, lanes + 1, 2 * lanes,
                          2 * lanes + 1, 4 * lanes - 1, 4 * lanes + 1, int64_t{150}}) {
      for (int64_t stride : {1, 2, 3}) {
        CHECK_EQ(wrong_everywhere({2, 1, {width}, {1}, {stride}, {1}, {0, 0}}), 0);
        if (width >= 2) CHECK_EQ(wrong_everywhere({2, 1, {width}, {2}, {stride}, {1}, {0, 1}}), 0);
        if (width >= 3)
          CHECK_EQ(wrong_everywhere({2, 1, {3, width}, {2, 3}, {1, stride}, {1, 1}, {1, 0, 1, 1}}), 0);
        if (width >= 5) CHECK_EQ(wrong_everywhere({1, 1, {width}, {3}, {stride}, {2}, {2, 1}, true}), 0);
      }
    }
  });
}

TEST(pool, every_channel_count_around_the_lanes_of_pixels) {
  test::on_every_tier([] {
    const int64_t lanes = kernels<float>().pool.lanes;
    for (int64_t channels : {int64_t{2}, int64_t{3}, lanes - 1, lanes, lanes + 1, 2 * lanes - 1, 4 * lanes,
                             4 * lanes + 3, 5 * lanes + 1, 9 * lanes}) {
      if (channels < 2) continue;
      CHECK_EQ(wrong_everywhere({2, channels, {5, 6}, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}}), 0);
      CHECK_EQ(wrong_everywhere({1, channels, {5, 6}, {3, 3}, {2, 1}, {1, 1}, {1, 1, 1, 0}, true}), 0);
    }
  });
}

TEST(pool, pairs_of_columns_and_planes_of_one_window) {
  test::on_every_tier([] {
    const int64_t lanes = kernels<float>().pool.lanes;
    for (int64_t width :
         {int64_t{2}, int64_t{3}, lanes, lanes + 1, 2 * lanes - 1, 4 * lanes + 2, int64_t{75}}) {
      for (bool ceil : {false, true}) {
        CHECK_EQ(wrong_everywhere({2, 1, {5, width}, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, ceil}), 0);
        CHECK_EQ(wrong_everywhere({2, 1, {7, width}, {2, 2}, {3, 2}, {1, 1}, {1, 0, 0, 0}, ceil}), 0);
        CHECK_EQ(wrong_everywhere(
                     {1, 1, {5, 4, width}, {2, 2, 2}, {3, 2, 2}, {1, 1, 1}, {1, 0, 1, 1, 0, 0}, ceil}),
                 0);
      }
      CHECK_EQ(wrong_everywhere({5, 1, {width}, {width}, {1}, {1}, {0, 0}}), 0);
      CHECK_EQ(
          wrong_everywhere({70, 1, {2, 3, width}, {2, 3, width}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0, 0, 0, 0}}),
          0);
    }
  });
}

TEST(pool, one_path_for_three_axes_dilation_and_large_windows) {
  test::on_every_tier([] {
    for (int64_t pixel : {1, 5}) {
      CHECK_EQ(wrong_everywhere({2, pixel, {4, 5, 6}, {2, 3, 2}, {1, 2, 3}, {1, 1, 2}, {0, 1, 1, 1, 1, 0}}),
               0);
      CHECK_EQ(wrong_everywhere({1, pixel, {9, 8}, {3, 2}, {2, 3}, {2, 3}, {2, 1, 1, 2}}), 0);
      CHECK_EQ(wrong_everywhere({1, pixel, {2, 9}, {3, 3}, {3, 2}, {1, 1}, {0, 0, 0, 0}, true}), 0);
      CHECK_EQ(wrong_everywhere({1, pixel, {20, 19}, {17, 16}, {1, 2}, {1, 1}, {8, 0, 3, 8}}),
               0);                                                                  // int32 taps
      CHECK_EQ(wrong_everywhere({1, pixel, {3}, {400}, {1}, {1}, {200, 198}}), 0);  // mostly padding
      CHECK_EQ(wrong_everywhere({1, pixel, {40}, {2}, {39}, {1}, {1, 1}}), 0);
    }
  });
}

TEST(pool, large_arrays_go_past_the_cache_and_are_cut_along_the_width) {
  const int before = get_num_threads();
  for (int threads : {1, 3}) {
    set_num_threads(threads);
    CHECK_EQ(wrong_in<float>({1, 1, {1500000}, {2}, {1}, {1}, {1, 0}}), 0);
    CHECK_EQ(wrong_in<float>({3, 1, {700, 701}, {2, 2}, {1, 1}, {1, 1}, {0, 0, 0, 0}}), 0);
    CHECK_EQ(wrong_in<float>({1, 64, {20000}, {3}, {1}, {1}, {1, 1}}), 0);
  }
  set_num_threads(before);
}

TEST(pool, winners_that_are_not_of_their_window_are_refused) {
  Problem<float> p({1, 1, {4, 4}, {2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}}, Flush::kBack);
  p.forward();
  for (int64_t found :
       {int64_t{-1}, int64_t{16}, int64_t{2}, int64_t{1} << 32, std::numeric_limits<int64_t>::min()}) {
    p.positions[0] = found;
    CHECK_THROWS(
        max_pool_backward<float>(p.plan, p.dy.data(), {nullptr, nullptr, p.positions.data()}, p.dx.data()),
        std::out_of_range, ("indices hold " + std::to_string(found) + ";").c_str());
  }
  p.bytes[3] = 4;
  CHECK_THROWS(max_pool_backward<float>(p.plan, p.dy.data(), {p.bytes.data(), nullptr, nullptr}, p.dx.data()),
               std::out_of_range, "indices hold 4; expected a tap of its own window");
}

TEST(pool, a_plan_refuses_what_cannot_be) {
  auto make = [](Shape shape, Shape kernel, Shape strides, Shape dilation, Shape pads) {
    return PoolPlan::make("max_pool", shape, {kernel, strides, dilation, pads, false}, false);
  };
  const int64_t huge = int64_t{1} << 62;
  CHECK_THROWS(make({1, 4, 1}, {2}, {1}, {1}, {2, 0}), std::invalid_argument,
               "padding is (2, 0) along spatial axis 0");
  CHECK_THROWS(make({1, 4, 1}, {5}, {1}, {1}, {0, 0}), std::invalid_argument, "effective kernel size");
  CHECK_THROWS(make({1, 4, 1}, {2}, {1}, {8}, {4, 4}), std::invalid_argument, "dilation_rate is 8");
  CHECK_THROWS(make({1, -4, 1}, {2}, {1}, {1}, {0, 0}), std::invalid_argument, "input_shape is (1, -4, 1)");
  CHECK_THROWS(make({1, 4}, {2}, {1}, {1}, {0, 0}), std::invalid_argument, "input_shape is (1, 4)");
  CHECK_THROWS(make({huge, 4, huge}, {2}, {1}, {1}, {0, 0}), std::invalid_argument, "pass 2**63");
  CHECK_THROWS(make({1, huge, 1}, {huge / 2}, {1}, {1}, {0, 0}), std::invalid_argument,
               "taps; expected at most");
  CHECK_THROWS(make({1, 4, 1}, {2}, {1}, {huge}, {huge, huge}), std::invalid_argument, "max_pool:");
}

TEST(pool_kernels, the_largest_byte) {
  test::on_every_tier([] {
    for (int64_t n = 0; n < 200; ++n) {
      Guarded<uint8_t> bytes(n);
      for (int64_t i = 0; i < n; ++i) bytes[i] = static_cast<uint8_t>(100 + i * 7 % 150);
      int32_t most = -1;
      for (uint8_t b : bytes) most = b > most ? b : most;
      CHECK_EQ(kernels<float>().pool.largest(bytes.data(), n), most);
    }
  });
}

}  // namespace
}  // namespace foldgate
