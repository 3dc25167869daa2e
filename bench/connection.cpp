// Sends batches of 64 KiB from one actor system to another through a socket, under credits.
//
// Ceiling: the same through CAF's own middleman, which greets nobody and looks at nothing.
#include "actors/net/certificates.hpp"
#include "actors/net/network.hpp"
#include "base/files.hpp"
#include "bench/harness.hpp"

#include <weir/clock.hpp>

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace {

constexpr std::size_t kBatchBytes = 65'536;
constexpr int kCredits = 16;
constexpr int kCreditsAtOnce = 4;

/// Takes batches, and gives the credits of some of them back at once.
caf::behavior receiver(caf::stateful_actor<int>* self) {
  return {[self](const std::string& batch) {
    bench::require(batch.size() == kBatchBytes, "a batch is not what was sent");
    self->state = (self->state + 1) % kCreditsAtOnce;
    if (self->state == 0) self->send(caf::actor_cast<caf::actor>(self->current_sender()), 1);
  }};
}

/// One side of the connection. Bare if there are no options.
class Side {
public:
  explicit Side(const std::optional<weir::net::NetworkOptions>& options) {
    config_.set("logger.verbosity", caf::atom("quiet"));
    config_.set("scheduler.max-threads", std::size_t{1});
    configure_network(config_, options.value_or(weir::net::NetworkOptions{}));
    system_ = std::make_unique<caf::actor_system>(config_);
    if (!options) return;
    auto started = weir::net::Network::start(*system_, *options, weir::base::silent_logger());
    bench::require(started.ok(), started.status().message());
    network_ = std::move(started).value();
  }

  caf::actor_system& system() { return *system_; }

  std::uint16_t publish(const caf::actor& actor) {
    if (network_ == nullptr) {
      const auto port = system_->middleman().publish(actor, 0, "127.0.0.1");
      bench::require(port.engaged(), "CAF cannot listen");
      return *port;
    }
    const auto port = network_->listen(actor, "127.0.0.1", 0);
    bench::require(port.ok(), port.status().message());
    return *port;
  }

  caf::actor dial(std::uint16_t port) {
    if (network_ == nullptr) {
      auto actor = system_->middleman().remote_actor("127.0.0.1", port);
      bench::require(actor.engaged(), "CAF cannot connect");
      return *actor;
    }
    caf::scoped_actor self{*system_};
    caf::actor reached;
    self->request(network_->dialer(), caf::infinite, caf::connect_atom_v, std::string{"127.0.0.1"},
                  port)
        .receive(
            [&](const caf::node_id&, const caf::strong_actor_ptr& actor,
                const std::set<std::string>&) { reached = caf::actor_cast<caf::actor>(actor); },
            [](const caf::error& error) {
              bench::require(false, weir::net::dial_status(error).message());
            });
    return reached;
  }

private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<weir::net::Network> network_;
};

/// Returns MB a second.
double send_batches(const std::optional<weir::net::NetworkOptions>& options, int batches) {
  Side server{options};
  Side client{options};
  const auto actor = server.system().spawn(receiver);
  const caf::actor remote = client.dial(server.publish(actor));
  const double took = bench::seconds([&] {
    caf::scoped_actor self{client.system()};
    const caf::message batch = caf::make_message(std::string(kBatchBytes, 'x'));
    int credits = kCredits;
    for (int i = 0; i < batches; ++i) {
      if (credits == 0) self->receive([&](int) { credits += kCreditsAtOnce; });
      self->send(remote, batch);
      --credits;
    }
    while (credits < kCredits) self->receive([&](int) { credits += kCreditsAtOnce; });
  });
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  return static_cast<double>(batches) * static_cast<double>(kBatchBytes) / took / 1e6;
}

/// Options for TLS, with certificates of their own.
weir::net::NetworkOptions encrypted(const std::string& directory) {
  const auto write = [&](const std::string& name, const std::string& text) {
    const weir::Status status = weir::base::replace_file(weir::Env::posix(), name, text);
    bench::require(status.ok(), status.message());
    return name;
  };
  const auto now = weir::Clock::system().wall();
  const auto authority = weir::net::make_authority(now, 60);
  bench::require(authority.ok(), "no authority");
  const auto member = weir::net::make_member(*authority, "node", now, 60);
  bench::require(member.ok(), "no certificate");
  weir::net::NetworkOptions options;
  options.security = {weir::net::Security::Mode::tls,
                      write(directory + "/node.pem", member->certificate),
                      write(directory + "/node.key", member->key),
                      write(directory + "/ca.pem", authority->certificate), ""};
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(argc, argv, "Batches through a socket");
  const bench::TemporaryDirectory directory{options};
  const int batches = options.sized(20'000, 200);
  const weir::net::NetworkOptions tls = encrypted(directory.path());
  const auto figures = bench::interleave(
      options.repetitions(5),
      {[&] { return send_batches(weir::net::NetworkOptions{}, batches); },
       [&] { return send_batches(tls, batches); }, [&] { return send_batches({}, batches); }});
  bench::print_ratio("64 KiB batches between two processes, plain", "MB/s", figures[0], figures[2],
                     0.9);
  bench::print_ratio("64 KiB batches between two processes, TLS", "MB/s", figures[1], figures[2],
                     std::nullopt);
  return 0;
}
