// An operator that does with timers as it is told: what tests of timers share.
#pragma once

#include "base/memory_env.hpp"
#include "runtime/task/state_restore.hpp"
#include "state/keyed_cut.hpp"
#include "test/state/backends.hpp"
#include "test/support/collect.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

inline constexpr std::uint32_t kMaxParallelism = 16;

using Lines = std::vector<std::string>;

inline Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

inline std::string text_of(Timestamp time) {
  return std::to_string(time.time_since_epoch().count());
}

struct Order {
  int key;
  std::string what;
  std::int64_t at = 0;  // milliseconds
};

/// Does as it is told, and says what fires.
class Ticker final : public KeyedProcess<int, Order, std::string> {
public:
  void on_record(const Order& order, Ctx& ctx, Emit<std::string>& out) override {
    if (order.what == "event") ctx.event_timers().at(test::at(order.at));
    if (order.what == "processing") ctx.processing_timers().at(test::at(order.at));
    if (order.what == "no event") ctx.event_timers().cancel(test::at(order.at));
    if (order.what == "no processing") ctx.processing_timers().cancel(test::at(order.at));
    if (order.what == "repeat") repeat_.set(order.at);
    if (order.what == "what time") {
      const bool knows_event_time = ctx.event_time() != Timestamp::min();
      out(text_of(ctx.processing_time()) + " " +
          (knows_event_time ? text_of(ctx.event_time()) : "none"));
    }
    if (order.what == "domain") static_cast<void>(ctx.time_domain());
  }

  void on_timer(Timestamp time, Ctx& ctx, Emit<std::string>& out) override {
    const bool is_event = ctx.time_domain() == TimeDomain::event_time;
    fired_.set(fired_.value_or(0) + 1);
    out(std::to_string(ctx.key()) + (is_event ? " event " : " processing ") + text_of(time) + " (" +
        std::to_string(*fired_.get()) + ")");
    const std::int64_t left = repeat_.value_or(0);
    if (left == 0) return;
    repeat_.set(left - 1);
    (is_event ? ctx.event_timers() : ctx.processing_timers())
        .at(time + std::chrono::milliseconds{1});
  }

private:
  ValueState<std::int64_t> fired_{*this, "fired"};
  ValueState<std::int64_t> repeat_{*this, "repeat"};
};

template <class P>
Job job_of() {
  Job job{"ticks"};
  job.source("orders", testing::ReplayLog<Order>{{}}.source())
      .key_by(&Order::key)
      .process<P>("ticks")
      .sink("out", testing::TransactionLog<std::string>{}.sink());
  return job;
}

/// All subtasks of an operator.
class Operators {
public:
  Operators(const Job& job, std::uint32_t parallelism, detail::StateBackend* backend)
      : spec_{job.graph()->operators[1]} {
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      parts_.push_back(spec_.make(
          {.info = {.job = "ticks", .name = "ticks", .subtask = i, .parallelism = parallelism},
           .key_groups = detail::range_of_subtask(i, parallelism, kMaxParallelism),
           .max_parallelism = kMaxParallelism,
           .backend = backend,
           .clock = &clock}));
      parts_.back()->connect(&out_);
    }
  }

  void order(Order order) {
    const std::uint32_t group = detail::key_position(hash_of(order.key), kMaxParallelism).group;
    const auto parallelism = static_cast<std::uint32_t>(parts_.size());
    detail::Batch<Order> batch;
    batch.records.push_back(std::move(order));
    parts_[detail::subtask_of_group(group, parallelism, kMaxParallelism)]->process(batch, 0, 1);
  }

  /// Fires what is due; returns what was said.
  Lines processing_time(std::int64_t ms) {
    for (auto& part : parts_) {
      while (!part->timers()->advance_processing_time(at(ms))) {
      }
    }
    return said();
  }
  Lines event_time(Timestamp to) {
    for (auto& part : parts_) {
      while (!part->advance_event_time(to)) {
      }
    }
    return said();
  }
  Lines event_time(std::int64_t ms) { return event_time(at(ms)); }
  Lines said() { return std::exchange(out_.records, {}); }

  detail::Operator& part(std::size_t i = 0) { return *parts_[i]; }
  /// In the first subtask.
  std::optional<Timestamp> next() { return part().timers()->next_processing(); }

  struct Snapshot {
    base::MemoryEnv env = {};
    std::vector<state::KeyedStateHandle> handles = {};
  };

  /// With `native`, a store is copied with its files.
  std::unique_ptr<Snapshot> snapshot(bool native = false) {
    auto result = std::make_unique<Snapshot>();
    REQUIRE(result->env.create_directories("/chk").ok());
    for (auto& part : parts_) {
      detail::KeyedState& keyed = *part->keyed_state();
      state::KeyedCut cut{state::describe("ticks", spec_.key_schema, keyed), keyed};
      if (cut.has_store()) {
        cut.begin();
        REQUIRE(cut.write_back(native ? std::optional<std::uint64_t>{0} : std::nullopt).ok());
        cut.on_written();
      }
      result->handles.push_back(write(cut, *result));
      cut.release();
    }
    return result;
  }

  void restore(Snapshot& from, Backends& backends) {
    for (auto& part : parts_) {
      const std::shared_ptr<detail::StateBackend> rocksdb{std::shared_ptr<void>{},
                                                          backends.rocksdb()};
      const auto restored =
          runtime::read_state({.restore = {.keyed = from.handles},
                               .directory = "/chk",
                               .env = &from.env,
                               .backend = [rocksdb] { return rocksdb; }},
                              {{"ticks", spec_.key_schema, part->keyed_state(), part->timers()}});
      REQUIRE(restored.ok());
    }
  }

  StoppedClock clock;

private:
  static state::KeyedStateHandle write(state::KeyedCut& cut, Snapshot& into) {
    if (cut.has_copy()) {
      auto handle = cut.write_files({.env = &into.env,
                                     .directory = "/chk",
                                     .prefix = std::to_string(into.handles.size()) + ".",
                                     .inline_bytes = 0});
      REQUIRE(handle.ok());
      return std::move(handle).value();
    }
    state::StateFile file{into.env, "/unused", ~std::size_t{0}};
    auto handle = cut.write(file);
    REQUIRE(handle.ok());
    REQUIRE(file.finish().ok());
    handle->inlined = file.take_inlined();
    return std::move(handle).value();
  }

  const detail::OperatorSpec& spec_;
  Collector<std::string> out_;
  std::vector<std::unique_ptr<detail::Operator>> parts_;
};

/// One subtask of Tickers.
struct Tickers : Operators {
  explicit Tickers(detail::StateBackend* backend = nullptr) : Tickers{job_of<Ticker>(), backend} {}
  Tickers(Job j, detail::StateBackend* backend) : Operators{j, 1, backend}, job{std::move(j)} {}
  Job job;
};

inline Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

inline const auto kEachBackend = {BackendKind::heap, BackendKind::rocksdb, BackendKind::tiny,
                                  BackendKind::queue};

}  // namespace weir::test
