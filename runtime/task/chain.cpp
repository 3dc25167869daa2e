#include "runtime/task/chain.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <mutex>
#include <utility>

namespace weir::runtime {
namespace {

using detail::BatchBody;
using detail::BatchConsumer;
using detail::OperatorSpec;

constexpr std::size_t kSliceRecords = 128;  // at most, between two looks at credits and clock
constexpr std::size_t kSliceBatches = 8;    // that a slice may make: the credits of one channel

/// Lets several threads of the blocking pool use one committer, one after the other. What it throws
/// comes back as an error: nobody could catch it there.
class SerialCommitter final : public detail::Committer {
public:
  explicit SerialCommitter(std::unique_ptr<detail::Committer> committer)
      : committer_{std::move(committer)} {}

  Status persist(const Bytes& txn) override {
    const std::lock_guard lock{mutex_};
    return catching([&] { return committer_->persist(txn); });
  }
  Status commit(const Bytes& txn) override {
    const std::lock_guard lock{mutex_};
    return catching([&] { return committer_->commit(txn); });
  }
  Status clean_up() override {
    const std::lock_guard lock{mutex_};
    return catching([&] { return committer_->clean_up(); });
  }

private:
  template <class F>
  static Status catching(F&& f) {
    try {
      return f();
    } catch (const std::exception& error) {
      return {ErrorCode::internal, error.what()};
    } catch (...) {
      return {ErrorCode::internal, "an exception that is no std::exception"};
    }
  }

  std::mutex mutex_;
  std::unique_ptr<detail::Committer> committer_;
};

/// Whether anybody reads a side output.
bool is_read(const Plan& plan, std::size_t op, const std::string& side) {
  const auto& operators = plan.graph().operators;
  return std::any_of(operators.begin(), operators.end(), [&](const OperatorSpec& reader) {
    return std::any_of(reader.inputs.begin(), reader.inputs.end(),
                       [&](const auto& edge) { return edge.from == op && edge.side == side; });
  });
}

}  // namespace

class Chain::Link final : public BatchConsumer {
public:
  Link(std::string name, BatchConsumer* to) : name_{std::move(name)}, to_{to} {}
  void consume(BatchBody& batch) override {
    call_user_code(name_, [&] { to_->consume(batch); });
  }

private:
  std::string name_;
  BatchConsumer* to_;
};

class Chain::Counter final : public BatchConsumer {
public:
  Counter(std::uint64_t& count, BatchConsumer* to) : count_{count}, to_{to} {}
  void consume(BatchBody& batch) override {
    count_ += batch.size();
    to_->consume(batch);
  }

private:
  std::uint64_t& count_;
  BatchConsumer* to_;
};

class Chain::FanOut final : public BatchConsumer {
public:
  explicit FanOut(std::vector<BatchConsumer*> to) : to_{std::move(to)} {}
  void consume(BatchBody& batch) override {
    // Consumers may take records out of a batch, so all but the last get a copy.
    if (to_.empty()) return;  // all that is read of its operator is another output
    for (std::size_t i = 0; i + 1 < to_.size(); ++i) {
      const detail::BatchRef copy = batch.copy();
      to_[i]->consume(*copy);
    }
    to_.back()->consume(batch);
  }

private:
  std::vector<BatchConsumer*> to_;
};

Chain::Chain(const Plan& plan, const ChainInit& init, OutputGate& out)
    : out_{out},
      clocks_{.time = {out, plan.is_source(init.subtask.vertex),
                       plan.graph().options.watermark_interval}} {
  const Vertex& vertex = plan.vertex(init.subtask.vertex);
  const OperatorSpec& head = plan.op(vertex.operators[0]);
  head_name_ = head.name;
  if (head.source != nullptr) {
    source_ = head.source->make_host();
    source_->connect(link_to(plan, vertex.operators[0], "", out, init));
  } else {
    make_consumer(plan, vertex.operators[0], out, init);
    // make_consumer adds an operator behind those it leads to, so the head is the last one.
    if (head.sink != nullptr)
      head_.sink = sinks_.back().writer.get();
    else
      head_.op = operators_.back().op.get();
    if (head_.op != nullptr) head_.requests = head_.op->requests();
  }
  std::reverse(operators_.begin(), operators_.end());
  add_time(plan, vertex);
}

/// Says how time passes from operator to operator.
void Chain::add_time(const Plan& plan, const Vertex& vertex) {
  std::map<std::size_t, std::size_t> numbers;  // in ChainTime, by index in the graph
  for (NamedOperator& next : operators_) {
    const auto parent = numbers.find(plan.op(next.index).inputs[0].from);
    std::vector<std::size_t> edges;
    std::copy_if(vertex.outputs.begin(), vertex.outputs.end(), std::back_inserter(edges),
                 [&](std::size_t e) {
                   return plan.edges()[e].from_operator == next.index &&
                          !plan.edges()[e].is_feedback;
                 });
    clocks_.time.add(next.name, *next.op,
                     parent != numbers.end() ? std::optional{parent->second} : std::nullopt,
                     std::move(edges));
    numbers.emplace(next.index, numbers.size());
  }
}

/// Builds everything that reads an output of operator `op` and returns where its records go.
BatchConsumer* Chain::link_to(const Plan& plan, std::size_t op, const std::string& side,
                              OutputGate& out, const ChainInit& init) {
  const Vertex& vertex = plan.vertex(init.subtask.vertex);
  std::vector<BatchConsumer*> consumers;
  for (const std::size_t other : vertex.operators) {
    const auto& inputs = plan.op(other).inputs;
    if (other == vertex.operators[0] || inputs[0].from != op || inputs[0].side != side) continue;
    BatchConsumer* consumer = make_consumer(plan, other, out, init);
    links_.push_back(std::make_unique<Link>(plan.op(other).name, consumer));
    consumers.push_back(links_.back().get());
    recovery_.entries.emplace(other, consumers.back());
  }
  for (const std::size_t e : vertex.outputs) {
    const PlanEdge& edge = plan.edges()[e];
    if (edge.from_operator != op || edge.side != side) continue;
    consumers.push_back(out.router(e));
  }
  if (consumers.size() == 1) return consumers[0];
  links_.push_back(std::make_unique<FanOut>(std::move(consumers)));
  return links_.back().get();
}

BatchConsumer* Chain::make_consumer(const Plan& plan, std::size_t op, OutputGate& out,
                                    const ChainInit& init) {
  const OperatorSpec& spec = plan.op(op);
  const std::uint32_t parallelism = plan.vertex(init.subtask.vertex).parallelism;
  const OperatorInfo info{.job = plan.graph().name,
                          .name = spec.name,
                          .subtask = init.subtask.index,
                          .parallelism = parallelism,
                          .attempt = init.attempt.value()};
  if (spec.sink != nullptr) {
    const WriterContext context{info, init.run, init.env, init.clock};
    call_user_code(spec.name, [&] {
      ChainSink sink{spec.name, spec.sink->txn_schema(), spec.sink->make_writer(context), nullptr};
      if (auto committer = spec.sink->make_committer(context))
        sink.committer = std::make_shared<SerialCommitter>(std::move(committer));
      sinks_.push_back(std::move(sink));
    });
    links_.push_back(std::make_unique<Counter>(records_written_, sinks_.back().writer.get()));
    return links_.back().get();
  }
  const detail::OperatorInit operator_init{
      .info = info,
      .key_groups =
          detail::range_of_subtask(init.subtask.index, parallelism, plan.max_parallelism()),
      .max_parallelism = plan.max_parallelism(),
      .backend = init.backend,
      .clock = &init.clock};
  auto built = call_user_code(spec.name, [&] { return spec.make(operator_init); });
  built->connect(link_to(plan, op, "", out, init));
  for (detail::SideOutputHandle* side : built->side_outputs()) {
    if (is_read(plan, op, side->spec().name))
      built->connect_side(*side, link_to(plan, op, side->spec().name, out, init));
  }
  if (detail::KeyedState* state = built->keyed_state(); state != nullptr && !spec.states.empty())
    memory_.states.push_back({spec.name, spec.key_schema, state, built->timers()});
  for (detail::OperatorState* state : built->operator_states())
    memory_.operator_states.push_back({spec.name, state});
  if (detail::OperatorTimers* timers = built->timers()) clocks_.timers.add(spec.name, *timers);
  operators_.push_back({op, spec.name, std::move(built)});
  return operators_.back().op.get();
}

std::vector<OperatorMetric> Chain::metrics() const {
  std::vector<OperatorMetric> all;
  for (const NamedOperator& next : operators_) {
    for (const detail::MetricHandle* metric : next.op->metrics())
      all.push_back({next.name, metric->name(), metric->read()});
  }
  return all;
}

void Chain::start() {
  for (NamedOperator& next : operators_) call_user_code(next.name, [&] { next.op->start(); });
  for (const auto& [op, batch] : std::exchange(recovery_.batches, {}))
    recovery_.entries.at(op)->consume(*batch);
}

void Chain::recover(std::size_t op, detail::BatchRef batch) {
  recovery_.batches.emplace_back(op, std::move(batch));
}

std::size_t Chain::process(const PlanEdge& edge, BatchBody& batch, std::size_t begin) {
  std::size_t end = std::min(begin + head_.slice, batch.size());
  if (head_.requests != nullptr) end = std::min(end, begin + head_.requests->room());
  const std::uint64_t before = out_.batches_sent();
  call_user_code(head_name_, [&] {
    if (edge.is_second) return head_.op->process_second(batch, begin, end);
    if (head_.op != nullptr) return head_.op->process(batch, begin, end);
    records_written_ += end - begin;
    head_.sink->write(batch, begin, end);
  });
  const std::uint64_t made = out_.batches_sent() - before;
  head_.slice = made > kSliceBatches ? std::max<std::size_t>(head_.slice * kSliceBatches / made, 1)
                                     : std::min(head_.slice * 2, kSliceRecords);
  return end;
}

void Chain::shorten_slice() {
  head_.slice = std::max<std::size_t>(head_.slice / 4, 1);  // twice that is what it was before
}

bool Chain::pass_answers(Duration now) {
  return call_user_code(head_name_, [&] { return head_.requests->pass_answers(now); });
}

bool Chain::finish() {
  for (; finished_ < operators_.size(); ++finished_) {
    NamedOperator& next = operators_[finished_];
    if (!call_user_code(next.name, [&] { return next.op->finish(); })) return false;
  }
  return true;
}

void Chain::flush_sinks() {
  for (ChainSink& sink : sinks_) {
    if (sink.committer == nullptr)
      call_user_code(sink.operator_name, [&] { static_cast<void>(sink.writer->prepare()); });
  }
}

}  // namespace weir::runtime
