// Env: the one seam between Weir and the file system.
//
// The engine and every connector that ships with it reach files only through an Env, so that the
// same code runs on a disk, in memory, and on a simulated disk that loses what was not synced.
//
// Rules for implementations
//  - Every method may be called from any thread; one file object is used by one thread at a time.
//  - After `sync()` returned ok, the bytes appended so far survive a crash. A new name, a rename or
//    a removal survives a crash only after `sync_directory()` of its directory returned ok.
//  - Errors: `not_found`, `already_exists`, `permission_denied`, `out_of_space`, otherwise
//    `unavailable`. Every message names the path.
#pragma once

#include <weir/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// What `Env::stat` tells about a path. Symbolic links are followed.
struct FileInfo {
  std::uint64_t size_bytes = 0;
  bool is_directory = false;
  bool is_regular = false;
};

/// One name in a directory, as `Env::list` returns it.
struct DirectoryEntry {
  std::string name;           ///< without the directory
  bool is_directory = false;  ///< a directory itself, not a link to one
  bool is_link = false;       ///< a symbolic link, whatever it points to
};

/// A file being written from its start to its end. Destroying it closes it without syncing.
class WritableFile {
public:
  virtual ~WritableFile() = default;
  WritableFile() = default;
  WritableFile(const WritableFile&) = delete;
  WritableFile& operator=(const WritableFile&) = delete;

  /// Appends all of `bytes`. After an error the length of the file is unknown.
  virtual Status append(std::string_view bytes) = 0;
  /// Makes everything appended so far survive a crash.
  virtual Status sync() = 0;
  /// Closes the file; it must not be used afterwards.
  virtual Status close() = 0;
};

/// A file being read at any offset.
class ReadableFile {
public:
  virtual ~ReadableFile() = default;
  ReadableFile() = default;
  ReadableFile(const ReadableFile&) = delete;
  ReadableFile& operator=(const ReadableFile&) = delete;

  /// Reads up to `capacity` bytes at `offset` into `buffer`; returns how many, 0 at the end.
  virtual Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t capacity) = 0;
};

/// An exclusive claim on a path, held until it is destroyed or its process dies.
class FileLock {
public:
  virtual ~FileLock() = default;
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
};

/// Files and directories. See the file comment for the rules.
class Env {
public:
  virtual ~Env() = default;

  /// The operating system's file system; lives as long as the process.
  static Env& posix();

  /// Creates `path` or empties it, for writing. Its directory must exist.
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
  /// Opens the existing regular file `path` for reading.
  virtual Result<std::unique_ptr<ReadableFile>> open(const std::string& path) = 0;
  virtual Result<FileInfo> stat(const std::string& path) = 0;
  /// Returns the names in `directory`, sorted, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& directory) = 0;
  /// Creates `directory` and its parents as far as they are missing.
  virtual Status create_directories(const std::string& directory) = 0;
  /// Creates `directory`, which must not exist, in an existing one.
  virtual Status create_directory(const std::string& directory) = 0;
  /// Renames a file or a directory atomically. A file replaces a file, a directory an empty one.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// Gives the regular file `from` one more name, `to`, which must not exist: its content stays
  /// until the last name is removed. `failed_precondition` if this is not possible between these
  /// two places.
  virtual Status link(const std::string& from, const std::string& to) = 0;
  virtual Status remove_file(const std::string& path) = 0;
  /// Removes an empty directory.
  virtual Status remove_directory(const std::string& path) = 0;
  /// Makes the content of an existing file survive a crash, whoever wrote it.
  virtual Status sync_file(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& directory) = 0;
  /// Claims `path`, which is created if missing. `failed_precondition` when somebody holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

}  // namespace weir
