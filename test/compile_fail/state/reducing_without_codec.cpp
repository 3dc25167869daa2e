// expect: a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16
// expect: supported fields, or specialise weir::Codec for it
#include "test/compile_fail/prelude.hpp"

class Owner final : public weir::StateOwner {
public:
  weir::ReducingState<Handle> last{*this, "last", [](const Handle&, const Handle& b) { return b; }};
};

void misuse() {
  Owner owner;
}
