// Rows of a savepoint, for programs that read it: a part of an operator's keyed state, block by
// block.
#pragma once

#include <weir/detail/keyed_state.hpp>
#include <weir/env.hpp>
#include <weir/result.hpp>
#include <weir/source.hpp>
#include <weir/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::detail {

/// What somebody wants to read.
struct SavepointQuery {
  std::string path;
  std::string operator_name;
  std::string key_schema;
  std::vector<StateSpec> states;
};

/// A walk over the rows of one split. One thread at a time.
class SavepointRows {
public:
  virtual ~SavepointRows() = default;

  /// Returns the key group of the next rows, or nothing at the end.
  virtual std::optional<std::uint32_t> group() const = 0;
  /// Adds the next rows to `into`, which has states of the query and rows of that key group alone.
  virtual Status read_into(KeyedState& into) = 0;
  /// Where the next rows begin; above 0 behind the first ones.
  virtual std::uint64_t position() const = 0;
  virtual std::uint32_t max_parallelism() const = 0;
  /// When the savepoint was begun.
  virtual WallTime taken_at() const = 0;
};

/// Knows the operator of a savepoint. Reads the metadata once. May be used from any thread.
class SavepointReader {
public:
  static std::shared_ptr<SavepointReader> make(SavepointQuery query);
  virtual ~SavepointReader() = default;

  /// Checks that everything in the query is there and has its types; returns the parts in which it
  /// can be read: key groups of a stream, or all of what a subtask wrote as files of RocksDB.
  virtual Result<std::vector<Split>> list(Env& env) = 0;
  virtual Result<std::unique_ptr<SavepointRows>> open(Env& env, const Split& split,
                                                      std::uint64_t position) = 0;
};

}  // namespace weir::detail
