// The graph of a job as its program declared it, before the engine checks and fuses it.
#pragma once

#include <weir/detail/operator.hpp>
#include <weir/detail/router.hpp>
#include <weir/options.hpp>
#include <weir/sink.hpp>
#include <weir/source.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir {

/// Something wrong with a job, found before it starts.
struct Problem {
  std::string operator_name;  ///< empty if it concerns the whole job
  std::string what;           ///< what is wrong
  std::string cure;           ///< what to do about it
};

namespace detail {

/// Records flow along an edge from operator `from` to the operator that lists it as an input.
struct EdgeSpec {
  std::size_t from = 0;  // index in GraphSpec::operators
  Partition partition = Partition::forward;
  std::string side = {};  // which side output of `from`; empty: its main one
  std::shared_ptr<const EdgeType> type = {};
  bool is_feedback = false;  // it closes an iteration: `from` reads from this operator
  bool is_second = false;    // it leads to the second input of an operator with two
};

/// What an operator declares: what it remembers, and what it emits beside its main output.
struct Declarations {
  std::vector<StateSpec> keyed = {};
  std::vector<OperatorStateSpec> of_operator = {};
  std::vector<SideOutputSpec> sides = {};
  std::vector<std::string> metrics = {};  // their names
};

using OperatorMaker = std::function<std::unique_ptr<Operator>(const OperatorInit&)>;

/// One operator. Exactly one of `make`, `source` and `sink` is set.
struct OperatorSpec {
  std::string name = {};
  std::string kind = {};  // "map", "source", ...; for people
  int parallelism = 0;    // 0: the job's
  std::vector<EdgeSpec> inputs = {};
  std::string in_schema = {};
  std::string out_schema = {};

  OperatorMaker make = {};
  std::shared_ptr<const SourceFactory> source = {};
  std::shared_ptr<const SinkFactory> sink = {};

  bool is_keyed = false;
  std::string key_schema = {};
  std::vector<StateSpec> states = {};
  std::vector<OperatorStateSpec> operator_states = {};
  std::vector<SideOutputSpec> side_outputs = {};
  std::vector<std::string> metrics = {};  // their names
  bool needs_time = false;                // its records must have event times
  bool is_async = false;                  // its operators have PendingRequests
  std::string aligned_with = {};  // the group that its watermarks keep pace with; empty: none
};

/// A job's operators in the order in which they were declared, and what was wrong already then.
struct GraphSpec {
  std::string name;
  JobOptions options;
  std::vector<OperatorSpec> operators;
  std::vector<Problem> problems;
};

}  // namespace detail
}  // namespace weir
