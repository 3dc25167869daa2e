// A job that needs a function that no process has.
#include <weir/weir.hpp>

void weir_test_that_nobody_defines();

struct Unresolved {
  weir::Flags flags() { return weir::Flags{"Cannot be loaded."}; }
  weir::Job build() const {
    weir_test_that_nobody_defines();
    return weir::Job{"unresolved"};
  }
};

WEIR_JOB(Unresolved)
