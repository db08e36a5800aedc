#include "ops/blocked_gemm.h"

#include <algorithm>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

// A panel of B (kDepth x 4 vectors: 256 KB on AVX-512) stays in L2 beside a block of A of kBlockBytes; all panels of a
// sweep, packed at once and shared by the workers, take at most kPackedBytes.
constexpr int64_t kDepth = 1024;
constexpr int64_t kBlockBytes = 512 << 10;
constexpr int64_t kPackedBytes = 16 << 20;
constexpr int64_t kInPlaceRows = 24;
constexpr int64_t kFusedRows = 256;
// A transposed A whose terms of k lie a multiple of this apart falls into few L1 sets: it is packed if it is read more
// than twice. A row-major A is read in place: six rows in one set leave room in its eight ways.
constexpr int64_t kAliasBytes = 1024;

template <class T>
class BlockedGemm {
 public:
  explicit BlockedGemm(const GemmOperands<T>& operands)
      : o_(operands), tiles_(kernels<T>().gemm), shape_(panel_shape(tiles_, operands.plan.n)) {}

  void run() {
    const EvenSplit depths(o_.plan.k, kDepth);
    const int64_t depth = ceil_div(o_.plan.k, depths.parts);
    const int64_t sweep_width = std::max<int64_t>(
        shape_.width, kPackedBytes / (depth * static_cast<int64_t>(sizeof(T))) / shape_.width * shape_.width);
    const bool pack_a = must_pack_a();
    if (o_.plan.m <= kFusedRows && !pack_a && !few_rows()) return fused(depths);
    const int64_t row_block = block_rows(depth);
    const int workers = workers_for(kGemmTasks, o_.work());
    const int64_t packed_columns =
        few_rows() ? shape_.width : padded_columns(tiles_, std::min(sweep_width, o_.plan.n));
    const Scratch<T> panels(depth * packed_columns);
    const Scratch<T> packed_a(pack_a ? workers * row_block * depth : 0);
    for (int64_t part = 0; part < depths.parts; ++part)
      for (int64_t column = 0; column < o_.plan.n; column += sweep_width) {
        const int64_t width = std::min(sweep_width, o_.plan.n - column);
        const Sweep sweep{depths.begin(part),  depths.size(part), column, width,
                          first_packed(width), panels.data()};
        pack_b(sweep, panels.data());
        multiply(sweep, row_block, workers, pack_a ? packed_a.data() : nullptr);
      }
  }

 private:
  // One sweep: `depth` rows of B from k on, `width` columns from `column` on. Panels are packed from the column
  // `packed_from` on, those before it read in place.
  struct Sweep {
    int64_t k, depth, column, width, packed_from;
    const T* panels;

    bool packed(int64_t offset) const { return offset >= packed_from; }
    const T* panel(int64_t offset) const { return panels + (offset - packed_from) * depth; }
  };

  // Rows that one worker's caches hold: it packs a panel of B and multiplies all of them by it at once.
  void fused(const EvenSplit& depths) {
    const int64_t panel = ceil_div(o_.plan.k, depths.parts) * shape_.width;
    const int64_t tasks = ceil_div(o_.plan.n, shape_.width);
    const int workers = workers_for(tasks, o_.work());
    const Scratch<T> panels(workers * panel);
    const EvenSplit tiles(o_.plan.m, shape_.rows);
    for (int64_t part = 0; part < depths.parts; ++part)
      parallel_for(tasks, workers, [&](int64_t task, int worker) {
        const int64_t column = task * shape_.width, width = std::min(shape_.width, o_.plan.n - column);
        T* packed = panels.data() + worker * panel;
        const Sweep sweep{depths.begin(part), depths.size(part), column, width, 0, packed};
        tiles_.pack_panels(o_.b + sweep.k * o_.plan.b.row + column * o_.plan.b.column, o_.plan.b.row,
                           o_.plan.b.column, sweep.depth, width, shape_.width, packed);
        for (int64_t tile = 0; tile < tiles.parts; ++tile)
          one_tile(sweep, 0, tiles.begin(tile), tiles.size(tile), nullptr);
      });
  }

  // Few rows are too little reuse to pack a row-major B for: only a ragged last panel is, since B must not be read
  // past its end.
  bool few_rows() const { return o_.plan.b.column == 1 && o_.plan.m <= kInPlaceRows; }
  int64_t first_packed(int64_t width) const {
    if (!few_rows()) return 0;
    return width % tiles_.lanes == 0 ? width : width / shape_.width * shape_.width;
  }

  bool must_pack_a() const {
    if (o_.plan.a.column == 1) return false;
    const int64_t step = o_.plan.a.column * static_cast<int64_t>(sizeof(T));
    return o_.plan.a.row != 1 || (step % kAliasBytes == 0 && o_.plan.m > 4 && o_.plan.n > 2 * shape_.width);
  }

  // Whole tiles, at most kBlockBytes of A, and short enough to give kGemmTasks blocks if there are rows for it.
  int64_t block_rows(int64_t depth) const {
    const int64_t by_cache = kBlockBytes / (depth * static_cast<int64_t>(sizeof(T))) / shape_.rows;
    const int64_t by_tasks = ceil_div(ceil_div(o_.plan.m, shape_.rows), kGemmTasks);
    return std::max<int64_t>(1, std::min(by_cache, by_tasks)) * shape_.rows;
  }

  void pack_b(const Sweep& sweep, T* panels) {
    const int64_t columns = sweep.width - sweep.packed_from;
    const int64_t count = ceil_div(columns, shape_.width), tasks = std::min(count, kGemmTasks);
    const T* b = o_.b + sweep.k * o_.plan.b.row + (sweep.column + sweep.packed_from) * o_.plan.b.column;
    parallel_for(tasks, workers_for(tasks, kValueWork * sweep.depth * columns), [&](int64_t task, int) {
      const int64_t begin = count * task / tasks * shape_.width;
      const int64_t end = std::min(columns, count * (task + 1) / tasks * shape_.width);
      tiles_.pack_panels(b + begin * o_.plan.b.column, o_.plan.b.row, o_.plan.b.column, sweep.depth,
                         end - begin, shape_.width, panels + begin * sweep.depth);
    });
  }

  // Tasks are blocks of rows, cut along the columns as well where rows are few.
  void multiply(const Sweep& sweep, int64_t row_block, int workers, T* packed_a) {
    const EvenSplit blocks(o_.plan.m, row_block);
    const int64_t panels = ceil_div(sweep.width, shape_.width);
    const int64_t groups = std::min(panels, ceil_div(kGemmTasks, blocks.parts));
    parallel_for(blocks.parts * groups, workers, [&](int64_t task, int worker) {
      const int64_t block = task / groups, group = task % groups;
      T* a = packed_a ? packed_a + worker * row_block * sweep.depth : nullptr;
      const EvenSplit tiles(blocks.size(block), shape_.rows);
      if (a) pack_rows(sweep, blocks.begin(block), tiles, a);
      for (int64_t panel = panels * group / groups; panel < panels * (group + 1) / groups; ++panel)
        for (int64_t part = 0; part < tiles.parts; ++part)
          one_tile(sweep, panel * shape_.width, blocks.begin(block) + tiles.begin(part), tiles.size(part),
                   a ? a + tiles.begin(part) * sweep.depth : nullptr);
    });
  }

  // Each tile's rows as [k][row].
  void pack_rows(const Sweep& sweep, int64_t first, const EvenSplit& tiles, T* packed) {
    for (int64_t part = 0; part < tiles.parts; ++part) {
      const int64_t count = tiles.size(part);
      const T* a = o_.a + (first + tiles.begin(part)) * o_.plan.a.row + sweep.k * o_.plan.a.column;
      T* target = packed + tiles.begin(part) * sweep.depth;
      for (int64_t k = 0; k < sweep.depth; ++k)
        for (int64_t i = 0; i < count; ++i)
          target[k * count + i] = a[i * o_.plan.a.row + k * o_.plan.a.column];
    }
  }

  void one_tile(const Sweep& sweep, int64_t offset, int64_t row, int64_t count, const T* packed_a) {
    const int64_t column = sweep.column + offset, width = panel_width(tiles_, shape_, sweep.width - offset);
    const T* b = sweep.packed(offset) ? sweep.panel(offset) : o_.b + sweep.k * o_.plan.b.row + column;
    const T* a[kRowPointers];
    T* c[kRowPointers];
    for (int64_t i = 0; i < count; ++i) c[i] = o_.c + (row + i) * o_.plan.c_step;
    Tile<T> tile;
    tile.length = sweep.depth;
    tile.a = a;
    tile.b = &b;
    tile.b_step = sweep.packed(offset) ? width : o_.plan.b.row;
    tile.c = c;
    tile.c_offset = column;
    tile.columns = static_cast<int>(std::min(width, sweep.width - offset));
    const bool last = sweep.k + sweep.depth == o_.plan.k;
    const Epilogue<T> epilogue{last && o_.bias ? o_.bias + column : nullptr, sweep.k > 0,
                               last ? rectifier(o_.plan.activation) : kNoRectifier};
    const int m = static_cast<int>(count), vectors = static_cast<int>(width / tiles_.lanes);
    if (!packed_a && o_.plan.a.column == 1) {
      for (int64_t i = 0; i < count; ++i) a[i] = o_.a + (row + i) * o_.plan.a.row + sweep.k;
      tiles_.rows(m, vectors, tile, epilogue);
    } else {
      a[0] = packed_a ? packed_a : o_.a + row + sweep.k * o_.plan.a.column;
      tile.a_step = packed_a ? count : o_.plan.a.column;
      tiles_.columns(m, vectors, tile, epilogue);
    }
  }

  const GemmOperands<T>& o_;
  const GemmKernels<T>& tiles_;
  const PanelShape shape_;
};

}  // namespace

template <class T>
void blocked_gemm(const GemmOperands<T>& operands) {
  BlockedGemm<T>(operands).run();
}

template void blocked_gemm(const GemmOperands<float>&);
template void blocked_gemm(const GemmOperands<double>&);

}  // namespace foldgate
