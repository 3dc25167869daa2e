// expect: MapState<K, V>: K must be ordered, as by a defaulted <=>
#include "test/compile_fail/prelude.hpp"

class Owner final : public weir::StateOwner {
public:
  weir::MapState<Alert, int> counts{*this, "counts"};
};

void misuse() {
  Owner owner;
}
