// Repeatable numbers for tests: the same on every machine, so that a failure can be had again.
#pragma once

#include <cstdint>
#include <type_traits>

namespace foldgate::test {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}

  uint64_t bits() {  // xorshift64*
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1du;
  }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53;
  }
  int64_t integer(int64_t low, int64_t high) {  // both ends included
    return low + static_cast<int64_t>(bits() % static_cast<uint64_t>(high - low + 1));
  }
  template <class Array>
  void fill_integers(Array& values, int64_t low, int64_t high) {
    for (auto& value : values)
      value = static_cast<typename std::remove_reference<decltype(value)>::type>(integer(low, high));
  }

 private:
  uint64_t state_;
};

}  // namespace foldgate::test
