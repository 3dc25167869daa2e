// Membership: who is admitted, refused, ready, lost and fenced.
#include "runtime/cluster/worker_table.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

using Ids = std::set<WorkerId>;

WorkerInfo worker(const std::string& name, std::uint16_t port) {
  return {.name = name, .host = "host", .port = port, .slots = 2, .protocol = 1, .build = "b"};
}

template <class A>
const A* find(const ClusterActions& actions) {
  for (const ClusterAction& action : actions) {
    if (const A* found = std::get_if<A>(&action)) return found;
  }
  return nullptr;
}

/// Registers and returns the id, or 0 if that was refused.
WorkerId join(WorkerTable& table, const std::string& name, std::uint16_t port, Duration now = 0s,
              std::uint64_t nonce = 0) {
  static std::uint64_t last_nonce = 0;
  const auto actions =
      table.on_register(worker(name, port), nonce == 0 ? ++last_nonce : nonce, now);
  const Admit* admit = find<Admit>(actions);
  return admit == nullptr ? WorkerId{} : admit->id;
}

std::string refusal(WorkerTable& table, const WorkerInfo& info, Duration now = 0s) {
  const auto actions = table.on_register(info, 99, now);
  REQUIRE(actions.size() == 1);
  const Refuse* refuse = find<Refuse>(actions);
  REQUIRE(refuse != nullptr);
  CHECK_FALSE(refuse->status.ok());
  return refuse->status.message();
}

bool mentions(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

/// Three workers, all connected and ready.
struct Trio {
  WorkerTable table{{}};
  WorkerId a = join(table, "a", 1);
  WorkerId b = join(table, "b", 2);
  WorkerId c = join(table, "c", 3);

  Trio() {
    connect(a, {b, c});
    connect(b, {a, c});
    connect(c, {a, b});
    REQUIRE(ready() == Ids{a, b, c});
  }

  ClusterActions connect(WorkerId id, const Ids& peers) {
    return table.on_connections(id, peers, 0s);
  }

  Ids ready() const {
    Ids ids;
    for (const Member& member : table.view().members) {
      if (member.state == WorkerState::ready) ids.insert(member.id);
    }
    return ids;
  }
};

}  // namespace

TEST_CASE("each registration gets the next id, and all members hear of it", "[cluster]") {
  WorkerTable table{{}};
  CHECK_FALSE(table.next_wake());
  const auto actions = table.on_register(worker("a", 1), 7, 0s);
  REQUIRE(actions.size() == 2);
  CHECK(find<Admit>(actions)->id == WorkerId{1});
  CHECK(find<Admit>(actions)->info == worker("a", 1));
  CHECK(find<Announce>(actions)->view == table.view());
  CHECK(table.view().version == 1);
  CHECK(table.state_of(WorkerId{1}) == WorkerState::ready);  // there is nobody to connect to
  CHECK(join(table, "b", 2) == WorkerId{2});
  CHECK(table.view().version == 2);
  CHECK(table.state_of(WorkerId{2}) == WorkerState::joining);
  CHECK(table.next_wake());
}

TEST_CASE("a master that takes over begins above the ids of its predecessor", "[cluster]") {
  WorkerTable table{{.last_id = WorkerId{41}}};
  CHECK(join(table, "a", 1) == WorkerId{42});
}

TEST_CASE("a registration without what a member needs is refused with the cure", "[cluster]") {
  WorkerTable table{{.protocol = 3}};
  WorkerInfo info = worker("w", 1);
  info.protocol = 3;
  const WorkerInfo good = info;
  info.slots = 0;
  CHECK(mentions(refusal(table, info), "worker w (host:1) offers 0 slots; start it with --slots"));
  info = good;
  info.name = "";
  CHECK(mentions(refusal(table, info), "--name"));
  info = good;
  info.host = "";
  CHECK(mentions(refusal(table, info), "--listen HOST:PORT"));
  info = good;
  info.port = 0;
  CHECK(mentions(refusal(table, info), "--listen HOST:PORT"));
  info = good;
  info.protocol = 2;
  CHECK(mentions(refusal(table, info), "protocol version 2, this cluster version 3"));
  CHECK(table.view().members.empty());
  CHECK(table.view().version == 0);
  CHECK(find<Admit>(table.on_register(good, 1, 0s)) != nullptr);
}

TEST_CASE("a registration that is repeated gets the same answer", "[cluster]") {
  WorkerTable table{{}};
  const WorkerId id = join(table, "a", 1, 0s, 5);
  const auto again = table.on_register(worker("a", 1), 5, 1s);
  CHECK(find<Admit>(again)->id == id);
  CHECK(find<WorkerLost>(again) == nullptr);
  CHECK(find<Announce>(again)->view.version == 1);
  CHECK(table.view().members.size() == 1);
}

TEST_CASE("a process that restarts takes the place of the one before it", "[cluster]") {
  for (const std::string name : {"a", "renamed"}) {
    Trio trio;
    const auto actions = trio.table.on_register(worker(name, 1), 1000, 1s);
    const WorkerLost* lost = find<WorkerLost>(actions);
    REQUIRE(lost != nullptr);
    CHECK(lost->worker.id == trio.a);
    CHECK(lost->worker.state == WorkerState::ready);
    CHECK(lost->reason == LossReason::replaced);
    CHECK(mentions(lost->text, "worker a (host:1) is lost: a new process registered as " + name));
    CHECK(find<Admit>(actions)->id == WorkerId{4});
    CHECK(trio.table.state_of(trio.a) == WorkerState::gone);
    CHECK(trio.table.state_of(WorkerId{4}) == WorkerState::joining);
  }
}

TEST_CASE("two living workers cannot have one name", "[cluster]") {
  WorkerTable table{{.heartbeat = {.interval = 500ms, .timeout = 3s}}};
  const WorkerId first = join(table, "a", 1, 0s);
  CHECK(mentions(refusal(table, worker("a", 2), 1s),
                 "has the name of worker a (host:1), which is alive; give each its own name"));
  CHECK(table.state_of(first) == WorkerState::ready);
  (void)table.on_tick(500ms);
  (void)table.on_tick(1000ms);
  // Moved to another address while the old process has fallen silent.
  const auto actions = table.on_register(worker("a", 2), 50, 1500ms);
  CHECK(find<WorkerLost>(actions)->worker.id == first);
  CHECK(find<Admit>(actions)->id == WorkerId{2});
}

TEST_CASE("a worker of which something is read is alive, though no message of it comes",
          "[cluster]") {
  WorkerTable table{{}};
  const WorkerId busy = join(table, "busy", 1);
  const WorkerId silent = join(table, "silent", 2);
  for (Duration now = 1s; now <= 10s; now += 500ms) {
    table.on_sign(busy, now);
    table.on_tick(now);
  }
  CHECK(table.view().find(busy) != nullptr);
  CHECK(table.view().find(silent) == nullptr);
  CHECK(mentions(refusal(table, worker("busy", 3), 10s), "which is alive"));
}

TEST_CASE("a newcomer is ready when it and every ready worker are connected", "[cluster]") {
  Trio trio;
  const WorkerId d = join(trio.table, "d", 4);
  CHECK(trio.table.state_of(d) == WorkerState::joining);
  CHECK(trio.table.missing_connections(d).size() == 3);
  CHECK(trio.connect(d, {trio.a, trio.b, trio.c}).empty());  // the others have not said so
  CHECK(trio.connect(trio.a, {trio.b, trio.c, d}).empty());
  CHECK(trio.connect(trio.b, {trio.a, trio.c, d}).empty());
  CHECK(trio.table.missing_connections(d) == std::vector{worker("c", 3)});
  const auto actions = trio.connect(trio.c, {trio.a, trio.b, d});
  REQUIRE(actions.size() == 1);
  CHECK(find<Announce>(actions)->view.find(d)->state == WorkerState::ready);
  CHECK(trio.connect(trio.c, {trio.a, trio.b, d}).empty());  // nothing new
}

TEST_CASE("of two newcomers each must be connected to the other", "[cluster]") {
  WorkerTable table{{}};
  const WorkerId a = join(table, "a", 1);
  const WorkerId b = join(table, "b", 2);
  const WorkerId c = join(table, "c", 3);
  (void)table.on_connections(a, {b, c}, 0s);
  (void)table.on_connections(c, {a}, 0s);
  CHECK(table.state_of(c) == WorkerState::ready);
  (void)table.on_connections(b, {a}, 0s);
  CHECK(table.state_of(b) == WorkerState::joining);  // c became ready first
  (void)table.on_connections(b, {a, c}, 0s);
  (void)table.on_connections(c, {a, b}, 0s);
  CHECK(table.state_of(b) == WorkerState::ready);
}

TEST_CASE("of two ready workers that lose each other the newer waits", "[cluster]") {
  Trio trio;
  CHECK(find<Announce>(trio.connect(trio.b, {trio.a})) != nullptr);
  CHECK(trio.ready() == Ids{trio.a, trio.b});
  CHECK(trio.table.state_of(trio.c) == WorkerState::joining);
  (void)trio.connect(trio.b, {trio.a, trio.c});
  CHECK(trio.ready() == Ids{trio.a, trio.b, trio.c});
}

TEST_CASE("a worker that is cut off from all others is the one that waits", "[cluster]") {
  Trio trio;
  (void)trio.connect(trio.b, {trio.c});
  (void)trio.connect(trio.c, {trio.b});
  CHECK(trio.ready() == Ids{trio.b, trio.c});
  CHECK(trio.table.state_of(trio.a) == WorkerState::joining);
  // It has been ready: it is so again when the others are gone.
  (void)trio.table.on_closed(trio.b);
  (void)trio.table.on_closed(trio.c);
  CHECK(trio.ready() == Ids{trio.a});
}

TEST_CASE("a draining worker hinders nobody and never becomes ready again", "[cluster]") {
  Trio trio;
  const auto actions = trio.table.on_drain(trio.c);
  CHECK(find<Announce>(actions)->view.find(trio.c)->state == WorkerState::draining);
  CHECK(trio.table.on_drain(trio.c).empty());
  CHECK(trio.table.on_drain(WorkerId{77}).empty());
  const WorkerId d = join(trio.table, "d", 4);
  (void)trio.connect(d, {trio.a, trio.b});
  (void)trio.connect(trio.a, {trio.b, trio.c, d});
  (void)trio.connect(trio.b, {trio.a, trio.c, d});
  CHECK(trio.ready() == Ids{trio.a, trio.b, d});
  (void)trio.connect(trio.c, {trio.a, trio.b, d});
  CHECK(trio.table.state_of(trio.c) == WorkerState::draining);
  const auto left = trio.table.on_left(trio.c);
  CHECK(find<WorkerLost>(left)->reason == LossReason::left);
  CHECK(find<WorkerLost>(left)->worker.state == WorkerState::draining);
}

TEST_CASE("a newcomer that drains before it was ready hinders nobody", "[cluster]") {
  WorkerTable table{{}};
  const WorkerId a = join(table, "a", 1);
  const WorkerId b = join(table, "b", 2);
  (void)table.on_drain(b);
  (void)table.on_connections(b, {a}, 0s);
  const WorkerId c = join(table, "c", 3);
  (void)table.on_connections(c, {a}, 0s);
  (void)table.on_connections(a, {b, c}, 0s);
  CHECK(table.state_of(b) == WorkerState::draining);
  CHECK(table.state_of(c) == WorkerState::ready);
}

TEST_CASE("a worker is lost once: by silence, a closed connection, or its own word", "[cluster]") {
  Trio trio;
  const auto closed = trio.table.on_closed(trio.a);
  CHECK(find<WorkerLost>(closed)->reason == LossReason::closed);
  CHECK(find<WorkerLost>(closed)->text == "worker a (host:1) is lost: its connection broke");
  CHECK(find<Announce>(closed)->view.members.size() == 2);
  CHECK(trio.table.on_closed(trio.a).empty());
  CHECK(trio.table.on_left(trio.a).empty());
  const auto left = trio.table.on_left(trio.b);
  CHECK(find<WorkerLost>(left)->text == "worker b (host:2) is lost: it has left the cluster");
  ClusterActions silent;
  Duration at{};
  while (silent.empty()) {
    at = trio.table.next_wake().value();
    REQUIRE(at <= 60s);
    silent = trio.table.on_tick(at);
  }
  CHECK(at == 3s);
  CHECK(find<WorkerLost>(silent)->worker.id == trio.c);
  CHECK(find<WorkerLost>(silent)->reason == LossReason::silent);
  CHECK(mentions(find<WorkerLost>(silent)->text, "heartbeat.timeout (3 s)"));
  CHECK(trio.table.view().members.empty());
  CHECK_FALSE(trio.table.next_wake());
}

TEST_CASE("a member that left is no longer waited for", "[cluster]") {
  Trio trio;
  for (const WorkerId id : {trio.a, trio.b, trio.c}) (void)trio.table.on_left(id);
  CHECK_FALSE(trio.table.next_wake());
}

TEST_CASE("whoever was cut off and returns is told to register anew, and gets another id",
          "[cluster]") {
  Trio trio;
  (void)trio.table.on_closed(trio.b);
  for (const auto& actions :
       {trio.table.on_heard(trio.b, 1s), trio.connect(trio.b, {trio.a, trio.c})}) {
    REQUIRE(actions.size() == 1);
    CHECK(find<RegisterAnew>(actions)->id == trio.b);
  }
  CHECK(trio.ready() == Ids{trio.a, trio.c});
  CHECK(join(trio.table, "b", 2, 1s) == WorkerId{4});
  CHECK(find<RegisterAnew>(trio.table.on_heard(trio.b, 1s)) != nullptr);
  CHECK(trio.table.on_heard(WorkerId{4}, 1s).empty());
}

TEST_CASE("of any two members the newer dials the older", "[cluster]") {
  Trio trio;
  const Membership& view = trio.table.view();
  CHECK(to_dial(view, trio.a, {}).empty());
  CHECK(to_dial(view, trio.c, {}) == std::vector{*view.find(trio.a), *view.find(trio.b)});
  CHECK(to_dial(view, trio.c, {trio.a}) == std::vector{*view.find(trio.b)});
  CHECK(to_dial(view, WorkerId{9}, {}).empty());  // it has been fenced
}

namespace {

/// Random events, with a second account of what they must lead to.
class RandomCluster {
public:
  explicit RandomCluster(std::uint64_t seed) : random_{seed} {}

  void step() {
    const ClusterActions actions = act();
    const std::uint64_t version = version_;
    for (const ClusterAction& action : actions) take(action);
    CHECK((table_.view().version == version_));
    CHECK(version_ <= version + 1);
    check();
  }

  /// Everybody is connected to everybody: all that are not draining are ready.
  void settle() {
    Ids all;
    for (const Member& member : table_.view().members) all.insert(member.id);
    for (const WorkerId id : all) {
      Ids others = all;
      others.erase(id);
      connected_[id] = others;
      for (const ClusterAction& action : table_.on_connections(id, others, now_)) take(action);
    }
    for (const Member& member : table_.view().members) CHECK(member.state != WorkerState::joining);
  }

private:
  ClusterActions act() {
    now_ += std::chrono::milliseconds{random_.below(100)};
    const WorkerId id{random_.below(last_.value() + 2)};
    switch (random_.below(10)) {
      case 0:
      case 1: {
        const auto n = static_cast<std::uint16_t>(1 + random_.below(6));
        const std::string name = "w" + std::to_string(random_.chance(0.8) ? n : n % 6 + 1);
        return table_.on_register(worker(name, n), random_.below(40), now_);
      }
      case 2: return random_.chance(0.2) ? table_.on_closed(id) : table_.on_heard(id, now_);
      case 3: return random_.chance(0.2) ? table_.on_left(id) : table_.on_heard(id, now_);
      case 4: return random_.chance(0.1) ? table_.on_drain(id) : table_.on_heard(id, now_);
      case 5: return table_.on_tick(now_);
      default: return report(id);
    }
  }

  ClusterActions report(WorkerId id) {
    Ids peers;
    for (const Member& member : table_.view().members) {
      if (member.id != id && random_.chance(0.8)) peers.insert(member.id);
    }
    connected_[id] = peers;
    return table_.on_connections(id, peers, now_);
  }

  void take(const ClusterAction& action) {
    if (const auto* admit = std::get_if<Admit>(&action)) {
      if (admit->id > last_) {
        CHECK(admit->id == last_.next());
        connected_[admit->id] = {};
        last_ = admit->id;
        members_.insert(admit->id);
      }
      CHECK(members_.contains(admit->id));
    } else if (const auto* lost = std::get_if<WorkerLost>(&action)) {
      CHECK(members_.erase(lost->worker.id) == 1);
    } else if (const auto* anew = std::get_if<RegisterAnew>(&action)) {
      CHECK_FALSE(members_.contains(anew->id));
    } else if (const auto* announce = std::get_if<Announce>(&action)) {
      CHECK(announce->view.version >= version_);
      version_ = announce->view.version;
      CHECK(announce->view == table_.view());
    }
  }

  void check() {
    Ids seen;
    std::set<std::string> names;
    std::set<std::uint16_t> ports;
    for (const Member& member : table_.view().members) {
      seen.insert(member.id);
      CHECK(names.insert(member.info.name).second);
      CHECK(ports.insert(member.info.port).second);
      CHECK(member.state == table_.state_of(member.id));
      for (const Member& other : table_.view().members) {
        if (member.id == other.id || member.state != WorkerState::ready ||
            other.state != WorkerState::ready)
          continue;
        CHECK(connected_[member.id].contains(other.id));
      }
    }
    CHECK(seen == members_);
    for (std::uint64_t i = 0; i <= last_.value(); ++i) {
      if (members_.contains(WorkerId{i})) continue;
      CHECK(table_.state_of(WorkerId{i}) == WorkerState::gone);
    }
  }

  base::Random random_;
  WorkerTable table_{{}};
  Duration now_{};
  WorkerId last_;
  Ids members_;
  std::map<WorkerId, Ids> connected_;
  std::uint64_t version_ = 0;
};

}  // namespace

TEST_CASE("random events: ids are unique, ready workers a full mesh, losses told once",
          "[cluster]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    RandomCluster cluster{seed};
    for (int i = 0; i < 200; ++i) cluster.step();
    cluster.settle();
  }
}
