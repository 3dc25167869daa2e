// Every message survives the trip to another process: it is encoded and decoded by CAF as it would
// be.
#include "actors/cluster/interfaces.hpp"
#include "actors/config.hpp"
#include "actors/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>
#include <catch2/catch.hpp>

#include <limits>
#include <set>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::actors;

namespace {

const checkpoint::Speaker kSpeaker{{VertexId{3}, 2}, AttemptId{7}};

template <class T>
T round_trip(const T& message) {
  SystemConfig config{1};
  caf::actor_system system{config};
  std::vector<char> bytes;
  caf::binary_serializer out{system, bytes};
  caf::message sent = caf::make_message(message);
  REQUIRE_FALSE(sent.save(out));
  caf::message received;
  caf::binary_deserializer in{system, bytes};
  REQUIRE_FALSE(received.load(in));
  REQUIRE(received.match_elements<T>());
  CHECK_FALSE(caf::to_string(received).empty());
  for (std::size_t size = 0; size < bytes.size(); size += 3) {  // a cut message is an error
    caf::message cut;
    caf::binary_deserializer part{system, bytes.data(), size};
    CHECK(cut.load(part));
  }
  return received.get_as<T>(0);
}

}  // namespace

TEST_CASE("options of checkpoints keep all their fields", "[messages]") {
  const CheckpointOptions options{.every = Duration{5},
                                  .storage = "/chk",
                                  .retained = 3,
                                  .unaligned = true,
                                  .without_channel_state = 17};
  ByteWriter out;
  encode(options, out);
  ByteReader in{out.view()};
  const auto same = decode<CheckpointOptions>(in);
  REQUIRE(in.at_end());
  CHECK(same.every == options.every);
  CHECK(same.storage == options.storage);
  CHECK(same.retained == options.retained);
  CHECK(same.unaligned);
  CHECK(same.without_channel_state == options.without_channel_state);
}

TEST_CASE("data frames", "[messages]") {
  auto* body = new detail::Batch<double>;
  body->records = {1.5, std::numeric_limits<double>::infinity(), -0.0,
                   std::numeric_limits<double>::quiet_NaN()};
  const DataFrame frame =
      round_trip(DataFrame{ChannelIndex{4}, AttemptId{2}, {9, detail::BatchRef{body}}});
  CHECK(frame.channel == ChannelIndex{4});
  CHECK(frame.attempt == AttemptId{2});
  CHECK(frame.frame.sequence == 9);
  const auto& bytes = std::get<runtime::EncodedBatch>(frame.frame.element).bytes;
  const auto decoded = detail::decode_batch<double>(bytes);
  const auto& records = static_cast<detail::Batch<double>&>(*decoded).records;
  REQUIRE(records.size() == 4);
  CHECK(records[0] == 1.5);
  CHECK(std::isinf(records[1]));
  CHECK(std::signbit(records[2]));
  CHECK(std::isnan(records[3]));

  const checkpoint::Barrier barrier{.id = CheckpointId{5},
                                    .triggered_at = WallTime{123us},
                                    .kind = checkpoint::CheckpointKind::stop,
                                    .mode = checkpoint::BarrierMode::at_least_once};
  CHECK(std::get<checkpoint::Barrier>(round_trip(DataFrame{{}, {}, {1, barrier}}).frame.element) ==
        barrier);
  CHECK(
      std::get<runtime::CancelBarrier>(
          round_trip(DataFrame{{}, {}, {1, runtime::CancelBarrier{CheckpointId{6}}}}).frame.element)
          .id == CheckpointId{6});
  CHECK(std::holds_alternative<runtime::EndOfData>(
      round_trip(DataFrame{{}, {}, {1, runtime::EndOfData{}}}).frame.element));
  const runtime::EndProbe probe{.iteration = VertexId{2}, .round = 7, .is_busy = true};
  CHECK(std::get<runtime::EndProbe>(round_trip(DataFrame{{}, {}, {1, probe}}).frame.element) ==
        probe);
  const runtime::Watermark mark{.time = Timestamp{1'234ms}, .is_idle = true};
  CHECK(std::get<runtime::Watermark>(round_trip(DataFrame{{}, {}, {1, mark}}).frame.element) ==
        mark);
}

TEST_CASE("orders to subtasks", "[messages]") {
  CHECK(round_trip(Credits{ChannelIndex{1}, 8}).count == 8);
  round_trip(StartTask{});
  round_trip(EndTask{});
  round_trip(AskCounters{});
  CHECK(round_trip(AskSituation{17}).round == 17);
  round_trip(LaunchJob{});
  CHECK(round_trip(TriggerCheckpoint{{.id = CheckpointId{3}}}).barrier.id == CheckpointId{3});
  CHECK(round_trip(CheckpointCompleted{CheckpointId{3}, true}).is_last);
  CHECK(round_trip(GroupTime{Timestamp{7ms}}).least == Timestamp{7ms});
  CHECK(round_trip(CheckpointAborted{CheckpointId{4}}).id == CheckpointId{4});
  const auto splits =
      round_trip(AssignSplits{{{{"a", 5}, Bytes{"p"}}, {{"b", 6}, std::nullopt}}, true});
  CHECK(splits.no_more);
  CHECK(splits.splits[0].position == Bytes{"p"});
  CHECK_FALSE(splits.splits[1].position);
}

TEST_CASE("reports of subtasks", "[messages]") {
  CHECK(round_trip(TaskReady{kSpeaker}).from == kSpeaker);
  CHECK(round_trip(TaskDrained{kSpeaker}).from == kSpeaker);
  CHECK(round_trip(TaskDone{kSpeaker}).from == kSpeaker);
  CHECK(round_trip(RequestSplits{kSpeaker}).from == kSpeaker);
  const runtime::SourceTime time{Timestamp{5ms}, false, true};
  CHECK(round_trip(TellTime{kSpeaker, time}).from == kSpeaker);
  CHECK(round_trip(TellTime{kSpeaker, time}).time == time);
  const auto failed =
      round_trip(TaskFailed{kSpeaker, {"op", "what", runtime::TaskFailure::Kind::permanent}});
  CHECK(failed.failure.operator_name == "op");
  CHECK(failed.failure.kind == runtime::TaskFailure::Kind::permanent);
  CHECK(round_trip(TaskCounters{kSpeaker, {1, 2, 3}}).counters.records_written == 3);
  const runtime::SubtaskMetrics measured{.counters = {.records_in = 4},
                                         .event_time = Timestamp{5ms},
                                         .operators = {{"op",
                                                        "m",
                                                        {.kind = detail::MetricKind::histogram,
                                                         .value = 2.5,
                                                         .bounds = {1},
                                                         .counts = {1, 2}}}}};
  const auto metrics = round_trip(TaskMetrics{kSpeaker, measured}).metrics;
  CHECK(metrics.counters == measured.counters);
  CHECK(metrics.event_time == measured.event_time);
  CHECK(metrics.operators.at(0).value == measured.operators[0].value);
  const runtime::SubtaskSituation situation{
      .handled = CheckpointId{4},
      .aligning = CheckpointId{5},
      .overtakes_later = true,
      .emits_end = true,
      .awaits_answers = true,
      .records_in = 9,
      .inputs = {{.received = 3, .batches = 2, .is_blocked = true, .passed = CheckpointId{5}},
                 {.owed = 1, .barriers = {{CheckpointId{5}, 2, true}}}},
      .outputs = {{.sent = 7, .credits = 1, .window = 8, .waiting = 6}},
      .snapshots = {{CheckpointId{4}, 3s, true}},
      .spent = {.busy = 1ms, .back_pressured = 2ms, .idle = 3ms, .longest_turn = 4ms}};
  const auto said = round_trip(TaskSituation{kSpeaker, 17, situation});
  CHECK(said.round == 17);
  CHECK(said.situation.aligning == CheckpointId{5});
  CHECK(said.situation.overtakes_later);
  CHECK(said.situation.emits_end);
  CHECK(said.situation.awaits_answers);
  CHECK(said.situation.inputs == situation.inputs);
  CHECK(said.situation.outputs == situation.outputs);
  CHECK(said.situation.snapshots[0].age == 3s);
  CHECK(said.situation.spent.longest_turn == 4ms);
  checkpoint::Ack ack{CheckpointId{8}, kSpeaker, {}, {.start_delay = 1ms, .bytes = 5}};
  state::KeyedStateHandle handle{.operator_name = "counts", .key_schema = "str"};
  handle.inlined = Bytes{"\0\x01", 2};
  handle.groups = {{1, 2, 3}};
  ack.state.keyed.push_back(handle);
  ack.state.sinks.push_back({"out", "str", {{CheckpointId{8}, "txn"}}});
  const auto same = round_trip(ack);
  CHECK(same.state == ack.state);
  CHECK(same.timings == ack.timings);
  CHECK(round_trip(checkpoint::Decline{CheckpointId{1}, kSpeaker,
                                       checkpoint::FailureReason::snapshot_failed, "full"})
            .detail == "full");
}

TEST_CASE("coordinator, job and node", "[messages]") {
  ExecutionPrepared prepared{AttemptId{2}, {}, "/dir", CheckpointId{4}};
  prepared.restore[kSpeaker.subtask].is_finished = true;
  const auto same = round_trip(prepared);
  CHECK(same.restore == prepared.restore);
  CHECK(same.restored_from == CheckpointId{4});
  CHECK(
      round_trip(ExecutionRefused{AttemptId{1}, {"why", runtime::JobFailure::Kind::not_restorable}})
          .failure.cause == "why");
  CHECK(round_trip(SetInterval{Duration{1234}}).interval == Duration{1234});
  const SourceBacklog backlog{{{VertexId{2}, 1}, AttemptId{3}}, true};
  CHECK(round_trip(backlog).from == backlog.from);
  CHECK(round_trip(backlog).is_backlog);
  CHECK(round_trip(RequestCheckpoint{checkpoint::CheckpointKind::stop}).kind ==
        checkpoint::CheckpointKind::stop);
  CHECK(
      round_trip(CheckpointDone{AttemptId{1}, {.id = CheckpointId{9}, .bytes = 7}}).report.bytes ==
      7);
  CHECK(round_trip(CheckpointLost{AttemptId{1}, CheckpointId{9},
                                  checkpoint::CheckpointKind::periodic, "late"})
            .reason == "late");
  CHECK(round_trip(CheckpointsFailed{AttemptId{3}, "too many"}).reason == "too many");
  CHECK(round_trip(CheckpointUnderWay{AttemptId{3}, {}, {kSpeaker.subtask}, "a/0"}).missing ==
        std::vector<SubtaskId>{kSpeaker.subtask});
  CHECK(round_trip(CheckpointEnded{AttemptId{3}, {}, "late", "a/0"}).waits_on == "a/0");
  CHECK(round_trip(JobDeadlocked{AttemptId{3}, "a/0 waits"}).circle == "a/0 waits");
  CHECK(round_trip(StopJob{true}).at_once);
  DeployTasks deploy{AttemptId{2}, AttemptId{1}, {}, "/restore"};
  deploy.tasks[kSpeaker.subtask];
  CHECK(round_trip(deploy).tasks.size() == 1);
  CHECK(round_trip(deploy).execution == AttemptId{1});
  const std::set<SubtaskId> subtasks{kSpeaker.subtask};
  CHECK(round_trip(SubtasksFailed{subtasks}).subtasks == subtasks);
  CHECK(round_trip(PrepareSubtasks{AttemptId{3}, subtasks}).subtasks == subtasks);
  CHECK(round_trip(SubtasksRefused{AttemptId{3}, "why"}).reason == "why");
}

TEST_CASE("messages with handles", "[messages]") {
  Peers peers;
  peers.tasks.push_back({kSpeaker.subtask, kSpeaker.attempt, {}});
  CHECK(round_trip(peers).tasks[0].id == kSpeaker.subtask);
  CHECK(round_trip(TasksDeployed{AttemptId{4}, {}}).attempt == AttemptId{4});
  CHECK(round_trip(SubtasksRunning{peers.tasks}).tasks[0].id == kSpeaker.subtask);
  CHECK(round_trip(TasksRunning{peers.tasks}).tasks[0].attempt == AttemptId{7});
}

TEST_CASE("libraries of jobs", "[messages]") {
  const auto ask = round_trip(AskLibrary{"abc", 262'144});
  CHECK(ask.hash == "abc");
  CHECK(ask.offset == 262'144);
  const auto answer = round_trip(LibraryAnswer{{10, Bytes{"\0x", 2}}, ErrorCode::not_found, "why"});
  CHECK(answer.part.total == 10);
  CHECK(answer.part.bytes == Bytes{"\0x", 2});
  CHECK(answer.code == ErrorCode::not_found);
  CHECK(answer.reason == "why");
  const auto submit = round_trip(SubmitJob{{.library = "abc"}, {}, "ticket", {}, {}});
  CHECK(submit.spec.library == "abc");
}
