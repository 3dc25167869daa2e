// Which process runs windows, by their kind and by what is said of when they make their results.
#pragma once

#include <weir/detail/session_window_process.hpp>
#include <weir/detail/time_window_process.hpp>
#include <weir/detail/triggered_window_process.hpp>

#include <chrono>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// The process function of windows that make their results when they have ended.
template <class Windows, class K, class T, class Sum, class Out, class Rules>
using WindowProcess = std::conditional_t<std::is_same_v<Windows, SessionWindows>,
                                         SessionWindowProcess<K, T, Sum, Out, Rules>,
                                         TimeWindowProcess<K, T, Sum, Out, Rules>>;

/// Nothing was said.
struct Unsaid {};

/// When windows make their results, and of which records.
template <class G = Unsaid, class Before = NoEvictor, class After = NoEvictor>
struct Firing {
  G trigger = {};
  Before before = {};
  After after = {};

  static constexpr bool kIsPlain = std::is_same_v<Firing, Firing<>>;
  static constexpr bool kHasTrigger = !std::is_same_v<G, Unsaid>;
  static constexpr bool kEvicts =
      !std::is_same_v<Before, NoEvictor> || !std::is_same_v<After, NoEvictor>;

  template <class Other>
  Firing<Other, Before, After> with_trigger(Other other) const {
    return {std::move(other), before, after};
  }
  template <class Other>
  Firing<G, Other, After> with_before(Other other) const {
    return {trigger, std::move(other), after};
  }
  template <class Other>
  Firing<G, Before, Other> with_after(Other other) const {
    return {trigger, before, std::move(other)};
  }
};

inline bool needs_time(const TimeWindows& windows) {
  return windows.domain == TimeDomain::event_time;
}
inline bool needs_time(const SessionWindows& windows) {
  return windows.domain == TimeDomain::event_time;
}
template <class W>
bool needs_time(const W&) {
  return false;
}

inline GridAssigner assigner_of(const TimeWindows& windows) {
  return GridAssigner{windows};
}
inline SessionAssigner assigner_of(const SessionWindows& windows) {
  return SessionAssigner{windows};
}
inline GlobalAssigner assigner_of(const GlobalWindows&) {
  return {};
}

/// What Rules make of records of T, with everything that Firing throws out left out.
template <class K, class T, class Rules, class G, class Before, class After>
auto contents_of(const Firing<G, Before, After>& firing, Rules rules) {
  if constexpr (Firing<G, Before, After>::kEvicts)
    return EvictedContents<K, T, Rules, Before, After>{std::move(rules), firing.before,
                                                       firing.after};
  else
    return SummedContents<K, T, Rules>{std::move(rules)};
}

/// Calls `make(std::type_identity<Process>{}, args...)` with the process that runs windows with
/// triggers, and what it is built from.
template <class K, class T, class Windows, class Firing, class Rules, class F>
auto make_triggered(const Windows& windows, const Firing& firing,
                    std::chrono::milliseconds lateness, Rules rules, const F& make) {
  const auto assigner = assigner_of(windows);
  auto contents = contents_of<K, T>(firing, std::move(rules));
  const auto build = [&](auto trigger) {
    using Process = TriggeredWindowProcess<K, T, std::remove_const_t<decltype(assigner)>,
                                           decltype(trigger), decltype(contents)>;
    return make(std::type_identity<Process>{}, assigner, windows.domain, lateness, trigger,
                contents);
  };
  if constexpr (Firing::kHasTrigger)
    return build(firing.trigger);
  else
    return build(AtEnd{});
}

/// The same for windows of any kind.
template <class K, class T, class Windows, class Firing, class Rules, class F>
auto make_windows(const Windows& windows, const Firing& firing, std::chrono::milliseconds lateness,
                  Rules rules, const F& make) {
  using Out = typename Rules::Out;
  using Sum = typename SummedContents<K, T, Rules>::Sum;
  if constexpr (std::is_same_v<Windows, CountWindows>) {
    return make_triggered<K, T>(GlobalWindows{},
                                firing.with_trigger(trigger::purging(AfterRecords{windows.size})),
                                lateness, std::move(rules), make);
  } else if constexpr (std::is_same_v<Windows, SlidingCountWindows>) {
    return make_triggered<K, T>(
        GlobalWindows{},
        firing.with_trigger(AfterRecords{windows.slide}).with_before(KeepLast{windows.size}),
        lateness, std::move(rules), make);
  } else if constexpr (Firing::kIsPlain && !std::is_same_v<Windows, GlobalWindows>) {
    using Process = WindowProcess<Windows, K, T, Sum, Out, Rules>;
    return make(std::type_identity<Process>{}, windows, lateness, std::move(rules));
  } else {
    return make_triggered<K, T>(windows, firing, lateness, std::move(rules), make);
  }
}

}  // namespace weir::detail
