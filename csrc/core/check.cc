#include "core/check.h"

namespace foldgate {

std::ostream& operator<<(std::ostream& out, ShapeText text) {
  out << '(';
  for (size_t i = 0; i < text.shape.size(); ++i) out << (i ? ", " : "") << text.shape[i];
  return out << (text.shape.size() == 1 ? ",)" : ")");
}

int64_t checked_add(const char* op, int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) fail_value(op, ": extents ", a, " + ", b, " pass 2**63");
  return sum;
}

int64_t checked_mul(const char* op, int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) fail_value(op, ": extents ", a, " * ", b, " pass 2**63");
  return product;
}

namespace {
template <class Range>
int64_t product_of(const char* op, const Range& factors) {
  int64_t product = 1;
  for (int64_t factor : factors) product = checked_mul(op, product, factor);
  return product;
}
}  // namespace

int64_t checked_product(const char* op, std::initializer_list<int64_t> factors) {
  return product_of(op, factors);
}
int64_t checked_product(const char* op, const std::vector<int64_t>& factors) {
  return product_of(op, factors);
}

}  // namespace foldgate
