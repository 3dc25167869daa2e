// SourceInput: the input of a subtask that reads a source: the splits that it was given.
#pragma once

#include "runtime/task/chain.hpp"
#include "runtime/task/port.hpp"
#include "runtime/task/split_pace.hpp"
#include "runtime/task/task_input.hpp"
#include "state/handle.hpp"

#include <weir/source.hpp>

#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace weir::runtime {

/// See the file comment.
class SourceInput final : public TaskInput {
public:
  /// `chain`, which begins with a source, and `port` must outlive the input.
  SourceInput(const SourceOptions& options, const SourceContext& context, Chain& chain,
              SubtaskPort& port);

  /// Adds splits to read. With `no_more` these were the last.
  void assign(std::vector<state::SplitPosition> splits, bool no_more);

  /// Ends the input here. What is open, or not begun, keeps its position. What is assigned from now
  /// on is not this subtask's: whoever hands it out has noted that nobody reads it.
  void drain() { is_drained_ = true; }

  /// The slowest of the group that its watermarks are aligned with has come so far.
  void on_group_time(Timestamp least);
  /// Tells the group how far it is, if it is time to.
  void tell_time_if_due();
  /// When it will be; none: it is in no group, or has not begun to read.
  std::optional<Duration> tells_time_at() const { return pace_ ? pace_->tells_at() : std::nullopt; }

  /// Passes on what was read so far, so that it lies before a barrier that is sent next.
  void flush();

  /// Returns where to continue: open splits with their positions, then those not begun. What was
  /// read must have been flushed.
  std::vector<state::SplitPosition> positions() const;

  Result<InputStep> step() override;
  bool cancel(CheckpointId) override { return true; }  // no barrier is on its way
  std::uint64_t records() const override { return chain_.source()->emitted(); }

private:
  struct Open {
    Split split = {};
    Duration wake_at = {};    // monotonic
    bool is_backlog = false;  // what was read of it last
    bool is_held = false;     // too far ahead of others, when it was to be read last
  };

  InputStep end();
  InputStep wait();
  Status open_next();
  void select(std::size_t index);
  void close(std::size_t index);
  bool can_read(std::size_t index);
  void poll(std::size_t index);
  void report_backlog();
  void tell_time();
  void request_splits();

  SourceOptions options_;
  SourceContext context_;
  Chain& chain_;
  SubtaskPort& port_;
  std::optional<SplitPace> pace_;           // none: splits are read as they come
  std::deque<state::SplitPosition> queue_;  // assigned and not begun
  std::vector<Open> open_;                  // in the order of the reader host's
  std::size_t turn_ = 0;                    // the open split to poll next
  std::optional<std::size_t> selected_;     // whose records are not passed on yet
  bool has_requested_ = false;              // and no answer has come yet
  bool no_more_ = false;
  bool is_drained_ = false;  // before its end
  bool has_ended_ = false;
  bool has_backlog_ = false;  // as was said last
};

}  // namespace weir::runtime
