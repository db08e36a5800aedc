#include "ops/conv/fft_blocks.h"

#include <cstring>

namespace foldgate {

namespace {
template <class T>
void zero(T* data, int64_t count) {
  std::memset(static_cast<void*>(data), 0, static_cast<size_t>(count) * sizeof(T));
}
}  // namespace

template <class T>
bool FftSlots<T>::stretch(int64_t pair, int half, int64_t positions, bool as_inputs, Stretch* s) const {
  const int64_t pairs = blocks_.pairs_per_image(), u = pair % pairs + half * pairs;
  if (u >= blocks_.per_image()) return false;
  const int64_t d = blocks_.dilation, most = as_inputs ? blocks_.size : blocks_.block();
  s->image = pair / pairs;
  s->first = blocks_.origin(u) - (as_inputs ? blocks_.before : 0);
  s->end = s->first < positions ? std::min(most, ceil_div(positions - s->first, d)) : 0;
  s->begin = std::min(s->end, s->first < 0 ? ceil_div(-s->first, d) : 0);
  return true;
}

template <class T>
void FftSlots<T>::gather(const FftOperand<const T>& from, int64_t pair, int64_t end, int64_t part,
                         bool as_inputs, T* staging, T* slot) const {
  if (lanes_.stride == 1) return gather_single(from, pair, end, as_inputs, staging, slot);
  const int64_t lanes = lanes_.lanes, point = 2 * lanes, live = lanes_.live(part);
  const bool whole = live == lanes;
  if (!whole) zero(slot, blocks_.size * point);
  for (int64_t i = 0; i < lanes_.pairs() && pair + i < end; ++i) {
    for (int half = 0; half < 2; ++half) {
      T* const target = slot + half * lanes + i * lanes_.stride;
      Stretch s{};
      stretch(pair + i, half, from.positions, as_inputs, &s);
      if (whole) {
        for (int64_t t = 0; t < s.begin; ++t) zero(target + t * point, lanes);
        for (int64_t t = s.end; t < blocks_.size; ++t) zero(target + t * point, lanes);
      }
      if (s.begin == s.end || live == 0) continue;
      const int64_t position = s.image * from.positions + s.first + s.begin * blocks_.dilation;
      fft_.rows({from.data + position * from.pitch + part * lanes, blocks_.dilation * from.pitch,
                 target + s.begin * point, point, s.end - s.begin, live});
    }
  }
}

// A channel alone: a lane is a stretch of memory, and a slot is turned at once.
template <class T>
void FftSlots<T>::gather_single(const FftOperand<const T>& from, int64_t pair, int64_t end, bool as_inputs,
                                T* staging, T* slot) const {
  const int64_t lanes = lanes_.lanes, step = blocks_.dilation * from.pitch;
  for (int half = 0; half < 2; ++half) {
    for (int64_t i = 0; i < lanes; ++i) {
      T* const row = staging + i * staging_step();
      Stretch s{};
      if (pair + i < end) stretch(pair + i, half, from.positions, as_inputs, &s);
      zero(row, s.begin);
      zero(row + s.end, blocks_.size - s.end);
      if (s.begin == s.end) continue;
      const T* source =
          from.data + (s.image * from.positions + s.first + s.begin * blocks_.dilation) * from.pitch;
      if (step == 1)
        std::copy_n(source, s.end - s.begin, row + s.begin);
      else
        for (int64_t t = s.begin; t < s.end; ++t, source += step) row[t] = *source;
    }
    gemm_.transpose(staging, staging_step(), lanes, blocks_.size, slot + half * lanes, 2 * lanes);
  }
}

template <class T>
void FftSlots<T>::scatter(const T* slot, int64_t pair, int64_t end, int64_t part, T scale, const T* bias,
                          T* staging, const FftOperand<T>& to) const {
  if (lanes_.stride == 1) return scatter_single(slot, pair, end, scale, bias, staging, to);
  const int64_t lanes = lanes_.lanes, live = lanes_.live(part);
  if (live == 0) return;
  for (int64_t i = 0; i < lanes_.pairs() && pair + i < end; ++i) {
    for (int half = 0; half < 2; ++half) {
      Stretch s{};
      if (!stretch(pair + i, half, to.positions, false, &s)) continue;
      T* const target = to.data + (s.image * to.positions + s.first) * to.pitch + part * lanes;
      fft_.rows({slot + half * lanes + i * lanes_.stride, 2 * lanes, target, blocks_.dilation * to.pitch,
                 s.end, live, scale, bias ? bias + part * lanes : nullptr});
    }
  }
}

template <class T>
void FftSlots<T>::scatter_single(const T* slot, int64_t pair, int64_t end, T scale, const T* bias, T* staging,
                                 const FftOperand<T>& to) const {
  const int64_t lanes = lanes_.lanes, step = blocks_.dilation * to.pitch;
  T repeated[64];
  std::fill_n(repeated, lanes, bias ? *bias : T(0));
  for (int half = 0; half < 2; ++half) {
    gemm_.transpose(slot + half * lanes, 2 * lanes, blocks_.block(), lanes, staging, staging_step());
    for (int64_t i = 0; i < lanes && pair + i < end; ++i) {
      Stretch s{};
      if (!stretch(pair + i, half, to.positions, false, &s)) continue;
      const T* const row = staging + i * staging_step();
      T* const target = to.data + (s.image * to.positions + s.first) * to.pitch;
      if (step != 1) {
        fft_.rows({row, 1, target, step, s.end, 1, scale, repeated});
        continue;
      }
      const int64_t vectors = s.end / lanes, left = s.end % lanes, done = s.end - left;
      fft_.rows({row, lanes, target, lanes, vectors, lanes, scale, repeated});
      if (left > 0) fft_.rows({row + done, lanes, target + done, lanes, 1, left, scale, repeated});
    }
  }
}

template class FftSlots<float>;
template class FftSlots<double>;

}  // namespace foldgate
