#include "ops/conv/tap_gemm.h"

#include "core/thread_pool.h"
#include "ops/conv/tap_sweep.h"

namespace foldgate {
namespace {

// Packs the weights, or leaves it to the tasks, a block of a panel at a time: returns the values of such a block.
template <class T>
int64_t pack(int workers, const TapCut<T>& cut, TapPanels<T>& panels) {
  if (cut.single_sweep() && !panels.kept()) return panels.pack_blocks();
  panels.pack_all(workers);
  return 0;
}

}  // namespace

template <class T>
void tap_gemm(const TapGemm<T>& problem) {
  TapPanels<T> panels(problem, kernels<T>().gemm);
  const TapCut<T> cut(problem, panels);
  if (cut.tasks() == 0) return;
  const int workers = workers_for(cut.tasks(), cut.work());
  const TapSweep<T> sweep(problem, panels, cut);
  const int64_t block = pack(workers, cut, panels);
  if (cut.selects()) panels.part_taps();
  std::vector<TapScratch<T>> scratch;
  scratch.reserve(static_cast<size_t>(workers));
  for (int i = 0; i < workers; ++i) scratch.emplace_back(cut, block, sweep.planar_values());
  parallel_for(cut.tasks(), workers, [&](int64_t index, int worker) {
    sweep.run(cut.task(index), scratch[static_cast<size_t>(worker)]);
  });
}

template <class T>
PackedWeights<T> tap_gemm_pack(const TapGemm<T>& problem) {
  TapPanels<T> panels(problem, kernels<T>().gemm);
  panels.pack_all(get_num_threads());
  return panels.take();
}

template <class T>
WeightForm tap_gemm_form(const TapGemm<T>& problem) {
  return TapPanels<T>(problem, kernels<T>().gemm).form();
}

#define FOLDGATE_INSTANTIATE(T)                               \
  template void tap_gemm(const TapGemm<T>&);                  \
  template PackedWeights<T> tap_gemm_pack(const TapGemm<T>&); \
  template WeightForm tap_gemm_form(const TapGemm<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
