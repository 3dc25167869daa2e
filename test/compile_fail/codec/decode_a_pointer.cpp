// expect: no matching function for call to 'decode
#include "test/compile_fail/prelude.hpp"

void misuse() {
  weir::ByteReader in{""};
  weir::decode<Handle>(in);
}
