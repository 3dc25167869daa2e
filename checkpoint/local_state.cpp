#include "checkpoint/local_state.hpp"

#include "base/paths.hpp"
#include "state/state_file.hpp"

#include <limits>
#include <utility>

namespace weir::checkpoint {
namespace {

/// A file without its first bytes.
class Rest final : public ReadableFile {
public:
  Rest(std::unique_ptr<ReadableFile> file, std::uint64_t begin)
      : file_{std::move(file)}, begin_{begin} {}

  Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t capacity) override {
    return file_->read(begin_ + offset, buffer, capacity);
  }

private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t begin_;
};

}  // namespace

/// Writes to a state file and to its copy, as long as there is one.
class LocalState::CopyingFile final : public WritableFile {
public:
  CopyingFile(LocalState& local, std::string path, std::unique_ptr<WritableFile> file,
              std::string copy_name, std::unique_ptr<WritableFile> copy)
      : local_{local},
        path_{std::move(path)},
        file_{std::move(file)},
        copy_name_{std::move(copy_name)},
        copy_{std::move(copy)} {}

  ~CopyingFile() override {
    if (copy_ == nullptr) return;  // it is closed, or was given up
    copy_.reset();
    local_.give_up(path_, copy_name_);
  }

  Status append(std::string_view bytes) override {
    Status status = file_->append(bytes);
    if (status.ok() && copy_ != nullptr) check(copy_->append(bytes));
    return status;
  }

  Status sync() override { return file_->sync(); }

  Status close() override {
    Status status = file_->close();
    if (!status.ok() || copy_ == nullptr) return status;
    check(copy_->close());
    if (std::exchange(copy_, nullptr) != nullptr) local_.on_written(path_, copy_name_);
    return {};
  }

private:
  /// Goes on without the copy if that could not be written.
  void check(const Status& status) {
    if (status.ok()) return;
    copy_.reset();
    local_.give_up(path_, copy_name_);
    local_.report(Trouble::write, status);
  }

  LocalState& local_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
  std::string copy_name_;
  std::unique_ptr<WritableFile> copy_;  // null: there is none any more
};

LocalState::LocalState(LocalDirectory& directory, std::string run, base::Logger& log)
    : directory_{directory}, run_{std::move(run)}, log_{log} {}

Result<std::unique_ptr<WritableFile>> LocalState::create(Env& shared, CheckpointId id,
                                                         const std::string& path) {
  auto file = shared.create(path);
  if (!file.ok()) return file.status();
  std::string name;
  auto copy = create_copy(id, path, name);
  if (copy == nullptr) return file;
  return std::unique_ptr<WritableFile>{
      new CopyingFile{*this, path, std::move(file).value(), std::move(name), std::move(copy)}};
}

std::unique_ptr<WritableFile> LocalState::create_copy(CheckpointId id, const std::string& path,
                                                      std::string& name) {
  auto place =
      directory_.new_path(base::name_of(base::parent_of(path)) + "-" + base::name_of(path));
  if (!place.ok()) {
    report(Trouble::directory, place.status());
    return nullptr;
  }
  name = std::move(place).value();
  {
    const std::lock_guard lock{mutex_};
    if (!copies_.begin(id, path, name)) return nullptr;
  }
  auto copy = directory_.env().create(name);
  Status status = copy.ok() ? (*copy)->append(header_of(path)) : copy.status();
  if (status.ok()) return std::move(copy).value();
  give_up(path, name);
  report(Trouble::write, status);
  return nullptr;
}

/// One block, which no other state file of any run has.
Bytes LocalState::header_of(const std::string& path) const {
  state::StateFile header{directory_.env(), {}, std::numeric_limits<std::size_t>::max()};
  (void)header.add_block(run_ + " " + path);
  return header.take_inlined();
}

void LocalState::on_written(const std::string& path, const std::string& copy) {
  bool is_kept = false;
  {
    const std::lock_guard lock{mutex_};
    is_kept = copies_.finished(path);
  }
  if (!is_kept) remove({copy});
}

void LocalState::give_up(const std::string& path, const std::string& copy) {
  {
    const std::lock_guard lock{mutex_};
    copies_.lost(path);
  }
  remove({copy});
}

void LocalState::keep(CheckpointId id, const std::string& path,
                      std::shared_ptr<detail::StoreDirectory> files) {
  const std::lock_guard lock{mutex_};
  if (!copies_.begin(id, path, path)) return;
  copies_.finished(path);
  stores_[path].swap(files);  // what was there goes without the lock
}

std::shared_ptr<detail::StoreDirectory> LocalState::kept(const std::string& path) const {
  const std::lock_guard lock{mutex_};
  const auto name = copies_.find(path);
  if (!name) return nullptr;
  const auto store = stores_.find(*name);
  return store == stores_.end() ? nullptr : store->second;
}

std::unique_ptr<ReadableFile> LocalState::open(const std::string& path) {
  std::optional<std::string> name;
  {
    const std::lock_guard lock{mutex_};
    name = copies_.find(path);
  }
  if (!name) return nullptr;
  auto file = directory_.env().open(*name);
  const Bytes expected = header_of(path);
  Bytes header(expected.size(), '\0');
  Status status = file.status();
  if (status.ok()) status = (*file)->read(0, header.data(), header.size()).status();
  if (status.ok() && header != expected)
    status = {ErrorCode::corrupt, *name + " is no copy of " + path};
  if (status.ok()) return std::make_unique<Rest>(std::move(file).value(), expected.size());
  discard(path, status);
  return nullptr;
}

void LocalState::discard(const std::string& path, const Status& why) {
  std::optional<std::string> name;
  {
    const std::lock_guard lock{mutex_};
    name = copies_.find(path);
    copies_.lost(path);
  }
  if (name) remove({*name});
  report(Trouble::read, why);
}

std::vector<std::string> LocalState::on_completed(CheckpointId id) {
  const std::lock_guard lock{mutex_};
  return copies_.on_completed(id);
}

std::vector<std::string> LocalState::on_aborted(CheckpointId id) {
  const std::lock_guard lock{mutex_};
  return copies_.on_aborted(id);
}

std::vector<std::string> LocalState::on_restart(const std::string& directory) {
  const std::lock_guard lock{mutex_};
  return copies_.on_restart(directory);
}

std::vector<std::string> LocalState::on_end() {
  const std::lock_guard lock{mutex_};
  return copies_.on_end();
}

void LocalState::remove(const std::vector<std::string>& copies) {
  for (const std::string& copy : copies) {
    if (take_store(copy) != nullptr) continue;  // its files go with it
    const Status status = directory_.env().remove_file(copy);
    if (!status.ok() && status.code() != ErrorCode::not_found) report(Trouble::remove, status);
  }
}

std::shared_ptr<detail::StoreDirectory> LocalState::take_store(const std::string& name) {
  const std::lock_guard lock{mutex_};
  const auto node = stores_.extract(name);
  return node.empty() ? nullptr : node.mapped();
}

void LocalState::report(Trouble trouble, const Status& status) {
  {
    const std::lock_guard lock{mutex_};
    if (!reported_.insert(trouble).second) return;
  }
  const auto warn = [&](const char* what) { log_.warn(what, {{"error", status.message()}}); };
  switch (trouble) {
    case Trouble::directory:
      return warn("no local copies of state: their directory cannot be used");
    case Trouble::write: return warn("a local copy of state cannot be written");
    case Trouble::read: return warn("a local copy of state cannot be used: the checkpoint is read");
    case Trouble::remove: return warn("a local copy of state cannot be deleted");
  }
}

}  // namespace weir::checkpoint
