// SimCluster: a coordinator, workers and somebody who submits a job, each a process on a machine of
// its own on a SimNetwork. All that differs from real processes is beneath them: sockets, clocks,
// threads, and the disk, which all machines share.
//
//   SimCluster cluster{{.seed = 7, .workers = 3, .build = [&] { return job(); }}};
//   cluster.run_for(2s);
//   cluster.kill("worker-1");
//   cluster.start("worker-1");
//   REQUIRE(cluster.finish(10min));
//
// Faults of cables are those of network(). With one coordinator, a job is submitted again when that
// has died, to continue from its newest checkpoint. With two or more, one leads and the others
// stand by; their leader store lies on the disk that all share, and the job is submitted once.
#pragma once

#include "actors/cluster/coordinator_process.hpp"
#include "runtime/cluster/cluster_options.hpp"
#include "runtime/ha/leader_election.hpp"
#include "simulation/sim_client.hpp"
#include "simulation/sim_env.hpp"
#include "simulation/sim_network.hpp"
#include "simulation/sim_process.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::simulation {

struct SimClusterOptions {
  std::uint64_t seed = 1;
  int coordinators = 1;
  int workers = 2;
  int slots = 2;  // of each worker
  /// Builds the job, anew for each process; its checkpoints need a directory.
  std::function<Job()> build;
  runtime::ClusterOptions cluster = {};
  // With two or more coordinators:
  runtime::ElectionTimes election = {};
  bool shares_locks = true;    // machines see each other's locks on files
  bool finds_by_store = true;  // else workers and the client try all coordinators in turn
  bool keep_trace = false;
};

/// See the file comment. Everything has been started, and the job submitted, when it is made.
class SimCluster {
public:
  static inline const std::string kClient = "client";
  static inline const std::string kCoordinator = "coordinator";  // if it is the only one
  static std::string coordinator(int index) { return kCoordinator + "-" + std::to_string(index); }
  static std::string worker(int index) { return "worker-" + std::to_string(index); }
  /// Where a machine has its own disk.
  static std::string local_root(const std::string& host) { return "/local/" + host; }

  explicit SimCluster(SimClusterOptions options);
  ~SimCluster();
  SimCluster(const SimCluster&) = delete;
  SimCluster& operator=(const SimCluster&) = delete;

  SimNetwork& network() { return network_; }
  SimEnv& disk() { return disk_; }

  // ---- processes, named by their machines ------------------------------------------------------

  /// All machines but the one that submits.
  std::vector<std::string> hosts() const;
  std::vector<std::string> coordinators() const;
  /// Starts a process again that has ended.
  void start(const std::string& host);
  bool is_running(const std::string& host) const { return network_.is_running(host); }
  void kill(const std::string& host);
  void power_off(const std::string& host);
  /// The process is killed just before its n-th change of the disk from now.
  void kill_before_change(const std::string& host, std::uint64_t n);
  /// The process is frozen just before that change, and wakes after a while. One at a time: another
  /// is spared.
  void freeze_before_change(const std::string& host, std::uint64_t n, Duration time);
  /// Nothing is to befall it before a change any more.
  void spare(const std::string& host);
  /// All that the process asks of the disk fails, until it is reachable again or the process ends.
  void set_disk_reachable(const std::string& host, bool reachable);
  /// Sets how far the wall clock of a machine is ahead; from now on, also of processes that start
  /// there. The clock of a process that runs jumps.
  void set_wall_offset(const std::string& host, Duration offset);
  /// Kills an actor in a process: "counts/1", "node"; false if there is none.
  bool kill_actor(const std::string& host, const std::string& name);
  /// Those that can be killed and still live.
  std::vector<std::string> actors_of(const std::string& host) const;

  // ---- coordinators ----------------------------------------------------------------------------

  bool has_standbys() const { return options_.coordinators > 1; }
  /// Whether the process has a master that acts as the leader's.
  bool leads(const std::string& host) const;
  std::uint64_t leaderships() const { return leaderships_; }           // that have begun
  std::uint64_t step_downs() const { return step_downs_; }             // of processes that went on
  std::uint64_t hangs() const { return hangs_; }                       // by freeze_before_change
  std::uint64_t rejections() const { return submission_.rejections; }  // of the submission

  // ---- the job ---------------------------------------------------------------------------------

  /// Lets everything go on for a while, or until the job has ended.
  void run_for(Duration time);
  /// Lets everything go on until the job has ended, but not longer than `limit`. Returns whether it
  /// has finished; report() says more.
  bool finish(Duration limit);
  bool has_ended() const { return view_.outcome.has_value(); }
  /// Whether the client has ever seen a completed checkpoint.
  bool has_checkpoint() const { return has_checkpoint_; }
  /// As the client saw it last.
  const runtime::JobView& view() const { return view_; }
  /// Restarts of the job under all coordinators, as far as the client has heard of them.
  std::uint64_t restarts() const { return restarts_; }
  std::string report() const;
  /// What all processes have logged, with time and machine.
  const std::vector<std::string>& log() const { return log_; }
  /// Adds a line to it.
  void note(const std::string& what);

private:
  SimProcess& begin(const std::string& host);
  void start_coordinator(const std::string& host);
  void start_candidate(const std::string& host);
  void start_worker(const std::string& host);
  void lead(const std::string& host, LeaderEpoch epoch);
  void step_down(const std::string& host, const std::string& why);
  void stand_by_again(const std::string& host);
  void end_process(const std::string& host, const std::function<void()>& end);
  void defer_for(const std::string& host, std::function<void()> fault);
  actors::CoordinatorOptions coordinator_options(const std::string& host);
  actors::CoordinatorFinder coordinator_finder(const std::string& host);
  bool step(Duration until);
  void connect();
  void on_view(const runtime::JobView& view);

  SimClusterOptions options_;
  base::Random random_;
  SimEnv disk_;
  base::FaultPoints no_faults_;
  SimJobFactory factory_;
  std::vector<std::string> log_;
  std::uint64_t runs_ = 0;    // of jobs, that were given a name
  std::uint64_t starts_ = 0;  // of processes
  std::uint64_t leaderships_ = 0;
  std::uint64_t step_downs_ = 0;
  std::uint64_t hangs_ = 0;
  std::string hanging_;  // the machine whose process is frozen in the middle of a step
  SimSubmission submission_;
  runtime::JobView view_;
  std::uint64_t restarts_ = 0;
  bool has_checkpoint_ = false;
  std::optional<Duration> connect_at_;
  std::vector<std::unique_ptr<SimClient>> clients_;  // the last one counts; the others end
  std::map<std::string, Duration> wall_offsets_;     // by machine
  std::map<std::string, std::unique_ptr<SimProcess>>
      processes_;       // by machine; the last one of each
  SimNetwork network_;  // ends first: its actors use all of the above
};

}  // namespace weir::simulation
