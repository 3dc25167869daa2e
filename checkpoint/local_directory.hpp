// LocalDirectory: where one process keeps what is worth nothing without it.
//
//   ROOT/weir-local-OWNER/lock   held while the process lives
//   ROOT/weir-local-OWNER/...    its files
//
// Nobody but the process reads there, so nothing is synced. Whoever finds such a directory and can
// take its lock may delete it: its process is dead. Losing one is never an error, since everything
// in it is a copy.
//
// Methods block and may be called from any thread.
#pragma once

#include <weir/env.hpp>

#include <memory>
#include <mutex>
#include <string>

namespace weir::checkpoint {

/// See the file comment. The directory stays behind when the object ends without `remove`.
class LocalDirectory {
public:
  /// `root` is taskmanager.state.local.root-dirs. `owner` names this process as no other is ever
  /// named; it holds no "/". Nothing is created before it is needed.
  LocalDirectory(Env& env, std::string root, std::string owner);

  Env& env() const { return env_; }

  /// Deletes what dead processes have left under the root, as well as it can.
  void clean();

  /// Returns a path for a new file that ends with `name`; none is ever given out twice. Makes the
  /// directory if it is missing. Errors are those of the Env.
  Result<std::string> new_path(const std::string& name);

  /// Deletes the directory, as well as it can. `new_path` makes it anew.
  void remove();

private:
  Status make();

  Env& env_;
  std::string root_;
  std::string owner_;
  std::mutex mutex_;  // guards what follows
  std::string path_;  // empty: not made yet
  std::unique_ptr<FileLock> lock_;
  std::uint64_t given_out_ = 0;
};

}  // namespace weir::checkpoint
