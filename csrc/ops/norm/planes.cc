// Channels whose values are contiguous: x (samples, rows, channels, inner).
#include <algorithm>

#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/norm/statistics.h"
#include "ops/norm/units.h"
#include "ops/stream.h"

namespace foldgate {
namespace {

constexpr int64_t kPieceValues = 1 << 15;  // of a long plane: enough parts for several threads
// Shorter planes, of channels that are not neighbours in memory, are not worth leaving its order for.
constexpr int64_t kLongPlane = 1024;

// A unit is a group of a sample. Its parts: channel by channel, row by row, the pieces of a plane.
struct PlaneSplit {
  explicit PlaneSplit(const ChannelNormPlan& plan)
      : plan_(plan),
        pieces(ceil_div(plan.inner, kPieceValues)),
        channel_parts(plan.rows * pieces),
        parts(plan.group_channels() * channel_parts) {}

  bool whole() const {
    return plan_.terms() <= kUnitValues && (plan_.rows == 1 || plan_.inner >= kLongPlane);
  }
  int64_t size(int64_t part) const { return pieces == 1 ? plan_.inner : piece_size(part % pieces); }
  int64_t piece_size(int64_t piece) const {
    return std::min(kPieceValues, plan_.inner - piece * kPieceValues);
  }
  int64_t channel(int64_t unit, int64_t index) const {
    return unit % plan_.groups * plan_.group_channels() + index;
  }
  int64_t sample(int64_t unit) const { return unit / plan_.groups; }

  // body(unit, part, channel, offset in x, size) for all parts of a unit
  template <class Body>
  void for_unit(int64_t unit, Body body) const {
    int64_t part = 0;
    for (int64_t i = 0; i < plan_.group_channels(); ++i)
      for (int64_t row = 0; row < plan_.rows; ++row) {
        const int64_t c = channel(unit, i), plane = (sample(unit) * plan_.rows + row) * plan_.channels + c;
        for (int64_t piece = 0; piece < pieces; ++piece, ++part)
          body(unit, part, c, plane * plan_.inner + piece * kPieceValues, piece_size(piece));
      }
  }
  // The same from the last plane to the first, which have been read in their order: L2 still holds the last.
  template <class Body>
  void for_unit_back(int64_t unit, Body body) const {
    int64_t part = parts;
    for (int64_t i = plan_.group_channels(); i-- > 0;)
      for (int64_t row = plan_.rows; row-- > 0;) {
        const int64_t c = channel(unit, i), plane = (sample(unit) * plan_.rows + row) * plan_.channels + c;
        for (int64_t piece = pieces; piece-- > 0;)
          body(unit, --part, c, plane * plan_.inner + piece * kPieceValues, piece_size(piece));
      }
  }
  // The same for parts [begin, end) of all units in the order of memory. Counters, as planes may be short and divisions
  // are slow.
  template <class Body>
  void for_range(int64_t begin, int64_t end, Body body) const {
    const int64_t first_plane = begin / pieces, each = plan_.group_channels();
    int64_t piece = begin % pieces, c = first_plane % plan_.channels;
    int64_t line = first_plane / plan_.channels, offset = first_plane * plan_.inner;
    for (; begin < end; ++line, c = 0) {
      const int64_t row = line % plan_.rows;
      int64_t unit = line / plan_.rows * plan_.groups + c / each, index = c % each;
      for (; c < plan_.channels && begin < end; ++c, piece = 0, offset += plan_.inner) {
        const int64_t first = (index * plan_.rows + row) * pieces;
        for (; piece < pieces && begin < end; ++piece, ++begin)
          body(unit, first + piece, c, offset + piece * kPieceValues, piece_size(piece));
        if (++index == each) index = 0, ++unit;
      }
    }
  }

  const ChannelNormPlan& plan_;
  const int64_t pieces, channel_parts, parts;
};

template <class T>
class Forward {
 public:
  explicit Forward(const NormForward<T>& call)
      : call_(call),
        split_(call.plan),
        units_(call.plan.statistics(), split_.parts, call.plan.terms(), split_.whole() && !call.rstd,
               kValueWork),
        y_(target(call.y, call.plan.size(), call.plan.inner)),
        moments_(call.rstd ? 0 : 2 * units_.slots() * split_.parts) {}
  void run() { units_.run(*this); }

  void prepare(int64_t, int64_t) {}
  void first(int64_t slot, int64_t unit) {
    split_.for_unit(unit, [&](int64_t, int64_t part, int64_t, int64_t offset, int64_t size) {
      moments(slot, part, offset, size);
    });
  }
  void first_range(int64_t begin, int64_t end) {
    if (call_.rstd) return;
    split_.for_range(begin, end, [&](int64_t unit, int64_t part, int64_t, int64_t offset, int64_t size) {
      moments(unit, part, offset, size);
    });
  }
  void between(int64_t slot, int64_t unit) {
    if (call_.rstd) return;
    const T* means = means_of(slot);
    merge_parts(
        means, means + split_.parts, split_.parts, [&](int64_t part) { return split_.size(part); },
        call_.mean + unit, call_.variance + unit);
  }
  void second(int64_t, int64_t unit) {
    const T rstd = rstd_of(unit);
    const int64_t ahead = to_next(unit);
    split_.for_unit_back(unit, [&](int64_t, int64_t, int64_t channel, int64_t offset, int64_t size) {
      normalize(unit, channel, rstd, offset, size, ahead);
    });
    fence(y_);
  }
  void second_range(int64_t begin, int64_t end) {
    split_.for_range(begin, end, [&](int64_t unit, int64_t, int64_t channel, int64_t offset, int64_t size) {
      normalize(unit, channel, rstd_of(unit), offset, size, 0);
    });
    fence(y_);
  }

 private:
  void moments(int64_t slot, int64_t part, int64_t offset, int64_t size) {
    T* means = means_of(slot);
    kernels_.moments(call_.x + offset, size, means + part, means + split_.parts + part);
  }
  T rstd_of(int64_t unit) const {
    return call_.rstd ? call_.rstd[unit] : inverse_deviation(call_.variance[unit], call_.epsilon);
  }
  // From a unit's values to those of one that this thread takes soon, where threads are equally fast: memory
  // would be idle in the second step, which reads from cache, if that did not fetch them.
  int64_t to_next(int64_t unit) const {
    const int64_t units = units_.slots();
    return unit + units < call_.plan.statistics() ? units * call_.plan.group_channels() * call_.plan.inner
                                                  : 0;
  }
  void normalize(int64_t unit, int64_t channel, T rstd, int64_t offset, int64_t size, int64_t ahead) {
    const NormTerms<T> terms = forward_terms(call_.affine, channel, call_.mean[unit], rstd);
    kernels_.normalize(call_.x + offset, size, call_.x + offset + ahead, terms, call_.affine.relu,
                       y_ + offset);
  }
  T* means_of(int64_t slot) const { return moments_.data() + 2 * slot * split_.parts; }

  const ChannelNormKernels<T>& kernels_ = kernels<T>().channel_norm;
  const NormForward<T>& call_;
  const PlaneSplit split_;
  const Units units_;
  const Target<T> y_;
  const Scratch<T> moments_;
};

template <class T>
class Backward {
 public:
  explicit Backward(const NormBackward<T>& call)
      : call_(call),
        split_(call.plan),
        units_(call.plan.statistics(), split_.parts, call.plan.terms(), split_.whole(), 1.5 * kValueWork),
        dx_(target(call.dx, call.plan.size(), call.plan.inner)),
        sums_((2 * split_.parts + 2) * units_.slots()) {}
  void run() { units_.run(*this); }

  void prepare(int64_t, int64_t) {}
  void first(int64_t slot, int64_t unit) {
    split_.for_unit(unit, [&](int64_t, int64_t part, int64_t channel, int64_t offset, int64_t size) {
      sums(slot, unit, part, channel, offset, size);
    });
  }
  void first_range(int64_t begin, int64_t end) {
    split_.for_range(begin, end,
                     [&](int64_t unit, int64_t part, int64_t channel, int64_t offset, int64_t size) {
                       sums(unit, unit, part, channel, offset, size);
                     });
  }
  void between(int64_t slot, int64_t unit) {
    const T* sums = sums_of(slot);
    const int64_t sample = split_.sample(unit) * call_.plan.channels;
    for (int64_t i = 0; i < call_.plan.group_channels(); ++i) {
      double d = 0, dx = 0;
      for (int64_t part = i * split_.channel_parts; part < (i + 1) * split_.channel_parts; ++part) {
        d += static_cast<double>(sums[2 * part]);
        dx += static_cast<double>(sums[2 * part + 1]);
      }
      call_.d_sums[sample + split_.channel(unit, i)] = static_cast<T>(d);
      call_.dx_sums[sample + split_.channel(unit, i)] = static_cast<T>(dx);
    }
    T* gradient = sums_of(slot) + 2 * split_.parts;
    group_gradient(call_.plan, call_.affine, unit % call_.plan.groups, call_.rstd[unit],
                   call_.d_sums + sample, call_.dx_sums + sample, gradient, gradient + 1);
  }
  void second(int64_t slot, int64_t unit) {
    split_.for_unit_back(unit, [&](int64_t, int64_t, int64_t channel, int64_t offset, int64_t size) {
      gradient(slot, unit, channel, offset, size);
    });
    fence(dx_);
  }
  void second_range(int64_t begin, int64_t end) {
    split_.for_range(begin, end, [&](int64_t unit, int64_t, int64_t channel, int64_t offset, int64_t size) {
      gradient(unit, unit, channel, offset, size);
    });
    fence(dx_);
  }

 private:
  void sums(int64_t slot, int64_t unit, int64_t part, int64_t channel, int64_t offset, int64_t size) {
    kernels_.sums(call_.dy + offset, call_.x + offset, size, terms(unit, channel), call_.affine.relu,
                  sums_of(slot) + 2 * part);
  }
  void gradient(int64_t slot, int64_t unit, int64_t channel, int64_t offset, int64_t size) {
    const T* gradient = sums_of(slot) + 2 * split_.parts;
    NormTerms<T> all = terms(unit, channel);
    all.slope = gradient[0];
    all.offset = gradient[1];
    kernels_.gradient(call_.dy + offset, call_.x + offset, size, all, call_.mode(), dx_ + offset);
  }
  T* sums_of(int64_t slot) const { return sums_.data() + slot * (2 * split_.parts + 2); }
  NormTerms<T> terms(int64_t unit, int64_t channel) const {
    return forward_terms(call_.affine, channel, call_.mean[unit], call_.rstd[unit]);
  }

  const ChannelNormKernels<T>& kernels_ = kernels<T>().channel_norm;
  const NormBackward<T>& call_;
  const PlaneSplit split_;
  const Units units_;
  const Target<T> dx_;
  const Scratch<T> sums_;
};

}  // namespace

template <class T>
void planes_forward(const NormForward<T>& call) {
  Forward<T>(call).run();
}
template <class T>
void planes_backward(const NormBackward<T>& call) {
  Backward<T>(call).run();
}

template void planes_forward(const NormForward<float>&);
template void planes_forward(const NormForward<double>&);
template void planes_backward(const NormBackward<float>&);
template void planes_backward(const NormBackward<double>&);

}  // namespace foldgate
