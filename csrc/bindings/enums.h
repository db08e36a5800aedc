// Codes from Python as enumerators: ValueError for one that names none.
#pragma once
#include "core/check.h"

namespace foldgate {

template <class Enum>
Enum enum_from(const char* op, const char* name, int code, Enum last) {
  if (code < 0 || code > static_cast<int>(last))
    fail_value(op, ": ", name, " code is ", code, "; expected 0 to ", static_cast<int>(last));
  return static_cast<Enum>(code);
}

}  // namespace foldgate
