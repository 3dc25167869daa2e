// The files of a sink: hidden while they are written, visible when their checkpoint has completed.
//
//   .weir~JOB~OPERATOR~part-SUBTASK-RUN-ATTEMPT-N.csv   being written, or prepared
//   part-SUBTASK-RUN-ATTEMPT-N.csv                       committed, by rename
//
// Names contain the run and the attempt, so that no two attempts ever write the same file.
#include "base/files.hpp"
#include "base/paths.hpp"

#include <weir/files.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace weir::files::detail {
namespace {

constexpr std::size_t kWriteBytes = 64 << 10;  // collected before each write to the file
constexpr std::string_view kVisible = "part-";

class Files final : public RollingFiles {
public:
  Files(std::string directory, SinkOptions options, const WriterContext& context)
      : directory_{std::move(directory)},
        options_{std::move(options)},
        env_{context.env},
        clock_{context.clock},
        is_restored_{context.is_restored},
        hidden_{".weir~" + std::string{context.info.job} + "~" + std::string{context.info.name} +
                "~"},
        name_{std::string{kVisible} + std::to_string(context.info.subtask) + "-" + context.run +
              "-" + std::to_string(context.info.attempt) + "-"} {}

  void append(std::string_view row) override {
    if (file_ && written_ + row.size() > options_.roll.bytes_max) close();
    if (!file_) open();
    buffer_ += row;
    written_ += row.size();
    if (buffer_.size() >= kWriteBytes) flush();
  }

  std::optional<FilesTransaction> prepare() override {
    if (file_ && (options_.roll.on_checkpoint || is_old())) close();
    if (closed_.empty()) return std::nullopt;
    return FilesTransaction{std::exchange(closed_, {})};
  }

  std::optional<FilesTransaction> unfinished() override {
    if (!file_) return std::nullopt;
    flush();
    return FilesTransaction{{{current_, written_, true}}};
  }

  Status persist(const FilesTransaction& txn) override {
    for (const FilePart& part : txn.parts) {
      if (Status status = env_.sync_file(hidden(part.name)); !status.ok()) return status;
    }
    return env_.sync_directory(directory_);
  }

  Status commit(const FilesTransaction& txn) override {
    for (const FilePart& part : txn.parts) {
      if (Status status = part.is_open ? keep_prefix(part) : show(part); !status.ok())
        return status;
    }
    return env_.sync_directory(directory_);
  }

  Status clean_up() override {
    if (Status status = base::create_durable_directories(env_, directory_); !status.ok())
      return status.with_cure("choose a directory for the output that can be made and written");
    auto entries = env_.list(directory_);
    if (!entries.ok())
      return entries.status().with_cure("choose a directory for the output that can be read");
    // Before anything is removed: it may be what the checkpoints of another run have prepared.
    if (!is_restored_ && options_.existing == Existing::refuse) {
      if (Status status = check_empty(*entries); !status.ok()) return status;
    }
    for (const DirectoryEntry& entry : *entries) {
      if (!entry.name.starts_with(hidden_)) continue;
      if (Status status = env_.remove_file(base::join_path(directory_, entry.name)); !status.ok())
        return status.with_cure("choose a directory for the output that this user may write");
    }
    return check_writable().with_cure("choose a directory for the output that this user may write");
  }

private:
  std::string hidden(const std::string& name) const {
    return base::join_path(directory_, hidden_ + name);
  }
  std::string visible(const std::string& name) const { return base::join_path(directory_, name); }
  bool is_old() const { return clock_.monotonic() - opened_at_ > options_.roll.age_max; }

  static void require(const Status& status) {
    if (!status.ok()) throw std::runtime_error{status.message()};
  }

  void open() {
    current_ = name_ + std::to_string(++count_) + options_.suffix;
    auto file = env_.create(hidden(current_));
    require(file.status());
    file_ = std::move(file).value();
    opened_at_ = clock_.monotonic();
    written_ = 0;
    if (options_.header.empty()) return;
    buffer_ = options_.header + "\n";
    written_ = buffer_.size();
  }

  void flush() {
    require(file_->append(buffer_));
    buffer_.clear();
  }

  void close() {
    flush();
    require(file_->close());
    file_.reset();
    closed_.push_back({current_, written_, false});
  }

  /// Makes a closed file visible; one that is visible already stays so.
  Status show(const FilePart& part) {
    Status status = env_.rename(hidden(part.name), visible(part.name));
    if (status.code() != ErrorCode::not_found) return status;
    return env_.stat(visible(part.name)).ok() ? Status{} : status;
  }

  /// Makes the part of an open file visible that belongs to the checkpoint. It is copied: whoever
  /// had the file open may still be writing to it.
  Status keep_prefix(const FilePart& part) {
    if (env_.stat(visible(part.name)).ok()) return {};
    auto content = base::read_file(env_, hidden(part.name));
    if (!content.ok()) return content.status();
    if (content->size() < part.bytes)
      return {ErrorCode::corrupt, hidden(part.name) + " has " + std::to_string(content->size()) +
                                      " of the " + std::to_string(part.bytes) +
                                      " bytes that the checkpoint holds"};
    const std::string copy = hidden(part.name) + ".copy";
    auto file = env_.create(copy);
    if (!file.ok()) return file.status();
    Status status = (*file)->append(std::string_view{*content}.substr(0, part.bytes));
    if (status.ok()) status = (*file)->sync();
    if (status.ok()) status = (*file)->close();
    return status.ok() ? env_.rename(copy, visible(part.name)) : status;
  }

  Status check_writable() {
    const std::string probe = hidden("probe");
    auto file = env_.create(probe);
    if (!file.ok()) return file.status();
    return env_.remove_file(probe);
  }

  Status check_empty(const std::vector<DirectoryEntry>& entries) const {
    for (const DirectoryEntry& entry : entries) {
      if (entry.name.starts_with(kVisible))
        return {ErrorCode::already_exists,
                directory_ + " holds results of another run (" + entry.name +
                    "); continue that run with --restore latest, or choose another directory"};
    }
    return {};
  }

  std::string directory_;
  SinkOptions options_;
  Env& env_;
  const Clock& clock_;
  bool is_restored_;
  std::string hidden_;  // how hidden names begin
  std::string name_;    // how visible names begin
  std::uint64_t count_ = 0;
  std::string current_;                 // name of the open file
  std::unique_ptr<WritableFile> file_;  // null: none is open
  Duration opened_at_{};
  std::uint64_t written_ = 0;     // bytes of the open file, with what is in buffer_
  std::string buffer_;            // not yet written to the file
  std::vector<FilePart> closed_;  // since the last checkpoint
};

}  // namespace

std::unique_ptr<RollingFiles> RollingFiles::make(const std::string& directory,
                                                 const SinkOptions& options,
                                                 const WriterContext& context) {
  return std::make_unique<Files>(directory, options, context);
}

}  // namespace weir::files::detail
