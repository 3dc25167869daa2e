// Options of a cluster, and the back-off of registrations that they set.
#include "runtime/cluster/cluster_options.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

ClusterOptions with(std::string_view key, std::string_view value) {
  ClusterOptions options;
  const Status status = set_option(options, key, value);
  INFO(status.message());
  REQUIRE(status.ok());
  return options;
}

std::string refusal(std::string_view key, std::string_view value) {
  const Status status = validate(with(key, value));
  CHECK(status.code() == ErrorCode::invalid_argument);
  return status.message();
}

}  // namespace

TEST_CASE("every key of a cluster sets its option", "[options]") {
  CHECK(with("heartbeat.interval", "10 s").heartbeat.interval == 10s);
  CHECK(with("heartbeat.timeout", "50000").heartbeat.timeout == 50s);
  CHECK(with("slot.request.timeout", "1 min").slot_request_timeout == 1min);
  CHECK(with("taskmanager.numberOfTaskSlots", "4").slots == 4);
  CHECK(with("taskmanager.state.local.root-dirs", "/fast").local_state_root == "/fast");
  CHECK(with("cluster.evenly-spread-out-slots", "false").spread == SlotSpread::packed);
  CHECK(with("jobmanager.scheduler", "adaptive").scheduler == Scheduler::adaptive);
  CHECK(with("scheduler-mode", "reactive").is_reactive);
  const std::string a = "jobmanager.adaptive-scheduler.";
  CHECK(with(a + "submission.resource-wait-timeout", "1 s").scaling.wait_timeout == 1s);
  CHECK(with(a + "submission.resource-stabilization-timeout", "2 s").scaling.start_stabilization ==
        2s);
  CHECK(with(a + "executing.resource-stabilization-timeout", "3 s").scaling.running_stabilization ==
        3s);
  CHECK(with(a + "executing.cooldown-after-rescaling", "4 s").scaling.cooldown == 4s);
  CHECK(with("jobstore.max-capacity", "7").job_history == 7);
  CHECK_FALSE(with("weir.jobs.allow-libraries", "false").libraries.are_allowed);
  CHECK(with("weir.jobs.library-dir", "file:///var/x").libraries.directory == "/var/x");
  CHECK(with("weir.jobs.library-max-size", "1 MiB").libraries.max_bytes == 1'048'576);
  const std::string r = "cluster.registration.";
  CHECK(with(r + "initial-timeout", "1 s").registration.initial_timeout == 1s);
  CHECK(with(r + "max-timeout", "2 s").registration.max_timeout == 2s);
  CHECK(with(r + "error-delay", "3 s").registration.error_delay == 3s);
  CHECK(with(r + "refused-registration-delay", "4 s").registration.refused_delay == 4s);
}

TEST_CASE("defaults in the list of cluster keys are those of the options", "[options]") {
  std::set<std::string> seen;
  std::string last;
  for (const auto& key : cluster_option_keys()) {
    CAPTURE(key.key);
    CHECK(seen.insert(key.key).second);
    CHECK(last < key.key);
    last = key.key;
    CHECK_FALSE(key.help.empty());
    const ClusterOptions options = with(key.key, key.default_value);
    const ClusterOptions defaults;
    CHECK(options.heartbeat.interval == defaults.heartbeat.interval);
    CHECK(options.heartbeat.timeout == defaults.heartbeat.timeout);
    CHECK(options.slot_request_timeout == defaults.slot_request_timeout);
    CHECK(options.slots == defaults.slots);
    CHECK(options.local_state_root == defaults.local_state_root);
    CHECK(options.spread == defaults.spread);
    CHECK(options.scheduler == defaults.scheduler);
    CHECK(options.is_reactive == defaults.is_reactive);
    CHECK(options.scaling.wait_timeout == defaults.scaling.wait_timeout);
    CHECK(options.scaling.start_stabilization == defaults.scaling.start_stabilization);
    CHECK(options.scaling.running_stabilization == defaults.scaling.running_stabilization);
    CHECK(options.scaling.cooldown == defaults.scaling.cooldown);
    CHECK(options.libraries.are_allowed == defaults.libraries.are_allowed);
    CHECK(options.libraries.directory == defaults.libraries.directory);
    CHECK(options.libraries.max_bytes == defaults.libraries.max_bytes);
    CHECK(options.job_history == defaults.job_history);
    CHECK(options.registration.initial_timeout == defaults.registration.initial_timeout);
    CHECK(options.registration.max_timeout == defaults.registration.max_timeout);
    CHECK(options.registration.error_delay == defaults.registration.error_delay);
    CHECK(options.registration.refused_delay == defaults.registration.refused_delay);
  }
  CHECK(seen.size() == 20);
  CHECK(validate({}).ok());
}

TEST_CASE("keys of jobs and of clusters may be mixed, and belong to one of them", "[options]") {
  JobOptions job;
  ClusterOptions cluster;
  REQUIRE(set_option(job, cluster, "parallelism.default", "4").ok());
  REQUIRE(set_option(job, cluster, "heartbeat.timeout", "9 s").ok());
  CHECK(job.parallelism == 4);
  CHECK(cluster.heartbeat.timeout == 9s);
  CHECK(is_cluster_option("heartbeat.timeout"));
  CHECK_FALSE(is_cluster_option("parallelism.default"));
  for (const auto& key : option_keys()) CHECK_FALSE(is_cluster_option(key.key));
  CHECK(set_option(job, cluster, "heartbeat.timeuot", "9 s").message() ==
        "there is no option \"heartbeat.timeuot\"; did you mean heartbeat.timeout?");
  CHECK(set_option(job, cluster, "paralelism.default", "9 s").message() ==
        "there is no option \"paralelism.default\"; did you mean parallelism.default?");
}

TEST_CASE("a wrong key or value of a cluster is named", "[options]") {
  ClusterOptions options;
  CHECK(set_option(options, "heartbeat.intervall", "1 s").message() ==
        "there is no option \"heartbeat.intervall\"; did you mean heartbeat.interval?");
  CHECK(set_option(options, "heartbeat.interval", "soon").message().find("heartbeat.interval: ") ==
        0);
  CHECK(set_option(options, "jobmanager.scheduler", "AdaptiveBatch").message() ==
        "jobmanager.scheduler: \"AdaptiveBatch\" is none of Default, Adaptive");
  CHECK(set_option(options, "cluster.evenly-spread-out-slots", "maybe").message() ==
        "cluster.evenly-spread-out-slots: \"maybe\" is neither true nor false");
  CHECK(options.spread == SlotSpread::even);
  REQUIRE(set_option(options, "cluster.evenly-spread-out-slots", "false").ok());
  CHECK_FALSE(set_option(options, "cluster.evenly-spread-out-slots", "maybe").ok());
  CHECK(options.spread == SlotSpread::packed);
}

TEST_CASE("values that do not fit together are refused with the cure", "[options]") {
  CHECK(refusal("heartbeat.interval", "0 ms") ==
        "heartbeat.interval is 0: processes would send nothing else; take 500 ms");
  CHECK(refusal("heartbeat.timeout", "999 ms") ==
        "heartbeat.timeout is 999 ms, less than twice heartbeat.interval (500 ms): one heartbeat "
        "that comes late would count as a loss; raise it");
  CHECK(validate(with("heartbeat.timeout", "1 s")).ok());
  CHECK(refusal("cluster.registration.initial-timeout", "0 ms") ==
        "cluster.registration.initial-timeout is 0: no answer could come in time; take 100 ms");
  CHECK(refusal("cluster.registration.max-timeout", "99 ms") ==
        "cluster.registration.max-timeout is 99 ms, less than "
        "cluster.registration.initial-timeout (100 ms); raise it");
  for (const auto* slots : {"0", "-3"})
    CHECK(refusal("taskmanager.numberOfTaskSlots", slots) ==
          "taskmanager.numberOfTaskSlots is " + std::string{slots} +
              ": nothing could run on such a worker; set it to 1 or more");
  CHECK(
      refusal("jobstore.max-capacity", "0") ==
      "jobstore.max-capacity is 0: who submitted a job could not hear how it has ended; set it to "
      "1 or more");
}

TEST_CASE("the adaptive scheduler is that of the reactive mode", "[options]") {
  CHECK(refusal("jobmanager.scheduler", "Adaptive") ==
        "jobmanager.scheduler is Adaptive, which there is in the reactive mode alone; set "
        "scheduler-mode to REACTIVE, or jobmanager.scheduler to Default");
  ClusterOptions options = with("scheduler-mode", "REACTIVE");
  CHECK(validate(options).ok());
  CHECK(scaling_of(options).has_value());
  CHECK_FALSE(scaling_of({}).has_value());
  options.scheduler = Scheduler::adaptive;
  CHECK(validate(options).ok());
}

TEST_CASE("registration timeouts double up to the maximum, with jitter", "[cluster]") {
  Duration least = 1h;
  Duration most = 0s;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    RegistrationBackoff backoff{{}, seed};
    CHECK(backoff.next_timeout() == 100ms);
    Duration full = 200ms;
    for (int i = 0; i < 20; ++i) {
      const Duration timeout = backoff.next_timeout();
      CHECK(timeout >= full - full / 4);
      CHECK(timeout <= full);
      if (i == 5) {
        least = std::min(least, timeout);
        most = std::max(most, timeout);
      }
      full = std::min<Duration>(2 * full, 30s);
    }
  }
  CHECK(least < 4900ms);  // of 6.4 s
  CHECK(most > 6300ms);
}

TEST_CASE("equal seeds back off alike, and bounds may be equal", "[cluster]") {
  RegistrationBackoff a{{}, 7};
  RegistrationBackoff b{{}, 7};
  for (int i = 0; i < 20; ++i) CHECK(a.next_timeout() == b.next_timeout());
  RegistrationBackoff fixed{{.initial_timeout = 1s, .max_timeout = 1s}, 7};
  for (int i = 0; i < 20; ++i) CHECK(fixed.next_timeout() == 1s);
  RegistrationBackoff endless{{.initial_timeout = 1s, .max_timeout = Duration::max()}, 7};
  for (int i = 0; i < 200; ++i) CHECK(endless.next_timeout() >= 1s);
}

TEST_CASE("an error or a refusal pauses, and the timeouts begin anew", "[cluster]") {
  RegistrationBackoff backoff{{}, 3};
  for (int i = 0; i < 5; ++i) (void)backoff.next_timeout();
  const Duration error = backoff.after_error();
  CHECK(error > 7500ms);
  CHECK(error <= 10s);
  CHECK(backoff.next_timeout() == 100ms);
  (void)backoff.next_timeout();
  const Duration refusal = backoff.after_refusal();
  CHECK(refusal > 22500ms);
  CHECK(refusal <= 30s);
  CHECK(backoff.next_timeout() == 100ms);
  (void)backoff.next_timeout();
  backoff.reset();
  CHECK(backoff.next_timeout() == 100ms);
}
