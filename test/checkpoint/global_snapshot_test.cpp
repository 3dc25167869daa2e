// The graph of processes, and the collector of their parts.
#include <weir/global_snapshot.hpp>

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::snapshots;
using Catch::Contains;

namespace {

constexpr ProcessId P1{1};
constexpr ProcessId P2{2};
constexpr ProcessId P3{3};
constexpr Channel C11{P1, P1};
constexpr Channel C12{P1, P2};
constexpr Channel C21{P2, P1};

/// Two processes that send each other messages; P1 also to itself.
ProcessGraph two() {
  return {.processes = {P1, P2}, .channels = {C21, C12, C11}};
}
ProcessSnapshot part_1(SnapshotId id) {
  return {id, P1, "one", {{C11, {"a"}}, {C21, {"b", "c"}}}};
}
ProcessSnapshot part_2(SnapshotId id) {
  return {id, P2, "two", {{C12, {}}}};
}

std::optional<GlobalSnapshot> add(SnapshotCollector& collector, ProcessSnapshot part) {
  auto whole = collector.add(std::move(part));
  INFO(whole.status().message());
  REQUIRE(whole.ok());
  return std::move(whole).value();
}

}  // namespace

TEST_CASE("a graph knows the channels of each process, in order", "[chandy_lamport]") {
  CHECK(two().inputs_of(P1) == std::vector<Channel>{C11, C21});
  CHECK(two().outputs_of(P1) == std::vector<Channel>{C11, C12});
  CHECK(two().inputs_of(P3).empty());
}

TEST_CASE("processes, channels and snapshots have names", "[chandy_lamport]") {
  CHECK(to_string(P2) == "P2");
  CHECK(to_string(C21) == "P2->P1");
  CHECK(to_string(Channel{P2, P1, 3}) == "P2->P1#3");
  CHECK(to_string(SnapshotId{P3, 7}) == "snapshot 7 of P3");
}

TEST_CASE("a snapshot may begin where channels lead to every process", "[chandy_lamport]") {
  CHECK(ProcessGraph{.processes = {P1}, .channels = {}}.check_initiator(P1).ok());
  const ProcessGraph ring{.processes = {P1, P2, P3}, .channels = {C12, {P2, P3}, {P3, P1}}};
  for (const ProcessId process : ring.processes) CHECK(ring.check_initiator(process).ok());

  const ProcessGraph line{.processes = {P1, P2, P3}, .channels = {C12, C21, {P2, P3}}};
  CHECK(line.check_initiator(P1).ok());
  const Status from_the_end = line.check_initiator(P3);
  CHECK(from_the_end.code() == ErrorCode::invalid_argument);
  CHECK_THAT(from_the_end.message(), Contains("from P3 to P1"));
  CHECK(line.check_initiator(ProcessId{4}).code() == ErrorCode::invalid_argument);
}

TEST_CASE("a snapshot is complete with the part of the last process", "[chandy_lamport]") {
  const SnapshotId id{P1, 1};
  const GlobalSnapshot expected{
      id, {{P1, "one"}, {P2, "two"}}, {{C11, {"a"}}, {C12, {}}, {C21, {"b", "c"}}}};
  SnapshotCollector collector{two()};
  SECTION("whichever that is: P2") {
    CHECK_FALSE(add(collector, part_1(id)));
    CHECK(collector.under_way() == 1);
    CHECK(add(collector, part_2(id)) == expected);
  }
  SECTION("or P1") {
    CHECK_FALSE(add(collector, part_2(id)));
    CHECK(add(collector, part_1(id)) == expected);
  }
  CHECK(collector.under_way() == 0);
}

TEST_CASE("a process alone makes complete snapshots", "[chandy_lamport]") {
  SnapshotCollector collector{{.processes = {P1}, .channels = {}}};
  CHECK(add(collector, {{P1, 1}, P1, "s", {}}) == GlobalSnapshot{{P1, 1}, {{P1, "s"}}, {}});
}

TEST_CASE("parts of several snapshots may come in any order", "[chandy_lamport]") {
  SnapshotCollector collector{two()};
  CHECK_FALSE(add(collector, part_1({P1, 1})));
  CHECK_FALSE(add(collector, part_1({P2, 1})));
  CHECK_FALSE(add(collector, part_1({P1, 2})));
  CHECK(collector.under_way() == 3);
  CHECK(add(collector, part_2({P2, 1}))->id == SnapshotId{P2, 1});
  CHECK(add(collector, part_2({P1, 1}))->id == SnapshotId{P1, 1});
  CHECK(add(collector, part_2({P1, 2}))->id == SnapshotId{P1, 2});
}

TEST_CASE("a part that cannot be is refused and changes nothing", "[chandy_lamport]") {
  SnapshotCollector collector{two()};
  CHECK_FALSE(add(collector, part_1({P1, 2})));
  auto bad = part_2({P1, 2});
  auto code = ErrorCode::invalid_argument;
  SECTION("of a process that nobody knows") {
    bad.process = P3;
  }
  SECTION("of a snapshot that such a process began") {
    bad.id.initiator = P3;
  }
  SECTION("without an input") {
    bad.inputs.clear();
  }
  SECTION("with an input too much") {
    bad.inputs.push_back({C21, {}});
  }
  SECTION("with the input of another process") {
    bad.inputs = {{C21, {}}};
  }
  SECTION("without a number") {
    bad.id.number = 0;
    code = ErrorCode::failed_precondition;
  }
  SECTION("for the second time") {
    bad = part_1({P1, 2});
    code = ErrorCode::failed_precondition;
  }
  SECTION("of an older snapshot than the last one") {
    bad = part_1({P1, 1});
    code = ErrorCode::failed_precondition;
  }
  CHECK(collector.add(bad).status().code() == code);
  CHECK(collector.under_way() == 1);
  CHECK(add(collector, part_2({P1, 2})));
}

TEST_CASE("a part of a snapshot that is complete is refused", "[chandy_lamport]") {
  SnapshotCollector collector{two()};
  add(collector, part_1({P1, 1}));
  CHECK(add(collector, part_2({P1, 1})));
  CHECK(collector.add(part_2({P1, 1})).status().code() == ErrorCode::failed_precondition);
  CHECK(collector.under_way() == 0);
}
