#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "ops/attention/blocks.h"

namespace foldgate {

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

#define FOLDGATE_INSTANTIATE(T)                                                       \
  template void attention_forward(const AttentionPlan&, const T*, const T*, const T*, \
                                  const AttentionMask<T>&, T, T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
