// Tasks that two threads share in halves.
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/gemm.h"

namespace foldgate {

// total items into parts of at most `largest`, as even as they can be in either half: seven rows of tiles by twos are 1 2 and
// 2 2, where 1 2 2 2 in a row would leave two threads with 3 and 4 parts of seven. One part where all fit one.
class HalvedSplit {
 public:
  HalvedSplit(int64_t total, int64_t largest)
      : first_(total <= largest ? total : total / 2, largest), second_(total - first_.total, largest) {}

  int64_t parts() const { return first_.parts + second_.parts; }
  int64_t largest() const { return std::max(largest_of(first_), largest_of(second_)); }
  int64_t begin(int64_t part) const {
    return part < first_.parts ? first_.begin(part) : first_.total + second_.begin(part - first_.parts);
  }
  int64_t size(int64_t part) const {
    return part < first_.parts ? first_.size(part) : second_.size(part - first_.parts);
  }

 private:
  static int64_t largest_of(const EvenSplit& half) { return half.parts > 0 ? half.size(half.parts - 1) : 0; }

  EvenSplit first_, second_;
};

}  // namespace foldgate
