// What streams find out about the user code that is put behind them: whether it is of a kind that
// they take, and what state it declares.
#pragma once

#include <weir/co_process.hpp>
#include <weir/codec.hpp>
#include <weir/detail/graph.hpp>
#include <weir/process.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

namespace weir::detail {

template <class F, class T>
constexpr bool key_of_is_valid() {
  if constexpr (std::invocable<const F&, const T&>)
    return Key<std::remove_cvref_t<std::invoke_result_t<const F&, const T&>>>;
  else
    return false;
}

template <class P>
concept IsProcess = std::derived_from<P, Process<typename P::in_type, typename P::out_type>>;

template <class P>
concept IsKeyedProcess = std::derived_from<
    P, KeyedProcess<typename P::key_type, typename P::in_type, typename P::out_type>>;

template <class P>
concept IsCoProcess = std::derived_from<
    P, CoProcess<typename P::first_type, typename P::second_type, typename P::out_type>>;

template <class P>
concept IsKeyedCoProcess =
    std::derived_from<P, KeyedCoProcess<typename P::key_type, typename P::first_type,
                                        typename P::second_type, typename P::out_type>>;

template <class P>
concept IsKeyedBroadcastProcess =
    std::derived_from<P, KeyedBroadcastProcess<typename P::key_type, typename P::in_type,
                                               typename P::broadcast_type, typename P::out_type>>;

template <class D>
inline constexpr bool kIsDeclared = false;
template <class S, class... A>
inline constexpr bool kIsDeclared<Declared<S, A...>> = true;

/// Builds a process function once to see what it declares.
template <class P, class... Args>
Declarations declared_by(GraphSpec& graph, std::string_view name, const Args&... args) {
  try {
    const P probe{args...};
    return {probe.declared_states(), specs_of(probe.operator_states()),
            specs_of(probe.side_outputs()), names_of(probe.metrics())};
  } catch (const std::exception& error) {
    graph.problems.push_back({std::string{name},
                              std::string{"its constructor threw: "} + error.what(),
                              "make the constructor succeed without its surroundings"});
    return {};
  }
}

}  // namespace weir::detail
