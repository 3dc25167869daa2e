// What streams find out about async operators that are put behind them.
#pragma once

#include <weir/async.hpp>
#include <weir/detail/callable.hpp>
#include <weir/detail/graph.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace weir::detail {

template <class T>
struct RepliedBy {
  using type = void;
};
template <class R>
struct RepliedBy<Reply<R>> {
  using type = R;
};

/// R if F's last parameter is a Reply<R>, else void.
template <class F>
using Replied = typename RepliedBy<std::remove_cvref_t<typename LastArgument<F>::type>>::type;

/// Whether F names its types and its last parameter is a Reply of records.
template <class F>
constexpr bool replies() {
  if constexpr (has_signature<F>()) {
    if constexpr (std::tuple_size_v < typename Signature<F>::args >> 0)
      return Record<Replied<F>>;
    else
      return false;
  } else {
    return false;
  }
}

template <class P>
concept IsAsyncProcess =
    std::derived_from<P, AsyncProcess<typename P::in_type, typename P::out_type>>;

/// Adds what is wrong with the options of an async operator to the problems of its job.
inline void check(const AsyncOptions& options, std::string_view name, GraphSpec& graph) {
  const auto require = [&](bool holds, const char* what, const char* cure) {
    if (!holds) graph.problems.push_back({std::string{name}, what, cure});
  };
  require(options.capacity >= 1, "its capacity is below 1",
          "set AsyncOptions::capacity to how many requests may be under way, such as 100");
  require(options.timeout > Duration{}, "its timeout is not above 0",
          "set AsyncOptions::timeout to how long an answer may take, such as a minute");
  const AsyncRetry& retry = options.retry;
  require(retry.attempts >= 1, "it may not attempt any request",
          "set AsyncRetry::attempts to 1, or to more if it is to ask again");
  require(retry.pause >= Duration{}, "its pause between attempts is negative",
          "set AsyncRetry::pause to 0 or more");
  require(retry.factor >= 1, "its pauses between attempts become shorter",
          "set AsyncRetry::factor to 1, or to more if they are to grow");
  require(retry.pause_max >= retry.pause, "its longest pause is below the first one",
          "set AsyncRetry::pause_max to AsyncRetry::pause or more");
}

}  // namespace weir::detail
