#include "runtime/cluster/cluster_options.hpp"

#include "base/text.hpp"
#include "runtime/job/option_setters.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::runtime {
namespace {

using Entry = OptionEntry<ClusterOptions>;

constexpr std::string_view kHeartbeatInterval = "heartbeat.interval";
constexpr std::string_view kHeartbeatTimeout = "heartbeat.timeout";
constexpr std::string_view kInitialTimeout = "cluster.registration.initial-timeout";
constexpr std::string_view kMaxTimeout = "cluster.registration.max-timeout";
constexpr std::string_view kSlots = "taskmanager.numberOfTaskSlots";
constexpr std::string_view kScheduler = "jobmanager.scheduler";
constexpr std::string_view kMode = "scheduler-mode";
constexpr std::string_view kJobHistory = "jobstore.max-capacity";

std::vector<Entry> membership_entries() {
  return {
      {{std::string{kHeartbeatInterval}, "duration", "500 ms",
        "time between two signs of life of a process to another"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.heartbeat.interval; })},
      {{std::string{kHeartbeatTimeout}, "duration", "3 s",
        "silence after which a process counts as lost; up to three times as long for one whose "
        "heartbeats have come late lately"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.heartbeat.timeout; })},
      {{std::string{kInitialTimeout}, "duration", "100 ms",
        "how long a worker waits for the answer to its first registration; doubles from attempt "
        "to attempt"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.registration.initial_timeout; })},
      {{std::string{kMaxTimeout}, "duration", "30 s", "the longest such wait"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.registration.max_timeout; })},
      {{"cluster.registration.error-delay", "duration", "10 s",
        "pause of a worker after a registration that met an error other than silence"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.registration.error_delay; })},
      {{"cluster.registration.refused-registration-delay", "duration", "30 s",
        "pause of a worker after it was refused"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.registration.refused_delay; })},
  };
}

std::vector<Entry> slot_entries() {
  return {
      {{std::string{kSlots}, "int", "1", "slots that a worker offers"},
       setter_of([](ClusterOptions& o) -> int& { return o.slots; })},
      {{"taskmanager.state.local.root-dirs", "path", "",
        "directory on a worker's own disk for its state and copies of state; empty: one of its "
        "user's in the system's directory for temporary files"},
       [](ClusterOptions& o, std::string_view value) {
         o.local_state_root = value;
         return Status{};
       }},
      {{"slot.request.timeout", "duration", "5 min",
        "how long a job waits for slots before it fails"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.slot_request_timeout; })},
      {{"cluster.evenly-spread-out-slots", "bool", "true",
        "true: the least loaded worker first; false: as few workers as possible"},
       [](ClusterOptions& o, std::string_view value) {
         bool is_even = o.spread == SlotSpread::even;
         Status status = read_option(value, is_even);
         o.spread = is_even ? SlotSpread::even : SlotSpread::packed;
         return status;
       }},
      {{std::string{kScheduler}, "word", "Default",
        "Default: a job waits for all slots that it asks for; Adaptive: it runs with those that "
        "there are, which needs the scheduler-mode REACTIVE and is implied by it"},
       word<Scheduler>({{"Default", Scheduler::fixed}, {"Adaptive", Scheduler::adaptive}},
                       [](ClusterOptions& o, Scheduler s) { o.scheduler = s; })},
      {{std::string{kMode}, "word", "NONE",
        "REACTIVE: the job of the cluster takes all slots, up to its max parallelism; NONE: jobs "
        "have the parallelism that they ask for"},
       word<bool>({{"NONE", false}, {"REACTIVE", true}},
                  [](ClusterOptions& o, bool is_reactive) { o.is_reactive = is_reactive; })},
  };
}

std::vector<Entry> scaling_entries() {
  const std::string scheduler = "jobmanager.adaptive-scheduler.";
  return {
      {{scheduler + "submission.resource-wait-timeout", "duration", "5 min",
        "reactive mode: how long a job waits for the fewest slots that it can run with before it "
        "fails"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.scaling.wait_timeout; })},
      {{scheduler + "submission.resource-stabilization-timeout", "duration", "1 s",
        "reactive mode: a job begins when the number of slots has not changed for so long"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.scaling.start_stabilization; })},
      {{scheduler + "executing.resource-stabilization-timeout", "duration", "1 min",
        "reactive mode: a running job takes more slots when their number has not changed for so "
        "long"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.scaling.running_stabilization; })},
      {{scheduler + "executing.cooldown-after-rescaling", "duration", "30 s",
        "reactive mode: a job runs for so long at least before it takes more slots"},
       setter_of([](ClusterOptions& o) -> Duration& { return o.scaling.cooldown; })},
  };
}

std::vector<Entry> job_entries() {
  return {
      {{std::string{kJobHistory}, "int", "100",
        "jobs that have ended and that the cluster remembers, those that ended last; `weir list` "
        "and `weir info` know no others"},
       setter_of([](ClusterOptions& o) -> int& { return o.job_history; })},
      {{"weir.jobs.allow-libraries", "bool", "true",
        "whether this process loads libraries of jobs that were submitted"},
       setter_of([](ClusterOptions& o) -> bool& { return o.libraries.are_allowed; })},
      {{"weir.jobs.library-dir", "path", "",
        "where this process keeps libraries of jobs; empty: in the user's cache directory, on "
        "coordinators with high availability in high-availability.storageDir"},
       [](ClusterOptions& o, std::string_view value) {
         constexpr std::string_view kScheme = "file://";
         o.libraries.directory = value.starts_with(kScheme) ? value.substr(kScheme.size()) : value;
         return Status{};
       }},
      {{"weir.jobs.library-max-size", "size", "256 MiB", "the largest library of a job"},
       [](ClusterOptions& o, std::string_view value) {
         const auto size = base::parse_size(value);
         if (size.ok()) o.libraries.max_bytes = *size;
         return size.status();
       }},
  };
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = [] {
    std::vector<Entry> entries = membership_entries();
    for (Entry& entry : slot_entries()) entries.push_back(std::move(entry));
    for (Entry& entry : scaling_entries()) entries.push_back(std::move(entry));
    for (Entry& entry : job_entries()) entries.push_back(std::move(entry));
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.key.key < b.key.key; });
    return entries;
  }();
  return all;
}

Status wrong(std::string_view key, const std::string& why) {
  return {ErrorCode::invalid_argument, std::string{key} + " " + why};
}

}  // namespace

const std::vector<OptionKey>& cluster_option_keys() {
  static const std::vector<OptionKey> keys = keys_of(entries());
  return keys;
}

bool is_cluster_option(std::string_view key) {
  return find_option(entries(), key) != nullptr;
}

Status set_option(ClusterOptions& options, std::string_view key, std::string_view value) {
  const Entry* entry = find_option(entries(), key);
  if (entry == nullptr) return no_such_option(key, cluster_option_keys());
  return entry->set(options, value).with_context(key);
}

Status set_option(JobOptions& job, ClusterOptions& cluster, std::string_view key,
                  std::string_view value) {
  if (is_cluster_option(key)) return set_option(cluster, key, value);
  std::vector<OptionKey> all = option_keys();
  const bool is_known =
      std::any_of(all.begin(), all.end(), [&](const OptionKey& known) { return known.key == key; });
  if (is_known) return set_option(job, key, value);
  all.insert(all.end(), cluster_option_keys().begin(), cluster_option_keys().end());
  return no_such_option(key, all);
}

Status validate(const ClusterOptions& options) {
  const auto text = [](Duration duration) { return base::format_duration(duration); };
  if (options.heartbeat.interval <= Duration{})
    return wrong(kHeartbeatInterval, "is 0: processes would send nothing else; take 500 ms");
  if (options.heartbeat.timeout < 2 * options.heartbeat.interval)
    return wrong(kHeartbeatTimeout,
                 "is " + text(options.heartbeat.timeout) + ", less than twice " +
                     std::string{kHeartbeatInterval} + " (" + text(options.heartbeat.interval) +
                     "): one heartbeat that comes late would count as a loss; raise it");
  if (options.registration.initial_timeout <= Duration{})
    return wrong(kInitialTimeout, "is 0: no answer could come in time; take 100 ms");
  if (options.registration.max_timeout < options.registration.initial_timeout)
    return wrong(kMaxTimeout, "is " + text(options.registration.max_timeout) + ", less than " +
                                  std::string{kInitialTimeout} + " (" +
                                  text(options.registration.initial_timeout) + "); raise it");
  if (options.slots < 1)
    return wrong(kSlots, "is " + std::to_string(options.slots) +
                             ": nothing could run on such a worker; set it to 1 or more");
  if (options.job_history < 1)
    return wrong(kJobHistory, "is " + std::to_string(options.job_history) +
                                  ": who submitted a job could not hear how it has ended; set it "
                                  "to 1 or more");
  if (options.scheduler == Scheduler::adaptive && !options.is_reactive)
    return wrong(kScheduler, "is Adaptive, which there is in the reactive mode alone; set " +
                                 std::string{kMode} + " to REACTIVE, or " +
                                 std::string{kScheduler} + " to Default");
  return {};
}

}  // namespace weir::runtime
