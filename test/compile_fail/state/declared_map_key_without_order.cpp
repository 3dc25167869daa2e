// expect: MapState<K, V>: K must be ordered, as by a defaulted <=>
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().process(
      "seen", weir::map_state<Alert, int>("counts"),
      [](const Payment&, weir::MapState<Alert, int>&, weir::Emit<Alert>&) {});
}
