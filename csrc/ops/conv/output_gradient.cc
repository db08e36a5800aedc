#include "ops/conv/output_gradient.h"

#include <algorithm>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {
constexpr int64_t kBlock = 16384;  // elements of a task
}

template <class T>
void pixel_bias_gradient(const T* dy, int64_t pixels, int64_t channels, bool accumulate, T* sums) {
  const auto& conv = kernels<T>().conv;
  const EvenSplit parts(pixels, kBiasPixels);
  const Scratch<T> partial(parts.parts * channels);
  const double work = kValueWork / 2 * static_cast<double>(pixels * channels);
  parallel_for(parts.parts, workers_for(parts.parts, work), [&](int64_t part, int) {
    conv.column_sums(dy + parts.begin(part) * channels, parts.size(part), channels, channels, false,
                     partial.data() + part * channels);
  });
  conv.column_sums(partial.data(), parts.parts, channels, channels, accumulate, sums);
}

template <class T>
void planar_bias_gradient(const T* dy, int64_t images, int64_t channels, int64_t positions, bool accumulate,
                          T* sums) {
  const auto& conv = kernels<T>().conv;
  const int64_t planes = images * channels;
  const Scratch<T> totals(planes);
  const EvenSplit blocks(planes, std::max<int64_t>(1, kBlock / std::max<int64_t>(1, positions)));
  const double work = kValueWork / 2 * static_cast<double>(planes * positions);
  parallel_for(blocks.parts, workers_for(blocks.parts, work), [&](int64_t block, int) {
    for (int64_t plane = blocks.begin(block); plane < blocks.begin(block + 1); ++plane)
      totals[plane] = conv.total(dy + plane * positions, positions);
  });
  conv.column_sums(totals.data(), images, channels, channels, accumulate, sums);
}

template <class T>
void activation_gradient(Activation activation, const T* y, const T* dy, int64_t size, T* result) {
  const EvenSplit blocks(size, kBlock);
  const auto backward = kernels<T>().activation.backward;
  parallel_for(blocks.parts, workers_for(blocks.parts, kValueWork * static_cast<double>(size)),
               [&](int64_t block, int) {
                 const int64_t i = blocks.begin(block);
                 backward(activation, y + i, dy + i, result + i, blocks.size(block));
               });
}

#define FOLDGATE_INSTANTIATE(T)                                                   \
  template void activation_gradient(Activation, const T*, const T*, int64_t, T*); \
  template void pixel_bias_gradient(const T*, int64_t, int64_t, bool, T*);        \
  template void planar_bias_gradient(const T*, int64_t, int64_t, int64_t, bool, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
