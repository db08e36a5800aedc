// Narrow groups waste vector lanes and pixels' cache lines: neighbours are merged into one block-diagonal group of up to
// a vector of channels. The zeros off the diagonal add nothing to a sum, unless they meet an infinity or a NaN of another
// group: operands that hold one are left unmerged.
#pragma once
#include <algorithm>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/conv/plan.h"

namespace foldgate {

template <class T>
class MergedGroups {
 public:
  // `operand`: what is multiplied with the kernel, of `size` elements; null where zeros never meet it.
  MergedGroups(const ConvPlan& plan, const T* operand, int64_t size) : plan_(plan), factor_(1) {
    const GemmKernels<T>& gemm = kernels<T>().gemm;
    const int64_t widest = std::max(plan.group_in(), plan.group_out());
    if (plan.groups == 1 || 2 * widest > gemm.lanes) return;
    for (int64_t m = gemm.lanes / widest; m > 1 && factor_ == 1; --m)
      if (plan.groups % m == 0) factor_ = m;
    if (factor_ > 1 && operand && !kernels<T>().conv.all_finite(operand, size)) factor_ = 1;
    plan_.groups = plan.groups / factor_;
  }

  const ConvPlan& plan() const { return plan_; }
  bool any() const { return factor_ > 1; }

  // The block-diagonal kernel (taps, factor * Cin/groups, Cout); empty where nothing was merged.
  Scratch<T> kernel(const T* narrow) const {
    if (!any()) return {};
    Scratch<T> wide(plan_.kernel_size());
    wide.zero();
    for_each_run([&](int64_t from, int64_t to, int64_t count) {
      std::copy_n(narrow + from, count, wide.data() + to);
    });
    return wide;
  }

  // The diagonal blocks of a wide gradient.
  void take_diagonal(const T* wide, bool accumulate, T* narrow) const {
    for_each_run([&](int64_t from, int64_t to, int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        narrow[from + i] = wide[to + i] + (accumulate ? narrow[from + i] : T(0));
    });
  }

 private:
  // body(offset in the narrow kernel, offset in the wide one, count) for every row of a diagonal block
  template <class Body>
  void for_each_run(Body body) const {
    const int64_t narrow_in = plan_.group_in() / factor_, wide_in = plan_.group_in();
    const int64_t out = plan_.out_channels, narrow_out = plan_.group_out() / factor_;
    for (int64_t tap = 0; tap < plan_.taps(); ++tap)
      for (int64_t group = 0; group < plan_.groups * factor_; ++group)
        for (int64_t k = 0; k < narrow_in; ++k)
          body((tap * narrow_in + k) * out + group * narrow_out,
               (tap * wide_in + group % factor_ * narrow_in + k) * out + group * narrow_out, narrow_out);
  }

  ConvPlan plan_;
  int64_t factor_;
};

}  // namespace foldgate
