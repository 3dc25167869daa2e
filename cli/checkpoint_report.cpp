#include "cli/checkpoint_report.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

using checkpoint::CheckpointKind;
using checkpoint::SnapshotTimings;
using runtime::CheckpointEntry;
using runtime::CheckpointStatistics;
using runtime::Spread;
using runtime::SubtaskSnapshot;
using Json = nlohmann::ordered_json;

const std::vector<std::string> kEntryHead{
    "id",        "kind",        "triggered", "duration", "answers", "written", "state",
    "overtaken", "start delay", "alignment", "sync",     "async",   "status"};

/// Whether a figure of the history is in bytes; else it is in nanoseconds.
bool is_size(std::string_view what) {
  return what == "written" || what == "state" || what == "overtaken";
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>{duration}.count();
}

std::string describe(Duration duration) {
  const double ms = milliseconds(duration);
  char text[32];
  std::snprintf(text, sizeof text, ms < 10'000 ? "%.1f ms" : "%.1f s", ms < 10'000 ? ms : ms / 1e3);
  return text;
}

std::string_view name_of(CheckpointKind kind) {
  switch (kind) {
    case CheckpointKind::periodic: return "checkpoint";
    case CheckpointKind::end_of_input: return "at the end";
    case CheckpointKind::stop: return "stop";
    case CheckpointKind::savepoint: return "savepoint";
    case CheckpointKind::drain: return "drain";
  }
  return "unknown";
}

/// Rows of cells that stand below each other.
class Table {
public:
  explicit Table(std::vector<std::string> head) { add(std::move(head)); }

  void add(std::vector<std::string> cells) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths_[i] = std::max(widths_[i], cells[i].size());
    rows_.push_back(std::move(cells));
  }

  std::string text() const {
    std::string text;
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += row[i];
        line.append(widths_[i] - row[i].size() + 2, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text;
  }

private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
};

std::vector<std::string> cells_of(const SnapshotTimings& timings) {
  return {describe(timings.start_delay), describe(timings.alignment), describe(timings.sync),
          describe(timings.async)};
}

std::string describe_usual(const std::map<std::string, Spread>& usual) {
  Table table{{"", "least", "average", "p50", "p90", "p99", "p99.9", "most"}};
  for (const char* what :
       {"duration", "start delay", "alignment", "sync", "async", "written", "state", "overtaken"}) {
    const auto spread = usual.find(what);
    if (spread == usual.end()) continue;
    const auto cell = [what](std::uint64_t value) {
      return is_size(what) ? base::format_size(value)
                           : describe(Duration{static_cast<Duration::rep>(value)});
    };
    const Spread& s = spread->second;
    table.add({what, cell(s.least), cell(s.average), cell(s.p50), cell(s.p90), cell(s.p99),
               cell(s.p999), cell(s.most)});
  }
  return table.text();
}

/// "a/0, a/1, a/2 and 7 more"
std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 3;  // so that a line stays a line
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamed) text += " and " + std::to_string(names.size() - kNamed) + " more";
  return text;
}

/// Nothing of what only few jobs have.
std::string describe_regional(std::uint64_t count) {
  return count == 0 ? "" : " (" + base::format_count(count) + " without some regions)";
}

std::string status_of(const CheckpointEntry& entry) {
  std::string text = entry.has_completed() ? "complete" : "failed: " + entry.failure;
  if (entry.is_under_way) text = "under way";
  if (!entry.left_out.empty())
    text += " with " + list(entry.left_out) + " as in checkpoint " +
            std::to_string(entry.taken_from.value());
  if (!entry.missing.empty()) text += "; no answer from " + list(entry.missing);
  if (!entry.waits_on.empty())
    text += (entry.is_under_way ? "; waits on " : "; it waited on ") + entry.waits_on;
  if (entry.write_retries != 0)
    text += "; writes tried again: " + base::format_count(entry.write_retries);
  return text;
}

std::vector<std::string> row_of(const CheckpointEntry& entry) {
  std::vector<std::string> row{
      std::to_string(entry.id.value()),
      std::string{name_of(entry.kind)},
      entry.triggered_at == WallTime{} ? "not triggered" : base::format_utc(entry.triggered_at),
      describe(entry.duration),
      std::to_string(entry.answers.size()) + "/" + std::to_string(entry.subtasks),
      base::format_size(entry.written_bytes()),
      base::format_size(entry.state_bytes()),
      base::format_size(entry.overtaken_bytes())};
  for (std::string& cell : cells_of(entry.slowest())) row.push_back(std::move(cell));
  row.push_back(status_of(entry));
  return row;
}

Json json_of(const SnapshotTimings& timings) {
  return {{"start_delay_ms", milliseconds(timings.start_delay)},
          {"alignment_ms", milliseconds(timings.alignment)},
          {"sync_ms", milliseconds(timings.sync)},
          {"async_ms", milliseconds(timings.async)}};
}

Json json_of(const CheckpointEntry& entry) {
  Json json{{"id", entry.id.value()}, {"kind", name_of(entry.kind)}};
  json["status"] = entry.is_under_way ? "under way" : entry.has_completed() ? "complete" : "failed";
  if (!entry.failure.empty()) json["failure"] = entry.failure;
  if (!entry.waits_on.empty()) json["waits_on"] = entry.waits_on;
  if (!entry.missing.empty()) json["missing"] = entry.missing;
  json["triggered_at_ms"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(entry.triggered_at.time_since_epoch())
          .count();
  json["duration_ms"] = milliseconds(entry.duration);
  json["subtasks"] = entry.subtasks;
  json["written_bytes"] = entry.written_bytes();
  json["state_bytes"] = entry.state_bytes();
  json["overtaken_bytes"] = entry.overtaken_bytes();
  json["write_retries"] = entry.write_retries;
  if (!entry.left_out.empty()) {
    json["left_out"] = entry.left_out;
    json["taken_from"] = entry.taken_from.value();
  }
  json["answers"] = Json::array();
  for (const SubtaskSnapshot& answer : entry.answers) {
    Json row{{"subtask", answer.subtask}};
    row.update(json_of(answer.timings));
    row["written_bytes"] = answer.timings.bytes;
    row["state_bytes"] = answer.state_bytes;
    row["overtaken_bytes"] = answer.timings.overtaken_bytes;
    row["write_retries"] = answer.timings.write_retries;
    json["answers"].push_back(std::move(row));
  }
  return json;
}

/// Durations are in milliseconds, sizes in bytes.
Json json_of(const std::string& what, const Spread& spread) {
  const auto value = [&what](std::uint64_t v) {
    return is_size(what) ? Json(v) : Json(static_cast<double>(v) / 1e6);
  };
  return {{"least", value(spread.least)}, {"average", value(spread.average)},
          {"p50", value(spread.p50)},     {"p90", value(spread.p90)},
          {"p99", value(spread.p99)},     {"p99.9", value(spread.p999)},
          {"most", value(spread.most)}};
}

}  // namespace

std::string describe_checkpoints(const std::string& job, const CheckpointStatistics& statistics) {
  std::string text = "job \"" + job + "\": " + base::format_count(statistics.completed) +
                     " checkpoints complete" + describe_regional(statistics.regional) + ", " +
                     base::format_count(statistics.failed) + " failed, " +
                     base::format_count(statistics.savepoints) + " savepoints\n";
  if (!statistics.usual.empty()) text += "\n" + describe_usual(statistics.usual);
  if (statistics.entries.empty() && statistics.under_way.empty()) return text;
  Table last{kEntryHead};
  for (const CheckpointEntry& entry : statistics.under_way) last.add(row_of(entry));
  for (const CheckpointEntry& entry : statistics.entries) last.add(row_of(entry));
  return text + "\n" + last.text();
}

Result<std::string> describe_checkpoint(const CheckpointStatistics& statistics, CheckpointId id) {
  std::vector<CheckpointEntry> entries = statistics.under_way;
  entries.insert(entries.end(), statistics.entries.begin(), statistics.entries.end());
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const CheckpointEntry& each) { return each.id == id; });
  if (entry == entries.end()) {
    std::string known;
    for (const CheckpointEntry& each : entries)
      known += (known.empty() ? "" : ", ") + std::to_string(each.id.value());
    return Status{ErrorCode::not_found, "checkpoint " + std::to_string(id.value()) +
                                            " is not under way, and none of the last: " +
                                            (known.empty() ? "none has" : known)};
  }
  Table table{
      {"subtask", "written", "state", "overtaken", "start delay", "alignment", "sync", "async"}};
  for (const SubtaskSnapshot& answer : entry->answers) {
    std::vector<std::string> row{answer.subtask, base::format_size(answer.timings.bytes),
                                 base::format_size(answer.state_bytes),
                                 base::format_size(answer.timings.overtaken_bytes)};
    for (std::string& cell : cells_of(answer.timings)) row.push_back(std::move(cell));
    table.add(std::move(row));
  }
  for (const std::string& subtask : entry->missing) table.add({subtask, "no answer yet"});
  Table head{kEntryHead};
  head.add(row_of(*entry));
  return head.text() + "\n" + table.text();
}

std::string checkpoints_json(const std::string& job, const CheckpointStatistics& statistics) {
  Json json{{"job", job},
            {"completed", statistics.completed},
            {"failed", statistics.failed},
            {"savepoints", statistics.savepoints},
            {"regional", statistics.regional},
            {"usual", Json::object()},
            {"under_way", Json::array()},
            {"last", Json::array()}};
  for (const auto& [what, spread] : statistics.usual) json["usual"][what] = json_of(what, spread);
  for (const CheckpointEntry& entry : statistics.under_way)
    json["under_way"].push_back(json_of(entry));
  for (const CheckpointEntry& entry : statistics.entries) json["last"].push_back(json_of(entry));
  return json.dump(2);
}

}  // namespace weir::cli
