// Alerts of sensors whose values jump: state, a timer and a time to live for each sensor.
#include "sensors.hpp"

struct Sensors {
  std::int64_t count = 1'000'000;
  std::int64_t rate = 0;
  std::string output;

  weir::Flags flags() {
    weir::Flags flags{"Finds sensors whose values jump, exactly once."};
    flags
        .required("output", &output,
                  "directory for the results: lines of sensor, value before, value, number of the "
                  "reading")
        .optional("count", &count, "how many readings come in")
        .optional("rate", &rate, "how many a second; 0: as fast as possible");
    return flags;
  }

  weir::Job build() const {
    weir::Job job{"sensors"};
    sensors::build(job, weir::generator::sequence(0, count, {.rate = static_cast<double>(rate)}),
                   weir::files::csv<sensors::Alert>(output));
    return job;
  }
};

WEIR_JOB(Sensors)
