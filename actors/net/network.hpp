// Network: how the actors of one process reach those of others, through CAF's middleman, but only
// after each side has shown what the security settings demand.
//
//   Network::start   settings are checked, certificates loaded
//   listen           Doorman (CAF) -> Gate (handshakes) -> Scribe (CAF)
//   dialer           Dialer -> a thread for each dial (handshake) -> Scribe (CAF)
//
// Publish and dial through this class alone. caf::io::middleman's own `publish` and `remote_actor`
// know nothing of it: they let in and trust everybody.
#pragma once

#include "actors/net/network_options.hpp"
#include "base/log.hpp"

#include <weir/result.hpp>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/atom.hpp>
#include <caf/node_id.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace weir::net {

class Gate;
class PeerSigns;
class RefusalLog;
class Signal;
class TlsContext;

/// Answers with the peer's node, the actor that it published at the port (none if it has published
/// none) and that actor's interface. Dials run side by side, each with its own deadlines. An error
/// can be read with `dial_status`.
using Dialer =
    caf::typed_actor<caf::replies_to<caf::connect_atom, std::string, std::uint16_t>::with<
        caf::node_id, caf::strong_actor_ptr, std::set<std::string>>>;

/// Turns the error of a dial into a status: see `dial` for the codes.
Status dial_status(const caf::error& error);

/// The network of one actor system. Must be destroyed before the system; dials that are under way
/// end with an error, connections stay until the system ends.
class Network {
public:
  /// `system` must have been configured by `configure_network` with the same options. `log` must
  /// outlive the system. Logs loudly if nothing is encrypted. `invalid_argument` when the settings
  /// or the certificates cannot be used; nothing is started then.
  static Result<std::unique_ptr<Network>> start(caf::actor_system& system, NetworkOptions options,
                                                base::Logger& log);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Listens on `host` (empty: on all addresses) and `port` (0 chooses one), and gives `actor` to
  /// everybody who dials. Returns the port. `permission_denied` if the security settings do not
  /// allow the address, `already_exists` if the port is in use; the message names the cure.
  template <class Handle>
  Result<std::uint16_t> listen(const Handle& actor, const std::string& host, std::uint16_t port) {
    return listen(caf::actor_cast<caf::strong_actor_ptr>(actor), system_.message_types(actor), host,
                  port);
  }
  Result<std::uint16_t> listen(const caf::strong_actor_ptr& actor,
                               std::set<std::string> interface_of_actor, const std::string& host,
                               std::uint16_t port);

  /// Dials other processes.
  const Dialer& dialer() const { return dialer_; }
  /// What was read from other processes. Outlives the network.
  std::shared_ptr<const PeerSigns> signs() const { return signs_; }

private:
  Network(caf::actor_system& system, const NetworkOptions& options, base::Logger& log,
          std::shared_ptr<const TlsContext> tls);

  caf::actor_system& system_;
  Security security_;
  std::uint32_t max_message_bytes_;
  std::shared_ptr<RefusalLog> refusals_;
  std::shared_ptr<PeerSigns> signs_;
  std::shared_ptr<Gate> gate_;
  std::shared_ptr<Signal> stop_;
  Dialer dialer_;
};

}  // namespace weir::net
