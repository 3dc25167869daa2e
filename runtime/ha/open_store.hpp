// Opens the leader store that the options name.
#pragma once

#include "runtime/ha/ha_options.hpp"

#include <weir/env.hpp>

#include <memory>
#include <string>

namespace weir::runtime {

/// `owner` names this process as no other is ever named. A ZooKeeper that is down is no error yet.
/// Of a directory the errors are those of DirectoryStore::open. The options must name a store.
Result<std::unique_ptr<HaStore>> open_store(const HaOptions& options, Env& env,
                                            const std::string& owner);

}  // namespace weir::runtime
