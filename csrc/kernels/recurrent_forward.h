// One step over a range of panels: the tile, then the cell on what it left in L1.
#pragma once
#include "kernels/recurrent.h"
#include "kernels/recurrent_cells.h"
#include "kernels/recurrent_tile.h"

namespace foldgate::FOLDGATE_ISA {

constexpr bool is_split(Phase phase) { return phase == Phase::kGru; }

// Unit vectors a panel: four vectors of weights fill the tile best, so phases of one or two gates take several unit
// vectors where that leaves no panel half empty.
constexpr int panel_vectors_of(int gates, int64_t unit_vectors) {
  if (gates == 1 && unit_vectors % 4 == 0) return 4;
  if (gates <= 2 && unit_vectors % 2 == 0) return 2;
  return 1;
}

constexpr bool has_two_stages(Phase phase) { return phase == Phase::kLstm || phase == Phase::kGru; }

// The cell of one row and unit vector. pre: the gates' sums, a vector each, and for a split phase x's part of the last;
// the first stage leaves there what the second goes on from.
template <class T, Phase kPhase>
struct StepCell {
  static constexpr int64_t L = kLanes<T>;
  const RecurrentStep<T>& s;
  T* pre;
  int64_t row, unit_vector;

  inline __attribute__((always_inline)) int64_t at() const { return row * s.state_step + unit_vector * L; }
  inline __attribute__((always_inline)) Vec<T> gate(int g) const { return load(pre + g * L); }
  template <class... Values>
  inline __attribute__((always_inline)) void keep(int64_t first, Values... values) const {
    constexpr int64_t kSlots = kPhase == Phase::kLstm ? 5 : kPhase == Phase::kGru ? 4 : 3;
    if (!s.saved) return;
    T* target = s.saved + ((unit_vector * s.saved_rows + row) * kSlots + first) * L;
    ((store(target, values), target += L), ...);
  }
  inline __attribute__((always_inline)) void leave(Vec<T> h) const {
    store(s.after + at(), h);
    if (s.y) store(s.y[row] + unit_vector * L, h, s.weights.units - unit_vector * L);
  }

  inline __attribute__((always_inline)) void first_stage() const {
    if constexpr (kPhase == Phase::kLstm) {
      const auto cell = lstm_gates<T>(gate(0), gate(1), gate(2), gate(3), load(s.c + at()));
      store(s.c + at(), cell.c);
      store(pre, cell.o);
      keep(0, cell.i, cell.f, cell.g, cell.o, cell.c);
    } else if constexpr (kPhase == Phase::kGru) {
      const auto cell = gru_gates<T>(gate(0), gate(1));
      const Vec<T> hn = gate(2);
      store(pre + L, gate(3) + cell.r * hn);
      store(pre, cell.z);
      keep(0, cell.z, cell.r);
      keep(3, hn);
    } else if constexpr (kPhase == Phase::kGruGates) {
      const auto cell = gru_gates<T>(gate(0), gate(1));
      store(s.update + at(), cell.z);
      store(s.reset_h + at(), cell.r * load(s.before + at()));
      keep(0, cell.z, cell.r);
    } else if constexpr (kPhase == Phase::kGruCandidate) {
      const auto cell = gru_output<T>(gate(0), load(s.update + at()), load(s.before + at()));
      leave(cell.h);
      keep(2, cell.n);
    } else {
      leave(rnn_forward < T, kPhase == Phase::kRelu > (gate(0)));
    }
  }

  inline __attribute__((always_inline)) void second_stage() const {
    if constexpr (kPhase == Phase::kLstm) {
      leave(lstm_output<T>(gate(0), load(s.c + at())));
    } else {
      const auto cell = gru_output<T>(gate(1), gate(0), load(s.before + at()));
      leave(cell.h);
      keep(2, cell.n);
    }
  }
};

template <class T, Phase kPhase, int kVectors>
void step_panels(const RecurrentStep<T>& s) {
  constexpr int G = kPhaseGates[static_cast<int>(kPhase)], N = G * kVectors;
  constexpr bool kSplit = is_split(kPhase);
  constexpr int64_t L = kLanes<T>, kWidth = N * L, kOut = (N + kSplit) * L;
  const PanelWeights<T>& w = s.weights;
  const T* h = kPhase == Phase::kGruCandidate ? s.reset_h : s.before;
  alignas(64) T pre[panel_rows(N) * kOut];

  const auto sums = [&](int64_t panel, int64_t row, int64_t count, T* out, int64_t next,
                        int64_t share) FOLDGATE_LAMBDA {
    PanelTile<T> tile;
    tile.start = s.x ? w.bias + panel * kWidth : s.projected + (panel * s.projected_rows + row) * kWidth;
    tile.start_step = s.x ? 0 : kWidth;
    tile.x = s.x ? s.x + row : nullptr;
    tile.x_panel = w.kernel + panel * w.inputs * kWidth;
    tile.inputs = s.x ? w.inputs : 0;
    tile.h = h + row * s.state_step;
    tile.h_step = s.state_step;
    tile.h_panel = w.recurrent + panel * w.units * kWidth;
    tile.units = w.units;
    tile.split_bias = kSplit ? w.recurrent_bias + panel * kWidth + (N - 1) * L : nullptr;
    tile.out = out;
    tile.out_step = kOut;
    if (next >= 0) {
      tile.next_x_panel = w.kernel + next * w.inputs * kWidth + share % N * w.inputs * L;
      tile.next_h_panel = w.recurrent + next * w.units * kWidth + share % N * w.units * L;
    }
    run_panel_tile<T, N, kSplit>(count, tile);
  };
  // body(cell) for `count` rows from `row` of a panel
  const auto each_cell = [&](int64_t panel, int64_t row, int64_t count, T* out, auto body) FOLDGATE_LAMBDA {
    for (int64_t i = 0; i < count; ++i)
      for (int v = 0; v < kVectors; ++v)
        body(StepCell<T, kPhase>{s, out + i * kOut + v * G * L, row + i, panel * kVectors + v});
  };
  const auto first = [](const StepCell<T, kPhase>& cell) FOLDGATE_LAMBDA { cell.first_stage(); };
  const auto second = [](const StepCell<T, kPhase>& cell) FOLDGATE_LAMBDA { cell.second_stage(); };
  const auto panel_at = [&](int64_t i)
                            FOLDGATE_LAMBDA { return s.descending ? s.end - 1 - (i - s.begin) : i; };

  // Few rows: the cells of several panels together, whose long chains then overlap.
  if (s.rows <= (panel_rows(N) < 3 ? panel_rows(N) : 3)) {
    const int64_t together = panel_rows(N) / s.rows < 4 ? panel_rows(N) / s.rows : 4;
    for (int64_t i = s.begin; i < s.end; i += together) {
      const int64_t count = s.end - i < together ? s.end - i : together;
      for (int64_t j = 0; j < count; ++j) sums(panel_at(i + j), 0, s.rows, pre + j * s.rows * kOut, -1, 0);
      const auto each = [&](auto stage) FOLDGATE_LAMBDA {
        for (int64_t j = 0; j < count; ++j)
          each_cell(panel_at(i + j), 0, s.rows, pre + j * s.rows * kOut, stage);
      };
      each(first);
      if constexpr (has_two_stages(kPhase)) each(second);
    }
    return;
  }
  for (int64_t i = s.begin; i < s.end; ++i) {
    int64_t share = 0;  // each block of rows fetches a share of the next panel
    panel_row_blocks<N>(s.rows, [&](int64_t row, int64_t count) FOLDGATE_LAMBDA {
      sums(panel_at(i), row, count, pre, i + 1 < s.end ? panel_at(i + 1) : -1, share++);
      each_cell(panel_at(i), row, count, pre, first);
      if constexpr (has_two_stages(kPhase)) each_cell(panel_at(i), row, count, pre, second);
    });
  }
}

template <class T, Phase kPhase>
void step_phase(const RecurrentStep<T>& s) {
  constexpr int G = kPhaseGates[static_cast<int>(kPhase)];
  if constexpr (G == 1)
    if (s.weights.vectors == 4) return step_panels<T, kPhase, 4>(s);
  if constexpr (G <= 2)
    if (s.weights.vectors == 2) return step_panels<T, kPhase, 2>(s);
  step_panels<T, kPhase, 1>(s);
}

template <class T>
void step(Phase phase, const RecurrentStep<T>& s) {
  switch (phase) {
    case Phase::kLstm: return step_phase<T, Phase::kLstm>(s);
    case Phase::kGru: return step_phase<T, Phase::kGru>(s);
    case Phase::kGruGates: return step_phase<T, Phase::kGruGates>(s);
    case Phase::kGruCandidate: return step_phase<T, Phase::kGruCandidate>(s);
    case Phase::kTanh: return step_phase<T, Phase::kTanh>(s);
    case Phase::kRelu: return step_phase<T, Phase::kRelu>(s);
  }
}

template <class T, int N>
void project_panels(const RecurrentProjection<T>& p) {
  constexpr int64_t kWidth = N * kLanes<T>;
  for (int64_t panel = p.begin; panel < p.end; ++panel)
    panel_row_blocks<N>(p.rows, [&](int64_t row, int64_t count) FOLDGATE_LAMBDA {
      PanelTile<T> tile;
      tile.start = p.weights.bias + panel * kWidth;
      tile.x = p.x + row;
      tile.x_panel = p.weights.kernel + panel * p.weights.inputs * kWidth;
      tile.inputs = p.weights.inputs;
      tile.out = p.projected + (panel * p.projected_rows + row) * kWidth;
      tile.out_step = kWidth;
      run_panel_tile<T, N, false>(count, tile);
    });
}

template <class T>
void project(Phase phase, const RecurrentProjection<T>& p) {
  switch (kPhaseGates[static_cast<int>(phase)] * p.weights.vectors) {
    case 1: return project_panels<T, 1>(p);
    case 2: return project_panels<T, 2>(p);
    case 3: return project_panels<T, 3>(p);
    default: return project_panels<T, 4>(p);
  }
}

// The cell of a single step: row-major operands, the products' two parts apart.
template <class T, Phase kPhase>
FOLDGATE_INLINE void cell_vector(const RecurrentCell<T>& s, int64_t row, int64_t unit) {
  const int64_t n = s.units - unit, at = row * s.units + unit;
  const auto part = [&](const T* products, int gates, int g)
                        FOLDGATE_LAMBDA { return load(products + (row * gates + g) * s.units + unit, n); };
  const auto both = [&](int gates, int g)
                        FOLDGATE_LAMBDA { return part(s.input, gates, g) + part(s.recurrent, gates, g); };
  const auto keep = [&](int64_t slots, int64_t slot, Vec<T> value) FOLDGATE_LAMBDA {
    if (s.saved) store(s.saved + ((unit / kLanes<T> * s.rows + row) * slots + slot) * kLanes<T>, value);
  };
  const Vec<T> h = load(s.h + at, n);
  if constexpr (kPhase == Phase::kLstm) {
    const auto cell = lstm_gates<T>(both(4, 0), both(4, 1), both(4, 2), both(4, 3), load(s.c + at, n));
    store(s.next_h + at, lstm_output<T>(cell.o, cell.c), n);
    store(s.next_c + at, cell.c, n);
    keep(5, 0, cell.i), keep(5, 1, cell.f), keep(5, 2, cell.g), keep(5, 3, cell.o), keep(5, 4, cell.c);
  } else if constexpr (kPhase == Phase::kGru) {
    const auto gates = gru_gates<T>(both(3, 0), both(3, 1));
    const Vec<T> hn = part(s.recurrent, 3, 2);
    const auto output = gru_output<T>(part(s.input, 3, 2) + gates.r * hn, gates.z, h);
    store(s.next_h + at, output.h, n);
    keep(4, 0, gates.z), keep(4, 1, gates.r), keep(4, 2, output.n), keep(4, 3, hn);
  } else if constexpr (kPhase == Phase::kGruGates) {  // recurrent: z and r alone
    const auto gates = gru_gates<T>(part(s.input, 3, 0) + part(s.recurrent, 2, 0),
                                    part(s.input, 3, 1) + part(s.recurrent, 2, 1));
    store(s.update + at, gates.z, n);
    store(s.reset_h + at, gates.r * h, n);
    keep(3, 0, gates.z), keep(3, 1, gates.r);
  } else if constexpr (kPhase == Phase::kGruCandidate) {  // recurrent: the candidate alone
    const auto output =
        gru_output<T>(part(s.input, 3, 2) + part(s.recurrent, 1, 0), load(s.update + at, n), h);
    store(s.next_h + at, output.h, n);
    keep(3, 2, output.n);
  } else {
    store(s.next_h + at, rnn_forward < T, kPhase == Phase::kRelu > (both(1, 0)), n);
  }
}

template <class T, Phase kPhase>
void cell_rows(const RecurrentCell<T>& s) {
  for (int64_t row = 0; row < s.rows; ++row)
    for (int64_t unit = 0; unit < s.units; unit += kLanes<T>) cell_vector<T, kPhase>(s, row, unit);
}

template <class T>
void cell(Phase phase, const RecurrentCell<T>& s) {
  switch (phase) {
    case Phase::kLstm: return cell_rows<T, Phase::kLstm>(s);
    case Phase::kGru: return cell_rows<T, Phase::kGru>(s);
    case Phase::kGruGates: return cell_rows<T, Phase::kGruGates>(s);
    case Phase::kGruCandidate: return cell_rows<T, Phase::kGruCandidate>(s);
    case Phase::kTanh: return cell_rows<T, Phase::kTanh>(s);
    case Phase::kRelu: return cell_rows<T, Phase::kRelu>(s);
  }
}

}  // namespace foldgate::FOLDGATE_ISA
