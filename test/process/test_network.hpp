// TestNetwork: hosts with addresses of their own, on one switch. Hosts are network namespaces of
// this machine; whatever runs on one of them shares all the rest with this process.
//
// Namespaces have no names: each exists as long as a process that does nothing, and whatever runs
// in it. So networks of several tests do not meet, and none is left behind by a test that is
// killed.
#pragma once

#include "test/process/child.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

/// Needs root and iproute2. Throws std::runtime_error if a command fails.
class TestNetwork {
public:
  /// Why there can be no such network here, or none.
  static std::optional<std::string> why_impossible();

  explicit TestNetwork(std::size_t hosts);

  static std::string address(std::size_t host) { return "10.77.0." + std::to_string(host + 1); }
  /// Returns the command line that runs another one on a host, as the same process.
  std::vector<std::string> on(std::size_t host, const std::vector<std::string>& words) const;

  /// The two ends of a host's cable. What leaves `host` is what the host sends.
  enum class End { host, port };

  /// Takes one end of the cable down: nothing passes in either direction.
  void cut(std::size_t host, End end) const;
  /// Drops all packets that leave this end.
  void drop(std::size_t host, End end) const;
  /// Lets so many bits a second leave this end, such as "20mbit".
  void slow_down(std::size_t host, End end, const std::string& rate) const;
  /// Delays everything by so many milliseconds, in either direction; no effect if it is delayed.
  void delay(std::size_t host, int milliseconds);
  /// Undoes everything that was done to the host's cable.
  void heal(std::size_t host);

private:
  void add_host();
  /// Returns the command line that runs another one in the namespace of an end.
  std::vector<std::string> at(std::size_t host, End end, std::vector<std::string> words) const;
  void shape(std::size_t host, End end, const std::vector<std::string>& how) const;

  std::unique_ptr<Child> switch_;
  std::vector<std::unique_ptr<Child>> hosts_;
  std::map<std::size_t, std::unique_ptr<Child>> long_cables_;  // by host
};

}  // namespace weir::test
