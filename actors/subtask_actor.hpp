// SubtaskActor: carries a runtime::Subtask.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/job_context.hpp"
#include "actors/services.hpp"
#include "actors/waker.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::actors {

/// What a subtask actor is spawned with.
struct SubtaskSpawn {
  JobContextPtr context;
  Services services;
  JobActor job;
  SubtaskId id;
  AttemptId attempt;
  runtime::SubtaskRestore restore;
  std::string restore_directory;
  std::shared_ptr<checkpoint::LocalState> local = nullptr;  // null: no copies of state are kept
  std::shared_ptr<detail::StateBackend> backend = nullptr;  // null: state is in memory
};

/// The actor's state, and the port of its subtask.
class SubtaskState : public runtime::SubtaskPort {
public:
  using Self = SubtaskActor::stateful_pointer<SubtaskState>;

  static inline const char* name = "subtask";

  explicit SubtaskState(Self self) : self_{self} {}
  ~SubtaskState() override {
    if (waker_ != nullptr) waker_->close();
  }

  /// Builds the subtask and begins to restore its state.
  void begin(SubtaskSpawn spawn);
  void connect(const Peers& peers);
  void on_down(const caf::down_msg& down);
  void start();
  void on_frame(DataFrame& frame);

  /// Hands an event to the subtask and lets it work.
  template <class F>
  void turn(F&& f) {
    try {
      f(*subtask_);
      drive();
    } catch (const runtime::Killed&) {
      die();
    }
  }
  void on_turn();
  void on_wake(Duration at);
  void on_continue(const Continue& message);
  void report_counters();
  void report_metrics();
  void report_situation(std::uint64_t round);

  // runtime::SubtaskPort
  void send(ChannelIndex channel, runtime::Frame frame) override;
  void grant(ChannelIndex input, std::uint32_t credits) override;
  void request_splits() override;
  void reads_backlog(bool is_backlog) override;
  void tell_time(const runtime::SourceTime& time) override;
  void acknowledge(checkpoint::Ack ack) override;
  void decline(checkpoint::Decline decline) override;
  void drained() override;
  void done() override;
  void lost_transactions(const std::string& operator_name, std::uint64_t count,
                         const std::string& what) override;
  void failed(runtime::TaskFailure failure) override;
  void run_blocking(std::function<void()> work, std::function<void()> then) override;
  std::function<void()> waker() override;
  void retry_write(CheckpointId id, const Status& why, Duration pause,
                   std::function<void()> again) override;
  bool has_mail() const override;
  void reached(Phase phase, CheckpointId checkpoint) override;
  void processed(std::uint64_t records) override;
  Duration now() const override { return spawn_->services.clock.monotonic(); }
  WallTime wall() const override { return spawn_->services.clock.wall(); }

private:
  /// The actor at the other end of a channel, and the channel's index there.
  struct Channel {
    SubtaskActor actor;
    ChannelIndex at_peer;
  };

  void restore();
  void cannot_restore(const Status& why);
  void watch(const TaskHandle& peer);
  void report_ready();
  runtime::SnapshotPlace snapshot_place() const;
  std::function<std::shared_ptr<detail::StateBackend>()> rocksdb_backend() const;
  void drive();
  void die();
  checkpoint::Speaker speaker() const { return {spawn_->id, spawn_->attempt}; }

  Self self_;
  std::optional<SubtaskSpawn> spawn_;
  std::string display_name_;                   // "counts/1"
  std::shared_ptr<runtime::Subtask> subtask_;  // shared with a restore that is being read
  CoordinatorActor coordinator_;
  std::vector<Channel> inputs_;
  std::vector<Channel> outputs_;
  std::map<caf::actor_addr, std::string> remote_peers_;  // with their names
  std::string lost_peer_;                                // empty: none
  std::optional<Duration> fails_at_;                     // when a peer is lost
  bool is_restored_ = false;
  runtime::RestoredFrom restored_from_ = runtime::RestoredFrom::metadata;
  bool is_connected_ = false;
  bool turn_is_queued_ = false;
  std::optional<Duration> wake_at_;  // the earliest Wake under way
  std::shared_ptr<Waker> waker_;     // null: nobody has asked for it
};

SubtaskActor::behavior_type subtask_actor(SubtaskState::Self self, SubtaskSpawn spawn);

}  // namespace weir::actors
