#include "ops/gemm.h"

#include <algorithm>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/blocked_gemm.h"

namespace foldgate {
namespace {

// Columns of a matrix-vector product that a task takes at least.
constexpr int64_t kVectorColumns = 224;

template <class T>
class Gemm {
 public:
  explicit Gemm(const GemmOperands<T>& operands)
      : o_(operands), kernel_(kernels<T>()), tiles_(kernel_.gemm) {}

  void run() {
    if (o_.plan.m == 0 || o_.plan.n == 0) return;
    const bool k_contiguous = o_.plan.a.column == 1 && o_.plan.b.row == 1;
    if (o_.plan.k == 0)
      fill_bias();
    else if (k_contiguous && o_.plan.n <= tiles_.dots_columns)
      narrow();
    else if (k_contiguous && o_.plan.m == 1)
      vector_times_transposed();
    else if (o_.plan.m == 1 && o_.plan.b.column == 1)
      vector_times_rows();
    else
      blocked_gemm(o_);
    if (is_curve(o_.plan.activation)) activate();
  }

 private:
  void fill_bias() {
    for (int64_t i = 0; i < o_.plan.m; ++i)
      for (int64_t j = 0; j < o_.plan.n; ++j) {
        o_.c[i * o_.plan.c_step + j] = rectified(o_.bias ? o_.bias[j] : T(0));
      }
  }

  T rectified(T x) const {
    const T limit = o_.limit();
    return limit == 0 ? x : x <= 0 ? T(0) : x > limit ? limit : x;
  }

  void activate() {
    const int64_t tasks = std::min<int64_t>(o_.plan.m, kGemmTasks);
    parallel_for(tasks, workers_for(tasks, kValueWork * o_.plan.m * o_.plan.n), [&](int64_t task, int) {
      for (int64_t i = o_.plan.m * task / tasks; i < o_.plan.m * (task + 1) / tasks; ++i)
        kernel_.activation.forward(o_.plan.activation, o_.c + i * o_.plan.c_step, o_.plan.n);
    });
  }

  // Few columns, both operands contiguous along k.
  void narrow() {
    dots({o_.a, o_.plan.a.row, o_.plan.m}, {o_.b, o_.plan.b.column, o_.plan.n}, o_.plan.c_step,
         {o_.bias, false, rectifier(o_.plan.activation)});
  }

  // One row against a B that is contiguous along k: the rows of the transposed product are the columns of B, so that
  // the bias, one value a row there, is added afterwards.
  void vector_times_transposed() {
    dots({o_.b, o_.plan.b.column, o_.plan.n}, {o_.a, 0, 1}, 1, {});
    for (int64_t j = 0; j < o_.plan.n && (o_.bias || o_.limit() != 0); ++j)
      o_.c[j] = rectified(o_.c[j] + (o_.bias ? o_.bias[j] : T(0)));
  }

  struct Vectors {  // `count` vectors along k, `step` apart
    const T* data;
    int64_t step, count;
  };

  // C[i][j] = rows i . columns j, row i of C at c + i * c_step
  void dots(Vectors rows, Vectors columns, int64_t c_step, Epilogue<T> epilogue) {
    const EvenSplit split(rows.count, tiles_.dots_rows);
    const int64_t tasks = std::min(split.parts, kGemmTasks);
    parallel_for(tasks, workers_for(tasks, o_.work()), [&](int64_t task, int) {
      const T* a[kRowPointers];
      T* c[kRowPointers];
      Tile<T> tile;
      tile.length = o_.plan.k;
      tile.a = a;
      tile.b = &columns.data;
      tile.b_step = columns.step;
      tile.c = c;
      tile.columns = static_cast<int>(columns.count);
      for (int64_t part = split.parts * task / tasks; part < split.parts * (task + 1) / tasks; ++part) {
        for (int64_t i = 0; i < split.size(part); ++i) {
          a[i] = rows.data + (split.begin(part) + i) * rows.step;
          c[i] = o_.c + (split.begin(part) + i) * c_step;
        }
        tiles_.dots(static_cast<int>(split.size(part)), tile.columns, tile, epilogue);
      }
    });
  }

  // One row against a row-major B, cut along the columns: wide enough for the prefetcher to follow the rows of B.
  void vector_times_rows() {
    const int64_t tasks = std::max<int64_t>(1, std::min(o_.plan.n / kVectorColumns, kGemmTasks));
    const int64_t step = round_up(ceil_div(o_.plan.n, tasks), tiles_.lanes);
    parallel_for(ceil_div(o_.plan.n, step), workers_for(tasks, 4 * o_.work()), [&](int64_t task, int) {
      const int64_t j = task * step;
      tiles_.vector_matrix(o_.a, o_.plan.a.column, o_.b + j, o_.plan.b.row, o_.plan.k,
                           std::min(step, o_.plan.n - j), o_.bias ? o_.bias + j : nullptr, o_.limit(),
                           o_.c + j);
    });
  }

  const GemmOperands<T>& o_;
  const Kernels<T>& kernel_;
  const GemmKernels<T>& tiles_;
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
  Gemm<T>({plan, a, b, bias, c}).run();
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
