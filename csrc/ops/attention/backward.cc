#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "ops/attention/blocks.h"

namespace foldgate {
namespace {

// Whether e^(s - lse) is a share to 8 eps, which larger ones are rounded by. A query that sees nothing has -inf.
template <class T>
bool exact_enough(T lse) {
  return std::abs(lse) <= T(32) || lse == -std::numeric_limits<T>::infinity();
}

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
        dy_(products_.packed_size(queries_, plan.values)),
        rows_(plan.sharing * plan.queries) {}

  int64_t scratch() const { return 2 * queries_ * kKeyBlock + kt_ + vt_ + k_ + q_ + dy_ + 3 * rows_; }

  void head(int64_t key_unit, T* memory) const {
    T* delta = memory + scratch() - 3 * rows_;
    const Rows rows{delta, delta + rows_, delta + 2 * rows_};
    const int64_t n = key_unit / p_.key_heads, key_head = key_unit % p_.key_heads;
    for (int64_t i = 0; i < p_.sharing; ++i) {
      const int64_t at = p_.y.at(n, key_head * p_.sharing + i, 0);
      kernels_.delta(p_.queries, {a_.dy + at, p_.values, p_.y.step}, {a_.y + at, p_.values, p_.y.step},
                     delta + i * p_.queries);
      for (int64_t query = 0; query < p_.queries; query += kQueryBlock)
        shares(n, key_head * p_.sharing + i, query, rows.at(i * p_.queries + query), memory);
    }
    for (int64_t key = 0; key < p_.keys; key += kKeyBlock) keys(n, key_head, key, rows, memory);
  }

 private:
  // Of every row of scores: p = share e^(s - from), and delta = sum dy y
  struct Rows {
    T *delta, *from, *share;
    Rows at(int64_t row) const { return {delta + row, from + row, share + row}; }
  };

  // lse and 1; where that is not exact enough for one row, all rows' largest scores and sums as forward had them.
  void shares(int64_t n, int64_t head, int64_t query, const Rows& rows, T* memory) const {
    const int64_t unit = n * p_.heads + head, count = std::min(kQueryBlock, p_.queries - query);
    const T* lse = a_.lse + unit * p_.queries + query;
    std::copy_n(lse, count, rows.from);
    std::fill_n(rows.share, count, T(1));
    if (std::all_of(lse, lse + count, exact_enough<T>)) return;
    T *s = memory, *kt = s + 2 * queries_ * kKeyBlock;
    for (int64_t key = 0; key < p_.keys && !scores_.hidden(query, key); key += kKeyBlock) {
      const ScoreBlock<T> block = scores_.block(unit, query, key);
      products_.pack(a_.k + p_.k.at(n, head / p_.sharing, key), 1, p_.k.step, p_.width, block.columns, kt);
      products_.rows(a_.q + p_.q.at(n, head, query), p_.q.step, count, kt, p_.width, block.columns, s,
                     kKeyBlock, false);
      kernels_.softmax(block, s, key == 0, rows.from, rows.share, {nullptr, 0, 0});
    }
    for (int64_t r = 0; r < count; ++r) rows.share[r] = rows.share[r] == 0 ? T(0) : T(1) / rows.share[r];
  }

  void keys(int64_t n, int64_t key_head, int64_t key, const Rows& rows_of_head, T* memory) const {
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
      const Rows of = rows_of_head.at(shared * p_.queries + query);
      kernels_.gradient(block, s, of.from, of.share, of.delta, dp);
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
  const int64_t queries_, keys_, kt_, vt_, k_, q_, dy_, rows_;
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
  template void attention_backward(const AttentionPlan&, const T*, const T*, const T*, const T*, const T*, \
                                   const T*, const AttentionMask<T>&, T, T*, T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
