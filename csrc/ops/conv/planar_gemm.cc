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
constexpr double kTaskWork = 5e8;    // ~10 ms, so that an interrupt is answered
constexpr int64_t kMostTerms = 640;  // of the tallest tile, whose weights are 36 KB then, and of dots
constexpr int64_t kFewTerms = 32;    // below it the stores of a tile take longer than its products

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
    vectors_ = panel_vectors();
    cut();
  }

  int64_t frame_size() const { return in_place_ ? 0 : channels() * channel_; }

  void run() {
    if (planes() == 0) return;
    const int workers = workers_for(planes() * parts_ * strips_, work());
    place_weights();
    const Scratch<T> frames(workers * frame_size());
    frames.zero();  // what lies left and right of the planes is never written
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

  // Of pixels: tiles of few outputs are wide, so that there are sums enough to hide a multiply-add's latency.
  int panel_vectors() const {
    int widest = kernel_.gemm.tile_vectors;
    while (widest > 2 && kernel_.gemm.column_heights[widest - 1] < p_.columns) --widest;
    return widest;
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
    // Planes that no tap leaves are read where they lie, the last panel of an area from its last pixel backwards.
    const bool whole = p_.grid[2] % lanes_ == 0, covered = (panels / strips_ - 1) * 2 >= vectors_;
    in_place_ = p_.inside && (whole || covered || (strips_ == 1 && p_.grid[2] >= vectors_ * lanes_));
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

  // weights_[(group * tiles + tile) * segments + segment]: the columns of a tile, in place, contiguous for each term.
  void place_weights() {
    const EvenSplit split(p_.columns, kernel_.gemm.column_heights[vectors_ - 1]);
    for (int64_t tile = 0; tile <= split.parts; ++tile) cuts_.push_back(split.begin(tile));
    for (const Tap& tap : p_.taps) offsets_.push_back(offset(tap));
    run_ = taps_a_segment();
    for (int64_t group = 0; group < p_.groups; ++group)
      for (int64_t tile = 0; tile < split.parts; ++tile)
        for (int64_t t = 0; t < taps(); t += run_)
          weights_.push_back(p_.weights + p_.taps[static_cast<size_t>(t)].weights + group * p_.group_step +
                             split.begin(tile));
  }

  // Of a tap, in the frame or the images.
  int64_t offset(const Tap& tap) const {
    int64_t from[kMaxSpatial];
    for (int i = 0; i < kMaxSpatial; ++i) from[i] = tap.shift[i] - (in_place_ ? 0 : low_[i]);
    return from[0] * layer_ + from[1] * row_ + from[2];
  }
  // A single channel's taps that are neighbours in the frame are one segment, a kernel row.
  int64_t taps_a_segment() const {
    if (channels() > 1) return 1;
    int64_t run = 1;
    while (run < taps() && follows(run)) ++run;
    for (int64_t t = run; t < taps(); ++t)
      if (follows(t) != (t % run != 0)) return 1;
    return taps() % run == 0 ? run : 1;
  }
  bool follows(int64_t t) const {
    const size_t i = static_cast<size_t>(t);
    return offsets_[i] - offsets_[i - 1] == 1 &&
           p_.taps[i].weights - p_.taps[i - 1].weights == p_.taps[1].weights - p_.taps[0].weights;
  }

  void fill(const Area& area, T* frame) const {
    if (strips_ > 1) std::fill_n(frame, frame_size(), T(0));  // other columns than before are outside
    const int64_t layer = p_.in.extent[1] * p_.in.extent[2];
    LineFrame<T> f{};
    f.width = p_.in.extent[2];
    f.first = area.y * p_.step[1] + low_[1];
    f.rows = reach(1, area.rows);
    f.before = -(area.x + low_[2]);
    f.stride = 1;
    f.phase_step = row_;
    for (int64_t channel = 0; channel < channels(); ++channel)
      for (int64_t i = 0; i < span_[0]; ++i) {
        const int64_t z = area.z * p_.step[0] + low_[0] + i;
        const bool inside = z >= 0 && z < p_.in.extent[0];  // a layer outside has no rows
        f.x = p_.in.data + ((area.n * channels() + channel) * p_.in.extent[0] + (inside ? z : 0)) * layer;
        f.height = inside ? p_.in.extent[1] : 0;
        f.frame = frame + channel * channel_ + i * layer_;
        kernel_.depthwise_lines.frame(f);
      }
  }

  // The window of the first output of the area, in the frame or the images.
  const T* origin(const Area& area, const T* frame) const {
    if (!in_place_) return frame;
    return p_.in.data + area.n * channels() * channel_ + area.z * p_.step[0] * layer_ +
           area.y * p_.step[1] * row_ + area.x;
  }

  void sweep(const Area& area, T* frame, const T** b, T** c) const {
    if (!in_place_) fill(area, frame);
    const int64_t layer = p_.grid[1] * p_.grid[2], image = p_.grid[0] * layer;
    for (int64_t o = 0; o < columns(); ++o) c[o] = p_.out + (area.n * columns() + o) * image + area.z * layer;
    const EvenSplit panels(ceil_div(area.width, lanes_), vectors_);
    for (int64_t y = 0; y < area.rows; ++y)
      for (int64_t panel = 0; panel < panels.parts; ++panel) {
        const int64_t whole = panels.size(panel) * lanes_;
        const int64_t x = std::min(panels.begin(panel) * lanes_, in_place_ ? area.width - whole : area.width);
        // A row that this task writes next may be written over: whole vectors are stored, three times as fast as parts.
        const int64_t width = strips_ == 1 && y + 1 < area.rows ? whole : std::min(area.width - x, whole);
        multiply(origin(area, frame) + y * p_.step[1] * row_ + x, (area.y + y) * p_.grid[2] + area.x + x,
                 static_cast<int>(width), static_cast<int>(panels.size(panel)), b, c);
      }
    if (is_curve(p_.activation)) curve(area, c);
  }

  // All output channels of a panel of pixels.
  void multiply(const T* a, int64_t at, int width, int vectors, const T** b, T* const* c) const {
    const int64_t parts = static_cast<int64_t>(cuts_.size()) - 1;
    Tile<T> tile;
    tile.segments = taps() / run_;
    tile.length = run_ > 1 ? run_ : p_.length;
    tile.a_step = run_ > 1 ? p_.taps[1].weights - p_.taps[0].weights : p_.k_step;
    tile.b = b;
    tile.b_step = run_ > 1 ? 1 : channel_;
    tile.c_offset = at;
    tile.columns = width;
    for (int64_t group = 0; group < p_.groups; ++group) {
      for (int64_t t = 0; t < taps() / run_; ++t)
        b[t] = a + group * p_.length * channel_ + offsets_[static_cast<size_t>(t * run_)];
      for (int64_t i = 0; i < parts; ++i) {
        const int64_t* const cut = cuts_.data() + i;
        const int64_t first = group * p_.columns + cut[0];
        tile.a = weights_.data() + (group * parts + i) * tile.segments;
        tile.c = c + first;
        Epilogue<T> epilogue;
        epilogue.row_bias = p_.bias ? p_.bias + first : nullptr;
        epilogue.relu = rectifier(p_.activation);
        kernel_.gemm.columns(static_cast<int>(cut[1] - cut[0]), vectors, tile, epilogue);
      }
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
  int vectors_ = 2;  // of a panel
  bool in_place_ = false;
  int64_t parts_ = 1, strips_ = 1, row_ = 0, layer_ = 0, channel_ = 0;
  int64_t run_ = 1;  // taps of a segment
  std::vector<const T*> weights_;
  std::vector<int64_t> cuts_, offsets_;  // where the tiles of a group begin; the taps, in elements
};

}  // namespace

template <class T>
bool planar_gemm_suits(const TapGemm<T>& problem) {
  const GemmKernels<T>& gemm = kernels<T>().gemm;
  if (!problem.planes || !problem.planar || problem.taps.empty() || problem.column_step != 1 ||
      problem.step[2] != 1)
    return false;
  const TapGemm<T> p = flattened(problem);
  const int64_t terms = static_cast<int64_t>(p.taps.size()) * p.length, tallest = gemm.column_heights[1];
  if (p.grid[2] < gemm.lanes || terms * std::min(p.columns, tallest) > kMostTerms * tallest) return false;
  if (p.columns <= gemm.dots_columns && terms > kMostTerms) return false;
  const int64_t row = round_up(p.grid[2], gemm.lanes), pixel = round_up(p.columns, gemm.lanes);
  if (terms > kFewTerms && 20 * p.grid[2] * pixel < 19 * row * p.columns) return false;
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
