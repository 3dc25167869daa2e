#include "runtime/ha/open_store.hpp"

#include "base/assert.hpp"
#include "runtime/ha/directory_store.hpp"
#include "runtime/ha/zookeeper_store.hpp"

#include <utility>

namespace weir::runtime {

Result<std::unique_ptr<HaStore>> open_store(const HaOptions& options, Env& env,
                                            const std::string& owner) {
  WEIR_ASSERT(options.type != HaOptions::Type::none, "there is no store to open");
  if (options.type == HaOptions::Type::zookeeper)
    return std::unique_ptr<HaStore>{
        std::make_unique<ZooKeeperStore>(options.zookeeper, options.cluster_id)};
  auto store = DirectoryStore::open(env, options.storage, options.cluster_id, owner);
  if (!store.ok()) return store.status();
  return std::unique_ptr<HaStore>{std::move(store).value()};
}

}  // namespace weir::runtime
