// SimClient: whoever has submitted a SimCluster's job, and watches it to its end.
//
// With standby coordinators it does what `submit` does: the job has a ticket, and is submitted
// until a leader has accepted it, then watched under all leaders. With a single coordinator, which
// forgets its jobs when it dies, it looks whether the job is there, and else submits it to continue
// from its newest checkpoint.
#pragma once

#include "actors/cluster/client_actor.hpp"

#include <functional>
#include <optional>
#include <string>

namespace weir::simulation {

/// What a submitter knows; it outlives the clients that it uses.
struct SimSubmission {
  std::string ticket;
  bool outlives_coordinators = false;
  std::uint64_t submissions = 0;       // to coordinators that forget
  std::optional<JobId> accepted = {};  // by a leader
  std::uint64_t rejections = 0;
};

/// See the file comment.
class SimClient final : public actors::ClientObserver {
public:
  /// What it tells; not called after `end`.
  struct Hears {
    std::function<void(const runtime::JobView&)> on_view;
    std::function<void(const std::string&)> on_trouble;  // it is to be replaced by another
  };

  SimClient(SimSubmission& submission, Hears hears) : submission_{submission}, hears_{hears} {}

  void begin(caf::actor_system& system, const net::Dialer& dialer, base::BlockingPool& pool,
             const Clock& clock, actors::CoordinatorFinder coordinator);
  /// Nothing more is heard of it.
  void end();

private:
  void ask(actors::ClientActor::pointer self);
  void submit_again(const actors::ClusterOverview& overview);

  void on_overview(const actors::ClusterOverview& overview) override {
    if (!is_over_) submit_again(overview);
  }
  void on_accepted(const actors::JobAccepted& accepted) override;
  void on_rejected(const actors::RequestRejected& rejected) override;
  void on_disconnected(const std::string& why) override {
    if (!is_over_) hears_.on_trouble(why);
  }
  void on_changed(const actors::JobChanged& changed) override {
    if (!is_over_) hears_.on_view(changed.view);
  }

  SimSubmission& submission_;
  Hears hears_;
  actors::ClientActor actor_;
  actors::MasterActor master_;
  bool is_over_ = false;
};

}  // namespace weir::simulation
