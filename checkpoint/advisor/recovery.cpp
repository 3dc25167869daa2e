#include "checkpoint/advisor/recovery.hpp"

#include <cmath>

namespace weir::advisor {

Result<Seconds> mean_rollback(const Model& model, Seconds interval) {
  if (Status status = check({duration_of(model), interval_of(interval)}); !status.ok())
    return status;
  return interval / 2 + model.duration;
}

Result<Seconds> worst_rollback(const Model& model, Seconds interval) {
  if (Status status = check({duration_of(model), interval_of(interval)}); !status.ok())
    return status;
  return interval + model.duration;
}

Result<Seconds> mean_failure_position(const Model& model, Seconds interval) {
  if (Status status = check({mtbf_of(model), interval_of(interval)}); !status.ok()) return status;
  const double x = interval / model.mtbf;
  // The exact form subtracts two numbers near M; three terms are better by far where T is short.
  if (x < 1e-3) return interval * (0.5 - x / 12 + x * x * x / 720);
  return model.mtbf - interval / std::expm1(x);
}

Result<Seconds> reach_time(const Model& model, Seconds interval) {
  if (Status status = check({restart_of(model), load_of(model)}); !status.ok()) return status;
  const Result<Seconds> rollback = mean_rollback(model, interval);
  if (!rollback.ok()) return rollback.status();
  return model.restart + model.load * *rollback;
}

Result<Seconds> catch_up_time(const Model& model, Seconds interval) {
  if (Status status = check({restart_of(model), load_of(model)}); !status.ok()) return status;
  const Result<Seconds> rollback = mean_rollback(model, interval);
  if (!rollback.ok()) return rollback.status();
  if (model.load >= 1) return kNever;
  return model.restart + (*rollback + model.restart) * (model.load / (1 - model.load));
}

Result<double> waste(const Model& model, Seconds interval) {
  if (Status status = check({cost_of(model), mtbf_of(model)}); !status.ok()) return status;
  const Result<Seconds> lost = reach_time(model, interval);
  if (!lost.ok()) return lost.status();
  return model.cost / interval + *lost / model.mtbf;
}

Result<double> exact_waste(const Model& model, Seconds work) {
  if (Status status = check(
          {cost_of(model), mtbf_of(model), restart_of(model), load_of(model), interval_of(work)});
      !status.ok())
    return status;
  const double segment = (work + model.cost) / model.mtbf;
  // Without load nothing is replayed; this is the limit of the other branch.
  const double attempts = model.load == 0 ? segment : std::expm1(model.load * segment) / model.load;
  return 1 - work / (model.mtbf * std::exp(model.restart / model.mtbf) * attempts);
}

Result<Seconds> mean_visibility(const Model& model, Seconds interval) {
  return mean_rollback(model, interval);
}

Result<Seconds> worst_visibility(const Model& model, Seconds interval) {
  return worst_rollback(model, interval);
}

}  // namespace weir::advisor
