#include "ops/conv/winograd_stages.h"

namespace foldgate {

template <class T>
WinogradStages<T>::WinogradStages(const WinogradProduct<T>& product, const WinogradKernels<T>& transforms)
    : p(product),
      table(kernels<T>()),
      gemm(table.gemm),
      winograd(transforms),
      positions(winograd.edge * winograd.edge),
      grid(p.batch, p.out.height, p.out.width, winograd.outputs, p.spacing),
      k(p.in.channels / p.groups),
      n(p.out.channels / p.groups),
      rows(p.depth.taps * k),
      shape(panel_shape(gemm, n)),
      seen(grid, winograd.edge, p.in.channels),
      written(grid, winograd.outputs, p.out.channels),
      zero(p.in.channels) {
  zero.zero();
}

template <class T>
Scratch<T> WinogradStages<T>::pack() const {
  Scratch<T> transformed(weights_size());
  const int64_t parts = pack_parts(), own = packed_size(pack_depth());
  // U is written, 36 values for nine or 25 that are read.
  const int workers = workers_for(parts, kValueWork / 2 * products(1));
  const Scratch<T> packed(workers * own);
  parallel_for(parts, workers, [&](int64_t part, int worker) {
    pack_part(part, transformed.data(), packed.data() + worker * own);
  });
  return transformed;
}

template <class T>
void WinogradStages<T>::pack(T* u, T* packed) const {
  for (int64_t part = 0; part < pack_parts(); ++part) pack_part(part, u, packed);
}

template <class T>
void WinogradStages<T>::pack_part(int64_t part, T* u, T* packed) const {
  const EvenSplit chunks(k, kLeastDepth);
  const int64_t panels = ceil_div(n, shape.width), stretch = part / chunks.parts, chunk = part % chunks.parts;
  const int64_t panel = stretch / p.depth.taps, tap = stretch % p.depth.taps;
  const int64_t group = panel / panels, column = panel % panels * shape.width;
  const int64_t first = tap * k + chunks.begin(chunk);
  const PositionWeights<T> of_panel = weights_of(u, group, column);
  T* target = const_cast<T*>(of_panel.data) + first * panel_width(gemm, shape, n - column);
  transform_weights(group, first, chunks.size(chunk), column, target, of_panel.step, packed);
}

template <class T>
void WinogradStages<T>::transform_input(const TileBlock& block, int64_t first, int64_t count,
                                        const PositionMatrices<T>& v, T* window) const {
  const auto planes = block.inputs(p.depth);
  const TileSpan tiles{grid, block.tile + first, count, winograd.edge, {p.before[0], p.before[1]}};
  for (int64_t i = 0; i < planes.count(); ++i)
    seen.transform_plane(winograd.input, p.in.at_depth(planes.first + i), tiles, zero.data(), window,
                         v.part(i * block.tiles + first, 0));
}

template <class T>
void WinogradStages<T>::transform_weights(int64_t group, int64_t first, int64_t depth, int64_t column,
                                          T* target, int64_t step, T* packed) const {
  const int64_t width = panel_width(gemm, shape, n - column), columns = std::min(width, n - column);
  const T* taps = p.taps.data + group * p.taps.group_step + first / k * tap_count() * p.taps.tap_step +
                  first % k * p.taps.k_step + column * p.taps.column_step;
  if (p.taps.column_step == 1)
    return winograd.weights(taps, p.taps.tap_step, p.taps.k_step, depth, columns, target, width, step);
  for (int64_t t = 0; t < tap_count(); ++t)
    gemm.pack_panels(taps + t * p.taps.tap_step, p.taps.k_step, p.taps.column_step, depth, columns, width,
                     packed + t * depth * width);
  winograd.weights(packed, depth * width, width, depth, width, target, width, step);
}

template <class T>
void WinogradStages<T>::multiply(const TileBlock& block, const PositionMatrices<T>& v,
                                 const PositionWeights<T>& u, int64_t columns, const PositionMatrices<T>& m,
                                 bool accumulate) const {
  const int64_t inputs = block.inputs(p.depth).first;
  for (int64_t z = 0, end; z < block.planes; z = end) {
    const auto taps = p.depth.seen_from(block.plane + z);
    for (end = z + 1; end < block.planes && p.depth.seen_from(block.plane + end) == taps;) ++end;
    const int64_t first = block.plane + z - p.depth.before + taps.first - inputs;
    multiply(v.part(first * block.tiles, 0), (end - z) * block.tiles,
             {taps.first, taps.count(), u.depth / p.depth.taps, block.tiles}, u, columns,
             m.part(z * block.tiles, 0), accumulate);
  }
}

template <class T>
void WinogradStages<T>::multiply(const PositionMatrices<T>& v, int64_t count, const DepthTerms& terms,
                                 const PositionWeights<T>& u, int64_t columns, const PositionMatrices<T>& m,
                                 bool accumulate) const {
  if (p.packed && weights_bytes() > kCachedWeights)
    return multiply_fetching(v, count, terms, u, columns, m, accumulate);
  const Epilogue<T> epilogue{nullptr, accumulate};
  int64_t shifts[kMaxDepthTaps];
  for (int64_t s = 0; s < terms.count; ++s) shifts[s] = s * terms.step * v.row_step;
  StridedTile<T> tile;
  tile.a_step = v.row_step;
  tile.shifts = shifts;
  tile.segments = terms.count;
  tile.length = terms.length;
  tile.c_step = m.row_step;
  for (int64_t column = 0; column < columns; column += shape.width) {
    const int64_t width = panel_width(gemm, shape, columns - column), vectors = width / gemm.lanes;
    const EvenSplit tiles(count, table.strided.heights[vectors - 1]);
    tile.columns = static_cast<int>(width);  // M has room for whole vectors, and U zeros
    for (int64_t position = 0; position < positions; ++position) {
      tile.b = u.panel(position, column) + terms.first * terms.length * width;
      for (int64_t part = 0; part < tiles.parts; ++part) {
        const int64_t first = tiles.begin(part);
        tile.a = v.data + position * v.step + first * v.row_step;
        tile.c = m.data + position * m.step + first * m.row_step + column;
        table.strided.tile(static_cast<int>(tiles.size(part)), static_cast<int>(vectors), tile, epilogue);
      }
    }
  }
}

// The same where U comes from L3: the tiles of rows() fetch it, a line a term.
template <class T>
void WinogradStages<T>::multiply_fetching(const PositionMatrices<T>& v, int64_t count,
                                          const DepthTerms& terms, const PositionWeights<T>& u,
                                          int64_t columns, const PositionMatrices<T>& m,
                                          bool accumulate) const {
  const EvenSplit tiles(count, shape.rows);
  const Epilogue<T> epilogue{nullptr, accumulate};
  const T *a[kMaxDepthTaps * kRowPointers], *b[kMaxDepthTaps];
  T* c[kRowPointers];
  Tile<T> tile;
  tile.segments = terms.count;
  tile.length = terms.length;
  tile.fetch_step = kLineBytes / kSize;
  tile.fetch_segment = terms.length * tile.fetch_step;
  tile.a = a;
  tile.b = b;
  tile.c = c;
  for (int64_t position = 0; position < positions; ++position)
    for (int64_t column = 0; column < columns; column += shape.width) {
      tile.b_step = panel_width(gemm, shape, columns - column);
      tile.columns = static_cast<int>(tile.b_step);  // M has room for whole vectors, and U zeros
      for (int64_t s = 0; s < terms.count; ++s)
        b[s] = u.panel(position, column) + (terms.first + s) * terms.length * tile.b_step;
      for (int64_t part = 0; part < tiles.parts; ++part) {
        const int64_t first = tiles.begin(part), height = tiles.size(part);
        // what comes next: the panel beside it, or the first one of the next position
        const int64_t right = column + shape.width;
        tile.fetch = (right < columns ? u.panel(position, right) : u.panel(position + 1, 0)) +
                     u.depth * tile.b_step / tile.fetch_step * part / tiles.parts * tile.fetch_step;
        for (int64_t i = 0; i < height; ++i) {
          for (int64_t s = 0; s < terms.count; ++s)
            a[s * kRowPointers + i] = v.data + position * v.step + (first + i + s * terms.step) * v.row_step;
          c[i] = m.data + position * m.step + (first + i) * m.row_step + column;
        }
        gemm.rows(static_cast<int>(height), static_cast<int>(tile.b_step / gemm.lanes), tile, epilogue);
      }
    }
}

template <class T>
void WinogradStages<T>::transform_output(const TileBlock& block, int64_t column, int64_t columns,
                                         const PositionMatrices<T>& m, T* outside, T* window) const {
  for (int64_t z = 0; z < block.planes; ++z)
    transform_output(p.out.at_depth(block.plane + z), block, column, columns, m.part(z * block.tiles, 0),
                     outside, window);
}

template <class T>
void WinogradStages<T>::transform_output(const Planes<T>& plane, const TileBlock& block, int64_t column,
                                         int64_t columns, const PositionMatrices<T>& m, T* outside,
                                         T* window) const {
  const int64_t outputs = winograd.outputs * winograd.outputs;
  const T limit = relu_limit<T>(p.activation);
  const bool curved = is_curve(p.activation);
  const T* bias = p.bias ? p.bias + column : nullptr;
  if (p.pooled)
    return pool_tiles(*p.pooled, winograd, grid, {block.tile, block.tiles, column, columns, n}, m, bias,
                      limit, outside);
  if (plane.planar)
    return written.store(
        plane, block.tile, block.tiles, column, columns, outside, window,
        [&](int64_t i, int64_t c, int64_t channels, T* const* pixels) {
          winograd.output(m.data + i * m.row_step + c, m.step, channels, bias ? bias + c : nullptr, limit,
                          pixels);
        },
        [&](T* values, int64_t n) {
          if (curved) table.activation.forward(p.activation, values, n);
        });
  const TileSpan tiles{grid, block.tile, block.tiles, winograd.outputs, {0, 0}};
  visit_tiles(plane.slice(column, columns), tiles, columns, outside, [&](int64_t i, T* const* pixels) {
    winograd.output(m.data + i * m.row_step, m.step, columns, bias, limit, pixels);
    for (int64_t j = 0; curved && j < outputs; ++j)
      if (pixels[j] != outside) table.activation.forward(p.activation, pixels[j], columns);
  });
}

template struct WinogradStages<float>;
template struct WinogradStages<double>;

}  // namespace foldgate
