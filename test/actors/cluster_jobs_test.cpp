// What a master knows of its jobs.
#include "actors/cluster/cluster_jobs.hpp"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

using namespace weir;
using namespace weir::actors;

namespace {

using Answer = ClusterJob::Answer;

constexpr WorkerId kWorker{1};
constexpr WorkerId kOther{2};

HostedJobPtr plan() {
  return std::make_shared<const HostedJob>();
}

ClusterJob& submit(ClusterJobs& jobs, const std::string& name) {
  ClusterJob& job = jobs.add(jobs.next_id());
  job.name = name;
  job.ticket = "ticket of " + std::to_string(job.id.value());
  return job;
}

}  // namespace

TEST_CASE("a job is found by its number, its submission, and the newest by its name", "[jobs]") {
  ClusterJobs jobs;
  const ClusterJob& first = submit(jobs, "count");
  const ClusterJob& second = submit(jobs, "count");
  CHECK(jobs.find(first.id) == &first);
  CHECK(jobs.find(std::to_string(first.id.value())) == &first);
  CHECK(jobs.find(std::string{"count"}) == &second);
  CHECK(jobs.find_submission(first.ticket) == &first);
  CHECK(jobs.find(JobId{3}) == nullptr);
  CHECK(jobs.find(std::string{"3"}) == nullptr);
  CHECK(jobs.find(std::string{"sum"}) == nullptr);
  CHECK(jobs.find_submission("") == nullptr);
}

TEST_CASE("numbers of jobs go on from those of leaders before", "[jobs]") {
  ClusterJobs jobs;
  jobs.add(JobId{7});
  jobs.add(JobId{5});
  CHECK(jobs.next_id() == JobId{8});
  CHECK(jobs.next_id() == JobId{9});  // the one before was refused in the end
}

TEST_CASE("jobs that ended first are forgotten first", "[jobs]") {
  ClusterJobs jobs;
  for (int i = 0; i < 5; ++i) submit(jobs, "count");
  for (const std::uint64_t id : {3U, 1U, 2U}) jobs.on_ended(JobId{id});
  CHECK(jobs.forget_ended(3).empty());
  CHECK(jobs.forget_ended(2) == std::vector{JobId{3}});
  CHECK(jobs.find(JobId{3}) == nullptr);
  CHECK(jobs.find(std::string{"3"}) == nullptr);
  CHECK(jobs.find_submission("ticket of 3") == nullptr);
  CHECK(jobs.forget_ended(1) == std::vector{JobId{1}});
  CHECK(jobs.find(JobId{2}) != nullptr);
  CHECK(jobs.find(JobId{4}) != nullptr);  // it runs
}

TEST_CASE("the job with the greatest number is forgotten once there is a greater", "[jobs]") {
  ClusterJobs jobs;
  for (int i = 0; i < 3; ++i) submit(jobs, "count");
  for (const std::uint64_t id : {3U, 1U, 2U}) jobs.on_ended(JobId{id});
  CHECK(jobs.forget_ended(1) == std::vector{JobId{1}});
  CHECK(jobs.find(JobId{2}) != nullptr);  // it ended last
  CHECK(jobs.find(JobId{3}) != nullptr);
  jobs.on_ended(submit(jobs, "count").id);
  CHECK(jobs.forget_ended(1) == std::vector{JobId{3}, JobId{2}});
}

TEST_CASE("a worker is asked once to be ready for a job, until it answers", "[jobs]") {
  ClusterJob job;
  job.hosted = plan();
  job.placement.slots = {kWorker, kWorker};
  CHECK(job.begin_hosting(kWorker));
  CHECK_FALSE(job.begin_hosting(kWorker));
  CHECK(job.on_answer(kOther) == Answer::unasked);
  CHECK(job.on_answer(kWorker) == Answer::current);
  CHECK(job.on_answer(kWorker) == Answer::unasked);
  CHECK_FALSE(job.is_hosted());
  job.nodes.emplace(kWorker, NodeActor{});
  CHECK(job.is_hosted());
  CHECK_FALSE(job.begin_hosting(kWorker));
}

TEST_CASE("a worker whose node has ended is to be asked again", "[jobs]") {
  ClusterJob job;
  job.hosted = plan();
  CHECK_FALSE(job.remove_node(caf::actor_addr{}));
  job.nodes.emplace(kWorker, NodeActor{});
  CHECK(job.remove_node(caf::actor_addr{}) == kWorker);
  CHECK(job.begin_hosting(kWorker));
}

TEST_CASE("an answer for a plan that the job has no more is outdated", "[jobs]") {
  ClusterJob job;
  job.hosted = plan();
  REQUIRE(job.begin_hosting(kWorker));
  job.hosted = plan();
  CHECK_FALSE(job.begin_hosting(kWorker));  // or its answer could be taken for the other's
  CHECK(job.on_answer(kWorker) == Answer::outdated);
  CHECK(job.begin_hosting(kWorker));
  CHECK(job.on_answer(kWorker) == Answer::current);
}

TEST_CASE("a job that has ended holds on to nothing but what became of it", "[jobs]") {
  ClusterJob job;
  job.hosted = plan();
  job.placement.slots = {kWorker, kOther};
  job.nodes.emplace(kWorker, NodeActor{});
  REQUIRE(job.begin_hosting(kOther));
  job.view.outcome = runtime::JobOutcome{runtime::JobOutcome::Kind::finished, ""};
  job.release();
  CHECK(job.has_ended());
  CHECK(job.hosted == nullptr);
  CHECK(job.workers().empty());
  CHECK(job.nodes.empty());
  CHECK(job.on_answer(kOther) == Answer::unasked);
}
