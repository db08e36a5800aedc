#include "ops/recurrent/gate_rows.h"

#include "core/check.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

// Units of a task, whose rows are turned into pieces of whole cache lines.
constexpr int64_t kTaskUnits = 64;

// body(row, column, units) of blocks of units: the first one's row of (G U, D), its column of (D, G U).
template <class Body>
void for_each_block(const GateRows& shape, Body body) {
  const EvenSplit blocks(shape.units, kTaskUnits);
  const int64_t tasks = shape.gates * blocks.parts;
  const double work = kValueWork * static_cast<double>(shape.gates * shape.units * shape.features);
  parallel_for(tasks, workers_for(tasks, work), [&](int64_t task, int) {
    const int64_t gate = task / blocks.parts, block = task % blocks.parts, unit = blocks.begin(block);
    body(gate * shape.units + unit, shape.column_gate(gate) * shape.units + unit, blocks.size(block));
  });
}

}  // namespace

template <class T>
void gate_rows_to_columns(const GateRows& shape, const T* rows, T* columns) {
  const int64_t width = shape.gates * shape.units;
  for_each_block(shape, [&](int64_t row, int64_t column, int64_t units) {
    kernels<T>().gemm.transpose(rows + row * shape.features, shape.features, units, shape.features,
                                columns + column, width);
  });
}

template <class T>
void gate_columns_to_rows(const GateRows& shape, const T* columns, T* rows) {
  const int64_t width = shape.gates * shape.units;
  for_each_block(shape, [&](int64_t row, int64_t column, int64_t units) {
    kernels<T>().gemm.transpose(columns + column, width, shape.features, units, rows + row * shape.features,
                                shape.features);
  });
}

#define FOLDGATE_INSTANTIATE(T)                                      \
  template void gate_rows_to_columns(const GateRows&, const T*, T*); \
  template void gate_columns_to_rows(const GateRows&, const T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
