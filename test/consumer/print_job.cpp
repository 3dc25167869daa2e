// A library of a job, as others make one.
#include <weir/weir.hpp>

struct Print {
  std::int64_t count = 10;

  weir::Flags flags() {
    return weir::Flags{"Prints numbers."}.optional("count", &count, "how many");
  }
  weir::Job build() const {
    weir::Job job{"print"};
    job.source("numbers", weir::generator::sequence(0, count))
        .sink("out", weir::console::print<std::int64_t>());
    return job;
  }
};

WEIR_JOB(Print)
