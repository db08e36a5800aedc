#include "ops/recurrent/product.h"

#include <algorithm>

#include "core/check.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

constexpr int64_t kDepth = 1024;  // terms a pass: a panel's part, 256 KB on AVX-512, stays in L2 for all rows

}  // namespace

template <class T>
PackedProduct<T>::PackedProduct(const GemmKernels<T>& kernels, const WeightView<T>& weights, bool in_place)
    : kernels_(kernels),
      weights_(weights),
      shape_(panel_shape(kernels, weights.features)),
      in_place_(in_place && weights.blocks.size() == 1 && weights.term_step == 1),
      panels_(ceil_div(weights.features, shape_.width)) {
  for (const ColumnBlock& block : weights.blocks) depth_ += block.count;
  if (in_place_) return;
  packed_ = Scratch<T>(depth_ * padded_columns(kernels_, weights.features));
  const int64_t tasks = std::min<int64_t>(panels_, 16);
  parallel_for(tasks, workers_for(tasks, kValueWork * depth_ * weights.features), [&](int64_t task, int) {
    for (int64_t panel = panels_ * task / tasks; panel < panels_ * (task + 1) / tasks; ++panel) {
      const int64_t f = panel * shape_.width, left = weights_.features - f;
      const int64_t width = panel_width(kernels_, shape_, left);
      T* target = packed_.data() + f * depth_;
      for (const ColumnBlock& block : weights_.blocks) {
        kernels_.pack_panels(weights_.data + f * weights_.step + block.source * weights_.term_step,
                             weights_.term_step, weights_.step, block.count, std::min(left, width), width,
                             target);
        target += block.count * width;
      }
    }
  });
}

template <class T>
void PackedProduct<T>::run(int64_t begin, int64_t end, bool descending, const T* const* rows, int64_t first,
                           int64_t m, T* const* out, bool accumulate, const T* bias) const {
  const int64_t passes = in_place_ ? 1 : ceil_div(depth_, kDepth), panels = end - begin;
  const auto block_at = [&](int64_t i) -> Block {
    const int64_t at = descending ? passes * panels - 1 - i : i;
    return {begin + at % panels, at / panels * kDepth};
  };
  for (int64_t i = 0; i < passes * panels; ++i) {
    const Block block = block_at(i);
    if (in_place_)
      run_in_place(block.panel, rows[0] + first, out[0], accumulate);
    else
      run_packed(
          block, i + 1 < passes * panels ? weights_at(block_at(i + 1)) : nullptr, rows, first, m, out,
          {bias && block.k == 0 ? bias + block.panel * shape_.width : nullptr, accumulate || i >= panels});
  }
}

template <class T>
const T* PackedProduct<T>::weights_at(const Block& block) const {
  const int64_t f = block.panel * shape_.width;
  return packed_.data() + f * depth_ + block.k * panel_width(kernels_, shape_, weights_.features - f);
}

template <class T>
void PackedProduct<T>::run_packed(const Block& block, const T* next, const T* const* rows, int64_t first,
                                  int64_t m, T* const* out, const Epilogue<T>& epilogue) const {
  constexpr int64_t kLine = 64 / sizeof(T);
  const int64_t f = block.panel * shape_.width, left = weights_.features - f;
  const int64_t width = panel_width(kernels_, shape_, left);
  const T* b = weights_at(block);
  const EvenSplit tiles(m, shape_.rows);
  const T* a[kRowPointers];
  Tile<T> tile;
  tile.length = std::min(kDepth, depth_ - block.k);
  tile.a = a;
  tile.a_offset = first + block.k;
  tile.b = &b;
  tile.b_step = width;
  tile.c_offset = f;
  tile.columns = static_cast<int>(std::min(width, left));
  for (int64_t part = 0; part < tiles.parts; ++part) {
    std::copy(rows + tiles.begin(part), rows + tiles.begin(part) + tiles.size(part), a);
    tile.c = out + tiles.begin(part);
    // Each tile fetches a share of the block that comes next.
    tile.fetch = next ? next + part % ceil_div(width, kLine) * kLine * tile.length : nullptr;
    tile.fetch_step = next ? kLine : 0;
    kernels_.rows(static_cast<int>(tiles.size(part)), static_cast<int>(width / kernels_.lanes), tile,
                  epilogue);
  }
}

template <class T>
void PackedProduct<T>::run_in_place(int64_t panel, const T* row, T* out, bool accumulate) const {
  const int64_t begin = panel * shape_.width, end = std::min(weights_.features, begin + shape_.width);
  const T* a[kRowPointers];
  T* c[kRowPointers];
  Tile<T> tile;
  tile.length = depth_;
  tile.a = a;
  tile.b = &row;
  tile.c = c;
  tile.columns = 1;
  for (int64_t f = begin; f < end; f += kernels_.dots_rows) {
    const int64_t m = std::min<int64_t>(kernels_.dots_rows, end - f);
    for (int64_t i = 0; i < m; ++i) {
      a[i] = weights_.data + (f + i) * weights_.step + weights_.blocks[0].source;
      c[i] = out + f + i;
    }
    kernels_.dots(static_cast<int>(m), 1, tile, Epilogue<T>{nullptr, accumulate});
  }
}

template class PackedProduct<float>;
template class PackedProduct<double>;

}  // namespace foldgate
