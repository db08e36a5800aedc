#include <algorithm>

#include "core/check.h"
#include "ops/recurrent/generic.h"

namespace foldgate {
namespace {

constexpr int kGeneric =
    32;  // added to the cell in the header: no fused op's cache is taken for one of these

// What tells one cell with options from another; all are exact in float.
template <class T>
void fill_header(const GenericPlan& plan, T* header) {
  std::fill_n(header, RecurrentPlan::kCacheHeader, T(0));
  const GateFunctions& f = plan.functions;
  const int64_t fields[] = {kGeneric + static_cast<int>(plan.cell()), static_cast<int>(f.gate.kind),
                            static_cast<int>(f.candidate.kind), static_cast<int>(f.output.kind), f.coupled};
  for (size_t i = 0; i < std::size(fields); ++i) header[i] = static_cast<T>(fields[i]);
}

}  // namespace

GenericPlan GenericPlan::make(const RecurrentOptions& options, const GateFunctions& functions,
                              const Extents& x, const Extents& kernel, const Extents& recurrent_kernel,
                              const Extents& projection, const bool* mask, const int64_t* lengths) {
  const char* op = options.op;
  GenericPlan plan;
  plan.functions = functions;
  const int gates = kCellGates[static_cast<int>(options.cell)];
  // What the plan of an LSTM without projection would want; recurrent_kernel is checked below.
  const Extents square = kernel.size() == 2 ? Extents{kernel[1] / gates, kernel[1]} : kernel;
  plan.rows = RecurrentPlan::make(options, x, kernel, square, mask, lengths, 1);
  plan.outputs = plan.rows.units;
  plan.projected = !projection.empty();
  if (plan.projected) {
    require(projection.size() == 2 && projection[0] == plan.rows.units && projection[1] > 0, op,
            ": projection has shape ", shape_text(projection), "; expected (", plan.rows.units,
            ", outputs) with at least one output");
    plan.outputs = projection[1];
  }
  const Extents expected{plan.outputs, kernel[1]};
  require(recurrent_kernel == expected, op, ": recurrent_kernel has shape ", shape_text(recurrent_kernel),
          "; expected ", shape_text(expected),
          plan.projected ? " for the outputs of projection" : " for the units of kernel");
  checked_product(op, {plan.rows.batch, plan.rows.steps, 8, plan.outputs, 8});
  return plan;
}

template <class T>
void write_generic_header(const GenericPlan& plan, T* cache) {
  fill_header(plan, cache);
}

template <class T>
void check_generic_cache(const GenericPlan& plan, const T* cache) {
  T expected[RecurrentPlan::kCacheHeader];
  fill_header(plan, expected);
  require(std::equal(expected, expected + RecurrentPlan::kCacheHeader, cache), plan.rows.options.op,
          ": cache was made by another op or with other options; expected what the forward op returned");
}

template void write_generic_header(const GenericPlan&, float*);
template void write_generic_header(const GenericPlan&, double*);
template void check_generic_cache(const GenericPlan&, const float*);
template void check_generic_cache(const GenericPlan&, const double*);

}  // namespace foldgate
