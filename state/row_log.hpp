// The log of keyed state: what has changed in the rows of a subtask since they were all written,
// checkpoint by checkpoint; and the rows that come of it.
//
// A segment of the log is a stream of blocks like that of rows (state_file.hpp), in order of key
// groups. A block has one entry after the other: a byte that says what follows, `gone` and a key or
// `row` and a row. A key stands in a segment once at most.
#pragma once

#include "state/handle.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/row_blocks.hpp"
#include "state/row_schema.hpp"
#include "state/state_file.hpp"

#include <weir/detail/keyed_state.hpp>
#include <weir/env.hpp>

#include <string>
#include <utility>

namespace weir::state {

/// What an entry of a segment says. On disk: do not change.
enum class LogEntry : std::uint8_t { gone = 1, row = 2 };

/// Two versions of a table, in this order.
struct RowVersions {
  const detail::FrozenRows& older;
  const detail::FrozenRows& newer;
};

/// Writes the rows of the newer version that the older one does not have as they are, and the keys
/// that it has no more. Returns the segment, whose `path` and `upto` the caller fills in when
/// `file` is finished. Runs off the actor threads while the table changes.
Result<LogSegment> write_changes(const KeyedStateInfo& info, const RowVersions& versions,
                                 StateFile& file);

/// The rows that a handle with a log comes to. One thread at a time.
class LoggedRows {
public:
  /// Opens the base of `handle`, whose files lie in `directory`; both must outlive the object. A
  /// file of the log is open only while it is read: there may be hundreds. Errors are those of the
  /// base, and of `RowSchema::of`.
  static Result<LoggedRows> open(const KeyedStateHandle& handle, Env& env,
                                 const std::string& directory);

  /// Adds the rows of a key group to `blocks`, each key once. Errors are those of the files of the
  /// log; `corrupt` names the file.
  Status write(std::uint32_t group, RowBlocks& blocks);

private:
  LoggedRows(const KeyedStateHandle& handle, RowSchema schema, StateReader base, Env& env,
             const std::string& directory)
      : handle_{&handle},
        schema_{std::move(schema)},
        base_{std::move(base)},
        env_{&env},
        directory_{&directory} {}

  const KeyedStateHandle* handle_;
  RowSchema schema_;
  StateReader base_;
  Env* env_;
  const std::string* directory_;
};

/// Writes all rows of a handle with a log as one stream; returns its handle, whose `path` or
/// `inlined` the caller fills in when `file` is finished.
Result<KeyedStateHandle> write_logged_rows(const KeyedStateHandle& handle, Env& env,
                                           const std::string& directory, StateFile& file);

/// `read_rows` of a handle with a log, whose files lie in `directory`.
Status read_logged_rows(const KeyedStateHandle& handle, Env& env, const std::string& directory,
                        detail::KeyedState& into);

}  // namespace weir::state
