// Global snapshots of CAF actors: mailboxes keep the order of each sender, so channels are FIFO.
#include "base/assert.hpp"
#include "base/random.hpp"
#include "test/actors/bank_actors.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <catch2/catch.hpp>

#include <optional>
#include <string>

namespace weir::snapshots::test {
namespace {

constexpr std::size_t kBanks = 5;
constexpr std::int64_t kBalance = 1000;
constexpr std::uint64_t kSnapshotsOfBank = 5;
constexpr std::uint64_t kTransfersPerSnapshot = 100;  // that a bank gets before it begins one

/// A ring, a way back for every second bank, and channels from all banks to themselves.
ProcessGraph graph() {
  ProcessGraph graph;
  for (std::uint32_t i = 0; i < kBanks; ++i) {
    const ProcessId self{i};
    const ProcessId next{static_cast<std::uint32_t>((i + 1) % kBanks)};
    graph.processes.insert(self);
    graph.channels.insert({self, next});
    graph.channels.insert({self, self});
    if (i % 2 == 0) graph.channels.insert({next, self});
  }
  return graph;
}

class Bank {
public:
  Bank(BankActor::pointer actor, ProcessId self)
      : actor_{actor},
        self_{self},
        outputs_{graph().outputs_of(self)},
        random_{static_cast<std::uint64_t>(self)},
        snapshots_{self, graph().inputs_of(self), outputs_,
                   [this] { return std::to_string(balance_); }} {}

  void connect(Peers peers) { peers_ = std::move(peers); }
  void start() {
    for (int i = 0; i < 3; ++i)
      for (const Channel& channel : outputs_) pay(channel);
  }
  void on_transfer(const Transfer& transfer) {
    require(snapshots_.on_message(transfer.channel, std::to_string(transfer.amount)));
    balance_ += transfer.amount;
    pay(outputs_[random_.below(outputs_.size())]);
    if (++received_ % kTransfersPerSnapshot != 0 || begun_ == kSnapshotsOfBank) return;
    ++begun_;
    follow({self_, begun_}, snapshots_.begin(begun_));
  }
  void on_marker(const Marker& marker) {
    follow(marker.id, snapshots_.on_marker(marker.channel, marker.id));
  }

private:
  void pay(const Channel& channel) {
    const auto most = static_cast<std::uint64_t>(balance_) + 1;
    const auto amount = static_cast<std::int64_t>(random_.below(most));
    balance_ -= amount;
    actor_->send(peers_.banks.at(channel.to), Transfer{channel, amount});
  }
  void follow(SnapshotId id, Result<SnapshotStep> step) {
    require(step.status());
    for (const Channel& channel : step->markers)
      actor_->send(peers_.banks.at(channel.to), Marker{channel, id});
    if (step->part) actor_->send(peers_.collector, std::move(*step->part));
  }
  static void require(const Status& status) {
    WEIR_ASSERT(status.ok(), "a channel of actors is not FIFO, or the graph is wrong");
  }

  BankActor::pointer actor_;
  ProcessId self_;
  std::vector<Channel> outputs_;
  base::Random random_;
  ChandyLamport snapshots_;
  Peers peers_;
  std::int64_t balance_ = kBalance;
  std::uint64_t received_ = 0;
  std::uint64_t begun_ = 0;
};

// A constructor keeps CAF from initialising the state with the actor's address.
struct BankState {
  BankState() = default;

  std::optional<Bank> bank;
};

BankActor::behavior_type spawn_bank(BankActor::stateful_pointer<BankState> self, ProcessId id) {
  Bank& bank = self->state.bank.emplace(self, id);
  return {[&bank](Peers& peers) { bank.connect(std::move(peers)); }, [&bank](Go) { bank.start(); },
          [&bank](const Transfer& transfer) { bank.on_transfer(transfer); },
          [&bank](const Marker& marker) { bank.on_marker(marker); }};
}

struct Config : caf::actor_system_config {
  Config() {
    add_message_types<caf::id_block::weir_banks>();
    set("scheduler.max-threads", 4);
  }
};

std::int64_t money_in(const GlobalSnapshot& snapshot) {
  std::int64_t sum = 0;
  for (const auto& [bank, balance] : snapshot.states) sum += std::stoll(balance);
  for (const auto& [channel, transfers] : snapshot.channels)
    for (const Bytes& amount : transfers) sum += std::stoll(amount);
  return sum;
}

}  // namespace

TEST_CASE("global snapshots of actors that pay each other add up", "[chandy_lamport]") {
  Config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  Peers peers{{}, caf::actor_cast<CollectorActor>(self.ptr())};
  for (const ProcessId id : graph().processes) peers.banks[id] = system.spawn(spawn_bank, id);
  for (const auto& [id, bank] : peers.banks) self->send(bank, peers);
  for (const auto& [id, bank] : peers.banks) self->send(bank, Go{});

  SnapshotCollector collector{graph()};
  std::size_t complete = 0;
  while (complete != kBanks * kSnapshotsOfBank) {
    self->receive([&](ProcessSnapshot& part) {
      const auto whole = collector.add(std::move(part));
      REQUIRE(whole.ok());
      if (!*whole) return;
      ++complete;
      CHECK(money_in(**whole) == kBalance * static_cast<std::int64_t>(kBanks));
    });
  }
  CHECK(collector.under_way() == 0);
  for (const auto& [id, bank] : peers.banks) caf::anon_send_exit(bank, caf::exit_reason::kill);
}

}  // namespace weir::snapshots::test
