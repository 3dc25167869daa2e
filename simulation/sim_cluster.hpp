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
// Faults of cables are those of network(). A job whose coordinator has died is submitted again, to
// continue from its newest checkpoint, as soon as a coordinator answers.
#pragma once

#include "actors/cluster/client_actor.hpp"
#include "actors/cluster/job_factory.hpp"
#include "actors/roster.hpp"
#include "runtime/cluster/cluster_options.hpp"
#include "simulation/process_env.hpp"
#include "simulation/sim_env.hpp"
#include "simulation/sim_network.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::simulation {

struct SimClusterOptions {
  std::uint64_t seed = 1;
  int workers = 2;
  int slots = 2;  // of each worker
  /// Builds the job, anew for each process; its checkpoints need a directory.
  std::function<Job()> build;
  runtime::ClusterOptions cluster = {};
  bool keep_trace = false;
};

/// See the file comment. Everything has been started, and the job submitted, when it is made.
class SimCluster {
public:
  static inline const std::string kCoordinator = "coordinator";
  static std::string worker(int index) { return "worker-" + std::to_string(index); }

  explicit SimCluster(SimClusterOptions options);
  ~SimCluster();
  SimCluster(const SimCluster&) = delete;
  SimCluster& operator=(const SimCluster&) = delete;

  SimNetwork& network() { return network_; }
  SimEnv& disk() { return disk_; }

  // ---- processes, named by their machines ------------------------------------------------------

  /// All machines but the one that submits.
  std::vector<std::string> hosts() const;
  /// Starts a process again that has ended.
  void start(const std::string& host);
  bool is_running(const std::string& host) const { return network_.is_running(host); }
  void kill(const std::string& host);
  void power_off(const std::string& host);
  /// The process is killed just before its n-th change of the disk from now; 0: it is not.
  void kill_before_change(const std::string& host, std::uint64_t n);
  /// Kills an actor in a process: "counts/1", "node"; false if there is none.
  bool kill_actor(const std::string& host, const std::string& name);
  std::vector<std::string> actors_of(const std::string& host) const;

  // ---- the job ---------------------------------------------------------------------------------

  /// Lets everything go on for a while, or until the job has ended.
  void run_for(Duration time);
  /// Lets everything go on until the job has ended, but not longer than `limit`. Returns whether it
  /// has finished; report() says more.
  bool finish(Duration limit);
  bool has_ended() const { return view_.outcome.has_value(); }
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
  struct Process;
  class ProcessLog;
  class Client;
  class Factory;

  Process& begin(const std::string& host);
  void start_coordinator();
  void start_worker(const std::string& host);
  void end_process(const std::string& host, const std::function<void()>& end);
  void defer_end(const std::string& host, std::uint64_t number, std::function<void()> end);
  bool step(Duration until);
  void connect();
  void on_view(const runtime::JobView& view);

  SimClusterOptions options_;
  base::Random random_;
  SimEnv disk_;
  base::FaultPoints no_faults_;
  std::unique_ptr<Factory> factory_;
  std::vector<std::string> log_;
  std::uint64_t runs_ = 0;    // of jobs, that were given a name
  std::uint64_t starts_ = 0;  // of processes
  std::uint64_t submissions_ = 0;
  runtime::JobView view_;
  std::uint64_t restarts_ = 0;
  std::optional<Duration> connect_at_;
  std::vector<std::unique_ptr<Client>> clients_;  // the last one counts; the others end
  std::map<std::string, std::unique_ptr<Process>> processes_;  // by machine; the last one of each
  SimNetwork network_;  // ends first: its actors use all of the above
};

}  // namespace weir::simulation
