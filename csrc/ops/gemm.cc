#include "ops/gemm.h"

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
// Columns of a matrix-vector product that a task takes at least.
constexpr int64_t kVectorColumns = 512;
// Tasks of a product, where it has as many tiles: enough to balance a few threads. Fixed, so that shape alone cuts.
constexpr int64_t kTasks = 16;

template <class T>
class Gemm {
 public:
  Gemm(const GemmPlan& plan, const T* a, const T* b, const T* bias, T* c)
      : plan_(plan),
        kernel_(kernels<T>()),
        tiles_(kernel_.gemm),
        shape_(panel_shape(tiles_, plan.n)),
        a_(a),
        b_(b),
        bias_(bias),
        c_(c) {}

  void run() {
    if (plan_.m == 0 || plan_.n == 0) return;
    const bool k_contiguous = plan_.a.column == 1 && plan_.b.row == 1;
    if (plan_.k == 0)
      fill_bias();
    else if (k_contiguous && plan_.n <= tiles_.dots_columns)
      narrow();
    else if (k_contiguous && plan_.m == 1)
      vector_times_transposed();
    else if (plan_.m == 1 && plan_.b.column == 1)
      vector_times_rows();
    else
      blocked();
    if (plan_.activation != Activation::kLinear && !relu()) activate();
  }

 private:
  bool relu() const { return plan_.activation == Activation::kRelu; }
  double work() const { return static_cast<double>(plan_.m) * plan_.n * plan_.k; }

  void fill_bias() {
    for (int64_t i = 0; i < plan_.m; ++i)
      for (int64_t j = 0; j < plan_.n; ++j) {
        const T x = bias_ ? bias_[j] : T(0);
        c_[i * plan_.c_step + j] = relu() && x <= 0 ? T(0) : x;
      }
  }

  void activate() {
    constexpr double kWorkPerElement = 20;
    const int64_t tasks = std::min<int64_t>(plan_.m, kTasks);
    parallel_for(tasks, workers_for(tasks, kWorkPerElement * plan_.m * plan_.n), [&](int64_t task, int) {
      for (int64_t i = plan_.m * task / tasks; i < plan_.m * (task + 1) / tasks; ++i)
        kernel_.activation.forward(plan_.activation, c_ + i * plan_.c_step, plan_.n);
    });
  }

  // Few columns, both operands contiguous along k.
  void narrow() {
    dots({a_, plan_.a.row, plan_.m}, {b_, plan_.b.column, plan_.n}, plan_.c_step, {bias_, false, relu()});
  }

  // One row against a B that is contiguous along k: the rows of the transposed product are the columns of B, so that
  // the bias, one value a row there, is added afterwards.
  void vector_times_transposed() {
    dots({b_, plan_.b.column, plan_.n}, {a_, 0, 1}, 1, {});
    for (int64_t j = 0; j < plan_.n && (bias_ || relu()); ++j) {
      const T x = c_[j] + (bias_ ? bias_[j] : T(0));
      c_[j] = relu() && x <= 0 ? T(0) : x;
    }
  }

  struct Vectors {  // `count` vectors along k, `step` apart
    const T* data;
    int64_t step, count;
  };

  // C[i][j] = rows i . columns j, row i of C at c + i * c_step
  void dots(Vectors rows, Vectors columns, int64_t c_step, Epilogue<T> epilogue) {
    const EvenSplit split(rows.count, tiles_.dots_rows);
    const int64_t tasks = std::min(split.parts, kTasks);
    parallel_for(tasks, workers_for(tasks, work()), [&](int64_t task, int) {
      const T* a[kRowPointers];
      T* c[kRowPointers];
      Tile<T> tile;
      tile.length = plan_.k;
      tile.a = a;
      tile.b = &columns.data;
      tile.b_step = columns.step;
      tile.c = c;
      tile.columns = static_cast<int>(columns.count);
      for (int64_t part = split.parts * task / tasks; part < split.parts * (task + 1) / tasks; ++part) {
        for (int64_t i = 0; i < split.size(part); ++i) {
          a[i] = rows.data + (split.begin(part) + i) * rows.step;
          c[i] = c_ + (split.begin(part) + i) * c_step;
        }
        tiles_.dots(static_cast<int>(split.size(part)), tile.columns, tile, epilogue);
      }
    });
  }

  // One row against a row-major B, cut along the columns: wide enough for the prefetcher to follow the rows of B.
  void vector_times_rows() {
    const int64_t tasks = std::max<int64_t>(1, std::min(plan_.n / kVectorColumns, kTasks));
    const int64_t step = round_up(ceil_div(plan_.n, tasks), tiles_.lanes);
    parallel_for(ceil_div(plan_.n, step), workers_for(tasks, 4 * work()), [&](int64_t task, int) {
      const int64_t j = task * step;
      tiles_.vector_matrix(a_, plan_.a.column, b_ + j, plan_.b.row, plan_.k, std::min(step, plan_.n - j),
                           bias_ ? bias_ + j : nullptr, relu(), c_ + j);
    });
  }

  // One sweep: `depth` rows of B from k on, `width` columns from `column` on. Panels are packed from the column
  // `packed_from` on, those before it read in place.
  struct Sweep {
    int64_t k, depth, column, width, packed_from;
    const T* panels;

    bool packed(int64_t offset) const { return offset >= packed_from; }
    const T* panel(int64_t offset) const { return panels + (offset - packed_from) * depth; }
  };

  void blocked() {
    const EvenSplit depths(plan_.k, kDepth);
    const int64_t depth = ceil_div(plan_.k, depths.parts);
    const int64_t sweep_width = std::max<int64_t>(
        shape_.width, kPackedBytes / (depth * static_cast<int64_t>(sizeof(T))) / shape_.width * shape_.width);
    const bool pack_a = must_pack_a();
    if (plan_.m <= kFusedRows && !pack_a && !few_rows()) return fused(depths);
    const int64_t row_block = block_rows(depth);
    const int workers = workers_for(kTasks, work());
    const int64_t packed_columns =
        few_rows() ? shape_.width : padded_columns(tiles_, std::min(sweep_width, plan_.n));
    const Scratch<T> panels(depth * packed_columns);
    const Scratch<T> packed_a(pack_a ? workers * row_block * depth : 0);
    for (int64_t part = 0; part < depths.parts; ++part)
      for (int64_t column = 0; column < plan_.n; column += sweep_width) {
        const int64_t width = std::min(sweep_width, plan_.n - column);
        const Sweep sweep{depths.begin(part),  depths.size(part), column, width,
                          first_packed(width), panels.data()};
        pack_b(sweep, panels.data());
        multiply(sweep, row_block, workers, pack_a ? packed_a.data() : nullptr);
      }
  }

  // Rows that one worker's caches hold: it packs a panel of B and multiplies all of them by it at once.
  void fused(const EvenSplit& depths) {
    const int64_t panel = ceil_div(plan_.k, depths.parts) * shape_.width;
    const int64_t tasks = ceil_div(plan_.n, shape_.width);
    const int workers = workers_for(tasks, work());
    const Scratch<T> panels(workers * panel);
    const EvenSplit tiles(plan_.m, shape_.rows);
    for (int64_t part = 0; part < depths.parts; ++part)
      parallel_for(tasks, workers, [&](int64_t task, int worker) {
        const int64_t column = task * shape_.width, width = std::min(shape_.width, plan_.n - column);
        T* packed = panels.data() + worker * panel;
        const Sweep sweep{depths.begin(part), depths.size(part), column, width, 0, packed};
        tiles_.pack_panels(b_ + sweep.k * plan_.b.row + column * plan_.b.column, plan_.b.row, plan_.b.column,
                           sweep.depth, width, shape_.width, packed);
        for (int64_t tile = 0; tile < tiles.parts; ++tile)
          one_tile(sweep, 0, tiles.begin(tile), tiles.size(tile), nullptr);
      });
  }

  // Few rows are too little reuse to pack a row-major B for: only a ragged last panel is, since B must not be read
  // past its end.
  bool few_rows() const { return plan_.b.column == 1 && plan_.m <= kInPlaceRows; }
  int64_t first_packed(int64_t width) const {
    if (!few_rows()) return 0;
    return width % tiles_.lanes == 0 ? width : width / shape_.width * shape_.width;
  }

  bool must_pack_a() const {
    if (plan_.a.column == 1) return false;
    const int64_t step = plan_.a.column * static_cast<int64_t>(sizeof(T));
    return plan_.a.row != 1 || (step % kAliasBytes == 0 && plan_.m > 4 && plan_.n > 2 * shape_.width);
  }

  // Whole tiles, at most kBlockBytes of A, and short enough to give kTasks blocks if there are rows for it.
  int64_t block_rows(int64_t depth) const {
    const int64_t by_cache = kBlockBytes / (depth * static_cast<int64_t>(sizeof(T))) / shape_.rows;
    const int64_t by_tasks = ceil_div(ceil_div(plan_.m, shape_.rows), kTasks);
    return std::max<int64_t>(1, std::min(by_cache, by_tasks)) * shape_.rows;
  }

  void pack_b(const Sweep& sweep, T* panels) {
    const int64_t columns = sweep.width - sweep.packed_from;
    const int64_t count = ceil_div(columns, shape_.width), tasks = std::min(count, kTasks);
    const T* b = b_ + sweep.k * plan_.b.row + (sweep.column + sweep.packed_from) * plan_.b.column;
    parallel_for(tasks, workers_for(tasks, 4.0 * sweep.depth * columns), [&](int64_t task, int) {
      const int64_t begin = count * task / tasks * shape_.width;
      const int64_t end = std::min(columns, count * (task + 1) / tasks * shape_.width);
      tiles_.pack_panels(b + begin * plan_.b.column, plan_.b.row, plan_.b.column, sweep.depth, end - begin,
                         shape_.width, panels + begin * sweep.depth);
    });
  }

  // Tasks are blocks of rows, cut along the columns as well where rows are few.
  void multiply(const Sweep& sweep, int64_t row_block, int workers, T* packed_a) {
    const EvenSplit blocks(plan_.m, row_block);
    const int64_t panels = ceil_div(sweep.width, shape_.width);
    const int64_t groups = std::min(panels, ceil_div(kTasks, blocks.parts));
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
      const T* a = a_ + (first + tiles.begin(part)) * plan_.a.row + sweep.k * plan_.a.column;
      T* target = packed + tiles.begin(part) * sweep.depth;
      for (int64_t k = 0; k < sweep.depth; ++k)
        for (int64_t i = 0; i < count; ++i) target[k * count + i] = a[i * plan_.a.row + k * plan_.a.column];
    }
  }

  void one_tile(const Sweep& sweep, int64_t offset, int64_t row, int64_t count, const T* packed_a) {
    const int64_t column = sweep.column + offset, width = panel_width(tiles_, shape_, sweep.width - offset);
    const T* b = sweep.packed(offset) ? sweep.panel(offset) : b_ + sweep.k * plan_.b.row + column;
    const T* a[kRowPointers];
    T* c[kRowPointers];
    for (int64_t i = 0; i < count; ++i) c[i] = c_ + (row + i) * plan_.c_step;
    Tile<T> tile;
    tile.length = sweep.depth;
    tile.a = a;
    tile.b = &b;
    tile.b_step = sweep.packed(offset) ? width : plan_.b.row;
    tile.c = c;
    tile.c_offset = column;
    tile.columns = static_cast<int>(std::min(width, sweep.width - offset));
    const bool last = sweep.k + sweep.depth == plan_.k;
    const Epilogue<T> epilogue{last && bias_ ? bias_ + column : nullptr, sweep.k > 0, last && relu()};
    const int m = static_cast<int>(count), vectors = static_cast<int>(width / tiles_.lanes);
    if (!packed_a && plan_.a.column == 1) {
      for (int64_t i = 0; i < count; ++i) a[i] = a_ + (row + i) * plan_.a.row + sweep.k;
      tiles_.rows(m, vectors, tile, epilogue);
    } else {
      a[0] = packed_a ? packed_a : a_ + row + sweep.k * plan_.a.column;
      tile.a_step = packed_a ? count : plan_.a.column;
      tiles_.columns(m, vectors, tile, epilogue);
    }
  }

  const GemmPlan& plan_;
  const Kernels<T>& kernel_;
  const GemmKernels<T>& tiles_;
  const PanelShape shape_;
  const T* a_;
  const T* b_;
  const T* bias_;
  T* c_;
};

}  // namespace

GemmPlan GemmPlan::make(int64_t m, int64_t n, int64_t k, MatrixStep a, MatrixStep b, Activation activation) {
  require(m >= 0 && n >= 0 && k >= 0, "matmul: extents (m, n, k) are ", shape_text({m, n, k}),
          "; expected none negative");
  checked_product("matmul", {m, n});
  checked_product("matmul", {m, k});
  checked_product("matmul", {k, n});
  GemmPlan plan;
  plan.m = m;
  plan.n = n;
  plan.k = k;
  plan.a = a;
  plan.b = b;
  plan.c_step = n;
  plan.activation = activation;
  return plan;
}

template <class T>
void gemm(const GemmPlan& plan, const T* a, const T* b, const T* bias, T* c) {
  Gemm<T>(plan, a, b, bias, c).run();
}

template <class T>
void batched_gemm(const GemmPlan& plan, const T* a, const std::vector<int64_t>& a_offsets, const T* b,
                  const std::vector<int64_t>& b_offsets, const T* bias, T* c) {
  for (size_t i = 0; i < a_offsets.size(); ++i) {
    gemm(plan, a + a_offsets[i], b + b_offsets[i], bias, c + static_cast<int64_t>(i) * plan.m * plan.n);
    check_interrupt();
  }
}

template void gemm(const GemmPlan&, const float*, const float*, const float*, float*);
template void gemm(const GemmPlan&, const double*, const double*, const double*, double*);
template void batched_gemm(const GemmPlan&, const float*, const std::vector<int64_t>&, const float*,
                           const std::vector<int64_t>&, const float*, float*);
template void batched_gemm(const GemmPlan&, const double*, const std::vector<int64_t>&, const double*,
                           const std::vector<int64_t>&, const double*, double*);

}  // namespace foldgate
