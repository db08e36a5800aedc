#include "ops/conv/strided_gemm.h"

#include <algorithm>
#include <vector>

#include "core/check.h"
#include "core/divide.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/matrix_product.h"
#include "ops/conv/strided_frame.h"
#include "ops/conv/strided_panels.h"
#include "ops/conv/strided_segments.h"

namespace foldgate {
namespace {

// The input of a sweep stays in L2 (1 MB on the smallest machines meant) beside a block of a panel of B.
constexpr int64_t kSweepBytes = 256 << 10;
// Panels that stay in L2 together: a tile's pixels, in L1, meet them all before the next tile's do.
constexpr int64_t kPanelBytes = 192 << 10;
// Outputs of a sweep that are turned to planes from L2.
constexpr int64_t kPlanarBytes = 128 << 10;
// Tasks where there is work for it, of that many pixels at least, and the most multiply-adds of one: ~10 ms, so that
// an interrupt is answered.
constexpr int64_t kTasks = 32;
constexpr int64_t kTaskPixels = 196;
constexpr double kTaskWork = 5e8;
// With so few terms a tile's stores wait for their cache lines: each tile fetches those of the next.
constexpr int64_t kFetchTerms = 256;

// What the tiles of a panel share.
template <class T>
struct PanelTile {
  StridedTile<T> tile;
  Epilogue<T> epilogue;
  const T* weights;         // of all segments
  int64_t channel, column;  // the group's first channel; the panel's first column of a task's outputs
  int vectors;
};

template <class T>
struct WorkerScratch {
  WorkerScratch(int64_t frame, int64_t planar, int64_t width, int64_t panels)
      : frame(frame), planar(planar), cuts(width + 1), panels(panels) {}
  Scratch<T> frame, planar;
  Scratch<int64_t> cuts;  // where the tiles of a strip begin
  std::vector<PanelTile<T>> panels;
};

template <class T>
class StridedRun {
 public:
  explicit StridedRun(const TapGemm<T>& problem)
      : p_(problem), kernel_(kernels<T>()), frame_(p_), panels_(p_, p_.grid[2]) {}

  void run() {
    if (pixels() == 0) return;
    cut();
    const int workers = workers_for(tasks(), work());
    panels_.pack(workers);
    std::vector<WorkerScratch<T>> scratch;
    scratch.reserve(static_cast<size_t>(workers));
    const int64_t planar = p_.planar ? largest().pixels() * columns() : 0;
    for (int i = 0; i < workers; ++i)
      scratch.emplace_back(frame_.size(), planar, largest().width, panels_.count());
    parallel_for(tasks(), workers,
                 [&](int64_t task, int worker) { sweep(area(task), scratch[static_cast<size_t>(worker)]); });
  }

 private:
  int64_t planes() const { return p_.batch * p_.grid[0]; }
  int64_t pixels() const { return planes() * p_.grid[1] * p_.grid[2]; }
  int64_t columns() const { return p_.groups * p_.columns; }
  int64_t terms() const { return static_cast<int64_t>(p_.taps.size()) * p_.length; }
  double work() const {
    return static_cast<double>(pixels()) * static_cast<double>(terms()) *
           static_cast<double>(std::max<int64_t>(columns(), kernel_.gemm.lanes));  // a vector at least
  }

  // By shape alone: sweeps that fit the caches, of whole planes, of rows (through all planes, where taps along the depth
  // meet them again) or of strips of a row; enough tasks for a few threads, by columns where pixels are few; none that runs long.
  void cut() {
    const int64_t width = p_.grid[2], plane = p_.grid[1] * width, size = static_cast<int64_t>(sizeof(T));
    int64_t most = divide(kSweepBytes, p_.groups * p_.length * p_.step[1] * p_.step[2] * size);
    if (p_.planar) most = std::min(most, divide(kPlanarBytes, columns() * size));
    most = std::min(most, std::max(kTaskPixels, pixels() / kTasks));
    most = std::min(most, static_cast<int64_t>(static_cast<double>(pixels()) / (1 + work() / kTaskWork)));
    most = std::max<int64_t>(1, most);
    groups_ = ceil_div(planes(), std::max<int64_t>(1, divide(most, plane)));
    parts_ = most >= plane ? 1 : ceil_div(p_.grid[1], std::max<int64_t>(1, divide(most, width)));
    if (parts_ > 1 && frame_.in_place() && frame_.deep()) {
      groups_ = p_.batch;
      parts_ = ceil_div(p_.grid[1], std::max<int64_t>(1, divide(most, width * p_.grid[0])));
    }
    strips_ = most >= width ? 1 : ceil_div(width, std::max(most, std::min(width, kLeastStrip)));
    if (tasks() % 2 == 1) make_even();
    frame_.shape(largest());
    segments_ = StridedSegments(p_, frame_);
  }
  // One more of what there are several of, for two threads.
  void make_even() {
    if (parts_ > 1)
      parts_ = std::min(parts_ + 1, p_.grid[1]);
    else if (strips_ > 1)
      strips_ = std::min(strips_ + 1, p_.grid[2]);
    else if (groups_ > 1)
      groups_ = std::min(groups_ + 1, planes());
  }
  int64_t tasks() const { return groups_ * parts_ * strips_; }
  SweepArea largest() const {
    return {0, ceil_div(planes(), groups_),  0, ceil_div(p_.grid[1], parts_),
            0, ceil_div(p_.grid[2], strips_)};
  }
  SweepArea area(int64_t task) const {
    auto share = [](int64_t total, int64_t parts, int64_t part, int64_t& begin, int64_t& count) {
      begin = divide(total * part, parts);
      count = divide(total * (part + 1), parts) - begin;
    };
    SweepArea a{};
    const int64_t band = divide(task, strips_), group = divide(band, parts_);
    share(planes(), groups_, group, a.plane, a.planes);
    share(p_.grid[1], parts_, band - group * parts_, a.y, a.rows);
    share(p_.grid[2], strips_, task - band * strips_, a.x, a.width);
    return a;
  }

  void sweep(const SweepArea& area, WorkerScratch<T>& scratch) const {
    if (!frame_.in_place())
      for (int64_t i = 0; i < frame_.rows(area); ++i) frame_.fill_row(area, i, scratch.frame.data());
    const bool together = panels_.even() && panels_.bytes() <= kPanelBytes;
    const int64_t step = together ? panels_.count() : 1;
    for (int64_t first = 0; first < panels_.count(); first += step) {
      for (int64_t i = 0; i < step; ++i) scratch.panels[static_cast<size_t>(i)] = panel_tile(first + i);
      multiply(area, step, scratch);
    }
    finish(area, scratch.planar.data());
  }

  PanelTile<T> panel_tile(int64_t index) const {
    const StridedPanel panel = panels_.panel(index);
    PanelTile<T> shared;
    shared.column = panels_.column(index);
    shared.channel = panel.group * p_.length;
    shared.vectors = panel.vectors;
    shared.epilogue.bias = p_.bias ? p_.bias + shared.column : nullptr;
    shared.epilogue.relu = rectifier(p_.activation);
    StridedTile<T>& tile = shared.tile;
    tile.a_step = frame_.a_step();
    tile.length = segments_.length();
    shared.weights = panels_.packed(index);
    tile.c_step = p_.planar ? columns() : p_.out_step[3];
    tile.columns = static_cast<int>(panel.columns);
    return shared;
  }

  // `panels` panels of one width over all pixels of the sweep.
  void multiply(const SweepArea& area, int64_t panels, WorkerScratch<T>& scratch) const {
    const EvenSplit tiles = panels_.tiles(area.width, scratch.panels[0].vectors);
    for (int64_t i = 0; i <= tiles.parts; ++i) scratch.cuts[i] = tiles.begin(i);
    const bool fetches = !p_.planar && terms() <= kFetchTerms;
    const int64_t c_row = p_.planar ? area.width * columns() : p_.out_step[2];
    for (int64_t plane = 0; plane < area.planes; ++plane) {
      const auto [first, count] = segments_.seen_from(area.plane + plane);
      for (int64_t q = 0; q < panels; ++q) {
        PanelTile<T>& panel = scratch.panels[static_cast<size_t>(q)];
        panel.tile.shifts = segments_.shifts() + first;
        panel.tile.segments = count;
        panel.tile.b = panel.weights + first * segments_.length() * panel.vectors * kernel_.gemm.lanes;
      }
      const T* a = frame_.origin(area, plane, scratch.frame.data());
      T* c = p_.planar ? scratch.planar.data() + plane * area.rows * c_row : output(area, plane);
      for (int64_t y = 0; y < area.rows; ++y, a += frame_.row_step(), c += c_row) {
        for (int64_t i = 0; i < tiles.parts; ++i) {
          const int64_t x = scratch.cuts[i];
          const int height = static_cast<int>(scratch.cuts[i + 1] - x);
          for (int64_t q = 0; q < panels; ++q) {
            PanelTile<T>& panel = scratch.panels[static_cast<size_t>(q)];
            StridedTile<T>& tile = panel.tile;
            tile.a = a + x * tile.a_step + panel.channel;
            tile.c = c + x * tile.c_step + panel.column;
            if (fetches)
              tile.next_c = q + 1 < panels
                                ? tile.c + scratch.panels[static_cast<size_t>(q + 1)].column - panel.column
                                : c + (x + height) * tile.c_step + scratch.panels[0].column;
            kernel_.strided.tile(height, panel.vectors, tile, panel.epilogue);
          }
        }
      }
    }
  }

  // Its first output.
  T* output(const SweepArea& area, int64_t plane) const {
    const int64_t n = divide(area.plane + plane, p_.grid[0]), z = area.plane + plane - n * p_.grid[0];
    return p_.out + n * p_.out_step[0] + z * p_.out_step[1] + area.y * p_.out_step[2] +
           area.x * p_.out_step[3];
  }

  // The activation while the sweep is in cache, and its way to planes.
  void finish(const SweepArea& area, T* planar) const {
    const bool curve = is_curve(p_.activation);
    if (p_.planar) {
      if (curve) kernel_.activation.forward(p_.activation, planar, area.pixels() * columns());
      return turn(area, planar);
    }
    if (!curve) return;
    const bool dense = p_.out_step[3] == columns();  // a row of pixels is one stretch
    const int64_t stretches = dense ? 1 : area.width, size = dense ? area.width * columns() : columns();
    for (int64_t plane = 0; plane < area.planes; ++plane)
      for (int64_t y = 0; y < area.rows; ++y)
        for (int64_t x = 0; x < stretches; ++x)
          kernel_.activation.forward(p_.activation,
                                     output(area, plane) + y * p_.out_step[2] + x * p_.out_step[3], size);
  }
  void turn(const SweepArea& area, const T* source) const {
    const int64_t layer = p_.grid[1] * p_.grid[2], image = p_.grid[0] * layer, count = area.rows * area.width;
    for (int64_t plane = 0; plane < area.planes; ++plane, source += count * columns()) {
      const int64_t n = (area.plane + plane) / p_.grid[0], z = (area.plane + plane) % p_.grid[0];
      const int64_t within = z * layer + area.y * p_.grid[2] + area.x;
      kernel_.gemm.transpose(source, columns(), count, columns(), p_.out + n * columns() * image + within,
                             image);
    }
  }

  static constexpr int64_t kLeastStrip = 56;

  const TapGemm<T>& p_;
  const Kernels<T>& kernel_;
  StridedFrame<T> frame_;
  StridedPanels<T> panels_;
  int64_t groups_ = 1, parts_ = 1, strips_ = 1;
  StridedSegments segments_;
};

}  // namespace

template <class T>
void strided_gemm(const TapGemm<T>& problem) {
  if (!is_matrix_product(problem)) return StridedRun<T>(problem).run();
  const TapGemm<T> flat = flattened(problem);
  StridedRun<T>(flat).run();
}

template <class T>
PackedWeights<T> strided_gemm_pack(const TapGemm<T>& problem) {
  const TapGemm<T> flat = flattened(problem);
  StridedPanels<T> panels(flat, flat.grid[2]);
  panels.pack(get_num_threads());
  return panels.take();
}

template <class T>
WeightForm strided_gemm_form(const TapGemm<T>& problem) {
  const TapGemm<T> flat = flattened(problem);
  return StridedPanels<T>(flat, flat.grid[2]).form();
}

#define FOLDGATE_INSTANTIATE(T)                                   \
  template void strided_gemm(const TapGemm<T>&);                  \
  template PackedWeights<T> strided_gemm_pack(const TapGemm<T>&); \
  template WeightForm strided_gemm_form(const TapGemm<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
