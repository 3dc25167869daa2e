// What every leader store must keep, run on each.
#pragma once

#include "runtime/ha/ha_store.hpp"

#include <functional>
#include <memory>
#include <string>

namespace weir::test {

/// A place for the stores of one cluster. Each store is one process's.
class StorePlace {
public:
  virtual ~StorePlace() = default;
  virtual std::unique_ptr<runtime::HaStore> open(const std::string& owner) = 0;
  /// Ends the process of a leader, so that another may claim.
  virtual void kill(std::unique_ptr<runtime::HaStore>& store) = 0;
};

/// One property of all stores.
struct StoreProperty {
  const char* sentence;
  void (*check)(StorePlace&);
};

/// Returns all of them.
const std::vector<StoreProperty>& store_properties();

}  // namespace weir::test
