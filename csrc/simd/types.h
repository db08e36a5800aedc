// Vector types of the tier that is being compiled, as GCC/Clang vector extensions. Included by the tier's header once
// it has said kVectorBytes.
#pragma once
#include <cstdint>

namespace foldgate::FOLDGATE_ISA {

template <class T>
struct VecTraits;
template <>
struct VecTraits<float> {
  typedef float Vec __attribute__((vector_size(kVectorBytes)));
  typedef int32_t IntVec __attribute__((vector_size(kVectorBytes)));  // of comparisons, and of shuffles
  using Int = int32_t;
};
template <>
struct VecTraits<double> {
  typedef double Vec __attribute__((vector_size(kVectorBytes)));
  typedef int64_t IntVec __attribute__((vector_size(kVectorBytes)));
  using Int = int64_t;
};

template <class T>
using Vec = typename VecTraits<T>::Vec;
template <class T>
using IntVec = typename VecTraits<T>::IntVec;
template <class T>
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

}  // namespace foldgate::FOLDGATE_ISA
