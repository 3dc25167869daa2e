// How many steps each number takes to 1, if it is halved when it is even, and else tripled and
// increased by 1: records that go round until they are done.
#include "collatz.hpp"

struct Collatz {
  std::int64_t last = 100'000;
  std::string output;

  weir::Flags flags() {
    weir::Flags flags{"Follows numbers to 1, exactly once."};
    flags.required("output", &output, "directory for the results: lines of number,steps")
        .optional("last", &last, "the last number; the first is 1");
    return flags;
  }

  weir::Job build() const { return collatz::job(last, output); }
};

WEIR_JOB(Collatz)
