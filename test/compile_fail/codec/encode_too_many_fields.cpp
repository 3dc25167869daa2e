// expect: no matching function for call to 'encode
#include "test/compile_fail/prelude.hpp"

void misuse() {
  weir::ByteWriter out;
  weir::encode(Seventeen{}, out);
}
