#include "test/actors/net/node.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <chrono>

using namespace std::chrono_literals;

namespace weir::test {
namespace {

constexpr auto kPatience = 30s;  // for what happens at once unless it never does

caf::behavior echo_actor(caf::event_based_actor*) {
  return {[](const std::string& text) { return text; }};
}

}  // namespace

void KeptLog::write(base::LogLevel, std::string_view message, Fields fields) {
  const std::lock_guard lock{mutex_};
  lines_.push_back(base::format_log_line(message, fields));
  written_.notify_all();
}

std::vector<std::string> KeptLog::lines() const {
  const std::lock_guard lock{mutex_};
  return lines_;
}

std::vector<std::string> KeptLog::wait_for(std::size_t count, std::size_t seen) const {
  std::unique_lock lock{mutex_};
  REQUIRE(written_.wait_for(lock, kPatience, [&] { return lines_.size() >= seen + count; }));
  const auto first = lines_.begin() + static_cast<std::ptrdiff_t>(seen);
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

net::NetworkOptions quick_options(net::Security security) {
  net::NetworkOptions options;
  options.security = std::move(security);
  options.handshake_timeout = 500ms;
  options.connection_timeout = 30s;  // a loaded machine is no failure
  options.refusal_rate.burst = 1'000'000;
  return options;
}

Node::Node(net::NetworkOptions options) {
  config_.set("scheduler.max-threads", std::size_t{2});
  config_.set("logger.verbosity", caf::atom("quiet"));
  net::configure_network(config_, options);
  system_ = std::make_unique<caf::actor_system>(config_);
  auto started = net::Network::start(*system_, std::move(options), log_);
  INFO(started.status().message());
  REQUIRE(started.ok());
  network_ = std::move(started).value();
  echo_ = system_->spawn(echo_actor);
}

Node::~Node() {
  network_.reset();
  caf::anon_send_exit(echo_, caf::exit_reason::kill);
  echo_ = nullptr;
}

std::uint16_t Node::port() {
  if (port_ == 0) port_ = network_->listen(echo_, "127.0.0.1", 0).value();
  return port_;
}

Result<caf::actor> Node::dial(std::uint16_t port) {
  caf::scoped_actor self{*system_};
  Status problem{ErrorCode::internal, "the dialer did not answer"};
  caf::strong_actor_ptr reached;
  self->request(network_->dialer(), kPatience, caf::connect_atom_v, std::string{"127.0.0.1"}, port)
      .receive([&](const caf::node_id&, const caf::strong_actor_ptr& actor,
                   const std::set<std::string>&) { reached = actor; },
               [&](const caf::error& error) { problem = net::dial_status(error); });
  if (reached == nullptr) return problem;
  return caf::actor_cast<caf::actor>(reached);
}

std::string Node::echo(const caf::actor& actor, const std::string& text) {
  caf::scoped_actor self{*system_};
  std::string answer = "no answer";
  self->request(actor, kPatience, text)
      .receive([&](std::string& back) { answer = std::move(back); },
               [&](const caf::error& error) { answer = to_string(error); });
  return answer;
}

}  // namespace weir::test
