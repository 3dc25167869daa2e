// expect: a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16
// expect: supported fields, or specialise weir::Codec for it
#include "test/compile_fail/prelude.hpp"

class Owner final : public weir::StateOwner {
public:
  weir::BroadcastState<int, Handle> rules{*this, "rules"};
};

void misuse() {
  Owner owner;
}
