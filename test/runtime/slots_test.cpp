// Where jobs run: placement, and who holds or waits for slots.
#include "base/random.hpp"
#include "runtime/cluster/slot_pool.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

const WorkerId kA{1};
const WorkerId kB{2};
const WorkerId kC{3};
const JobId kFirst{1};
const JobId kSecond{2};
using Slots = std::vector<WorkerId>;

Slots placed(std::uint32_t needed, const SlotsByWorker& workers, const Slots& previous = {},
             SlotSpread spread = SlotSpread::even) {
  const auto result = place(needed, workers, {previous}, spread);
  REQUIRE(std::holds_alternative<Placement>(result));
  return std::get<Placement>(result).slots;
}

/// Workers with so many slots each, all ready.
Membership members(const std::map<WorkerId, int>& slots,
                   const std::map<WorkerId, WorkerState>& states = {}) {
  Membership view;
  for (const auto& [id, n] : slots) {
    const auto state = states.find(id);
    view.members.push_back({id,
                            {.name = "w", .host = "h", .port = 1, .slots = n},
                            state == states.end() ? WorkerState::ready : state->second});
  }
  return view;
}

template <class A>
std::vector<A> all(const SlotActions& actions) {
  std::vector<A> found;
  for (const SlotAction& action : actions) {
    if (const A* a = std::get_if<A>(&action)) found.push_back(*a);
  }
  return found;
}

template <class A>
A only(const SlotActions& actions) {
  const auto found = all<A>(actions);
  REQUIRE(actions.size() == 1);
  REQUIRE(found.size() == 1);
  return found[0];
}

}  // namespace

TEST_CASE("a job needs as many slots as its widest vertex, shared by all vertices", "[slots]") {
  testing::ReplayLog<int> numbers{{1}};
  testing::TransactionLog<std::pair<int, std::int64_t>> counts;
  Job job{"count", {.parallelism = 2}};
  job.source("numbers", numbers.source())
      .parallelism(1)
      .key_by(std::identity{})
      .count("counts")
      .parallelism(3)
      .sink("out", counts.sink());
  const Plan plan = Plan::build(job.graph(), 0);
  CHECK(slots_needed(plan) == 3);
  const auto workers = assign(plan, {{kA, kB, kC}});
  CHECK(workers.size() == plan.subtasks().size());
  for (const auto& [subtask, worker] : workers) CHECK(worker == Slots{kA, kB, kC}[subtask.index]);
}

TEST_CASE("slots are spread: the least loaded worker first", "[slots]") {
  CHECK(placed(4, {{kA, {.total = 4}}, {kB, {.total = 4}}}) == Slots{kA, kB, kA, kB});
  CHECK(placed(2, {{kA, {.total = 4, .used = 2}}, {kB, {.total = 4}}}) == Slots{kB, kB});
  // Load is a share: a worker of twice the size takes twice as many.
  CHECK(placed(6, {{kA, {.total = 2}}, {kB, {.total = 4}}}) == Slots{kB, kA, kB, kB, kA, kB});
  CHECK(placed(1, {{kA, {.total = 2}}, {kB, {.total = 4}}}) == Slots{kB});
}

TEST_CASE("slots are packed: as few workers as possible", "[slots]") {
  const SlotsByWorker workers{
      {kA, {.total = 2}}, {kB, {.total = 4, .used = 1}}, {kC, {.total = 4}}};
  CHECK(placed(4, workers, {}, SlotSpread::packed) == Slots{kB, kB, kB, kC});
  CHECK(placed(2, {{kA, {.total = 2}}, {kC, {.total = 4}}}, {}, SlotSpread::packed) ==
        Slots{kC, kC});
}

TEST_CASE("a slot stays where it was, and moves only when it must", "[slots]") {
  const SlotsByWorker workers{{kA, {.total = 4}}, {kB, {.total = 4}}, {kC, {.total = 4}}};
  CHECK(placed(4, workers, {kB, kB, kA, kB}) == Slots{kB, kB, kA, kB});
  CHECK(placed(4, workers, {kA, WorkerId{9}, kA, WorkerId{9}}) == Slots{kA, kB, kA, kC});
  const SlotsByWorker full{{kA, {.total = 2, .used = 1}}, {kB, {.total = 4}}};
  CHECK(placed(3, full, {kA, kA, kA}) == Slots{kA, kB, kB});
  const SlotsByWorker draining{{kA, {.total = 2, .is_ready = false}}, {kB, {.total = 2}}};
  CHECK(placed(2, draining, {kA, kB}) == Slots{kB, kB});
}

TEST_CASE("after a change of parallelism a slot prefers the place of its first keys", "[slots]") {
  const SlotsByWorker workers{{kA, {.total = 4}}, {kB, {.total = 4}}};
  CHECK(placed(4, workers, {kB, kA}) == Slots{kB, kB, kA, kA});
  CHECK(placed(2, workers, {kB, kB, kA, kA}) == Slots{kB, kA});
}

TEST_CASE("too few slots are a shortage that says what there is", "[slots]") {
  const auto shortage = [](std::uint32_t needed, const SlotsByWorker& workers) {
    const auto result = place(needed, workers, {}, SlotSpread::even);
    REQUIRE(std::holds_alternative<Shortage>(result));
    return describe(std::get<Shortage>(result));
  };
  CHECK(shortage(4, {}) == "job needs 4, cluster has 0 on 0 workers");
  CHECK(shortage(4, {{kA, {.total = 2}}}) == "job needs 4, cluster has 2 on 1 worker");
  CHECK(shortage(4, {{kA, {.total = 4, .used = 2}}, {kB, {.total = 2, .is_ready = false}}}) ==
        "job needs 4, cluster has 6 on 2 workers, 2 of them free");
}

TEST_CASE("with reactive scheduling a job takes what there is, up to its maximum", "[slots]") {
  CHECK(reactive_parallelism(128, 0) == 0);
  CHECK(reactive_parallelism(128, 5) == 5);
  CHECK(reactive_parallelism(4, 5) == 4);
}

TEST_CASE("a job holds its slots until it is released", "[slots]") {
  SlotPool pool{{}};
  CHECK(pool.on_members(members({{kA, 2}, {kB, 2}})).empty());
  const auto granted = only<SlotsGranted>(pool.on_request(kFirst, 3, 0s));
  CHECK(granted.job == kFirst);
  CHECK(granted.placement.slots == Slots{kA, kB, kA});
  CHECK(*pool.lease(kFirst) == granted.placement);
  CHECK(pool.jobs_on(kA) == std::set{kFirst});
  CHECK(pool.available_to(kFirst) == 4);
  CHECK(pool.available_to(kSecond) == 1);
  CHECK_FALSE(pool.next_wake());
  CHECK(pool.on_release(kFirst).empty());
  CHECK(pool.lease(kFirst) == nullptr);
  CHECK(pool.jobs_on(kA).empty());
  CHECK(pool.available_to(kSecond) == 4);
}

TEST_CASE("a job waits for slots, shows for which, and gets them when a worker comes", "[slots]") {
  SlotPool pool{{}};
  CHECK(describe(only<SlotsShort>(pool.on_request(kFirst, 4, 0s)).shortage) ==
        "job needs 4, cluster has 0 on 0 workers");
  CHECK(pool.next_wake() == 5min);
  CHECK(only<SlotsShort>(pool.on_members(members({{kA, 2}}))).shortage.registered == 2);
  CHECK(pool.on_members(members({{kA, 2}})).empty());  // nothing new to show
  CHECK(pool.on_tick(1min).empty());
  CHECK(only<SlotsGranted>(pool.on_members(members({{kA, 2}, {kB, 2}}))).placement.slots.size() ==
        4);
  CHECK_FALSE(pool.next_wake());
}

TEST_CASE("a job that gets no slots in time is told what was missing", "[slots]") {
  SlotPool pool{{.request_timeout = 10s}};
  (void)pool.on_members(members({{kA, 2}}));
  (void)pool.on_request(kFirst, 4, 0s);
  (void)pool.on_request(kSecond, 2, 1s);
  CHECK(pool.on_tick(9999ms).empty());
  const auto actions = pool.on_tick(10s);
  REQUIRE(actions.size() == 2);
  const auto timed_out = all<SlotsTimedOut>(actions);
  REQUIRE(timed_out.size() == 1);
  CHECK(timed_out[0].job == kFirst);
  CHECK(timed_out[0].status.code() == ErrorCode::deadline_exceeded);
  CHECK(timed_out[0].status.message() ==
        "no slots within 10 s (slot.request.timeout): job needs 4, cluster has 2 on 1 worker; "
        "start more workers, give them more slots (taskmanager.numberOfTaskSlots), or lower the "
        "parallelism");
  CHECK(all<SlotsGranted>(actions).size() == 1);  // the one that waited behind it
}

TEST_CASE("jobs are served by age", "[slots]") {
  SlotPool pool{{}};
  (void)pool.on_members(members({{kA, 2}}));
  (void)pool.on_request(kFirst, 4, 0s);
  const auto behind = only<SlotsShort>(pool.on_request(kSecond, 1, 0s));
  CHECK(behind.job == kSecond);
  CHECK(describe(behind.shortage) ==
        "job needs 1, cluster has 2 on 1 worker, and job 1 comes first");
  const auto granted = all<SlotsGranted>(pool.on_members(members({{kA, 2}, {kB, 3}})));
  REQUIRE(granted.size() == 2);
  CHECK(granted[0].job == kFirst);
  CHECK(granted[1].job == kSecond);
}

TEST_CASE("a job that vacates its slots holds none, and gets the same again", "[slots]") {
  SlotPool pool{{}};
  (void)pool.on_members(members({{kA, 2}, {kB, 2}}));
  const auto before = only<SlotsGranted>(pool.on_request(kFirst, 3, 0s)).placement;
  CHECK(pool.on_vacate(kFirst).empty());
  CHECK(pool.lease(kFirst) == nullptr);
  CHECK(pool.jobs_on(kA).empty());
  CHECK(pool.available_to(kSecond) == 4);
  CHECK(only<SlotsGranted>(pool.on_request(kFirst, 3, 0s)).placement == before);
  // Whoever waits gets what is vacated.
  (void)pool.on_request(kSecond, 4, 0s);
  const auto granted = all<SlotsGranted>(pool.on_vacate(kFirst));
  REQUIRE(granted.size() == 1);
  CHECK(granted[0].job == kSecond);
}

TEST_CASE("a job whose worker is lost goes on at once where there are standby slots", "[slots]") {
  SlotPool pool{{}};
  (void)pool.on_members(members({{kA, 2}, {kB, 2}, {kC, 2}}));
  (void)pool.on_request(kFirst, 4, 0s);
  const Slots before = pool.lease(kFirst)->slots;
  CHECK(before == Slots{kA, kB, kC, kA});
  const auto lost = only<SlotsLost>(pool.on_members(members({{kA, 2}, {kB, 2}})));
  CHECK(lost.job == kFirst);
  CHECK(lost.worker == kC);
  CHECK(lost.slots == std::vector<std::uint32_t>{2});
  CHECK(pool.available_to(kFirst) == 4);
  const auto granted = only<SlotsGranted>(pool.on_request(kFirst, 4, 1s));
  CHECK(granted.placement.slots == Slots{kA, kB, kB, kA});
}

TEST_CASE("a part of a job that goes on keeps its slots while lost ones are filled", "[slots]") {
  SlotPool pool{{}};
  CHECK_FALSE(pool.refill(kFirst));
  (void)pool.on_members(members({{kA, 2}, {kB, 2}, {kC, 2}}));
  (void)pool.on_request(kFirst, 4, 0s);
  CHECK(pool.refill(kFirst)->slots == Slots{kA, kB, kC, kA});
  // A drains: what runs there stays, what is new goes elsewhere.
  (void)pool.on_members(members({{kA, 2}, {kB, 2}}, {{kA, WorkerState::draining}}));
  CHECK(pool.refill(kFirst)->slots == Slots{kA, kB, kB, kA});
  CHECK(pool.available_to(kSecond) == 0);
  (void)pool.on_members(members({{kB, 2}}));
  CHECK_FALSE(pool.refill(kFirst));
  CHECK(pool.lease(kFirst)->slots == Slots{kA, kB, kB, kA});
}

TEST_CASE("a job that restarts gives back its slots only to older jobs", "[slots]") {
  SlotPool pool{{}};
  (void)pool.on_members(members({{kA, 2}, {kB, 2}}));
  (void)pool.on_request(kFirst, 3, 0s);
  (void)pool.on_request(kSecond, 2, 0s);  // waits
  (void)pool.on_members(members({{kA, 2}}));
  const auto actions = pool.on_request(kFirst, 3, 1s);
  CHECK(all<SlotsGranted>(actions).empty());
  CHECK(pool.available_to(kFirst) == 2);
  CHECK(pool.lease(kFirst) == nullptr);
  // The second would fit, but the first has its turn, and its old places.
  CHECK(all<SlotsGranted>(pool.on_release(kFirst))[0].job == kSecond);
}

TEST_CASE("a job that waited for its restart prefers the places it had", "[slots]") {
  SlotPool pool{{}};
  (void)pool.on_members(members({{kA, 1}, {kB, 1}, {kC, 1}}));
  (void)pool.on_request(kFirst, 3, 0s);
  (void)pool.on_members(members({{kA, 1}, {kC, 1}}));
  CHECK(all<SlotsShort>(pool.on_request(kFirst, 3, 0s)).size() == 1);
  const WorkerId replacement{4};
  const auto granted =
      only<SlotsGranted>(pool.on_members(members({{kA, 1}, {kC, 1}, {replacement, 1}})));
  CHECK(granted.placement.slots == Slots{kA, replacement, kC});
}

TEST_CASE("a job that has ended or timed out leaves no preference behind", "[slots]") {
  for (const bool times_out : {false, true}) {
    SlotPool pool{{.request_timeout = 10s}};
    (void)pool.on_members(members({{kA, 1}, {kB, 1}, {kC, 1}}));
    (void)pool.on_request(kFirst, 3, 0s);
    (void)pool.on_members(members({{kA, 1}, {kC, 1}}));
    (void)pool.on_request(kFirst, 3, 0s);
    (void)(times_out ? pool.on_tick(10s) : pool.on_release(kFirst));
    const WorkerId large{4};
    (void)pool.on_members(members({{kA, 1}, {kC, 1}, {large, 2}}));
    CHECK(only<SlotsGranted>(pool.on_request(kFirst, 1, 10s)).placement.slots == Slots{large});
  }
}

TEST_CASE("a draining worker takes nothing new and keeps what it has", "[slots]") {
  SlotPool pool{{}};
  (void)pool.on_members(members({{kA, 2}, {kB, 2}}));
  (void)pool.on_request(kFirst, 2, 0s);
  CHECK(pool.on_members(members({{kA, 2}, {kB, 2}}, {{kA, WorkerState::draining}})).empty());
  CHECK(pool.jobs_on(kA) == std::set{kFirst});
  CHECK(pool.available_to(kFirst) == 2);  // of the three slots that it holds or that are free
  CHECK(only<SlotsShort>(pool.on_request(kSecond, 2, 0s)).shortage.free == 1);
  CHECK(pool.on_release(kSecond).empty());
  CHECK(only<SlotsGranted>(pool.on_request(kFirst, 2, 0s)).placement.slots == Slots{kB, kB});
  CHECK(pool.jobs_on(kA).empty());
}

namespace {

/// Random jobs on random workers, with a second account of who holds what.
class RandomPool {
public:
  explicit RandomPool(std::uint64_t seed)
      : random_{seed},
        pool_{{.request_timeout = 20s,
               .spread = random_.chance(0.5) ? SlotSpread::even : SlotSpread::packed}} {}

  void step() {
    for (const SlotAction& action : act()) take(action);
    check();
  }

private:
  SlotActions act() {
    now_ += std::chrono::milliseconds{random_.below(2'000)};
    const JobId job{1 + random_.below(5)};
    switch (random_.below(6)) {
      case 0: {
        const auto needed = static_cast<std::uint32_t>(1 + random_.below(6));
        needed_[job] = needed;
        return pool_.on_request(job, needed, now_);
      }
      case 1: needed_.erase(job); return pool_.on_release(job);
      case 2: return pool_.on_tick(now_);
      case 3: return refill(job);
      default: return pool_.on_members(next_members());
    }
  }

  SlotActions refill(JobId job) {
    const bool holds = pool_.lease(job) != nullptr;
    const Slots before = holds ? pool_.lease(job)->slots : Slots{};
    const auto after = pool_.refill(job);
    if (!after) return {};
    REQUIRE(holds);
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (sizes_.contains(before[i])) CHECK(after->slots[i] == before[i]);
      CHECK(sizes_.contains(after->slots[i]));
    }
    return {};
  }

  Membership next_members() {
    if (sizes_.size() < 6 && random_.chance(0.6)) {
      sizes_[last_ = last_.next()] = 1 + static_cast<int>(random_.below(4));
    } else if (!sizes_.empty() && random_.chance(0.5)) {
      sizes_.erase(std::next(sizes_.begin(), static_cast<int>(random_.below(sizes_.size()))));
    }
    states_.clear();
    for (const auto& [id, n] : sizes_)
      states_[id] = random_.chance(0.8) ? WorkerState::ready : WorkerState::draining;
    return members(sizes_, states_);
  }

  void take(const SlotAction& action) {
    if (const auto* granted = std::get_if<SlotsGranted>(&action)) {
      CHECK(granted->placement.slots.size() == needed_.at(granted->job));
      for (const WorkerId id : granted->placement.slots)
        CHECK(states_.at(id) == WorkerState::ready);
      REQUIRE(pool_.lease(granted->job) != nullptr);
    } else if (const auto* out = std::get_if<SlotsTimedOut>(&action)) {
      CHECK(needed_.erase(out->job) == 1);
    } else if (const auto* lost = std::get_if<SlotsLost>(&action)) {
      CHECK_FALSE(sizes_.contains(lost->worker));
      CHECK_FALSE(lost->slots.empty());
    }
  }

  void check() {
    std::map<WorkerId, int> used;
    std::optional<JobId> oldest_waiting;
    for (const auto& [job, needed] : needed_) {
      const Placement* lease = pool_.lease(job);
      if (lease == nullptr) {
        if (!oldest_waiting) oldest_waiting = job;
        continue;
      }
      CHECK(lease->slots.size() == needed);
      for (const WorkerId id : lease->slots) ++used[id];
    }
    std::uint32_t free = 0;
    CHECK(pool_.workers().size() == sizes_.size());
    for (const auto& [id, slots] : pool_.workers()) {
      CHECK(static_cast<int>(slots.used) == used[id]);
      CHECK(slots.used <= slots.total);
      free += slots.free();
    }
    if (oldest_waiting) CHECK(free < needed_.at(*oldest_waiting));
    CHECK(oldest_waiting.has_value() == pool_.next_wake().has_value());
  }

  base::Random random_;
  SlotPool pool_;
  Duration now_{};
  WorkerId last_;
  std::map<WorkerId, int> sizes_;
  std::map<WorkerId, WorkerState> states_;
  std::map<JobId, std::uint32_t> needed_;
};

}  // namespace

TEST_CASE("random jobs and workers: slots are held by one job, and the oldest is served",
          "[slots]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    RandomPool pool{seed};
    for (int i = 0; i < 150; ++i) pool.step();
  }
}

TEST_CASE("random placements: all or nothing, even, and sticky where there is room", "[slots]") {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    SlotsByWorker workers;
    const std::uint64_t count = 1 + random.below(5);
    for (std::uint64_t i = 1; i <= count; ++i) {
      WorkerSlots slots{.total = static_cast<std::uint32_t>(1 + random.below(8))};
      slots.used = static_cast<std::uint32_t>(random.below(slots.total + 1));
      slots.is_ready = random.chance(0.9);
      workers[WorkerId{i}] = slots;
    }
    const auto needed = static_cast<std::uint32_t>(1 + random.below(12));
    Placement previous;
    for (std::uint32_t i = 0; i < needed && seed % 2 == 0; ++i)
      previous.slots.emplace_back(1 + random.below(6));
    const auto result = place(needed, workers, previous, SlotSpread::even);
    const Shortage sum = shortage_of(needed, workers);
    REQUIRE(std::holds_alternative<Placement>(result) == (sum.free >= needed));
    if (!std::holds_alternative<Placement>(result)) continue;
    const Slots& slots = std::get<Placement>(result).slots;
    REQUIRE(slots.size() == needed);
    std::map<WorkerId, std::uint32_t> taken;
    for (const auto& [id, slot] : workers) taken[id] = 0;
    for (const WorkerId id : slots) ++taken.at(id);
    for (const auto& [id, n] : taken) CHECK(n <= workers.at(id).free());
    for (std::uint32_t i = 0; i < previous.slots.size(); ++i) {
      const WorkerId wanted = previous.slots[i];
      if (slots[i] == wanted || !workers.contains(wanted)) continue;
      const auto stayed =
          std::count_if(slots.begin(), slots.end(), [&](WorkerId id) { return id == wanted; });
      CHECK(static_cast<std::uint32_t>(stayed) == workers.at(wanted).free());
    }
    if (!previous.slots.empty()) continue;
    // Taking one slot less from a worker would leave it below any other that still has room.
    for (const auto& [id, n] : taken) {
      if (n == 0) continue;
      const double before =
          (workers.at(id).used + n - 1) / static_cast<double>(workers.at(id).total);
      for (const auto& [other, s] : workers) {
        if (s.free() <= taken.at(other)) continue;
        CHECK(before <= (s.used + taken.at(other)) / static_cast<double>(s.total) + 1e-9);
      }
    }
  }
}
