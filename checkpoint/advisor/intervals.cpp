#include "checkpoint/advisor/intervals.hpp"

#include "checkpoint/advisor/lambert_w.hpp"

#include <algorithm>
#include <cmath>

namespace weir::advisor {
namespace {

Seconds root(double squared_seconds) {
  return Seconds{std::sqrt(squared_seconds)};
}

}  // namespace

Result<Seconds> young_interval(const Model& model) {
  if (Status status = check({cost_of(model), mtbf_of(model)}); !status.ok()) return status;
  return root(2 * model.cost.count() * model.mtbf.count());
}

Result<Seconds> daly_interval(const Model& model) {
  const Result<Seconds> young = young_interval(model);
  if (!young.ok()) return young;
  const double x = model.cost / (2 * model.mtbf);
  if (x >= 1) return model.mtbf;
  return *young * (1 + std::sqrt(x) / 3 + x / 9) - model.cost;
}

Result<Seconds> load_aware_interval(const Model& model) {
  return incremental_interval(model, model.cost);
}

Result<Seconds> exact_interval(const Model& model) {
  if (Status status = check({cost_of(model), mtbf_of(model)}); !status.ok()) return status;
  const Result<double> share = one_plus_w0(model.cost / model.mtbf);
  if (!share.ok()) return share.status();
  return model.mtbf * *share;
}

Result<Seconds> exact_interval_under_load(const Model& model) {
  if (Status status = check({cost_of(model), mtbf_of(model), load_of(model)}); !status.ok())
    return status;
  const Seconds mtbf = model.mtbf / model.load;
  if (mtbf == kNever) return kNever;
  return exact_interval({.cost = model.cost, .mtbf = mtbf});
}

Result<Seconds> longest_to_catch_up(const Model& model, Seconds limit) {
  if (Status status = check({duration_of(model),
                             restart_of(model),
                             load_of(model),
                             {"the time to catch up within", limit.count(), Range::positive}});
      !status.ok())
    return status;
  if (model.load >= 1 || limit < model.restart) return Seconds{};
  if (model.load == 0) return kNever;
  const Seconds replayed = (limit - model.restart) * ((1 - model.load) / model.load);
  return std::max(Seconds{}, 2 * (replayed - model.duration - model.restart));
}

Result<Seconds> shortest_possible(const Model& model, Seconds pause) {
  if (Status status =
          check({duration_of(model), {"the pause in seconds", pause.count(), Range::not_negative}});
      !status.ok())
    return status;
  return model.duration + pause;
}

Result<Seconds> incremental_interval(const Model& model, Seconds fixed_cost) {
  if (Status status = check({cost_of({.cost = fixed_cost}), mtbf_of(model), load_of(model)});
      !status.ok())
    return status;
  if (model.load == 0) return kNever;
  return root(2 * fixed_cost.count() * model.mtbf.count() / model.load);
}

}  // namespace weir::advisor
