#include "test/runtime/ha/store_contract.hpp"

#include "runtime/ha/job_records.hpp"

#include <catch2/catch.hpp>

namespace weir::test {
namespace {

using namespace weir::runtime;
using Ids = std::vector<std::string>;

/// Looks until nobody leads: a service needs a moment to notice that a session has ended.
bool becomes_free(HaStore& store) {
  constexpr int kLooksMax = 20'000;
  for (int i = 0; i < kLooksMax; ++i) {
    if (const auto seen = store.look(Viewer::candidate); seen.ok() && seen->is_free) return true;
  }
  return false;
}

LeaderEpoch lead(HaStore& store, const std::string& address = "host:1") {
  const auto seen = store.look(Viewer::candidate);
  INFO((seen.ok() ? "" : seen.status().message()));
  REQUIRE(seen.ok());
  const auto epoch = store.claim(address, seen->newest);
  INFO((epoch.ok() ? "" : epoch.status().message()));
  REQUIRE(epoch.ok());
  REQUIRE(store.beat(*epoch).ok());
  return *epoch;
}

void shows_the_leader(StorePlace& place) {
  const auto a = place.open("a");
  const auto b = place.open("b");
  auto seen = b->look(Viewer::candidate);
  REQUIRE(seen.ok());
  CHECK(seen->is_free);
  CHECK_FALSE(seen->leader);
  const LeaderEpoch epoch = lead(*a, "host-a:4711");
  seen = b->look(Viewer::candidate);
  REQUIRE(seen.ok());
  CHECK_FALSE(seen->is_free);
  CHECK(seen->leader == Leader{epoch, "host-a:4711"});
  const std::string sign = seen->sign;
  REQUIRE(a->beat(epoch).ok());
  CHECK(b->look(Viewer::follower)->sign != sign);
  CHECK(b->look(Viewer::follower)->leader == Leader{epoch, "host-a:4711"});
}

void epochs_grow(StorePlace& place) {
  LeaderEpoch last;
  for (const char* owner : {"a", "b", "a"}) {
    auto store = place.open(owner);
    const LeaderEpoch epoch = lead(*store);
    CHECK(epoch > last);
    last = epoch;
    const auto next = place.open("next");
    CHECK_FALSE(next->look(Viewer::candidate)->is_free);
    place.kill(store);
    REQUIRE(becomes_free(*next));
  }
}

void keeps_records(StorePlace& place) {
  const auto store = place.open("a");
  const LeaderEpoch epoch = lead(*store);
  CHECK(store->list(Folder::jobs).value().empty());
  const Bytes bytes{std::string("with\0zero", 9)};
  REQUIRE(store->create(epoch, Folder::jobs, "job-2", bytes).ok());
  REQUIRE(store->create(epoch, Folder::jobs, "job-1", "").ok());
  REQUIRE(store->create(epoch, Folder::results, "job-1", "other").ok());
  CHECK(store->create(epoch, Folder::jobs, "job-1", "x").code() == ErrorCode::already_exists);
  CHECK(store->list(Folder::jobs).value() == Ids{"job-1", "job-2"});
  CHECK(store->read(Folder::jobs, "job-2").value() == bytes);
  CHECK(store->read(Folder::jobs, "job-1").value().empty());
  REQUIRE(store->update(epoch, Folder::jobs, "job-1", "new").ok());
  CHECK(store->read(Folder::jobs, "job-1").value() == "new");
  CHECK(store->read(Folder::results, "job-1").value() == "other");
  CHECK(store->update(epoch, Folder::jobs, "job-3", "x").code() == ErrorCode::not_found);
  CHECK(store->read(Folder::jobs, "job-3").status().code() == ErrorCode::not_found);
  REQUIRE(store->remove(epoch, Folder::jobs, "job-1").ok());
  REQUIRE(store->remove(epoch, Folder::jobs, "job-1").ok());
  CHECK(store->list(Folder::jobs).value() == Ids{"job-2"});
}

void refuses_bad_names(StorePlace& place) {
  const auto store = place.open("a");
  const LeaderEpoch epoch = lead(*store);
  for (const std::string& id : {std::string{}, std::string{".."}, std::string{".x"},
                                std::string{"a/b"}, std::string{"a b"}, std::string(201, 'x')}) {
    CAPTURE(id);
    CHECK(store->create(epoch, Folder::jobs, id, "x").code() == ErrorCode::invalid_argument);
    CHECK(store->update(epoch, Folder::jobs, id, "x").code() == ErrorCode::invalid_argument);
    CHECK(store->remove(epoch, Folder::jobs, id).code() == ErrorCode::invalid_argument);
    CHECK(store->read(Folder::jobs, id).status().code() == ErrorCode::invalid_argument);
  }
  CHECK(store->create(epoch, Folder::jobs, std::string(200, 'x'), "x").ok());
}

void fences(StorePlace& place) {
  auto old = place.open("a");
  const LeaderEpoch before = lead(*old);
  REQUIRE(old->create(before, Folder::jobs, "job-1", "one").ok());
  old->resign(before);
  const auto next = place.open("b");
  REQUIRE(becomes_free(*next));
  const LeaderEpoch now = lead(*next);
  CHECK(now > before);
  CHECK(old->beat(before).code() == ErrorCode::fenced);
  CHECK(old->create(before, Folder::jobs, "job-2", "x").code() == ErrorCode::fenced);
  CHECK(old->create(before, Folder::jobs, "job-1", "x").code() == ErrorCode::fenced);
  CHECK(old->update(before, Folder::jobs, "job-1", "x").code() == ErrorCode::fenced);
  CHECK(old->update(before, Folder::jobs, "job-9", "x").code() == ErrorCode::fenced);
  CHECK(old->remove(before, Folder::jobs, "job-1").code() == ErrorCode::fenced);
  CHECK(old->create(now, Folder::jobs, "job-2", "x").code() == ErrorCode::fenced);
  old->resign(now);  // it is not the one who may
  CHECK(next->beat(now).ok());
  CHECK(next->list(Folder::jobs).value() == Ids{"job-1"});
  CHECK(old->read(Folder::jobs, "job-1").value() == "one");  // everybody may read
}

void deposes_only_whom_it_saw(StorePlace& place) {
  const auto a = place.open("a");
  const auto b = place.open("b");
  const LeaderEpoch seen = b->look(Viewer::candidate)->newest;
  const LeaderEpoch epoch = lead(*a);
  CHECK(b->claim("host-b:1", seen).status().code() == ErrorCode::failed_precondition);
  CHECK(a->beat(epoch).ok());
  CHECK(b->look(Viewer::candidate)->leader->epoch == epoch);
}

void is_free_at_once(StorePlace& place) {
  const auto a = place.open("a");
  auto b = place.open("b");
  const LeaderEpoch epoch = lead(*a);
  CHECK_FALSE(b->look(Viewer::candidate)->is_free);
  a->resign(epoch);
  CHECK(becomes_free(*b));
  CHECK_FALSE(b->look(Viewer::follower)->leader);
  CHECK(lead(*b) > epoch);
  CHECK_FALSE(a->look(Viewer::candidate)->is_free);
  place.kill(b);
  CHECK(becomes_free(*a));
}

void runs_no_finished_job_again(StorePlace& place) {
  auto store = place.open("a");
  LeaderEpoch epoch = lead(*store);
  {
    JobRecords jobs{*store};
    for (const char* id : {"runs", "ended", "cleaned"})
      REQUIRE(jobs.create(epoch, id, std::string{"job "} + id).ok());
    CHECK(jobs.create(epoch, "runs", "x").code() == ErrorCode::already_exists);
    CHECK(jobs.cleaned(epoch, "runs").code() == ErrorCode::failed_precondition);
    for (const char* id : {"ended", "cleaned"}) REQUIRE(jobs.finish(epoch, id, "good").ok());
    REQUIRE(jobs.finish(epoch, "ended", "once more").ok());
    CHECK(jobs.forget(epoch, "ended").code() == ErrorCode::failed_precondition);
    REQUIRE(jobs.cleaned(epoch, "cleaned").ok());
  }
  auto next = place.open("b");
  CHECK_FALSE(next->look(Viewer::candidate)->is_free);
  place.kill(store);
  REQUIRE(becomes_free(*next));
  store = std::move(next);
  epoch = lead(*store);
  JobRecords jobs{*store};
  const auto recovered = jobs.recover();
  REQUIRE(recovered.ok());
  CHECK(recovered->to_run == Ids{"runs"});
  CHECK(recovered->to_clean_up == Ids{"ended"});
  CHECK(jobs.read("ended").value() == "job ended");
  CHECK(jobs.result("ended").value() == "good");
  CHECK(jobs.result("cleaned").value() == "good");
  CHECK(jobs.result("runs").status().code() == ErrorCode::not_found);
  CHECK(jobs.results().value() == Ids{"cleaned", "ended"});
  CHECK(jobs.create(epoch, "cleaned", "again").code() == ErrorCode::already_exists);
  REQUIRE(jobs.update(epoch, "runs", "job 2").ok());
  CHECK(jobs.read("runs").value() == "job 2");
  REQUIRE(jobs.forget(epoch, "cleaned").ok());
  CHECK(jobs.create(epoch, "cleaned", "again").ok());
  // A record that cannot be read is named, never taken for none.
  REQUIRE(store->update(epoch, Folder::jobs, "runs", "garbage").ok());
  CHECK(jobs.read("runs").status().code() == ErrorCode::corrupt);
  CHECK(jobs.read("runs").status().message().find("job runs") != std::string::npos);
  REQUIRE(store->update(epoch, Folder::results, "ended", "garbage").ok());
  CHECK(jobs.result("ended").status().code() == ErrorCode::corrupt);
}

void knows_who_does_not_lead(StorePlace& place) {
  const auto store = place.open("a");
  CHECK(store->beat(LeaderEpoch{1}).code() == ErrorCode::fenced);
  CHECK(store->create(LeaderEpoch{1}, Folder::jobs, "x", "x").code() == ErrorCode::fenced);
  store->resign(LeaderEpoch{1});
  const LeaderEpoch epoch = lead(*store);
  CHECK(store->beat(LeaderEpoch{epoch.value() + 1}).code() == ErrorCode::fenced);
  CHECK(store->beat(epoch).ok());
}

}  // namespace

const std::vector<StoreProperty>& store_properties() {
  static const std::vector<StoreProperty> all{
      {"shows the leader and that it lives", shows_the_leader},
      {"gives each leader a greater epoch", epochs_grow},
      {"keeps records", keeps_records},
      {"refuses names that are none", refuses_bad_names},
      {"refuses what a former leader wants", fences},
      {"lets a candidate depose only the leader that it saw", deposes_only_whom_it_saw},
      {"is free as soon as a leader resigns or dies", is_free_at_once},
      {"keeps a finished job from being run again", runs_no_finished_job_again},
      {"knows who does not lead", knows_who_does_not_lead}};
  return all;
}

}  // namespace weir::test
