// Where a process keeps state, and copies of state, that die with it.
#pragma once

#include "base/log.hpp"
#include "checkpoint/local_directory.hpp"
#include "checkpoint/metadata.hpp"

#include <weir/options.hpp>
#include <weir/result.hpp>

#include <memory>
#include <string>

namespace weir::cli {

/// Returns a directory that only this user can read, beneath the system's directory for temporary
/// files (TMPDIR); makes it if it is missing. `permission_denied` if somebody else has made it: who
/// can write there could put a link in the place of what is deleted.
Result<std::string> private_temporary_root();

/// Whether a job keeps anything on the local disks of its processes, or needs room there for what
/// it continues from; null: it begins anew.
bool needs_local_directory(const StateOptions& options,
                           const checkpoint::CheckpointMetadata* initial);

/// Returns the process's directory under `root` (taskmanager.state.local.root-dirs), or if that is
/// empty under `private_temporary_root`. `owner` names the process as no other is ever named. Null
/// if there is none, with a line in the log: the process works without.
std::unique_ptr<checkpoint::LocalDirectory> local_directory(const std::string& root,
                                                            const std::string& owner,
                                                            base::Logger& log);

}  // namespace weir::cli
