// weir inspect: what is in a checkpoint or savepoint, and whether it is undamaged.
#include "base/paths.hpp"
#include "base/text.hpp"
#include "checkpoint/savepoints/rows.hpp"
#include "cli/follow.hpp"
#include "cli/weir/commands.hpp"
#include "cli/weir/inspect_channels.hpp"
#include "cli/weir/inspect_operators.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/native_snapshot.hpp"
#include "state/row_json.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace weir::cli {
namespace {

using checkpoint::CheckpointMetadata;
using checkpoint::SubtaskPart;
using state::KeyedStateHandle;

struct Options {
  std::string path = {};
  std::string state = {};  // OPERATOR/STATE
  std::optional<std::string> key = {};
};

std::string_view name_of(checkpoint::CheckpointKind kind) {
  switch (kind) {
    case checkpoint::CheckpointKind::periodic: return "checkpoint";
    case checkpoint::CheckpointKind::end_of_input: return "checkpoint at the end of the input";
    case checkpoint::CheckpointKind::stop: return "copy that the job was stopped behind";
    case checkpoint::CheckpointKind::savepoint: return "savepoint";
    case checkpoint::CheckpointKind::drain:
      return "savepoint of a DRAINED job (who continues from it reads nothing more)";
  }
  return "copy of an unknown kind";
}

const char* c(const std::string& text) {
  return text.c_str();
}

void print_groups(const std::string& vertex_index, const KeyedStateHandle& handle) {
  std::string groups = "no key groups";
  if (!handle.groups.empty())
    groups = "key groups " + std::to_string(handle.groups.front().group) + "-" +
             std::to_string(handle.groups.back().group);
  std::string rows = handle.is_native() ? std::to_string(handle.files.size()) + " files"
                                        : base::format_count(handle.rows) + " rows";
  if (handle.has_log()) rows += " and a log of " + std::to_string(handle.log.size()) + " segments";
  const std::string place = handle.is_native()    ? "RocksDB"
                            : handle.path.empty() ? "in the metadata"
                                                  : handle.path;
  std::printf("  subtask %s  %s, %s, %s, %s\n", c(vertex_index), c(groups), c(rows),
              c(base::format_size(handle.size_bytes())), c(place));
}

void print_keyed(const CheckpointMetadata& metadata) {
  std::set<std::string> described;
  for (const SubtaskPart& first : metadata.parts) {
    for (const KeyedStateHandle& handle : first.state.keyed) {
      if (!described.insert(handle.operator_name).second) continue;
      std::printf("operator \"%s\": keyed by %s\n", c(handle.operator_name), c(handle.key_schema));
      for (const state::StateDescription& description : handle.states)
        std::printf("  state \"%s\"  %s  %s\n", c(description.name),
                    std::string{state::name_of(description.kind)}.c_str(), c(description.schema));
      for (const SubtaskPart& part : metadata.parts) {
        for (const KeyedStateHandle& own : part.state.keyed) {
          if (own.operator_name == handle.operator_name)
            print_groups(std::to_string(part.index), own);
        }
      }
    }
  }
}

void print_split(const state::SplitPosition& split, const std::string& schema) {
  const std::string position =
      split.position ? "at " + state::value_json(schema, *split.position) : "not begun";
  std::printf("    %s  %s\n", c(split.split.id), c(position));
}

void print_sources(const CheckpointMetadata& metadata) {
  for (const SubtaskPart& part : metadata.parts) {
    for (const state::SourceState& source : part.state.sources) {
      std::printf("source \"%s\", subtask %u: %zu splits, positions %s\n", c(source.operator_name),
                  part.index, source.splits.size(), c(source.position_schema));
      for (const auto& split : source.splits) print_split(split, source.position_schema);
    }
  }
  for (const checkpoint::RemainingSplits& remaining : metadata.remaining)
    std::printf("source \"%s\": %zu splits that nobody reads yet\n", c(remaining.operator_name),
                remaining.all->size() - remaining.next);
}

void print_sinks(const CheckpointMetadata& metadata) {
  for (const SubtaskPart& part : metadata.parts) {
    for (const state::SinkState& sink : part.state.sinks) {
      std::printf("sink \"%s\", subtask %u: %zu uncommitted transactions\n", c(sink.operator_name),
                  part.index, sink.transactions.size());
      for (const state::PreparedTransaction& transaction : sink.transactions)
        std::printf("    of checkpoint %llu: %s\n",
                    static_cast<unsigned long long>(transaction.checkpoint.value()),
                    c(state::value_json(sink.txn_schema, transaction.txn)));
    }
  }
}

void print_summary(const CheckpointMetadata& metadata) {
  std::uint64_t bytes = 0;
  bool is_native = false;
  std::set<std::string> files;
  std::size_t finished = 0;
  for (const SubtaskPart& part : metadata.parts) {
    bytes += part.state.size_bytes();
    finished += part.state.is_finished ? 1 : 0;
    for (const std::string& path : part.state.paths()) files.insert(path);
    for (const KeyedStateHandle& handle : part.state.keyed)
      is_native = is_native || handle.is_native();
  }
  std::printf("job \"%s\", run %s: %s, number %llu, begun %s\n", c(metadata.job), c(metadata.run),
              std::string{name_of(metadata.kind)}.c_str(),
              static_cast<unsigned long long>(metadata.id.value()),
              c(base::format_utc(metadata.triggered_at)));
  std::printf("%zu subtasks (%zu at their end), max parallelism %u, %s of state in %zu files, %s\n",
              metadata.parts.size(), finished, metadata.max_parallelism,
              c(base::format_size(bytes)), files.size(),
              is_native ? "native (RocksDB)" : "canonical (rows)");
}

using PrintEntry = std::function<void(const std::string& key, const std::string& value)>;

Status verify_stream(const std::string& directory, const KeyedStateHandle& handle) {
  auto rows = savepoints::open_rows(Env::posix(), directory, handle);
  return rows.ok() ? state::verify_rows(rows->handle, rows->reader) : rows.status();
}

/// Reads all of it.
Status verify(const std::string& directory, const CheckpointMetadata& metadata) {
  for (const SubtaskPart& part : metadata.parts) {
    for (const KeyedStateHandle& handle : part.state.keyed) {
      const Status status = handle.is_native()
                                ? state::verify_files(handle, Env::posix(), directory)
                                : verify_stream(directory, handle);
      if (!status.ok()) return status.with_context(directory);
    }
  }
  if (Status status = verify_channels(directory, metadata); !status.ok()) return status;
  return verify_operator_states(directory, metadata);
}

Status print_entries(const std::string& directory, const KeyedStateHandle& handle,
                     const std::string& state, const PrintEntry& print) {
  auto rows = savepoints::open_rows(Env::posix(), directory, handle);
  return rows.ok() ? state::print_rows(rows->handle, rows->reader, state, print) : rows.status();
}

Status print_state(const std::string& directory, const CheckpointMetadata& metadata,
                   const Options& options) {
  std::set<std::string> known;
  for (const SubtaskPart& part : metadata.parts) {
    for (const KeyedStateHandle& handle : part.state.keyed) {
      for (const state::StateDescription& description : handle.states) {
        const std::string name = handle.operator_name + "/" + description.name;
        known.insert(name);
        if (name != options.state) continue;
        const Status status =
            print_entries(directory, handle, description.name,
                          [&](const std::string& key, const std::string& value) {
                            if (options.key && !is_key(key, *options.key)) return;
                            std::printf("{\"key\":%s,\"value\":%s}\n", c(key), c(value));
                          });
        if (!status.ok()) return status.with_context(directory);
      }
    }
  }
  if (Status status = print_elements_of(directory, metadata, options.state,
                                        options.key ? &*options.key : nullptr, known);
      !status.ok())
    return status;
  if (known.contains(options.state)) return {};
  std::string text = "there is no state \"" + options.state + "\" in " + directory + "; it has";
  for (const std::string& name : known) text += " " + name;
  return {ErrorCode::not_found, text + (known.empty() ? " none" : "")};
}

Status inspect(const Options& options) {
  const auto opened = savepoints::open_savepoint(Env::posix(), options.path);
  if (!opened.ok()) return opened.status();
  const auto& [directory, metadata] = *opened;
  if (!options.state.empty()) return print_state(directory, metadata, options);
  print_summary(metadata);
  print_keyed(metadata);
  print_operator_states(metadata);
  print_sources(metadata);
  print_sinks(metadata);
  print_channels(metadata);
  std::fflush(stdout);
  if (Status status = verify(directory, metadata); !status.ok()) return status;
  std::puts("all checksums are right");
  return {};
}

}  // namespace

void add_inspect(CLI::App& tool, Action& action) {
  CLI::App* command =
      tool.add_subcommand("inspect", "Show what is in a checkpoint or savepoint, and check it");
  const auto options = std::make_shared<Options>();
  command->add_option("PATH", options->path, "its directory")->required();
  auto* state = command
                    ->add_option("--state", options->state,
                                 "print the entries of this state as lines of JSON")
                    ->type_name("OPERATOR/STATE");
  command->add_option("--key", options->key, "only the entry of this key, a text or JSON")
      ->needs(state);
  command->callback([options, &action] {
    action = [options] {
      const Status status = inspect(*options);
      return status.ok() ? 0 : end_with(kFailed, status.message());
    };
  });
}

}  // namespace weir::cli
