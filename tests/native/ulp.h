// Errors in units of the last place.
#pragma once

#include <cmath>
#include <limits>

namespace foldgate::test {

template <class T>
bool same(T a, T b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

// |computed - exact| in units of the last place of the exact value, the denormals' spacing below the normals.
template <class T>
double error_in_ulp(T computed, long double exact) {
  const T rounded = static_cast<T>(exact);
  if (same(computed, rounded)) return 0;
  if (!std::isfinite(computed) || !std::isfinite(rounded)) return 1e9;
  int exponent;
  std::frexp(rounded, &exponent);
  const int digits = std::numeric_limits<T>::digits;
  const int lowest = std::numeric_limits<T>::min_exponent;
  const long double ulp = std::ldexp(1.0L, (exponent < lowest ? lowest : exponent) - digits);
  return static_cast<double>(std::fabs((static_cast<long double>(computed) - exact) / ulp));
}

}  // namespace foldgate::test
