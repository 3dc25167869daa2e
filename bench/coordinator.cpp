// The coordinator alone with ten thousand subtasks: the processor's time from the trigger of a
// checkpoint to its completion, and the memory of an answer that waits for the others.
#include "checkpoint/coordinator.hpp"

#include "bench/harness.hpp"

#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace weir;
using namespace weir::checkpoint;
using namespace std::chrono_literals;

/// The answer of a subtask with one keyed state in a file of its own, and three key groups.
Ack answer_of(const Speaker& speaker, CheckpointId id) {
  state::KeyedStateHandle handle{.operator_name = "counts",
                                 .key_schema = "u64",
                                 .max_parallelism = 32768,
                                 .states = {{"count", detail::StateKind::value, "i64"}},
                                 .path = "counts-" + std::to_string(speaker.subtask.index)};
  for (std::uint32_t group = 0; group < 3; ++group) handle.groups.push_back({group, 0, 100});
  Ack ack{.id = id, .from = speaker};
  ack.state.keyed.push_back(std::move(handle));
  return ack;
}

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// A coordinator of so many subtasks that takes one checkpoint after the other.
class Alone {
public:
  explicit Alone(std::uint32_t subtasks) : coordinator_{{.every = 1s}, CheckpointId{}, {}} {
    for (std::uint32_t i = 0; i < subtasks; ++i)
      speakers_.push_back({{VertexId{0}, i}, AttemptId{1}});
    coordinator_.on_running(speakers_, 0s, 1s);
  }

  /// Returns the milliseconds of processor time that a checkpoint takes, without the making of
  /// the answers.
  double checkpoint() {
    begin();
    std::vector<Ack> answers;
    for (const Speaker& speaker : speakers_) answers.push_back(answer_of(speaker, id_));
    const double before = processor_seconds();
    for (Ack& answer : answers) last_ = coordinator_.on_ack(std::move(answer));
    complete();
    return began_ + (processor_seconds() - before) * 1e3;
  }

  /// Returns the bytes of memory of each answer when all but one have come.
  double bytes_of_answer() {
    begin();
    const double before = bench::allocated();
    for (std::size_t i = 1; i < speakers_.size(); ++i)
      coordinator_.on_ack(answer_of(speakers_[i], id_));
    const double bytes = bench::allocated() - before;
    last_ = coordinator_.on_ack(answer_of(speakers_[0], id_));
    complete();
    return bytes / static_cast<double>(speakers_.size() - 1);
  }

private:
  void begin() {
    id_ = id_.next();
    now_ += 1s;
    const double before = processor_seconds();
    coordinator_.on_tick(now_);
    coordinator_.on_reserved(id_, {}, now_, WallTime{});
    began_ = (processor_seconds() - before) * 1e3;
  }

  void complete() {
    bench::require(last_.size() == 1 && std::holds_alternative<Publish>(last_[0]),
                   "not all answers were taken");
    last_ = coordinator_.on_published(id_, {}, now_);
    bench::require(!last_.empty(), "the checkpoint did not complete");
  }

  Coordinator coordinator_;
  std::vector<Speaker> speakers_;
  CheckpointId id_;
  Duration now_{};
  double began_ = 0;  // milliseconds that its trigger took
  Actions last_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "The coordinator with ten thousand subtasks.");
  Alone alone{options.sized<std::uint32_t>(10'000, 1'000)};
  bench::Figures milliseconds;
  bench::Figures bytes;
  for (int n = 0; n < options.repetitions(9); ++n) {
    milliseconds.push_back(alone.checkpoint());
    bytes.push_back(alone.bytes_of_answer());
  }
  bench::print_limit("coordinator alone, 10,000 subtasks: a checkpoint", "ms", milliseconds, {},
                     100);
  bench::print_limit("memory of an answer that waits", "bytes", bytes, {}, 1024);
}
