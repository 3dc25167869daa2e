// ChainTime: event time in a chain of operators. A watermark passes from one operator to the next,
// and behind the last one to other subtasks, only when all that it made an operator emit is out.
//
// Where an operator tells the time by itself, what comes from before it has no say; but the end of
// the input is the end of time for all. An operator with requests under way holds watermarks back:
// what has been given to it and what has passed it are two things there.
#pragma once

#include "runtime/task/output_gate.hpp"

#include <weir/detail/operator.hpp>
#include <weir/detail/watermark.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weir::runtime {

/// See the file comment. What user code throws comes as UserError.
class ChainTime {
public:
  using Watermark = detail::Watermark;

  /// `out` must outlive this object. Records come from a source, or from channels. Operators that
  /// tell the time are asked every `interval`.
  ChainTime(OutputGate& out, bool reads_source, Duration interval)
      : out_{out}, reads_source_{reads_source}, interval_{interval} {}

  /// Adds an operator behind that which it reads from. `parent` is the number of that, in the order
  /// in which they were added; none: it reads what comes into the chain. `edges`, indices in
  /// Plan::edges, are those from it to other subtasks on which time passes on.
  void add(std::string name, detail::Operator& op, std::optional<std::size_t> parent,
           std::vector<std::size_t> edges);

  /// Event time has come so far on the input of the chain.
  void set_input(const Watermark& watermark);
  /// How far it has come there; the least time there is once the input has ended: that says more.
  Timestamp input() const {
    return input_.time == Timestamp::max() ? Timestamp::min() : input_.time;
  }
  /// The input has ended. Those behind the chain hear of the end otherwise.
  void end_input() { set_input({Timestamp::max(), false}); }

  /// Whether nothing is to be done about the time.
  bool is_settled() const { return is_settled_ && !has_passed_requests(); }
  /// Whether the end of time has come to all operators; to be asked when that of the input has.
  bool has_ended() const {
    return is_settled() && (requests_ == nullptr || requests_->passed().time == Timestamp::max());
  }
  /// Passes the time on, from operator to operator, each a few batches a call. Returns whether that
  /// is done.
  bool advance();

  /// Those operators that read what the source reads and tell the time by its splits.
  const std::vector<detail::TimeOrigin*>& of_splits() const { return of_splits_; }

  /// The one of them whose splits keep pace with a group.
  struct Aligned {
    std::string name = {};
    detail::TimeOrigin* origin = nullptr;  // null: there is none
  };
  const Aligned& aligned() const { return aligned_; }

  /// When operators are to be asked for the time, if any tells it; monotonic.
  std::optional<Duration> asks_at() const;
  /// Asks them if it is time to.
  void ask(Duration now);
  /// The subtask is held up by those behind it: that it has no records means nothing.
  void on_held_up() { is_held_up_ = true; }

private:
  struct Node {
    std::string name;
    detail::Operator* op;
    detail::TimeOrigin* origin;  // null: it takes the time from its parent
    std::optional<std::size_t> parent;
    std::vector<std::size_t> edges;
    Watermark passed = {};  // to those behind it
    Watermark told = {};    // by the origin
  };

  bool has_passed_requests() const {
    return requests_ != nullptr && requests_->passed() != nodes_.front().passed;
  }
  Watermark target_of(const Node& node) const;
  bool advance(Node& node);
  void pass_on(Node& node, const Watermark& watermark);

  OutputGate& out_;
  bool reads_source_;
  Duration interval_;
  std::vector<Node> nodes_;
  detail::PendingRequests* requests_ = nullptr;  // of the first node; null: it has none
  Watermark held_;                               // given to them
  std::vector<detail::TimeOrigin*> of_splits_;
  Aligned aligned_;
  Watermark input_;
  bool is_settled_ = true;
  bool has_origins_ = false;
  bool is_held_up_ = false;
  Duration asked_at_{};
  Duration active_{};  // time that has passed while it was not held up
};

}  // namespace weir::runtime
