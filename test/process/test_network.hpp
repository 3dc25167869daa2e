// TestNetwork: hosts with addresses of their own, on one switch. Hosts are network namespaces of
// this machine; whatever runs on one of them shares all the rest with this process.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

/// Needs root and iproute2. Names begin with the number of this process; everything goes with the
/// object, and what processes that were killed have left behind goes with the next one.
class TestNetwork {
public:
  /// Why there can be no such network here, or none.
  static std::optional<std::string> why_impossible();
  /// Whether the kernel can delay packets (netem).
  static bool can_delay();

  explicit TestNetwork(std::size_t hosts);
  ~TestNetwork();
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;

  static std::string address(std::size_t host) { return "10.77.0." + std::to_string(host + 1); }
  /// Returns the command line that runs another one on a host.
  std::vector<std::string> on(std::size_t host, const std::vector<std::string>& words) const;

  /// The two ends of a host's cable. What leaves `host` is what the host sends.
  enum class End { host, port };

  /// Takes one end of the cable down: nothing passes in either direction.
  void cut(std::size_t host, End end) const;
  /// Drops all packets that leave this end.
  void drop(std::size_t host, End end) const;
  /// Lets so many bits a second leave this end, such as "20mbit".
  void slow_down(std::size_t host, End end, const std::string& rate) const;
  /// Delays what leaves this end, such as by "200ms".
  void delay(std::size_t host, End end, const std::string& time) const;
  /// Undoes everything that was done to the host's cable.
  void heal(std::size_t host) const;

private:
  std::string switch_name() const { return prefix_ + "-switch"; }
  std::string host_name(std::size_t host) const { return prefix_ + "-" + std::to_string(host); }
  std::string namespace_of(std::size_t host, End end) const;
  static std::string device_of(std::size_t host, End end);
  void add_host(std::size_t host) const;
  void shape(std::size_t host, End end, std::vector<std::string> how) const;
  void remove() const;

  std::string prefix_;
  std::size_t hosts_;
};

}  // namespace weir::test
