// Totals of orders by user and ten minutes, by the times of the orders: they come out of order, and
// some too late.
#include "orders.hpp"

struct Orders {
  std::int64_t count = 1'000'000;
  std::int64_t rate = 0;
  std::string output;

  weir::Flags flags() {
    weir::Flags flags{"Sums up orders by user and ten minutes, exactly once."};
    flags
        .required(
            "output", &output,
            "directory for the results: \"totals\" with lines of user, start and end of the ten "
            "minutes in ms since 1970, orders, cents; \"late\" with lines of number, user, "
            "cents, time")
        .optional("count", &count, "how many orders come in")
        .optional("rate", &rate, "how many a second; 0: as fast as possible");
    return flags;
  }

  weir::Job build() const {
    weir::Job job{"orders"};
    orders::build(job, weir::generator::sequence(0, count, {.rate = static_cast<double>(rate)}),
                  weir::files::csv<orders::Summary>(output + "/totals"),
                  weir::files::csv<orders::Order>(output + "/late"));
    return job;
  }
};

WEIR_JOB(Orders)
