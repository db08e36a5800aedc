#include "ops/recurrent/gradients.h"

#include <algorithm>

#include "core/thread_pool.h"

namespace foldgate {

template <class T>
WeightGradients<T>::WeightGradients(const GemmKernels<T>& kernels, std::vector<WeightGradient<T>> blocks,
                                    const T* dgates, int64_t dgates_step, int64_t step, int64_t chunk,
                                    int workers)
    : kernels_(kernels),
      blocks_(std::move(blocks)),
      dgates_(dgates),
      dgates_step_(dgates_step),
      step_(step),
      shape_(widest_panels(kernels)),
      panel_size_(chunk * shape_.width),
      workers_(workers),
      panels_(workers * panel_size_) {
  for (size_t block = 0; block < blocks_.size(); ++block)
    for (int64_t j = 0; j < blocks_[block].columns; j += shape_.width) tasks_.push_back({block, j});
}

template <class T>
void WeightGradients<T>::add(const ChunkRows& rows) {
  if (workers_ > 1)
    return parallel_for(tasks(), workers_, [&](int64_t task, int worker) { run(task, rows, worker); });
  for (int64_t task = 0; task < tasks(); ++task)
    run(task, rows, 0);  // perhaps within a region: nothing may throw
}

template <class T>
void WeightGradients<T>::run(int64_t task, const ChunkRows& rows, int worker) {
  const auto [number, first_column] = tasks_[task];
  const WeightGradient<T>& block = blocks_[number];
  const int64_t left = block.columns - first_column, live = std::min(left, shape_.width);
  T* panel = panels_.data() + worker * panel_size_;
  kernels_.pack_panels(dgates_ + rows.begin * dgates_step_ + block.source_column + first_column, dgates_step_,
                       1, rows.count, live, shape_.width, panel);
  for (const WeightTarget<T>& target : block.targets)
    multiply(target, block.target_column + first_column, live, rows, panel);
}

template <class T>
void WeightGradients<T>::multiply(const WeightTarget<T>& target, int64_t column, int64_t live,
                                  const ChunkRows& rows, const T* panel) {
  const Features<T>& features = *target.features;
  const int64_t width = panel_width(kernels_, shape_, live);
  const EvenSplit tiles(features.count + features.one, shape_.rows);
  constexpr int64_t kLine = 64 / sizeof(T);
  T* c[kRowPointers];
  const T* a;
  Tile<T> tile;
  tile.length = rows.count;
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
    a = features.row(rows.begin) + begin;
    kernels_.columns(static_cast<int>(size), static_cast<int>(width / kernels_.lanes), tile,
                     Epilogue<T>{nullptr, !rows.first});
  }
}

template class WeightGradients<float>;
template class WeightGradients<double>;

}  // namespace foldgate
