#include "actors/net/dialer.hpp"

#include "base/assert.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <set>
#include <string>
#include <utility>

namespace weir::net {
namespace {

using Interface = std::set<std::string>;
using Answer = caf::typed_response_promise<caf::node_id, caf::strong_actor_ptr, Interface>;
using SharedParts = std::shared_ptr<const DialerParts>;

// The category of statuses that travel as errors.
const caf::atom_value kCategory = caf::atom("weir");

// CAF drops a young connection if a heartbeat is due at the wrong moment; the next one lives.
constexpr int kTries = 3;

caf::error to_error(const Status& status) {
  return {static_cast<std::uint8_t>(status.code()), kCategory, caf::make_message(status.message())};
}

/// One dial, in an actor with a thread of its own.
class Dial {
public:
  Dial(Dialer::pointer self, SharedParts parts) : self_{self}, parts_{std::move(parts)} {}

  void begin(std::string host, std::uint16_t port, Answer answer) {
    host_ = std::move(host);
    port_ = port;
    answer_ = std::move(answer);
    go_on();
  }

private:
  void go_on() {
    auto connection = dial(parts_->settings, host_, port_, *parts_->stop, *parts_->clock);
    if (!connection.ok()) return fail(connection.status());
    auto& multiplexer =
        dynamic_cast<caf::io::network::default_multiplexer&>(self_->system().middleman().backend());
    auto scribe = make_scribe(multiplexer, std::move(connection).value(), parts_->limits);
    self_
        ->request(parts_->broker, parts_->settings.handshake_timeout, caf::connect_atom_v,
                  std::move(scribe), port_)
        .then([this](const caf::node_id& node, const caf::strong_actor_ptr& actor,
                     const Interface& sigs) { succeed(node, actor, sigs); },
              [this](const caf::error& error) { on_broker_error(error); });
  }

  void succeed(const caf::node_id& node, const caf::strong_actor_ptr& actor,
               const Interface& sigs) {
    if (node == self_->system().node())
      return fail(refused(ErrorCode::failed_precondition,
                          "it has the node id of this process: it is this process, or both run as "
                          "the same PID on the same host identity; run one elsewhere"));
    answer_.deliver(node, actor, sigs);
    self_->quit();
  }

  void on_broker_error(const caf::error& error) {
    if (error == caf::sec::connection_timeout && ++tries_ < kTries) return go_on();
    fail(refused(ErrorCode::unavailable, "the connection broke: " + self_->system().render(error)));
  }

  Status refused(ErrorCode code, std::string reason) const {
    return Status{code, std::move(reason)}.with_context("cannot connect to " +
                                                        endpoint_text(host_, port_));
  }

  void fail(const Status& status) {
    answer_.deliver(to_error(status));
    self_->quit();
  }

  Dialer::pointer self_;
  SharedParts parts_;
  std::string host_;
  std::uint16_t port_ = 0;
  Answer answer_;
  int tries_ = 0;
};

Dialer::behavior_type dial_once(Dialer::pointer self, SharedParts parts) {
  auto state = std::make_shared<Dial>(self, std::move(parts));
  return {[self, state](caf::connect_atom, std::string& host, std::uint16_t port) -> Answer {
    auto answer = self->make_response_promise<Answer>();
    state->begin(std::move(host), port, answer);
    return answer;
  }};
}

Dialer::behavior_type dialer(Dialer::pointer self, SharedParts parts) {
  return {[self, parts](caf::connect_atom connect, std::string& host, std::uint16_t port) {
    return self->delegate(self->system().spawn<caf::detached>(dial_once, parts), connect,
                          std::move(host), port);
  }};
}

}  // namespace

Dialer spawn_dialer(caf::actor_system& system, DialerParts parts) {
  return system.spawn(dialer, std::make_shared<const DialerParts>(std::move(parts)));
}

Status dial_status(const caf::error& error) {
  if (!error) return {};
  if (error.category() == kCategory && error.context().match_elements<std::string>())
    return {static_cast<ErrorCode>(error.code()), error.context().get_as<std::string>(0)};
  return {ErrorCode::unavailable, "the dial was not answered: " + to_string(error)};
}

}  // namespace weir::net
