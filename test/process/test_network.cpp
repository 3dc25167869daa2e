#include "test/process/test_network.hpp"

#include "test/process/word_count_runs.hpp"

#include <unistd.h>

#include <stdexcept>

namespace weir::test {
namespace {

using Words = std::vector<std::string>;

/// Runs a command; throws what it says if it fails.
void must(Words words) {
  std::string line;
  for (const std::string& word : words) line += word + " ";
  const Ended ended = run_to_end(std::move(words));
  if (ended.code != 0) throw std::runtime_error{line + "failed: " + ended.output};
}

std::unique_ptr<Child> start_until(Words words, const std::string& text) {
  auto child = std::make_unique<Child>(std::move(words));
  if (!child->wait_for(text)) throw std::runtime_error{child->output()};
  return child;
}

std::unique_ptr<Child> make_namespace() {
  return start_until({"unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"}, "ready");
}

Words in(const Child& holder, Words words) {
  words.insert(words.begin(),
               {"nsenter", "--net=/proc/" + std::to_string(holder.pid()) + "/ns/net"});
  return words;
}

/// Device names. A host's cable ends in a port of the switch, a long one in another device there.
std::string device_of(std::size_t host, TestNetwork::End end) {
  return end == TestNetwork::End::host ? "cable" : "port" + std::to_string(host);
}

}  // namespace

std::optional<std::string> TestNetwork::why_impossible() {
  if (::geteuid() != 0) return "network namespaces need root";
  if (run_to_end({"ip", "-V"}).code != 0 || run_to_end({"tc", "-V"}).code != 0)
    return "there is no ip or tc; apt-get install iproute2";
  try {
    const TestNetwork probe{1};
    probe.drop(0, End::host);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return std::nullopt;
}

TestNetwork::TestNetwork(std::size_t hosts) : switch_{make_namespace()} {
  must(in(*switch_, {"ip", "link", "add", "switch", "type", "bridge"}));
  must(in(*switch_, {"ip", "link", "set", "switch", "up"}));
  while (hosts_.size() < hosts) add_host();
}

void TestNetwork::add_host() {
  const std::size_t host = hosts_.size();
  hosts_.push_back(make_namespace());
  const std::string port = device_of(host, End::port);
  const std::string cable = device_of(host, End::host);
  must(in(*switch_, {"ip", "link", "add", port, "type", "veth", "peer", "name", cable, "netns",
                     std::to_string(hosts_.back()->pid())}));
  must(in(*switch_, {"ip", "link", "set", port, "master", "switch", "up"}));
  must(on(host, {"ip", "link", "set", "lo", "up"}));
  must(on(host, {"ip", "address", "add", address(host) + "/24", "dev", cable}));
  must(on(host, {"ip", "link", "set", cable, "up"}));
}

Words TestNetwork::on(std::size_t host, const Words& words) const {
  return in(*hosts_.at(host), words);
}

Words TestNetwork::at(std::size_t host, End end, Words words) const {
  return in(end == End::host ? *hosts_.at(host) : *switch_, std::move(words));
}

void TestNetwork::cut(std::size_t host, End end) const {
  must(at(host, end, {"ip", "link", "set", device_of(host, end), "down"}));
}

void TestNetwork::shape(std::size_t host, End end, const Words& how) const {
  Words words{"tc", "qdisc", "replace", "dev", device_of(host, end), "root"};
  words.insert(words.end(), how.begin(), how.end());
  must(at(host, end, std::move(words)));
}

void TestNetwork::drop(std::size_t host, End end) const {
  // A bucket that is smaller than any packet lets none through. netem is not in every kernel.
  shape(host, end, {"tbf", "rate", "8kbit", "burst", "10", "limit", "10"});
}

void TestNetwork::slow_down(std::size_t host, End end, const std::string& rate) const {
  shape(host, end, {"tbf", "rate", rate, "burst", "64kb", "latency", "300ms"});
}

void TestNetwork::delay(std::size_t host, int milliseconds) {
  if (long_cables_.contains(host)) return;
  const std::string port = device_of(host, End::port);
  const std::string near = "near" + std::to_string(host);
  const std::string far = "far" + std::to_string(host);
  must(in(*switch_, {"ip", "link", "set", port, "nomaster"}));
  must(in(*switch_, {"ip", "link", "add", near, "type", "veth", "peer", "name", far}));
  must(in(*switch_, {"ip", "link", "set", near, "up"}));
  must(in(*switch_, {"ip", "link", "set", far, "master", "switch", "up"}));
  long_cables_[host] = start_until(
      in(*switch_, {program("long_cable"), port, near, std::to_string(milliseconds)}), "ready");
}

void TestNetwork::heal(std::size_t host) {
  for (const End end : {End::host, End::port}) {
    must(at(host, end, {"ip", "link", "set", device_of(host, end), "up"}));
    // It fails if there is nothing to delete.
    run_to_end(at(host, end, {"tc", "qdisc", "delete", "dev", device_of(host, end), "root"}));
  }
  if (long_cables_.erase(host) == 0) return;
  must(in(*switch_, {"ip", "link", "delete", "near" + std::to_string(host)}));
  must(in(*switch_, {"ip", "link", "set", device_of(host, End::port), "master", "switch"}));
}

}  // namespace weir::test
