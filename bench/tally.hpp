// What comes out of a count, in a form that two programs can compare: how many keys, how many
// records, and a sum that depends on which key was counted how often.
#pragma once

#include <weir/hash.hpp>
#include <weir/sink.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace bench {

/// See the file comment. The order of keys does not matter.
struct Tally {
  std::uint64_t keys = 0;
  std::int64_t records = 0;
  std::uint64_t fingerprint = 0;

  template <class K>
  void add(const K& key, std::int64_t count) {
    ++keys;
    records += count;
    fingerprint += weir::hash_of(key) * static_cast<std::uint64_t>(count);
  }
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// A sink that adds counts to `tally`, which must outlive the job. For one subtask.
template <class K>
weir::Sink<std::pair<K, std::int64_t>> tally_sink(Tally& tally) {
  class Adder final : public weir::Writer<std::pair<K, std::int64_t>> {
  public:
    explicit Adder(Tally& to) : to_{to} {}
    void write(const std::pair<K, std::int64_t>& counted) override {
      to_.add(counted.first, counted.second);
    }

  private:
    Tally& to_;
  };
  return weir::make_sink(
      [&tally](const weir::WriterContext&) { return std::make_unique<Adder>(tally); },
      weir::Delivery::repeatable);
}

}  // namespace bench
