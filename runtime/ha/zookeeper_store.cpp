// The synchronous calls are declared for programs with threads only.
#define THREADED

#include "runtime/ha/zookeeper_store.hpp"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weir::runtime {
namespace {

using Call = ZooKeeperSession::Call;

constexpr std::string_view kCandidate = "c-";
constexpr std::size_t kSequenceDigits = 10;  // as ZooKeeper appends them
// ZooKeeper refuses packets above jute.maxbuffer, 1 MiB unless its operator has changed it.
constexpr std::size_t kRecordBytesMax = 1'000'000;
constexpr std::size_t kPathBytesMax = 1'024;

/// Returns the epoch of a candidate's node, none for other names.
std::optional<LeaderEpoch> epoch_of(std::string_view name) {
  if (name.size() < kSequenceDigits) return std::nullopt;
  name.remove_prefix(name.size() - kSequenceDigits);
  std::uint64_t sequence = 0;
  const auto end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, sequence);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return LeaderEpoch{sequence + 1};
}

struct Candidate {
  LeaderEpoch epoch;
  std::string name;
};

/// Returns the one that leads.
std::optional<Candidate> lowest(const std::vector<std::string>& names) {
  std::optional<Candidate> found;
  for (const std::string& name : names) {
    const auto epoch = epoch_of(name);
    if (epoch && (!found || *epoch < found->epoch)) found = Candidate{*epoch, name};
  }
  return found;
}

}  // namespace

struct ZooKeeperStore::Change {
  enum class Kind : std::uint8_t { create, update, remove } kind;
  std::string path;
  std::string_view bytes = {};
};

ZooKeeperStore::ZooKeeperStore(const HaOptions::ZooKeeper& options, const std::string& cluster)
    : session_{options.quorum, options.session_timeout, options.connection_timeout},
      root_{(options.root == "/" ? "" : options.root) + "/" + cluster} {}

ZooKeeperStore::~ZooKeeperStore() = default;

Result<Sighting> ZooKeeperStore::look(Viewer) {
  const auto handle = session_.connect();
  if (!handle.ok()) return handle.status();
  Sighting sighting{.sign = std::to_string(++looks_)};
  const std::string election = root_ + "/election";
  const auto names = children(*handle, election);
  if (!names.ok() && names.status().code() != ErrorCode::not_found) return names.status();
  const auto leader = names.ok() ? lowest(*names) : std::nullopt;
  if (!leader) {
    sighting.is_free = true;
    return sighting;
  }
  sighting.newest = leader->epoch;
  const auto address = get(*handle, election + "/" + leader->name);
  if (address.ok())
    sighting.leader = Leader{leader->epoch, *address};
  else if (address.status().code() != ErrorCode::not_found)  // else it has just gone
    return address.status();
  return sighting;
}

Result<LeaderEpoch> ZooKeeperStore::claim(const std::string& address, LeaderEpoch) {
  const auto handle = session_.connect();
  if (!handle.ok()) return handle.status();
  if (Status status = create_parents(*handle); !status.ok()) return status;
  const auto node = stand(*handle, address);
  if (!node.ok()) return node.status();
  const auto names = children(*handle, root_ + "/election");
  const auto first = names.ok() ? lowest(*names) : std::nullopt;
  if (first && node->ends_with("/" + first->name)) {
    const std::lock_guard lock{mutex_};
    node_ = *node;
    epoch_ = first->epoch;
    return epoch_;
  }
  // Whoever stands and does not know it would one day lead without knowing it.
  if (::zoo_delete((*handle)->get(), node->c_str(), -1) != ZOK) session_.close();
  if (!names.ok()) return names.status();
  return Status{ErrorCode::failed_precondition, "another candidate leads the cluster"};
}

/// Makes a node of this session that is in line for the leadership.
Result<std::string> ZooKeeperStore::stand(const HandlePtr& handle, const std::string& address) {
  const std::string path = root_ + "/election/" + std::string{kCandidate};
  std::array<char, kPathBytesMax> made{};
  const int code =
      ::zoo_create(handle->get(), path.c_str(), address.data(), static_cast<int>(address.size()),
                   &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL | ZOO_SEQUENCE, made.data(),
                   static_cast<int>(made.size()));
  if (code == ZOK) return std::string{made.data()};
  Status status = session_.status_of(code, Call::change, path);
  if (status.code() == ErrorCode::unknown_outcome) session_.close();  // with what it may have made
  return status;
}

Status ZooKeeperStore::create_parents(const HandlePtr& handle) {
  std::vector<std::string> paths;
  for (std::size_t end = root_.find('/', 1); end != std::string::npos;
       end = root_.find('/', end + 1))
    paths.push_back(root_.substr(0, end));
  paths.push_back(root_);
  for (const char* name : {"/election", "/jobs", "/results"}) paths.push_back(root_ + name);
  for (const std::string& path : paths) {
    const int code = ::zoo_create(handle->get(), path.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE,
                                  ZOO_PERSISTENT, nullptr, 0);
    if (code != ZOK && code != ZNODEEXISTS) return session_.status_of(code, Call::change, path);
  }
  return {};
}

Status ZooKeeperStore::beat(LeaderEpoch epoch) {
  const auto node = own_node(epoch);
  if (!node.ok()) return node.status();
  const auto handle = session_.connect();
  if (!handle.ok()) return handle.status();
  const int code = ::zoo_exists((*handle)->get(), node->c_str(), 0, nullptr);
  Status status = session_.status_of(code, Call::read, *node);
  if (status.code() != ErrorCode::not_found && status.code() != ErrorCode::fenced) return status;
  lose(epoch);
  return not_leading(epoch);
}

void ZooKeeperStore::resign(LeaderEpoch epoch) {
  const auto node = own_node(epoch);
  if (!node.ok()) return;
  lose(epoch);
  session_.close();  // its node vanishes with it
}

void ZooKeeperStore::lose(LeaderEpoch epoch) {
  const std::lock_guard lock{mutex_};
  if (epoch_ == epoch) node_.clear();
}

Result<std::string> ZooKeeperStore::own_node(LeaderEpoch epoch) {
  const std::lock_guard lock{mutex_};
  if (node_.empty() || epoch_ != epoch) return not_leading(epoch);
  return node_;
}

Status ZooKeeperStore::create(LeaderEpoch epoch, Folder folder, const std::string& id,
                              std::string_view bytes) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  return commit(epoch, {Change::Kind::create, path_of(folder, id), bytes});
}

Status ZooKeeperStore::update(LeaderEpoch epoch, Folder folder, const std::string& id,
                              std::string_view bytes) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  return commit(epoch, {Change::Kind::update, path_of(folder, id), bytes});
}

Status ZooKeeperStore::remove(LeaderEpoch epoch, Folder folder, const std::string& id) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  Status status = commit(epoch, {Change::Kind::remove, path_of(folder, id)});
  return status.code() == ErrorCode::not_found ? Status{} : status;
}

/// Makes the change if the own node is there, both in one transaction.
Status ZooKeeperStore::commit(LeaderEpoch epoch, const Change& change) {
  if (change.bytes.size() > kRecordBytesMax)
    return {ErrorCode::invalid_argument,
            change.path + " would have " + std::to_string(change.bytes.size()) +
                " bytes; ZooKeeper takes up to " + std::to_string(kRecordBytesMax)};
  const auto node = own_node(epoch);
  if (!node.ok()) return node.status();
  const auto handle = session_.connect();
  if (!handle.ok()) return handle.status();
  std::array<zoo_op_t, 2> operations{};
  std::array<zoo_op_result_t, 2> results{};
  std::array<char, kPathBytesMax> made{};
  const int size = static_cast<int>(change.bytes.size());
  ::zoo_check_op_init(operations.data(), node->c_str(), -1);
  switch (change.kind) {
    case Change::Kind::create:
      ::zoo_create_op_init(&operations[1], change.path.c_str(), change.bytes.data(), size,
                           &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, made.data(),
                           static_cast<int>(made.size()));
      break;
    case Change::Kind::update:
      ::zoo_set_op_init(&operations[1], change.path.c_str(), change.bytes.data(), size, -1,
                        nullptr);
      break;
    case Change::Kind::remove: ::zoo_delete_op_init(&operations[1], change.path.c_str(), -1); break;
  }
  const int code = ::zoo_multi((*handle)->get(), static_cast<int>(operations.size()),
                               operations.data(), results.data());
  Status status = session_.status_of(code, Call::change, change.path);
  const bool is_deposed = code == ZNONODE && results[0].err == ZNONODE;
  if (!is_deposed && status.code() != ErrorCode::fenced) return status;
  lose(epoch);
  return not_leading(epoch);
}

Result<Bytes> ZooKeeperStore::read(Folder folder, const std::string& id) {
  if (Status status = check_record_id(id); !status.ok()) return status;
  const auto handle = session_.connect();
  if (!handle.ok()) return handle.status();
  return get(*handle, path_of(folder, id));
}

Result<std::vector<std::string>> ZooKeeperStore::list(Folder folder) {
  const auto handle = session_.connect();
  if (!handle.ok()) return handle.status();
  return children(*handle, path_of(folder));
}

Result<Bytes> ZooKeeperStore::get(const HandlePtr& handle, const std::string& path) {
  Bytes bytes(kRecordBytesMax, '\0');
  int size = static_cast<int>(bytes.size());
  const int code = ::zoo_get(handle->get(), path.c_str(), 0, bytes.data(), &size, nullptr);
  if (code != ZOK) return session_.status_of(code, Call::read, path);
  bytes.resize(static_cast<std::size_t>(std::max(size, 0)));  // -1: it has no content
  return bytes;
}

Result<std::vector<std::string>> ZooKeeperStore::children(const HandlePtr& handle,
                                                          const std::string& path) {
  String_vector found{};
  const int code = ::zoo_get_children(handle->get(), path.c_str(), 0, &found);
  if (code != ZOK) return session_.status_of(code, Call::read, path);
  std::vector<std::string> names{found.data, found.data + found.count};
  ::deallocate_String_vector(&found);
  std::sort(names.begin(), names.end());
  return names;
}

std::string ZooKeeperStore::path_of(Folder folder) const {
  return root_ + "/" + std::string{name_of(folder)};
}

std::string ZooKeeperStore::path_of(Folder folder, const std::string& id) const {
  return path_of(folder) + "/" + id;
}

}  // namespace weir::runtime
