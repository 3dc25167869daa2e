#include "runtime/cluster/slot_pool.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace weir::runtime {

SlotActions SlotPool::on_members(const Membership& view) {
  SlotActions actions;
  SlotsByWorker next;
  for (const Member& member : view.members) {
    const auto at = workers_.find(member.id);
    next[member.id] = {.total = static_cast<std::uint32_t>(member.info.slots),
                       .used = at == workers_.end() ? 0 : at->second.used,
                       .is_ready = member.state == WorkerState::ready};
  }
  std::swap(workers_, next);
  for (const auto& [worker, gone] : next) {
    if (workers_.contains(worker)) continue;
    for (const auto& [job, placement] : leases_) {
      SlotsLost lost{job, worker, {}};
      for (std::uint32_t i = 0; i < placement.slots.size(); ++i) {
        if (placement.slots[i] == worker) lost.slots.push_back(i);
      }
      if (!lost.slots.empty()) actions.push_back(std::move(lost));
    }
  }
  serve(actions);
  return actions;
}

SlotActions SlotPool::on_request(JobId job, std::uint32_t needed, Duration now) {
  WEIR_ASSERT(needed > 0, "a job needs a slot");
  vacate(job);
  waiting_.insert_or_assign(job, Request{needed, now + options_.request_timeout});
  SlotActions actions;
  serve(actions);
  return actions;
}

SlotActions SlotPool::on_vacate(JobId job) {
  vacate(job);
  waiting_.erase(job);
  SlotActions actions;
  serve(actions);
  return actions;
}

void SlotPool::vacate(JobId job) {
  auto held = leases_.extract(job);
  if (held.empty()) return;
  give_back(held.mapped());
  before_.insert_or_assign(job, std::move(held.mapped()));
}

std::optional<Placement> SlotPool::refill(JobId job) {
  const auto at = leases_.find(job);
  if (at == leases_.end()) return std::nullopt;
  std::vector<std::size_t> lost;
  for (std::size_t i = 0; i < at->second.slots.size(); ++i) {
    if (!workers_.contains(at->second.slots[i])) lost.push_back(i);
  }
  if (lost.empty()) return at->second;
  const auto placed = place(static_cast<std::uint32_t>(lost.size()), workers_, {}, options_.spread);
  const Placement* found = std::get_if<Placement>(&placed);
  if (found == nullptr) return std::nullopt;
  take(*found);
  for (std::size_t i = 0; i < lost.size(); ++i) at->second.slots[lost[i]] = found->slots[i];
  return at->second;
}

SlotActions SlotPool::on_release(JobId job) {
  if (auto held = leases_.extract(job); !held.empty()) give_back(held.mapped());
  before_.erase(job);
  waiting_.erase(job);
  SlotActions actions;
  serve(actions);
  return actions;
}

SlotActions SlotPool::on_tick(Duration now) {
  SlotActions actions;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->second.deadline > now) {
      ++at;
      continue;
    }
    actions.push_back(SlotsTimedOut{
        at->first,
        {ErrorCode::deadline_exceeded,
         "no slots within " + base::format_duration(options_.request_timeout) +
             " (slot.request.timeout): " + describe(at->second.shown) +
             "; start more workers, give them more slots (taskmanager.numberOfTaskSlots), or "
             "lower the parallelism"}});
    before_.erase(at->first);
    at = waiting_.erase(at);
  }
  serve(actions);
  return actions;
}

std::optional<Duration> SlotPool::next_wake() const {
  std::optional<Duration> wake;
  for (const auto& [job, request] : waiting_)
    wake = wake ? std::min(*wake, request.deadline) : request.deadline;
  return wake;
}

/// Gives slots to the jobs that wait, the oldest first.
void SlotPool::serve(SlotActions& actions) {
  std::optional<JobId> blocked;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    auto& [job, request] = *at;
    auto placed = place(request.needed, workers_, before_[job], options_.spread);
    Placement* placement = std::get_if<Placement>(&placed);
    if (placement != nullptr && !blocked) {
      take(*placement);
      actions.push_back(SlotsGranted{job, *placement});
      leases_.insert_or_assign(job, std::move(*placement));
      before_.erase(job);
      at = waiting_.erase(at);
      continue;
    }
    Shortage shortage = shortage_of(request.needed, workers_);
    shortage.behind = blocked;
    if (!blocked) blocked = job;
    if (request.shown != shortage) actions.push_back(SlotsShort{job, shortage});
    request.shown = shortage;
    ++at;
  }
}

void SlotPool::take(const Placement& placement) {
  for (const WorkerId id : placement.slots) ++workers_.at(id).used;
}

void SlotPool::give_back(const Placement& placement) {
  for (const WorkerId id : placement.slots) {
    if (const auto at = workers_.find(id); at != workers_.end()) --at->second.used;
  }
}

const Placement* SlotPool::lease(JobId job) const {
  const auto at = leases_.find(job);
  return at == leases_.end() ? nullptr : &at->second;
}

std::set<JobId> SlotPool::jobs_on(WorkerId worker) const {
  std::set<JobId> jobs;
  for (const auto& [job, placement] : leases_) {
    if (std::find(placement.slots.begin(), placement.slots.end(), worker) != placement.slots.end())
      jobs.insert(job);
  }
  return jobs;
}

std::uint32_t SlotPool::available_to(JobId job) const {
  std::uint32_t available = 0;
  for (const auto& [id, slots] : workers_) available += slots.free();
  const Placement* own = lease(job);
  if (own == nullptr) return available;
  for (const WorkerId id : own->slots) {
    const auto at = workers_.find(id);
    if (at != workers_.end() && at->second.is_ready) ++available;
  }
  return available;
}

}  // namespace weir::runtime
