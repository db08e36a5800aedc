// Channel norm's kernels of columns.
#pragma once
#include "kernels/channel_norm_terms.h"
#include "kernels/put.h"

namespace foldgate::FOLDGATE_ISA {

// Rows of a block are done with its terms and sums in registers, two of sums and four or five of terms: what they would
// load of them takes as long as the values.
constexpr int kBlock = kRegisters == 32 ? 4 : 2;

template <int Vectors>
struct Block {
  static constexpr int vectors = Vectors;
};

// Rows of a block in a matrix, from value `first` on; `live` lanes of its last vector.
struct Place {
  int64_t first, rows, column, live;
};

// body(Block<>, Place) for a matrix, in the order of memory: that counts for more than terms in registers, as 64 rows of
// 1024 columns block by block took 1.6 times as long.
template <class T, class Body>
FOLDGATE_INLINE void for_blocks(int64_t rows, int64_t width, Body body) {
  constexpr int64_t L = kLanes<T>, kWide = kBlock * L;
  const int64_t each = width == kWide ? rows : 1;
  for (int64_t r = 0; r < rows; r += each) {
    int64_t c = 0;
    for (; c + kWide <= width; c += kWide) body(Block<kBlock>{}, Place{r * width + c, each, c, L});
    for (; c < width; c += L) body(Block<1>{}, Place{r * width + c, 1, c, width - c});
  }
}

// body(v, i) for the vectors of a block's rows: i is where v is in this row
template <class T, int Vectors, class Body>
FOLDGATE_INLINE void for_vectors(Block<Vectors>, const Place& at, int64_t width, Body body) {
  for (int64_t r = 0, i = at.first; r < at.rows; ++r, i += width) {
    FOLDGATE_UNROLL
    for (int v = 0; v < Vectors; ++v) body(v, i + v * kLanes<T>);
  }
}

// What is only read and summed is fetched a page ahead.
template <class T>
FOLDGATE_INLINE void fetch_page(const T* p) {
  __builtin_prefetch(reinterpret_cast<const char*>(p) + 4096);
}

// Sums of a block: 0 in the first row, which is `column` values in.
template <int Vectors, class T>
FOLDGATE_INLINE void load_sums(const T* sums, const Place& at, Vec<T> (&v)[Vectors]) {
  FOLDGATE_UNROLL
  for (int i = 0; i < Vectors; ++i)
    v[i] = at.first == at.column ? Vec<T>{} : load(sums + at.column + i * kLanes<T>, at.live);
}
template <int Vectors, class T>
FOLDGATE_INLINE void store_sums(T* sums, const Place& at, const Vec<T> (&v)[Vectors]) {
  FOLDGATE_UNROLL
  for (int i = 0; i < Vectors; ++i) store(sums + at.column + i * kLanes<T>, v[i], at.live);
}

template <class T>
void column_moments(const T* x, int64_t rows, int64_t width, T* mean, T* m2) {
  for_blocks<T>(rows, width, [&](auto block, Place at) FOLDGATE_LAMBDA {
    Vec<T> base[block.vectors], s[block.vectors], q[block.vectors];
    FOLDGATE_UNROLL
    for (int v = 0; v < block.vectors; ++v) base[v] = load(x + at.column + v * kLanes<T>, at.live);
    load_sums(mean, at, s);
    load_sums(m2, at, q);
    for_vectors<T>(block, at, width, [&](int v, int64_t i) FOLDGATE_LAMBDA {
      fetch_page(x + i);
      const Vec<T> d = load(x + i, at.live) - base[v];
      s[v] += d;
      q[v] += d * d;
    });
    store_sums(mean, at, s);
    store_sums(m2, at, q);
  });
  const T share = T(1) / static_cast<T>(rows);
  for (int64_t i = 0; i < width; i += kLanes<T>) {
    const int64_t live = width - i;
    const Vec<T> s = load(mean + i, live), distance = s * share;
    store(m2 + i, load(m2 + i, live) - s * distance, live);
    store(mean + i, load(x + i, live) + distance, live);
  }
}

// mean = means[0] + sum of shares[p] (means[p] - means[0]), m2 = sum of m2s[p] + rows shares[p] (means[p] - mean)^2
template <class T>
void merge_columns(const T* means, const T* m2s, const T* shares, T rows, int64_t parts, int64_t width,
                   T* mean, T* m2) {
  for (int64_t i = 0; i < width; i += kLanes<T>) {
    const int64_t live = width - i;
    const Vec<T> base = load(means + i, live);
    Vec<T> distance = {}, between = {}, within = {};
    for (int64_t p = 0; p < parts; ++p) distance += (load(means + p * width + i, live) - base) * shares[p];
    const Vec<T> all = base + distance;
    for (int64_t p = 0; p < parts; ++p) {
      const Vec<T> d = load(means + p * width + i, live) - all;
      between += d * d * shares[p];
      within += load(m2s + p * width + i, live);
    }
    store(mean + i, all, live);
    store(m2 + i, within + between * rows, live);
  }
}

// The terms of a block. Backward alone has a slope and an offset.
template <bool Backward, int Vectors, class T>
FOLDGATE_INLINE void load_terms(const NormColumns<T>& c, const Place& at, VectorTerms<T> (&terms)[Vectors]) {
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const int64_t i = at.column + v * kLanes<T>;
    terms[v].mean = load(c.mean + i, at.live);
    terms[v].scale = load(c.scale + i, at.live);
    terms[v].shift = load(c.shift + i, at.live);
    if constexpr (!Backward) continue;
    terms[v].slope = load(c.slope + i, at.live);
    terms[v].offset = load(c.offset + i, at.live);
  }
}

// body(offset, rows, width) for n values of a matrix, and for what is there of a last row that is not whole.
template <class Body>
FOLDGATE_INLINE void for_matrices(int64_t n, int64_t width, Body body) {
  for (int64_t at = 0; at < n;) {
    const int64_t left = n - at, columns = left < width ? left : width, rows = left / columns;
    body(at, rows, columns);
    at += rows * columns;
  }
}

template <class T>
void normalize_columns(const T* x, int64_t n, int64_t width, const NormColumns<T>& columns, bool relu,
                       Target<T> y) {
  const T floor = floor_of<T>(relu);
  for_matrices(n, width, [&](int64_t offset, int64_t rows, int64_t wide) FOLDGATE_LAMBDA {
    for_blocks<T>(rows, wide, [&](auto block, Place at) FOLDGATE_LAMBDA {
      VectorTerms<T> terms[block.vectors];
      load_terms<false>(columns, at, terms);
      for_vectors<T>(block, at, wide, [&](int v, int64_t i) FOLDGATE_LAMBDA {
        i += offset;
        fetch_stream(x + i);
        put<T>(y, i, normalized(load(x + i, at.live), terms[v], floor), at.live);
      });
    });
  });
}

template <bool Relu, class T>
FOLDGATE_INLINE void matrix_sums(const T* dy, const T* x, int64_t rows, int64_t width,
                                 const NormColumns<T>& columns, T* d_sums, T* dx_sums) {
  for_blocks<T>(rows, width, [&](auto block, Place at) FOLDGATE_LAMBDA {
    VectorTerms<T> terms[block.vectors];
    load_terms<false>(columns, at, terms);
    Vec<T> s[block.vectors], p[block.vectors];
    load_sums(d_sums, at, s);
    load_sums(dx_sums, at, p);
    for_vectors<T>(block, at, width, [&](int v, int64_t i) FOLDGATE_LAMBDA {
      fetch_page(x + i);
      fetch_page(dy + i);
      const Vec<T> deviation = load(x + i, at.live) - terms[v].mean;
      const Vec<T> d = through<Relu>(load(dy + i, at.live), deviation, terms[v]);
      s[v] += d;
      p[v] += d * deviation;
    });
    store_sums(d_sums, at, s);
    store_sums(dx_sums, at, p);
  });
}
template <class T>
void column_sums(const T* dy, const T* x, int64_t rows, int64_t width, const NormColumns<T>& columns,
                 bool relu, T* d_sums, T* dx_sums) {
  relu ? matrix_sums<true>(dy, x, rows, width, columns, d_sums, dx_sums)
       : matrix_sums<false>(dy, x, rows, width, columns, d_sums, dx_sums);
}

template <class T>
void gradient_columns(const T* dy, const T* x, int64_t n, int64_t width, const NormColumns<T>& columns,
                      NormMode mode, Target<T> dx) {
  for_matrices(n, width, [&](int64_t offset, int64_t rows, int64_t wide) FOLDGATE_LAMBDA {
    by_mode(mode, [&](auto relu, auto constant) FOLDGATE_LAMBDA {
      for_blocks<T>(rows, wide, [&](auto block, Place at) FOLDGATE_LAMBDA {
        VectorTerms<T> terms[block.vectors];
        load_terms<!constant.value>(columns, at, terms);
        for_vectors<T>(block, at, wide, [&](int v, int64_t i) FOLDGATE_LAMBDA {
          i += offset;
          fetch_stream(dy + i);
          fetch_stream(x + i);
          put<T>(dx, i, gradient_of<relu.value, constant.value>(dy + i, x + i, at.live, terms[v]), at.live);
        });
      });
    });
  });
}

}  // namespace foldgate::FOLDGATE_ISA
