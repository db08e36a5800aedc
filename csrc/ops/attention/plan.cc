#include <algorithm>

#include "core/check.h"
#include "ops/attention/attention.h"

namespace foldgate {
namespace {

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

}  // namespace foldgate
