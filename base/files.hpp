// Whole-file operations on top of Env.
#pragma once

#include <weir/bytes.hpp>
#include <weir/env.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace weir::base {

/// Reads all of `path`.
Result<Bytes> read_file(Env& env, const std::string& path);

/// Calls `take` with the bytes of `file`, piece after piece, until the first error.
Status for_each_piece(ReadableFile& file, const std::function<Status(std::string_view)>& take);

/// Appends all of `from` to `to`, which is neither synced nor closed.
Status append_all(ReadableFile& from, WritableFile& to);

/// Replaces `path` by `bytes` so that a reader sees either the old or the new content, also after a
/// crash: writes and syncs `path` + ".tmp", renames it and syncs the directory.
/// After `unknown_outcome` the new content may or may not be there.
Status replace_file(Env& env, const std::string& path, std::string_view bytes);

/// Removes `path` with everything in it. A path that does not exist is no error.
Status remove_tree(Env& env, const std::string& path);

/// Creates `directory` with its parents and makes the names survive a crash. After an error it may
/// be called again.
Status create_durable_directories(Env& env, const std::string& directory);

}  // namespace weir::base
