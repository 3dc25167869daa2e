// SimMultiplexer: what CAF takes for its event loop, on top of a SimFabric. Every event waits until
// the simulator runs it: a message to a broker, a connection to accept, bytes to read, a connection
// that has ended.
//
// CAF's own test_multiplexer knows prepared connections alone, reads all there is at once, and has
// neither refusals nor lost connections; this one replaces it.
#pragma once

#include "actors/net/peer_signs.hpp"
#include "base/random.hpp"
#include "simulation/sim_fabric.hpp"

#include <caf/intrusive_ptr.hpp>
#include <caf/io/network/multiplexer.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::simulation {

/// See the file comment. One per process.
class SimMultiplexer final : public caf::io::network::multiplexer {
public:
  /// A broker with messages, or a function that was posted.
  using Runnable = caf::intrusive_ptr<caf::resumable>;

  /// What `run` does next, if asked to.
  struct Event {
    enum class Kind : std::uint8_t { message, accept, read, fail, dialled };
    Kind kind = Kind::message;
    std::int64_t handle = 0;  // CAF's, of a connection or an acceptor; or of a dial
  };

  SimMultiplexer(caf::actor_system* system, SimFabric& fabric, HostId host, base::Random& random);
  ~SimMultiplexer() override;

  /// Connections that are made from now on note there what they read.
  void note_in(std::shared_ptr<net::PeerSigns> signs) { signs_ = std::move(signs); }

  /// Finds what can be done now.
  const std::vector<Event>& find_events();
  /// Does one of the events that were found; returns the bytes that were read.
  std::size_t run(Event event);
  /// Takes away what waits for a turn.
  std::deque<Runnable> take_runnables() { return std::exchange(runnables_, {}); }
  /// Describes an event for a trace.
  std::string describe(Event event) const;

  // CAF calls `new_tcp_scribe` and expects it to wait until the connection stands or has failed.
  // Nobody can wait here, so that the simulator dials before the call.

  /// Begins to dial for the next call of `new_tcp_scribe`.
  void begin_dial(const std::string& host, std::uint16_t port);
  bool has_dial() const { return dial_.has_value(); }
  /// The connection neither stands nor has failed yet.
  bool is_dialing() const;
  /// The call was due. A connection that was not asked for is closed.
  void end_dial();

  // Dials beside the middleman's actor, any number at a time.

  /// Hears what became of a dial.
  using Dialled = std::function<void(caf::expected<caf::io::scribe_ptr>)>;
  /// Begins to dial. `done` is called in an event of its own.
  void dial(const std::string& host, std::uint16_t port, Dialled done);
  void forget_dials() { dials_.clear(); }

  // ---- CAF's interface -------------------------------------------------------------------------

  caf::io::scribe_ptr new_scribe(caf::io::network::native_socket) override;
  caf::expected<caf::io::scribe_ptr> new_tcp_scribe(const std::string& host,
                                                    std::uint16_t port) override;
  caf::io::doorman_ptr new_doorman(caf::io::network::native_socket) override;
  caf::expected<caf::io::doorman_ptr> new_tcp_doorman(std::uint16_t port, const char* address,
                                                      bool reuse_address) override;
  caf::io::datagram_servant_ptr new_datagram_servant(caf::io::network::native_socket) override;
  caf::io::datagram_servant_ptr new_datagram_servant_for_endpoint(
      caf::io::network::native_socket, const caf::io::network::ip_endpoint&) override;
  caf::expected<caf::io::datagram_servant_ptr> new_remote_udp_endpoint(const std::string& host,
                                                                       std::uint16_t port) override;
  caf::expected<caf::io::datagram_servant_ptr> new_local_udp_endpoint(std::uint16_t port,
                                                                      const char* address,
                                                                      bool reuse_address) override;
  supervisor_ptr make_supervisor() override;
  bool try_run_once() override;
  void run_once() override;
  void run() override;

protected:
  void exec_later(caf::resumable* ptr) override;

private:
  class Scribe;
  class Doorman;
  struct Dial {
    std::string host;
    std::uint16_t port;
    std::optional<SocketId> socket;  // none if there is no such host, or when it is handed out
  };

  /// A dial beside the middleman's.
  struct OwnDial {
    std::optional<SocketId> socket;  // none if there is no such host
    Dialled done;
  };

  std::optional<SocketId> begin(const std::string& host, std::uint16_t port);
  bool is_dialing(std::optional<SocketId> socket) const;
  caf::expected<caf::io::scribe_ptr> take(std::optional<SocketId> socket);
  void end_own_dial(std::int64_t handle);
  void handle_message();
  std::size_t read(Scribe& scribe);
  void fail(Scribe& scribe);

  SimFabric& fabric_;
  HostId host_;
  base::Random& random_;
  std::shared_ptr<net::PeerSigns> signs_;
  std::deque<Runnable> runnables_;
  // Those that exist; each adds and removes itself.
  std::map<std::int64_t, Scribe*> scribes_;
  std::map<std::int64_t, Doorman*> doormen_;
  std::vector<Event> events_;
  std::optional<Dial> dial_;
  std::map<std::int64_t, OwnDial> dials_;
  std::int64_t next_handle_ = 1;
};

}  // namespace weir::simulation
