// Restarts from the copies that a node keeps: they are used where they can be, harm nobody where
// they cannot, and go when they are of no use.
#include "base/files.hpp"
#include "simulation/sim_cluster.hpp"
#include "test/support/count_job.hpp"
#include "test/support/sim_figures.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using simulation::SimCluster;
using test::CountJob;
using test::figures_of;
using test::require_finish;

namespace {

const std::string kState = ".state";  // part of the name of each state file and of each copy
const std::string kShared = "/checkpoints/";
const std::string kLocal = "/local/";

/// Every bit of state is in a file.
JobOptions local_recovery(bool is_on = true) {
  return {
      .checkpoint = {.tolerable_failures = 1000, .storage = "/checkpoints", .inline_threshold = 0},
      .state = {.local_recovery = is_on}};
}

/// Names of copies, of living and dead processes alike.
std::vector<std::string> copies(Env& disk, const std::string& root = "/local") {
  std::vector<std::string> names;
  const auto processes = disk.list(root);
  if (!processes.ok()) return names;
  for (const DirectoryEntry& process : *processes) {
    const std::string directory = root + "/" + process.name;
    for (const DirectoryEntry& file : disk.list(directory).value())
      names.push_back(directory + "/" + file.name);
  }
  return names;
}

std::uint64_t shared_reads(const testing::Cluster& cluster) {
  return cluster.disk_opens(kShared) - cluster.disk_opens("_metadata") -
         cluster.disk_opens("/coordinator");
}

bool says(const std::vector<std::string>& log, const std::string& what) {
  return std::any_of(log.begin(), log.end(),
                     [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

}  // namespace

TEST_CASE("a subtask that dies is restored without a look at the checkpoint's files",
          "[sim][local]") {
  testing::Cluster cluster{{.seed = 11}};
  CountJob count;
  auto run = cluster.start(count.job(local_recovery()));
  REQUIRE(run.run_until_checkpoint(3));
  run.kill("counts/1");
  require_finish(run);
  CHECK(run.restarts() == 1);
  CHECK(shared_reads(cluster) == 0);
  CHECK(cluster.disk_opens(kLocal) == 2);
  CHECK(says(run.log(), "state restored subtasks=2 from_local_copies=2"));
  count.check_exactly_once();
}

TEST_CASE("files of RocksDB stay on the node for a subtask that dies", "[sim][local][rocksdb]") {
  testing::Cluster cluster{{.seed = 11}};
  CountJob count;
  JobOptions options = local_recovery();
  options.state.backend = StateBackendType::rocksdb;
  auto run = cluster.start(count.job(options));
  REQUIRE(run.run_until_checkpoint(3));
  run.kill("counts/1");
  require_finish(run);
  CHECK(run.restarts() == 1);
  CHECK(shared_reads(cluster) == 0);
  CHECK(says(run.log(), "state restored subtasks=2 from_local_copies=2"));
  count.check_exactly_once();
}

TEST_CASE("without local recovery the checkpoint is read, and no copy is made", "[sim][local]") {
  testing::Cluster cluster{{.seed = 11}};
  CountJob count;
  auto run = cluster.start(count.job(local_recovery(false)));
  REQUIRE(run.run_until_checkpoint(3));
  run.kill("counts/1");
  require_finish(run);
  CHECK(shared_reads(cluster) == 2);
  CHECK(says(run.log(), "state restored subtasks=2 from_local_copies=0"));
  count.check_exactly_once();
  CHECK_FALSE(cluster.disk().stat("/local").ok());
}

TEST_CASE("with their node the copies are gone: the checkpoint is read", "[sim][local]") {
  testing::Cluster cluster{{.seed = 12}};
  CountJob count;
  auto run = cluster.start(count.job(local_recovery()));
  REQUIRE(run.run_until_checkpoint(3));
  run.kill("node");
  require_finish(run);
  CHECK(run.restarts() == 1);
  CHECK(shared_reads(cluster) == 2);
  CHECK(cluster.disk_opens(kLocal) == 0);
  CHECK(says(run.log(), "state restored subtasks=2 from_local_copies=0"));
  count.check_exactly_once();
}

TEST_CASE("a node keeps the newest completed checkpoint and what is under way", "[sim][local]") {
  testing::Cluster cluster{{.seed = 13}};
  CountJob count;
  auto run = cluster.start(count.job(local_recovery()));
  for (int i = 0; i < 70 && !run.has_ended(); ++i) {
    run.run_for(5ms);
    // Of two subtasks: what has completed, and what is under way.
    CHECK(copies(cluster.disk()).size() <= 2 * 2);
  }
  require_finish(run);
  count.check_exactly_once();
}

TEST_CASE("what a dead process has left is deleted by the next one", "[sim][local]") {
  testing::Cluster cluster{{.seed = 14}};
  CountJob count;
  {
    auto run = cluster.start(count.job(local_recovery()));
    REQUIRE(run.run_until_checkpoint(2));
    run.crash();
  }
  const auto left = copies(cluster.disk());
  REQUIRE_FALSE(left.empty());
  auto run = cluster.start(count.job(local_recovery()), {.restore_latest = true});
  for (const std::string& copy : left) CHECK_FALSE(cluster.disk().stat(copy).ok());
  require_finish(run);
  CHECK(says(run.log(), "state restored subtasks=2 from_local_copies=0"));
  count.check_exactly_once();
}

TEST_CASE("copies that are damaged, stale or gone change nothing", "[sim][local]") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    for (const std::string harm : {"damage", "stale", "remove"}) {
      CAPTURE(seed, harm);
      testing::Cluster cluster{{.seed = seed}};
      CountJob count;
      auto run = cluster.start(count.job(local_recovery()));
      REQUIRE(run.run_until_checkpoint(1));
      Env& disk = cluster.disk();
      std::map<std::string, Bytes> older;  // by subtask
      const auto subtask = [](const std::string& copy) {
        return copy.substr(copy.rfind("-chk-") + 7);
      };
      for (const std::string& copy : copies(disk))
        older[subtask(copy)] = base::read_file(disk, copy).value();
      REQUIRE(older.size() == 2);
      REQUIRE(run.run_until_checkpoint(4));
      for (const std::string& copy : copies(disk)) {
        if (harm == "remove") {
          REQUIRE(disk.remove_file(copy).ok());
          continue;
        }
        Bytes bytes =
            harm == "stale" ? older.at(subtask(copy)) : base::read_file(disk, copy).value();
        if (harm == "damage") bytes.back() = static_cast<char>(bytes.back() ^ 1);
        auto file = disk.create(copy).value();
        REQUIRE(file->append(bytes).ok());
      }
      run.kill("counts/0");
      require_finish(run);
      CHECK(run.restarts() == 1);
      CHECK(says(run.log(), "from_local_copies=0"));
      count.check_exactly_once();
    }
  }
}

TEST_CASE("a disk without room for copies costs nothing but the copies", "[sim][local]") {
  testing::Cluster cluster{{.seed = 15}};
  CountJob count;
  cluster.fail_writes(kLocal, ErrorCode::out_of_space, 1'000'000);
  auto run = cluster.start(count.job(local_recovery()));
  REQUIRE(run.run_until_checkpoint(3));
  CHECK(run.failed_checkpoints() == 0);
  run.kill("counts/1");
  require_finish(run);
  CHECK(run.restarts() == 1);
  CHECK(says(run.log(), "from_local_copies=0"));
  const auto warnings = std::count_if(run.log().begin(), run.log().end(), [](const auto& line) {
    return line.find("no local copies of state") != std::string::npos;
  });
  CHECK(warnings == 1);
  count.check_exactly_once();
}

TEST_CASE("with local recovery, whoever dies whenever, each count is committed once",
          "[sim][local][swarm]") {
  test::for_each_seed(30, [](std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random{seed ^ 0x10ca1u};
    testing::Cluster cluster{{.seed = seed, .disturbed_messages = seed % 3 == 0 ? 0.1 : 0}};
    JobOptions options = local_recovery();
    if (seed % 3 == 1) options.state.backend = StateBackendType::rocksdb;
    options.checkpoint.max_concurrent = 1 + static_cast<int>(random.below(3));
    options.checkpoint.every = Duration{20ms} + Duration{1ms} * random.below(40);
    options.checkpoint.timeout = 500ms;
    CountJob count;
    if (random.chance(0.3))
      cluster.fail_writes(kLocal, ErrorCode::out_of_space, 1 + random.below(20));
    auto run = cluster.start(count.job(options));
    for (int i = 0; i < 6 && !run.has_ended(); ++i) {
      run.run_for(Duration{1ms} * random.below(120));
      run.kill(std::vector{"any", "counts/0", "counts/1", "numbers/0", "node"}[random.below(5)]);
    }
    if (random.chance(0.3) && !run.has_ended()) {
      run.crash();
      run = cluster.start(count.job(options), {.restore_latest = true});
    }
    require_finish(run);
    count.check_exactly_once();
    return figures_of(run);
  });
}

namespace {

/// A job in three slots on three machines, with copies.
struct Machines {
  explicit Machines(std::uint64_t seed)
      : cluster{{.seed = seed,
                 .workers = 3,
                 .slots = 1,
                 .build =
                     [this] {
                       JobOptions options = local_recovery();
                       options.parallelism = 3;
                       options.checkpoint.every = 100ms;
                       options.checkpoint.timeout = 1s;
                       return count.job(options);
                     },
                 .cluster = {.heartbeat = {.interval = 100ms, .timeout = 500ms},
                             .registration = {.initial_timeout = 100ms, .max_timeout = 1s}}}} {}

  std::uint64_t shared_reads() {
    return cluster.disk().opened(kShared) - cluster.disk().opened("_metadata") -
           cluster.disk().opened("/coordinator");
  }
  void check() {
    const bool finished = cluster.finish(1min);
    INFO(cluster.report());
    REQUIRE(finished);
    count.check_rows();
  }

  CountJob count{{.keys = 31, .pace = {.rows_per_poll = 5, .pause = 100ms}}};
  SimCluster cluster;
};

}  // namespace

TEST_CASE("on a cluster a restart finds its slots, and its state, where they were",
          "[cluster][local]") {
  Machines machines{21};
  machines.cluster.run_for(3s);
  REQUIRE(machines.cluster.view().checkpoints_completed > 5);
  std::string host;
  for (const std::string& name : machines.cluster.hosts()) {
    const auto actors = machines.cluster.actors_of(name);
    if (std::find(actors.begin(), actors.end(), "counts/1") != actors.end()) host = name;
  }
  REQUIRE(machines.cluster.kill_actor(host, "counts/1"));
  machines.check();
  CHECK(machines.cluster.restarts() == 1);
  CHECK(machines.cluster.view().restored.subtasks == 3);
  CHECK(machines.cluster.view().restored.locally == 3);
  CHECK(machines.shared_reads() == 0);
  machines.cluster.network().run_for(1s);  // the job leaves the workers, and its copies go
  for (const std::string& name : machines.cluster.hosts())
    CHECK(copies(machines.cluster.disk(), SimCluster::local_root(name)).empty());
}

TEST_CASE("of a cluster that has lost a machine the others restore from their copies",
          "[cluster][local]") {
  Machines machines{22};
  machines.cluster.run_for(3s);
  machines.cluster.kill("worker-1");
  machines.cluster.start("worker-1");
  machines.check();
  CHECK(machines.cluster.restarts() == 1);
  CHECK(machines.cluster.view().restored.subtasks == 3);
  CHECK(machines.cluster.view().restored.locally == 2);
  CHECK(machines.shared_reads() == 1);
}
