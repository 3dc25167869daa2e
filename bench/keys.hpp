// The keys that benchmarks count: an endless sequence that begins with each key once and then draws
// from them as if at random, the same in every run.
#pragma once

#include <weir/hash.hpp>
#include <weir/source.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bench {

/// See the file comment.
class Keys {
public:
  /// Keys are the numbers below `distinct`; `drawn` of the sequence are left out.
  explicit Keys(std::uint64_t distinct, std::uint64_t drawn = 0)
      : distinct_{distinct}, drawn_{drawn} {}

  std::uint64_t next() {
    const std::uint64_t n = drawn_++;
    if (n < distinct_) return n;
    return (weir::mix(n) >> 32) * distinct_ >> 32;
  }

  std::uint64_t drawn() const { return drawn_; }

private:
  std::uint64_t distinct_;
  std::uint64_t drawn_;
};

/// Reads the first `count` keys. Position: how many have been read.
class KeyReader final : public weir::SplitReader<std::uint64_t, std::uint64_t> {
public:
  KeyReader(Keys keys, std::uint64_t count) : keys_{keys}, count_{count} {}

  weir::Poll poll(weir::Emit<std::uint64_t>& out) override {
    constexpr std::uint64_t kPerPoll = 1024;
    const std::uint64_t end = std::min(count_, keys_.drawn() + kPerPoll);
    while (keys_.drawn() < end) out(keys_.next());
    if (end == count_) return weir::End{};
    return weir::Ready{};
  }
  std::uint64_t position() const override { return keys_.drawn(); }

private:
  Keys keys_;
  std::uint64_t count_;
};

/// A source of the first `count` keys, in one split.
inline weir::Source<std::uint64_t> key_source(std::uint64_t distinct, std::uint64_t count) {
  return weir::make_source(
      [] { return std::vector<weir::Split>{{"keys"}}; },
      [=](const weir::Split&, std::optional<std::uint64_t> drawn) {
        return std::make_unique<KeyReader>(Keys{distinct, drawn.value_or(0)}, count);
      });
}

}  // namespace bench
