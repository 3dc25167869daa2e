// expect: connect(other): this stream has keys, so the other must have the same, by key_by(...),
// expect: or go to all subtasks, by broadcast()
#include "test/compile_fail/prelude.hpp"

void misuse() {
  payments_by_account().connect(alerts());
}
