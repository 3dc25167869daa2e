// Random faults in a network of four machines: flows survive them, and equal seeds are equal runs.
#include "test/simulation/network/toy_actors.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>

using namespace std::chrono_literals;
using namespace weir;
using simulation::SimNetwork;
using test::Flow;

namespace {

/// Machines of which each dials all after it.
class Chaos {
public:
  explicit Chaos(std::uint64_t seed, bool keep_trace = false)
      : network_{{.seed = seed, .keep_trace = keep_trace}}, random_{seed ^ 0xc4a05} {
    for (std::size_t to = 0; to < kHosts.size(); ++to)
      for (std::size_t from = 0; from < to; ++from)
        flows_.push_back({from, to, Flow{.network = &network_, .items_max = 100}});
    for (std::size_t host = 0; host < kHosts.size(); ++host) start(host);
  }

  void disturb(int faults) {
    for (int i = 0; i < faults; ++i) {
      disturb_once();
      network_.run_for(std::chrono::milliseconds{random_.below(4000)});
    }
  }

  void repair() {
    for (std::size_t host = 0; host < kHosts.size(); ++host) {
      network_.wake(kHosts[host]);
      if (!network_.is_running(kHosts[host])) start(host);
      for (const std::string& other : kHosts)
        if (other != kHosts[host]) network_.heal(kHosts[host], other);
    }
  }

  bool completes(Duration limit) {
    return network_.run_until(
        [&] {
          return std::all_of(flows_.begin(), flows_.end(),
                             [](const auto& entry) { return entry.flow.is_complete(); });
        },
        limit);
  }

  std::uint64_t gaps() const {
    std::uint64_t gaps = 0;
    for (const auto& entry : flows_) gaps += entry.flow.gaps;
    return gaps;
  }
  std::uint64_t sessions() const {
    std::uint64_t sessions = 0;
    for (const auto& entry : flows_) sessions += entry.flow.sessions;
    return sessions;
  }
  std::uint64_t deaths() const { return deaths_; }
  std::string stuck() const {
    std::string text;
    for (const auto& [from, to, flow] : flows_)
      if (!flow.is_complete())
        text += kHosts[from] + "->" + kHosts[to] + " session " + std::to_string(flow.session) +
                " of " + std::to_string(flow.sessions) + ", " + std::to_string(flow.items) + "\n";
    return text;
  }
  const SimNetwork& network() const { return network_; }

private:
  struct Entry {
    std::size_t from;
    std::size_t to;
    Flow flow;
  };
  static const std::vector<std::string> kHosts;

  void start(std::size_t host) {
    auto& node = test::start(network_, kHosts[host],
                             {.heartbeat_interval = 500ms, .connection_timeout = 3s});
    for (auto& [from, to, flow] : flows_) {
      const auto port = static_cast<std::uint16_t>(test::kSinkPort + from);
      if (to == host) test::spawn_sink(node, flow, port);
      if (from == host) test::spawn_source(node, flow, kHosts[to], port);
    }
  }

  void disturb_once() {
    const std::size_t at = random_.below(kHosts.size());
    const std::string& host = kHosts[at];
    const std::string& other = kHosts[(at + 1 + random_.below(kHosts.size() - 1)) % kHosts.size()];
    switch (random_.below(10)) {
      case 0:
        if (network_.is_running(host)) network_.kill(host), ++deaths_;
        break;
      case 1:
        if (network_.is_running(host)) network_.power_off(host), ++deaths_;
        break;
      case 2:
      case 3:
        if (!network_.is_running(host)) start(at);
        break;
      case 4: network_.freeze(host); break;
      case 5: network_.wake(host); break;
      case 6: network_.cut(host, other); break;
      case 7: network_.heal(host, other); break;
      case 8: network_.reset(host, other); break;
      case 9: network_.stall(host, other, std::chrono::milliseconds{random_.below(3000)}); break;
    }
  }

  SimNetwork network_;
  base::Random random_;
  std::deque<Entry> flows_;
  std::uint64_t deaths_ = 0;
};

const std::vector<std::string> Chaos::kHosts{"ann", "ben", "cat", "dan"};

const char* const kSameSeeds = "equal seeds give equal runs in every process";

/// Runs this program again; returns the hash that it prints.
std::string trace_of_another_process(std::uint64_t seed) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      "WEIR_PRINT_TRACE=" + std::to_string(seed) + " '" + self + "' '" + kSameSeeds + "'";
  FILE* output = popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  std::string text;
  for (int c = 0; (c = std::fgetc(output)) != EOF;) text += static_cast<char>(c);
  REQUIRE(pclose(output) == 0);
  const std::size_t begin = text.find("trace=");
  REQUIRE(begin != std::string::npos);
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string trace_of(std::uint64_t seed) {
  Chaos chaos{seed};
  chaos.disturb(20);
  return "trace=" + std::to_string(chaos.network().trace().hash());
}

}  // namespace

TEST_CASE("flows survive whatever befalls machines and cables", "[network]") {
  test::for_each_seed(20, [](std::uint64_t seed) {
    CAPTURE(seed);
    Chaos chaos{seed};
    chaos.disturb(20);
    chaos.repair();
    const bool done = chaos.completes(20min);
    INFO(chaos.stuck());
    REQUIRE(done);
    CHECK(chaos.gaps() == 0);
    return test::Figures{.plans = 1, .deaths = chaos.deaths()};
  });
}

TEST_CASE("equal seeds give equal runs", "[network]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Chaos one{seed, true};
    Chaos other{seed, true};
    Chaos different{seed + 1000, true};
    for (Chaos* chaos : {&one, &other, &different}) chaos->disturb(20);
    const auto& mine = one.network().trace().lines();
    const auto& others = other.network().trace().lines();
    const auto differs = std::mismatch(mine.begin(), mine.end(), others.begin(), others.end());
    if (differs.first != mine.end() && differs.second != others.end()) {
      INFO(*differs.first << " | " << *differs.second);
      REQUIRE(differs.first == mine.end());
    }
    REQUIRE(mine.size() == others.size());
    CHECK(one.network().trace().hash() == other.network().trace().hash());
    CHECK(one.network().trace().hash() != different.network().trace().hash());
  }
}

TEST_CASE(kSameSeeds, "[network]") {
  if (const char* seed = std::getenv("WEIR_PRINT_TRACE")) {
    std::puts(trace_of(std::stoull(seed)).c_str());
    return;
  }
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    CHECK(trace_of(seed) == trace_of_another_process(seed));
}
