#include "kernels/average.h"

#include "simd/stride.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// Four rows at a time: as many streams as the prefetcher follows with the sums', and one store for four loads.
template <class T>
void add_rows(const T* const* rows, int64_t count, int64_t n, T* sums) {
  for (int64_t r = 0; r < count; r += 4) {
    const T* a = rows[r];
    const T* b = r + 1 < count ? rows[r + 1] : nullptr;
    const T* c = r + 2 < count ? rows[r + 2] : nullptr;
    const T* d = r + 3 < count ? rows[r + 3] : nullptr;
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      Vec<T> sum = load(a + i, n - i);
      if (r > 0) sum = load(sums + i, n - i) + sum;
      if (b) sum += load(b + i, n - i);
      if (c) sum += load(c + i, n - i);
      if (d) sum += load(d + i, n - i);
      store(sums + i, sum, n - i);
    }
  }
}

template <class T>
FOLDGATE_INLINE T divisor_of(const RowWindows& w, int64_t output) {
  return static_cast<T>(w.counted * w.spans[output].counted);
}

template <class T>
void means(const RowWindows& w, const T* const* rows, int64_t count, T* y) {
  for (int64_t o = 0; o < w.outputs; ++o, y += w.pixel) {
    const T divisor = divisor_of<T>(w, o);
    const int64_t first = w.spans[o].begin * w.pixel, taps = w.spans[o].count;
    if (w.pixel == 1) {
      T sum = 0;
      for (int64_t r = 0; r < count; ++r)
        for (int64_t t = 0; t < taps; ++t) sum += rows[r][first + t * w.step];
      *y = sum / divisor;
      continue;
    }
    const Vec<T> by = broadcast<T>(divisor);
    for (int64_t c = 0; c < w.pixel; c += kLanes<T>) {
      Vec<T> sum = {};
      for (int64_t r = 0; r < count; ++r) {
        const T* p = rows[r] + first + c;
        for (int64_t t = 0; t < taps; ++t, p += w.step * w.pixel) sum += load(p, w.pixel - c);
      }
      store(y + c, sum / by, w.pixel - c);
    }
  }
}

template <int Stride, class T>
void strided_means(const LineWindows<T>& w, const T* const* rows, int64_t count, T* y) {
  const Vec<T> by = broadcast<T>(w.divisor);
  const int64_t end = w.begin + (w.outputs - 1) * w.stride + (w.taps - 1) * w.step + 1;  // read of a row
  for (int64_t o = 0; o < w.outputs; o += kLanes<T>) {
    const int64_t first = w.begin + o * w.stride;
    const bool whole = first + (w.taps - 1) * w.step + (kLanes<T> - 1) * w.stride < end;
    Vec<T> sum = {};
    for (int64_t r = 0; r < count; ++r)
      for (int64_t t = 0; t < w.taps; ++t) {
        const int64_t at = first + t * w.step;
        sum += whole ? load_strided<Stride>(rows[r] + at, w.stride)
                     : load_strided<Stride>(rows[r] + at, w.stride, end - at);
      }
    store(y + o, sum / by, w.outputs - o);
  }
}

template <class T>
void line_means(const LineWindows<T>& w, const T* const* rows, int64_t count, T* y) {
  if (w.stride == 1) return strided_means<1>(w, rows, count, y);
  if (w.stride == 2) return strided_means<2>(w, rows, count, y);
  strided_means<0>(w, rows, count, y);
}

// Taps first .. last of a window that lie in [begin, end). Most windows do whole, without a division.
struct TapBounds {
  int64_t first, last;
};
FOLDGATE_INLINE TapBounds taps_between(const WindowSpan& span, int64_t step, int64_t begin, int64_t end) {
  if (span.begin >= begin && span.begin + (span.count - 1) * step < end) return {0, span.count};
  const int64_t skipped = begin - span.begin, reached = end - span.begin;
  const int64_t first = skipped <= 0 ? 0 : (skipped + step - 1) / step;
  const int64_t last = reached <= 0 ? 0 : (reached + step - 1) / step;
  return {first, last < span.count ? last : span.count};
}

template <class T>
void spread(const RowWindows& w, int64_t begin, int64_t end, const T* dy, T* dx) {
  for (int64_t o = 0; o < w.outputs; ++o, dy += w.pixel) {
    const TapBounds taps = taps_between(w.spans[o], w.step, begin, end);
    const T divisor = divisor_of<T>(w, o);
    T* target = dx + w.spans[o].begin * w.pixel;
    if (w.pixel == 1) {
      const T share = *dy / divisor;
      for (int64_t t = taps.first; t < taps.last; ++t) target[t * w.step] += share;
      continue;
    }
    const Vec<T> by = broadcast<T>(divisor);
    for (int64_t c = 0; c < w.pixel; c += kLanes<T>) {
      const int64_t live = w.pixel - c;
      const Vec<T> share = load(dy + c, live) / by;
      for (int64_t t = taps.first; t < taps.last; ++t) {
        T* p = target + t * w.step * w.pixel + c;
        store(p, load(p, live) + share, live);
      }
    }
  }
}

template <class T>
constexpr AverageKernels<T> table() {
  return {add_rows<T>, means<T>, line_means<T>, spread<T>};
}

}  // namespace

extern const AverageKernels<float> average_f32;
extern const AverageKernels<double> average_f64;
const AverageKernels<float> average_f32 = table<float>();
const AverageKernels<double> average_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
