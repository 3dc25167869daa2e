#include "checkpoint/savepoints/edit_names.hpp"

#include "base/names.hpp"
#include "checkpoint/savepoints/contents.hpp"

#include <utility>

namespace weir::savepoints {
namespace {

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

/// Checks the edits, and says what they mean for each operator.
class Checker {
public:
  explicit Checker(const Opened& from) : from_{from}, operators_{operators_of(from.metadata)} {
    for (const SavepointOperator& op : operators_) {
      OperatorEdit& edit = edits_[op.name];
      edit.name = op.name;
      for (const SavepointState& state : op.states) edit.states[state.name] = state.name;
    }
  }

  Result<OperatorEdits> check(const Edits& edits) {
    for (const Name& name : edits.drop) {
      if (Status status = drop(name); !status.ok()) return status;
    }
    for (const Rename& rename : edits.rename) {
      if (Status status = apply(rename); !status.ok()) return status;
    }
    if (Status status = check_unique(); !status.ok()) return status;
    return std::move(edits_);
  }

private:
  Status find(const Name& name) const {
    std::vector<std::string> known;
    for (const SavepointOperator& op : operators_) {
      if (op.name != name.operator_name) {
        known.push_back(op.name);
        continue;
      }
      if (name.state.empty()) return {};
      known.clear();
      for (const SavepointState& state : op.states) {
        if (state.name == name.state) return {};
        known.push_back(state.name);
      }
      return {ErrorCode::not_found, from_.directory + ": operator " + quoted(op.name) +
                                        " has no state " + quoted(name.state) +
                                        known_names(known, "states")};
    }
    return {ErrorCode::not_found, from_.directory + " holds nothing of an operator " +
                                      quoted(name.operator_name) + known_names(known, "operators")};
  }

  Status drop(const Name& name) {
    if (Status status = find(name); !status.ok()) return status;
    OperatorEdit& edit = edits_.at(name.operator_name);
    if (name.state.empty()) {
      edit.is_dropped = true;
    } else {
      edit.states.erase(name.state);
      edit.dropped.insert(name.state);
    }
    return {};
  }

  Status apply(const Rename& rename) {
    if (Status status = find(rename.what); !status.ok()) return status;
    OperatorEdit& edit = edits_.at(rename.what.operator_name);
    if (edit.is_dropped || edit.dropped.contains(rename.what.state))
      return {ErrorCode::invalid_argument,
              describe(rename.what) + " cannot be both renamed and dropped; leave one of them out"};
    if (rename.what.state.empty()) {
      if (!base::is_name(rename.to))
        return {ErrorCode::invalid_argument, "no operator can be called " + quoted(rename.to) +
                                                 "; " + std::string{base::kNameRule}};
      edit.name = rename.to;
    } else {
      if (rename.to.empty())
        return {ErrorCode::invalid_argument, describe(rename.what) + " needs a name"};
      edit.states[rename.what.state] = rename.to;
    }
    return {};
  }

  Status check_unique() const {
    std::set<std::string> names;
    for (const auto& [old_name, edit] : edits_) {
      if (!edit.is_dropped && !names.insert(edit.name).second) return twice({edit.name});
      std::set<std::string> states;
      for (const auto& [old_state, state] : edit.states) {
        if (!states.insert(state).second) return twice({old_name, state});
      }
    }
    return {};
  }

  static Status twice(const Name& name) {
    return {ErrorCode::invalid_argument,
            "there would be two of " + describe(name) + "; choose another name, or drop one"};
  }

  const Opened& from_;
  std::vector<SavepointOperator> operators_;
  OperatorEdits edits_;
};

}  // namespace

std::string describe(const Name& name) {
  if (name.state.empty()) return "operator " + quoted(name.operator_name);
  return "state " + quoted(name.state) + " of operator " + quoted(name.operator_name);
}

Result<OperatorEdits> check_names(const Opened& from, const Edits& edits) {
  return Checker{from}.check(edits);
}

Status check_taken(const Opened& from, const Edits& edits,
                   const std::vector<const Opened*>& taken) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const std::string& name = edits.take[i].operator_name;
    const Opened& other = *taken[i];
    if (!names.insert(name).second)
      return {ErrorCode::invalid_argument,
              "the keyed state of operator " + quoted(name) + " can be taken from one place only"};
    std::vector<std::string> known;
    bool is_there = false;
    for (const SavepointOperator& op : operators_of(other.metadata)) {
      if (op.key_schema.empty()) continue;
      known.push_back(op.name);
      is_there = is_there || op.name == name;
    }
    if (!is_there)
      return {ErrorCode::not_found, other.directory + " has no keyed state of an operator " +
                                        quoted(name) + known_names(known, "keyed state")};
    const std::uint32_t own = from.metadata.max_parallelism;
    if (other.metadata.max_parallelism != own)
      return {ErrorCode::invalid_argument,
              other.directory + " has max parallelism " +
                  std::to_string(other.metadata.max_parallelism) + ", " + from.directory + " has " +
                  std::to_string(own) +
                  ": key groups of one mean nothing in the other; write it with " +
                  std::to_string(own)};
  }
  return {};
}

}  // namespace weir::savepoints
