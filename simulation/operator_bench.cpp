#include "base/memory_env.hpp"
#include "runtime/graph/plan.hpp"
#include "runtime/graph/validate.hpp"
#include "runtime/job/operator_shares.hpp"
#include "runtime/task/operator_restore.hpp"
#include "runtime/task/state_backends.hpp"
#include "runtime/task/state_restore.hpp"
#include "state/compatibility.hpp"
#include "state/keyed_cut.hpp"
#include "state/operator_snapshot.hpp"

#include <weir/testing/operator_bench.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace weir::testing {

struct OperatorSnapshot::Content {
  base::MemoryEnv env = {};
  std::vector<state::KeyedStateHandle> keyed = {};                                  // by subtask
  std::map<std::string, std::vector<state::OperatorStateHandle>> of_operator = {};  // likewise
};

bool OperatorSnapshot::is_empty() const {
  return std::all_of(content_->keyed.begin(), content_->keyed.end(),
                     [](const auto& handle) { return handle.rows == 0; });
}

namespace {

constexpr const char* kDirectory = "/state";

/// Shows the time that a test has set.
class HandClock final : public Clock {
public:
  Duration monotonic() const override { return wall_.time_since_epoch(); }
  WallTime wall() const override { return wall_; }
  void set(Timestamp time) { wall_ = time; }

private:
  WallTime wall_{};
};

/// Keeps all that an output has passed on.
class Kept final : public detail::BatchConsumer {
public:
  void consume(detail::BatchBody& batch) override { batches_.push_back(batch.copy()); }
  std::vector<detail::BatchRef> take() { return std::exchange(batches_, {}); }

private:
  std::vector<detail::BatchRef> batches_;
};

void check(const Status& status) {
  if (!status.ok()) throw std::runtime_error{status.message()};
}

const detail::OperatorSpec& only_operator(const detail::GraphSpec& graph) {
  if (!graph.problems.empty())
    throw std::invalid_argument{runtime::format_problems(graph.name, graph.problems)};
  const auto made = std::count_if(graph.operators.begin(), graph.operators.end(),
                                  [](const auto& op) { return op.source == nullptr; });
  if (made != 1 || graph.operators.back().make == nullptr)
    throw std::invalid_argument{
        "harness(build): build must put exactly one operator behind the stream, and no sink; there "
        "are " +
        std::to_string(made)};
  return graph.operators.back();
}

/// See the header.
class Bench final : public OperatorBench {
public:
  Bench(const Job& job, const HarnessOptions& options)
      : graph_{job.graph()},
        spec_{only_operator(*graph_)},
        backend_{
            backends_.make({.backend = options.backend, .rocksdb = {.memory_bytes = 8 << 20}})} {
    if (options.parallelism < 1)
      throw std::invalid_argument{"the parallelism of a harness must be at least 1"};
    const auto parallelism = static_cast<std::uint32_t>(options.parallelism);
    max_parallelism_ = runtime::default_max_parallelism(parallelism);
    for (std::uint32_t i = 0; i < parallelism; ++i) add_part(i, parallelism);
    for (const detail::EdgeSpec& edge : spec_.inputs)
      inlets_.push_back(std::make_unique<Inlet>(edge, parts_, max_parallelism_));
  }

  void push(std::size_t stream, const detail::BatchRef& batch) override {
    begin();
    for (const auto& inlet : inlets_) {
      if (inlet->stream() == stream) inlet->push(batch->copy());
    }
  }
  void advance_event_time(Timestamp time) override {
    begin();
    for (const auto& part : parts_) {
      while (!part->advance_event_time(time)) {
      }
    }
    pass_answers();
  }
  void set_clock(Timestamp time) override {
    begin();
    clock_.set(time);
    pass_answers();
    for (const auto& part : parts_) {
      if (part->timers() == nullptr) continue;
      while (!part->timers()->advance_processing_time(time - std::chrono::milliseconds{1})) {
      }
    }
  }
  void end() override {
    advance_event_time(Timestamp::max());
    for (const auto& part : parts_) {
      while (!part->finish()) {
      }
    }
  }

  std::vector<detail::BatchRef> take_output() override {
    pass_answers();
    return output_.take();
  }
  std::vector<detail::BatchRef> take_side_output(std::string_view name,
                                                 const std::string& schema) override {
    for (const detail::SideOutputSpec& side : spec_.side_outputs) {
      if (side.name == name && side.schema == schema) return sides_[side.name].take();
    }
    throw std::invalid_argument{"the operator has no side output \"" + std::string{name} +
                                "\" of this type"};
  }

  double metric(std::string_view name) override {
    double sum = 0;
    bool is_known = false;
    for (const auto& part : parts_) {
      for (const detail::MetricHandle* metric : part->metrics()) {
        if (metric->name() != name) continue;
        sum += metric->read().value;
        is_known = true;
      }
    }
    if (!is_known)
      throw std::invalid_argument{"the operator has no metric \"" + std::string{name} + "\""};
    return sum;
  }

  OperatorSnapshot snapshot() override {
    begin();
    auto content = std::make_shared<OperatorSnapshot::Content>();
    check(content->env.create_directories(kDirectory));
    for (const auto& part : parts_) {
      if (part->keyed_state() != nullptr && !spec_.states.empty())
        content->keyed.push_back(write(*part->keyed_state(), *content));
      for (const detail::OperatorState* state : part->operator_states())
        content->of_operator[state->spec().name].push_back(write(*state, *content));
    }
    return OperatorSnapshot{std::move(content)};
  }

  void restore(const OperatorSnapshot& snapshot) override {
    if (has_begun_) throw std::logic_error{"restore(snapshot) comes before all else of a harness"};
    OperatorSnapshot::Content& content = snapshot.content();
    check_fits(content);
    for (std::uint32_t i = 0; i < parts_.size(); ++i) {
      runtime::RestoreOrder order{.restore = {.keyed = content.keyed},
                                  .directory = kDirectory,
                                  .env = &content.env,
                                  .backend = [this] { return backend_; }};
      for (const auto& [name, handles] : content.of_operator) {
        std::vector<runtime::WrittenElements> written;
        for (const state::OperatorStateHandle& handle : handles) written.push_back({&handle});
        for (runtime::OperatorStateShare& share : runtime::share_of(
                 written, {.index = i, .parallelism = static_cast<std::uint32_t>(parts_.size())}))
          order.restore.operators.push_back(std::move(share));
      }
      restore_part(*parts_[i], order);
    }
  }

private:
  using Parts = std::vector<std::unique_ptr<detail::Operator>>;

  /// An edge that leads to the operator.
  class Inlet final : private detail::ChannelSink {
  public:
    /// `parts`, which must outlive it, are the operator's subtasks.
    Inlet(const detail::EdgeSpec& edge, const Parts& parts, std::uint32_t max_parallelism)
        : edge_{edge},
          parts_{parts},
          router_{edge.type->make_router({.partition = edge.partition,
                                          .channels = static_cast<std::uint32_t>(parts.size()),
                                          .own_index = 0,
                                          .max_parallelism = max_parallelism,
                                          .out = this})} {}

    std::size_t stream() const { return edge_.from; }

    void push(const detail::BatchRef& batch) {
      router_->consume(*batch);
      router_->flush();
    }

  private:
    void put(std::uint32_t channel, detail::BatchRef batch) override {
      if (batch->is_shared()) batch = batch->copy();
      detail::Operator& part = *parts_[channel];
      edge_.is_second ? part.process_second(*batch, 0, batch->size()) : part.consume(*batch);
    }

    const detail::EdgeSpec& edge_;
    const Parts& parts_;
    std::unique_ptr<detail::Router> router_;
  };

  void begin() {
    if (std::exchange(has_begun_, true)) return;
    for (const auto& part : parts_) part->start();
  }

  void pass_answers() {
    for (const auto& part : parts_) {
      while (part->requests() != nullptr && part->requests()->pass_answers(clock_.monotonic())) {
      }
    }
  }

  void add_part(std::uint32_t index, std::uint32_t parallelism) {
    auto part =
        spec_.make({.info = {.job = graph_->name,
                             .name = spec_.name,
                             .subtask = index,
                             .parallelism = parallelism},
                    .key_groups = detail::range_of_subtask(index, parallelism, max_parallelism_),
                    .max_parallelism = max_parallelism_,
                    .backend = backend_.get(),
                    .clock = &clock_});
    part->connect(&output_);
    for (detail::SideOutputHandle* side : part->side_outputs())
      part->connect_side(*side, &sides_[side->spec().name]);
    parts_.push_back(std::move(part));
  }

  state::KeyedStateHandle write(detail::KeyedState& keyed, OperatorSnapshot::Content& content) {
    state::KeyedCut cut{state::describe(spec_.name, spec_.key_schema, keyed), keyed};
    if (cut.has_store()) {
      cut.begin();
      check(cut.write_back());
      cut.on_written();
    }
    state::StateFile file{content.env, kDirectory, ~std::size_t{0}};  // all of it stays in memory
    auto handle = cut.write(file);
    check(handle.status());
    check(file.finish());
    handle->inlined = file.take_inlined();
    cut.release();
    return std::move(handle).value();
  }

  state::OperatorStateHandle write(const detail::OperatorState& state,
                                   OperatorSnapshot::Content& content) {
    state::OperatorCut cut{spec_.name, state};
    state::StateFile file{content.env, kDirectory, ~std::size_t{0}};
    auto handle = state::write_elements(cut, file);
    check(handle.status());
    check(file.finish());
    handle->inlined = file.take_inlined();
    return std::move(handle).value();
  }

  /// As the restore of a job does, before anything is read.
  void check_fits(const OperatorSnapshot::Content& content) {
    for (const state::KeyedStateHandle& handle : content.keyed) {
      const auto info =
          state::describe(spec_.name, spec_.key_schema, *parts_.front()->keyed_state());
      check(state::check_compatible(handle, info, false).status());
    }
    for (const auto& of_state : content.of_operator) {
      const auto& declared = spec_.operator_states;
      const auto at = std::find_if(declared.begin(), declared.end(),
                                   [&](const auto& spec) { return spec.name == of_state.first; });
      for (const state::OperatorStateHandle& handle : of_state.second)
        check(state::check_compatible(handle, at != declared.end() ? &*at : nullptr).status());
    }
  }

  void restore_part(detail::Operator& part, const runtime::RestoreOrder& order) {
    if (part.keyed_state() != nullptr && !spec_.states.empty())
      check(runtime::read_state(order,
                                {{spec_.name, spec_.key_schema, part.keyed_state(), part.timers()}})
                .status());
    std::vector<runtime::ChainOperatorState> states;
    for (detail::OperatorState* state : part.operator_states())
      states.push_back({spec_.name, state});
    check(runtime::read_operator_states(order, states));
  }

  std::shared_ptr<const detail::GraphSpec> graph_;
  const detail::OperatorSpec& spec_;
  runtime::StateBackends backends_{runtime::StateBackends::InMemory{}};
  std::shared_ptr<detail::StateBackend> backend_;
  HandClock clock_;
  std::uint32_t max_parallelism_ = 0;
  Kept output_;
  std::map<std::string, Kept> sides_;
  Parts parts_;
  std::vector<std::unique_ptr<Inlet>> inlets_;
  bool has_begun_ = false;
};

}  // namespace

std::unique_ptr<OperatorBench> OperatorBench::make(const Job& job, const HarnessOptions& options) {
  return std::make_unique<Bench>(job, options);
}

}  // namespace weir::testing
