// ValueHandle: one value of the current key, also of a reducing or aggregating state.
#pragma once

#include <weir/detail/state_handle.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// A handle of one value.
template <class T>
class ValueHandle : public StateHandle {
protected:
  ValueHandle(StateOwner& owner, std::string_view name, StateKind kind, std::optional<Ttl> life)
      : StateHandle{owner, spec_of(name, kind, life), life} {}

  const T* find_value() const {
    if (!expires()) return this->template read<T>();
    const auto* held = this->template read<Expiring<T>>();
    if (held == nullptr) return nullptr;
    if (!is_live(*held, dead())) return take_expired(held->value);
    if (!touches_on_read() || held->touched == now()) return &held->value;
    auto* touched = this->template edit<Expiring<T>>();
    touched->touched = now();
    return &touched->value;
  }

  /// Returns the value for a change, or null.
  T* edit_value() const {
    if (!expires()) return this->template edit<T>();
    auto* held = this->template edit<Expiring<T>>();
    if (held == nullptr) return nullptr;
    if (!is_live(*held, dead())) {
      erase();
      return nullptr;
    }
    held->touched = now();
    return &held->value;
  }

  void put_value(T value) const {
    if (expires())
      this->template write<Expiring<T>>({now(), std::move(value)});
    else
      this->template write<T>(std::move(value));
  }

private:
  static StateSpec spec_of(std::string_view name, StateKind kind, const std::optional<Ttl>& life) {
    if constexpr (has_codec<T>())  // else an assertion has failed, which says enough
      return life ? spec_of<Expiring<T>>(name, kind) : spec_of<T>(name, kind);
    return {};
  }
  template <class Cell>
  static StateSpec spec_of(std::string_view name, StateKind kind) {
    StateSpec spec{std::string{name}, kind, &type_of<Cell>(), &backed_value<Cell>()};
    if constexpr (!std::is_same_v<Cell, T>)
      spec.is_live = [](const void* cell, std::int64_t dead) {
        return is_live(*static_cast<const Cell*>(cell), dead);
      };
    return spec;
  }

  const T* take_expired(const T& value) const {
    if (shows_expired()) expired_ = value;
    erase();
    return shows_expired() ? &*expired_ : nullptr;
  }

  mutable std::optional<T> expired_;  // the last one, shown once more
};

}  // namespace weir::detail
