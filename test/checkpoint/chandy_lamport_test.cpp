// One process's part in global snapshots, and a run of three processes, event by event.
#include <weir/chandy_lamport.hpp>

#include <catch2/catch.hpp>

#include <deque>
#include <stdexcept>

using namespace weir;
using namespace weir::snapshots;

namespace {

constexpr ProcessId P1{1};
constexpr ProcessId P2{2};
constexpr ProcessId P3{3};

constexpr Channel C11{P1, P1};
constexpr Channel C12{P1, P2};
constexpr Channel C13{P1, P3};
constexpr Channel C21{P2, P1};
constexpr Channel C22{P2, P2};
constexpr Channel C23{P2, P3};
constexpr Channel C31{P3, P1};
constexpr Channel C32{P3, P2};
constexpr Channel C33{P3, P3};

using Channels = std::vector<Channel>;
using Messages = std::vector<Bytes>;

/// P1 with two inputs, two outputs, and the state "s".
ChandyLamport p1() {
  return {P1, {C21, C31}, {C12, C13}, [] { return "s"; }};
}
/// P1 with one channel to itself.
ChandyLamport loop() {
  return {P1, {C11}, {C11}, [] { return "s"; }};
}

SnapshotStep ok(Result<SnapshotStep> step) {
  INFO(step.status().message());
  REQUIRE(step.ok());
  return std::move(step).value();
}

void check_refused(const Result<SnapshotStep>& step, ErrorCode code) {
  CHECK(step.status().code() == code);
}

}  // namespace

TEST_CASE("who begins a snapshot sends markers on all outputs and records all inputs",
          "[chandy_lamport]") {
  auto process = p1();
  const SnapshotId id{P1, 1};
  CHECK(ok(process.begin(1)) == SnapshotStep{{C12, C13}, std::nullopt});
  CHECK(process.recorded(id) == Channels{C21, C31});
  CHECK(process.under_way() == 1);
}

TEST_CASE("the first marker finds its channel empty and begins to record the others",
          "[chandy_lamport]") {
  auto process = p1();
  const SnapshotId id{P2, 7};
  CHECK(ok(process.on_marker(C21, id)) == SnapshotStep{{C12, C13}, std::nullopt});
  CHECK(process.recorded(id) == Channels{C31});
  CHECK(process.on_message(C21, "behind the marker").ok());
  CHECK(process.on_message(C31, "a").ok());
  CHECK(process.on_message(C31, "b").ok());
  const auto step = ok(process.on_marker(C31, id));
  CHECK(step.markers.empty());
  CHECK(step.part == ProcessSnapshot{id, P1, "s", {{C21, {}}, {C31, {"a", "b"}}}});
  CHECK(process.under_way() == 0);
  CHECK(process.recorded(id).empty());
}

TEST_CASE("a later marker stops the recording of its channel alone", "[chandy_lamport]") {
  auto process = p1();
  ok(process.begin(1));
  CHECK(process.on_message(C21, "a").ok());
  CHECK(ok(process.on_marker(C21, {P1, 1})) == SnapshotStep{});
  CHECK(process.on_message(C21, "behind the marker").ok());
  CHECK(process.on_message(C31, "b").ok());
  const auto part = ok(process.on_marker(C31, {P1, 1})).part;
  CHECK(part->inputs == std::vector<ChannelState>{{C21, {"a"}}, {C31, {"b"}}});
}

TEST_CASE("a channel to itself is one like any other", "[chandy_lamport]") {
  SECTION("it is recorded until the process's own marker comes") {
    auto process = loop();
    CHECK(ok(process.begin(1)) == SnapshotStep{{C11}, std::nullopt});
    CHECK(process.on_message(C11, "a").ok());
    CHECK(ok(process.on_marker(C11, {P1, 1})).part ==
          ProcessSnapshot{{P1, 1}, P1, "s", {{C11, {"a"}}}});
  }
  SECTION("also if another process has begun") {
    ChandyLamport process{P1, {C11, C21}, {C11}, [] { return "s"; }};
    CHECK(ok(process.on_marker(C21, {P2, 1})) == SnapshotStep{{C11}, std::nullopt});
    CHECK(process.on_message(C11, "a").ok());
    CHECK(ok(process.on_marker(C11, {P2, 1})).part->inputs ==
          std::vector<ChannelState>{{C11, {"a"}}, {C21, {}}});
  }
}

TEST_CASE("channels with the same ends differ in their lane", "[chandy_lamport]") {
  const Channel second{P2, P1, 1};
  ChandyLamport process{P1, {second, C21}, {}, [] { return "s"; }};
  ok(process.on_marker(C21, {P2, 1}));
  CHECK(process.on_message(C21, "behind the marker").ok());
  CHECK(process.on_message(second, "a").ok());
  CHECK(ok(process.on_marker(second, {P2, 1})).part->inputs ==
        std::vector<ChannelState>{{C21, {}}, {second, {"a"}}});
}

TEST_CASE("a process without inputs is done as soon as it begins", "[chandy_lamport]") {
  ChandyLamport process{P1, {}, {C12}, [] { return "s"; }};
  const auto step = ok(process.begin(1));
  CHECK(step.markers == Channels{C12});
  CHECK(step.part == ProcessSnapshot{{P1, 1}, P1, "s", {}});
  CHECK(process.under_way() == 0);
  CHECK(ok(process.begin(2)).part);
}

TEST_CASE("a process without outputs is done with its last marker", "[chandy_lamport]") {
  ChandyLamport process{P1, {C21, C31}, {}, [] { return "s"; }};
  CHECK(ok(process.on_marker(C31, {P3, 1})) == SnapshotStep{});
  CHECK(ok(process.on_marker(C21, {P3, 1})).part);
}

TEST_CASE("what arrives before anything has begun is not kept", "[chandy_lamport]") {
  auto process = loop();
  CHECK(process.on_message(C11, "before").ok());
  ok(process.begin(1));
  CHECK(ok(process.on_marker(C11, {P1, 1})).part->inputs == std::vector<ChannelState>{{C11, {}}});
  CHECK(process.on_message(C11, "between two").ok());
  ok(process.begin(2));
  CHECK(ok(process.on_marker(C11, {P1, 2})).part->inputs == std::vector<ChannelState>{{C11, {}}});
}

TEST_CASE("snapshots at the same time do not disturb one another", "[chandy_lamport]") {
  int states = 0;
  ChandyLamport process{P1, {C21, C31}, {C12, C13}, [&] { return std::to_string(++states); }};
  const SnapshotId mine{P1, 1};
  const SnapshotId next{P1, 2};
  const SnapshotId other{P3, 1};
  ok(process.begin(1));
  CHECK(process.on_message(C21, "a").ok());
  CHECK(ok(process.on_marker(C31, other)).markers == Channels{C12, C13});
  CHECK(process.on_message(C21, "b").ok());
  CHECK(process.on_message(C31, "c").ok());
  ok(process.begin(2));
  CHECK(process.under_way() == 3);
  CHECK(process.recorded(mine) == Channels{C21, C31});
  CHECK(process.recorded(other) == Channels{C21});
  CHECK(process.on_message(C21, "d").ok());

  using Inputs = std::vector<ChannelState>;
  CHECK(ok(process.on_marker(C21, other)).part ==
        ProcessSnapshot{other, P1, "2", Inputs{{C21, {"b", "d"}}, {C31, {}}}});
  ok(process.on_marker(C21, mine));
  CHECK(ok(process.on_marker(C31, mine)).part ==
        ProcessSnapshot{mine, P1, "1", Inputs{{C21, {"a", "b", "d"}}, {C31, {"c"}}}});
  ok(process.on_marker(C31, next));
  CHECK(ok(process.on_marker(C21, next)).part ==
        ProcessSnapshot{next, P1, "3", Inputs{{C21, {"d"}}, {C31, {}}}});
  CHECK(process.under_way() == 0);
}

TEST_CASE("a marker that cannot be is refused and changes nothing", "[chandy_lamport]") {
  auto process = p1();
  const SnapshotId id{P2, 2};
  ok(process.on_marker(C21, id));
  SECTION("for the second time on a channel") {
    check_refused(process.on_marker(C21, id), ErrorCode::failed_precondition);
    CHECK(process.recorded(id) == Channels{C31});
    CHECK(ok(process.on_marker(C31, id)).part);
  }
  SECTION("of a snapshot that is done here") {
    ok(process.on_marker(C31, id));
    check_refused(process.on_marker(C31, id), ErrorCode::failed_precondition);
  }
  SECTION("of one that its initiator began before") {
    check_refused(process.on_marker(C31, {P2, 1}), ErrorCode::failed_precondition);
  }
  SECTION("of one that this process did not begin") {
    check_refused(process.on_marker(C31, {P1, 1}), ErrorCode::failed_precondition);
    CHECK(ok(process.begin(1)).markers == Channels{C12, C13});
  }
  SECTION("with the number 0") {
    check_refused(process.on_marker(C31, {P3, 0}), ErrorCode::failed_precondition);
  }
}

TEST_CASE("numbers of snapshots begin with 1 and grow", "[chandy_lamport]") {
  auto process = p1();
  check_refused(process.begin(0), ErrorCode::failed_precondition);
  ok(process.begin(5));
  check_refused(process.begin(5), ErrorCode::failed_precondition);
  check_refused(process.begin(4), ErrorCode::failed_precondition);
  CHECK(process.under_way() == 1);
  ok(process.begin(9));
}

TEST_CASE("what comes on a channel that is no input is refused", "[chandy_lamport]") {
  auto process = p1();
  ok(process.begin(1));
  check_refused(process.on_marker(C12, {P1, 1}), ErrorCode::invalid_argument);
  check_refused(process.on_marker(Channel{P2, P1, 1}, {P2, 1}), ErrorCode::invalid_argument);
  CHECK(process.on_message(C12, "a").code() == ErrorCode::invalid_argument);
  CHECK(process.under_way() == 1);
}

TEST_CASE("a state that cannot be taken is a snapshot that has not begun", "[chandy_lamport]") {
  bool fails = true;
  ChandyLamport process{P1, {C21}, {C12}, [&]() -> Bytes {
                          if (fails) throw std::runtime_error{"no state"};
                          return "s";
                        }};
  CHECK_THROWS(process.begin(1));
  CHECK_THROWS(process.on_marker(C21, {P2, 1}));
  CHECK(process.under_way() == 0);
  fails = false;
  CHECK(ok(process.begin(1)).markers == Channels{C12});
  CHECK(ok(process.on_marker(C21, {P2, 1})).part);
}

namespace {

/// P1, P2 and P3 with a channel from each to each. The state of a process is what it has sent and
/// received; every step leaves a line in the trace.
class Run {
public:
  Run() {
    for (const ProcessId p : graph_.processes)
      processes_.try_emplace(p, p, graph_.inputs_of(p), graph_.outputs_of(p),
                             [this, p] { return states_[p]; });
  }

  void send(const Channel& channel, const std::string& message) {
    states_[channel.from] += "+" + message;
    channels_[channel].push_back({message, {}});
    trace_ += to_string(channel.from) + " sends " + message + " to " + to_string(channel.to) + "\n";
  }
  void begin(ProcessId process) {
    trace_ += to_string(process) + " begins";
    follow(process, {process, 1}, ok(processes_.at(process).begin(1)));
  }
  /// The next thing in a channel arrives: a message or a marker.
  void arrive(const Channel& channel) {
    const Item item = std::move(channels_.at(channel).front());
    channels_.at(channel).pop_front();
    auto& process = processes_.at(channel.to);
    if (item.marker) {
      trace_ += to_string(channel.to) + " gets the marker of " + to_string(channel.from);
      follow(channel.to, *item.marker, ok(process.on_marker(channel, *item.marker)));
    } else {
      trace_ += to_string(channel.to) + " gets " + item.message + "\n";
      REQUIRE(process.on_message(channel, item.message).ok());
      states_[channel.to] += "-" + item.message;
    }
  }

  const std::string& trace() const { return trace_; }
  const std::optional<GlobalSnapshot>& whole() const { return whole_; }

private:
  struct Item {
    std::string message;
    std::optional<SnapshotId> marker;
  };

  void follow(ProcessId process, SnapshotId id, const SnapshotStep& step) {
    if (!step.markers.empty()) trace_ += ", has " + states_[process] + ", sends markers";
    for (const Channel& channel : step.markers) channels_[channel].push_back({{}, id});
    const Channels recorded = processes_.at(process).recorded(id);
    if (!recorded.empty()) trace_ += ", records";
    for (const Channel& channel : recorded) trace_ += " " + to_string(channel);
    if (step.part) {
      trace_ += ", is done";
      whole_ = collector_.add(*step.part).value();
    }
    trace_ += "\n";
  }

  ProcessGraph graph_{.processes = {P1, P2, P3},
                      .channels = {C11, C12, C13, C21, C22, C23, C31, C32, C33}};
  std::map<ProcessId, std::string> states_;
  std::map<ProcessId, ChandyLamport> processes_;
  std::map<Channel, std::deque<Item>> channels_;
  SnapshotCollector collector_{graph_};
  std::optional<GlobalSnapshot> whole_;
  std::string trace_;
};

}  // namespace

TEST_CASE("three processes: a snapshot that P1 begins, event by event", "[chandy_lamport]") {
  Run run;
  run.send(C11, "A");
  run.send(C21, "H");
  run.send(C33, "J");
  run.begin(P1);
  run.send(C13, "late");  // behind the marker
  run.arrive(C13);        // the marker of P1, P3's first
  run.arrive(C13);        // late
  run.arrive(C31);        // the marker of P3
  run.arrive(C11);        // A
  run.arrive(C21);        // H, sent before P2 knew of the snapshot
  run.arrive(C11);        // P1's own marker
  run.arrive(C32);        // the marker of P3, P2's first
  run.arrive(C12);        // the marker of P1
  run.arrive(C22);        // P2's own marker: P2 is done
  run.arrive(C21);        // the marker of P2: P1 is done
  CHECK_FALSE(run.whole());
  run.arrive(C33);  // J
  run.arrive(C33);  // P3's own marker
  run.arrive(C23);  // the marker of P2: all are done

  CHECK(run.trace() == R"(P1 sends A to P1
P2 sends H to P1
P3 sends J to P3
P1 begins, has +A, sends markers, records P1->P1 P2->P1 P3->P1
P1 sends late to P3
P3 gets the marker of P1, has +J, sends markers, records P2->P3 P3->P3
P3 gets late
P1 gets the marker of P3, records P1->P1 P2->P1
P1 gets A
P1 gets H
P1 gets the marker of P1, records P2->P1
P2 gets the marker of P3, has +H, sends markers, records P1->P2 P2->P2
P2 gets the marker of P1, records P2->P2
P2 gets the marker of P2, is done
P1 gets the marker of P2, is done
P3 gets J
P3 gets the marker of P3, records P2->P3
P3 gets the marker of P2, is done
)");
  REQUIRE(run.whole());
  CHECK(run.whole()->id == SnapshotId{P1, 1});
  CHECK(run.whole()->states == std::map<ProcessId, Bytes>{{P1, "+A"}, {P2, "+H"}, {P3, "+J"}});
  const Messages none;
  CHECK(run.whole()->channels == std::map<Channel, Messages>{{C11, {"A"}},
                                                             {C12, none},
                                                             {C13, none},
                                                             {C21, {"H"}},
                                                             {C22, none},
                                                             {C23, none},
                                                             {C31, none},
                                                             {C32, none},
                                                             {C33, {"J"}}});
}
