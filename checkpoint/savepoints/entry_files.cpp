// Reading the files that `savepoints::entry_files` writes: a line with the schema, then entries,
// each behind its length in 4 bytes.
#include "base/paths.hpp"
#include "checkpoint/storage.hpp"

#include <weir/savepoints/entry_files.hpp>

#include <cstring>
#include <memory>

namespace weir::detail {
namespace {

constexpr std::string_view kMagic = "weir entries ";
constexpr std::size_t kReadBytes = 256 << 10;

/// Takes bytes off the front of a file.
class FrontReader {
public:
  explicit FrontReader(std::unique_ptr<ReadableFile> file) : file_{std::move(file)} {}

  /// Makes sure that `size` bytes are in memory; fewer are there only at the end of the file.
  Status fill(std::size_t size) {
    buffer_.erase(0, at_);
    at_ = 0;
    while (buffer_.size() < size) {
      const std::size_t have = buffer_.size();
      buffer_.resize(have + kReadBytes);  // no more than the file has, whatever `size` says
      auto n = file_->read(offset_, buffer_.data() + have, buffer_.size() - have);
      buffer_.resize(have + (n.ok() ? *n : 0));
      if (!n.ok()) return n.status();
      if (*n == 0) break;
      offset_ += *n;
    }
    return {};
  }

  std::string_view view() const { return std::string_view{buffer_}.substr(at_); }
  void take(std::size_t size) { at_ += size; }

private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t offset_ = 0;  // in the file, behind the buffer
  std::string buffer_;
  std::size_t at_ = 0;  // what stands before has been taken
};

Status read_file(Env& env, const std::string& path, const std::string& schema,
                 const std::function<bool(std::string_view)>& take) {
  const Status damaged{ErrorCode::corrupt, path + " is damaged: it is no file of entries"};
  auto file = env.open(path);
  if (!file.ok()) return file.status();
  FrontReader in{std::move(file).value()};
  if (Status status = in.fill(kReadBytes); !status.ok()) return status;
  const std::size_t line = in.view().find('\n');
  if (line == std::string_view::npos || !in.view().starts_with(kMagic)) return damaged;
  const std::string written{in.view().substr(kMagic.size(), line - kMagic.size())};
  if (written != schema)
    return {ErrorCode::failed_precondition,
            path + " has entries of type " + written + ", the states take " + schema};
  in.take(line + 1);
  for (;;) {
    std::uint32_t size = 0;
    if (in.view().size() < sizeof size) {
      if (Status status = in.fill(kReadBytes); !status.ok()) return status;
    }
    if (in.view().empty()) return {};
    if (in.view().size() < sizeof size) return damaged;
    std::memcpy(&size, in.view().data(), sizeof size);
    in.take(sizeof size);
    if (in.view().size() < size) {
      if (Status status = in.fill(size); !status.ok()) return status;
    }
    if (in.view().size() < size || !take(in.view().substr(0, size))) return damaged;
    in.take(size);
  }
}

}  // namespace

std::string entry_header(const std::string& schema) {
  return std::string{kMagic} + schema;
}

Status for_each_entry(Env& env, const std::string& directory, const std::string& schema,
                      const std::function<bool(std::string_view entry)>& take) {
  const std::string plain = checkpoint::strip_scheme(directory);
  auto entries = env.list(plain);
  if (!entries.ok()) return entries.status();
  for (const DirectoryEntry& entry : *entries) {
    const bool is_visible = entry.name.starts_with("part-");
    if (!is_visible || !entry.name.ends_with(savepoints::detail::kEntrySuffix)) continue;
    const Status status = read_file(env, base::join_path(plain, entry.name), schema, take);
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace weir::detail
