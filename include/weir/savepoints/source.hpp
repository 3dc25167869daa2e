// Reading keyed state of a savepoint or checkpoint as the bounded source of a job.
//
//   weir::Job job{"audit"};
//   job.source("counts", weir::savepoints::entries<std::string>(
//                            "/backup/savepoint-word-count-6b01-17", "counts",
//                            weir::savepoints::accumulators<std::int64_t>("accumulator")))
//       .sink("out", weir::files::csv<std::pair<std::string, std::int64_t>>("counts"));
//
// Keys and states have the names and types that they were written with; anything else is refused
// when the job starts, and the error shows both. Other states of the operator are passed over.
//
//  - The source is read in parallel, by key groups, and continues at its positions after a failure:
//    the savepoint must stay as it is until the job has ended.
//  - State in files of RocksDB is copied to TMPDIR while it is read, all of what one subtask wrote
//    at once: reading has the parallelism of the job that wrote it.
//  - State with a Ttl shows what was alive when the savepoint was begun.
#pragma once

#include <weir/detail/savepoint_rows.hpp>
#include <weir/savepoints/states.hpp>
#include <weir/source.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weir::savepoints {

/// Sees all states of a key at once; they are declared as members, like those of a KeyedProcess:
///
///   struct Balances final : weir::savepoints::KeyedReader<AccountId, Row> {
///     void read(const AccountId& id, weir::Emit<Row>& out) override {
///       out({id, mean_.value_or(0), limits_.size()});
///     }
///     weir::ValueState<double> mean_{*this, "mean"};
///     weir::MapState<std::string, double> limits_{*this, "limits"};
///   };
///
/// One object reads many keys, one at a time. What it changes is forgotten.
template <class K, class Out>
class KeyedReader : public StateOwner {
  static_assert(weir::detail::RecordCheck<K>::ok);
  static_assert(weir::detail::RecordCheck<Out>::ok);
  static_assert(std::equality_comparable<K>, "KeyedReader<K, Out>: K needs ==");

public:
  using key_type = K;
  using out_type = Out;

  virtual ~KeyedReader() = default;

  /// Called once for each key that has any of the declared states. May throw; that fails the
  /// subtask.
  virtual void read(const K& key, Emit<Out>& out) = 0;
};

namespace detail {

/// Reads one split with a KeyedReader, a block of rows a poll.
template <class R>
class KeyedSplit final : public SplitReader<typename R::out_type, std::uint64_t> {
public:
  using K = typename R::key_type;

  template <class... Args>
  explicit KeyedSplit(std::unique_ptr<weir::detail::SavepointRows> rows, const Args&... args)
      : rows_{std::move(rows)}, reader_{args...} {}

  Poll poll(Emit<typename R::out_type>& out) override {
    const auto group = rows_->group();
    if (!group) return End{};
    weir::detail::KeyedStateOf<K> state{
        {*group, *group + 1}, rows_->max_parallelism(), reader_.declared_states()};
    state.set_time(rows_->taken_at());
    if (Status status = rows_->read_into(state); !status.ok())
      throw std::runtime_error{status.message()};
    reader_.bind_states(state);
    for (const K& key : keys_of(state, *group)) {
      state.enter(hash_of(key), key);
      reader_.read(key, out);
      state.leave();
    }
    return Ready{};
  }

  std::uint64_t position() const override { return rows_->position(); }

private:
  /// A copy: the reader may change its rows.
  static std::vector<K> keys_of(weir::detail::KeyedStateOf<K>& state, std::uint32_t group) {
    std::vector<K> keys;
    std::size_t cursor = 0;
    do {
      cursor = state.table().visit_page(group, cursor, [&](const char* row) {
        keys.push_back(*static_cast<const K*>(static_cast<const void*>(row)));
      });
    } while (cursor != 0);
    return keys;
  }

  std::unique_ptr<weir::detail::SavepointRows> rows_;
  R reader_;
};

/// Emits what one state has for each key.
template <class K, class State>
class EntryReader final : public KeyedReader<K, std::pair<K, HeldBy<State>>> {
public:
  template <class... Args>
  explicit EntryReader(const Declared<State, Args...>& declared)
      : state_{weir::detail::make_state(*this, declared)} {}

  void read(const K& key, Emit<std::pair<K, HeldBy<State>>>& out) override {
    if (auto value = Held<State>::get(*state_)) out.emplace(key, std::move(*value));
  }

private:
  std::unique_ptr<State> state_;
};

}  // namespace detail

/// Makes a source of what `R`, a KeyedReader, emits for the keys of an operator. `R` is built from
/// `args` for each split, and once more here.
template <class R, class... Args>
Source<typename R::out_type> read(std::string path, std::string operator_name, Args... args) {
  auto reader = weir::detail::SavepointReader::make({std::move(path), std::move(operator_name),
                                                     schema<typename R::key_type>(),
                                                     R{args...}.declared_states()});
  using Split = detail::KeyedSplit<R>;
  return make_source(
      [reader](const SourceContext& context) { return reader->list(context.env); },
      [reader, args...](const weir::Split& split, std::optional<std::uint64_t> position,
                        const SourceContext& context) -> Result<std::unique_ptr<Split>> {
        auto rows = reader->open(context.env, split, position.value_or(0));
        if (!rows.ok()) return rows.status();
        return std::make_unique<Split>(std::move(rows).value(), args...);
      });
}

/// Makes a source of the keys that have a state, each with what that holds: a value, the
/// `std::vector` of a list or the `std::map` of a map.
template <Key K, class State, class... Args>
Source<std::pair<K, detail::HeldBy<State>>> entries(std::string path, std::string operator_name,
                                                    Declared<State, Args...> state) {
  return read<detail::EntryReader<K, State>>(std::move(path), std::move(operator_name),
                                             std::move(state));
}

}  // namespace weir::savepoints
