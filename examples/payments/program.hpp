// The command line of both versions.
#pragma once

#include "payment.hpp"

namespace payments {

template <class Book>
struct Program {
  Settings settings;

  weir::Flags flags() {
    weir::Flags flags{"Keeps books of payments, exactly once."};
    flags.required("output", &settings.output, "directory for the results")
        .optional("count", &settings.count, "how many payments come in")
        .optional("rate", &settings.rate, "how many a second; 0: as fast as possible");
    return flags;
  }

  weir::Job build() const { return job<Book>(settings); }
};

}  // namespace payments
