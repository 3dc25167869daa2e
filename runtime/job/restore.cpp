#include "runtime/job/restore.hpp"

#include "state/compatibility.hpp"
#include "state/migration.hpp"
#include "state/operator_snapshot.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace weir::runtime {
namespace {

using checkpoint::CheckpointMetadata;
using checkpoint::SubtaskPart;
using detail::OperatorSpec;

/// Where an operator of the plan runs.
struct Place {
  const OperatorSpec* spec;
  VertexId vertex;
};

class Restorer {
public:
  Restorer(const Plan& plan, const CheckpointMetadata& metadata, bool allow_non_restored)
      : plan_{plan}, metadata_{metadata}, allow_non_restored_{allow_non_restored} {
    for (std::uint32_t v = 0; v < plan.vertices().size(); ++v) {
      for (const std::size_t i : plan.vertices()[v].operators)
        places_.emplace(plan.op(i).name, Place{&plan.op(i), VertexId{v}});
    }
    for (const SubtaskId subtask : plan.subtasks()) result_.subtasks[subtask];
  }

  Result<RestorePlan> run() {
    for (const SubtaskPart& part : metadata_.parts) {
      for (const auto& handle : part.state.keyed) restore_keyed(handle);
      for (const auto& source : part.state.sources) restore_source(source);
      for (const auto& sink : part.state.sinks) restore_sink(sink);
      for (const auto& handle : part.state.operators)
        written_[{handle.operator_name, handle.name}][part.index] = {&handle,
                                                                     part.state.is_finished};
    }
    for (const auto& remaining : metadata_.remaining) {
      if (find(remaining.operator_name, "splits") == nullptr) continue;
      auto& splits = result_.splits[remaining.operator_name];
      splits.insert(splits.end(),
                    remaining.all->begin() + static_cast<std::ptrdiff_t>(remaining.next),
                    remaining.all->end());
    }
    restore_ends();
    restore_event_times();
    for (const auto& [name, by_subtask] : written_) restore_operator(name.first, by_subtask);
    if (errors_.empty()) return with_channels();
    std::string text = "the checkpoint does not fit the job:";
    for (const std::string& error : errors_) text += "\n  " + error;
    return Status{ErrorCode::failed_precondition, text};
  }

private:
  Result<RestorePlan> with_channels() {
    auto shares = share_channels(plan_, metadata_);
    if (!shares.ok()) return shares.status();
    for (auto& [subtask, share] : *shares) result_.subtasks[subtask].channels = std::move(share);
    return std::move(result_);
  }

  /// Finds an operator of the checkpoint in the job.
  const Place* find(const std::string& name, const std::string& what) {
    const auto at = places_.find(name);
    if (at != places_.end()) return &at->second;
    if (!allow_non_restored_)
      errors_.insert("the job has no operator \"" + name + "\" to take its " + what +
                     "; give the operator its old name back, or drop its state with "
                     "--allow-non-restored-state");
    return nullptr;
  }

  void restore_keyed(const state::KeyedStateHandle& handle) {
    const Place* place = find(handle.operator_name, "keyed state");
    if (place == nullptr) return;
    state::KeyedStateInfo info{.operator_name = handle.operator_name,
                               .key_schema = place->spec->key_schema,
                               .max_parallelism = plan_.max_parallelism(),
                               .states = {}};
    for (const auto& spec : place->spec->states) {
      info.states.push_back({spec.name, spec.kind, spec.type->schema});
      info.types.push_back(spec.type);
    }
    const auto changes = state::check_compatible(handle, info, allow_non_restored_);
    if (!changes.ok()) {
      errors_.insert(changes.status().message());
      return;
    }
    result_.changes.insert(changes->begin(), changes->end());
    const std::uint32_t parallelism = plan_.vertex(place->vertex).parallelism;
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      const auto range = detail::range_of_subtask(i, parallelism, plan_.max_parallelism());
      const bool overlaps =
          std::any_of(handle.groups.begin(), handle.groups.end(),
                      [&](const state::GroupSlice& s) { return range.contains(s.group); });
      if (overlaps) result_.subtasks[{place->vertex, i}].keyed.push_back(handle);
    }
  }

  /// Restores one state of an operator, when it is known who has finished.
  void restore_operator(const std::string& name,
                        const std::map<std::uint32_t, WrittenElements>& by_subtask) {
    const Place* place = find(name, "operator state");
    if (place == nullptr) return;
    const auto& declared = place->spec->operator_states;
    const auto at = std::find_if(declared.begin(), declared.end(), [&](const auto& spec) {
      return spec.name == by_subtask.begin()->second.handle->name;
    });
    const detail::OperatorStateSpec* spec = at != declared.end() ? &*at : nullptr;
    if (spec == nullptr && allow_non_restored_) return;
    std::vector<WrittenElements> written;
    for (const auto& [index, elements] : by_subtask) {
      const auto changes = state::check_compatible(*elements.handle, spec);
      if (!changes.ok()) {
        errors_.insert(changes.status().message());
        return;
      }
      result_.changes.insert(changes->begin(), changes->end());
      written.push_back(elements);
    }
    const std::uint32_t parallelism = plan_.vertex(place->vertex).parallelism;
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      SubtaskRestore& restored = result_.subtasks[{place->vertex, i}];
      for (OperatorStateShare& share : share_of(written, {i, parallelism, restored.is_finished}))
        restored.operators.push_back(std::move(share));
    }
  }

  void restore_source(const state::SourceState& source) {
    const Place* place = find(source.operator_name, "read positions");
    if (place == nullptr) return;
    const std::string declared =
        place->spec->source == nullptr ? "none" : place->spec->source->position_schema();
    if (!state::is_same_layout(source.position_schema, declared)) {
      errors_.insert("operator \"" + source.operator_name +
                     "\" is not the source that wrote the read positions: they were written as " +
                     source.position_schema + ", its own are " + declared +
                     "; give it another name");
      return;
    }
    auto& splits = result_.splits[source.operator_name];
    splits.insert(splits.end(), source.splits.begin(), source.splits.end());
  }

  void restore_sink(const state::SinkState& sink) {
    const Place* place = find(sink.operator_name, "uncommitted transactions");
    if (place == nullptr) return;
    const std::string declared =
        place->spec->sink == nullptr ? "none" : place->spec->sink->txn_schema();
    if (!state::is_same_layout(sink.txn_schema, declared)) {
      if (sink.transactions.empty()) return;
      errors_.insert("operator \"" + sink.operator_name +
                     "\" is not the sink that prepared its transactions: they were written as " +
                     sink.txn_schema + ", its own are " + declared + "; give it another name");
      return;
    }
    for (const auto& transaction : sink.transactions)
      result_.transactions[sink.operator_name].push_back(transaction.txn);
  }

  /// A vertex that had finished as a whole is restored behind its end; one that had finished in
  /// part only if its subtasks are the same (Flink FLIP-147).
  void restore_ends() {
    for (std::uint32_t v = 0; v < plan_.vertices().size(); ++v) {
      const Vertex& vertex = plan_.vertices()[v];
      std::map<std::uint32_t, bool> finished;
      for (const SubtaskPart& part : metadata_.parts) {
        if (part.vertex == vertex.name) finished[part.index] = part.state.is_finished;
      }
      const bool all =
          !finished.empty() && std::all_of(finished.begin(), finished.end(),
                                           [](const auto& entry) { return entry.second; });
      const bool is_same = finished.size() == vertex.parallelism;
      for (std::uint32_t i = 0; i < vertex.parallelism; ++i)
        result_.subtasks[{VertexId{v}, i}].is_finished = all || (is_same && finished[i]);
    }
  }

  /// What counted as late counts as late again. At another parallelism the time that had come
  /// everywhere is right for all keys.
  void restore_event_times() {
    for (std::uint32_t v = 0; v < plan_.vertices().size(); ++v) {
      const Vertex& vertex = plan_.vertices()[v];
      std::map<std::uint32_t, Timestamp> times;  // of subtasks that had not finished
      std::size_t parts = 0;
      for (const SubtaskPart& part : metadata_.parts) {
        if (part.vertex != vertex.name) continue;
        ++parts;
        if (!part.state.is_finished) times[part.index] = part.state.event_time;
      }
      if (times.empty()) continue;
      const auto by_time = [](const auto& a, const auto& b) { return a.second < b.second; };
      const Timestamp least = std::min_element(times.begin(), times.end(), by_time)->second;
      for (std::uint32_t i = 0; i < vertex.parallelism; ++i) {
        const auto own = times.find(i);
        result_.subtasks[{VertexId{v}, i}].event_time =
            parts == vertex.parallelism && own != times.end() ? own->second : least;
      }
    }
  }

  const Plan& plan_;
  const CheckpointMetadata& metadata_;
  bool allow_non_restored_;
  std::map<std::string, Place> places_;  // by operator name
  /// Operator state, by operator, state and subtask.
  std::map<std::pair<std::string, std::string>, std::map<std::uint32_t, WrittenElements>> written_;
  RestorePlan result_;
  std::set<std::string> errors_;  // each once, though several subtasks have them
};

}  // namespace

checkpoint::CheckpointMetadata make_metadata(const Plan& plan, const std::string& run, Epoch epoch,
                                             checkpoint::Publish complete,
                                             std::vector<checkpoint::RemainingSplits> remaining) {
  checkpoint::CheckpointMetadata metadata{.job = plan.graph().name,
                                          .run = run,
                                          .id = complete.barrier.id,
                                          .epoch = epoch,
                                          .kind = complete.barrier.kind,
                                          .triggered_at = complete.barrier.triggered_at,
                                          .max_parallelism = plan.max_parallelism(),
                                          .parts = {},
                                          .remaining = std::move(remaining)};
  for (auto& [subtask, state] : complete.states)
    metadata.parts.push_back({plan.vertex(subtask.vertex).name, subtask.index, std::move(state)});
  return metadata;
}

Result<RestorePlan> make_restore_plan(const Plan& plan, const CheckpointMetadata& metadata,
                                      bool allow_non_restored) {
  return Restorer{plan, metadata, allow_non_restored}.run();
}

Result<PartRestore> make_part_restore(const Plan& plan, const CheckpointMetadata& metadata,
                                      const std::set<SubtaskId>& subtasks,
                                      bool allow_non_restored) {
  auto whole = make_restore_plan(plan, metadata, allow_non_restored);
  if (!whole.ok()) return whole.status();
  PartRestore part;
  for (const SubtaskId subtask : subtasks)
    part.subtasks.emplace(subtask, std::move(whole->subtasks.at(subtask)));
  for (const SubtaskPart& stored : metadata.parts) {
    const auto at = std::find_if(subtasks.begin(), subtasks.end(), [&](SubtaskId subtask) {
      return subtask.index == stored.index && plan.vertex(subtask.vertex).name == stored.vertex;
    });
    if (at == subtasks.end()) continue;
    for (const auto& source : stored.state.sources) part.positions[*at] = source.splits;
    for (const auto& sink : stored.state.sinks) {
      auto& transactions = part.transactions[{sink.operator_name, stored.index}];
      for (const auto& transaction : sink.transactions) transactions.push_back(transaction.txn);
    }
  }
  return part;
}

}  // namespace weir::runtime
