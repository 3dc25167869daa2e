// Processes of a random strongly connected graph send each other money while some of them begin
// snapshots. What really happened is written down with vector clocks; each snapshot must be a cut
// through it.
#include "base/random.hpp"
#include "test/support/swarm.hpp"

#include <weir/chandy_lamport.hpp>
#include <weir/codec.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>

using namespace weir;
using namespace weir::snapshots;

namespace {

using Clock = std::vector<std::uint64_t>;  // by process: how many of its events are known

struct Account {
  std::int64_t balance = 0;
  Clock clock;
};
struct Transfer {
  std::int64_t amount = 0;
  std::uint64_t serial = 0;  // no two are equal, so that a snapshot cannot mistake one for another
  Clock clock;
};

template <class T>
Bytes to_bytes(const T& value) {
  ByteWriter out;
  encode(value, out);
  return out.take();
}
template <class T>
T from_bytes(const Bytes& bytes) {
  ByteReader in{bytes};
  T value = decode<T>(in);
  REQUIRE((in.ok() && in.at_end()));
  return value;
}

ProcessId process(std::size_t index) {
  return static_cast<ProcessId>(index);
}
std::size_t index(ProcessId process) {
  return static_cast<std::size_t>(process);
}

/// Any strongly connected graph: one process, then ears, which leave what is there, pass through
/// new processes and come back. An ear without new processes is one more channel, perhaps a second
/// one with the same ends, perhaps one from a process to itself.
ProcessGraph random_graph(base::Random& random) {
  ProcessGraph graph{.processes = {process(0)}, .channels = {}};
  const auto any = [&] { return process(random.below(graph.processes.size())); };
  const auto connect = [&](ProcessId from, ProcessId to) {
    Channel channel{from, to};
    while (!graph.channels.insert(channel).second) ++channel.lane;
  };
  for (std::uint64_t ears = random.below(6); ears != 0; --ears) {
    ProcessId at = any();
    const ProcessId end = any();
    for (std::uint64_t length = random.below(4); length != 0; --length) {
      const ProcessId next = process(graph.processes.size());
      graph.processes.insert(next);
      connect(at, next);
      at = next;
    }
    connect(at, end);
  }
  return graph;
}

/// What is known of a message when all is over.
struct Sent {
  Bytes bytes;
  std::uint64_t at = 0;        // the sender's event
  std::uint64_t received = 0;  // the receiver's event
};

class World {
public:
  explicit World(std::uint64_t seed) : random_{seed}, graph_{random_graph(random_)} {
    accounts_.resize(graph_.processes.size());
    begun_.resize(accounts_.size());
    for (const Channel& channel : graph_.channels) channels_[channel];
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      accounts_[i] = {1000, Clock(accounts_.size())};
      processes_.emplace_back(process(i), graph_.inputs_of(process(i)),
                              graph_.outputs_of(process(i)),
                              [this, i] { return to_bytes(accounts_[i]); });
    }
  }

  void run() {
    for (std::uint64_t steps = 20 + random_.below(150); steps != 0; --steps) step();
    while (deliver()) {
    }
    std::size_t begun = 0;
    for (const auto& clocks : begun_) begun += clocks.size();
    REQUIRE(complete_.size() == begun);
    REQUIRE(collector_.under_way() == 0);
    REQUIRE(markers_ == begun * graph_.channels.size());
    for (const ChandyLamport& p : processes_) REQUIRE(p.under_way() == 0);
    for (const GlobalSnapshot& snapshot : complete_) check(snapshot);
  }

  std::size_t snapshots() const { return complete_.size(); }
  std::uint64_t in_channels() const { return in_channels_; }
  std::size_t at_once() const { return at_once_; }

private:
  struct Item {
    std::optional<SnapshotId> marker;
    Bytes message;
  };

  void step() {
    switch (random_.below(20)) {
      case 0: return begin(random_.below(processes_.size()));
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
      case 8: return send();
      default: deliver();
    }
  }

  void begin(std::size_t i) {
    begun_[i].push_back(accounts_[i].clock[i]);
    const SnapshotId id{process(i), begun_[i].size()};
    follow(id, processes_[i].begin(id.number));
    at_once_ = std::max(at_once_, collector_.under_way());
  }

  void send() {
    if (channels_.empty()) return;
    auto at = channels_.begin();
    for (std::uint64_t n = random_.below(channels_.size()); n != 0; --n) ++at;
    auto& [channel, items] = *at;
    const std::size_t from = index(channel.from);
    Account& account = accounts_[from];
    ++account.clock[from];
    const auto amount = static_cast<std::int64_t>(random_.below(100));
    account.balance -= amount;
    const Bytes bytes = to_bytes(Transfer{amount, ++serial_, account.clock});
    history_[channel].push_back({bytes, account.clock[from]});
    items.push_back({std::nullopt, bytes});
  }

  /// The next item of any channel arrives; false: all are empty.
  bool deliver() {
    std::vector<Channel> full;
    for (const auto& [channel, items] : channels_)
      if (!items.empty()) full.push_back(channel);
    if (full.empty()) return false;
    const Channel channel = full[random_.below(full.size())];
    const Item item = std::move(channels_[channel].front());
    channels_[channel].pop_front();
    if (item.marker)
      follow(*item.marker, processes_[index(channel.to)].on_marker(channel, *item.marker));
    else
      receive(channel, item.message);
    return true;
  }

  void receive(const Channel& channel, const Bytes& message) {
    const std::size_t to = index(channel.to);
    REQUIRE(processes_[to].on_message(channel, message).ok());
    const auto transfer = from_bytes<Transfer>(message);
    Account& account = accounts_[to];
    for (std::size_t i = 0; i < account.clock.size(); ++i)
      account.clock[i] = std::max(account.clock[i], transfer.clock[i]);
    ++account.clock[to];
    account.balance += transfer.amount;
    history_[channel][received_[channel]++].received = account.clock[to];
  }

  void follow(SnapshotId id, Result<SnapshotStep> step) {
    REQUIRE(step.ok());
    for (const Channel& channel : step->markers) channels_[channel].push_back({id, {}});
    markers_ += step->markers.size();
    if (!step->part) return;
    auto whole = collector_.add(std::move(*step->part));
    REQUIRE(whole.ok());
    if (*whole) complete_.push_back(std::move(**whole));
  }

  void check(const GlobalSnapshot& snapshot) {
    std::vector<Account> cut;
    for (const auto& [p, state] : snapshot.states) cut.push_back(from_bytes<Account>(state));
    REQUIRE(cut.size() == accounts_.size());
    const std::size_t initiator = index(snapshot.id.initiator);
    REQUIRE(cut[initiator].clock[initiator] == begun_[initiator][snapshot.id.number - 1]);
    // Nobody inside of the cut knows of an event outside of it.
    for (const Account& account : cut)
      for (std::size_t i = 0; i < cut.size(); ++i) REQUIRE(account.clock[i] <= cut[i].clock[i]);

    std::int64_t sum = 0;
    for (const Account& account : cut) sum += account.balance;
    REQUIRE(snapshot.channels.size() == graph_.channels.size());
    for (const auto& [channel, messages] : snapshot.channels) {
      const std::size_t from = index(channel.from);
      const std::size_t to = index(channel.to);
      REQUIRE(messages == crossing(channel, cut[from].clock[from], cut[to].clock[to]));
      in_channels_ += messages.size();
      for (const Bytes& message : messages) sum += from_bytes<Transfer>(message).amount;
    }
    REQUIRE(sum == 1000 * static_cast<std::int64_t>(cut.size()));
  }

  /// What was sent until the sender's event `sent`, and received after the receiver's `received`.
  std::vector<Bytes> crossing(const Channel& channel, std::uint64_t sent, std::uint64_t received) {
    std::vector<Bytes> messages;
    for (const Sent& message : history_[channel]) {
      if (message.at <= sent && message.received > received) messages.push_back(message.bytes);
      REQUIRE((message.at <= sent || message.received > received));
    }
    return messages;
  }

  base::Random random_;
  ProcessGraph graph_;
  std::vector<Account> accounts_;                  // by process
  std::vector<ChandyLamport> processes_;           // likewise
  std::vector<std::vector<std::uint64_t>> begun_;  // likewise: its events before each snapshot
  std::map<Channel, std::deque<Item>> channels_;
  std::map<Channel, std::vector<Sent>> history_;
  std::map<Channel, std::size_t> received_;
  SnapshotCollector collector_{graph_};
  std::vector<GlobalSnapshot> complete_;
  std::uint64_t serial_ = 0;
  std::size_t markers_ = 0;
  std::uint64_t in_channels_ = 0;  // messages in all snapshots
  std::size_t at_once_ = 0;        // the most snapshots under way at the collector
};

}  // namespace

TEST_CASE("on any strongly connected graph each snapshot is a consistent cut",
          "[chandy_lamport][swarm]") {
  test::for_each_seed(1000, [](std::uint64_t seed) {
    CAPTURE(seed);
    World{seed}.run();
    return test::Figures{.plans = 1};
  });
}

TEST_CASE("random snapshots cut through traffic, and through one another", "[chandy_lamport]") {
  std::size_t snapshots = 0;
  std::uint64_t in_channels = 0;
  std::size_t at_once = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    World world{seed};
    world.run();
    snapshots += world.snapshots();
    in_channels += world.in_channels();
    at_once = std::max(at_once, world.at_once());
  }
  CHECK(snapshots > 300);
  CHECK(in_channels > 3 * snapshots);
  CHECK(at_once >= 5);
}
