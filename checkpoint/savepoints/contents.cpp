#include "checkpoint/savepoints/contents.hpp"

#include "checkpoint/savepoints/rows.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/operator_snapshot.hpp"

#include <map>
#include <utility>

namespace weir {
namespace savepoints {
namespace {

using checkpoint::CheckpointMetadata;
using checkpoint::SubtaskPart;

/// Collects what is known of each operator.
class Collector {
public:
  void add(const state::SubtaskState& state) {
    std::map<std::string, bool> seen;
    const auto of = [&](const std::string& name) -> SavepointOperator& {
      SavepointOperator& op = at(name);
      if (seen.emplace(name, true).second) ++op.parallelism;
      return op;
    };
    for (const state::KeyedStateHandle& handle : state.keyed) add(handle, of(handle.operator_name));
    for (const state::OperatorStateHandle& handle : state.operators)
      add(handle, of(handle.operator_name));
    for (const state::SourceState& source : state.sources)
      of(source.operator_name).splits += source.splits.size();
    for (const state::SinkState& sink : state.sinks)
      of(sink.operator_name).transactions += sink.transactions.size();
  }

  SavepointOperator& at(const std::string& name) {
    SavepointOperator& op = operators_[name];
    op.name = name;
    return op;
  }

  std::vector<SavepointOperator> take() {
    std::vector<SavepointOperator> all;
    for (auto& [name, op] : operators_) all.push_back(std::move(op));
    return all;
  }

private:
  static void add(const state::KeyedStateHandle& handle, SavepointOperator& op) {
    op.bytes += handle.size_bytes();
    if (!op.key_schema.empty()) return;
    op.key_schema = handle.key_schema;
    for (const state::StateDescription& state : handle.states)
      op.states.push_back({state.name, std::string{state::name_of(state.kind)}, state.schema});
  }

  static void add(const state::OperatorStateHandle& handle, SavepointOperator& op) {
    op.bytes += handle.size_bytes();
    for (const SavepointState& known : op.states) {
      if (known.name == handle.name) return;
    }
    op.states.push_back({handle.name, std::string{state::name_of(handle.kind)}, handle.schema});
  }

  std::map<std::string, SavepointOperator> operators_;
};

}  // namespace

std::vector<SavepointOperator> operators_of(const CheckpointMetadata& metadata) {
  Collector collector;
  for (const SubtaskPart& part : metadata.parts) collector.add(part.state);
  for (const checkpoint::RemainingSplits& remaining : metadata.remaining)
    collector.at(remaining.operator_name).splits += remaining.all->size() - remaining.next;
  return collector.take();
}

std::string known_names(const std::vector<std::string>& names, const std::string& what) {
  if (names.empty()) return "; it has no " + what;
  std::string text = "; it has ";
  for (const std::string& name : names) text += (&name == &names.front() ? "" : ", ") + name;
  return text;
}

}  // namespace savepoints

Result<Savepoint> Savepoint::open(const std::string& path, Env& env) {
  auto opened = savepoints::open_savepoint(env, path);
  if (!opened.ok()) return opened.status();
  return Savepoint{opened->directory, opened->metadata.job, opened->metadata.max_parallelism,
                   savepoints::operators_of(opened->metadata)};
}

}  // namespace weir
