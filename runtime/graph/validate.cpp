#include "runtime/graph/validate.hpp"

#include "base/names.hpp"
#include "runtime/graph/iterations.hpp"

#include <weir/detail/key_group.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace weir::runtime {
namespace {

using base::is_name;
using detail::GraphSpec;
using detail::OperatorSpec;

constexpr std::int64_t kRocksDbMemoryLeast = 8 << 20;  // less only stalls
constexpr int kIterationBatchesLeast = 128;            // less is met by chance
constexpr int kParallelismMax = static_cast<int>(detail::kMostKeyGroups);

/// Prometheus takes them.
bool is_metric_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 100 && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(), may_follow);
}

class Checker {
public:
  explicit Checker(const GraphSpec& graph) : graph_{graph}, problems_{graph.problems} {}

  std::vector<Problem> run() {
    check_job();
    check_names();
    for (const OperatorSpec& op : graph_.operators) {
      check_parallelism(op);
      check_states(op);
      check_metrics(op);
      check_delivery(op);
      check_sides(op);
    }
    check_alignment();
    check_ends();
    check_time();
    check_iterations();
    check_options();
    return std::move(problems_);
  }

private:
  void add(const std::string& op, std::string what, std::string cure) {
    problems_.push_back({op, std::move(what), std::move(cure)});
  }

  void check_job() {
    if (!is_name(graph_.name))
      add("", "the job's name \"" + graph_.name + "\" cannot be the name of a directory",
          std::string{base::kNameRule});
    const auto is_source = [](const OperatorSpec& op) { return op.source != nullptr; };
    if (std::none_of(graph_.operators.begin(), graph_.operators.end(), is_source))
      add("", "the job has no source", "begin with job.source(name, source)");
  }

  void check_names() {
    std::map<std::string, int> uses;
    for (const OperatorSpec& op : graph_.operators) {
      ++uses[op.name];
      if (!is_name(op.name))
        add(op.name, "an operator's name cannot be \"" + op.name + "\"",
            std::string{base::kNameRule});
    }
    for (const auto& [name, count] : uses) {
      if (count > 1)
        add(name, "the name stands for " + std::to_string(count) + " operators",
            "give each operator a name of its own: its state is found by it");
      if (name == "coordinator" || name == "node" || name == "any")
        add(name, "the name is reserved for chaos rules", "choose another");
    }
  }

  int parallelism_of(const OperatorSpec& op) const {
    return op.parallelism != 0 ? op.parallelism : graph_.options.parallelism;
  }

  void check_parallelism(const OperatorSpec& op) {
    const int parallelism = parallelism_of(op);
    const int max = graph_.options.max_parallelism;
    if (parallelism < 1 || parallelism > kParallelismMax)
      add(op.name, "its parallelism is " + std::to_string(parallelism),
          "use 1 to " + std::to_string(kParallelismMax));
    else if (max > 0 && parallelism > max)
      add(op.name,
          "its parallelism " + std::to_string(parallelism) + " is above the max parallelism " +
              std::to_string(max),
          "lower the one or raise pipeline.max-parallelism before state is first written");
  }

  void check_states(const OperatorSpec& op) {
    std::set<std::string> names;
    for (const auto& state : op.states) {
      if (!op.is_keyed)
        add(op.name, "it declares the state \"" + state.name + "\", but its input has no keys",
            "put key_by(...) before it and derive it from KeyedProcess, or declare state of the "
            "operator, such as an OperatorListState");
      if (!state.holds_timers && state.name.starts_with(detail::kTimerStates))
        add(op.name,
            "it declares the state \"" + state.name + "\", which is a name for states of timers",
            "give it a name that does not begin with " + std::string{detail::kTimerStates});
      check_state_name(op, state.name, names);
    }
    for (const auto& state : op.operator_states) {
      if (op.is_keyed && !(state.is_shared_by_keys && has_broadcast_input(op)))
        add(op.name,
            "it declares the operator state \"" + state.name + "\", but its input has keys",
            cure_of_operator_state(op, state));
      check_state_name(op, state.name, names);
    }
  }

  static bool has_broadcast_input(const OperatorSpec& op) {
    return std::any_of(op.inputs.begin(), op.inputs.end(), [](const detail::EdgeSpec& edge) {
      return edge.is_second && edge.partition == detail::Partition::broadcast;
    });
  }

  static std::string cure_of_operator_state(const OperatorSpec& op,
                                            const detail::OperatorStateSpec& state) {
    if (state.kind != detail::OperatorStateKind::broadcast)
      return "declare keyed state, such as a ListState, or derive it from Process and put it "
             "behind a stream without key_by(...)";
    if (has_broadcast_input(op))
      return "declare it as a ReadOnlyBroadcastState, which only on_broadcast can change: else it "
             "would not be the same at all subtasks";
    return "derive it from KeyedBroadcastProcess, declare a ReadOnlyBroadcastState, and put it "
           "behind keyed.connect(rules.broadcast())";
  }

  void check_state_name(const OperatorSpec& op, const std::string& name,
                        std::set<std::string>& names) {
    if (name.empty())
      add(op.name, "it declares a state without a name", "give it one: its state is found by it");
    if (!names.insert(name).second)
      add(op.name, "it declares two states named \"" + name + "\"",
          "give each state a name of its own");
  }

  void check_metrics(const OperatorSpec& op) {
    std::set<std::string> names;
    for (const std::string& name : op.metrics) {
      if (!is_metric_name(name))
        add(op.name, "it declares a metric named \"" + name + "\"",
            "let its name have 1 to 100 letters, digits and _, and begin with a letter");
      if (!names.insert(name).second)
        add(op.name, "it declares two metrics named \"" + name + "\"",
            "give each metric a name of its own; those of the engine begin with num");
    }
  }

  void check_delivery(const OperatorSpec& op) {
    const auto& checkpoint = graph_.options.checkpoint;
    const bool promises =
        checkpoint.every > Duration{} && checkpoint.guarantee == Guarantee::exactly_once;
    if (op.sink != nullptr && promises && op.sink->delivery() == Delivery::at_least_once)
      add(op.name,
          "the job promises exactly once, but this sink writes some records again after a failure",
          "use a TransactionalWriter; or say that repeated writes do no harm, by "
          "make_sink(make, weir::Delivery::repeatable); or set execution.checkpointing.mode to "
          "AT_LEAST_ONCE");
  }

  void check_sides(const OperatorSpec& op) {
    std::set<std::string> names;
    for (const auto& side : op.side_outputs) {
      if (!is_name(side.name) || !names.insert(side.name).second)
        add(op.name, "it declares two side outputs \"" + side.name + "\", or that is no name",
            "give each a name of its own: letters, digits, \"-\", \"_\" and \".\"");
    }
    for (const auto& edge : op.inputs) {
      if (edge.side.empty()) continue;
      const OperatorSpec& from = graph_.operators[edge.from];
      const bool is_there =
          std::any_of(from.side_outputs.begin(), from.side_outputs.end(), [&](const auto& side) {
            return side.name == edge.side && side.schema == edge.type->schema();
          });
      if (!is_there)
        add(op.name,
            "it reads the side output \"" + edge.side + "\" of \"" + from.name +
                "\", which has none of that name and type",
            "declare it there: weir::SideOutput<T> member_{*this, \"" + edge.side + "\"}");
    }
  }

  /// What is too far ahead is not read: so only who reads splits can keep pace with others.
  void check_alignment() {
    std::map<std::size_t, std::string> aligned;  // by source
    for (const OperatorSpec& op : graph_.operators) {
      if (op.aligned_with.empty()) continue;
      if (!reads_source_straight(op)) {
        add(op.name,
            "its watermarks are aligned with the group \"" + op.aligned_with +
                "\", but only where records come straight from a source can they be held back",
            "put event_time(...) straight behind the source and leave it the parallelism of that, "
            "or leave aligned(...) out");
        continue;
      }
      const std::size_t source = op.inputs[0].from;
      const auto [at, is_first] = aligned.emplace(source, op.name);
      if (!is_first)
        add(op.name,
            "the source \"" + graph_.operators[source].name +
                "\" is aligned twice, here and by \"" + at->second + "\"",
            "leave aligned(...) out of one of them");
    }
  }

  bool reads_source_straight(const OperatorSpec& op) const {
    if (op.inputs.size() != 1 || op.inputs[0].partition != detail::Partition::forward) return false;
    const OperatorSpec& from = graph_.operators[op.inputs[0].from];
    return from.source != nullptr && parallelism_of(from) == parallelism_of(op);
  }

  /// What needs event time must have it from somewhere, whatever way records come.
  void check_time() {
    std::vector<bool> has_time;
    for (const OperatorSpec& op : graph_.operators) {
      const bool gets_time = std::all_of(
          op.inputs.begin(), op.inputs.end(),
          [&](const detail::EdgeSpec& edge) { return edge.is_feedback || has_time[edge.from]; });
      has_time.push_back(op.kind == "event_time" || (!op.inputs.empty() && gets_time));
      if (op.needs_time && !gets_time)
        add(op.name,
            op.kind == "interval_join"
                ? "it joins in event time, and not all of its input has that"
                : "its windows are in event time, and not all of its input has that",
            op.kind == "interval_join"
                ? "put event_time(...) on both streams before key_by"
                : "put event_time(...) on the stream before key_by, or use windows "
                  "in_processing_time()");
    }
  }

  /// Every stream must end in a sink: an operator that leads nowhere works for nobody.
  void check_ends() {
    std::set<std::size_t> used;
    for (const OperatorSpec& op : graph_.operators) {
      for (const auto& edge : op.inputs) used.insert(edge.from);
    }
    for (std::size_t i = 0; i < graph_.operators.size(); ++i) {
      const OperatorSpec& op = graph_.operators[i];
      if (op.sink == nullptr && !used.contains(i))
        add(op.name, "no operator uses its output", "end the stream in a sink, or remove it");
    }
  }

  void check_iterations() {
    const auto problems = problems_of_iterations(graph_);
    problems_.insert(problems_.end(), problems.begin(), problems.end());
  }

  void check_options() {
    const auto& checkpoint = graph_.options.checkpoint;
    const auto at_least = [&](const char* key, auto value, auto least, const char* text) {
      if (value < least) add("", std::string{key} + " is " + text, "choose a larger value");
    };
    at_least("execution.checkpointing.interval", checkpoint.every, Duration{}, "negative");
    at_least("execution.checkpointing.interval-during-backlog",
             checkpoint.every_during_backlog.value_or(Duration{}), Duration{}, "negative");
    at_least("execution.checkpointing.min-pause", checkpoint.min_pause, Duration{}, "negative");
    at_least("execution.checkpointing.timeout", checkpoint.timeout, Duration{1}, "not above 0");
    at_least("execution.checkpointing.max-concurrent-checkpoints", checkpoint.max_concurrent, 1,
             "below 1");
    at_least("execution.checkpointing.tolerable-failed-checkpoints", checkpoint.tolerable_failures,
             0, "negative");
    at_least("execution.checkpointing.num-retained", checkpoint.retained, 1, "below 1");
    at_least("execution.checkpointing.data-inline-threshold", checkpoint.inline_threshold, 0,
             "negative");
    at_least("execution.checkpointing.aligned-checkpoint-timeout", checkpoint.aligned_timeout,
             Duration{}, "negative");
    at_least("execution.state-recovery.without-channel-state.checkpoint-id",
             checkpoint.without_channel_state, 0, "negative");
    const WriteRetryOptions& retry = checkpoint.write_retry;
    at_least("execution.checkpointing.write-retry.timeout", retry.timeout, Duration{}, "negative");
    at_least("execution.checkpointing.write-retry.initial-backoff", retry.initial_backoff,
             Duration{1}, "not above 0");
    at_least("execution.checkpointing.write-retry.max-backoff", retry.max_backoff,
             retry.initial_backoff, "below write-retry.initial-backoff");
    check_changelog();
    if (checkpoint.unaligned) check_unaligned();
    if (checkpoint.regional.enabled) check_regional();
    if (checkpoint.auto_interval && checkpoint.every <= Duration{})
      add("", "the interval between checkpoints is to be chosen, but has no first value",
          "set checkpoint.every above 0, such as a minute");
    at_least("pipeline.auto-watermark-interval", graph_.options.watermark_interval,
             Duration{std::chrono::milliseconds{1}}, "below a millisecond");
    at_least("execution.buffer-timeout.interval", graph_.options.network.buffer_timeout, Duration{},
             "negative");
    at_least("taskmanager.network.memory.buffers-per-channel",
             graph_.options.network.batches_per_channel, 2, "below 2");
    at_least("weir.iteration.batches", graph_.options.network.batches_per_iteration,
             kIterationBatchesLeast, "below 128");
    check_debloating();
    if (graph_.options.max_parallelism < 0 || graph_.options.max_parallelism > kParallelismMax)
      add("", "pipeline.max-parallelism is " + std::to_string(graph_.options.max_parallelism),
          "use 1 to " + std::to_string(kParallelismMax) + ", or 0 to let Weir choose");
    const RocksDbOptions& rocksdb = graph_.options.state.rocksdb;
    at_least("state.backend.rocksdb.memory.managed-size", rocksdb.memory_bytes, kRocksDbMemoryLeast,
             "below 8 MiB");
    at_least("state.backend.rocksdb.thread.num", rocksdb.threads, 1, "below 1");
    at_least("weir.state.rocksdb.row-cache-size", rocksdb.row_cache_bytes, std::int64_t{0},
             "negative");
    if (!(rocksdb.write_buffer_ratio > 0 && rocksdb.write_buffer_ratio < 1))
      add("", "state.backend.rocksdb.memory.write-buffer-ratio is not between 0 and 1",
          "leave some of the memory for the block cache; 0.5 is the default");
    check_restart();
  }

  void check_changelog() {
    const StateOptions& state = graph_.options.state;
    const std::string key = "state.changelog.";
    if (state.changelog.materialize_interval <= Duration{})
      add("", key + "periodic-materialize.interval is not above 0", "choose a larger value");
    if (state.changelog.max_failures < 0)
      add("", key + "max-failures-allowed is negative", "choose a larger value");
    if (state.changelog.enabled && state.backend == StateBackendType::rocksdb)
      add("", key + "enabled is true, but state is in RocksDB, whose checkpoints are incremental",
          "set state.backend.type to hashmap, or leave the changelog out");
  }

  /// What a barrier has overtaken belongs to one checkpoint, and is replayed exactly once.
  void check_unaligned() {
    const auto& checkpoint = graph_.options.checkpoint;
    const std::string key = "execution.checkpointing.unaligned.enabled";
    if (checkpoint.guarantee != Guarantee::exactly_once)
      add("", key + " is true, but the job promises at least once, where barriers wait for nobody",
          "set execution.checkpointing.mode to EXACTLY_ONCE, or leave checkpoints aligned");
    if (checkpoint.max_concurrent > 1)
      add("", key + " is true, but more than one checkpoint may be under way",
          "set execution.checkpointing.max-concurrent-checkpoints to 1");
  }

  /// What is taken over is always out of the checkpoint before.
  void check_regional() {
    const auto& checkpoint = graph_.options.checkpoint;
    const std::string prefix = "execution.checkpointing.region.";
    if (checkpoint.max_concurrent > 1)
      add("", prefix + "enabled is true, but more than one checkpoint may be under way",
          "set execution.checkpointing.max-concurrent-checkpoints to 1");
    if (!(checkpoint.regional.max_failure_ratio >= 0 && checkpoint.regional.max_failure_ratio <= 1))
      add("", prefix + "max-failure-ratio is not from 0 to 1", "0.3 is the default");
    if (checkpoint.regional.max_consecutive < 1)
      add("", prefix + "max-consecutive-failures is below 1",
          "choose a larger value, or leave " + prefix + "enabled false");
  }

  void check_debloating() {
    const DebloatOptions& debloat = graph_.options.network.debloat;
    const std::string prefix = "taskmanager.network.memory.buffer-debloat.";
    const auto positive = [&](const char* key, auto value, auto least) {
      if (value < least) add("", prefix + key + " is not above 0", "choose a larger value");
    };
    positive("target", debloat.target, Duration{1});
    positive("period", debloat.period, Duration{1});
    positive("samples", debloat.samples, 1);
    if (debloat.threshold_percent < 0 || debloat.threshold_percent > 100)
      add("", prefix + "threshold-percentages is not from 0 to 100", "25 is the default");
  }

  void check_restart() {
    if (!graph_.options.restart) return;
    const auto negative = [&](bool is_negative, const std::string& key) {
      if (is_negative) add("", "restart-strategy." + key + " is negative", "choose a larger value");
    };
    if (const auto* fixed = std::get_if<restart::FixedDelay>(&*graph_.options.restart)) {
      negative(fixed->attempts < 0, "fixed-delay.attempts");
      negative(fixed->delay < Duration{}, "fixed-delay.delay");
    }
    if (const auto* rate = std::get_if<restart::FailureRate>(&*graph_.options.restart)) {
      negative(rate->max_failures < 0, "failure-rate.max-failures-per-interval");
      negative(rate->interval < Duration{}, "failure-rate.failure-rate-interval");
      negative(rate->delay < Duration{}, "failure-rate.delay");
    }
    if (const auto* exponential =
            std::get_if<restart::ExponentialDelay>(&*graph_.options.restart)) {
      negative(exponential->attempts_before_reset < 0,
               "exponential-delay.attempts-before-reset-backoff");
      negative(exponential->reset_after < Duration{}, "exponential-delay.reset-backoff-threshold");
      if (!(exponential->multiplier > 1))
        add("", "restart-strategy.exponential-delay.backoff-multiplier is not above 1",
            "use a value such as 1.5");
      if (exponential->jitter < 0 || exponential->jitter > 1)
        add("", "restart-strategy.exponential-delay.jitter-factor is outside of 0 to 1",
            "use a value such as 0.1");
      if (exponential->initial <= Duration{} || exponential->max < exponential->initial)
        add("",
            "restart-strategy.exponential-delay: the initial backoff must be above 0 and not "
            "above max-backoff",
            "use values such as 1 s and 1 min");
    }
  }

  const GraphSpec& graph_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> validate(const detail::GraphSpec& graph) {
  return Checker{graph}.run();
}

std::string format_problems(const std::string& job, const std::vector<Problem>& problems) {
  std::string text = "job \"" + job + "\" cannot start:";
  for (const Problem& problem : problems) {
    text += "\n  ";
    if (!problem.operator_name.empty()) text += "operator \"" + problem.operator_name + "\": ";
    text += problem.what + "; " + problem.cure;
  }
  return text;
}

}  // namespace weir::runtime
