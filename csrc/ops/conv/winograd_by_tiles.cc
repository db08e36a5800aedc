#include "ops/conv/halved_split.h"
#include "ops/conv/own_operand.h"
#include "ops/conv/winograd_stages.h"

namespace foldgate {
namespace {

// V and M of a block of tiles stay in L2 beside what passes of U. A U beyond L2 comes from L3 once a block, which must
// then be large: its V and M go through L3 as well.
constexpr int64_t kBlockBytes = 336 << 10;
constexpr int64_t kLeastBlock = 24;
constexpr int64_t kLargeBlock = 48;

}  // namespace

template <class T>
void winograd_by_tiles(const WinogradStages<T>& s) {
  const int64_t columns = s.columns();
  const bool own_weights = !s.p.packed && s.weights_bytes() <= kCachedWeights;
  const Scratch<T> shared = s.p.packed || own_weights ? Scratch<T>() : s.pack();
  const int64_t by_cache =
      kBlockBytes / (s.positions * (s.p.in.channels + columns) * WinogradStages<T>::kSize);
  const int64_t least = s.weights_bytes() > kCachedWeights ? kLargeBlock : kLeastBlock;
  const int64_t most = std::max(least, by_cache);
  const TileUnits units(s.grid, s.p.out.depth, s.p.in.planar, most);
  // Rows of tiles that are planes' share pixels: rather one more than one less.
  const HalvedSplit blocks(units.count(), units.around(most));
  const int64_t tiles = units.tiles(blocks.largest());
  const auto v = PositionMatrices<T>::shape(tiles * (units.planes() + s.p.depth.taps - 1), s.p.in.channels),
             m = PositionMatrices<T>::shape(tiles * units.planes(), columns);
  const int64_t own = s.positions * (v.step + m.step) + columns +
                      std::max(s.window_size(), own_weights ? s.packed_size(s.pack_depth()) : 0);
  const int workers = workers_for(blocks.parts(), s.work());
  const Scratch<T> scratch(workers * own);
  const OwnOperand<T> weights(own_weights ? workers : 0, s.weights_size());
  parallel_for(blocks.parts(), workers, [&](int64_t task, int worker) {
    const auto mine = v.at(scratch.data() + worker * own), sums = m.at(mine.data + s.positions * v.step);
    const TileBlock block = units.block(blocks.begin(task), blocks.size(task));
    T *outside = sums.data + s.positions * m.step, *window = outside + columns;
    const T* u = own_weights ? weights.of(worker, [&](T* mine) { s.pack(mine, window); }) : shared.data();
    s.transform_input(block, 0, block.tiles, mine, window);
    for (int64_t group = 0; group < s.p.groups;
         ++group)  // what a group leaves past its columns, the next overwrites
      s.multiply(block, mine.part(0, group * s.k), s.p.packed ? s.kept(group, 0) : s.weights_of(u, group, 0),
                 s.n, sums.part(0, group * s.n), false);
    s.transform_output(block, 0, s.p.out.channels, sums, outside, window);
  });
}

template void winograd_by_tiles(const WinogradStages<float>&);
template void winograd_by_tiles(const WinogradStages<double>&);

}  // namespace foldgate
