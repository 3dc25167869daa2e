// expect: a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16
// expect: supported fields, or specialise weir::Codec for it
#include "test/compile_fail/prelude.hpp"

class Reader final : public weir::SplitReader<Handle, int> {
public:
  weir::Poll poll(weir::Emit<Handle>&) override { return weir::End{}; }
  int position() const override { return {}; }
};
