#include "test/interaction/board.hpp"

#include "base/assert.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "runtime/job/cleanup.hpp"

#include <algorithm>
#include <utility>

namespace weir::test {

using namespace runtime;
using namespace std::string_literals;

namespace {

constexpr Duration kPollEvery = std::chrono::milliseconds{1};
constexpr auto kSavepoints = "/savepoints";

}  // namespace

/// Rows that the script has given to the sources; outlives every execution.
struct Board::Feed {
  struct Split {
    std::vector<int> rows;
    bool has_ended = false;
  };
  std::vector<Split> splits;  // one per subtask
};

/// Reads one split of the feed. Position: index of the next row.
class Board::Reader final : public SplitReader<int, std::uint64_t> {
public:
  Reader(std::shared_ptr<Feed> feed, std::size_t split, std::uint64_t next)
      : feed_{std::move(feed)}, split_{split}, next_{next} {}

  Poll poll(Emit<int>& out) override {
    const Feed::Split& split = feed_->splits[split_];
    while (next_ < split.rows.size()) out(split.rows[next_++]);
    if (split.has_ended) return End{};
    return Later{kPollEvery};
  }
  std::uint64_t position() const override { return next_; }

private:
  std::shared_ptr<Feed> feed_;
  std::size_t split_;
  std::uint64_t next_;
};

class Board::Time final : public Clock {
public:
  Duration monotonic() const override { return now; }
  WallTime wall() const override {
    return WallTime{std::chrono::floor<std::chrono::microseconds>(now)};
  }
  Duration now = std::chrono::hours{1};
};

/// Performs the machine's actions.
struct Board::Perform {
  Board& board;

  void operator()(const AcquireSlots&) const { board.perform(board.machine_->on_slots()); }
  void operator()(const PrepareExecution& action) const {
    auto begun = begin_execution(board.launch_, {*board.storage_, board.env_, *board.time_, "run",
                                                 action.attempt, base::silent_logger()});
    WEIR_ASSERT(begun.ok(), begun.status().message().c_str());
    const std::string from = begun->restored_from
                                 ? "checkpoint " + std::to_string(begun->restored_from->value())
                                 : "the beginning";
    board.trace_.push_back("job: attempt " + std::to_string(action.attempt.value()) +
                           " starts from " + from);
    const Surroundings around{board.table_,    board.trace_, board,        *board.launch_.plan,
                              *board.storage_, board.env_,   *board.time_, "run"};
    board.execution_ = std::make_shared<Execution>(around, action.attempt, std::move(*begun));
    board.perform(board.machine_->on_prepared());
  }
  void operator()(const DeploySubtasks&) const {
    const auto execution = board.execution_;  // may be ended meanwhile
    execution->deploy();
  }
  void operator()(const StartSubtasks&) const { board.execution_->start(); }
  void operator()(const EndExecution&) const {
    board.execution_.reset();
    board.perform(board.machine_->on_execution_ended());
  }
  void operator()(const WaitForRestart& action) const {
    board.trace_.push_back("job: restarts in " +
                           base::format_duration(action.at - board.time_->now));
    board.restart_at_ = action.at;
  }
  void operator()(const RequestEndCheckpoint&) const {
    board.trace_.push_back("job: all subtasks have drained");
    board.execution_->request_checkpoint(checkpoint::CheckpointKind::end_of_input);
  }
  void operator()(const RequestStopCheckpoint&) const {
    board.execution_->request_checkpoint(checkpoint::CheckpointKind::stop);
  }
  void operator()(const EndWithoutCheckpoint&) const {}
  void operator()(const CleanUp& action) const {
    board.execution_.reset();
    clean_up(*board.storage_, board.launch_, action.outcome.kind, base::silent_logger());
    board.perform(board.machine_->on_cleaned());
  }
  void operator()(const EndJob& action) const {
    std::string line = "job: " + std::string{to_string(action.outcome.kind)};
    if (!action.outcome.reason.empty()) line += ": " + action.outcome.reason;
    board.trace_.push_back(line);
  }
};

Board::Board(const BoardOptions& options)
    : feed_{std::make_shared<Feed>()}, time_{std::make_unique<Time>()} {
  feed_->splits.resize(static_cast<std::size_t>(options.numbers));
  const Job job = make_job(options);
  storage_ = checkpoint::CheckpointStorage::open(env_, "/checkpoints", "job", "run").value();
  launch_ =
      launch(job.graph(), *storage_, {.from = RestoreRequest::From::latest}, base::silent_logger())
          .value();
  const auto subtasks = launch_.plan->subtasks();
  machine_.emplace(JobMachine::Options{.subtasks = {subtasks.begin(), subtasks.end()}},
                   RestartPolicy{effective_strategy(job.options()), 1});
}

Board::~Board() = default;

Job Board::make_job(const BoardOptions& options) const {
  Job job{"job", options.job};
  const auto list = [feed = feed_] {
    std::vector<Split> splits;
    for (std::size_t i = 0; i < feed->splits.size(); ++i) splits.push_back({std::to_string(i)});
    return splits;
  };
  const auto open = [feed = feed_](const Split& split, const std::optional<std::uint64_t>& from) {
    return std::make_unique<Reader>(feed, std::stoull(split.id), from.value_or(0));
  };
  job.source("numbers", make_source(list, open, {.assignment = Assignment::spread}))
      .parallelism(options.numbers)
      .key_by(std::identity{})
      .count("counts")
      .parallelism(options.counts)
      .sink("out", log_.sink())
      .parallelism(options.out);
  return job;
}

void Board::start() {
  perform(machine_->on_start());
}

void Board::push(std::uint32_t subtask, const std::vector<int>& rows) {
  auto& split = feed_->splits.at(subtask);
  split.rows.insert(split.rows.end(), rows.begin(), rows.end());
  advance(kPollEvery);
}

void Board::end(std::uint32_t subtask) {
  feed_->splits.at(subtask).has_ended = true;
  advance(kPollEvery);
}

void Board::advance(Duration time) {
  const Duration end = time_->now + time;
  for (auto next = next_wake(); next && *next <= end; next = next_wake()) {
    time_->now = std::max(time_->now, *next);
    wake();
  }
  time_->now = end;
}

void Board::wake() {
  if (restart_at_ && *restart_at_ <= time_->now) {
    restart_at_.reset();
    perform(machine_->on_restart_due());
  }
  if (const auto execution = execution_) execution->wake();
}

std::optional<Duration> Board::next_wake() const {
  const auto next = execution_ ? execution_->next_wake() : std::nullopt;
  return restart_at_ && (!next || *restart_at_ < *next) ? restart_at_ : next;
}

void Board::deliver(const Table::Wanted& wanted) {
  for (auto message = table_.take(wanted); message.arrive; message = table_.take(wanted)) {
    trace_.push_back(message.text());
    message.arrive();
  }
}

void Board::kill(const std::string& victim) {
  on_failure({victim + " died", JobFailure::Kind::transient});
}

void Board::stop(bool at_once) {
  perform(machine_->on_stop_requested(at_once));
}

void Board::save(const std::string& what) {
  using checkpoint::CheckpointKind;
  const bool drains = what == "drain";
  const bool stops = drains || what == "suspend";
  const bool can_begin =
      stops ? machine_->on_stop_with_savepoint(drains) : machine_->can_take_savepoint();
  if (!can_begin) return trace_.push_back("job: no savepoint can be taken now");
  execution_->request_savepoint({.ticket = what,
                                 .place = kSavepoints + "/savepoint"s,
                                 .kind = drains  ? CheckpointKind::drain
                                         : stops ? CheckpointKind::stop
                                                 : CheckpointKind::savepoint});
}

void Board::on_savepoint_completed(const std::string& ticket) {
  trace_.push_back("job: " + ticket + ": the savepoint is complete");
  if (ticket != "savepoint") machine_->on_stop_savepoint_completed();
}

void Board::on_savepoint_failed(const checkpoint::SavepointFailed& failed) {
  const std::string why =
      failed.ticket + ": the savepoint failed: " + std::string{describe(failed.reason)};
  if (failed.has_drained) return on_failure({why, JobFailure::Kind::transient});
  trace_.push_back("job: " + why);
  if (failed.ticket != "savepoint") perform(machine_->on_stop_savepoint_failed());
}

std::vector<std::string> Board::savepoints() {
  std::vector<std::string> lines;
  const auto entries = env_.list(kSavepoints);
  if (!entries.ok()) return lines;
  for (const DirectoryEntry& entry : *entries) {
    const bool is_complete =
        env_.stat(base::join_path(base::join_path(kSavepoints, entry.name), "_metadata")).ok();
    lines.push_back(entry.name + (is_complete ? "" : " (incomplete)"));
  }
  return lines;
}

std::vector<std::string> Board::checkpoints() const {
  std::vector<std::string> lines;
  const auto complete = storage_->list().value();
  for (const CheckpointId id : storage_->list_all().value()) {
    const bool is_complete = std::binary_search(complete.begin(), complete.end(), id);
    lines.push_back(std::to_string(id.value()) + (is_complete ? "" : " (incomplete)"));
  }
  return lines;
}

void Board::on_failure(const JobFailure& failure) {
  trace_.push_back("job: " + failure.cause);
  perform(machine_->on_failure(failure, time_->now));
}

void Board::perform(const JobActions& actions) {
  for (const JobAction& action : actions) std::visit(Perform{*this}, action);
}

}  // namespace weir::test
