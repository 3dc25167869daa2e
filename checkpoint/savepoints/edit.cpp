// Performing what edit_plan.hpp has planned.
#include "base/files.hpp"
#include "base/paths.hpp"
#include "base/text.hpp"
#include "checkpoint/savepoint.hpp"
#include "checkpoint/savepoints/edit_plan.hpp"
#include "checkpoint/storage.hpp"
#include "state/row_columns.hpp"

#include <utility>

namespace weir::savepoints {
namespace {

Result<EditSource> open_source(Env& env, const std::string& path) {
  auto opened = open_savepoint(env, path);
  if (!opened.ok()) return opened.status();
  auto entries = env.list(opened->directory);
  if (!entries.ok()) return entries.status();
  EditSource source{std::move(opened).value()};
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory) source.files.push_back(entry.name);
  }
  return source;
}

/// Fills the directory of the new savepoint.
class Editor {
public:
  Editor(Env& env, EditPlan& plan, std::string from, std::string to, const OnStep& on_step)
      : env_{env}, plan_{plan}, from_{std::move(from)}, to_{std::move(to)}, on_step_{on_step} {}

  Status run() {
    for (const CarriedFile& file : plan_.files) {
      if (Status status = carry(file); !status.ok()) return status;
    }
    for (std::size_t i = 0; i < plan_.rewrites.size(); ++i) {
      const Rewrite& rewrite = plan_.rewrites[i];
      say("writing state of operator \"" + rewrite.original.operator_name + "\" anew, " +
          base::format_size(rewrite.original.size_bytes()) + ", part " + std::to_string(i + 1) +
          " of " + std::to_string(plan_.rewrites.size()));
      if (Status status = write(rewrite); !status.ok()) return status;
    }
    return checkpoint::publish_savepoint(env_, to_, plan_.metadata);
  }

private:
  void say(const std::string& step) const {
    if (on_step_) on_step_(step);
  }

  /// State files never change, so one more name is as good as a copy.
  Status carry(const CarriedFile& file) const {
    const std::string to = base::join_path(to_, file.name);
    if (env_.link(file.from, to).ok()) return {};
    auto info = env_.stat(file.from);
    if (!info.ok()) return info.status();
    say("copying " + file.from + ", " + base::format_size(info->size_bytes));
    return copy(file.from, to);
  }

  Status copy(const std::string& from, const std::string& to) const {
    auto in = env_.open(from);
    if (!in.ok()) return in.status();
    auto out = env_.create(to);
    if (!out.ok()) return out.status();
    if (Status status = base::append_all(**in, **out); !status.ok()) return status;
    if (Status status = (*out)->sync(); !status.ok()) return status;
    return (*out)->close();
  }

  Status write(const Rewrite& rewrite) {
    auto rows = open_rows(env_, from_, rewrite.original);
    if (!rows.ok()) return rows.status();
    state::StateFile file{env_, base::join_path(to_, rewrite.name), kInlineBytes};
    auto written = state::drop_columns(rows->handle, rows->reader, rewrite.dropped, file);
    if (!written.ok()) return written.status();
    state::KeyedStateHandle& handle =
        plan_.metadata.parts[rewrite.part].state.keyed[rewrite.handle];
    handle.groups = std::move(written->groups);
    handle.rows = written->rows;
    return finish_rows(file, rewrite.name, handle);
  }

  Env& env_;
  EditPlan& plan_;
  std::string from_;
  std::string to_;
  const OnStep& on_step_;
};

}  // namespace

Result<std::vector<std::string>> edit(const std::string& from, const std::string& to,
                                      const Edits& edits, Env& env, const OnStep& on_step) {
  const std::string target = checkpoint::strip_scheme(to);
  if (env.stat(target).ok())
    return Status{ErrorCode::already_exists,
                  target + " exists, and nothing is overwritten; name a new directory"};
  auto source = open_source(env, from);
  if (!source.ok()) return source.status();
  std::vector<EditSource> taken;
  for (const Take& take : edits.take) {
    auto other = open_source(env, take.path);
    if (!other.ok()) return other.status();
    taken.push_back(std::move(other).value());
  }
  auto plan = plan_edit(*source, edits, taken);
  if (!plan.ok()) return plan.status();
  if (Status status = checkpoint::create_savepoint(env, target); !status.ok()) return status;
  Status status = Editor{env, *plan, source->opened.directory, target, on_step}.run();
  if (status.ok()) return std::move(plan->done);
  (void)checkpoint::delete_savepoint(env, target);  // the error to report is the first one
  return status;
}

}  // namespace weir::savepoints
