#include "ops/recurrent/plan.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace foldgate {
namespace {

const char* gate_factor(int gates) { return gates == 4 ? "4 * " : gates == 3 ? "3 * " : ""; }
const char* gate_names(int gates) { return gates == 4 ? "i, f, c, o" : "z, r, h"; }

void check_shapes(const RecurrentOptions& options, int gates, const Extents& x, const Extents& kernel,
                  const Extents& recurrent_kernel) {
  const char* op = options.op;
  require_sequences(options, x);
  require(kernel.size() == 2 && kernel[0] == x[2], op, ": kernel has shape ", shape_text(kernel),
          "; expected (", x[2], ", ", gate_factor(gates), "units) for the ", x[2], " features of x");
  require(kernel[1] % gates == 0, op, ": kernel has ", kernel[1], " columns; expected a multiple of ", gates,
          " (gates ", gate_names(gates), ")");
  require(kernel[1] > 0, op, ": kernel has 0 columns; expected at least one unit");
  const Extents expected{kernel[1] / gates, kernel[1]};
  require(recurrent_kernel == expected, op, ": recurrent_kernel has shape ", shape_text(recurrent_kernel),
          "; expected ", shape_text(expected), " for the ", kernel[1] / gates, " units of kernel");
}

// By sequence: the number of steps that count.
std::vector<int64_t> lengths_of(const RecurrentPlan& plan, const bool* mask, const int64_t* lengths) {
  std::vector<int64_t> result(plan.batch, plan.steps);
  for (int64_t n = 0; n < plan.batch; ++n) {
    if (mask) result[n] = std::count(mask + n * plan.steps, mask + (n + 1) * plan.steps, true);
    if (!lengths) continue;
    require(lengths[n] >= 0 && lengths[n] <= plan.steps, plan.options.op, ": lengths[", n, "] is ",
            lengths[n], "; expected 0 to ", plan.steps);
    result[n] = lengths[n];
  }
  return result;
}

}  // namespace

void require_sequences(const RecurrentOptions& options, const Extents& x) {
  require(x.size() == 3, options.op, ": x has shape ", shape_text(x), "; expected ",
          options.time_major ? "(steps, batch, features)" : "(batch, steps, features)");
}

RecurrentPlan RecurrentPlan::make(const RecurrentOptions& options, const Extents& x, const Extents& kernel,
                                  const Extents& recurrent_kernel, const bool* mask, const int64_t* lengths,
                                  int lanes) {
  RecurrentPlan plan;
  plan.options = options;
  check_shapes(options, plan.gates(), x, kernel, recurrent_kernel);
  plan.batch = x[options.time_major ? 1 : 0];
  plan.steps = x[options.time_major ? 0 : 1];
  plan.inputs = x[2];
  plan.units = recurrent_kernel[0];
  plan.lanes = lanes;
  // Everything that is allocated later is a small multiple of one of these.
  checked_product(options.op, {plan.batch, plan.steps, 8, round_up(plan.units, lanes) + plan.inputs, 8});
  checked_product(options.op, {plan.units + plan.inputs + 2 * lanes, 8, round_up(plan.units, lanes), 8});

  const std::vector<int64_t> by_sequence = lengths_of(plan, mask, lengths);
  plan.order.resize(plan.batch);
  std::iota(plan.order.begin(), plan.order.end(), 0);
  if (mask || lengths)
    std::stable_sort(plan.order.begin(), plan.order.end(),
                     [&](int64_t a, int64_t b) { return by_sequence[a] > by_sequence[b]; });
  plan.length.resize(plan.batch);
  for (int64_t r = 0; r < plan.batch; ++r) plan.length[r] = by_sequence[plan.order[r]];
  plan.first.assign(1, 0);
  for (int64_t s = 0, n = plan.batch; n > 0; ++s) {
    while (n > 0 && plan.length[n - 1] <= s) --n;
    if (n > 0) plan.first.push_back(plan.first.back() + n);
  }
  if (!mask) return plan;
  plan.times.resize(plan.batch * plan.steps);
  for (int64_t r = 0; r < plan.batch; ++r) {
    int64_t* next = &plan.times[r * plan.steps];
    for (int64_t t = 0; t < plan.steps; ++t)
      if (mask[plan.order[r] * plan.steps + t]) *next++ = t;
  }
  return plan;
}

int64_t RecurrentPlan::cache_size() const { return kCacheHeader + rows() * vectors() * slots() * lanes; }

}  // namespace foldgate
