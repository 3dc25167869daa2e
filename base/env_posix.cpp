// Env on the operating system's file system.
#include "base/assert.hpp"

#include <weir/env.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace weir {
namespace {

ErrorCode code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ESTALE: return ErrorCode::not_found;  // removed by another machine
    case EEXIST:
    case ENOTEMPTY: return ErrorCode::already_exists;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT: return ErrorCode::out_of_space;
    default: return ErrorCode::unavailable;
  }
}

Status error_on(std::string_view action, const std::string& path, int error = errno) {
  return {code_of(error),
          std::string{"cannot "}.append(action) + " " + path + ": " + std::strerror(error)};
}

/// Owns a file descriptor.
class Descriptor {
public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

private:
  int number_;
};

struct CloseDirectory {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

class PosixWritableFile final : public WritableFile {
public:
  PosixWritableFile(std::string path, Descriptor file)
      : path_{std::move(path)}, file_{std::move(file)} {}

  Status append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error_on("write to", path_);
      bytes.remove_prefix(static_cast<std::size_t>(n));
      size_ += n;
    }
    start_writing();
    return {};
  }

  Status sync() override {
    return ::fdatasync(file_.get()) == 0 ? Status{} : error_on("sync", path_);
  }

  Status close() override {
    return ::close(file_.release()) == 0 ? Status{} : error_on("close", path_);
  }

private:
  /// Lets the disk begin with what has been appended, so that a sync has less to wait for.
  void start_writing() {
    constexpr off_t kStep = 4 << 20;  // large enough for a disk to be fast
    if (size_ - started_ < kStep) return;
    ::sync_file_range(file_.get(), started_, size_ - started_, SYNC_FILE_RANGE_WRITE);
    started_ = size_;  // whatever came of it: `sync` reports what cannot be written
  }

  std::string path_;
  Descriptor file_;
  off_t size_ = 0;     // bytes appended
  off_t started_ = 0;  // of them, those that the disk was told to write
};

class PosixReadableFile final : public ReadableFile {
public:
  PosixReadableFile(std::string path, Descriptor file)
      : path_{std::move(path)}, file_{std::move(file)} {}

  Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t capacity) override {
    std::size_t total = 0;
    while (total < capacity) {
      const ssize_t n = ::pread(file_.get(), buffer + total, capacity - total,
                                static_cast<off_t>(offset + total));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error_on("read", path_);
      if (n == 0) break;
      total += static_cast<std::size_t>(n);
    }
    return total;
  }

private:
  std::string path_;
  Descriptor file_;
};

class PosixFileLock final : public FileLock {
public:
  explicit PosixFileLock(Descriptor file) : file_{std::move(file)} {}

private:
  Descriptor file_;  // closing it releases the lock
};

class PosixEnv final : public Env {
public:
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (file.get() < 0) return error_on("create", path);
    return std::unique_ptr<WritableFile>{new PosixWritableFile{path, std::move(file)}};
  }

  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.get() < 0) return error_on("open", path);
    struct ::stat about {};
    if (::fstat(file.get(), &about) != 0) return error_on("open", path);
    if (S_ISDIR(about.st_mode)) return error_on("open", path, EISDIR);
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    return std::unique_ptr<ReadableFile>{new PosixReadableFile{path, std::move(file)}};
  }

  Result<FileInfo> stat(const std::string& path) override {
    struct ::stat about {};
    if (::stat(path.c_str(), &about) != 0) return error_on("find", path);
    return FileInfo{.size_bytes = static_cast<std::uint64_t>(about.st_size),
                    .is_directory = S_ISDIR(about.st_mode),
                    .is_regular = S_ISREG(about.st_mode)};
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    const std::unique_ptr<DIR, CloseDirectory> dir{::opendir(directory.c_str())};
    if (dir == nullptr) return error_on("list", directory);
    std::vector<DirectoryEntry> entries;
    for (;;) {
      errno = 0;  // the end and an error return the same
      const dirent* entry = ::readdir(dir.get());
      if (entry == nullptr && errno != 0) return error_on("list", directory);
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      entries.push_back(describe(directory, name, entry->d_type));
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  Status create_directories(const std::string& directory) override {
    for (std::size_t end = directory.find('/', 1);; end = directory.find('/', end + 1)) {
      const std::string prefix = directory.substr(0, end);
      if (!prefix.empty() && ::mkdir(prefix.c_str(), 0755) != 0 && !is_directory(prefix))
        return error_on("create directory", prefix);
      if (end == std::string::npos) return {};
    }
  }

  Status create_directory(const std::string& directory) override {
    return ::mkdir(directory.c_str(), 0755) == 0 ? Status{}
                                                 : error_on("create directory", directory);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return error_on("rename", from + " to " + to);
    return {};
  }

  Status link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    const int why = errno;
    const Status status = error_on("link", from + " to " + to, why);
    const bool is_impossible = why == EXDEV || why == EPERM || why == EOPNOTSUPP || why == EMLINK;
    return is_impossible ? Status{ErrorCode::failed_precondition, status.message()} : status;
  }

  Status remove_file(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? Status{} : error_on("remove", path);
  }

  Status remove_directory(const std::string& path) override {
    return ::rmdir(path.c_str()) == 0 ? Status{} : error_on("remove directory", path);
  }

  Status sync_file(const std::string& path) override {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.get() < 0) return error_on("open", path);
    return ::fdatasync(file.get()) == 0 ? Status{} : error_on("sync", path);
  }

  Status sync_directory(const std::string& directory) override {
    const Descriptor dir{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (dir.get() < 0) return error_on("open directory", directory);
    return ::fsync(dir.get()) == 0 ? Status{} : error_on("sync directory", directory);
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    if (file.get() < 0) return error_on("lock", path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0)
      return std::unique_ptr<FileLock>{new PosixFileLock{std::move(file)}};
    if (errno == EWOULDBLOCK)
      return Status{ErrorCode::failed_precondition, path + " is locked by a running process"};
    return error_on("lock", path);
  }

private:
  static bool is_directory(const std::string& path) {
    const int saved = errno;
    struct ::stat about {};
    const bool result = ::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
    errno = saved;
    return result;
  }

  static DirectoryEntry describe(const std::string& directory, const std::string& name,
                                 unsigned char type) {
    if (type != DT_UNKNOWN)
      return {.name = name, .is_directory = type == DT_DIR, .is_link = type == DT_LNK};
    struct ::stat about {};  // some file systems do not say; ask for each name
    if (::lstat((directory + "/" + name).c_str(), &about) != 0) return {.name = name};
    return {
        .name = name, .is_directory = S_ISDIR(about.st_mode), .is_link = S_ISLNK(about.st_mode)};
  }
};

}  // namespace

Env& Env::posix() {
  static PosixEnv env;
  return env;
}

}  // namespace weir
