// expect: BroadcastState<K, V>: K must be ordered, as by a defaulted <=>
#include "test/compile_fail/prelude.hpp"

class Owner final : public weir::StateOwner {
public:
  weir::BroadcastState<Alert, int> rules{*this, "rules"};
};

void misuse() {
  Owner owner;
}
