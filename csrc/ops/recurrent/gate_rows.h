// Weights whose rows are gates, (G U, D), as other frameworks keep them, and the kernels', whose columns they are, (D, G U).
#pragma once
#include <cstdint>

namespace foldgate {

struct GateRows {
  int64_t gates, units, features;  // G, U, D
  bool exchanged;                  // the first two gates, r and z of a GRU, are the other way round

  int64_t column_gate(int64_t row_gate) const { return exchanged && row_gate < 2 ? 1 - row_gate : row_gate; }
};

template <class T>
void gate_rows_to_columns(const GateRows& shape, const T* rows, T* columns);
template <class T>
void gate_columns_to_rows(const GateRows& shape, const T* columns, T* rows);

}  // namespace foldgate
