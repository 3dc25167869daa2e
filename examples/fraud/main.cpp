// Alerts of accounts that spend too much, by rules that change while the job runs.
#include "fraud.hpp"

struct Fraud {
  std::int64_t count = 1'000'000;
  std::int64_t rate = 0;
  std::string output;

  weir::Flags flags() {
    weir::Flags flags{"Finds accounts that spend more than the rules of that time allow."};
    flags
        .required("output", &output,
                  "directory for the results: lines of rule, account, cents spent, time")
        .optional("count", &count, "how many payments are made")
        .optional("rate", &rate, "how many a second; 0: as fast as possible");
    return flags;
  }

  weir::Job build() const {
    weir::Job job{"fraud"};
    const auto rules_per_second = static_cast<double>(rate) *
                                  static_cast<double>(fraud::rules_for(count)) /
                                  static_cast<double>(count > 0 ? count : 1);
    fraud::build(job, weir::generator::sequence(0, count, {.rate = static_cast<double>(rate)}),
                 weir::generator::sequence(0, fraud::rules_for(count), {.rate = rules_per_second}),
                 weir::files::csv<fraud::Alert>(output));
    return job;
  }
};

WEIR_JOB(Fraud)
