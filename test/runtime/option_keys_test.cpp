#include "runtime/job/option_keys.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace std::chrono_literals;
using namespace weir;
using runtime::set_option;

namespace {

JobOptions with(std::string_view key, std::string_view value) {
  JobOptions options;
  const Status status = set_option(options, key, value);
  INFO(status.message());
  REQUIRE(status.ok());
  return options;
}

std::string error_of(std::string_view key, std::string_view value) {
  JobOptions options;
  const Status status = set_option(options, key, value);
  CHECK(status.code() == ErrorCode::invalid_argument);
  return status.message();
}

}  // namespace

TEST_CASE("what checkpoints do when something fails can be set", "[options]") {
  const std::string c = "execution.checkpointing.";
  CHECK(with(c + "region.enabled", "true").checkpoint.regional.enabled);
  CHECK(with(c + "region.max-failure-ratio", "0.5").checkpoint.regional.max_failure_ratio == 0.5);
  CHECK(with(c + "region.max-consecutive-failures", "3").checkpoint.regional.max_consecutive == 3);
  CHECK(with(c + "write-retry.timeout", "0 s").checkpoint.write_retry.timeout == 0s);
  CHECK(with(c + "write-retry.initial-backoff", "7 ms").checkpoint.write_retry.initial_backoff ==
        7ms);
  CHECK(with(c + "write-retry.max-backoff", "1 min").checkpoint.write_retry.max_backoff == 1min);
}

TEST_CASE("every key sets its option", "[options]") {
  const std::string c = "execution.checkpointing.";
  CHECK(with("parallelism.default", "4").parallelism == 4);
  CHECK(with("pipeline.max-parallelism", "256").max_parallelism == 256);
  CHECK(with("pipeline.auto-watermark-interval", "1 s").watermark_interval == 1s);
  CHECK(with("execution.buffer-timeout.interval", "5 ms").network.buffer_timeout == 5ms);
  CHECK(with("taskmanager.network.memory.buffers-per-channel", "3").network.batches_per_channel ==
        3);
  const std::string debloat = "taskmanager.network.memory.buffer-debloat.";
  CHECK(with(debloat + "enabled", "true").network.debloat.enabled);
  CHECK(with(debloat + "target", "2 s").network.debloat.target == 2s);
  CHECK(with(debloat + "period", "50 ms").network.debloat.period == 50ms);
  CHECK(with(debloat + "samples", "5").network.debloat.samples == 5);
  CHECK(with(debloat + "threshold-percentages", "10").network.debloat.threshold_percent == 10);
  CHECK(with("state.backend.type", "rocksdb").state.backend == StateBackendType::rocksdb);
  const std::string rocksdb = "state.backend.rocksdb.";
  CHECK(with(rocksdb + "memory.managed-size", "1 gb").state.rocksdb.memory_bytes == 1 << 30);
  CHECK(with(rocksdb + "memory.write-buffer-ratio", "0.3").state.rocksdb.write_buffer_ratio == 0.3);
  CHECK(with(rocksdb + "thread.num", "3").state.rocksdb.threads == 3);
  CHECK(with(rocksdb + "timer-service.factory", "HEAP").state.rocksdb.timers == TimerOrder::heap);
  CHECK(with("weir.state.rocksdb.row-cache-size", "4 kb").state.rocksdb.row_cache_bytes == 4096);
  CHECK(with(c + "interval", "200ms").checkpoint.every == 200ms);
  CHECK_FALSE(with(c + "interval", "200ms").checkpoint.auto_interval);
  CHECK(with(c + "interval", "AUTO").checkpoint.auto_interval);
  CHECK(with(c + "interval", "auto").checkpoint.every == 1min);
  CHECK(with(c + "mode", "at_least_once").checkpoint.guarantee == Guarantee::at_least_once);
  CHECK(with(c + "timeout", "1 min").checkpoint.timeout == 1min);
  CHECK(with(c + "min-pause", "3 s").checkpoint.min_pause == 3s);
  CHECK(with(c + "max-concurrent-checkpoints", "2").checkpoint.max_concurrent == 2);
  CHECK(with(c + "tolerable-failed-checkpoints", "7").checkpoint.tolerable_failures == 7);
  CHECK(with(c + "dir", "file:///x").checkpoint.storage == "file:///x");
  CHECK(with(c + "num-retained", "3").checkpoint.retained == 3);
  CHECK(with(c + "data-inline-threshold", "0").checkpoint.inline_threshold == 0);
  CHECK_FALSE(with(c + "incremental", "false").checkpoint.incremental);
  CHECK(with(c + "snapshot-compression", "true").checkpoint.compress_snapshots);
  CHECK(with(c + "unaligned.enabled", "true").checkpoint.unaligned);
  CHECK(with(c + "aligned-checkpoint-timeout", "30 s").checkpoint.aligned_timeout == 30s);
  CHECK(with("execution.state-recovery.without-channel-state.checkpoint-id", "17")
            .checkpoint.without_channel_state == 17);
  CHECK(with("execution.state-recovery.from-local", "true").state.local_recovery);
  CHECK(with(c + "externalized-checkpoint-retention", "DELETE_ON_CANCELLATION")
            .checkpoint.retention == Retention::delete_on_cancellation);
  CHECK(with("jobmanager.execution.failover-strategy", "full").failover == FailoverStrategy::full);
  CHECK(std::holds_alternative<restart::None>(*with("restart-strategy.type", "off").restart));
  CHECK(std::get<restart::FixedDelay>(*with("restart-strategy.fixed-delay.attempts", "9").restart)
            .attempts == 9);
  CHECK(std::get<restart::FixedDelay>(*with("restart-strategy.fixed-delay.delay", "2 s").restart)
            .delay == 2s);
  CHECK(with("weir.sink.lost-transactions", "skip").lost_transactions == LostTransactions::skip);
  const std::string r = "restart-strategy.failure-rate.";
  CHECK(std::get<restart::FailureRate>(*with(r + "max-failures-per-interval", "4").restart)
            .max_failures == 4);
  CHECK(std::get<restart::FailureRate>(*with(r + "failure-rate-interval", "5 min").restart)
            .interval == 5min);
  CHECK(std::get<restart::FailureRate>(*with(r + "delay", "6 s").restart).delay == 6s);
  const std::string e = "restart-strategy.exponential-delay.";
  CHECK(std::get<restart::ExponentialDelay>(*with(e + "initial-backoff", "2 s").restart).initial ==
        2s);
  CHECK(std::get<restart::ExponentialDelay>(*with(e + "max-backoff", "9 s").restart).max == 9s);
  CHECK(std::get<restart::ExponentialDelay>(*with(e + "backoff-multiplier", "2.5").restart)
            .multiplier == 2.5);
  CHECK(std::get<restart::ExponentialDelay>(*with(e + "reset-backoff-threshold", "2 h").restart)
            .reset_after == 2h);
  CHECK(std::get<restart::ExponentialDelay>(*with(e + "jitter-factor", "0.5").restart).jitter ==
        0.5);
  CHECK(std::get<restart::ExponentialDelay>(*with(e + "attempts-before-reset-backoff", "3").restart)
            .attempts_before_reset == 3);
}

TEST_CASE("defaults in the list of keys are those of the options", "[options]") {
  std::set<std::string> seen;
  for (const auto& key : runtime::option_keys()) {
    CAPTURE(key.key);
    CHECK(seen.insert(key.key).second);
    CHECK_FALSE(key.help.empty());
    JobOptions options;
    CHECK(set_option(options, key.key, key.default_value).ok());
    const JobOptions defaults;
    CHECK(options.parallelism == defaults.parallelism);
    CHECK(options.checkpoint.timeout == defaults.checkpoint.timeout);
    CHECK(options.checkpoint.retained == defaults.checkpoint.retained);
    CHECK(options.checkpoint.inline_threshold == defaults.checkpoint.inline_threshold);
    CHECK(options.state.local_recovery == defaults.state.local_recovery);
    CHECK(options.checkpoint.retention == defaults.checkpoint.retention);
    CHECK(options.failover == defaults.failover);
    CHECK(options.watermark_interval == defaults.watermark_interval);
    CHECK(options.network.buffer_timeout == defaults.network.buffer_timeout);
    CHECK(options.network.batches_per_channel == defaults.network.batches_per_channel);
    CHECK(options.network.batches_per_iteration == defaults.network.batches_per_iteration);
    const DebloatOptions& debloat = options.network.debloat;
    const DebloatOptions& usual = defaults.network.debloat;
    CHECK((debloat.enabled == usual.enabled && debloat.target == usual.target));
    CHECK((debloat.period == usual.period && debloat.samples == usual.samples));
    CHECK(debloat.threshold_percent == usual.threshold_percent);
    if (const auto* s =
            options.restart ? std::get_if<restart::ExponentialDelay>(&*options.restart) : nullptr) {
      const restart::ExponentialDelay d;
      CHECK((s->initial == d.initial && s->max == d.max && s->multiplier == d.multiplier));
      CHECK((s->reset_after == d.reset_after && s->jitter == d.jitter));
      CHECK(s->attempts_before_reset == d.attempts_before_reset);
    }
  }
  CHECK(seen.size() > 20);
}

TEST_CASE("parameters of a strategy may come before or after its type", "[options]") {
  JobOptions options;
  REQUIRE(set_option(options, "restart-strategy.fixed-delay.attempts", "5").ok());
  REQUIRE(set_option(options, "restart-strategy.type", "fixed-delay").ok());
  REQUIRE(set_option(options, "restart-strategy.fixed-delay.delay", "7 s").ok());
  const auto& fixed = std::get<restart::FixedDelay>(*options.restart);
  CHECK(fixed.attempts == 5);
  CHECK(fixed.delay == 7s);
}

TEST_CASE("a parameter does not change the strategy that was chosen", "[options]") {
  JobOptions options;
  REQUIRE(set_option(options, "restart-strategy.type", "none").ok());
  const Status status = set_option(options, "restart-strategy.fixed-delay.delay", "1 s");
  CHECK(status.code() == ErrorCode::invalid_argument);
  CHECK(status.message() ==
        "restart-strategy.fixed-delay.delay: has no effect, since restart-strategy.type is none; "
        "set restart-strategy.type=fixed-delay too, or leave it out");
  CHECK(std::holds_alternative<restart::None>(*options.restart));
}

TEST_CASE("an unknown key names the nearest known one, a bad value its key", "[options]") {
  CHECK(error_of("execution.checkpointing.intervall", "1 s")
            .find("did you mean execution.checkpointing.interval?") != std::string::npos);
  CHECK(error_of("zzz", "1").find("docs/reference/options.md") != std::string::npos);
  CHECK(error_of("execution.checkpointing.interval", "soon")
            .find("execution.checkpointing.interval") == 0);
  CHECK(error_of("execution.checkpointing.mode", "SOMETIMES").find("EXACTLY_ONCE") !=
        std::string::npos);
  CHECK(error_of("parallelism.default", "99999999999").find("out of range") != std::string::npos);
  CHECK(error_of("parallelism.default", "two").find("two") != std::string::npos);
}
