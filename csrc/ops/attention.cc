#include "ops/attention.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

// 64 KB of scores, which stay in L2 with the packed keys and values of a block.
constexpr int64_t kQueryBlock = 128, kKeyBlock = 128;

// Products of blocks whose right side is packed.
template <class T>
class Products {
 public:
  int64_t packed_size(int64_t k, int64_t n) const { return k * padded_columns(tiles_, n); }
  void pack(const T* b, int64_t row_step, int64_t column_step, int64_t k, int64_t n, T* packed) const {
    tiles_.pack_panels(b, row_step, column_step, k, n, panel_shape(tiles_, n).width, packed);
  }
  // c (m, n) = a (m, k) b, or c + that; rows of a are a_step apart
  void rows(const T* a, int64_t a_step, int64_t m, const T* packed, int64_t k, int64_t n, T* c,
            int64_t c_step, bool add) const {
    multiply<false>(a, a_step, m, packed, k, n, c, c_step, add);
  }
  // c (m, n) = a' b for a (k, m)
  void transposed(const T* a, int64_t a_step, int64_t m, const T* packed, int64_t k, int64_t n, T* c,
                  int64_t c_step, bool add) const {
    multiply<true>(a, a_step, m, packed, k, n, c, c_step, add);
  }

 private:
  template <bool Transposed>
  void multiply(const T* a, int64_t a_step, int64_t m, const T* packed, int64_t k, int64_t n, T* c,
                int64_t c_step, bool add) const {
    const PanelShape shape = panel_shape(tiles_, n);
    const EvenSplit tiles(m, shape.rows);
    const Epilogue<T> epilogue{nullptr, add};
    for (int64_t j = 0; j < n; j += shape.width) {
      const int64_t width = panel_width(tiles_, shape, n - j);
      const T* b = packed + j * k;
      for (int64_t part = 0; part < tiles.parts; ++part) {
        const int64_t first = tiles.begin(part), count = tiles.size(part);
        const T* sources[kRowPointers];
        T* results[kRowPointers];
        for (int64_t i = 0; i < count; ++i) {
          sources[i] = Transposed ? a + first : a + (first + i) * a_step;
          results[i] = c + (first + i) * c_step + j;
        }
        Tile<T> tile;
        tile.length = k;
        tile.a = sources;
        tile.a_step = a_step;
        tile.b = &b;
        tile.b_step = width;
        tile.c = results;
        tile.columns = static_cast<int>(std::min(width, n - j));
        const auto kernel = Transposed ? tiles_.columns : tiles_.rows;
        kernel(static_cast<int>(count), static_cast<int>(width / tiles_.lanes), tile, epilogue);
      }
    }
  }

  const GemmKernels<T>& tiles_ = kernels<T>().gemm;
};

// A batch's head, and the block of its scores that starts at (query, key).
template <class T>
struct Scores {
  const AttentionPlan& plan;
  const AttentionMask<T>& mask;
  T scale;

  bool hidden(int64_t query, int64_t key) const {
    return plan.causal && std::min(query + kQueryBlock, plan.queries) <= key;
  }
  ScoreBlock<T> block(int64_t unit, int64_t query, int64_t key) const {
    const int64_t rows = std::min(kQueryBlock, plan.queries - query),
                  columns = std::min(kKeyBlock, plan.keys - key);
    const int64_t at = plan.mask.at(unit / plan.heads, unit % plan.heads, query) + key;
    const bool whole = !plan.causal || key + columns - 1 <= query;
    return {rows,
            columns,
            kKeyBlock,
            scale,
            mask.bias ? mask.bias + at : nullptr,
            mask.seen ? mask.seen + at : nullptr,
            plan.mask.step,
            whole ? kNoDiagonal : query - key};
  }
};

double work_of(const AttentionPlan& p) {
  return static_cast<double>(p.units()) * static_cast<double>(p.queries) * static_cast<double>(p.keys) *
         static_cast<double>(p.width + p.values + 8);
}

int64_t rows_of(int64_t extent, int64_t block) { return std::min(extent, block); }

HeadSteps head_steps(HeadsAxis axis, int64_t heads, int64_t steps, int64_t width) {
  const bool first = axis == HeadsAxis::kFirst;
  return {heads * steps * width, first ? steps * width : width, first ? width : heads * width};
}

const char* axes_of(HeadsAxis axis, bool keys) {
  if (axis == HeadsAxis::kFirst) return keys ? "(N, heads, keys, " : "(N, heads, T, ";
  return keys ? "(N, keys, heads, " : "(N, T, heads, ";
}

void check_shapes(const char* op, const std::vector<int64_t>& q, const std::vector<int64_t>& k,
                  const std::vector<int64_t>& v, HeadsAxis axis) {
  require(q.size() == 4 && q[3] >= 1, op, ": q has shape ", shape_text(q), "; expected ",
          axes_of(axis, false), "D) with at least one feature");
  const auto h = static_cast<size_t>(axis);
  require(k.size() == 4 && k[0] == q[0] && k[3] == q[3] && (k[h] == q[h] || (k[h] > 0 && q[h] % k[h] == 0)),
          op, ": k has shape ", shape_text(k), "; expected ", axes_of(axis, true), "D) as q ", shape_text(q),
          ", whose heads may share keys");
  require(v.size() == 4 && v[0] == k[0] && v[1] == k[1] && v[2] == k[2] && v[3] >= 1, op, ": v has shape ",
          shape_text(v), "; expected ", axes_of(axis, true), "values) as k ", shape_text(k));
  for (const auto* shape : {&q, &k, &v}) checked_product(op, *shape);
}

}  // namespace

AttentionPlan AttentionPlan::make(const char* op, const std::vector<int64_t>& q,
                                  const std::vector<int64_t>& k, const std::vector<int64_t>& v,
                                  const std::vector<int64_t>& mask, bool causal, HeadsAxis axis) {
  check_shapes(op, q, k, v, axis);
  const auto heads = static_cast<size_t>(axis), steps = 3 - heads;
  AttentionPlan p;
  p.batch = q[0], p.heads = q[heads], p.queries = q[steps], p.width = q[3];
  p.key_heads = k[heads], p.keys = k[steps], p.values = v[3];
  p.sharing = p.key_heads > 0 ? p.heads / p.key_heads : 0;
  p.causal = causal;
  p.axis = axis;
  checked_product(op, {p.batch, p.heads, p.queries, p.values});
  p.q = head_steps(axis, p.heads, p.queries, p.width), p.y = head_steps(axis, p.heads, p.queries, p.values);
  p.k = head_steps(axis, p.key_heads, p.keys, p.width);
  p.v = head_steps(axis, p.key_heads, p.keys, p.values);
  if (mask.empty()) return p;
  const int64_t full[] = {p.batch, p.heads, p.queries};
  bool fits = mask.size() == 4 && mask[3] == p.keys;
  for (size_t i = 0; fits && i < 3; ++i) fits = mask[i] == 1 || mask[i] == full[i];
  require(fits, op, ": mask has shape ", shape_text(mask),
          "; expected (N, heads, T, keys), 1 for what repeats");
  checked_product(op, mask);
  p.mask.step = mask[2] == 1 ? 0 : p.keys;
  p.mask.head = mask[1] == 1 ? 0 : mask[2] * p.keys;
  p.mask.batch = mask[0] == 1 ? 0 : mask[1] * mask[2] * p.keys;
  return p;
}

std::vector<int64_t> AttentionPlan::y_shape() const {
  if (axis == HeadsAxis::kFirst) return {batch, heads, queries, values};
  return {batch, queries, heads, values};
}

template <class T>
void attention_forward(const AttentionPlan& plan, const T* q, const T* k, const T* v,
                       const AttentionMask<T>& mask, T scale, T* y, T* lse) {
  const int64_t rows = plan.units() * plan.queries;
  if (rows == 0 || plan.keys == 0) {
    std::fill_n(y, rows * plan.values, T(0));
    std::fill_n(lse, rows, -std::numeric_limits<T>::infinity());
    return;
  }
  const Products<T> products;
  const AttentionKernels<T>& softmax = kernels<T>().attention;
  const Scores<T> scores{plan, mask, scale};
  const int64_t blocks = ceil_div(plan.queries, kQueryBlock), tasks = plan.units() * blocks;
  const int workers = workers_for(tasks, work_of(plan));
  const int64_t most = rows_of(plan.queries, kQueryBlock), span = rows_of(plan.keys, kKeyBlock);
  const int64_t k_size = products.packed_size(plan.width, span),
                v_size = products.packed_size(span, plan.values);
  const int64_t each = most * kKeyBlock + k_size + v_size + 2 * most;
  const Scratch<T> scratch(workers * each);
  parallel_for(tasks, workers, [&](int64_t task, int worker) {
    const int64_t unit = task / blocks, query = task % blocks * kQueryBlock;
    T *s = scratch.data() + worker * each, *packed_k = s + most * kKeyBlock, *packed_v = packed_k + k_size,
      *largest = packed_v + v_size, *sums = largest + most;
    const int64_t n = unit / plan.heads, head = unit % plan.heads, key_head = head / plan.sharing;
    const int64_t count = std::min(kQueryBlock, plan.queries - query);
    const T* first = q + plan.q.at(n, head, query);
    const HeadRows<T> out{y + plan.y.at(n, head, query), plan.values, plan.y.step};
    for (int64_t key = 0; key < plan.keys && !scores.hidden(query, key); key += kKeyBlock) {
      const ScoreBlock<T> block = scores.block(unit, query, key);
      products.pack(k + plan.k.at(n, key_head, key), 1, plan.k.step, plan.width, block.columns, packed_k);
      products.rows(first, plan.q.step, count, packed_k, plan.width, block.columns, s, kKeyBlock, false);
      softmax.softmax(block, s, key == 0, largest, sums, out);
      products.pack(v + plan.v.at(n, key_head, key), plan.v.step, 1, block.columns, plan.values, packed_v);
      products.rows(s, kKeyBlock, count, packed_v, block.columns, plan.values, out.data, out.step, key > 0);
    }
    softmax.finish(count, largest, sums, out, lse + unit * plan.queries + query);
  });
}

namespace {

// One head of keys of one sample: for every block of keys, every block of queries that sees it, head by head, in order.
template <class T>
class Backward {
 public:
  struct Arrays {
    const T *dy, *q, *k, *v, *y, *lse;
    T *dq, *dk, *dv;
  };
  Backward(const AttentionPlan& plan, const AttentionMask<T>& mask, T scale, const Arrays& arrays)
      : p_(plan),
        scores_{plan, mask, scale},
        a_(arrays),
        queries_(rows_of(plan.queries, kQueryBlock)),
        keys_(rows_of(plan.keys, kKeyBlock)),
        kt_(products_.packed_size(plan.width, keys_)),
        vt_(products_.packed_size(plan.values, keys_)),
        k_(products_.packed_size(keys_, plan.width)),
        q_(products_.packed_size(queries_, plan.width)),
        dy_(products_.packed_size(queries_, plan.values)) {}

  int64_t scratch() const {
    return 2 * queries_ * kKeyBlock + kt_ + vt_ + k_ + q_ + dy_ + p_.sharing * p_.queries;
  }

  void head(int64_t key_unit, T* memory) const {
    T* delta = memory + scratch() - p_.sharing * p_.queries;
    const int64_t n = key_unit / p_.key_heads, key_head = key_unit % p_.key_heads;
    for (int64_t i = 0; i < p_.sharing; ++i) {
      const int64_t at = p_.y.at(n, key_head * p_.sharing + i, 0);
      kernels_.delta(p_.queries, {a_.dy + at, p_.values, p_.y.step}, {a_.y + at, p_.values, p_.y.step},
                     delta + i * p_.queries);
    }
    for (int64_t key = 0; key < p_.keys; key += kKeyBlock) keys(n, key_head, key, delta, memory);
  }

 private:
  void keys(int64_t n, int64_t key_head, int64_t key, const T* delta, T* memory) const {
    T *s = memory, *dp = s + queries_ * kKeyBlock, *kt = dp + queries_ * kKeyBlock, *vt = kt + kt_,
      *k = vt + vt_, *q = k + k_, *dy = q + q_;
    const int64_t w = p_.width, u = p_.values, columns = std::min(kKeyBlock, p_.keys - key);
    const int64_t k_at = p_.k.at(n, key_head, key), v_at = p_.v.at(n, key_head, key);
    products_.pack(a_.k + k_at, 1, p_.k.step, w, columns, kt);
    products_.pack(a_.v + v_at, 1, p_.v.step, u, columns, vt);
    products_.pack(a_.k + k_at, p_.k.step, 1, columns, w, k);
    bool any = false;
    for (int64_t i = 0; i < p_.sharing * ceil_div(p_.queries, kQueryBlock); ++i) {
      const int64_t shared = i % p_.sharing, query = i / p_.sharing * kQueryBlock;
      if (scores_.hidden(query, key)) continue;
      const int64_t head = key_head * p_.sharing + shared, unit = n * p_.heads + head;
      const ScoreBlock<T> block = scores_.block(unit, query, key);
      const int64_t q_at = p_.q.at(n, head, query), y_at = p_.y.at(n, head, query), rows = block.rows;
      products_.rows(a_.q + q_at, p_.q.step, rows, kt, w, columns, s, kKeyBlock, false);
      products_.rows(a_.dy + y_at, p_.y.step, rows, vt, u, columns, dp, kKeyBlock, false);
      kernels_.gradient(block, s, a_.lse + unit * p_.queries + query, delta + shared * p_.queries + query,
                        dp);
      products_.pack(a_.dy + y_at, p_.y.step, 1, rows, u, dy);
      products_.pack(a_.q + q_at, p_.q.step, 1, rows, w, q);
      products_.transposed(s, kKeyBlock, columns, dy, rows, u, a_.dv + v_at, p_.v.step, any);
      products_.transposed(dp, kKeyBlock, columns, q, rows, w, a_.dk + k_at, p_.k.step, any);
      products_.rows(dp, kKeyBlock, rows, k, columns, w, a_.dq + q_at, p_.q.step, key > 0);
      any = true;
    }
    for (int64_t j = 0; j < columns && !any; ++j) {
      std::fill_n(a_.dk + k_at + j * p_.k.step, w, T(0));
      std::fill_n(a_.dv + v_at + j * p_.v.step, u, T(0));
    }
  }

  const AttentionPlan& p_;
  const Scores<T> scores_;
  const Arrays a_;
  const Products<T> products_;
  const AttentionKernels<T>& kernels_ = kernels<T>().attention;
  const int64_t queries_, keys_, kt_, vt_, k_, q_, dy_;
};

}  // namespace

template <class T>
void attention_backward(const AttentionPlan& plan, const T* dy, const T* q, const T* k, const T* v,
                        const T* y, const T* lse, const AttentionMask<T>& mask, T scale, T* dq, T* dk,
                        T* dv) {
  if (plan.keys == 0) std::fill_n(dq, plan.units() * plan.queries * plan.width, T(0));
  const Backward<T> backward(plan, mask, scale, {dy, q, k, v, y, lse, dq, dk, dv});
  const int64_t tasks = plan.batch * plan.key_heads;
  const int workers = workers_for(tasks, 3 * work_of(plan));
  const Scratch<T> memory(workers * backward.scratch());
  parallel_for(tasks, workers, [&](int64_t unit, int worker) {
    backward.head(unit, memory.data() + worker * backward.scratch());
  });
}

#define FOLDGATE_INSTANTIATE(T)                                                                            \
  template void attention_forward(const AttentionPlan&, const T*, const T*, const T*,                      \
                                  const AttentionMask<T>&, T, T*, T*);                                     \
  template void attention_backward(const AttentionPlan&, const T*, const T*, const T*, const T*, const T*, \
                                   const T*, const AttentionMask<T>&, T, T*, T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
