#include "ops/recurrent/gradients.h"

#include <algorithm>

#include "core/thread_pool.h"

namespace foldgate {

template <class T>
WeightGradients<T>::WeightGradients(const GemmKernels<T>& kernels, std::vector<WeightGradient<T>> blocks,
                                    int64_t step, int64_t chunk, int workers)
    : kernels_(kernels),
      blocks_(std::move(blocks)),
      step_(step),
      shape_(widest_panels(kernels)),
      panel_size_(chunk * shape_.width),
      workers_(workers),
      panels_(workers * panel_size_) {
  for (size_t block = 0; block < blocks_.size(); ++block)
    for (int64_t j = 0; j < blocks_[block].columns; j += shape_.width) tasks_.push_back({block, j});
}

template <class T>
void WeightGradients<T>::add(const T* dgates, int64_t dgates_step, int64_t rows, bool first) {
  const auto run_task = [&](int64_t task, int worker) {
    run(tasks_[task], dgates, dgates_step, rows, first, panels_.data() + worker * panel_size_);
  };
  const auto tasks = static_cast<int64_t>(tasks_.size());
  if (workers_ > 1) return parallel_for(tasks, workers_, run_task);
  for (int64_t task = 0; task < tasks; ++task)
    run_task(task, 0);  // perhaps within a region: nothing may throw
}

template <class T>
void WeightGradients<T>::run(const Task& task, const T* dgates, int64_t dgates_step, int64_t rows, bool first,
                             T* panel) {
  const WeightGradient<T>& block = blocks_[task.block];
  const int64_t left = block.columns - task.column, live = std::min(left, shape_.width);
  kernels_.pack_panels(dgates + block.source_column + task.column, dgates_step, 1, rows, live, shape_.width,
                       panel);
  for (const WeightTarget<T>& target : block.targets)
    multiply(target, block.target_column + task.column, live, rows, first, panel);
}

template <class T>
void WeightGradients<T>::multiply(const WeightTarget<T>& target, int64_t column, int64_t live, int64_t rows,
                                  bool first, const T* panel) {
  const Features<T>& features = *target.features;
  const int64_t width = panel_width(kernels_, shape_, live);
  const EvenSplit tiles(features.count + features.one, shape_.rows);
  constexpr int64_t kLine = 64 / sizeof(T);
  T* c[kRowPointers];
  const T* a;
  Tile<T> tile;
  tile.length = rows;
  tile.a = &a;
  tile.a_step = features.step;
  tile.b = &panel;
  tile.b_step = width;
  tile.c = c;
  tile.columns = static_cast<int>(live);
  for (int64_t part = 0; part < tiles.parts; ++part) {
    const int64_t begin = tiles.begin(part), size = tiles.size(part);
    for (int64_t i = 0; i < size; ++i) {
      c[i] = column + (begin + i < features.count ? target.data + (begin + i) * step_ : target.sums);
      // Read and written when the tile ends: by then it is here.
      for (int64_t j = 0; j < live; j += kLine) __builtin_prefetch(c[i] + j, 1);
    }
    a = features.rows.data() + begin;
    kernels_.columns(static_cast<int>(size), static_cast<int>(width / kernels_.lanes), tile,
                     Epilogue<T>{nullptr, !first});
  }
}

template class WeightGradients<float>;
template class WeightGradients<double>;

}  // namespace foldgate
