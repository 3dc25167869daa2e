#include "runtime/job/checkpoint_history.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace weir::runtime {
namespace {

using checkpoint::CheckpointKind;
using checkpoint::SnapshotTimings;

std::uint64_t nanoseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0));
}

std::map<std::string, std::uint64_t> samples_of(const CheckpointEntry& entry) {
  const SnapshotTimings slowest = entry.slowest();
  return {{"duration", nanoseconds(entry.duration)},
          {"start delay", nanoseconds(slowest.start_delay)},
          {"alignment", nanoseconds(slowest.alignment)},
          {"sync", nanoseconds(slowest.sync)},
          {"async", nanoseconds(slowest.async)},
          {"written", entry.written_bytes()},
          {"state", entry.state_bytes()},
          {"overtaken", entry.overtaken_bytes()}};
}

}  // namespace

std::uint64_t CheckpointEntry::written_bytes() const {
  return std::accumulate(
      answers.begin(), answers.end(), std::uint64_t{0},
      [](std::uint64_t sum, const SubtaskSnapshot& s) { return sum + s.timings.bytes; });
}

std::uint64_t CheckpointEntry::overtaken_bytes() const {
  return std::accumulate(
      answers.begin(), answers.end(), std::uint64_t{0},
      [](std::uint64_t sum, const SubtaskSnapshot& s) { return sum + s.timings.overtaken_bytes; });
}

std::uint64_t CheckpointEntry::state_bytes() const {
  return std::accumulate(
      answers.begin(), answers.end(), std::uint64_t{0},
      [](std::uint64_t sum, const SubtaskSnapshot& s) { return sum + s.state_bytes; });
}

SnapshotTimings CheckpointEntry::slowest() const {
  SnapshotTimings slowest;
  for (const SubtaskSnapshot& answer : answers) slowest.raise_to(answer.timings);
  return slowest;
}

Spread spread_of(std::vector<std::uint64_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto ranked = [&](std::uint64_t per_mille) {
    const std::size_t rank = (values.size() * per_mille + 999) / 1000;
    return values[rank - 1];
  };
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {.least = values.front(),
          .average = static_cast<std::uint64_t>(sum / static_cast<double>(values.size())),
          .most = values.back(),
          .p50 = ranked(500),
          .p90 = ranked(900),
          .p99 = ranked(990),
          .p999 = ranked(999)};
}

CheckpointEntry entry_of(const checkpoint::CheckpointRecord& record, const std::string& failure,
                         const Plan& plan) {
  CheckpointEntry entry{.id = record.id,
                        .kind = record.kind,
                        .failure = failure,
                        .triggered_at = record.triggered_at,
                        .duration = record.duration,
                        .subtasks = record.subtasks,
                        .answers = {}};
  entry.write_retries = record.write_retries;
  entry.taken_from = record.taken_from;
  for (const SubtaskId subtask : record.left_out) entry.left_out.push_back(plan.name_of(subtask));
  for (const auto& answer : record.answers) {
    entry.answers.push_back({plan.name_of(answer.subtask), answer.timings, answer.state_bytes});
    entry.write_retries += answer.timings.write_retries;
  }
  return entry;
}

CheckpointEntry entry_under_way(const checkpoint::CheckpointRecord& record,
                                const std::vector<SubtaskId>& missing, std::string waits_on,
                                const Plan& plan) {
  CheckpointEntry entry = entry_of(record, "", plan);
  entry.is_under_way = true;
  entry.waits_on = std::move(waits_on);
  for (const SubtaskId subtask : missing) entry.missing.push_back(plan.name_of(subtask));
  return entry;
}

void CheckpointHistory::add(CheckpointEntry entry) {
  if (entry.is_under_way) {
    const CheckpointId id = entry.id;
    under_way_.insert_or_assign(id, std::move(entry));
    return;
  }
  under_way_.erase(entry.id);
  if (!entry.has_completed()) {
    ++failed_;
  } else if (entry.kind == CheckpointKind::savepoint) {
    ++savepoints_;  // takes longer: it says nothing of what is usual
  } else {
    ++completed_;
    if (!entry.left_out.empty()) ++regional_;
    for (const auto& [what, value] : samples_of(entry)) {
      auto& samples = samples_[what];
      samples.push_back(value);
      if (samples.size() > kSamples) samples.pop_front();
    }
  }
  entries_.push_front(std::move(entry));
  if (entries_.size() > kEntries) entries_.pop_back();
}

CheckpointStatistics CheckpointHistory::statistics(std::optional<WallTime> now) const {
  CheckpointStatistics statistics{.completed = completed_,
                                  .failed = failed_,
                                  .savepoints = savepoints_,
                                  .regional = regional_,
                                  .under_way = {},
                                  .entries = {entries_.begin(), entries_.end()},
                                  .usual = {}};
  for (auto at = under_way_.rbegin(); at != under_way_.rend(); ++at) {
    CheckpointEntry& entry = statistics.under_way.emplace_back(at->second);
    if (now && entry.triggered_at != WallTime{}) entry.duration = *now - entry.triggered_at;
  }
  for (const auto& [what, samples] : samples_)
    statistics.usual[what] = spread_of({samples.begin(), samples.end()});
  return statistics;
}

}  // namespace weir::runtime
