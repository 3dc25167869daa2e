#include "actors/net/doorman.hpp"

#include <caf/intrusive_ptr.hpp>
#include <caf/io/abstract_broker.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/make_counted.hpp>

#include <utility>

namespace weir::net {
namespace {

using Multiplexer = caf::io::network::default_multiplexer;

class Doorman final : public caf::io::network::doorman_impl {
public:
  Doorman(Multiplexer& multiplexer, Fd socket, std::shared_ptr<Gate> gate, ScribeLimits limits)
      : doorman_impl{multiplexer, socket.release()},
        gate_{std::move(gate)},
        limits_{std::move(limits)} {}

  /// On the multiplexer's thread, as all but the lambda below.
  bool new_connection() override {
    Fd fd{acceptor_.accepted_socket()};
    if (detached()) return false;  // closed, but the multiplexer has not noticed
    gate_->receive(std::move(fd), [self = caf::intrusive_ptr<Doorman>{this}](Welcomed connection) {
      self->acceptor_.backend().post(
          [self, admitted = std::move(connection)]() mutable { self->admit(std::move(admitted)); });
    });
    return true;
  }

private:
  void admit(Welcomed connection) {
    if (detached()) return;  // closed since
    Multiplexer& multiplexer = acceptor_.backend();
    auto scribe = make_scribe(multiplexer, std::move(connection), limits_);
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    doorman::new_connection(&multiplexer, handle);
  }

  std::shared_ptr<Gate> gate_;
  ScribeLimits limits_;
};

}  // namespace

caf::io::doorman_ptr make_doorman(Multiplexer& multiplexer, Fd socket, std::shared_ptr<Gate> gate,
                                  ScribeLimits limits) {
  return caf::make_counted<Doorman>(multiplexer, std::move(socket), std::move(gate),
                                    std::move(limits));
}

}  // namespace weir::net
