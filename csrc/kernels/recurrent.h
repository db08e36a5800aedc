// Leaf loops of the recurrent ops: the products of one time step with the cell that follows them, the cell's
// derivative, and the packing of what the products read.
//
// Unit vectors: U units are ceil(U / lanes) vectors, the last one padded. A panel holds the weights of `vectors` unit
// vectors, gate by gate, as [k][vector][gate][lane], so that one register tile (batch rows x a panel) has every gate of
// its units and the cell runs on it at once, out of L1. Padding lanes have zero weights.
#pragma once
#include <cstdint>

namespace foldgate {

// kGru resets after the recurrent product, kGruBefore before it.
enum class Cell { kLstm, kGru, kGruBefore, kTanh, kRelu };
constexpr int kCellGates[] = {4, 3, 3, 1, 1};
// What a row keeps of a step for the derivative, in vectors a unit vector. LSTM: i f g o c'. kGru: z r n, and h Rn + rn.
// kGruBefore: z r n. The simple RNN needs its output alone.
constexpr int kSavedSlots[] = {5, 4, 3, 0, 0};

// A step is one product and its cell, but for kGruBefore: first the gates z and r, then, from r h, the candidate.
enum class Phase { kLstm, kGru, kGruGates, kGruCandidate, kTanh, kRelu };
constexpr int kPhaseGates[] = {4, 3, 2, 1, 1, 1};

// The weights of one phase, packed.
template <class T>
struct PanelWeights {
  int64_t inputs = 0, units = 0;      // D, U
  int vectors = 1;                    // unit vectors a panel
  const T* kernel = nullptr;          // [panel][D][width], width = vectors * gates * lanes
  const T* recurrent = nullptr;       // [panel][U][width]
  const T* bias = nullptr;            // [panel][width]
  const T* recurrent_bias = nullptr;  // [panel][width]; kGru alone reads it, its third gate alone
};

// Panels [begin, end) of one step for `rows` batch rows. States are [row][state_step], padded to whole vectors.
template <class T>
struct RecurrentStep {
  PanelWeights<T> weights;
  int64_t begin = 0, end = 0;
  bool descending =
      false;  // the panels from the last to the first: what the step before used last is still in cache
  int64_t rows = 0;
  const T* const* x = nullptr;  // a pointer a row, D each; null: the product with x is already in `projected`
  const T* projected = nullptr;  // [panel][projected_rows][width], at this step's first row
  int64_t projected_rows = 0;
  int64_t state_step = 0;
  const T* before = nullptr;  // h entering
  T* after = nullptr;         // h leaving
  T* c = nullptr;             // LSTM: in place
  T* update = nullptr;        // kGruBefore: z, from the first phase to the second
  T* reset_h = nullptr;       // kGruBefore: r h, the same
  T* const* y = nullptr;      // a pointer a row, U each; null: not wanted
  T* saved = nullptr;  // [unit vector][saved_rows][slots * lanes], at this step's first row; null: not wanted
  int64_t saved_rows = 0;
};

// projected[panel][row][width] = bias + x kernel for panels [begin, end).
template <class T>
struct RecurrentProjection {
  PanelWeights<T> weights;
  int64_t begin = 0, end = 0, rows = 0;
  const T* const* x = nullptr;
  T* projected = nullptr;
  int64_t projected_rows = 0;
};

// The elementwise part of a step's gradient. dh holds d(loss)/dh of the state that leaves; dy is added to it here. On
// return it holds the part of d(loss)/dh of the entering state that does not pass through a product (zero for LSTM and
// RNN), dc that of the entering c, and dgates the gradients before the activations, row-major:
//   LSTM di df dg do;  kGru dn dz dr dn*r (the first three face x, the last three h);  kGruBefore dz dr dn;  RNN d.
template <class T>
struct RecurrentGradient {
  int64_t units = 0, rows = 0;
  const T* saved = nullptr;  // as in RecurrentStep
  int64_t saved_rows = 0;
  const T* c_before = nullptr;  // LSTM: element (row, unit vector) at row * c_row + vector * c_vector
  int64_t c_row = 0, c_vector = 0;
  const T* const* h_before = nullptr;  // GRU: a pointer a row, U each
  const T* const* y = nullptr;         // RNN: the same
  const T* const* dy = nullptr;        // null: zeros
  int64_t state_step = 0;
  T* dh = nullptr;
  T* dc = nullptr;
  T* dgates = nullptr;
  int64_t dgates_step = 0;
  // kGruBefore, whose dr needs d(r h) = dn Rn^T: the second call takes it.
  const T* dreset_h = nullptr;
  T* reset_h = nullptr;  // written: r h, what the candidate's weights saw
};

// The cell alone, for single steps whose products have been made. All but `saved` is row-major without padding.
template <class T>
struct RecurrentCell {
  int64_t units = 0, rows = 0;
  const T* input = nullptr;  // [row][gates * U]: x kernel + bias
  const T* recurrent =
      nullptr;           // [row][columns]: h recurrent_kernel (+ bias, kGru), of this phase's gates alone
  const T* h = nullptr;  // entering
  const T* c = nullptr;
  T* next_h = nullptr;
  T* next_c = nullptr;
  T* saved = nullptr;   // as in RecurrentStep, of `rows` rows; null: not wanted
  T* update = nullptr;  // kGruBefore: z and r h, from the first phase to the second
  T* reset_h = nullptr;
};

template <class T>
struct RecurrentKernels {
  int lanes;
  // Unit vectors a panel of this phase, for layers of `units`.
  int (*panel_vectors)(Phase, int64_t units);
  // Panels [begin, end) of a row-major matrix (depth, columns) whose gate g starts at column (first_gate + g) * units.
  void (*pack_panels)(Phase, int vectors, const T* source, int64_t columns, int64_t depth, int64_t units,
                      int64_t begin, int64_t end, T* panels);
  void (*project)(Phase, const RecurrentProjection<T>&);
  void (*step)(Phase, const RecurrentStep<T>&);
  void (*gradient)(Cell, const RecurrentGradient<T>&);
  void (*reset_gradient)(const RecurrentGradient<T>&);
  void (*cell)(Phase, const RecurrentCell<T>&);
  void (*add)(T* target, const T* source, int64_t n);  // target += source
};

}  // namespace foldgate
