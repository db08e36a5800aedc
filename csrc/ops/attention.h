// Scaled dot-product attention in blocks, so that no matrix of queries by keys is ever stored.
//   s = scale q k' + mask,  p = softmax(s) over the keys,  y = p v,  lse = log of the sum of exp(s)
//   delta = sum of dy y;  dp = dy v',  ds = p (dp - delta);  dv = p' dy,  dk = scale ds' q,  dq = scale ds k
// with p = exp(s - lse) in the backward, where scores are computed again.
#pragma once
#include <cstdint>
#include <vector>

namespace foldgate {

// q (batch, heads, queries, width), k (batch, heads, keys, width), v (batch, heads, keys, values); y as q, by values.
// The mask has the axes of the scores, each but the last of which may be 1.
struct AttentionPlan {
  int64_t batch = 0, heads = 0, queries = 0, keys = 0, width = 0, values = 0;
  int64_t mask_batch = 0, mask_head = 0, mask_query = 0;  // steps; 0 where the mask repeats
  bool causal = false;                                    // query i sees keys up to i

  // ValueError naming op, argument and value where shapes do not fit. No mask: an empty shape.
  static AttentionPlan make(const char* op, const std::vector<int64_t>& q, const std::vector<int64_t>& k,
                            const std::vector<int64_t>& v, const std::vector<int64_t>& mask, bool causal);
  int64_t units() const { return batch * heads; }
};

// At most one of them: added to the scores, or 0 where a key is hidden.
template <class T>
struct AttentionMask {
  const T* bias = nullptr;
  const uint8_t* seen = nullptr;
};

// lse (batch, heads, queries). A query that sees no key gives 0, and lse -inf. Scratch a worker: a block of scores, and
// packed keys and values of a block.
template <class T>
void attention_forward(const AttentionPlan& plan, const T* q, const T* k, const T* v,
                       const AttentionMask<T>& mask, T scale, T* y, T* lse);
template <class T>
void attention_backward(const AttentionPlan& plan, const T* dy, const T* q, const T* k, const T* v,
                        const T* y, const T* lse, const AttentionMask<T>& mask, T scale, T* dq, T* dk, T* dv);

}  // namespace foldgate
