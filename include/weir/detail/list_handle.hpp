// ListHandle: the list of the current key. In a store it is a cell that may know only what was
// added (backed_cells.hpp).
#pragma once

#include <weir/detail/state_handle.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

/// A handle of a list.
template <class T>
class ListHandle : public StateHandle {
protected:
  ListHandle(StateOwner& owner, std::string_view name, std::optional<Ttl> life)
      : StateHandle{owner, spec_of(name, life), life} {}

  const std::vector<T>& list() const { return expires() ? live_elements() : elements<T>(); }
  void add_element(T element) const {
    if (expires())
      push<Expiring<T>>({now(), std::move(element)});
    else
      push<T>(std::move(element));
  }
  void set_list(std::vector<T> list) const {
    if (!expires()) return replace<T>(std::move(list));
    std::vector<Expiring<T>> held;
    held.reserve(list.size());
    for (T& element : list) held.push_back({now(), std::move(element)});
    replace<Expiring<T>>(std::move(held));
  }

private:
  static StateSpec spec_of(std::string_view name, const std::optional<Ttl>& life) {
    if constexpr (has_codec<T>())  // else an assertion has failed, which says enough
      return life ? spec_of<Expiring<T>>(name) : spec_of<T>(name);
    return {};
  }
  template <class E>
  static StateSpec spec_of(std::string_view name) {
    StateSpec spec{std::string{name}, StateKind::list, &type_of<Cow<std::vector<E>>>(),
                   &backed_collection<BackedList<E>>()};
    if constexpr (!std::is_same_v<E, T>)
      spec.is_live = [](const void* cell, std::int64_t dead) {
        return is_live(static_cast<const Cow<std::vector<E>>*>(cell)->get(), dead);
      };
    return spec;
  }

  template <class E>
  const std::vector<E>& elements() const {
    const BackedRows* rows = backed();
    if (rows == nullptr) return this->template read_collection<std::vector<E>>();
    Cow<BackedList<E>>& held = this->template cell<BackedList<E>>();
    if (!held.get().is_whole()) held.edit().load(place(), rows->written());
    return held.get().all();
  }
  template <class E>
  void push(E element) const {
    if (const BackedRows* rows = backed())
      this->template edit_cell<BackedList<E>>().add(std::move(element), rows->epoch());
    else
      this->template edit_collection<std::vector<E>>().push_back(std::move(element));
  }
  template <class E>
  void replace(std::vector<E> list) const {
    if (const BackedRows* rows = backed())
      this->template edit_cell<BackedList<E>>().set(std::move(list), rows->epoch());
    else if (list.empty())
      erase();
    else
      this->template edit_collection<std::vector<E>>() = std::move(list);
  }

  /// Drops what has expired, and copies the rest without its times.
  const std::vector<T>& live_elements() const {
    const auto& held = elements<Expiring<T>>();
    shown_.clear();
    std::vector<Expiring<T>> live;
    for (const Expiring<T>& element : held) {
      const bool lives = is_live(element, dead());
      if (lives || shows_expired()) shown_.push_back(element.value);
      if (lives) live.push_back({touches_on_read() ? now() : element.touched, element.value});
    }
    const bool touch = touches_on_read() && is_live_before_now(held);
    if (live.size() != held.size() || touch) replace<Expiring<T>>(std::move(live));
    return shown_;
  }
  bool is_live_before_now(const std::vector<Expiring<T>>& held) const {
    return std::any_of(held.begin(), held.end(),
                       [this](const auto& element) { return element.touched != now(); });
  }

  mutable std::vector<T> shown_;  // of lists that expire, the last one
};

}  // namespace weir::detail
