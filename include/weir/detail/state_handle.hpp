// What all kinds of state handles have in common: how they reach the column of the current key,
// wherever that lies, and when what it holds has expired. The kinds are in value_handle.hpp,
// list_handle.hpp and map_handle.hpp.
#pragma once

#include <weir/detail/cow.hpp>
#include <weir/detail/expiring.hpp>
#include <weir/detail/keyed_state.hpp>
#include <weir/ttl.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

namespace detail {
class MetricHandle;
class OperatorState;
class SideOutputHandle;
class StateHandle;

/// Ends the process: a state handle was used outside of a key.
[[noreturn]] void fail_unbound_state(const std::string& name);
}  // namespace detail

/// Base of everything that declares state, side outputs or metrics: knows its handles and connects
/// them to the engine.
class StateOwner {
public:
  StateOwner() = default;
  StateOwner(const StateOwner&) = delete;
  StateOwner& operator=(const StateOwner&) = delete;

  /// For the engine: what has been declared, in order.
  std::vector<detail::StateSpec> declared_states() const;
  /// For the engine: lets all handles work on `state`.
  void bind_states(detail::KeyedState& state);
  /// For the engine: what has been declared that belongs to no key, in order.
  const std::vector<detail::OperatorState*>& operator_states() const { return operator_states_; }
  /// For the engine: the side outputs that have been declared, in order.
  const std::vector<detail::SideOutputHandle*>& side_outputs() const { return side_outputs_; }
  /// For the engine: the metrics that have been declared, in order.
  const std::vector<detail::MetricHandle*>& metrics() const { return metrics_; }

protected:
  ~StateOwner() = default;

private:
  friend class detail::MetricHandle;
  friend class detail::OperatorState;
  friend class detail::SideOutputHandle;
  friend class detail::StateHandle;
  std::vector<detail::StateHandle*> handles_;
  std::vector<detail::OperatorState*> operator_states_;
  std::vector<detail::SideOutputHandle*> side_outputs_;
  std::vector<detail::MetricHandle*> metrics_;
};

namespace detail {

/// See the file comment. Like a pointer: what a handle shows may be changed through a const one.
class StateHandle {
public:
  StateHandle(StateOwner& owner, StateSpec spec, std::optional<Ttl> life)
      : spec_{std::move(spec)}, life_{life}, column_{owner.handles_.size()} {
    if (life_)
      spec_.ttl_ms = std::chrono::duration_cast<std::chrono::milliseconds>(life_->after).count();
    owner.handles_.push_back(this);
  }
  StateHandle(const StateHandle&) = delete;
  StateHandle& operator=(const StateHandle&) = delete;

  const StateSpec& spec() const { return spec_; }
  /// Which of its owner's states it is, in the order of declaration.
  std::size_t index() const { return column_; }
  void bind(KeyedState& state) { state_ = &state; }

protected:
  ~StateHandle() = default;

  /// The state is the engine's own, and may have a name that jobs may not use.
  void hold_timers() { spec_.holds_timers = true; }

  bool expires() const { return life_.has_value(); }
  bool shows_expired() const {
    return life_->visibility == Ttl::Visibility::return_expired_if_not_cleaned_up;
  }
  bool touches_on_read() const { return life_->update == Ttl::Update::on_read_and_write; }
  /// What was touched then or before has expired.
  std::int64_t dead() const { return now() - spec_.ttl_ms; }
  std::int64_t now() const { return state().time(); }

  template <class T>
  const T* read() const {
    return static_cast<const T*>(state().read(column_));
  }
  template <class T>
  T* edit() const {
    return static_cast<T*>(state().edit(column_));
  }
  template <class T>
  void write(T value) const {
    const auto [at, present] = state().claim(column_);
    if (present)
      *static_cast<T*>(at) = std::move(value);
    else
      ::new (at) T(std::move(value));
  }
  void erase() const { state().clear(column_); }

  /// Returns the collection of the current key for writing; an empty one is made if there is none.
  template <class T>
  T& edit_collection() const {
    const auto [at, present] = state().claim(column_);
    if (!present) ::new (at) Cow<T>();
    return static_cast<Cow<T>*>(at)->edit();
  }
  template <class T>
  const T& read_collection() const {
    static const T empty{};
    const auto* held = read<Cow<T>>();
    return held != nullptr ? held->get() : empty;
  }

  /// Null if the rows in memory are all there is. If not, a collection is a cell (backed_cells.hpp)
  /// that knows a part of it.
  const BackedRows* backed() const { return state().backed(); }
  StorePlace place() const { return state().place(column_); }

  /// Returns the current key's cell, to be read or completed.
  template <class Cell>
  Cow<Cell>& cell() const {
    return *static_cast<Cow<Cell>*>(const_cast<void*>(state().read(column_)));
  }
  /// Returns the current key's cell, to be changed.
  template <class Cell>
  Cell& edit_cell() const {
    return static_cast<Cow<Cell>*>(state().edit(column_))->edit();
  }

private:
  KeyedState& state() const {
    if (state_ == nullptr) fail_unbound_state(spec_.name);
    return *state_;
  }

  StateSpec spec_;
  std::optional<Ttl> life_;
  std::size_t column_;
  KeyedState* state_ = nullptr;
};

}  // namespace detail

inline std::vector<detail::StateSpec> StateOwner::declared_states() const {
  std::vector<detail::StateSpec> specs;
  for (const detail::StateHandle* handle : handles_) specs.push_back(handle->spec());
  return specs;
}

inline void StateOwner::bind_states(detail::KeyedState& state) {
  for (detail::StateHandle* handle : handles_) handle->bind(state);
}

}  // namespace weir
