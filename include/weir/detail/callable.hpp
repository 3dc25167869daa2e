// What a lambda or function takes and returns, for those that name their types.
#pragma once

#include <weir/emit.hpp>

#include <tuple>
#include <type_traits>

namespace weir::detail {

template <class...>
inline constexpr bool kAlwaysFalse = false;  // for static_assert in a branch that must not be taken

/// The signature of a callable: arguments as a tuple, or none if they are not named.
template <class F>
struct Signature;

template <class R, class... A>
struct Signature<R (*)(A...)> {
  using args = std::tuple<A...>;
};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> {
  using args = std::tuple<A...>;
};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> {
  using args = std::tuple<A...>;
};
template <class F>
requires requires {
  &F::operator();
}
struct Signature<F> : Signature<decltype(&F::operator())> {};

template <class T>
struct EmittedBy {
  using type = void;
};
template <class T>
struct EmittedBy<Emit<T>&> {
  using type = T;
};

template <class F>
constexpr bool has_signature() {
  return requires {
    typename Signature<F>::args;
  };
}

template <class F>
struct LastArgument {
  using args = typename Signature<F>::args;
  using type = std::tuple_element_t<std::tuple_size_v<args> - 1, args>;
};

/// R if F's last parameter is `Emit<R>&`, else void.
template <class F>
using Emitted = typename EmittedBy<typename LastArgument<F>::type>::type;

/// Whether F names its types and its last parameter is an Emit of records.
template <class F>
constexpr bool emits() {
  if constexpr (has_signature<F>()) {
    if constexpr (std::tuple_size_v < typename Signature<F>::args >> 0)
      return Record<Emitted<F>>;
    else
      return false;
  } else {
    return false;
  }
}

}  // namespace weir::detail
