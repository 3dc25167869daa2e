// Cow<T>: a value that copies share until one of them changes it. It holds the collections in keyed
// state, so that cloning a page for a snapshot does not clone the lists and maps on it.
#pragma once

#include <weir/codec.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace weir::detail {

/// See the file comment. Copies may be read and destroyed on different threads.
template <class T>
class Cow {
public:
  Cow() : node_{new Node} {}
  explicit Cow(T value) : node_{new Node{.value = std::move(value)}} {}
  Cow(const Cow& other) noexcept : node_{other.node_} {
    node_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Cow(Cow&& other) noexcept : node_{std::exchange(other.node_, nullptr)} {}
  Cow& operator=(Cow other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Cow() { release(node_); }

  const T& get() const noexcept { return node_->value; }

  /// Returns the value for writing; clones it first if another copy shares it.
  T& edit() {
    if (node_->references.load(std::memory_order_acquire) > 1) {
      Node* own = new Node{.value = node_->value};
      release(std::exchange(node_, own));
    }
    return node_->value;
  }

private:
  struct Node {
    std::atomic<std::uint32_t> references{1};
    T value{};
  };

  static void release(Node* node) {
    if (node != nullptr && node->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete node;
  }

  Node* node_;
};

/// Encoded like the value itself.
template <class T>
struct BuiltIn<Cow<T>> : std::true_type {
  using Parts = TypeList<T>;
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const Cow<T>& value, ByteWriter& out) { detail::encode<T>(value.get(), out); }
  static Cow<T> decode(ByteReader& in) { return Cow<T>{detail::decode<T>(in)}; }
  static std::string schema() { return detail::schema<T>(); }
};

}  // namespace weir::detail
