#include "test/process/test_network.hpp"

#include "test/process/child.hpp"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace weir::test {
namespace fs = std::filesystem;
namespace {

constexpr const char* kNamespaces = "/run/netns";
constexpr const char* kPrefix = "weir-test-";

/// Runs a command; throws what it says if it fails.
void must(std::vector<std::string> words) {
  std::string line;
  for (const std::string& word : words) line += word + " ";
  const Ended ended = run_to_end(std::move(words));
  if (ended.code != 0) throw std::runtime_error{line + "failed: " + ended.output};
}

std::vector<std::string> in(const std::string& name, std::vector<std::string> words) {
  words.insert(words.begin(), {"ip", "netns", "exec", name});
  return words;
}

/// Removes the namespaces of processes that are no more.
void remove_leftovers() {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator{kNamespaces, none}) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const std::size_t begin = std::string_view{kPrefix}.size();
    const std::string process = name.substr(begin, name.find('-', begin) - begin);
    if (!fs::exists("/proc/" + process)) run_to_end({"ip", "netns", "delete", name});
  }
}

}  // namespace

std::optional<std::string> TestNetwork::why_impossible() {
  if (::geteuid() != 0) return "network namespaces need root";
  if (run_to_end({"ip", "-V"}).code != 0 || run_to_end({"tc", "-V"}).code != 0)
    return "there is no ip or tc; apt-get install iproute2";
  try {
    const TestNetwork probe{1};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return std::nullopt;
}

bool TestNetwork::can_delay() {
  const TestNetwork probe{1};
  try {
    probe.delay(0, End::host, "1ms");
  } catch (const std::runtime_error&) {
    return false;
  }
  return true;
}

TestNetwork::TestNetwork(std::size_t hosts)
    : prefix_{kPrefix + std::to_string(::getpid())}, hosts_{hosts} {
  remove_leftovers();
  try {
    must({"ip", "netns", "add", switch_name()});
    must({"ip", "-n", switch_name(), "link", "add", "switch", "type", "bridge"});
    must({"ip", "-n", switch_name(), "link", "set", "switch", "up"});
    for (std::size_t host = 0; host < hosts_; ++host) add_host(host);
  } catch (const std::runtime_error&) {
    remove();
    throw;
  }
}

TestNetwork::~TestNetwork() {
  remove();
}

void TestNetwork::add_host(std::size_t host) const {
  const std::string name = host_name(host);
  const std::string port = device_of(host, End::port);
  must({"ip", "netns", "add", name});
  must({"ip", "-n", name, "link", "set", "lo", "up"});
  must({"ip", "-n", switch_name(), "link", "add", port, "type", "veth", "peer", "name",
        device_of(host, End::host), "netns", name});
  must({"ip", "-n", switch_name(), "link", "set", port, "master", "switch", "up"});
  must({"ip", "-n", name, "address", "add", address(host) + "/24", "dev",
        device_of(host, End::host)});
  must({"ip", "-n", name, "link", "set", device_of(host, End::host), "up"});
}

/// Devices go with their namespaces.
void TestNetwork::remove() const {
  for (std::size_t host = 0; host < hosts_; ++host)
    run_to_end({"ip", "netns", "delete", host_name(host)});
  run_to_end({"ip", "netns", "delete", switch_name()});
}

std::vector<std::string> TestNetwork::on(std::size_t host,
                                         const std::vector<std::string>& words) const {
  return in(host_name(host), words);
}

std::string TestNetwork::namespace_of(std::size_t host, End end) const {
  return end == End::host ? host_name(host) : switch_name();
}

std::string TestNetwork::device_of(std::size_t host, End end) {
  return end == End::host ? "cable" : "port" + std::to_string(host);
}

void TestNetwork::cut(std::size_t host, End end) const {
  must({"ip", "-n", namespace_of(host, end), "link", "set", device_of(host, end), "down"});
}

void TestNetwork::shape(std::size_t host, End end, std::vector<std::string> how) const {
  std::vector<std::string> words{"tc", "qdisc", "replace", "dev", device_of(host, end), "root"};
  words.insert(words.end(), how.begin(), how.end());
  must(in(namespace_of(host, end), std::move(words)));
}

void TestNetwork::drop(std::size_t host, End end) const {
  // A bucket that is smaller than any packet lets none through.
  shape(host, end, {"tbf", "rate", "8kbit", "burst", "10", "limit", "10"});
}

void TestNetwork::slow_down(std::size_t host, End end, const std::string& rate) const {
  shape(host, end, {"tbf", "rate", rate, "burst", "64kb", "latency", "300ms"});
}

void TestNetwork::delay(std::size_t host, End end, const std::string& time) const {
  shape(host, end, {"netem", "delay", time});
}

void TestNetwork::heal(std::size_t host) const {
  for (const End end : {End::host, End::port}) {
    must({"ip", "-n", namespace_of(host, end), "link", "set", device_of(host, end), "up"});
    // It fails if there is nothing to delete.
    run_to_end(in(namespace_of(host, end),
                  {"tc", "qdisc", "delete", "dev", device_of(host, end), "root"}));
  }
}

}  // namespace weir::test
