// Operator state: what a subtask of an operator without keys remembers. It survives every failure
// and comes back after a restart, at any parallelism.
//
// It is a member of a process class, built with the object it belongs to and a name:
//
//   class Batches final : public weir::Process<Payment, Batch> {
//     ...
//     weir::OperatorListState<Payment> waiting_{*this, "waiting"};
//   };
//
// The kinds differ in what a subtask gets when state is restored:
//
//   OperatorListState  at the same parallelism what it had; at another an even share of what all
//                      subtasks had, in their order
//   UnionListState     the elements of all subtasks, subtask after subtask; `Process::on_restore`
//                      is where it keeps those that concern it
//   BroadcastState     the entries of one subtask: all are expected to have the same
//
// Rules
//  - What a member held before it was restored, from the constructor, is forgotten.
//  - References, pointers and iterators are valid until the next change of the state.
//  - It lies in memory, whatever the backend, and must fit there.
//  - Types: anything with a Codec. Map keys also need <; maps iterate in ascending order of keys.
#pragma once

#include <weir/detail/operator_state.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// What lists have in common. Elements keep the order in which they were added.
template <class T>
class OperatorListBase : private detail::OperatorListHandle<T> {
  static_assert(detail::RecordCheck<T>::ok);

public:
  void add(T element) { this->elements().push_back(std::move(element)); }
  /// Replaces all elements.
  void set(std::vector<T> elements) {
    clear();
    for (auto&& element : elements) add(std::move(element));
  }
  void clear() { this->elements().clear(); }

  std::size_t size() const { return this->elements().size(); }
  bool empty() const { return size() == 0; }
  auto begin() const { return this->elements().begin(); }
  auto end() const { return this->elements().end(); }

protected:
  OperatorListBase(StateOwner& owner, std::string_view name, detail::OperatorStateKind kind)
      : detail::OperatorListHandle<T>{owner, name, kind} {}
};

/// A list whose elements are spread over the subtasks: each is on one of them. At another
/// parallelism the elements of a subtask that had come to its end are dropped: `on_end` has emitted
/// what there was to say of them.
template <class T>
class OperatorListState : public OperatorListBase<T> {
public:
  OperatorListState(StateOwner& owner, std::string_view name)
      : OperatorListBase<T>{owner, name, detail::OperatorStateKind::list} {}
};

/// A list that every restored subtask gets as a whole. Unless it then keeps only a part, the next
/// checkpoint holds every element once for each subtask.
template <class T>
class UnionListState : public OperatorListBase<T> {
public:
  UnionListState(StateOwner& owner, std::string_view name)
      : OperatorListBase<T>{owner, name, detail::OperatorStateKind::union_list} {}
};

/// A map that is the same on every subtask, because each gets the same records, as behind
/// `Stream::broadcast`, and does the same with them. Subtask i restores what subtask i modulo the
/// old parallelism had.
template <class K, class V>
class BroadcastState : private detail::BroadcastHandle<K, V> {
  static_assert(detail::RecordCheck<K>::ok);
  static_assert(detail::RecordCheck<V>::ok);
  static_assert(std::totally_ordered<K>,
                "BroadcastState<K, V>: K must be ordered, as by a defaulted <=>");

public:
  BroadcastState(StateOwner& owner, std::string_view name) : BroadcastState{owner, name, false} {}

  std::optional<V> get(const K& key) const {
    const V* value = find(key);
    return value != nullptr ? std::optional<V>{*value} : std::nullopt;
  }
  /// Returns a pointer to the value, or null; spares the copy.
  const V* find(const K& key) const { return this->elements().find(key); }
  bool contains(const K& key) const { return find(key) != nullptr; }
  void put(K key, V value) { this->elements().put(std::move(key), std::move(value)); }
  /// Removes an entry, if it is there.
  void remove(const K& key) { this->elements().erase(key); }
  void clear() { this->elements().clear(); }

  std::size_t size() const { return this->elements().size(); }
  bool empty() const { return size() == 0; }
  /// Entries are pairs of key and value.
  auto begin() const { return this->elements().begin(); }
  auto end() const { return this->elements().end(); }

protected:
  BroadcastState(StateOwner& owner, std::string_view name, bool is_shared_by_keys)
      : detail::BroadcastHandle<K, V>{owner, name, is_shared_by_keys} {}
};

}  // namespace weir
