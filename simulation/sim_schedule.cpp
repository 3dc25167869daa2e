#include "simulation/sim_schedule.hpp"

#include "simulation/sim_chance.hpp"

#include <caf/scheduled_actor.hpp>

#include <utility>

namespace weir::simulation {
namespace {

caf::actor_id id_of(caf::resumable* job) {
  const auto* actor = dynamic_cast<caf::scheduled_actor*>(job);
  return actor != nullptr ? actor->id() : 0;
}

}  // namespace

bool SimSchedule::step() {
  const std::size_t jobs = scheduler_.jobs.size();
  const std::size_t choices = jobs + pool_.size();
  if (choices == 0) return scheduler_.trigger_timeout();
  if (random_.chance(kTimeSlips)) scheduler_.advance_time(draw_slip(random_));
  const std::size_t choice = choose(jobs, choices);
  if (choice >= jobs) {
    trace_.push_back("pool");
    pool_.run(choice - jobs);
  } else {
    std::swap(scheduler_.jobs.front(), scheduler_.jobs[choice]);
    trace_.push_back(describe_next());
    scheduler_.run_once();
  }
  return true;
}

/// Anybody may be next, but now and then one actor is left out for a while, as on a busy machine:
/// without it nobody would ever be far ahead of the others.
std::size_t SimSchedule::choose(std::size_t jobs, std::size_t choices) {
  if (starves_for_ != 0) {
    --starves_for_;
  } else {
    starving_ = 0;
    if (jobs != 0 && random_.chance(kStarves)) {
      starving_ = id_of(scheduler_.jobs[random_.below(jobs)]);
      starves_for_ = draw_starvation(random_);
    }
  }
  for (int tries = 0; tries < 4; ++tries) {
    const std::size_t choice = random_.below(choices);
    if (choice >= jobs || id_of(scheduler_.jobs[choice]) != starving_) return choice;
  }
  return random_.below(choices);
}

std::string SimSchedule::describe_next() const {
  auto* actor = dynamic_cast<caf::scheduled_actor*>(scheduler_.jobs.front());
  if (actor == nullptr) return "?";
  std::string text = std::string{actor->name()} + "/" + std::to_string(actor->id());
  if (const auto* element = actor->mailbox().peek())
    text += " " + caf::to_string(element->content());
  return text;
}

}  // namespace weir::simulation
