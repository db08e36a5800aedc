#include "ops/bias.h"

#include <algorithm>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/chunks.h"

namespace foldgate {
namespace {

// Sums of chunks of `rows` rows of `width` columns each, joined in their order: sums[c] = sum of values[r][c].
template <class T, class Body>
void sum_rows(int64_t rows, int64_t width, T* sums, Body body) {
  const auto column_sums = kernels<T>().conv.column_sums;
  const int64_t size = std::max<int64_t>(1, kChunk / width), parts = ceil_div(rows, size);
  const Scratch<T> partial(parts * width);
  in_chunks(rows, width, [&](int64_t begin, int64_t count) {
    column_sums(body(begin, count), count, width, width, false, partial.data() + begin / size * width);
  });
  column_sums(partial.data(), parts, width, width, false, sums);
}

}  // namespace

BiasPlan BiasPlan::make(const char* op, const std::vector<int64_t>& shape, bool channels_first,
                        Activation activation) {
  const size_t least = channels_first ? 2 : 1;
  require(shape.size() >= least, op, ": x has shape ", shape_text(shape), "; expected at least ", least,
          " axes");
  const size_t axis = channels_first ? 1 : shape.size() - 1;
  BiasPlan plan{1, shape[axis], 1, activation};
  for (size_t i = 0; i < axis; ++i) plan.outer = checked_mul(op, plan.outer, shape[i]);
  for (size_t i = axis + 1; i < shape.size(); ++i) plan.inner = checked_mul(op, plan.inner, shape[i]);
  return plan;
}

template <class T>
void bias_add(const BiasPlan& plan, const T* x, const T* bias, T* y) {
  if (plan.channels == 0 || plan.inner == 0) return;
  const BiasKernels<T>& kernel = kernels<T>().bias;
  const auto finish = kernels<T>().activation.forward;
  const T limit = relu_limit<T>(plan.activation);
  const int64_t width = plan.inner > 1 ? plan.inner : plan.channels;
  const int64_t rows = plan.inner > 1 ? plan.outer * plan.channels : plan.outer;
  Target<T> out = target(y, rows * width, width);
  if (is_curve(plan.activation)) out.past_cache = false;  // it reads what is written
  in_chunks(rows, width, [&](int64_t begin, int64_t size) {
    if (plan.inner > 1) {
      for (int64_t p = begin; p < begin + size; ++p)
        kernel.plane(x + p * width, bias[p % plan.channels], width, limit, out + p * width);
    } else {
      kernel.rows(x + begin * width, bias, size, width, limit, out + begin * width);
    }
    if (is_curve(plan.activation)) finish(plan.activation, y + begin * width, size * width);
    fence(out);
  });
}

template <class T>
void bias_add_backward(const BiasPlan& plan, const T* dy, const T* y, T* dx, T* dbias) {
  if (plan.channels == 0) return;
  if (plan.outer == 0 || plan.inner == 0) {
    std::fill_n(dbias, plan.channels, T(0));
    return;
  }
  const auto chain = kernels<T>().activation.backward;
  if (plan.activation == Activation::kLinear) y = dy;  // something to read
  auto gradient = [&](int64_t begin, int64_t size) {   // the activation's, of a stretch of values
    if (!dx) return dy + begin;
    chain(plan.activation, y + begin, dy + begin, dx + begin, size);
    return static_cast<const T*>(dx + begin);
  };
  if (plan.inner == 1) {
    const int64_t width = plan.channels;
    return sum_rows(plan.outer, width, dbias,
                    [&](int64_t begin, int64_t count) { return gradient(begin * width, count * width); });
  }
  const auto total = kernels<T>().conv.total;
  const int64_t planes = plan.outer * plan.channels;
  const Scratch<T> totals(planes);
  in_chunks(planes, plan.inner, [&](int64_t begin, int64_t count) {
    for (int64_t p = begin; p < begin + count; ++p)
      totals[p] = total(gradient(p * plan.inner, plan.inner), plan.inner);
  });
  kernels<T>().conv.column_sums(totals.data(), plan.outer, plan.channels, plan.channels, false, dbias);
}

template <class T>
void add_relu(const T* a, const T* b, int64_t n, T* y) {
  const auto kernel = kernels<T>().bias.add_relu;
  in_chunks(n, 1, y,
            [&](int64_t begin, int64_t size, Target<T> to) { kernel(a + begin, b + begin, size, to); });
}

template void bias_add(const BiasPlan&, const float*, const float*, float*);
template void bias_add(const BiasPlan&, const double*, const double*, double*);
template void bias_add_backward(const BiasPlan&, const float*, const float*, float*, float*);
template void bias_add_backward(const BiasPlan&, const double*, const double*, double*, double*);
template void add_relu(const float*, const float*, int64_t, float*);
template void add_relu(const double*, const double*, int64_t, double*);

}  // namespace foldgate
