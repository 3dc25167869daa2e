// expect: function for call to
#include "test/compile_fail/prelude.hpp"

void misuse(weir::Job& job) {
  job.source("payments", std::vector<Payment>{});
}
