// Scaled dot-product attention in blocks, so that no matrix of queries by keys is ever stored.
//   s = scale q k' + mask,  p = softmax(s) over the keys,  y = p v,  lse = log of the sum of exp(s)
//   delta = sum of dy y;  dp = dy v',  ds = p (dp - delta);  dv = p' dy,  dk = scale ds' q,  dq = scale ds k
// with p = exp(s - lse) in the backward, where scores are computed again.
#pragma once
#include <cstdint>
#include <vector>

namespace foldgate {

// Which axis of the operands the heads are: (batch, heads, steps, width), or (batch, steps, heads, width), as the
// products that make them write.
enum class HeadsAxis { kFirst = 1, kSecond = 2 };

// Where a head's rows lie.
struct HeadSteps {
  int64_t batch = 0, head = 0, step = 0;
  int64_t at(int64_t n, int64_t h, int64_t i) const { return n * batch + h * head + i * step; }
};

// By axis of the heads: q (batch, heads, queries, width), k (batch, key_heads, keys, width), v (batch, key_heads, keys,
// values); y as q, by values. Consecutive heads share one of k and v. The mask has the axes of the scores (batch, heads,
// queries, keys), each but the last of which may be 1.
struct AttentionPlan {
  int64_t batch = 0, heads = 0, key_heads = 0, queries = 0, keys = 0, width = 0, values = 0;
  int64_t sharing = 0;  // heads of q by head of k
  HeadsAxis axis = HeadsAxis::kFirst;
  HeadSteps q, k, v, y, mask;  // of the mask: 0 where it repeats
  bool causal = false;         // query i sees keys up to i

  // ValueError naming op, argument and value where shapes do not fit. No mask: an empty shape.
  static AttentionPlan make(const char* op, const std::vector<int64_t>& q, const std::vector<int64_t>& k,
                            const std::vector<int64_t>& v, const std::vector<int64_t>& mask, bool causal,
                            HeadsAxis axis = HeadsAxis::kFirst);
  int64_t units() const { return batch * heads; }
  std::vector<int64_t> y_shape() const;
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
