#include "runtime/graph/iterations.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace weir::runtime {
namespace {

using detail::EdgeSpec;
using detail::GraphSpec;
using detail::OperatorSpec;

using Operators = std::set<std::size_t>;

bool is_iteration(const OperatorSpec& op) {
  return std::any_of(op.inputs.begin(), op.inputs.end(),
                     [](const EdgeSpec& edge) { return edge.is_feedback; });
}

/// Returns the operators that a record may reach from `op`, with it, if nothing is fed back.
Operators reached_from(const GraphSpec& graph, std::size_t op) {
  Operators reached{op};
  for (std::size_t i = op + 1; i < graph.operators.size(); ++i) {  // behind what they read from
    const auto& inputs = graph.operators[i].inputs;
    if (std::any_of(inputs.begin(), inputs.end(), [&](const EdgeSpec& edge) {
          return !edge.is_feedback && reached.contains(edge.from);
        }))
      reached.insert(i);
  }
  return reached;
}

/// Returns the operators from which a record may reach `op`, with it, likewise.
Operators leading_to(const GraphSpec& graph, std::size_t op) {
  Operators leading{op};
  for (std::size_t i = op + 1; i-- > 0;) {
    if (!leading.contains(i)) continue;
    for (const EdgeSpec& edge : graph.operators[i].inputs) {
      if (!edge.is_feedback) leading.insert(edge.from);
    }
  }
  return leading;
}

class Checker {
public:
  explicit Checker(const GraphSpec& graph) : graph_{graph} {}

  std::vector<Problem> run() {
    for (std::size_t i = 0; i < graph_.operators.size(); ++i) {
      if (is_iteration(graph_.operators[i])) check(i);
    }
    if (has_any_) check_checkpoints();
    return std::move(problems_);
  }

private:
  void add(const std::string& op, std::string what, std::string cure) {
    problems_.push_back({op, std::move(what), std::move(cure)});
  }

  void check(std::size_t head) {
    has_any_ = true;
    const std::string& name = graph_.operators[head].name;
    const Operators reached = reached_from(graph_, head);
    Operators body;
    for (const EdgeSpec& edge : graph_.operators[head].inputs) {
      if (!edge.is_feedback) continue;
      if (edge.partition == detail::Partition::broadcast)
        add(name, "each record is fed back to all of its subtasks",
            "feed back a stream without broadcast(), and broadcast within the iteration");
      if (!reached.contains(edge.from)) {
        add(name,
            "what is fed back comes from \"" + graph_.operators[edge.from].name +
                "\", which none of its records reach",
            "feed back a stream that the body makes of the one it is given");
        continue;
      }
      const Operators leading = leading_to(graph_, edge.from);
      std::set_intersection(reached.begin(), reached.end(), leading.begin(), leading.end(),
                            std::inserter(body, body.end()));
    }
    for (const std::size_t op : body) {
      check_async(name, graph_.operators[op]);
      const auto [at, is_new] = iteration_of_.emplace(op, head);
      if (is_new) continue;
      add(name,
          "it shares the operator \"" + graph_.operators[op].name + "\" with the iteration \"" +
              graph_.operators[at->second].name + "\"",
          "put one iteration behind the other: they cannot be nested");
      return;
    }
  }

  /// A probe that looks for records on their way would overtake those that wait for an answer.
  void check_async(const std::string& iteration, const OperatorSpec& op) {
    if (!op.is_async) return;
    add(op.name, "it is async, and records go round the iteration \"" + iteration + "\" through it",
        "put it before or behind the iteration, or ask without async(...) there");
  }

  /// What goes round is recorded by one checkpoint at a time, or lost in a failure.
  void check_checkpoints() {
    const auto& checkpoint = graph_.options.checkpoint;
    if (checkpoint.guarantee != Guarantee::exactly_once)
      add("", "the job has an iteration, and promises at least once",
          "set execution.checkpointing.mode to EXACTLY_ONCE: else a failure loses what goes round");
    if (checkpoint.max_concurrent > 1)
      add("", "the job has an iteration, and more than one checkpoint may be under way",
          "set execution.checkpointing.max-concurrent-checkpoints to 1");
  }

  const GraphSpec& graph_;
  std::map<std::size_t, std::size_t> iteration_of_;  // by operator
  bool has_any_ = false;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> problems_of_iterations(const GraphSpec& graph) {
  return Checker{graph}.run();
}

}  // namespace weir::runtime
