// Chain: the operators of one subtask, linked so that records pass from one to the next by a call.
#pragma once

#include "runtime/graph/plan.hpp"
#include "runtime/task/chain_time.hpp"
#include "runtime/task/chain_timers.hpp"
#include "runtime/task/output_gate.hpp"
#include "runtime/task/subtask_metrics.hpp"
#include "runtime/task/user_error.hpp"

#include <weir/detail/operator.hpp>
#include <weir/sink.hpp>
#include <weir/source.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::runtime {

/// What building a chain needs besides the plan.
struct ChainInit {
  SubtaskId subtask;
  AttemptId attempt;
  std::string run;  // which start of the job
  Env& env;         // for sinks
  const Clock& clock;
  detail::StateBackend* backend = nullptr;  // null: state is in memory
};

/// A sink in a chain.
struct ChainSink {
  std::string operator_name;
  std::string txn_schema;
  std::unique_ptr<detail::SinkWriter> writer;
  std::shared_ptr<detail::Committer> committer;  // null: no transactions; its calls may not overlap
};

/// An operator with keyed state in a chain.
struct ChainState {
  std::string operator_name;
  std::string key_schema;
  detail::KeyedState* state;
  detail::OperatorTimers* timers = nullptr;  // kept in `state`; null: there are none
};

/// A state in a chain that belongs to no key.
struct ChainOperatorState {
  std::string operator_name;
  detail::OperatorState* state;
};

/// See the file comment. Functions that run user code throw UserError.
class Chain {
public:
  /// Builds the operators of `init.subtask` and links the last ones to the edges of `out`, which
  /// must outlive the chain and have all edges of the vertex.
  Chain(const Plan& plan, const ChainInit& init, OutputGate& out);
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  /// Takes a batch that was on its way to operator `op`, which was not in this chain then; before
  /// `start`.
  void recover(std::size_t op, detail::BatchRef batch);

  /// Tells the operators that their state is restored, and handles what was recovered; once, before
  /// the first record.
  void start();

  /// Handles records of a batch that came along an edge, from `begin` on, a slice of them, and
  /// returns where it stopped. Slices are the smaller the more each record makes, so that what
  /// waits for credits stays small. The batch must not be shared.
  std::size_t process(const PlanEdge& edge, detail::BatchBody& batch, std::size_t begin);
  /// Whether `process` would take any records now.
  bool has_room() const { return head_.requests == nullptr || head_.requests->room() > 0; }
  /// The last slice took too long: the next one is smaller.
  void shorten_slice();

  /// The requests of its first operator, or null if it has none.
  detail::PendingRequests* requests() { return head_.requests; }
  /// Passes on what they have been answered, a few batches; returns whether there may be more at
  /// once.
  bool pass_answers(Duration now);

  /// Emits what is due at the end of the input, operator by operator; a few batches a call. Returns
  /// whether all is out.
  bool finish();

  /// Hands over what sinks without transactions hold.
  void flush_sinks();

  /// The reader of a chain that begins with a source, else null.
  detail::SplitHost* source() { return source_.get(); }
  const std::string& head_name() const { return head_name_; }
  std::vector<ChainSink>& sinks() { return sinks_; }
  const std::vector<ChainState>& states() const { return memory_.states; }
  const std::vector<ChainOperatorState>& operator_states() const { return memory_.operator_states; }
  ChainTimers& timers() { return clocks_.timers; }
  ChainTime& time() { return clocks_.time; }
  /// What its operators have declared, as it is now.
  std::vector<OperatorMetric> metrics() const;
  /// Records handed to sinks so far.
  std::uint64_t records_written() const { return records_written_; }

private:
  /// Passes batches to one operator and names it when it throws.
  class Link;
  /// Passes batches to a sink and counts their records.
  class Counter;
  /// Passes batches to several consumers, or to none.
  class FanOut;

  void add_time(const Plan& plan, const Vertex& vertex);
  detail::BatchConsumer* link_to(const Plan& plan, std::size_t op, const std::string& side,
                                 OutputGate& out, const ChainInit& init);
  detail::BatchConsumer* make_consumer(const Plan& plan, std::size_t op, OutputGate& out,
                                       const ChainInit& init);

  struct NamedOperator {
    std::size_t index;  // in the graph
    std::string name;
    std::unique_ptr<detail::Operator> op;
  };

  /// Where records come in.
  struct Head {
    detail::Operator* op = nullptr;               // null: a sink, or a source
    detail::SinkWriter* sink = nullptr;           // null: no sink
    detail::PendingRequests* requests = nullptr;  // of `op`; null: it has none
    std::size_t slice = 8;  // records of the next slice: few, until it is known what they make
  };

  /// What its operators remember.
  struct Memory {
    std::vector<ChainState> states;
    std::vector<ChainOperatorState> operator_states;
  };

  /// What tells them the time.
  struct Clocks {
    ChainTime time;
    ChainTimers timers = {};
  };

  /// What was on its way inside of another chain when the state was taken.
  struct Recovery {
    std::map<std::size_t, detail::BatchConsumer*> entries;          // of all but the head, by index
    std::vector<std::pair<std::size_t, detail::BatchRef>> batches;  // with whom they go to
  };

  const OutputGate& out_;
  std::string head_name_;
  std::unique_ptr<detail::SplitHost> source_;
  Head head_;
  std::vector<NamedOperator> operators_;  // each behind what it reads from
  Recovery recovery_;
  std::vector<ChainSink> sinks_;
  Memory memory_;
  Clocks clocks_;
  std::vector<std::unique_ptr<detail::BatchConsumer>> links_;
  std::size_t finished_ = 0;  // operators that have finished
  std::uint64_t records_written_ = 0;
};

}  // namespace weir::runtime
