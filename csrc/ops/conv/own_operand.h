// An operand of all tasks that every worker makes for itself, at its first one: it lies in the worker's own caches, where what
// another core wrote comes line by line, 20 to 50 ns each. 590 KB of Winograd's weights: 16 us to make, 72 us to share
// between two cores of a chip, 300 between two chips.
#pragma once
#include "core/scratch.h"

namespace foldgate {

template <class T>
class OwnOperand {
 public:
  OwnOperand(int workers, int64_t size) : size_(size), operands_(workers * size), made_(workers) {
    made_.zero();
  }

  // The worker's; make(operand) writes it.
  template <class Make>
  T* of(int worker, Make make) const {
    T* const mine = operands_.data() + worker * size_;
    if (!made_[worker]) make(mine);
    made_[worker] = true;
    return mine;
  }

 private:
  int64_t size_;
  Scratch<T> operands_;
  Scratch<bool> made_;
};

}  // namespace foldgate
