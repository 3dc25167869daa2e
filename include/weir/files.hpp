// Files: reading lines, writing rows exactly once.
//
//   job.source("lines", weir::files::lines("/var/log/**/*.log"))
//   ...
//      .sink("out", weir::files::csv<std::pair<std::string, std::int64_t>>("counts"));
#pragma once

#include <weir/detail/csv.hpp>
#include <weir/sink.hpp>
#include <weir/source.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::files {

/// How `lines` reads.
struct LineOptions {
  /// Files larger than this are cut into several splits, which subtasks read in parallel.
  std::uint64_t split_bytes = 64 << 20;
  /// A longer line is an error that names file and offset; it must fit into memory.
  std::uint64_t line_bytes_max = 1 << 30;
};

/// Reads text files line by line, each line without its "\n" or "\r\n". Each of `inputs` is a file,
/// a directory (all files beneath it but those whose name begins with "." or "_") or a pattern with
/// "*", "?", "[...]" and "**" for any number of directories. Patterns match links to files but do
/// not descend into linked directories. Files compressed with gzip or zstd are recognised by their
/// first bytes and read as what they contain. A line may hold any bytes. Errors at the start of the
/// job: an input that matches nothing, and files that cannot be read.
Source<std::string> lines(std::vector<std::string> inputs, LineOptions options = {});
Source<std::string> lines(std::string input, LineOptions options = {});

/// When a file is closed and a new one begun. A file becomes visible with the next completed
/// checkpoint after it was closed.
struct RollOptions {
  bool on_checkpoint = true;                 ///< at each checkpoint
  std::uint64_t bytes_max = 128 << 20;       ///< before it grows beyond this
  Duration age_max = std::chrono::hours{1};  ///< at the first checkpoint when it is older
};

/// What to do about a directory that holds results of another run, at a start from the beginning.
enum class Existing : std::uint8_t {
  refuse,  ///< an error: results of two runs would be mixed
  keep,    ///< write beside them
};

/// How `rows` and `csv` write.
struct SinkOptions {
  RollOptions roll = {};
  Existing existing = Existing::refuse;
  std::string header = {};      ///< first line of each file; empty: none
  std::string suffix = ".csv";  ///< of file names
};

/// Appends one record as text, with its line end.
template <class T>
using RowFormat = std::function<void(const T&, std::string&)>;

/// A file of a transaction of a file sink.
struct FilePart {
  std::string name = {};    // when it is visible
  std::uint64_t bytes = 0;  // of its content
  bool is_open = false;     // still being written when the checkpoint was taken
};

/// What a file sink prepares at a checkpoint.
struct FilesTransaction {
  std::vector<FilePart> parts = {};
};

namespace detail {

/// The files of one writer. Rows go into a hidden file in `directory`, which is renamed when it is
/// committed. Errors come as exceptions from `append`.
class RollingFiles {
public:
  virtual ~RollingFiles() = default;
  virtual void append(std::string_view row) = 0;
  virtual std::optional<FilesTransaction> prepare() = 0;
  virtual std::optional<FilesTransaction> unfinished() = 0;
  virtual Status persist(const FilesTransaction& txn) = 0;
  virtual Status commit(const FilesTransaction& txn) = 0;
  virtual Status clean_up() = 0;

  static std::unique_ptr<RollingFiles> make(const std::string& directory,
                                            const SinkOptions& options,
                                            const WriterContext& context);
};

template <class T>
class FileWriter final : public TransactionalWriter<T, FilesTransaction> {
public:
  FileWriter(std::unique_ptr<RollingFiles> files, RowFormat<T> format)
      : files_{std::move(files)}, format_{std::move(format)} {}

  void write(const T& record) override {
    row_.clear();
    format_(record, row_);
    files_->append(row_);
  }
  std::optional<FilesTransaction> prepare() override { return files_->prepare(); }
  std::optional<FilesTransaction> unfinished() override { return files_->unfinished(); }
  Status persist(const FilesTransaction& txn) override { return files_->persist(txn); }
  Status commit(const FilesTransaction& txn) override { return files_->commit(txn); }
  Status clean_up() override { return files_->clean_up(); }

private:
  std::unique_ptr<RollingFiles> files_;
  RowFormat<T> format_;
  std::string row_;
};

}  // namespace detail

/// Writes rows to files in `directory`, exactly once: a file becomes visible, whole, when the
/// checkpoint that it belongs to has completed. Visible names begin with "part-"; what is hidden
/// begins with "." and is removed at the next start of the job if nothing needs it. A directory
/// belongs to one running job at a time.
template <class T>
Sink<T> rows(std::string directory, RowFormat<T> format, SinkOptions options = {}) {
  return make_sink([directory = std::move(directory), format = std::move(format),
                    options = std::move(options)](const WriterContext& context) {
    return std::make_unique<detail::FileWriter<T>>(
        detail::RollingFiles::make(directory, options, context), format);
  });
}

/// Writes records as comma-separated values; see `rows`.
template <class T>
Sink<T> csv(std::string directory, SinkOptions options = {}) {
  return rows<T>(
      std::move(directory),
      [](const T& record, std::string& row) {
        weir::detail::append_csv(record, row);
        row += '\n';
      },
      std::move(options));
}

}  // namespace weir::files
