// expect: connect(other): the other stream has keys and this one has none; call connect on the one
// expect: with keys, such as keyed.connect(rules.broadcast()), or put key_by(...) on this one as
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments().connect(alerts_by_account());
}
