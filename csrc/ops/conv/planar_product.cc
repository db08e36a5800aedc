#include "ops/conv/planar_product.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/matrix_product.h"
#include "ops/conv/planar_gemm.h"

namespace foldgate {
namespace {

constexpr int64_t kDepth = 256;              // terms of a pass: a tile of weights is 14 KB on AVX-512, in L1
constexpr int64_t kPanelBytes = 192 << 10;   // of packed pixels, in L2 while all tiles pass over them
constexpr int64_t kCachedBytes = 128 << 10;  // weights that every block of pixels may read again
constexpr int64_t kTasks = 8;
constexpr int64_t kFewPanels = 4;  // of a block, where the weights come from L3
constexpr double kTaskWork = 5e8;  // ~10 ms, so that an interrupt is answered

template <class T>
class PlanarProduct {
 public:
  explicit PlanarProduct(const TapGemm<T>& problem)
      : p_(problem),
        kernel_(kernels<T>()),
        width_(2 * kernel_.gemm.lanes),
        pixels_(p_.grid[2]),
        tiles_(p_.columns, kernel_.gemm.column_heights[1]),
        depths_(p_.length, kDepth),
        panels_(ceil_div(pixels_, width_), most_panels()) {
    const double work =
        this->work() / static_cast<double>(std::max<int64_t>(1, p_.batch * panels_.parts * p_.groups));
    shares_ = std::min(tiles_.parts, 1 + static_cast<int64_t>(work / kTaskWork));
    if (p_.packed && p_.packed->form == form()) kept_ = p_.packed->data.data();
  }

  WeightForm form() const { return {WeightForm::kPlanar, p_.groups, tiles_.parts, &kernel_.gemm}; }
  PackedWeights<T> take() { return {form(), std::move(weights_)}; }

  void run() {
    if (p_.batch == 0) return;
    const int64_t tasks = p_.batch * panels_.parts * p_.groups * shares_;
    const int workers = workers_for(tasks, work());
    if (!kept_) pack(workers);
    const int64_t size = ceil_div(panels_.total, panels_.parts) * width_ * ceil_div(p_.length, depths_.parts);
    const Scratch<T> panels(workers * size);
    parallel_for(tasks, workers,
                 [&](int64_t task, int worker) { multiply(area(task), panels.data() + worker * size); });
  }

  void pack(int workers) {
    weights_ = Scratch<T>(p_.groups * p_.columns * p_.length);
    parallel_for(p_.groups * tiles_.parts, workers, [&](int64_t unit, int) {
      const int64_t group = unit / tiles_.parts, tile = unit % tiles_.parts, rows = tiles_.size(tile);
      const T* source =
          p_.weights + p_.taps[0].weights + group * p_.group_step + tiles_.begin(tile) * p_.column_step;
      T* target = weights_.data() + offset(group, tile);
      if (p_.column_step == 1)
        kernel_.conv.copy_stretches(source, p_.k_step, p_.length, rows, target, rows);
      else
        kernel_.gemm.transpose(source, p_.column_step, rows, p_.length, target, rows);
    });
  }

 private:
  // Tiles [tile, end) of a group over `width` pixels of an image, from `first` on.
  struct Area {
    int64_t n, group, tile, end, first, width;
  };

  double work() const {
    return static_cast<double>(p_.batch * pixels_) * static_cast<double>(p_.length) *
           static_cast<double>(p_.groups * p_.columns);
  }
  // By shape alone: panels of a block.
  int64_t most_panels() const {
    const int64_t size = static_cast<int64_t>(sizeof(T));
    const int64_t cached = kPanelBytes / (width_ * ceil_div(p_.length, depths_.parts) * size);
    const int64_t shared = ceil_div(ceil_div(pixels_, width_) * p_.batch * p_.groups, kTasks);
    const bool streams = p_.length * p_.columns * size > kCachedBytes;
    return std::max<int64_t>(1, std::min(cached, std::max(shared, streams ? kFewPanels : 1)));
  }
  Area area(int64_t task) const {
    const int64_t share = task % shares_, group = task / shares_ % p_.groups;
    const int64_t block = task / (shares_ * p_.groups) % panels_.parts, first = panels_.begin(block) * width_;
    return {task / (shares_ * p_.groups * panels_.parts),
            group,
            tiles_.parts * share / shares_,
            tiles_.parts * (share + 1) / shares_,
            first,
            std::min(pixels_, panels_.begin(block + 1) * width_) - first};
  }

  // Weights as columns() reads them: [group][tile][k][rows of the tile].
  int64_t offset(int64_t group, int64_t tile) const {
    return (group * p_.columns + tiles_.begin(tile)) * p_.length;
  }
  void multiply(const Area& area, T* panels) const {
    for (int64_t depth = 0; depth < depths_.parts; ++depth) {
      const int64_t k = depths_.begin(depth), channel = area.group * p_.length + k;
      const T* in = p_.in.data + (area.n * p_.groups * p_.length + channel) * pixels_ + area.first;
      kernel_.gemm.pack_panels(in, pixels_, 1, depths_.size(depth), area.width, width_, panels);
      for (int64_t tile = area.tile; tile < area.end; ++tile) one_tile(area, tile, depth, panels);
    }
    if (is_curve(p_.activation)) curve(area);
  }

  void one_tile(const Area& area, int64_t index, int64_t depth, const T* panels) const {
    const int64_t rows = tiles_.size(index), column = area.group * p_.columns + tiles_.begin(index);
    const bool first = depth == 0, last = depth + 1 == depths_.parts;
    const T *a = (kept_ ? kept_ : weights_.data()) + offset(area.group, index) + depths_.begin(depth) * rows,
            *b;
    T* c[kRowPointers];
    for (int64_t i = 0; i < rows; ++i) c[i] = output(area, column + i);
    Tile<T> tile;
    tile.length = depths_.size(depth);
    tile.a = &a;
    tile.a_step = rows;
    tile.b = &b;
    tile.c = c;
    Epilogue<T> epilogue;
    epilogue.accumulate = !first;
    epilogue.row_bias = first && p_.bias ? p_.bias + column : nullptr;
    epilogue.relu = last ? rectifier(p_.activation) : kNoRectifier;
    for (int64_t x = 0; x < area.width; x += width_) {
      const int64_t left = area.width - x, vectors = left > kernel_.gemm.lanes ? 2 : 1;
      b = panels + x * tile.length;
      tile.b_step = vectors * kernel_.gemm.lanes;
      tile.c_offset = x;
      tile.columns = static_cast<int>(std::min(left, width_));
      kernel_.gemm.columns(static_cast<int>(rows), static_cast<int>(vectors), tile, epilogue);
    }
  }

  T* output(const Area& area, int64_t column) const {
    return p_.out + (area.n * p_.groups * p_.columns + column) * pixels_ + area.first;
  }
  void curve(const Area& area) const {
    for (int64_t j = tiles_.begin(area.tile); j < tiles_.begin(area.end); ++j)
      kernel_.activation.forward(p_.activation, output(area, area.group * p_.columns + j), area.width);
  }

  const TapGemm<T>& p_;
  const Kernels<T>& kernel_;
  int64_t width_, pixels_;
  EvenSplit tiles_, depths_, panels_;  // of columns, terms, panels of pixels
  int64_t shares_ = 1;                 // of the tiles of a group
  Scratch<T> weights_;
  const T* kept_ = nullptr;  // instead of weights_
};

// Few columns meet each pixel in one tile: packing the pixels costs more than reading planes that lie far apart
// (planar_gemm), as long as those come from a cache. Of narrower vectors as many columns take several tiles.
constexpr int64_t kPixelBytes = 8 << 20;
template <class T>
bool has_one_tile(const TapGemm<T>& problem) {
  const int64_t bytes = problem.batch * problem.grid[0] * problem.grid[1] * problem.grid[2] * problem.length *
                        static_cast<int64_t>(sizeof(T));
  const GemmKernels<T>& gemm = kernels<T>().gemm;
  return gemm.tile_vectors > 2 && problem.columns <= gemm.column_heights[1] && bytes <= kPixelBytes;
}

}  // namespace

template <class T>
bool planar_product_suits(const TapGemm<T>& problem) {
  if (!problem.planes || !problem.planar || problem.columns < 4 || !is_matrix_product(problem)) return false;
  if (has_one_tile(problem) && planar_gemm_suits(problem)) return false;
  const int64_t pixels = problem.grid[0] * problem.grid[1] * problem.grid[2];
  const int64_t lanes = kernels<T>().gemm.lanes;
  if (problem.length <= kDepth) return 5 * pixels >= 4 * round_up(pixels, lanes);
  return 20 * pixels >= 19 * round_up(pixels, 2 * lanes);
}

template <class T>
void planar_product(const TapGemm<T>& problem) {
  const TapGemm<T> flat = flattened(problem);
  PlanarProduct<T>(flat).run();
}

template <class T>
PackedWeights<T> planar_product_pack(const TapGemm<T>& problem) {
  const TapGemm<T> flat = flattened(problem);
  PlanarProduct<T> product(flat);
  product.pack(get_num_threads());
  return product.take();
}

template <class T>
WeightForm planar_product_form(const TapGemm<T>& problem) {
  const TapGemm<T> flat = flattened(problem);
  return PlanarProduct<T>(flat).form();
}

#define FOLDGATE_INSTANTIATE(T)                                     \
  template bool planar_product_suits(const TapGemm<T>&);            \
  template void planar_product(const TapGemm<T>&);                  \
  template PackedWeights<T> planar_product_pack(const TapGemm<T>&); \
  template WeightForm planar_product_form(const TapGemm<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
