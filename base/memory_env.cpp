#include "base/memory_env.hpp"

#include "base/paths.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::base {

/// A file or a directory. Guarded by the mutex of its MemoryEnv.
struct MemoryEnv::Node {
  using Entries = std::map<std::string, NodePtr>;

  /// A rename from one directory to another, shared by the change on each side.
  struct Move {
    std::weak_ptr<Node> from, to;
    std::optional<bool> survives = {};  // decided by the side that a crash meets first
  };

  /// One change of a directory: names that get a node, or lose it where the node is null.
  struct Change {
    std::vector<std::pair<std::string, NodePtr>> names;
    std::shared_ptr<Move> move = {};
  };

  bool is_directory = false;
  std::string content;           // of a file
  std::size_t synced_bytes = 0;  // of a file: the prefix that survives
  Entries entries;               // of a directory, as everybody sees them
  Entries synced_entries;        // of a directory, as they were at its last sync
  std::vector<Change> changes;   // of a directory, since its last sync

  void apply(Change change) {
    merge(entries, change);
    changes.push_back(std::move(change));
  }
  void sync() {
    synced_entries = entries;
    for (const Change& change : std::exchange(changes, {})) {
      if (!change.move) continue;
      for (const auto& side : {change.move->from.lock(), change.move->to.lock()})
        if (side && side.get() != this) side->sync();
    }
  }
  static void merge(Entries& into, const Change& change) {
    for (const auto& [name, node] : change.names) {
      if (node)
        into[name] = node;
      else
        into.erase(name);
    }
  }
};

class MemoryEnv::Writable final : public WritableFile {
public:
  Writable(MemoryEnv& env, NodePtr node) : env_{env}, node_{std::move(node)} {}

  Status append(std::string_view bytes) override {
    const std::lock_guard lock{env_.mutex_};
    node_->content += bytes;
    return {};
  }
  Status sync() override {
    const std::lock_guard lock{env_.mutex_};
    node_->synced_bytes = node_->content.size();
    return {};
  }
  Status close() override { return {}; }

private:
  MemoryEnv& env_;
  NodePtr node_;
};

class MemoryEnv::Readable final : public ReadableFile {
public:
  Readable(MemoryEnv& env, NodePtr node) : env_{env}, node_{std::move(node)} {}

  Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t capacity) override {
    const std::lock_guard lock{env_.mutex_};
    if (offset >= node_->content.size()) return std::size_t{0};
    return node_->content.copy(buffer, capacity, offset);
  }

private:
  MemoryEnv& env_;
  NodePtr node_;
};

class MemoryEnv::Lock final : public FileLock {
public:
  Lock(MemoryEnv& env, std::string path) : env_{env}, path_{std::move(path)} {}
  ~Lock() override {
    const std::lock_guard lock{env_.mutex_};
    env_.locks_.erase(path_);
  }

private:
  MemoryEnv& env_;
  std::string path_;
};

namespace {

Status error(ErrorCode code, std::string_view action, const std::string& path,
             std::string_view why) {
  return {code, std::string{"cannot "}.append(action) + " " + path + ": " + std::string{why}};
}

}  // namespace

MemoryEnv::MemoryEnv() : root_{std::make_shared<Node>()} {
  root_->is_directory = true;
}
MemoryEnv::~MemoryEnv() = default;

MemoryEnv::NodePtr MemoryEnv::find(const std::string& path) const {
  NodePtr node = root_;
  for (const std::string& name : path_parts(path)) {
    const auto entry = node->entries.find(name);
    if (entry == node->entries.end()) return nullptr;
    node = entry->second;
  }
  return node;
}

MemoryEnv::NodePtr MemoryEnv::find_directory(const std::string& path) const {
  NodePtr node = find(path);
  return node && node->is_directory ? node : nullptr;
}

Result<std::unique_ptr<WritableFile>> MemoryEnv::create(const std::string& path) {
  const std::lock_guard lock{mutex_};
  const NodePtr directory = find_directory(parent_of(path));
  if (!directory) return error(ErrorCode::not_found, "create", path, "no such directory");
  const NodePtr old = find(path);
  if (old && old->is_directory)
    return error(ErrorCode::unavailable, "create", path, "it is a directory");
  auto node = std::make_shared<Node>();
  directory->apply({{{name_of(path), node}}});
  return std::unique_ptr<WritableFile>{new Writable{*this, std::move(node)}};
}

Result<std::unique_ptr<ReadableFile>> MemoryEnv::open(const std::string& path) {
  const std::lock_guard lock{mutex_};
  NodePtr node = find(path);
  if (!node) return error(ErrorCode::not_found, "open", path, "no such file");
  if (node->is_directory) return error(ErrorCode::unavailable, "open", path, "it is a directory");
  return std::unique_ptr<ReadableFile>{new Readable{*this, std::move(node)}};
}

Result<FileInfo> MemoryEnv::stat(const std::string& path) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find(path);
  if (!node) return error(ErrorCode::not_found, "find", path, "no such file or directory");
  return FileInfo{.size_bytes = node->content.size(),
                  .is_directory = node->is_directory,
                  .is_regular = !node->is_directory};
}

Result<std::vector<DirectoryEntry>> MemoryEnv::list(const std::string& directory) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find_directory(directory);
  if (!node) return error(ErrorCode::not_found, "list", directory, "no such directory");
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->entries)
    entries.push_back({.name = name, .is_directory = child->is_directory});
  return entries;
}

Status MemoryEnv::create_directories(const std::string& directory) {
  const std::lock_guard lock{mutex_};
  NodePtr node = root_;
  for (const std::string& name : path_parts(directory)) {
    NodePtr child;
    if (const auto entry = node->entries.find(name); entry != node->entries.end()) {
      child = entry->second;
      if (!child->is_directory)
        return error(ErrorCode::already_exists, "create directory", directory, name + " is a file");
    } else {
      child = std::make_shared<Node>();
      child->is_directory = true;
      node->apply({{{name, child}}});
    }
    node = std::move(child);
  }
  return {};
}

Status MemoryEnv::create_directory(const std::string& directory) {
  const std::lock_guard lock{mutex_};
  const NodePtr parent = find_directory(parent_of(directory));
  if (!parent)
    return error(ErrorCode::not_found, "create directory", directory, "no such directory");
  if (find(directory))
    return error(ErrorCode::already_exists, "create directory", directory, "it exists");
  auto node = std::make_shared<Node>();
  node->is_directory = true;
  parent->apply({{{name_of(directory), node}}});
  return {};
}

Status MemoryEnv::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find(from);
  const NodePtr source = find_directory(parent_of(from));
  const NodePtr target = find_directory(parent_of(to));
  const std::string both = from + " to " + to;
  if (!node || !target)
    return error(ErrorCode::not_found, "rename", both, "no such file or directory");
  if (const NodePtr old = find(to)) {
    if (old->is_directory != node->is_directory)
      return error(ErrorCode::unavailable, "rename", both, "one of them is a directory");
    if (!old->entries.empty())
      return error(ErrorCode::already_exists, "rename", both, "the target is not empty");
  }
  if (source == target) {
    source->apply({{{name_of(from), nullptr}, {name_of(to), node}}});
    return {};
  }
  auto move = std::make_shared<Node::Move>();
  move->from = source;
  move->to = target;
  source->apply({{{name_of(from), nullptr}}, move});
  target->apply({{{name_of(to), node}}, move});
  return {};
}

Status MemoryEnv::link(const std::string& from, const std::string& to) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find(from);
  const NodePtr target = find_directory(parent_of(to));
  const std::string both = from + " to " + to;
  if (!node || node->is_directory || !target)
    return error(ErrorCode::not_found, "link", both, "no such file or directory");
  if (find(to)) return error(ErrorCode::already_exists, "link", both, "the name is taken");
  target->apply({{{name_of(to), node}}});
  return {};
}

Status MemoryEnv::remove_file(const std::string& path) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find(path);
  if (!node) return error(ErrorCode::not_found, "remove", path, "no such file");
  if (node->is_directory) return error(ErrorCode::unavailable, "remove", path, "it is a directory");
  find(parent_of(path))->apply({{{name_of(path), nullptr}}});
  return {};
}

Status MemoryEnv::remove_directory(const std::string& path) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find_directory(path);
  if (!node) return error(ErrorCode::not_found, "remove directory", path, "no such directory");
  if (!node->entries.empty())
    return error(ErrorCode::already_exists, "remove directory", path, "it is not empty");
  find(parent_of(path))->apply({{{name_of(path), nullptr}}});
  return {};
}

Status MemoryEnv::sync_file(const std::string& path) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find(path);
  if (!node || node->is_directory) return error(ErrorCode::not_found, "sync", path, "no such file");
  node->synced_bytes = node->content.size();
  return {};
}

Status MemoryEnv::sync_directory(const std::string& directory) {
  const std::lock_guard lock{mutex_};
  const NodePtr node = find_directory(directory);
  if (!node) return error(ErrorCode::not_found, "sync directory", directory, "no such directory");
  node->sync();
  return {};
}

Result<std::unique_ptr<FileLock>> MemoryEnv::lock(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (!locks_.insert(path).second)
    return Status{ErrorCode::failed_precondition, path + " is locked by a running process"};
  return std::unique_ptr<FileLock>{new Lock{*this, path}};
}

void MemoryEnv::crash(Random* random) {
  const std::lock_guard lock{mutex_};
  lose(*root_, random);
  locks_.clear();
}

void MemoryEnv::lose(Node& node, Random* random) {
  if (!node.is_directory) {
    const std::size_t unsynced = node.content.size() - node.synced_bytes;
    const std::size_t kept = random != nullptr ? random->below(unsynced + 1) : 0;
    node.content.resize(node.synced_bytes + kept);
    node.synced_bytes = node.content.size();
    return;
  }
  const std::size_t kept = random != nullptr ? random->below(node.changes.size() + 1) : 0;
  node.entries = node.synced_entries;
  for (std::size_t i = 0; i < node.changes.size(); ++i) {
    const Node::Change& change = node.changes[i];
    bool survives = i < kept;
    if (change.move) survives = *(change.move->survives = change.move->survives.value_or(survives));
    if (survives) Node::merge(node.entries, change);
  }
  node.changes.clear();
  node.synced_entries = node.entries;
  for (auto& [name, child] : node.entries) lose(*child, random);
}

}  // namespace weir::base
