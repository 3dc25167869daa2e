// Interleave: several processes on one file system, each stopped before every call of its Env, so
// that a test decides who makes the next call.
//
//   Process old{disk, [&](Env& env) { ... }};
//   old.run(3);        // makes its first three calls; stands before the fourth
//   old.run_to_end();
//
// A listing is two calls: each name is seen as it was at the first or at the second, as `readdir`
// may return it.
#pragma once

#include "test/support/env_over.hpp"

#include <weir/hash.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

namespace weir::test {

/// See the file comment. Its methods are called by one thread, that of the test.
class Process {
public:
  Process(Env& disk, std::function<void(Env&)> work)
      : env_{disk, *this}, work_{std::move(work)}, thread_{[this] {
          before_call();
          work_(env_);
          const std::lock_guard lock{mutex_};
          has_ended_ = true;
          changed_.notify_all();
        }} {}
  ~Process() {
    run_to_end();
    thread_.join();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Lets it make up to `calls` calls. Returns whether it has come to its end.
  bool run(std::uint64_t calls) {
    std::unique_lock lock{mutex_};
    // It must also have come from the last call to the next one.
    changed_.wait(lock, [this] { return has_ended_ || is_waiting_; });
    granted_ = calls;
    changed_.notify_all();
    changed_.wait(lock, [this] { return has_ended_ || (is_waiting_ && granted_ == 0); });
    return has_ended_;
  }
  void run_to_end() { run(std::numeric_limits<std::uint64_t>::max()); }

  /// Calls made so far.
  std::uint64_t calls() const { return calls_; }

private:
  /// Stops before each call.
  class SteppedEnv final : public EnvOver {
  public:
    SteppedEnv(Env& disk, Process& process) : EnvOver{disk}, process_{process} {}

    Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
      process_.before_call();
      auto file = EnvOver::create(path);
      if (!file.ok()) return file.status();
      return std::unique_ptr<WritableFile>{new Writable{process_, std::move(file).value()}};
    }
    Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
      process_.before_call();
      auto first = EnvOver::list(directory);
      process_.before_call();
      auto second = EnvOver::list(directory);
      if (!first.ok() || !second.ok()) return second;
      std::vector<DirectoryEntry> seen;
      for (const auto* listing : {&first, &second}) {
        for (const DirectoryEntry& entry : listing->value()) {
          const bool is_early = hash_bytes(entry.name.data(), entry.name.size()) % 2 == 0;
          if (is_early == (listing == &first)) seen.push_back(entry);
        }
      }
      std::sort(seen.begin(), seen.end(),
                [](const auto& a, const auto& b) { return a.name < b.name; });
      return seen;
    }
    Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
      process_.before_call();
      return EnvOver::open(path);
    }
    Result<FileInfo> stat(const std::string& path) override {
      process_.before_call();
      return EnvOver::stat(path);
    }
    Status create_directories(const std::string& path) override {
      process_.before_call();
      return EnvOver::create_directories(path);
    }
    Status create_directory(const std::string& path) override {
      process_.before_call();
      return EnvOver::create_directory(path);
    }
    Status rename(const std::string& from, const std::string& to) override {
      process_.before_call();
      return EnvOver::rename(from, to);
    }
    Status link(const std::string& from, const std::string& to) override {
      process_.before_call();
      return EnvOver::link(from, to);
    }
    Status remove_file(const std::string& path) override {
      process_.before_call();
      return EnvOver::remove_file(path);
    }
    Status remove_directory(const std::string& path) override {
      process_.before_call();
      return EnvOver::remove_directory(path);
    }
    Status sync_file(const std::string& path) override {
      process_.before_call();
      return EnvOver::sync_file(path);
    }
    Status sync_directory(const std::string& path) override {
      process_.before_call();
      return EnvOver::sync_directory(path);
    }
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
      process_.before_call();
      return EnvOver::lock(path);
    }

  private:
    class Writable final : public WritableFile {
    public:
      Writable(Process& process, std::unique_ptr<WritableFile> file)
          : process_{process}, file_{std::move(file)} {}
      Status append(std::string_view bytes) override {
        process_.before_call();
        return file_->append(bytes);
      }
      Status sync() override {
        process_.before_call();
        return file_->sync();
      }
      Status close() override { return file_->close(); }

    private:
      Process& process_;
      std::unique_ptr<WritableFile> file_;
    };

    Process& process_;
  };

  void before_call() {
    std::unique_lock lock{mutex_};
    if (granted_ == 0) {
      is_waiting_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return granted_ != 0; });
      is_waiting_ = false;
    }
    --granted_;
    ++calls_;
  }

  SteppedEnv env_;
  std::function<void(Env&)> work_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t granted_ = 0;
  std::uint64_t calls_ = 0;
  bool is_waiting_ = false;
  bool has_ended_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace weir::test
