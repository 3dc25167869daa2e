// Chunks: elements in pieces that copies share until one of them changes a piece. So a snapshot of
// a large collection costs a pointer per piece, and the first change of a piece afterwards a copy
// of just that piece. They hold the state of operators (weir/operator_state.hpp).
#pragma once

#include <weir/detail/cow.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace weir::detail {

/// A list that only grows at its end. Copies may be read and destroyed on different threads.
template <class E>
class Chunks {
public:
  using value_type = E;
  using Chunk = std::vector<E>;

  /// Small enough to be copied between two records, large enough that a snapshot of a million
  /// elements is some thousand pointers.
  static constexpr std::size_t kChunkElements =
      std::max<std::size_t>((std::size_t{16} << 10) / sizeof(E), 16);

  /// Valid until the next change.
  class Iterator {
  public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = E;
    using difference_type = std::ptrdiff_t;
    using reference = typename Chunk::const_reference;
    using pointer = const E*;

    Iterator() = default;
    Iterator(const Cow<Chunk>* chunk, std::size_t index) : chunk_{chunk}, index_{index} {}

    reference operator*() const { return chunk_->get()[index_]; }
    pointer operator->() const { return &chunk_->get()[index_]; }
    Iterator& operator++() {
      if (++index_ == chunk_->get().size()) {
        ++chunk_;
        index_ = 0;
      }
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

  private:
    const Cow<Chunk>* chunk_ = nullptr;
    std::size_t index_ = 0;  // in the chunk; 0 behind the last one
  };

  std::size_t size() const { return size_; }
  Iterator begin() const { return {chunks_.data(), 0}; }
  Iterator end() const { return {chunks_.data() + chunks_.size(), 0}; }

  void push_back(E element) {
    if (chunks_.empty() || chunks_.back().get().size() >= kChunkElements) chunks_.emplace_back();
    chunks_.back().edit().push_back(std::move(element));
    ++size_;
  }
  void clear() {
    chunks_.clear();
    size_ = 0;
  }

protected:
  std::vector<Cow<Chunk>> chunks_;  // none is empty
  std::size_t size_ = 0;
};

/// A map whose entries lie in ascending order of their keys.
template <class K, class V>
class ChunkMap : public Chunks<std::pair<K, V>> {
  using Base = Chunks<std::pair<K, V>>;
  using Base::chunks_;
  using Base::size_;
  using typename Base::Chunk;

public:
  const V* find(const K& key) const {
    const Place at = place_of(key);
    return at.is_there ? &chunks_[at.chunk].get()[at.index].second : nullptr;
  }

  void put(K key, V value) {
    const Place at = place_of(key);
    if (at.is_there) {
      chunks_[at.chunk].edit()[at.index].second = std::move(value);
      return;
    }
    // What comes in ascending order fills one chunk after the other.
    if (is_end(at)) return this->push_back({std::move(key), std::move(value)});
    Chunk& chunk = chunks_[at.chunk].edit();
    chunk.insert(position(chunk, at.index), {std::move(key), std::move(value)});
    ++size_;
    if (chunk.size() > Base::kChunkElements) split(at.chunk);
  }

  /// Returns whether there was one.
  bool erase(const K& key) {
    const Place at = place_of(key);
    if (!at.is_there) return false;
    Chunk& chunk = chunks_[at.chunk].edit();
    chunk.erase(position(chunk, at.index));
    --size_;
    if (chunk.empty()) chunks_.erase(position(chunks_, at.chunk));
    return true;
  }

private:
  /// Where an entry is, or belongs.
  struct Place {
    std::size_t chunk = 0;
    std::size_t index = 0;
    bool is_there = false;
  };

  template <class Vector>
  static auto position(Vector& vector, std::size_t index) {
    return vector.begin() + static_cast<std::ptrdiff_t>(index);
  }

  Place place_of(const K& key) const {
    if (chunks_.empty()) return {};
    const auto behind =
        std::upper_bound(chunks_.begin() + 1, chunks_.end(), key,
                         [](const K& k, const auto& c) { return k < c.get().front().first; });
    const Chunk& chunk = (behind - 1)->get();
    const auto entry = std::lower_bound(chunk.begin(), chunk.end(), key,
                                        [](const auto& e, const K& k) { return e.first < k; });
    return {static_cast<std::size_t>(behind - 1 - chunks_.begin()),
            static_cast<std::size_t>(entry - chunk.begin()),
            entry != chunk.end() && !(key < entry->first)};
  }

  bool is_end(const Place& at) const {
    return chunks_.empty() ||
           (at.chunk + 1 == chunks_.size() && at.index == chunks_.back().get().size());
  }

  void split(std::size_t at) {
    Chunk& lower = chunks_[at].edit();
    const auto middle = position(lower, lower.size() / 2);
    Cow<Chunk> upper{Chunk(std::make_move_iterator(middle), std::make_move_iterator(lower.end()))};
    lower.erase(middle, lower.end());
    chunks_.insert(position(chunks_, at + 1), std::move(upper));
  }
};

}  // namespace weir::detail
