#include "runtime/task/subtask.hpp"

#include "base/assert.hpp"

#include <utility>

namespace weir::runtime {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds{1};  // longer would make commands late

std::shared_ptr<Chain> make_chain(const Plan& plan, const SubtaskInit& init, OutputGate& out) {
  const Vertex& vertex = plan.vertex(init.id.vertex);
  for (const std::size_t e : vertex.outputs) {
    const PlanEdge& edge = plan.edges()[e];
    const bool is_forward = edge.partition == detail::Partition::forward;
    out.add_edge(e, *edge.type,
                 {.partition = edge.partition,
                  .channels = is_forward ? 1 : plan.vertex(edge.to).parallelism,
                  .own_index = init.id.index,
                  .max_parallelism = plan.max_parallelism(),
                  .out = nullptr});
  }
  return std::make_shared<Chain>(
      plan, ChainInit{init.id, init.attempt, init.run, *init.env, *init.clock, init.backend}, out);
}

}  // namespace

Subtask::Subtask(const Plan& plan, SubtaskInit init, SubtaskPort& port)
    : port_{port},
      self_{init.id, init.attempt},
      flushes_{.timeout = plan.graph().options.network.buffer_timeout},
      output_{port, static_cast<std::uint32_t>(plan.graph().options.network.batches_per_channel),
              init.force_bytes},
      chain_{make_chain(plan, init, output_)},
      marks_{.held = OvertakeTimer{plan.graph().options.checkpoint.aligned_timeout}} {
  const Vertex& vertex = plan.vertex(init.id.vertex);
  std::string position_schema;
  if (const auto& source = plan.op(vertex.operators[0]).source; source != nullptr) {
    auto input = std::make_unique<SourceInput>(
        source->options(), SourceContext{*init.env, *init.clock, vertex.parallelism}, *chain_,
        port);
    source_ = input.get();
    input_ = std::move(input);
    position_schema = source->position_schema();
  } else {
    auto input = std::make_unique<ChannelInput>(plan, init.id, *chain_, port);
    channels_ = input.get();
    input_ = std::move(input);
  }
  const std::string file_name = vertex.name + "-" + std::to_string(init.id.index);
  snapshots_ = std::make_unique<SnapshotTaker>(
      plan, chain_, SnapshotTaker::Positions{source_, std::move(position_schema)},
      std::move(init.place), self_, file_name, port);
  if (chain_->requests() != nullptr) chain_->requests()->wake_by(port_.waker());
  if (!init.is_finished) return;
  life_ = Life::drained;
  if (source_ != nullptr) source_->drain();  // nothing is handed out to it
}

void Subtask::recover(Timestamp event_time) {
  if (channels_ != nullptr && event_time != Timestamp::min()) channels_->recover(event_time);
}

void Subtask::recover(std::vector<RecoveredBatch> batches) {
  for (RecoveredBatch& batch : batches) {
    WEIR_ASSERT(!batch.edge || channels_ != nullptr, "records were recovered for a source");
    if (batch.edge)
      channels_->recover(std::move(batch));
    else
      chain_->recover(batch.to, std::move(batch.batch));
  }
}

void Subtask::start() {
  guarded([this] {
    flushes_.last = port_.now();
    if (life_ == Life::created) {
      chain_->start();
      life_ = Life::running;
    } else {  // restored from behind its end: says again what it said then
      output_.broadcast(EndOfData{});
      port_.drained();
    }
  });
}

void Subtask::on_frame(ChannelIndex channel, Frame frame) {
  guarded([&] {
    WEIR_ASSERT(channels_ != nullptr, "a frame arrived at a source");
    if (Status status = channels_->push(channel, std::move(frame)); !status.ok())
      fail({"", status.message()});
  });
}

void Subtask::on_credits(ChannelIndex channel, std::uint32_t credits) {
  guarded([&] { output_.add_credits(channel, credits); });
}

void Subtask::on_splits(std::vector<state::SplitPosition> splits, bool no_more) {
  guarded([&] {
    WEIR_ASSERT(source_ != nullptr, "splits were assigned to a subtask that is no source");
    source_->assign(std::move(splits), no_more);
  });
}

void Subtask::on_group_time(Timestamp least) {
  guarded([&] {
    WEIR_ASSERT(source_ != nullptr, "a subtask that is no source was to keep pace with others");
    source_->on_group_time(least);
  });
}

void Subtask::flush_sinks() {
  guarded([this] { chain_->flush_sinks(); });
}

void Subtask::resume(const std::function<void()>& then) {
  guarded([&] {
    then();
    if (auto failure = snapshots_->take_failure()) return fail(std::move(*failure));
    end_if_done();
  });
}

Subtask::Next Subtask::drive() {
  Next next;
  guarded([&] {
    look_ahead();
    release_barriers();
    Duration now = port_.now();
    activity_.begin(now);
    const Duration end = now + kTurn;
    if (life_ == Life::running) chain_->time().ask(now);
    if (source_ != nullptr && life_ != Life::created) source_->tell_time_if_due();
    bool has_more = true;
    while (has_more && is_alive() && !output_.has_backlog()) {
      has_more = work(next);
      const Duration before = std::exchange(now, port_.now());
      if (now - before > kTurn) chain_->shorten_slice();
      if (has_more && now >= end) {
        next = {Next::When::at_once};
        break;
      }
    }
    const bool is_idle = !has_more && !port_.has_mail();
    if (is_alive() && (is_idle || now - flushes_.last >= flushes_.timeout)) {
      output_.flush();
      flushes_.last = now;
    }
    if (output_.has_backlog() || !chain_->has_room()) chain_->time().on_held_up();
    wait_for_others(next);
    activity_.end(now, waits_for(next));
  });
  return next;
}

bool Subtask::can_look_ahead() const {
  return channels_ != nullptr && (life_ == Life::running || life_ == Life::firing ||
                                  life_ == Life::drained || life_ == Life::stopped);
}

/// Handles barriers that may overtake what waits on the input.
void Subtask::look_ahead() {
  while (can_look_ahead()) {
    auto step = channels_->look_ahead();
    if (!step) return;
    apply(std::move(*step));
  }
}

/// Whatever else it waits for: barriers must not be late, nor must watermarks.
void Subtask::wait_for_others(Next& next) const {
  const auto wake_at = [&next](std::optional<Duration> at) {
    if (!at || next.when == Next::When::at_once) return;
    if (next.when != Next::When::at_time || *at < next.time) next = {Next::When::at_time, *at};
  };
  wake_at(marks_.held.at());
  if (can_look_ahead()) wake_at(channels_->looks_ahead_at());
  if (life_ == Life::running) wake_at(chain_->time().asks_at());
  if (source_ != nullptr) wake_at(source_->tells_time_at());
  const bool passes_answers =
      (life_ == Life::running || life_ == Life::firing) && !output_.has_backlog();
  if (chain_->requests() != nullptr && passes_answers) wake_at(chain_->requests()->due());
}

/// Does one piece of work; returns whether there may be more at once.
bool Subtask::work(Next& next) {
  switch (life_) {
    case Life::running: return run(next);
    case Life::drained: return take_step(next);
    case Life::firing: return end_time(next);
    case Life::finishing: finish(); return true;
    case Life::stopped:
      return source_ == nullptr && take_step(next);  // nothing is read, but marks still pass
    case Life::created:
    case Life::ending:
    case Life::done:
    case Life::failed: return false;
  }
  return false;
}

/// Processing timers and input take turns, so that neither waits for the other; a watermark is done
/// with first, then answers: they make room for input.
bool Subtask::run(Next& next) {
  if (!chain_->time().is_settled()) {
    chain_->time().advance();
    return true;
  }
  if (chain_->requests() != nullptr && (pass_answers() || output_.has_backlog())) return true;
  ChainTimers& timers = chain_->timers();
  if (timers.empty()) return take_step(next);
  const bool are_due = timers.fire_due(port_.wall());
  if (take_step(next) || are_due) return true;
  wait_for_timers(next);
  return false;
}

void Subtask::wait_for_timers(Next& next) const {
  const auto wait = chain_->timers().until_due(port_.wall());
  if (!wait) return;
  const Duration due = port_.now() + *wait;
  if (next.when != Next::When::at_time || due < next.time) next = {Next::When::at_time, due};
}

/// Returns whether there is more to do at once.
bool Subtask::pass_answers() {
  return chain_->pass_answers(port_.now()) || !chain_->time().is_settled();
}

/// Meanwhile marks pass as before: what has not fired, or has not been answered, is state.
bool Subtask::end_time(Next& next) {
  const bool has_fired = chain_->time().advance();
  if (has_fired && chain_->time().has_ended()) {
    life_ = Life::finishing;
    return true;
  }
  const bool has_more = !has_fired || pass_answers();
  return (channels_ != nullptr && take_step(next)) || has_more;
}

bool Subtask::take_step(Next& next) {
  if (life_ == Life::drained && source_ != nullptr) return false;
  auto step = input_->step();
  if (!step.ok()) {
    fail({chain_->head_name(), step.status().message()});
    return false;
  }
  const InputStep::Kind kind = step->kind;
  const Duration wake_at = step->wake_at;
  apply(std::move(*step));
  switch (kind) {
    case InputStep::Kind::worked: return true;
    case InputStep::Kind::idle: return false;
    case InputStep::Kind::wait: next = {Next::When::at_time, wake_at}; return false;
    case InputStep::Kind::ended:
      marks_.has_ended = true;
      chain_->time().end_input();
      if (life_ == Life::running) life_ = Life::firing;
      return true;
  }
  return false;
}

void Subtask::finish() {
  if (!chain_->finish()) return;
  output_.broadcast(EndOfData{});
  life_ = Life::drained;
  port_.drained();
  if (const auto due = std::exchange(marks_.drain, std::nullopt)) take_snapshot(*due);
}

void Subtask::end_if_done() {
  if (life_ != Life::ending || snapshots_->commits().has_uncommitted()) return;
  life_ = Life::done;
  port_.done();
}

void Subtask::fail(TaskFailure failure) {
  life_ = Life::failed;
  port_.failed(std::move(failure));
}

}  // namespace weir::runtime
