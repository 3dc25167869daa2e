// ZooKeeperSession: a connection to ZooKeeper that is made when it is needed, and made anew when
// the session that it belonged to is over. What the C client returns becomes a Status here.
//
// Methods block and may be called from any thread.
#pragma once

#include <weir/result.hpp>
#include <weir/time.hpp>

#include <memory>
#include <mutex>
#include <string>

// NOLINTNEXTLINE: the name that the client library gives it
typedef struct _zhandle zhandle_t;

namespace weir::runtime {

/// See the file comment.
class ZooKeeperSession {
public:
  class Handle;
  /// Keeps the connection open while a call uses it.
  using HandlePtr = std::shared_ptr<Handle>;

  ZooKeeperSession(std::string quorum, Duration session_timeout, Duration connection_timeout);
  ~ZooKeeperSession();

  /// Returns the connection, waits for it for up to the connection timeout. `unavailable` says what
  /// cannot be reached.
  Result<HandlePtr> connect();
  /// Gives the session up: its ephemeral nodes vanish, at the latest after the session timeout.
  void close();

  /// Turns what a call returned into a status. Where a change may or may not have happened, it is
  /// `unknown_outcome`; what was only read is `unavailable`.
  enum class Call : std::uint8_t { read, change };
  Status status_of(int code, Call call, const std::string& path) const;

private:
  Status unreachable(const std::string& why) const;

  std::string quorum_;
  Duration session_timeout_;
  Duration connection_timeout_;
  std::mutex mutex_;  // guards handle_
  HandlePtr handle_;
};

/// One session of the C client.
class ZooKeeperSession::Handle {
public:
  /// Null if the library refuses `quorum`; `errno` says why.
  static HandlePtr open(const std::string& quorum, Duration session_timeout);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  /// Waits until it is connected, its session is over, or `timeout` has passed.
  void wait(Duration timeout);
  bool is_connected() const;
  bool is_over() const;
  zhandle_t* get() const { return zookeeper_; }

private:
  struct State;

  Handle();

  std::unique_ptr<State> state_;
  zhandle_t* zookeeper_ = nullptr;
};

}  // namespace weir::runtime
