// Errors and checked extents. Every message reads "<op>: <argument> <value found> <value expected>"; the
// bindings turn std::invalid_argument into ValueError, std::out_of_range into IndexError and std::bad_alloc
// into MemoryError.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/divide.h"

namespace foldgate {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Prints as a Python tuple, the way NumPy shows shapes: (3,), (2, 4). It only refers to the shape, so that a check
// that passes formats nothing.
struct ShapeText {
  const std::vector<int64_t>& shape;
};
inline ShapeText shape_text(const std::vector<int64_t>& shape) { return {shape}; }
std::ostream& operator<<(std::ostream& out, ShapeText text);

template <class... Parts>
[[noreturn]] void fail_value(const Parts&... parts) {
  throw std::invalid_argument(text(parts...));
}

template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) fail_value(parts...);
}

// 64-bit arithmetic on extents that come from outside: an overflow is a ValueError that names the op.
int64_t checked_add(const char* op, int64_t a, int64_t b);
int64_t checked_mul(const char* op, int64_t a, int64_t b);
int64_t checked_product(const char* op, std::initializer_list<int64_t> factors);
int64_t checked_product(const char* op, const std::vector<int64_t>& factors);

// Quotient rounded up, for non-negative a and positive b.
constexpr int64_t ceil_div(int64_t a, int64_t b) { return divide(a + b - 1, b); }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

}  // namespace foldgate
