// Node: an actor system with a network, as a process of a cluster has one.
#pragma once

#include "actors/net/network.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::test {

/// Keeps what is logged, and lets a test wait for it.
class KeptLog final : public base::Logger {
public:
  void write(base::LogLevel level, std::string_view message, Fields fields) override;

  std::vector<std::string> lines() const;
  /// Returns the `count` lines behind the first `seen`, as soon as they are there.
  std::vector<std::string> wait_for(std::size_t count, std::size_t seen) const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable written_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

/// Options that fail soon instead of late, and log each refusal.
net::NetworkOptions quick_options(net::Security security = {});

/// A node whose published actor answers each text with the same text.
class Node {
public:
  explicit Node(net::NetworkOptions options = quick_options());
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  net::Network& network() { return *network_; }
  caf::actor_system& system() { return *system_; }
  const KeptLog& log() const { return log_; }

  /// Publishes the echo on 127.0.0.1 and returns the port; the same one each time.
  std::uint16_t port();
  /// Dials 127.0.0.1.
  Result<caf::actor> dial(std::uint16_t port);
  /// Sends `text` to an actor, and returns what it answers.
  std::string echo(const caf::actor& actor, const std::string& text);
  /// Stops the network, and leaves the actor system alone.
  void stop_network() { network_.reset(); }

private:
  KeptLog log_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<net::Network> network_;
  caf::actor echo_;
  std::uint16_t port_ = 0;
};

}  // namespace weir::test
