// A coordinator is frozen between any two calls of its operations, another process takes its place
// over, and the first goes on: what it still does must change nothing that the other relies on.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "checkpoint/storage.hpp"
#include "test/support/env_over.hpp"
#include "test/support/interleave.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace weir;
using namespace weir::checkpoint;
using base::MemoryEnv;
using test::Process;

namespace {

using Ids = std::set<CheckpointId>;

/// What one process did, and what it believes to have achieved.
struct History {
  Ids reserved;
  Ids published;
  Ids dropped;         // asked for, whatever came of it
  Ids restored;        // complete when it took over
  bool began = false;  // it has taken over
  bool found_finished = false;
  bool marked_finished = false;
  CheckpointId last_id_found = {};
};

void write(Env& env, const std::string& path, std::string_view bytes) {
  auto file = env.create(path);
  if (!file.ok()) return;  // its directory may be gone
  (void)(*file)->append(bytes);
  (void)(*file)->sync();
}

CheckpointMetadata metadata(CheckpointId id, Epoch epoch, const std::string& run) {
  CheckpointMetadata m{.job = "job", .run = run, .id = id, .epoch = epoch};
  m.max_parallelism = 128;
  SubtaskPart part{"counts", 0, {}};
  state::KeyedStateHandle handle{.operator_name = "counts", .path = "counts-0-1.state"};
  handle.groups = {{0, 0, 5}};
  part.state.keyed.push_back(handle);
  m.parts.push_back(part);
  return m;
}

/// A coordinator: its storage, and what it did.
class Leader {
public:
  Leader(Env& env, std::uint64_t term) : env_{env}, run_{"run-" + std::to_string(term)} {
    auto opened = CheckpointStorage::open(env, "/state", "job", run_, Takeover{LeaderEpoch{term}});
    if (!opened.ok()) return;
    storage_ = std::move(opened).value();
    begin();
  }

  bool is_open() const { return history.began; }

  void begin() {
    auto record = storage_->begin_epoch();
    if (!record.ok()) return;
    epoch_ = record->epoch;
    if (history.began) return;
    const auto complete = storage_->list();
    if (!complete.ok()) return;
    history.restored = {complete->begin(), complete->end()};
    history.last_id_found = record->last_id;
    history.found_finished = record->is_finished;
    history.began = true;
    next_ = record->last_id.next();
  }
  CheckpointId reserve() {
    const CheckpointId id = std::exchange(next_, next_.next());
    if (storage_->reserve(epoch_, id).ok()) history.reserved.insert(id);
    return id;
  }
  void write_state(CheckpointId id) {  // as a subtask does, which knows nothing of claims
    write(env_, storage_->path_of(id) + "/counts-0-1.state", run_.substr(0, 5));
  }
  void publish(CheckpointId id) {
    if (storage_->publish(epoch_, metadata(id, epoch_, run_)).ok()) history.published.insert(id);
  }
  void checkpoint() {
    const CheckpointId id = reserve();
    write_state(id);
    publish(id);
  }
  void drop(CheckpointId id) {
    history.dropped.insert(id);
    (void)storage_->drop(epoch_, id);
  }
  void drop_files(CheckpointId id) {  // of an answer that does not count
    (void)storage_->drop_files(epoch_, id, {"counts-0-0.state"});
  }
  void finish() { history.marked_finished = storage_->mark_finished(epoch_).ok(); }
  void drop_oldest() {
    const auto complete = storage_->list();
    if (complete.ok() && complete->size() > 1) drop(complete->front());
  }

  History history;

private:
  Env& env_;
  std::string run_;
  std::unique_ptr<CheckpointStorage> storage_;
  Epoch epoch_;
  CheckpointId next_;
};

Ids complete(Env& env) {
  Ids ids;
  for (const DirectoryEntry& entry : env.list("/state/job").value()) {
    const std::string path = "/state/job/" + entry.name;
    if (!entry.name.starts_with("chk-") || !env.stat(path + "/_metadata").ok()) continue;
    ids.insert(CheckpointId{std::stoull(entry.name.substr(4))});
  }
  return ids;
}

/// Returns which promise was broken between `old` and `next`, who took over from it; "" if none.
std::string broken_promise(const History& old, const History& next) {
  if (!next.began) return "the next leader could not take over";
  for (const CheckpointId id : old.published) {
    if (old.dropped.contains(id)) continue;
    if (next.restored.empty() || *next.restored.rbegin() < id)
      return "checkpoint " + std::to_string(id.value()) + " was published and not restored";
  }
  for (const CheckpointId id : old.reserved) {
    if (next.reserved.contains(id)) return "an id was given out twice";
    if (next.last_id_found < id) return "an id was forgotten";
  }
  if (old.marked_finished && !next.found_finished) return "the end of the job was forgotten";
  return {};
}

/// The same for what `last` relies on, when nobody does anything any more.
std::string broken_trust(Env& disk, const History& last) {
  Ids expected = last.restored;
  expected.insert(last.published.begin(), last.published.end());
  for (const CheckpointId id : last.dropped) expected.erase(id);
  if (complete(disk) != expected) return "the list of complete checkpoints is another";
  for (const CheckpointId id : expected) {
    const std::string path = "/state/job/chk-" + std::to_string(id.value());
    const Status status = CheckpointStorage::load(disk, path).status();
    if (!status.ok()) return status.message();
  }
  return {};
}

using Operation = std::function<void(Leader&)>;

/// What the old leader is at when it is frozen. Before, it has completed 1 and 2 and reserved 3.
const std::map<std::string, Operation>& operations() {
  static const std::map<std::string, Operation> all{
      {"reserve", [](Leader& l) { l.reserve(); }},
      {"publish", [](Leader& l) { l.publish(CheckpointId{3}); }},
      {"drop the oldest", [](Leader& l) { l.drop(CheckpointId{1}); }},
      {"drop the newest", [](Leader& l) { l.drop(CheckpointId{2}); }},
      {"drop what is under way", [](Leader& l) { l.drop(CheckpointId{3}); }},
      {"drop files", [](Leader& l) { l.drop_files(CheckpointId{3}); }},
      {"finish", [](Leader& l) { l.finish(); }},
      {"begin again", [](Leader& l) { l.begin(); }},
      {"publish and drop", [](Leader& l) { l.publish(CheckpointId{3}), l.drop(CheckpointId{1}); }},
      {"another checkpoint", [](Leader& l) { l.checkpoint(); }}};
  return all;
}

/// Two leaders on one disk. The old one stands before its operation.
struct Stage {
  Stage(Env& env, const Operation& operation)
      : disk{env}, old_process{env, [this, &operation](Env& mine) {
                                 Leader leader{mine, 1};
                                 leader.checkpoint();
                                 leader.checkpoint();
                                 leader.write_state(leader.reserve());
                                 (void)mine.stat("/here");  // where it stands
                                 operation(leader);
                                 old = leader.history;
                               }} {
    old_process.run(calls_before_operation());
  }
  void start_next() {
    next_process.emplace(disk, [this](Env& mine) {
      Leader leader{mine, 2};
      if (leader.is_open()) {
        leader.checkpoint();
        leader.drop_oldest();
      }
      next = leader.history;
    });
  }

  /// Counted once: what comes before the operation is the same each time.
  static std::uint64_t calls_before_operation() {
    static const std::uint64_t calls = [] {
      MemoryEnv env;
      std::uint64_t n = 0;
      Process process{env, [](Env& mine) {
                        Leader leader{mine, 1};
                        leader.checkpoint();
                        leader.checkpoint();
                        leader.write_state(leader.reserve());
                        (void)mine.stat("/here");
                      }};
      while (!process.run(1)) ++n;
      return n + 1;
    }();
    return calls;
  }

  Env& disk;
  History old, next;
  Process old_process;
  std::optional<Process> next_process;
};

/// Counts the calls that a process has left.
std::uint64_t calls_to_end(Process& process) {
  std::uint64_t calls = 0;
  while (!process.run(1)) ++calls;
  return calls + 1;
}

/// Plays every way in which the old leader makes some calls, the next one some, the old one some
/// more, the next one all the rest, the old one all the rest. Returns the first broken promise.
std::string play_all(const Operation& operation, const std::function<Env&()>& new_disk) {
  std::uint64_t of_old = 0, of_next = 0;
  {
    Stage stage{new_disk(), operation};
    of_old = calls_to_end(stage.old_process);
    stage.start_next();
    of_next = calls_to_end(*stage.next_process);
  }
  for (std::uint64_t i = 0; i <= of_old; ++i) {
    for (std::uint64_t j = 0; j <= of_next; ++j) {
      for (std::uint64_t more = 0; more <= of_old - i; ++more) {
        Stage stage{new_disk(), operation};
        stage.old_process.run(i);
        stage.start_next();
        stage.next_process->run(j);
        stage.old_process.run(more);
        stage.next_process->run_to_end();
        stage.old_process.run_to_end();
        std::string broken = broken_promise(stage.old, stage.next);
        if (broken.empty()) broken = broken_trust(stage.disk, stage.next);
        if (!broken.empty())
          return broken + " (frozen after " + std::to_string(i) + ", the next after " +
                 std::to_string(j) + ", then " + std::to_string(more) + " more)";
      }
    }
  }
  return {};
}

/// A file system that a fenced process could still write to.
class Leaky final : public test::EnvOver {
public:
  Leaky() : EnvOver{memory_} {}

  Status remove_directory(const std::string& path) override {
    return path.find("/claim-") == std::string::npos ? disk_.remove_directory(path) : Status{};
  }

private:
  MemoryEnv memory_;
};

}  // namespace

TEST_CASE("a frozen coordinator that wakes up changes nothing, wherever it was frozen",
          "[takeover]") {
  for (const auto& [name, operation] : operations()) {
    CAPTURE(name);
    std::unique_ptr<MemoryEnv> disk;
    const std::string broken = play_all(operation, [&]() -> Env& {
      disk = std::make_unique<MemoryEnv>();
      return *disk;
    });
    CAPTURE(broken);
    CHECK(broken.empty());
  }
}

TEST_CASE("the model of a takeover notices a fence that does not hold", "[takeover]") {
  for (const char* name : {"reserve", "publish", "drop the newest", "finish", "publish and drop",
                           "another checkpoint"}) {
    CAPTURE(name);
    std::unique_ptr<Leaky> disk;
    CHECK_FALSE(play_all(operations().at(name), [&]() -> Env& {
                  disk = std::make_unique<Leaky>();
                  return *disk;
                }).empty());
  }
}

TEST_CASE("three coordinators in any order: only the last one counts", "[takeover][swarm]") {
  test::for_each_seed(300, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    MemoryEnv disk;
    History histories[3];
    {
      std::vector<std::unique_ptr<Process>> processes;
      const auto start = [&](std::uint64_t term) {
        const std::uint64_t choices = random.next();
        History& history = histories[term - 1];
        processes.push_back(std::make_unique<Process>(disk, [term, choices, &history](Env& env) {
          base::Random own{choices};
          Leader leader{env, term};
          for (int i = 0; i < 6 && leader.is_open(); ++i) {
            const std::uint64_t what = own.below(10);
            if (what < 6)
              leader.checkpoint();
            else if (what < 9)
              leader.drop_oldest();
            else
              leader.begin();
          }
          history = leader.history;
        }));
      };
      start(1);
      processes[0]->run(random.below(160));
      start(2);
      for (int i = 0; i < 12; ++i) processes[random.below(2)]->run(random.below(20));
      start(3);
      for (int i = 0; i < 12; ++i) processes[random.below(3)]->run(random.below(20));
      while (!processes.empty()) {  // whoever is left ends in any order
        const auto at = static_cast<std::ptrdiff_t>(random.below(processes.size()));
        processes.erase(processes.begin() + at);
      }
    }
    const History& last = histories[2];
    std::vector<std::string> broken;
    for (const History* old : {&histories[0], &histories[1]})
      broken.push_back(broken_promise(*old, last));
    for (const CheckpointId id : histories[0].reserved)
      CHECK_FALSE(histories[1].reserved.contains(id));
    broken.push_back(broken_trust(disk, last));
    CHECK(broken == std::vector<std::string>(3));
    return test::Figures{.plans = 1};
  });
}

TEST_CASE("what a new coordinator restores from survives a power cut", "[takeover][swarm]") {
  test::for_each_seed(300, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed};
    MemoryEnv disk;
    Ids restored;
    {
      Stage stage{disk, operations().at(random.chance(0.5) ? "publish" : "publish and drop")};
      stage.old_process.run(random.below(16));
      Process next{disk, [&](Env& env) { restored = Leader{env, 2}.history.restored; }};
      next.run_to_end();
      disk.crash(&random);
    }
    for (const CheckpointId id : restored) CHECK(complete(disk).contains(id));
    return test::Figures{.plans = 1};
  });
}

TEST_CASE("the leader of an earlier term cannot open what a later one has", "[takeover]") {
  MemoryEnv disk;
  const auto later = CheckpointStorage::open(disk, "/state", "job", "b", Takeover{LeaderEpoch{7}});
  REQUIRE(later.ok());
  const auto earlier =
      CheckpointStorage::open(disk, "/state", "job", "a", Takeover{LeaderEpoch{6}});
  REQUIRE_FALSE(earlier.ok());
  CHECK(earlier.status().code() == ErrorCode::fenced);
  CHECK(earlier.status().message().find("term 7") != std::string::npos);
  CHECK(later.value()->begin_epoch().ok());
}

TEST_CASE("a leader that could not have the lock gets it when its holder has died", "[takeover]") {
  MemoryEnv disk;
  auto frozen = CheckpointStorage::open(disk, "/state", "job", "a");
  REQUIRE(frozen.ok());
  auto next = CheckpointStorage::open(disk, "/state", "job", "b", Takeover{LeaderEpoch{1}});
  REQUIRE(next.ok());
  CHECK((*frozen)->begin_epoch().status().code() == ErrorCode::fenced);
  REQUIRE((*next)->begin_epoch().ok());
  frozen.value().reset();  // the frozen process is killed
  REQUIRE((*next)->begin_epoch().ok());
  CHECK(CheckpointStorage::open(disk, "/state", "job", "c").status().code() ==
        ErrorCode::failed_precondition);
}
