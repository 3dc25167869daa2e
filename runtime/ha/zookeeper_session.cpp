#include "runtime/ha/zookeeper_session.hpp"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <utility>

namespace weir::runtime {

struct ZooKeeperSession::Handle::State {
  std::mutex mutex;
  std::condition_variable changed;
  int last = ZOO_CONNECTING_STATE;  // guarded by mutex

  /// Called by the client's thread.
  static void on_event(zhandle_t*, int type, int state, const char*, void* context) {
    if (type != ZOO_SESSION_EVENT) return;
    auto& self = *static_cast<State*>(context);
    const std::lock_guard lock{self.mutex};
    self.last = state;
    self.changed.notify_all();
  }
};

namespace {

bool is_final(int state) {
  return state == ZOO_EXPIRED_SESSION_STATE || state == ZOO_AUTH_FAILED_STATE;
}

int milliseconds(Duration time) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

}  // namespace

ZooKeeperSession::Handle::Handle() : state_{std::make_unique<State>()} {}

ZooKeeperSession::HandlePtr ZooKeeperSession::Handle::open(const std::string& quorum,
                                                           Duration session_timeout) {
  // The client's own log would go to standard error, past the logger; its errors are returned.
  const auto silent = [](const char*) {};
  HandlePtr handle{new Handle};
  handle->zookeeper_ =
      ::zookeeper_init2(quorum.c_str(), State::on_event, milliseconds(session_timeout), nullptr,
                        handle->state_.get(), 0, silent);
  return handle->zookeeper_ == nullptr ? nullptr : handle;
}

ZooKeeperSession::Handle::~Handle() {
  if (zookeeper_ != nullptr) ::zookeeper_close(zookeeper_);  // ends the client's threads
}

void ZooKeeperSession::Handle::wait(Duration timeout) {
  std::unique_lock lock{state_->mutex};
  state_->changed.wait_for(lock, timeout, [this] {
    return state_->last == ZOO_CONNECTED_STATE || is_final(state_->last);
  });
}

bool ZooKeeperSession::Handle::is_connected() const {
  const std::lock_guard lock{state_->mutex};
  return state_->last == ZOO_CONNECTED_STATE;
}

bool ZooKeeperSession::Handle::is_over() const {
  const std::lock_guard lock{state_->mutex};
  return is_final(state_->last);
}

ZooKeeperSession::ZooKeeperSession(std::string quorum, Duration session_timeout,
                                   Duration connection_timeout)
    : quorum_{std::move(quorum)},
      session_timeout_{session_timeout},
      connection_timeout_{connection_timeout} {}

ZooKeeperSession::~ZooKeeperSession() = default;

Result<ZooKeeperSession::HandlePtr> ZooKeeperSession::connect() {
  HandlePtr handle;
  {
    const std::lock_guard lock{mutex_};
    if (handle_ != nullptr && handle_->is_over()) handle_.reset();
    if (handle_ == nullptr) handle_ = Handle::open(quorum_, session_timeout_);
    if (handle_ == nullptr) return unreachable(std::strerror(errno));
    handle = handle_;
  }
  handle->wait(connection_timeout_);
  if (handle->is_connected()) return handle;
  return unreachable(handle->is_over() ? "it has ended the session" : "no server answers");
}

void ZooKeeperSession::close() {
  HandlePtr last;  // closed outside of the lock: it may take a while
  const std::lock_guard lock{mutex_};
  last = std::exchange(handle_, nullptr);
}

Status ZooKeeperSession::unreachable(const std::string& why) const {
  return {ErrorCode::unavailable, "ZooKeeper cannot be reached at " + quorum_ + ": " + why +
                                      "; start it, or correct high-availability.zookeeper.quorum"};
}

Status ZooKeeperSession::status_of(int code, Call call, const std::string& path) const {
  if (code == ZOK) return {};
  const std::string message = "ZooKeeper at " + quorum_ + ", node " + path + ": " + ::zerror(code);
  switch (code) {
    case ZNONODE: return {ErrorCode::not_found, message};
    case ZNODEEXISTS: return {ErrorCode::already_exists, message};
    case ZNOAUTH: return {ErrorCode::permission_denied, message};
    case ZSESSIONEXPIRED: return {ErrorCode::fenced, message};
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
      return {call == Call::change ? ErrorCode::unknown_outcome : ErrorCode::unavailable, message};
    default: return {ErrorCode::unavailable, message};
  }
}

}  // namespace weir::runtime
