#include "checkpoint/savepoints/edit_plan.hpp"

#include "base/paths.hpp"
#include "base/text.hpp"
#include "checkpoint/savepoints/contents.hpp"
#include "checkpoint/savepoints/edit_names.hpp"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>

namespace weir::savepoints {
namespace {

using checkpoint::SubtaskPart;
using state::KeyedStateHandle;
using state::OperatorStateHandle;
using state::SubtaskState;

/// Calls `f` with each list of what a subtask holds of operators. Whoever adds a member to
/// SubtaskState decides here whether it is one: what channels held belongs to none, and is refused.
template <class State, class F>
void for_each_list(State& subtask, F f) {
  auto& [keyed, sources, sinks, is_finished, operators, channels, event_time] = subtask;
  f(keyed);
  f(operators);
  f(sources);
  f(sinks);
}

/// Names files so that no other file has the name.
class FreeNames {
public:
  explicit FreeNames(const std::vector<std::string>& taken) : taken_{taken} {}

  /// Returns the first of STEM-0-, STEM-1-, ... that no name begins with.
  std::string prefix(const std::string& stem) {
    for (;; ++next_) {
      const std::string prefix = stem + "-" + std::to_string(next_) + "-";
      if (std::none_of(taken_.begin(), taken_.end(),
                       [&](const std::string& name) { return name.starts_with(prefix); })) {
        ++next_;
        return prefix;
      }
    }
  }

private:
  const std::vector<std::string>& taken_;
  int next_ = 0;
};

class Planner {
public:
  Planner(const EditSource& from, OperatorEdits edits)
      : from_{from}, edits_{std::move(edits)}, names_{from.files} {
    plan_.metadata = from.opened.metadata;
    plan_.metadata.kind = checkpoint::CheckpointKind::savepoint;
  }

  EditPlan run(const Edits& edits, const std::vector<EditSource>& taken) {
    for (const Take& take : edits.take) taken_.insert(take.operator_name);
    begin_anew();
    for (SubtaskPart& part : plan_.metadata.parts) edit_part(part);
    edit_remaining();
    carry_files();
    plan_rewrites();
    for (std::size_t i = 0; i < taken.size(); ++i) take(edits.take[i], taken[i].opened);
    return std::move(plan_);
  }

private:
  /// What becomes of an operator that was found; the rest of a chain may have names without state.
  const OperatorEdit* edit_of(const std::string& name) const {
    const auto at = edits_.find(name);
    return at == edits_.end() ? nullptr : &at->second;
  }

  bool is_dropped(const std::string& name) const {
    const OperatorEdit* edit = edit_of(name);
    return edit != nullptr && edit->is_dropped;
  }

  std::string new_name(const std::string& name) const {
    const OperatorEdit* edit = edit_of(name);
    return edit != nullptr ? edit->name : name;
  }

  /// Where an operator begins anew, those behind it must run again even if they had come to their
  /// end. Which ones that are is not known here: all but sources that keep their positions.
  void begin_anew() {
    const bool any_dropped = std::any_of(edits_.begin(), edits_.end(),
                                         [](const auto& edit) { return edit.second.is_dropped; });
    if (!any_dropped && taken_.empty()) return;
    for (SubtaskPart& part : plan_.metadata.parts) {
      const auto& sources = part.state.sources;
      const bool keeps_end = std::any_of(
          sources.begin(), sources.end(),
          [&](const state::SourceState& source) { return !is_dropped(source.operator_name); });
      part.state.is_finished = part.state.is_finished && keeps_end;
    }
  }

  void edit_part(SubtaskPart& part) const {
    // Chains are called after their first operator; another one may get the name of one dropped.
    part.vertex = is_dropped(part.vertex) ? "" : new_name(part.vertex);
    part.state.event_time = Timestamp::min();  // savepoints have none: see docs/concepts/time.md
    for_each_list(part.state, [&](auto& list) {
      std::erase_if(list, [&](const auto& held) { return is_dropped(held.operator_name); });
    });
    std::erase_if(part.state.operators, [&](const OperatorStateHandle& handle) {
      return edit_of(handle.operator_name)->dropped.contains(handle.name);
    });
    std::erase_if(part.state.keyed, [&](const KeyedStateHandle& handle) {
      return taken_.contains(new_name(handle.operator_name)) ||
             edit_of(handle.operator_name)->states.empty();
    });
  }

  void edit_remaining() {
    auto& remaining = plan_.metadata.remaining;
    std::erase_if(remaining, [&](const auto& splits) { return is_dropped(splits.operator_name); });
    for (auto& splits : remaining) splits.operator_name = new_name(splits.operator_name);
  }

  /// All files of the directory, also those that nobody knows here, but not what only dropped state
  /// needs, and state that is written anew.
  void carry_files() {
    std::set<std::string> left_out{"_metadata", "_metadata.tmp"};
    std::set<std::string> needed;
    for (const SubtaskPart& part : from_.opened.metadata.parts)
      for_each_list(part.state, [&](const auto& list) {
        for (const auto& held : list) add_paths(held, left_out);
      });
    for (const SubtaskPart& part : plan_.metadata.parts)
      for_each_list(part.state, [&](const auto& list) {
        for (const auto& held : list) {
          if (!is_rewritten(held)) add_paths(held, needed);
        }
      });
    for (const std::string& name : from_.files) {
      if (needed.contains(name) || !left_out.contains(name))
        plan_.files.push_back({base::join_path(from_.opened.directory, name), name});
    }
  }

  template <class Held>
  static void add_paths(const Held& held, std::set<std::string>& paths) {
    if constexpr (requires { held.paths(); }) {
      for (const std::string& path : held.paths()) paths.insert(path);
    } else if constexpr (requires { held.path; }) {
      if (!held.path.empty()) paths.insert(held.path);
    }
  }

  /// Rows have values of all states: to drop one is to write the others anew.
  template <class Held>
  bool is_rewritten(const Held& held) const {
    return std::is_same_v<Held, KeyedStateHandle> && !edit_of(held.operator_name)->dropped.empty();
  }

  /// The last step that knows the old names.
  void plan_rewrites() {
    for (std::size_t p = 0; p < plan_.metadata.parts.size(); ++p) {
      SubtaskState& subtask = plan_.metadata.parts[p].state;
      for (std::size_t h = 0; h < subtask.keyed.size(); ++h) {
        KeyedStateHandle& handle = subtask.keyed[h];
        const OperatorEdit& edit = *edit_of(handle.operator_name);
        if (is_rewritten(handle)) {
          plan_.rewrites.push_back({p, h, handle, edit.dropped, names_.prefix("edited") + "state"});
          forget_place(handle);
        }
        std::erase_if(handle.states,
                      [&](const auto& state) { return edit.dropped.contains(state.name); });
        for (auto& state : handle.states) state.name = edit.states.at(state.name);
      }
      for (OperatorStateHandle& handle : subtask.operators)
        handle.name = edit_of(handle.operator_name)->states.at(handle.name);
      for_each_list(subtask, [&](auto& list) {
        for (auto& held : list) held.operator_name = new_name(held.operator_name);
      });
    }
  }

  static void forget_place(KeyedStateHandle& handle) {
    handle.path.clear();
    handle.inlined.clear();
    handle.groups.clear();
    handle.rows = 0;
    handle.files.clear();
    handle.log.clear();
    handle.is_linked = false;
  }

  /// Adds the keyed state of an operator of another savepoint.
  void take(const Take& take, const Opened& other) {
    const std::string prefix = names_.prefix("taken");
    std::set<std::string> carried;
    for (const SubtaskPart& part : other.metadata.parts) {
      for (KeyedStateHandle handle : part.state.keyed) {
        if (handle.operator_name != take.operator_name) continue;
        for (const std::string& path : handle.paths()) {
          if (carried.insert(path).second)
            plan_.files.push_back({base::join_path(other.directory, path), prefix + path});
        }
        if (!handle.path.empty()) handle.path.insert(0, prefix);
        for (state::LogSegment& segment : handle.log) segment.path.insert(0, prefix);
        for (state::NativeFile& file : handle.files) {
          if (!file.path.empty()) file.path.insert(0, prefix);
        }
        part_like(part).state.keyed.push_back(std::move(handle));
      }
    }
  }

  SubtaskPart& part_like(const SubtaskPart& part) {
    auto& parts = plan_.metadata.parts;
    const auto at = std::find_if(parts.begin(), parts.end(), [&](const SubtaskPart& own) {
      return own.vertex == part.vertex && own.index == part.index;
    });
    if (at != parts.end()) return *at;
    return parts.emplace_back(SubtaskPart{part.vertex, part.index, {}});
  }

  const EditSource& from_;
  OperatorEdits edits_;
  std::set<std::string> taken_;  // operators whose keyed state comes from elsewhere
  FreeNames names_;
  EditPlan plan_;
};

std::string contents_of(const SavepointOperator& op) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? ": " : ", ") + what; };
  if (!op.states.empty()) add(base::format_size(op.bytes) + " of state");
  if (op.splits != 0) add("read positions of " + base::format_count(op.splits) + " splits");
  if (op.transactions != 0)
    add(base::format_count(op.transactions) + " transactions, which are never committed");
  return text;
}

std::vector<std::string> lines_of(const EditSource& from, const Edits& edits) {
  std::vector<std::string> lines;
  const auto operators = operators_of(from.opened.metadata);
  for (const Name& name : edits.drop) {
    std::string line = "dropped " + describe(name);
    for (const SavepointOperator& op : operators) {
      if (name.state.empty() && op.name == name.operator_name) line += contents_of(op);
    }
    lines.push_back(std::move(line));
  }
  for (const Rename& rename : edits.rename)
    lines.push_back("renamed " + describe(rename.what) + " to \"" + rename.to + "\"");
  for (const Take& take : edits.take)
    lines.push_back("took keyed state of " + describe({take.operator_name}) + " from " + take.path);
  return lines;
}

}  // namespace

namespace {

/// Records on their way fit no other operators than those between which they were.
Status check_channels(const Opened& opened) {
  const auto& parts = opened.metadata.parts;
  if (std::all_of(parts.begin(), parts.end(),
                  [](const SubtaskPart& part) { return part.state.channels.empty(); }))
    return {};
  return {ErrorCode::failed_precondition,
          opened.directory +
              " holds records that its barriers had overtaken, so it cannot be "
              "edited; take a savepoint, which holds none"};
}

}  // namespace

Result<EditPlan> plan_edit(const EditSource& from, const Edits& edits,
                           const std::vector<EditSource>& taken) {
  if (Status status = check_channels(from.opened); !status.ok()) return status;
  for (const EditSource& source : taken) {
    if (Status status = check_channels(source.opened); !status.ok()) return status;
  }
  auto names = check_names(from.opened, edits);
  if (!names.ok()) return names.status();
  std::vector<const Opened*> others;
  for (const EditSource& source : taken) others.push_back(&source.opened);
  if (Status status = check_taken(from.opened, edits, others); !status.ok()) return status;
  EditPlan plan = Planner{from, std::move(names).value()}.run(edits, taken);
  plan.done = lines_of(from, edits);
  return plan;
}

}  // namespace weir::savepoints
