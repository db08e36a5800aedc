#include "ops/conv/planar_gemm.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/matrix_product.h"

namespace foldgate {
namespace {

constexpr int64_t kSweepBytes =
    256 << 10;  // the input of a sweep: it stays in L2 while all channels pass over it
constexpr int64_t kLargestFrame = 1 << 20;
constexpr int64_t kTasks = 32;
constexpr int64_t kTaskPixels = 256;
constexpr double kTaskWork = 5e8;  // ~10 ms, so that an interrupt is answered
constexpr int64_t kMostTerms = 640;
constexpr int64_t kFetchTerms = 256;  // up to so many a tile fetches the lines of C that the next one writes
constexpr int64_t kFewTerms = 32;     // below it the stores of a tile take longer than its products

template <class T>
class PlanarRun {
 public:
  explicit PlanarRun(const TapGemm<T>& problem)
      : p_(problem), kernel_(kernels<T>()), lanes_(kernel_.gemm.lanes) {
    for (int i = 0; i < kMaxSpatial; ++i) {
      low_[i] = p_.taps.front().shift[i];
      int64_t high = low_[i];
      for (const Tap& tap : p_.taps) {
        low_[i] = std::min(low_[i], tap.shift[i]);
        high = std::max(high, tap.shift[i]);
      }
      span_[i] = high - low_[i] + 1;
    }
    in_place_ = p_.inside && p_.grid[2] % lanes_ == 0;
    cut();
  }

  int64_t frame_size() const { return in_place_ ? 0 : channels() * channel_; }

  void run() {
    if (planes() == 0) return;
    const int workers = workers_for(planes() * parts_ * strips_, work());
    place_weights();
    const Scratch<T> frames(workers * frame_size());
    const Scratch<const T*> b(workers * taps());
    const Scratch<T*> c(workers * columns());
    parallel_for(planes() * parts_ * strips_, workers, [&](int64_t task, int worker) {
      sweep(area(task), frames.data() + worker * frame_size(), b.data() + worker * taps(),
            c.data() + worker * columns());
    });
  }

 private:
  // Rows and columns of one plane of outputs.
  struct Area {
    int64_t n, z, y, rows, x, width;
  };

  int64_t planes() const { return p_.batch * p_.grid[0]; }
  int64_t channels() const { return p_.groups * p_.length; }
  int64_t columns() const { return p_.groups * p_.columns; }
  int64_t taps() const { return static_cast<int64_t>(p_.taps.size()); }
  int64_t reach(int axis, int64_t outputs) const { return (outputs - 1) * p_.step[axis] + span_[axis]; }
  double work() const {
    return static_cast<double>(planes() * p_.grid[1] * p_.grid[2]) * static_cast<double>(taps() * p_.length) *
           static_cast<double>(columns());
  }

  // By shape alone: rows of a plane, or strips of a row, of whole panels.
  void cut() {
    const int64_t size = static_cast<int64_t>(sizeof(T)), pixels = planes() * p_.grid[1] * p_.grid[2];
    int64_t most = kSweepBytes / (channels() * p_.step[1] * size);
    most = std::min(most, std::max(kTaskPixels, pixels / kTasks));
    most = std::min(most, static_cast<int64_t>(static_cast<double>(pixels) / (1 + work() / kTaskWork)));
    parts_ = ceil_div(p_.grid[1], std::max<int64_t>(1, most / p_.grid[2]));
    const int64_t panels = ceil_div(p_.grid[2], 2 * lanes_),
                  strip = std::max<int64_t>(1, most / (2 * lanes_));
    strips_ = parts_ < p_.grid[1] ? 1 : ceil_div(panels, strip);
    const int64_t width = std::min(p_.grid[2], ceil_div(panels, strips_) * 2 * lanes_);
    row_ = in_place_ ? p_.in.extent[2] : reach(2, width) + 2 * lanes_;  // whole vectors past the last window
    layer_ = in_place_ ? p_.in.extent[1] * row_ : reach(1, ceil_div(p_.grid[1], parts_)) * row_;
    channel_ = (in_place_ ? p_.in.extent[0] : span_[0]) * layer_;
  }
  Area area(int64_t task) const {
    const int64_t plane = task / (parts_ * strips_), part = task / strips_ % parts_, strip = task % strips_;
    const int64_t panels = ceil_div(p_.grid[2], 2 * lanes_);
    Area a{plane / p_.grid[0], plane % p_.grid[0], p_.grid[1] * part / parts_, 0, 0, 0};
    a.rows = p_.grid[1] * (part + 1) / parts_ - a.y;
    a.x = panels * strip / strips_ * 2 * lanes_;
    a.width = std::min(p_.grid[2], panels * (strip + 1) / strips_ * 2 * lanes_) - a.x;
    return a;
  }

  // weights_[(group * tiles + tile) * taps + tap]: the columns of a tile, in place, contiguous for each term.
  EvenSplit tiles(int vectors) const {
    return EvenSplit(p_.columns, kernel_.gemm.column_heights[vectors - 1]);
  }
  void place_weights() {
    const EvenSplit split = tiles(2);
    for (int64_t tile = 0; tile <= split.parts; ++tile) cuts_.push_back(split.begin(tile));
    for (const Tap& tap : p_.taps)
      offsets_.push_back(tap.shift[0] * layer_ + tap.shift[1] * row_ + tap.shift[2]);
    for (int64_t group = 0; group < p_.groups; ++group)
      for (int64_t tile = 0; tile < split.parts; ++tile)
        for (const Tap& tap : p_.taps)
          weights_.push_back(p_.weights + tap.weights + group * p_.group_step + split.begin(tile));
  }

  void fill(const Area& area, T* frame) const {
    const int64_t rows = reach(1, area.rows), width = reach(2, area.width);
    for (int64_t channel = 0; channel < channels(); ++channel)
      for (int64_t layer = 0; layer < span_[0]; ++layer)
        for (int64_t r = 0; r < rows; ++r)
          fill_row(area.n * channels() + channel, area.z * p_.step[0] + low_[0] + layer,
                   area.y * p_.step[1] + low_[1] + r, area.x + low_[2], width,
                   frame + channel * channel_ + layer * layer_ + r * row_);
  }
  void fill_row(int64_t plane, int64_t z, int64_t y, int64_t x, int64_t width, T* target) const {
    const bool outside = z < 0 || z >= p_.in.extent[0] || y < 0 || y >= p_.in.extent[1];
    const int64_t first = outside ? width : std::min(width, std::max<int64_t>(0, -x));
    const int64_t end = outside ? width : std::max(first, std::min(width, p_.in.extent[2] - x));
    std::fill_n(target, first, T(0));
    if (end > first)
      std::copy_n(
          p_.in.data + ((plane * p_.in.extent[0] + z) * p_.in.extent[1] + y) * p_.in.extent[2] + x + first,
          end - first, target + first);
    std::fill_n(target + end, row_ - end, T(0));
  }

  // The window of the first output of the area, in the frame or the images.
  const T* origin(const Area& area, const T* frame) const {
    if (!in_place_) return frame - low_[0] * layer_ - low_[1] * row_ - low_[2];
    return p_.in.data + area.n * channels() * channel_ + area.z * p_.step[0] * layer_ +
           area.y * p_.step[1] * row_ + area.x;
  }

  void sweep(const Area& area, T* frame, const T** b, T** c) const {
    if (!in_place_) fill(area, frame);
    const int64_t layer = p_.grid[1] * p_.grid[2], image = p_.grid[0] * layer;
    for (int64_t o = 0; o < columns(); ++o) c[o] = p_.out + (area.n * columns() + o) * image + area.z * layer;
    const EvenSplit panels(ceil_div(area.width, lanes_), 2);
    for (int64_t y = 0; y < area.rows; ++y)
      for (int64_t panel = 0; panel < panels.parts; ++panel) {
        const int64_t x = panels.begin(panel) * lanes_, whole = panels.size(panel) * lanes_;
        // A row that this task writes next may be written over: whole vectors are stored, three times as fast as parts.
        const int64_t width = strips_ == 1 && y + 1 < area.rows ? whole : std::min(area.width - x, whole);
        multiply(origin(area, frame) + y * p_.step[1] * row_ + x, (area.y + y) * p_.grid[2] + area.x + x,
                 static_cast<int>(width), static_cast<int>(panels.size(panel)), b, c);
      }
    if (is_curve(p_.activation)) curve(area, c);
  }

  // All output channels of up to two vectors of pixels.
  void multiply(const T* a, int64_t at, int width, int vectors, const T** b, T* const* c) const {
    const int64_t parts = static_cast<int64_t>(cuts_.size()) - 1;
    Tile<T> tile;
    tile.segments = taps();
    tile.length = p_.length;
    tile.a_step = p_.k_step;
    tile.b = b;
    tile.b_step = channel_;
    tile.c_offset = at;
    tile.columns = width;
    for (int64_t group = 0; group < p_.groups; ++group) {
      for (int64_t t = 0; t < taps(); ++t)
        b[t] = a + group * p_.length * channel_ + offsets_[static_cast<size_t>(t)];
      for (int64_t i = 0; i < parts; ++i) {
        const int64_t* const cut = cuts_.data() + i;
        const int64_t first = group * p_.columns + cut[0];
        if (taps() * p_.length <= kFetchTerms)
          fetch(c + group * p_.columns + cut[1], i + 1 < parts ? cut[2] - cut[1] : 0, at);
        tile.a = weights_.data() + (group * parts + i) * taps();
        tile.c = c + first;
        Epilogue<T> epilogue;
        epilogue.row_bias = p_.bias ? p_.bias + first : nullptr;
        epilogue.relu = rectifier(p_.activation);
        kernel_.gemm.columns(static_cast<int>(cut[1] - cut[0]), vectors, tile, epilogue);
      }
    }
  }

  void fetch(T* const* c, int64_t rows, int64_t at) const {
    for (int64_t i = 0; i < rows; ++i) {
      __builtin_prefetch(c[i] + at, 1);
      __builtin_prefetch(c[i] + at + 2 * lanes_ - 1, 1);
    }
  }

  void curve(const Area& area, T* const* c) const {
    for (int64_t o = 0; o < columns(); ++o)
      for (int64_t y = 0; y < area.rows; ++y)
        kernel_.activation.forward(p_.activation, c[o] + (area.y + y) * p_.grid[2] + area.x, area.width);
  }

  const TapGemm<T>& p_;
  const Kernels<T>& kernel_;
  int64_t lanes_, low_[kMaxSpatial], span_[kMaxSpatial];
  bool in_place_;
  int64_t parts_ = 1, strips_ = 1, row_ = 0, layer_ = 0, channel_ = 0;
  std::vector<const T*> weights_;
  std::vector<int64_t> cuts_, offsets_;  // where the tiles of a group begin; the taps, in elements
};

}  // namespace

template <class T>
bool planar_gemm_suits(const TapGemm<T>& problem) {
  const int64_t lanes = kernels<T>().gemm.lanes, taps = static_cast<int64_t>(problem.taps.size());
  if (!problem.planes || !problem.planar || taps == 0 || problem.column_step != 1 || problem.step[2] != 1)
    return false;
  const TapGemm<T> p = flattened(problem);
  if (p.grid[2] < lanes || p.columns < 4 || taps * p.length > kMostTerms) return false;
  const int64_t filled = ceil_div(p.grid[2], lanes) * lanes;
  if (taps * p.length > kFewTerms && 20 * p.grid[2] < 19 * filled) return false;
  return PlanarRun<T>(p).frame_size() * static_cast<int64_t>(sizeof(T)) <= kLargestFrame;
}

template <class T>
void planar_gemm(const TapGemm<T>& problem) {
  const TapGemm<T> flat = flattened(problem);
  PlanarRun<T>(flat).run();
}

template bool planar_gemm_suits(const TapGemm<float>&);
template bool planar_gemm_suits(const TapGemm<double>&);
template void planar_gemm(const TapGemm<float>&);
template void planar_gemm(const TapGemm<double>&);

}  // namespace foldgate
