#include "cli/weir/inspect_operators.hpp"

#include "base/paths.hpp"
#include "base/text.hpp"
#include "state/operator_json.hpp"
#include "state/operator_snapshot.hpp"

#include <cstdio>
#include <functional>
#include <utility>

namespace weir::cli {
namespace {

using checkpoint::CheckpointMetadata;
using checkpoint::SubtaskPart;
using state::OperatorStateHandle;

std::string name_of(const OperatorStateHandle& handle) {
  return handle.operator_name + "/" + handle.name;
}

/// Opens the stream of a handle; the metadata must outlive the reader.
Result<state::StateReader> open_stream(const std::string& directory,
                                       const OperatorStateHandle& handle) {
  if (handle.path.empty())
    return state::StateReader{handle.inlined, base::join_path(directory, "_metadata") +
                                                  " (state of " + handle.operator_name + ")"};
  const std::string path = base::join_path(directory, handle.path);
  auto file = Env::posix().open(path);
  if (!file.ok()) return file.status();
  return state::StateReader{std::move(file).value(), path};
}

Status for_each_state(
    const CheckpointMetadata& metadata,
    const std::function<Status(const SubtaskPart&, const OperatorStateHandle&)>& visit) {
  for (const SubtaskPart& part : metadata.parts) {
    for (const OperatorStateHandle& handle : part.state.operators) {
      if (Status status = visit(part, handle); !status.ok()) return status;
    }
  }
  return {};
}

void print_subtasks(const CheckpointMetadata& metadata, const std::string& name) {
  (void)for_each_state(metadata, [&](const SubtaskPart& part, const OperatorStateHandle& handle) {
    if (name_of(handle) == name)
      std::printf("  subtask %u  %s elements, %s, %s\n", part.index,
                  base::format_count(handle.elements()).c_str(),
                  base::format_size(handle.size_bytes()).c_str(),
                  handle.path.empty() ? "in the metadata" : handle.path.c_str());
    return Status{};
  });
}

}  // namespace

void print_operator_states(const CheckpointMetadata& metadata) {
  std::set<std::string> described;
  (void)for_each_state(metadata, [&](const SubtaskPart&, const OperatorStateHandle& handle) {
    if (!described.insert(name_of(handle)).second) return Status{};
    std::printf("operator \"%s\": state \"%s\"  %s  %s\n", handle.operator_name.c_str(),
                handle.name.c_str(), std::string{state::name_of(handle.kind)}.c_str(),
                handle.schema.c_str());
    print_subtasks(metadata, name_of(handle));
    return Status{};
  });
}

Status verify_operator_states(const std::string& directory, const CheckpointMetadata& metadata) {
  return for_each_state(metadata, [&](const SubtaskPart&, const OperatorStateHandle& handle) {
    auto reader = open_stream(directory, handle);
    const Status status = reader.ok() ? state::verify_elements(handle, *reader) : reader.status();
    return status.ok() ? status : status.with_context(directory);
  });
}

Status print_elements_of(const std::string& directory, const CheckpointMetadata& metadata,
                         const std::string& name, const std::string* key,
                         std::set<std::string>& known) {
  return for_each_state(metadata, [&](const SubtaskPart& part, const OperatorStateHandle& handle) {
    known.insert(name_of(handle));
    if (name_of(handle) != name) return Status{};
    auto reader = open_stream(directory, handle);
    if (!reader.ok()) return reader.status().with_context(directory);
    const Status status = state::print_elements(
        handle, *reader, [&](const std::string& own_key, const std::string& value) {
          if (key != nullptr && !is_key(own_key, *key)) return;
          const std::string entry = own_key.empty() ? "" : "\"key\":" + own_key + ",";
          std::printf("{\"subtask\":%u,%s\"value\":%s}\n", part.index, entry.c_str(),
                      value.c_str());
        });
    return status.ok() ? status : status.with_context(directory);
  });
}

bool is_key(const std::string& json, const std::string& asked) {
  return json == asked || json == "\"" + asked + "\"";
}

}  // namespace weir::cli
