#include "ops/conv/narrow_product.h"

#include "kernels/table.h"
#include "ops/chunks.h"
#include "ops/conv/matrix_product.h"

namespace foldgate {
namespace {

// Dot products, whose vectors run along the terms, are as fast from 256 of them on for one column and for two (.86 and .9
// of the time), and tiles take 1.5 times as long for 256 terms and three columns.
constexpr int64_t kTermsOfColumn = 64;
constexpr int64_t kLeastRows = 64;

template <class T>
int64_t pixels(const TapGemm<T>& p) {
  return p.batch * p.grid[0] * p.grid[1] * p.grid[2];
}

}  // namespace

template <class T>
bool narrow_product_suits(const TapGemm<T>& p) {
  const Kernels<T>& kernel = kernels<T>();
  const bool narrow = p.columns <= kNarrowColumns && p.length >= kernel.gemm.lanes &&
                      p.length <= kTermsOfColumn * (1 + p.columns);
  return kernel.narrow.product && narrow && p.groups == 1 && !p.planes && !p.planar && is_matrix_product(p) &&
         pixels(p) >= kLeastRows;
}

template <class T>
void narrow_product(const TapGemm<T>& p) {
  const Kernels<T>& kernel = kernels<T>();
  in_chunks(pixels(p), p.length, [&](int64_t begin, int64_t size) {
    T* const out = p.out + begin * p.columns;
    kernel.narrow.product({p.in.data + begin * p.length, size, p.length, p.weights + p.taps[0].weights,
                           p.k_step, p.column_step, static_cast<int>(p.columns), p.bias,
                           relu_limit<T>(p.activation), out});
    if (is_curve(p.activation)) kernel.activation.forward(p.activation, out, size * p.columns);
  });
}

#define FOLDGATE_INSTANTIATE(T)                          \
  template bool narrow_product_suits(const TapGemm<T>&); \
  template void narrow_product(const TapGemm<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
