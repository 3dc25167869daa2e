#include "runtime/ha/leader_election.hpp"

#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "runtime/ha/directory_store.hpp"
#include "test/support/env_over.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <functional>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

const Status kDown{ErrorCode::unavailable, "the store is down"};

template <class T>
const T* find(const ElectionActions& actions) {
  for (const ElectionAction& action : actions) {
    if (const T* found = std::get_if<T>(&action)) return found;
  }
  return nullptr;
}

Sighting sighting(std::string sign, bool is_free = false) {
  return {.leader = Leader{LeaderEpoch{7}, "host:1"}, .sign = std::move(sign), .is_free = is_free};
}

/// One candidate, with the clock in the test's hand.
struct Candidate {
  LeaderElection election{{}, 1};
  Duration now = 1h;
  ElectionActions last;

  std::uint64_t call() const {
    if (const auto* look = find<LookAtStore>(last)) return look->call;
    if (const auto* claim = find<ClaimLeadership>(last)) return claim->call;
    if (const auto* beat = find<WriteHeartbeat>(last)) return beat->call;
    FAIL("no call of the store is under way");
    return 0;
  }
  void start() { last = election.on_start(now); }
  void wait(Duration time) {
    now += time;
    last = election.on_tick(now);
  }
  void looked(const Result<Sighting>& seen) { last = election.on_looked(call(), seen, now); }
  void claimed(const Result<LeaderEpoch>& epoch) { last = election.on_claimed(call(), epoch, now); }
  void beaten(const Status& status = {}) { last = election.on_beaten(call(), status, now); }
  void lead() {
    start();
    looked(sighting("", true));
    claimed(LeaderEpoch{8});
    beaten();
    REQUIRE(find<LeadershipGranted>(last) != nullptr);
    REQUIRE(election.leads(now));
  }
};

}  // namespace

TEST_CASE("a candidate claims at once where nobody leads, and leads behind its first heartbeat",
          "[election]") {
  Candidate c;
  c.start();
  REQUIRE(find<LookAtStore>(c.last) != nullptr);
  c.looked(sighting("", true));
  REQUIRE(find<ClaimLeadership>(c.last) != nullptr);
  CHECK_FALSE(c.election.leads(c.now));
  c.claimed(LeaderEpoch{8});
  REQUIRE(find<WriteHeartbeat>(c.last) != nullptr);
  CHECK(find<WriteHeartbeat>(c.last)->epoch == LeaderEpoch{8});
  CHECK_FALSE(c.election.leads(c.now));
  c.beaten();
  REQUIRE(find<LeadershipGranted>(c.last) != nullptr);
  CHECK(find<LeadershipGranted>(c.last)->epoch == LeaderEpoch{8});
  CHECK(c.election.leads(c.now));
}

TEST_CASE("a standby waits while the leader shows that it lives, however long", "[election]") {
  Candidate c;
  c.start();
  c.looked(sighting("0"));
  REQUIRE(find<LeaderSeen>(c.last) != nullptr);
  CHECK(find<LeaderSeen>(c.last)->leader->address == "host:1");
  for (int i = 1; i < 100; ++i) {
    c.wait(500ms);
    c.looked(sighting(std::to_string(i / 4)));  // 2 s without a new sign are not too long
    REQUIRE(find<ClaimLeadership>(c.last) == nullptr);
    REQUIRE(find<LeaderSeen>(c.last) == nullptr);
  }
}

TEST_CASE("a standby claims when the sign has stayed the same for as long as it has patience",
          "[election]") {
  Candidate c;
  c.start();
  c.now += 2s;  // a slow look: the sign may be as young as its answer
  c.looked(sighting("same"));
  Duration waited{};
  do {
    c.wait(500ms);
    waited += 500ms;
    c.looked(sighting("same"));
  } while (find<ClaimLeadership>(c.last) == nullptr && waited < 10s);
  CHECK(waited >= 3s);
  CHECK(waited <= 4s);
}

TEST_CASE("a look that fails is no sign of death, and is repeated with growing pauses",
          "[election]") {
  Candidate c;
  c.start();
  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    c.looked(kDown);
    REQUIRE(find<StoreFailed>(c.last) != nullptr);
    CHECK(find<StoreFailed>(c.last)->status.message() == "the store is down");
    const Duration at = *c.election.next_wake();
    pauses.push_back(at - c.now);
    c.wait(at - c.now);
  }
  CHECK(pauses.front() == 500ms);
  CHECK(pauses[1] == 1s);
  CHECK(pauses.back() == 5s);
  c.looked(sighting("0"));
  CHECK(find<ClaimLeadership>(c.last) == nullptr);
}

TEST_CASE("a claim that another was faster with makes a standby", "[election]") {
  Candidate c;
  c.start();
  c.looked(sighting("", true));
  c.claimed(Status{GENERATE(ErrorCode::fenced, ErrorCode::failed_precondition), "another"});
  CHECK(find<StoreFailed>(c.last) == nullptr);
  c.wait(500ms);
  c.looked(sighting("new"));
  CHECK(find<ClaimLeadership>(c.last) == nullptr);
}

TEST_CASE("a leader that can write no heartbeat steps down before it is replaced", "[election]") {
  Candidate c;
  c.lead();
  const Duration granted_at = c.now;
  SECTION("the store refuses") {
    for (int i = 0; i < 3; ++i) {
      c.wait(500ms);
      c.beaten(kDown);
      CHECK(find<StoreFailed>(c.last) != nullptr);
      CHECK(c.election.leads(c.now));
    }
  }
  SECTION("the store hangs") {
    c.wait(500ms);
    REQUIRE(find<WriteHeartbeat>(c.last) != nullptr);
  }
  CHECK(*c.election.next_wake() <= granted_at + 2s);
  c.now = granted_at + 2s;
  CHECK_FALSE(c.election.leads(c.now));
  c.last = c.election.on_tick(c.now);
  REQUIRE(find<LeadershipLost>(c.last) != nullptr);
  CHECK(find<LeadershipLost>(c.last)->reason == "no heartbeat could be written for 2 s");
  CHECK(find<Resign>(c.last)->epoch == LeaderEpoch{8});
}

TEST_CASE("a heartbeat that ends after the leader has stepped down does not bring it back",
          "[election]") {
  Candidate c;
  c.lead();
  c.wait(500ms);
  const std::uint64_t hanging = c.call();
  c.wait(2s);
  REQUIRE(find<LeadershipLost>(c.last) != nullptr);
  CHECK(find<LookAtStore>(c.last) == nullptr);  // one call at a time
  c.last = c.election.on_beaten(hanging, {}, c.now);
  CHECK(c.last.empty());
  CHECK_FALSE(c.election.leads(c.now));
  c.wait(0s);
  CHECK(find<LookAtStore>(c.last) != nullptr);
}

TEST_CASE("a fenced leader stops at once", "[election]") {
  Candidate c;
  c.lead();
  SECTION("its heartbeat was refused") {
    c.wait(500ms);
    c.beaten({ErrorCode::fenced, "claimed by another"});
  }
  SECTION("something else that it did was refused") {
    CHECK(c.election.on_fenced(LeaderEpoch{7}, c.now).empty());
    c.last = c.election.on_fenced(LeaderEpoch{8}, c.now);
  }
  REQUIRE(find<LeadershipLost>(c.last) != nullptr);
  CHECK(find<Resign>(c.last) != nullptr);
  CHECK_FALSE(c.election.leads(c.now));
}

TEST_CASE("a claim that took too long is confirmed by another heartbeat", "[election]") {
  Candidate c;
  c.start();
  c.looked(sighting("", true));
  c.now += 1min;
  c.claimed(LeaderEpoch{8});
  c.now += 10s;
  c.beaten();
  CHECK(find<LeadershipGranted>(c.last) == nullptr);
  c.last = c.election.on_tick(c.now);
  c.beaten();
  CHECK(find<LeadershipGranted>(c.last) != nullptr);
}

TEST_CASE("a new leader whose first heartbeat is refused resigns", "[election]") {
  Candidate c;
  c.start();
  c.looked(sighting("", true));
  c.claimed(LeaderEpoch{8});
  c.beaten(kDown);
  CHECK(find<LeadershipGranted>(c.last) == nullptr);
  CHECK(find<LeadershipLost>(c.last) == nullptr);  // it had never led
  CHECK(find<Resign>(c.last) != nullptr);
  c.wait(500ms);
  CHECK(find<LookAtStore>(c.last) != nullptr);
}

TEST_CASE("an answer to a call that is not under way is ignored", "[election]") {
  Candidate c;
  c.start();
  CHECK(c.election.on_looked(99, sighting("", true), c.now).empty());
  CHECK(c.election.on_claimed(99, LeaderEpoch{1}, c.now).empty());
  CHECK(c.election.on_beaten(99, {}, c.now).empty());
  c.looked(sighting("", true));
  CHECK(find<ClaimLeadership>(c.last) != nullptr);
}

namespace {

/// A disk that can be taken away from one machine.
class Mount final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  bool is_broken = false;

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    if (is_broken) return kDown;
    return EnvOver::create(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    if (is_broken) return kDown;
    return EnvOver::list(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    if (!shares_locks) return Status{ErrorCode::unavailable, "no locks here"};
    return EnvOver::lock(path);
  }
  bool shares_locks = true;
};

/// A machine with a candidate, whose clock is off by hours and too fast or too slow.
class Machine {
public:
  Machine(base::MemoryEnv& disk, base::Random& random, int index)
      : mount{disk},
        random_{random},
        index_{index},
        offset_{std::chrono::seconds{random.below(7200)}},
        rate_{0.97 + 0.06 * random.uniform()} {
    mount.shares_locks = random.chance(0.5);
  }

  Mount mount;
  Duration frozen_until{};
  Duration dead_until{};
  std::optional<LeaderEpoch> believes;  // LeadershipGranted, not lost

  bool lives(Duration time) const { return time >= dead_until && time >= frozen_until; }
  bool leads(Duration time) const { return election_ && believes && election_->leads(local(time)); }

  void kill(Duration until) {
    dead_until = until;
    election_.reset();
    store_.reset();
    work_.clear();
    believes.reset();
  }

  /// What the process does when it gets to run.
  void run(Duration time) {
    if (!lives(time)) return;
    if (!election_) {
      auto opened = DirectoryStore::open(
          mount, "/ha", "c", "m" + std::to_string(index_) + "-" + std::to_string(++starts_));
      if (!opened.ok()) return;
      store_ = std::move(opened).value();
      election_.emplace(ElectionTimes{}, random_.next());
      perform(election_->on_start(local(time)), time);
    }
    // The pool may be slow, but not for ever.
    while (!work_.empty() && work_.front().first <= time) {
      const auto f = std::move(work_.front().second);
      work_.pop_front();
      f(time);
    }
    perform(election_->on_tick(local(time)), time);
  }

private:
  Duration local(Duration time) const {
    return offset_ +
           Duration{static_cast<Duration::rep>(static_cast<double>(time.count()) * rate_)};
  }
  template <class F>
  void later(Duration time, F f) {
    work_.emplace_back(time + std::chrono::milliseconds{random_.below(120)}, std::move(f));
  }
  void perform(ElectionActions actions, Duration time) {
    for (ElectionAction& action : actions) {
      std::visit([&](auto& a) { perform_one(a, time); }, action);
    }
  }
  void perform_one(const LookAtStore& a, Duration time) {
    later(time, [this, a](Duration now) {
      perform(election_->on_looked(a.call, store_->look(Viewer::candidate), local(now)), now);
    });
  }
  void perform_one(const ClaimLeadership& a, Duration time) {
    later(time, [this, a](Duration now) {
      perform(election_->on_claimed(a.call, store_->claim("m" + std::to_string(index_), a.newest),
                                    local(now)),
              now);
    });
  }
  void perform_one(const WriteHeartbeat& a, Duration time) {
    later(time, [this, a](Duration now) {
      perform(election_->on_beaten(a.call, store_->beat(a.epoch), local(now)), now);
    });
  }
  void perform_one(const Resign& a, Duration time) {
    later(time, [this, a](Duration) { store_->resign(a.epoch); });
  }
  void perform_one(const LeadershipGranted& a, Duration) { believes = a.epoch; }
  void perform_one(const LeadershipLost&, Duration) { believes.reset(); }
  void perform_one(const LeaderSeen&, Duration) {}
  void perform_one(const StoreFailed&, Duration) {}

  base::Random& random_;
  int index_;
  Duration offset_;
  double rate_;
  int starts_ = 0;
  std::unique_ptr<DirectoryStore> store_;
  std::optional<LeaderElection> election_;
  std::deque<std::pair<Duration, std::function<void(Duration)>>> work_;
};

}  // namespace

TEST_CASE("of three machines one leads at a time, and soon again after each failure",
          "[election][swarm]") {
  test::for_each_seed(60, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    base::MemoryEnv disk;
    REQUIRE(disk.create_directories("/ha").ok());
    std::vector<std::unique_ptr<Machine>> machines;
    machines.reserve(3);
    for (int i = 0; i < 3; ++i) machines.push_back(std::make_unique<Machine>(disk, random, i));
    Duration calm_since{};
    LeaderEpoch last_epoch;
    test::Figures figures{.plans = 1};
    for (Duration time{}; time < 5min; time += 10ms) {
      const bool is_stormy = time < 4min;
      if (is_stormy && random.chance(0.002)) {
        Machine& victim = *machines[random.below(3)];
        const Duration until = time + std::chrono::milliseconds{random.below(8000)};
        const std::uint64_t what = random.below(3);
        if (what == 0) victim.kill(until), ++figures.kills;
        if (what == 1) victim.frozen_until = until;
        if (what == 2) victim.mount.is_broken = !victim.mount.is_broken;
        calm_since = until;
      }
      if (!is_stormy) {
        for (auto& machine : machines) machine->mount.is_broken = false;
      } else {
        calm_since = time;
      }
      for (auto& machine : machines) machine->run(time);
      std::size_t leaders = 0;
      for (const auto& machine : machines) {
        if (!machine->lives(time) || !machine->leads(time)) continue;
        ++leaders;
        last_epoch = std::max(last_epoch, *machine->believes);
      }
      REQUIRE(leaders <= 1);
      if (time > 4min + 20s) REQUIRE(leaders == 1);
    }
    CHECK(last_epoch > LeaderEpoch{});
    return figures;
  });
}
