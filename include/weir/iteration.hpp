// Round: what the body of an iteration makes of its records; see Stream::iterate.
#pragma once

namespace weir {

template <class T>
class Stream;

/// See the file comment.
template <class T, class R>
struct Round {
  Stream<T> again;  ///< these go round once more
  Stream<R> out;    ///< these leave
};

namespace detail {

template <class Result, class T>
inline constexpr bool kIsRoundOf = false;
template <class T, class R>
inline constexpr bool kIsRoundOf<Round<T, R>, T> = true;

}  // namespace detail
}  // namespace weir
