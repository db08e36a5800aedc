#include "ops/recurrent/gradients.h"

#include <algorithm>

#include "core/thread_pool.h"

namespace foldgate {

template <class T>
void Features<T>::put(const T* const* rows, int64_t row, int64_t n, int64_t total) {
  kernels_.recurrent.pack_features(rows, row, n, count, one, widest_panels(kernels_.gemm).rows, total,
                                   packed.data());
}

template <class T>
WeightGradients<T>::WeightGradients(const GemmKernels<T>& kernels, std::vector<WeightGradient<T>> products,
                                    int64_t chunk, int workers)
    : kernels_(kernels),
      products_(std::move(products)),
      shape_(widest_panels(kernels)),
      panel_size_(chunk * shape_.width),
      workers_(workers),
      panels_(workers * panel_size_) {
  for (size_t p = 0; p < products_.size(); ++p)
    for (int64_t j = 0; j < products_[p].columns; j += shape_.width) tasks_.push_back({p, j});
}

template <class T>
void WeightGradients<T>::add(const T* dgates, int64_t dgates_step, int64_t rows, bool first) {
  parallel_for(static_cast<int64_t>(tasks_.size()), workers_, [&](int64_t task, int worker) {
    run(tasks_[task], dgates, dgates_step, rows, first, panels_.data() + worker * panel_size_);
  });
}

template <class T>
void WeightGradients<T>::run(const Task& task, const T* dgates, int64_t dgates_step, int64_t rows, bool first,
                             T* panel) {
  const WeightGradient<T>& product = products_[task.product];
  const Features<T>& features = *product.features;
  const int64_t left = product.columns - task.column, width = panel_width(kernels_, shape_, left);
  const int64_t live = std::min(left, width);
  kernels_.pack_panels(dgates + product.source_column + task.column, dgates_step, 1, rows, live, width,
                       panel);
  const EvenSplit tiles(features.count + features.one, shape_.rows);
  T* c[kRowPointers];
  const T* a;
  const T* b = panel;
  Tile<T> tile;
  tile.length = rows;
  tile.a = &a;
  tile.b = &b;
  tile.b_step = width;
  tile.c = c;
  tile.columns = static_cast<int>(live);
  const int64_t column = product.target_column + task.column;
  for (int64_t part = 0; part < tiles.parts; ++part) {
    const int64_t begin = tiles.begin(part), size = tiles.size(part);
    for (int64_t i = 0; i < size; ++i)
      c[i] =
          column + (begin + i < features.count ? product.target + (begin + i) * product.step : product.sums);
    a = features.packed.data() + begin * rows;
    tile.a_step = size;
    kernels_.columns(static_cast<int>(size), static_cast<int>(width / kernels_.lanes), tile,
                     Epilogue<T>{nullptr, !first, false});
  }
}

template struct Features<float>;
template struct Features<double>;
template class WeightGradients<float>;
template class WeightGradients<double>;

}  // namespace foldgate
