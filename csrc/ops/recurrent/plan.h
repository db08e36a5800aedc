// Which rows run at which step. Sequences are sorted by length, the longest first, and masked steps are squeezed out:
// step s covers rows 0 .. count(s) - 1, and the rows of all steps are numbered without holes, first(s) .. first(s + 1).
// What is masked costs nothing.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/recurrent.h"

namespace foldgate {

using Extents = std::vector<int64_t>;

struct RecurrentOptions {
  const char* op = "";  // for errors
  Cell cell = Cell::kLstm;
  bool reverse = false;               // from the last step to the first
  bool zero_output_for_mask = false;  // y is 0 at masked steps rather than the carried h
  bool side_by_side = false;          // y and the states lie beside those of the other direction
  bool time_major = false;            // sequences are (T, N, width), not (N, T, width)
};

// ValueError unless x has the axes of sequences.
void require_sequences(const RecurrentOptions& options, const Extents& x);

struct RecurrentPlan {
  // x (N, T, D) or time-major, kernel (D, G U), recurrent_kernel (U, G U), as the arrays have them. At most one of mask,
  // (N, T), and
  // lengths, (N,), is not null; lengths are checked. lanes: of the tier and type that will run.
  static RecurrentPlan make(const RecurrentOptions& options, const Extents& x, const Extents& kernel,
                            const Extents& recurrent_kernel, const bool* mask, const int64_t* lengths,
                            int lanes);

  int gates() const { return kCellGates[static_cast<int>(options.cell)]; }
  int slots() const { return kSavedSlots[static_cast<int>(options.cell)]; }
  int64_t vectors() const { return (units + lanes - 1) / lanes; }
  int64_t padded_units() const { return vectors() * lanes; }
  // From row to row of scratch, in elements: an odd number of vectors, so that rows do not fall into few sets of L1.
  int64_t row_step(int64_t width) const { return ((width + lanes - 1) / lanes | 1) * lanes; }
  // From row to row of y, (N, T, U), of the states, (N, U), and of the gradients of both.
  int64_t output_step() const { return options.side_by_side ? 2 * units : units; }
  int64_t rows() const { return first.back(); }
  int64_t longest() const { return static_cast<int64_t>(first.size()) - 1; }
  int64_t count(int64_t s) const { return first[s + 1] - first[s]; }
  bool masked() const { return rows() < batch * steps; }

  // The time that row r's step s runs at; reverse counts from its last step.
  int64_t time(int64_t r, int64_t s) const {
    const int64_t i = options.reverse ? length[r] - 1 - s : s;
    return times.empty() ? i : times[r * steps + i];
  }
  // The walk goes through all T times, the masked ones too: the time at its position i, and row r's step s's position.
  int64_t time_at(int64_t i) const { return options.reverse ? steps - 1 - i : i; }
  int64_t walked(int64_t r, int64_t s) const { return time_at(time(r, s)); }
  // Where row r's time t, or its step s, is among (N, T) or (T, N).
  int64_t place_at(int64_t r, int64_t t) const {
    return options.time_major ? t * batch + order[r] : order[r] * steps + t;
  }
  int64_t place(int64_t r, int64_t s) const { return place_at(r, time(r, s)); }
  // The shape of an array over the sequences.
  Extents sequences(int64_t width) const {
    return options.time_major ? Extents{steps, batch, width} : Extents{batch, steps, width};
  }

  // The cache: kCacheHeader elements that say what made it, then [step][unit vector][the step's row][slots * lanes], so
  // that a step writes and reads one stretch of it.
  static constexpr int64_t kCacheHeader = 16;
  // Where step s keeps its row's first unit vector; the next is count(s) rows on.
  int64_t saved_at(int64_t s, int64_t row) const {
    return kCacheHeader + (first[s] * vectors() + row) * slots() * lanes;
  }
  int64_t cache_size() const;
  // Multiply-adds of the products of all steps.
  double work() const { return static_cast<double>(rows()) * gates() * units * (inputs + units); }

  RecurrentOptions options;
  int64_t batch = 0, steps = 0, inputs = 0, units = 0;  // N, T, D, U
  int64_t lanes = 1;
  std::vector<int64_t> order;   // [row]: its sequence
  std::vector<int64_t> length;  // [row]: the steps that it runs
  std::vector<int64_t> first;   // [step]
  std::vector<int64_t> times;   // [row][T]: the times that count, ascending; empty without a mask
};

}  // namespace foldgate
