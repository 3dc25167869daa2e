// SimNetwork: several processes on machines with cables between them, in one thread, on one virtual
// time, in an order drawn from a seed. CAF's real protocol runs between them, byte for byte.
//
//   SimNetwork network{{.seed = 7}};
//   SimNode& left = network.start("left");
//   network.start("right").system().spawn(...);
//   network.partition("left", "right");
//   network.run_for(3s);
//   network.heal("left", "right");
//
// - One seed is one trace, in every process.
// - Time passes when nobody can do anything, and slips a little now and then.
// - Faults are for between steps; what runs within a step defers them.
#pragma once

#include "simulation/sim_node.hpp"
#include "simulation/sim_trace.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::simulation {

struct NetworkOptions {
  std::uint64_t seed = 1;
  /// What all cables are like at first.
  Cable cable = {};
  /// A dial that nobody answers fails after this: Linux sends a SYN seven times, with pauses from
  /// one second to 64.
  Duration dial_timeout = std::chrono::seconds{127};
  /// Steps are described in words, too, which takes ten times as long.
  bool keep_trace = false;
};

/// See the file comment.
class SimNetwork {
public:
  explicit SimNetwork(NetworkOptions options);
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  // ---- machines and processes ------------------------------------------------------------------

  /// Starts a process on the machine of that name, which is added, or gets its power back. One
  /// process per machine. The node is valid until it is killed or its machine loses power.
  SimNode& start(const std::string& host, const NodeOptions& options = {});
  bool is_running(const std::string& host) const;
  SimNode& node(const std::string& host);
  /// As by SIGKILL: peers see their connections end or reset; dials are refused.
  void kill(const std::string& host);
  /// The process ends by itself: all that it has sent still arrives.
  void exit(const std::string& host);
  /// The machine dies: peers see nothing at all; nobody answers dials.
  void power_off(const std::string& host);
  /// As by SIGSTOP: the process takes no steps; its kernel accepts connections and bytes; time goes
  /// on. When it wakes, all timers that were due fire at once.
  void freeze(const std::string& host);
  void wake(const std::string& host);
  bool is_frozen(const std::string& host) const;
  /// For blocking work and user code: the process freezes right here, in the middle of its step,
  /// and wakes after a while. All others go on meanwhile; their steps are made within this call.
  /// Nothing may end the process before it returns.
  void hang(const std::string& host, Duration time);

  // ---- cables ----------------------------------------------------------------------------------

  /// The cable in one direction; its delays and bandwidth may be changed.
  Cable& cable(const std::string& from, const std::string& to);
  /// Nothing that is sent from one to the other arrives until it is healed.
  void cut(const std::string& from, const std::string& to);
  void heal(const std::string& from, const std::string& to);
  /// Both directions.
  void partition(const std::string& one, const std::string& other);
  void heal_partition(const std::string& one, const std::string& other);
  /// Nothing arrives for a while.
  void stall(const std::string& from, const std::string& to, Duration time);
  /// Resets all connections between two machines.
  void reset(const std::string& one, const std::string& other);

  /// Calls `fault` before the next step; for faults that actors cause.
  void defer(std::function<void()> fault) { deferred_.push_back(std::move(fault)); }

  // ---- time ------------------------------------------------------------------------------------

  /// Time since the network began. Each machine's monotonic clock is ahead of it by the time that
  /// the machine has been up before.
  Duration now() const { return now_; }
  /// Does one thing that somebody can do; or lets time pass up to the next thing, but not beyond
  /// `until`. False if nothing can happen before `until`: then that is the time.
  bool step(Duration until = kForever);
  /// Goes on for `limit` at most; returns done().
  template <class Done>
  bool run_until(Done done, Duration limit) {
    const Duration end = now_ + limit;
    while (!done()) {
      if (!step(end)) return done();
    }
    return true;
  }
  void run_for(Duration time) {
    run_until([] { return false; }, time);
  }

  const SimTrace& trace() const { return trace_; }
  SimFabric& fabric() { return fabric_; }

  static constexpr Duration kForever = Duration::max();

private:
  struct Machine {
    HostId id;
    Duration up_before{};  // when the network began
    std::unique_ptr<SimNode> process = {};
    bool is_frozen = false;
    std::uint32_t processes = 0;  // that it has had
    std::size_t work = 0;         // found for this step
  };
  /// Who does something: all of a machine if `doer` is 0.
  struct Doer {
    std::size_t machine;
    std::uint64_t doer;
  };
  /// One of the things that can be done; `machine` is machines_.size() for deliveries.
  struct Choice {
    std::size_t machine;
    std::size_t index;
  };

  void end(const std::string& host, const std::function<void(HostId)>& close);
  Machine& machine(const std::string& host);
  const Machine* find(const std::string& host) const;
  std::size_t find_choices();
  Choice choice(std::size_t index) const;
  Choice choose(std::size_t count);
  Doer doer_of(Choice choice);
  bool starves(const Doer& doer) const;
  void perform(Choice choice);
  void perform_delivery(SocketId from);
  void perform_work(Machine& machine, std::size_t index);
  std::optional<Duration> next_event();
  void advance(Duration now);
  void add_line(const std::string& who, const std::string& what);

  base::Random random_;
  SimFabric fabric_;
  SimTrace trace_;
  std::vector<Machine> machines_;  // index: HostId
  Duration now_{};
  Doer starving_{};
  std::uint64_t starves_for_ = 0;  // more steps
  std::vector<std::function<void()>> deferred_;
  bool is_in_step_ = false;
};

}  // namespace weir::simulation
