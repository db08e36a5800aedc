// Shared by the tier headers. Code under an ISA flag is inlined or internal, always: a function that the linker could
// merge with another tier's copy would run AVX-512 on a machine without it.
#pragma once
#define FOLDGATE_INLINE static inline __attribute__((always_inline))
#define FOLDGATE_LAMBDA __attribute__((always_inline))
#define FOLDGATE_UNROLL _Pragma("GCC unroll 64")
#define FOLDGATE_KEEP_LOOP _Pragma("GCC unroll 1")
