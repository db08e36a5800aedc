// The tiles of volumes: those of a grid in each of the planes of outputs, whose sums go over the planes that taps along the
// depth see. Images are volumes of one plane.
#pragma once
#include <algorithm>

#include "ops/conv/winograd_planes.h"

namespace foldgate {

// Plane z of the outputs sees the planes z - before + t of `planes` inputs, 0 <= t < taps.
struct DepthTaps {
  int64_t taps, before, planes;

  struct Range {
    int64_t first, end;
    bool operator==(const Range& other) const { return first == other.first && end == other.end; }
    int64_t count() const { return end - first; }
  };
  // The planes [plane, plane + count) of outputs that see one which is there through a tap.
  Range seeing(int64_t tap, int64_t plane, int64_t count) const {
    const int64_t first = std::clamp(before - tap, plane, plane + count);
    return {first, std::clamp(planes + before - tap, first, plane + count)};
  }
  // The taps that see a plane which is there.
  Range seen_from(int64_t z) const {
    const int64_t end = std::clamp<int64_t>(planes + before - z, 0, taps);
    return {std::clamp<int64_t>(before - z, 0, end), end};
  }
};

// Segments [first, first + count) of U's rows, `length` each, met by rows of V that are `step` rows apart.
struct DepthTerms {
  int64_t first, count, length, step;
};
constexpr int64_t kMaxDepthTaps = 7;

// Tiles [tile, tile + tiles) of each of the planes [plane, plane + planes) of outputs, row by row of a matrix plane by plane.
struct TileBlock {
  int64_t tile, tiles, plane, planes;

  int64_t rows() const { return tiles * planes; }
  // The inputs' planes that it sees, rows of V likewise.
  DepthTaps::Range inputs(const DepthTaps& depth) const {
    const int64_t first = std::clamp<int64_t>(plane - depth.before, 0, depth.planes);
    return {first, std::clamp<int64_t>(plane + planes - depth.before + depth.taps - 1, first, depth.planes)};
  }
};

// Of a block's outputs: its inputs are taps - 1 planes more, whose transforms its neighbours repeat.
constexpr int64_t kBlockPlanes = 8;

// Blocks are made of units. Those of images are tiles, or rows of them (tiles_together); those of volumes some tiles of up to
// kBlockPlanes planes, a block each.
class TileUnits {
 public:
  // Of about `most` rows.
  TileUnits(const TileGrid& grid, int64_t planes, bool planar, int64_t most)
      : volumes_(planes > 1),
        planes_(planes, kBlockPlanes),
        together_(tiles_together(grid, planar, ceil_div(most, this->planes()))),
        tiles_(grid.count / together_,
               volumes_ ? std::max<int64_t>(1, most / this->planes() / together_) : 1) {}

  int64_t count() const { return tiles_.parts * planes_.parts; }
  // Units of a block of at most, or of at least, so many rows.
  int64_t within(int64_t most) const { return volumes_ ? 1 : std::max<int64_t>(1, most / together_); }
  int64_t around(int64_t least) const { return volumes_ ? 1 : ceil_div(least, together_); }
  TileBlock block(int64_t first, int64_t count) const {
    const int64_t tiles = first / planes_.parts, run = first % planes_.parts;
    const int64_t begin = tiles_.begin(tiles);
    const int64_t end = tiles_.begin(tiles + count - 1) + tiles_.size(tiles + count - 1);
    return {begin * together_, (end - begin) * together_, planes_.begin(run), planes_.size(run)};
  }
  // At most, of blocks of so many units.
  int64_t tiles(int64_t units) const { return units * largest(tiles_) * together_; }
  int64_t planes() const { return largest(planes_); }
  // Tiles that a task on its own takes.
  int64_t together() const { return together_; }

 private:
  static int64_t largest(const EvenSplit& split) { return split.size(split.parts - 1); }

  bool volumes_;
  EvenSplit planes_;
  int64_t together_;  // tiles
  EvenSplit tiles_;
};

}  // namespace foldgate
