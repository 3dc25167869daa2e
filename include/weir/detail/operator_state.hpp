// OperatorState: what the engine knows of a state of an operator that belongs to no key. The
// handles for job authors are in weir/operator_state.hpp.
#pragma once

#include <weir/detail/chunks.hpp>
#include <weir/detail/state_handle.hpp>
#include <weir/detail/type.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::detail {

/// How a state is handed to the subtasks that restore it. On disk: do not change.
enum class OperatorStateKind : std::uint8_t { list = 1, union_list = 2, broadcast = 3 };

/// One declared state.
struct OperatorStateSpec {
  std::string name;
  OperatorStateKind kind;
  const Type* type;  // of an element; of a map: of a pair
  /// An operator with keys may have it, as what they share.
  bool is_shared_by_keys = false;
};

/// The elements of a state as they were at a barrier. May be used and destroyed on another thread
/// while the state changes.
class FrozenElements {
public:
  virtual ~FrozenElements() = default;

  /// Encodes the next element, in the order of the state; false if there is none left.
  virtual bool encode_next(ByteWriter& out) = 0;
  /// The first element is next again.
  virtual void rewind() = 0;
};

/// A state of an operator on one subtask.
class OperatorState {
public:
  OperatorState(StateOwner& owner, OperatorStateSpec spec) : spec_{std::move(spec)} {
    owner.operator_states_.push_back(this);
  }
  OperatorState(const OperatorState&) = delete;
  OperatorState& operator=(const OperatorState&) = delete;

  const OperatorStateSpec& spec() const { return spec_; }

  /// Takes time for each few hundred elements, not for each.
  virtual std::unique_ptr<FrozenElements> freeze() const = 0;

  /// Forgets what the constructor of its operator put in; before the first element is restored.
  void begin_restore() {
    if (!std::exchange(is_restored_, true)) clear_elements();
  }
  bool is_restored() const { return is_restored_; }
  /// Reads an element and adds it if it `keeps` it; `in` fails if it makes no sense.
  virtual void restore_element(ByteReader& in, bool keeps) = 0;

protected:
  ~OperatorState() = default;

private:
  virtual void clear_elements() = 0;

  OperatorStateSpec spec_;
  bool is_restored_ = false;
};

/// What an operator declares.
inline std::vector<OperatorStateSpec> specs_of(const std::vector<OperatorState*>& states) {
  std::vector<OperatorStateSpec> specs;
  for (const OperatorState* state : states) specs.push_back(state->spec());
  return specs;
}

inline bool is_restored(const std::vector<OperatorState*>& states) {
  return std::any_of(states.begin(), states.end(),
                     [](const OperatorState* state) { return state->is_restored(); });
}

template <class E>
class FrozenChunks final : public FrozenElements {
public:
  explicit FrozenChunks(const Chunks<E>& elements) : elements_{elements} {}
  bool encode_next(ByteWriter& out) override {
    if (next_ == elements_.end()) return false;
    detail::encode<E>(*next_, out);
    ++next_;
    return true;
  }
  void rewind() override { next_ = elements_.begin(); }

private:
  Chunks<E> elements_;
  typename Chunks<E>::Iterator next_ = elements_.begin();
};

/// A list, however it is handed out. Of a T without a codec nothing is compiled that needs one: the
/// handle says so in one message.
template <class T>
class OperatorListHandle : public OperatorState {
protected:
  OperatorListHandle(StateOwner& owner, std::string_view name, OperatorStateKind kind)
      : OperatorState{owner, {std::string{name}, kind, element_type()}} {}

  Chunks<T>& elements() { return elements_; }
  const Chunks<T>& elements() const { return elements_; }

private:
  std::unique_ptr<FrozenElements> freeze() const override {
    if constexpr (has_codec<T>()) return std::make_unique<FrozenChunks<T>>(elements_);
    return nullptr;
  }
  void restore_element([[maybe_unused]] ByteReader& in, [[maybe_unused]] bool keeps) override {
    if constexpr (has_codec<T>()) {
      T element = weir::decode<T>(in);
      if (keeps && in.ok()) elements_.push_back(std::move(element));
    }
  }
  static const Type* element_type() {
    if constexpr (has_codec<T>()) return &type_of<T>();
    return nullptr;
  }
  void clear_elements() override { elements_.clear(); }

  Chunks<T> elements_;
};

/// A map of which every subtask has a copy. The same holds for it.
template <class K, class V>
class BroadcastHandle : public OperatorState {
  using Entry = std::pair<K, V>;
  static constexpr bool kIsState = has_codec<K>() && has_codec<V>() && std::totally_ordered<K>;

protected:
  BroadcastHandle(StateOwner& owner, std::string_view name, bool is_shared_by_keys)
      : OperatorState{
            owner,
            {std::string{name}, OperatorStateKind::broadcast, entry_type(), is_shared_by_keys}} {}

  ChunkMap<K, V>& elements() { return elements_; }
  const ChunkMap<K, V>& elements() const { return elements_; }

private:
  std::unique_ptr<FrozenElements> freeze() const override {
    if constexpr (kIsState) return std::make_unique<FrozenChunks<Entry>>(elements_);
    return nullptr;
  }
  void restore_element([[maybe_unused]] ByteReader& in, [[maybe_unused]] bool keeps) override {
    if constexpr (kIsState) {
      Entry entry = weir::decode<Entry>(in);
      if (!keeps || !in.ok()) return;
      if (elements_.find(entry.first) != nullptr) return in.fail();  // a key stands twice
      elements_.put(std::move(entry.first), std::move(entry.second));
    }
  }
  static const Type* entry_type() {
    if constexpr (kIsState) return &type_of<Entry>();
    return nullptr;
  }
  void clear_elements() override { elements_.clear(); }

  ChunkMap<K, V> elements_;
};

}  // namespace weir::detail
