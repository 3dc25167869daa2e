// Savepoints from outside of a job: what is in one, and making a new one out of it.
//
//   auto savepoint = weir::Savepoint::open("/backup/savepoint-word-count-6b01-17");
//   if (!savepoint.ok()) return report(savepoint.status());
//   for (const auto& op : savepoint->operators) std::puts(op.name.c_str());
//
//   auto done = weir::savepoints::edit(
//       "/backup/savepoint-word-count-6b01-17", "/backup/renamed",
//       {.drop = {{"lines"}}, .rename = {{{"counts"}, "words"}}});
//
// Everything here also takes a checkpoint. What is read is never changed. All functions block, and
// may be called from any thread.
#pragma once

#include <weir/env.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weir {

/// A state of an operator, as it was written.
struct SavepointState {
  std::string name;
  std::string kind;    ///< "ValueState", "ListState", "MapState", "ReducingState", ...
  std::string schema;  ///< layout of its values; see weir/codec.hpp
};

/// What a savepoint holds of an operator.
struct SavepointOperator {
  std::string name;
  std::uint32_t parallelism = 0;  ///< subtasks that wrote something of it
  std::string key_schema = {};    ///< layout of its keys; empty: it has no keyed state
  std::vector<SavepointState> states = {};
  std::uint64_t bytes = 0;         ///< of its states
  std::uint64_t splits = 0;        ///< of a source: those yet to be read, begun or not
  std::uint64_t transactions = 0;  ///< of a sink: those not known to be committed
};

/// What is in a savepoint.
struct Savepoint {
  /// Reads the metadata of a savepoint or a checkpoint, and checks that its files are there.
  /// `path` is its directory or the `_metadata` in it, with or without "file://". `not_found`
  /// without a `_metadata`, `corrupt` if it is damaged or a file is missing, `failed_precondition`
  /// if a newer version of Weir wrote it.
  static Result<Savepoint> open(const std::string& path, Env& env = Env::posix());

  std::string path;  ///< its directory
  std::string job;   ///< that wrote it
  std::uint32_t max_parallelism = 0;
  std::vector<SavepointOperator> operators = {};  ///< those that have something in it, by name
};

namespace savepoints {

/// An operator, or one of its states.
struct Name {
  std::string operator_name;
  std::string state = {};  ///< empty: the operator, with all it has
};

/// A new name for an operator or a state.
struct Rename {
  Name what;
  std::string to;
};

/// Keyed state of an operator out of another savepoint.
struct Take {
  std::string operator_name;
  std::string path;  ///< of the other savepoint
};

/// What a new savepoint has otherwise than the one that it is made of. `drop` and `rename` name
/// what is in that one, so that two names can be exchanged.
struct Edits {
  /// Operators begin anew without what is dropped: a source at its start. Transactions of a sink
  /// that is dropped are never committed.
  std::vector<Name> drop = {};
  std::vector<Rename> rename = {};
  /// Takes the place of the keyed state of the operator with this name, if there is any.
  std::vector<Take> take = {};
};

/// Hears what is done next, in a line, before each step that reads and writes state.
using OnStep = std::function<void(const std::string& step)>;

/// Makes a savepoint in the new directory `to` out of the one at `from`; with no edits, a copy.
/// It needs no other directory: files that stay as they are get one more name in it (a hard link),
/// or are copied to another file system. Only states dropped beside others are written anew; if
/// they lie in files of RocksDB, there must be room for a copy in TMPDIR. It is complete, and
/// durable, when the function returns; after an error nothing is left of it. Returns what was done,
/// in lines.
///
/// `invalid_argument` if an edit makes no sense, `not_found` if it names what is not there,
/// `already_exists` if `to` exists, `corrupt` if what is read is damaged, else what
/// `Savepoint::open` and the file system say.
Result<std::vector<std::string>> edit(const std::string& from, const std::string& to,
                                      const Edits& edits, Env& env = Env::posix(),
                                      const OnStep& on_step = {});

}  // namespace savepoints
}  // namespace weir
