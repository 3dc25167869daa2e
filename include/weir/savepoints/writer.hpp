// SavepointWriter: a program writes the keyed state that a job begins with.
//
//   auto writer = weir::SavepointWriter::create("/backup/first", {.job = "word-count"});
//   if (!writer.ok()) return report(writer.status());
//   auto counts = writer->keyed<std::string>(
//       "counts", weir::savepoints::accumulators<std::int64_t>("accumulator"));
//   for (const auto& [word, count] : old_counts) counts.put(word, count);
//   if (auto status = writer->publish(); !status.ok()) return report(status);
//
// and `word_count run ... --restore /backup/first` goes on from there; sources begin anew. To give
// the state to a job that exists, take it into a savepoint of that job: `Edits::take`.
//
// Entries come in any order. They are sorted on disk, in TMPDIR, so that memory need not hold them.
#pragma once

#include <weir/clock.hpp>
#include <weir/detail/savepoint_build.hpp>
#include <weir/hash.hpp>
#include <weir/savepoints/states.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

/// How a savepoint is written.
struct SavepointWriterOptions {
  std::string job = "written";          ///< the name that `weir inspect` shows
  std::uint32_t max_parallelism = 128;  ///< of the jobs that continue from it: 1 to 32768
  /// Into how many parts each operator's state is cut, 1 to `max_parallelism`. Jobs of any
  /// parallelism read any number of parts.
  std::uint32_t parallelism = 1;
  std::size_t memory_bytes = 64 << 20;  ///< for sorting, of all operators together; 8 MiB at least
};

namespace savepoints {

/// Takes the entries of one operator. A cheap handle; its writer must outlive it. One thread at a
/// time.
template <Key K, class... States>
class EntryWriter {
public:
  EntryWriter(weir::detail::SavepointRowSink& sink, std::array<Life, sizeof...(States)> lives)
      : sink_{&sink}, lives_{lives} {}

  /// Writes what the states of `key` hold, in the order in which they were named, in place of what
  /// was written for this key before. A state without a value, and an empty list or map, is none.
  /// A life, of a state with a Ttl, begins now. Errors are returned by `SavepointWriter::publish`.
  void put(const K& key, const std::optional<detail::HeldBy<States>>&... values) {
    ByteWriter encoded_key;
    encode(key, encoded_key);
    ByteWriter row;
    std::string bits((sizeof...(States) + 7) / 8, '\0');
    if constexpr (sizeof...(States) > 1) row.put_raw(bits.data(), bits.size());
    std::size_t i = 0;
    (put_value<States>(i++, values, bits, row), ...);
    const bool is_empty = bits.find_first_not_of('\0') == std::string::npos;
    if constexpr (sizeof...(States) > 1) row.overwrite(0, bits.data(), bits.size());
    const std::uint32_t group =
        weir::detail::key_position(hash_of(key), sink_->max_parallelism()).group;
    if (is_empty)
      sink_->erase(group, encoded_key.view());
    else
      sink_->put(group, encoded_key.view(), row.view());
  }

private:
  template <class State>
  void put_value(std::size_t i, const std::optional<detail::HeldBy<State>>& value,
                 std::string& bits, ByteWriter& row) {
    using Held = detail::Held<State>;
    if (!value || Held::is_empty(*value)) return;
    bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
    const bool expires = lives_[i].has_value();
    Held::write(*value, row, [&](const auto& part) {
      if (expires) row.put(now());
      encode(part, row);
    });
  }

  /// When the life of what is put begins, in milliseconds since 1970.
  static std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               Clock::system().wall().time_since_epoch())
        .count();
  }

  weir::detail::SavepointRowSink* sink_;
  std::array<Life, sizeof...(States)> lives_;
};

}  // namespace savepoints

namespace detail {

/// Learns what declared states are like.
class DeclaredStates final : public StateOwner {
public:
  template <class D>
  void add(const D& declared) {
    made_.push_back(weir::detail::make_state(*this, declared));
  }

private:
  std::vector<std::shared_ptr<void>> made_;  // the owner knows their places
};

}  // namespace detail

/// See the file comment. All methods block. One thread at a time.
class SavepointWriter {
public:
  /// Begins a savepoint in the new directory `path`; its parents are made if they are missing.
  /// `invalid_argument` if an option is out of range, `already_exists` if the directory exists,
  /// `unavailable` if there is no room in TMPDIR.
  static Result<SavepointWriter> create(const std::string& path,
                                        const SavepointWriterOptions& options = {},
                                        Env& env = Env::posix()) {
    auto build = detail::SavepointBuild::create(env, path, options);
    if (!build.ok()) return build.status();
    return SavepointWriter{std::move(build).value()};
  }

  /// Adds the keyed state of an operator: its name, and its states as for a lambda
  /// (`weir::value_state`, `list_state`, `map_state`) or from weir/savepoints/states.hpp. An
  /// operator may be added once.
  template <Key K, class... D>
  auto keyed(const std::string& operator_name, const D&... states) {
    static_assert(sizeof...(D) != 0, "keyed<K>(name, states...): name at least one state");
    detail::DeclaredStates owner;
    (owner.add(states), ...);
    detail::SavepointRowSink& sink =
        build_->add(operator_name, schema<K>(), owner.declared_states());
    return savepoints::EntryWriter<K, typename D::state_type...>{
        sink, {std::get<std::tuple_size_v<decltype(states.args)> - 1>(states.args)...}};
  }

  /// Makes the savepoint complete and durable. Returns the first error of all that was written;
  /// then nothing is left of it when the writer goes. Nothing may be called afterwards.
  Status publish() { return build_->publish(); }

private:
  explicit SavepointWriter(std::unique_ptr<detail::SavepointBuild> build)
      : build_{std::move(build)} {}

  std::unique_ptr<detail::SavepointBuild> build_;
};

}  // namespace weir
