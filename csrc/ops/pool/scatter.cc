#include "ops/pool/scatter.h"

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/pool/indices.h"
#include "ops/pool/winners.h"

namespace foldgate {
namespace {

template <class T>
class Scatter {
 public:
  Scatter(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx)
      : plan_(plan),
        window_(plan.window),
        rule_(plan.window, winners.positions != nullptr),
        offsets_(plan.window),
        dy_(dy),
        winners_(winners),
        dx_(dx) {
    const int64_t plane = window_.input_positions();
    group_ = std::max<int64_t>(1, kTaskPositions / plane);
    tasks_ = ceil_div(plan.images, group_);
    workers_ =
        workers_for(tasks_, kWorkPerPosition * static_cast<double>(plane) * static_cast<double>(plan.images));
  }

  void run() {
    parallel_for(tasks_, workers_, [&](int64_t task, int) {
      for (int64_t image = task * group_; image < std::min(plan_.images, (task + 1) * group_); ++image)
        scatter_image(image);
    });
    wrong_.check(winners_);
  }

 private:
  static constexpr int64_t kTaskPositions = 1 << 15;
  static constexpr double kWorkPerPosition = 8;

  // Each row of windows has a band of input positions to itself, which is zeroed just before: bands ascend. Windows of
  // several slices share theirs with other rows, and take all these slices for a band.
  struct Band {
    int64_t begin, end;
  };
  Band band_of(int64_t oz, int64_t oy) const {
    const WindowAxis &depth = window_.depth(), &height = window_.height();
    const int64_t z = oz * depth.stride - depth.before, y = oy * height.stride - height.before;
    const int64_t row = window_.width().input, slice = height.input * row;
    auto clip = [](int64_t i, int64_t extent) { return std::max<int64_t>(0, std::min(i, extent)); };
    if (depth.kernel > 1)
      return {clip(z, depth.input) * slice, clip(z + depth.extent(), depth.input) * slice};
    return {z * slice + clip(y, height.input) * row,
            z * slice + clip(y + height.extent(), height.input) * row};
  }

  void scatter_image(int64_t image) {
    T* plane = dx_ + image * window_.input_positions();
    int64_t done = 0;
    RowSegment at{
        image * window_.depth().output * window_.height().output, image, 0, 0, 0, window_.width().output};
    for (at.depth = 0; at.depth < window_.depth().output; ++at.depth)
      for (at.height = 0; at.height < window_.height().output; ++at.height, ++at.row) {
        const Band band = band_of(at.depth, at.height);
        if (band.begin > done) std::fill(plane + done, plane + band.begin, T(0));
        const bool fresh = band.end > done;
        done = std::max(done, band.end);
        T* target = plane + band.begin;
        if (fresh) std::fill(target, target + (band.end - band.begin), T(0));
        scatter_row(at, target, band.begin);
      }
    std::fill(plane + done, plane + window_.input_positions(), T(0));
  }

  // target holds the plane's positions from `origin` on
  void scatter_row(const RowSegment& at, T* target, int64_t origin) {
    if (winners_.bytes)
      scatter_taps(winners_.bytes, at, target, origin);
    else if (winners_.ints)
      scatter_taps(winners_.ints, at, target, origin);
    else
      scatter_positions(at, target, origin);
  }

  template <class Tap>
  void scatter_taps(const Tap* taps, const RowSegment& at, T* target, int64_t origin) {
    const int64_t first = at.row * window_.width().output, stride = window_.width().stride;
    const int64_t start = window_start(window_, at) - origin;
    auto each = [&](int64_t from, int64_t to, auto allowed) {
      for (int64_t o = from; o < to; ++o) {
        const int32_t tap = taps[first + o];
        if (!allowed(tap, o)) return wrong_.report(first + o);
        target[start + o * stride + offsets_[tap]] = dy_[first + o];
      }
    };
    auto inside = [&](int32_t tap, int64_t o) { return rule_.is_inside(tap, at, o); };
    if (!rule_.inner_row(at)) return each(0, at.end, inside);
    each(0, rule_.inner_begin(), inside);
    each(rule_.inner_begin(), rule_.inner_end(), [&](int32_t tap, int64_t) { return rule_.is_tap(tap); });
    each(rule_.inner_end(), at.end, inside);
  }

  void scatter_positions(const RowSegment& at, T* target, int64_t origin) {
    const int64_t first = at.row * window_.width().output, stride = window_.width().stride;
    const int64_t start = window_start(window_, at);
    const bool inner = rule_.inner_row(at);
    for (int64_t o = 0; o < at.end; ++o) {
      const int64_t position = winners_.positions[first + o];
      const int32_t tap = rule_.tap_at(position, start + o * stride, at, o);
      const bool own =
          inner && o >= rule_.inner_begin() && o < rule_.inner_end() ? tap >= 0 : rule_.is_inside(tap, at, o);
      if (!own) return wrong_.report(first + o);
      target[position - origin] = dy_[first + o];
    }
  }

  const PoolPlan& plan_;
  const Window& window_;
  const WinnerRule rule_;
  const TapOffsets offsets_;
  const T* dy_;
  const PoolWinners winners_;
  T* dx_;
  int64_t group_ = 1, tasks_ = 0;
  int workers_ = 1;
  FirstWrong wrong_;
};

}  // namespace

template <class T>
void max_pool_scatter(const PoolPlan& plan, const T* dy, const PoolWinners& winners, T* dx) {
  Scatter<T>(plan, dy, winners, dx).run();
}

template void max_pool_scatter(const PoolPlan&, const float*, const PoolWinners&, float*);
template void max_pool_scatter(const PoolPlan&, const double*, const PoolWinners&, double*);

}  // namespace foldgate
