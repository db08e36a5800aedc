#include "kernels/average.h"

#include "kernels/average_backward.h"
#include "kernels/pool_quads.h"
#include "kernels/put.h"
#include "simd/math.h"
#include "simd/stride.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// Four rows at a time: as many streams as the prefetcher follows with the sums', and one store for four loads.
template <class T>
void add_rows(const T* const* rows, int64_t count, int64_t n, T* sums) {
  for (int64_t r = 0; r < count; r += 4)
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      fetch_stream(rows[r] + i);
      Vec<T> sum = load(rows[r] + i, n - i);
      if (r > 0) sum = load(sums + i, n - i) + sum;
      FOLDGATE_UNROLL
      for (int q = 1; q < 4; ++q) {
        if (r + q >= count) break;
        fetch_stream(rows[r + q] + i);
        sum += load(rows[r + q] + i, n - i);
      }
      store(sums + i, sum, n - i);
    }
}

// A division takes as long as four loads; by a power of two it is a multiplication, exactly.
FOLDGATE_INLINE bool is_power_of_two(int64_t n) { return (n & (n - 1)) == 0; }

// What is summed of v: a factor, as a branch a value would cost as much as the sum.
template <class V, class T>
FOLDGATE_INLINE V term(V v, bool square, T one) {
  return v * (square ? v : V{} + one);
}

// Rows begin .. end - 1 of the `count` of a window.
template <class T>
struct WindowRows {
  const T* const* x;
  int64_t begin, end, count;
};

// `Vectors` vectors of channels from c on, `live` values of the last, over some rows of a window: added to what y holds
// of the rows before, and made a mean by the last ones.
template <int Vectors, class T>
FOLDGATE_INLINE void pixel_means(const RowWindows& w, const WindowSpan& span, const WindowRows<T>& rows,
                                 int64_t c, int64_t live, Target<T> y) {
  Vec<T> sums[Vectors] = {};
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const T* p = rows.x[r] + span.begin * w.pixel + c;
    for (int64_t t = 0; t < span.count; ++t, p += w.step * w.pixel) {
      FOLDGATE_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        fetch_stream(p + v * kLanes<T>);
        sums[v] += term(Vectors > 1 ? load(p + v * kLanes<T>) : load(p, live), w.squares, T(1));
      }
    }
  }
  if (Vectors > 1) live = kLanes<T>;
  const bool last = rows.end == rows.count;
  const int64_t counted = w.counted * span.counted;
  const Vec<T> by = broadcast<T>(static_cast<T>(counted)), factor = broadcast<T>(1 / static_cast<T>(counted));
  const bool exact = is_power_of_two(counted);
  FOLDGATE_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const int64_t at = c + v * kLanes<T>;
    if (rows.begin > 0) sums[v] += load(y.data + at, live);
    if (!last) {
      store(y.data + at, sums[v], live);
      continue;
    }
    Vec<T> mean = exact ? sums[v] * factor : sums[v] / by;
    if (w.squares) mean = root(mean);
    store(y.data + at, mean, live);
  }
}

// Rows of a window that are read in one pass of each vector of channels: all of a small one; of a large one each by
// itself, so that a row of wide pixels is in L1 while its vectors are taken one after the other, and sums round less.
constexpr int64_t kPassPositions = 16;

template <class T>
FOLDGATE_INLINE void window_means(const RowWindows& w, const WindowSpan& span, const T* const* rows,
                                  int64_t count, Target<T> y) {
  constexpr int kBlock = 4;
  const int64_t step = span.count * count <= kPassPositions ? count : 1;
  int64_t r = 0;
  do {
    const WindowRows<T> part{rows, r, r + step < count ? r + step : count, count};
    int64_t c = 0;
    for (; c + kBlock * kLanes<T> <= w.pixel; c += kBlock * kLanes<T>)
      pixel_means<kBlock>(w, span, part, c, 0, y);
    for (; c < w.pixel; c += kLanes<T>) pixel_means<1>(w, span, part, c, w.pixel - c, y);
    r += step;
  } while (r < count);
}

// Windows of 2 x 2, alike.
template <class T>
FOLDGATE_INLINE void quad_means(const RowWindows& w, const T* const* rows, T* y) {
  const int64_t offset = w.spans[0].begin * w.pixel, counted = w.counted * w.spans[0].counted;
  const Quads<T> quads{rows[0] + offset,   rows[1] + offset, w.outputs,
                       w.stride * w.pixel, w.step * w.pixel, w.pixel};
  const bool exact = is_power_of_two(counted);
  const Vec<T> by = broadcast<T>(static_cast<T>(counted)), factor = broadcast<T>(1 / static_cast<T>(counted));
  const auto mean = [=](Vec<T> sum) FOLDGATE_LAMBDA { return exact ? sum * factor : sum / by; };
  if (w.squares)
    visit_quads(quads, y, [=](Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d) FOLDGATE_LAMBDA {
      return root(mean(a * a + b * b + c * c + d * d));
    });
  else
    visit_quads(quads, y,
                [=](Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d) FOLDGATE_LAMBDA { return mean(a + b + c + d); });
}

template <class T>
void means(const RowWindows& w, const T* const* rows, int64_t count, Target<T> y) {
  if (count == 2 && w.stride > 0 && w.spans[0].count == 2 && w.pixel % kQuadValues<T> == 0)
    return quad_means(w, rows, y.data);
  for (int64_t o = 0; o < w.outputs; ++o, y = y + w.pixel) {
    const WindowSpan& span = w.spans[o];
    if (w.pixel > 1) {
      window_means(w, span, rows, count, y);
      continue;
    }
    T sum = 0;
    for (int64_t r = 0; r < count; ++r)
      for (int64_t t = 0; t < span.count; ++t) sum += term(rows[r][span.begin + t * w.step], w.squares, T(1));
    sum /= static_cast<T>(w.counted * span.counted);
    *y.data = w.squares ? root(broadcast<T>(sum))[0] : sum;
  }
}

// The sum of a vector of windows over one row, whose values are there as far as `readable`.
template <int Stride, bool Whole, class T>
FOLDGATE_INLINE Vec<T> line_sum(const LineWindows<T>& w, const T* p, int64_t readable) {
  Vec<T> sum = {};
  int64_t t = 0;
  if constexpr (Stride == 2 && Whole)
    for (; w.step == 1 && t + 1 < w.taps; t += 2) {
      const EvenOdd<T> v = load_even_odd(p + t);
      sum += term(v.even, w.squares, T(1));
      sum += term(v.odd, w.squares, T(1));
    }
  for (; t < w.taps; ++t) {
    const T* q = p + t * w.step;
    const Vec<T> v =
        Whole ? load_strided<Stride>(q, w.stride) : load_strided<Stride>(q, w.stride, readable - t * w.step);
    sum += term(v, w.squares, T(1));
  }
  return sum;
}

template <int Stride, class T>
void strided_means(const LineWindows<T>& w, const T* const* rows, int64_t count, Target<T> y) {
  const auto counted = static_cast<int64_t>(w.divisor);
  const bool exact = is_power_of_two(counted);
  const Vec<T> by = broadcast<T>(w.divisor), factor = broadcast<T>(1 / w.divisor);
  const int64_t end = w.begin + (w.outputs - 1) * w.stride + (w.taps - 1) * w.step + 1;  // read of a row
  for (int64_t line = 0; line < w.lines; ++line, y = y + w.outputs)
    for (int64_t o = 0; o < w.outputs; o += kLanes<T>) {
      const int64_t first = w.begin + o * w.stride, skipped = line * w.next_line;
      const bool whole = first + (w.taps - 1) * w.step + (kLanes<T> - 1) * w.stride < end;
      Vec<T> sum = {};
      for (int64_t r = 0; r < count; ++r) {
        const T* p = rows[r] + skipped + first;
        fetch_stream<kPageAhead>(p);
        fetch_stream<kPageAhead>(p + (Stride == 2 ? kLanes<T> : 0));
        sum += whole ? line_sum<Stride, true>(w, p, 0) : line_sum<Stride, false>(w, p, end - first);
      }
      Vec<T> mean = exact ? sum * factor : sum / by;
      if (w.squares) mean = root(mean);
      put_fetched<T>(y, o, mean, w.outputs - o);
    }
}

template <class T>
void line_means(const LineWindows<T>& w, const T* const* rows, int64_t count, Target<T> y) {
  if (w.stride == 1) return strided_means<1>(w, rows, count, y);
  if (w.stride == 2) return strided_means<2>(w, rows, count, y);
  if constexpr (kThirdsPay<T>) {
    if (w.stride == 3) return strided_means<3>(w, rows, count, y);
  }
  strided_means<0>(w, rows, count, y);
}

template <class T>
void powers(const T* x, int64_t n, bool square, bool add, T* y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(x + i);
    const Vec<T> v = load(x + i, n - i);
    const Vec<T> before = add ? load(y + i, n - i) : Vec<T>{};
    store(y + i, before + (square ? v * v : magnitude<T>(v)), n - i);
  }
}
template <class T>
void roots(int64_t n, T* y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) store(y + i, root(load(y + i, n - i)), n - i);
}

template <class T>
void plane_means(const T* x, int64_t planes, int64_t n, T divisor, bool squares, T* y) {
  for (int64_t plane = 0; plane < planes; ++plane, x += n) {
    Vec<T> chain[4] = {};
    int64_t i = 0;
    for (; i + 4 * kLanes<T> <= n; i += 4 * kLanes<T>) {
      FOLDGATE_UNROLL
      for (int q = 0; q < 4; ++q) {
        fetch_stream(x + i + q * kLanes<T>);
        chain[q] += term(load(x + i + q * kLanes<T>), squares, T(1));
      }
    }
    for (; i < n; i += kLanes<T>) chain[0] += term(load(x + i, n - i), squares, T(1));
    const T mean = sum((chain[0] + chain[1]) + (chain[2] + chain[3])) / divisor;
    y[plane] = squares ? root(broadcast<T>(mean))[0] : mean;
  }
}

template <class T>
constexpr AverageKernels<T> table() {
  return {kLanes<T>, add_rows<T>,    means<T>,  line_means<T>, powers<T>,
          roots<T>,  plane_means<T>, shares<T>, gather<T>,     gather_lines<T>};
}

}  // namespace

extern const AverageKernels<float> average_f32;
extern const AverageKernels<double> average_f64;
const AverageKernels<float> average_f32 = table<float>();
const AverageKernels<double> average_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
