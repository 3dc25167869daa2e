// What the function of a join makes of a pair of records.
#pragma once

#include <weir/detail/callable.hpp>

#include <concepts>
#include <functional>
#include <type_traits>

namespace weir::detail {

/// Stands for the result of a function that no join can call.
struct NoJoin {};

template <class F, class First, class Second>
constexpr auto join_out() {
  if constexpr (emits<F>()) {
    using R = Emitted<F>;
    if constexpr (std::invocable<const F&, const First&, const Second&, Emit<R>&>)
      return std::type_identity<R>{};
    else
      return std::type_identity<NoJoin>{};
  } else if constexpr (std::invocable<const F&, const First&, const Second&>) {
    using R = std::remove_cvref_t<std::invoke_result_t<const F&, const First&, const Second&>>;
    if constexpr (Record<R>)
      return std::type_identity<R>{};
    else
      return std::type_identity<NoJoin>{};
  } else {
    return std::type_identity<NoJoin>{};
  }
}

/// The records that `f(first, second)` returns, or that `f(first, second, out)` emits; or NoJoin.
template <class F, class First, class Second>
using JoinOut = typename decltype(join_out<F, First, Second>())::type;

/// Calls such a function with a pair.
template <class F, class First, class Second, class Out>
void join_pair(const F& f, const First& first, const Second& second, Emit<Out>& out) {
  if constexpr (std::invocable<const F&, const First&, const Second&, Emit<Out>&>)
    std::invoke(f, first, second, out);
  else
    out(std::invoke(f, first, second));
}

}  // namespace weir::detail
