// Who restores what of operator state: by table, over chains of parallelisms, and in a whole plan.
#include "runtime/job/operator_shares.hpp"

#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "runtime/job/restore.hpp"
#include "state/operator_snapshot.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <numeric>

using namespace weir;
using namespace weir::runtime;
using Catch::Contains;
using detail::OperatorStateKind;
using state::OperatorStateHandle;

namespace {

using Element = std::pair<int, std::string>;  // a number, and bytes so that few fit into a block
using Elements = std::vector<Element>;

struct Owner : StateOwner {
  OperatorListState<Element> list{*this, "list"};
  UnionListState<Element> all{*this, "all"};
  BroadcastState<int, std::string> map{*this, "map"};

  detail::OperatorState& of(OperatorStateKind kind) const {
    return *operator_states()[static_cast<std::size_t>(kind) - 1];
  }
  void fill(const Elements& elements) {
    for (const Element& element : elements) {
      list.add(element);
      all.add(element);
      map.put(element.first, element.second);
    }
  }
  Elements elements(OperatorStateKind kind) const {
    switch (kind) {
      case OperatorStateKind::list: return {list.begin(), list.end()};
      case OperatorStateKind::union_list: return {all.begin(), all.end()};
      case OperatorStateKind::broadcast: return {map.begin(), map.end()};
    }
    return {};
  }
};

/// What the subtasks of an operator have of one state, through snapshots of any size.
class Subtasks {
public:
  Subtasks(OperatorStateKind kind, std::vector<Elements> elements)
      : kind_{kind}, elements_{std::move(elements)} {}

  std::vector<Elements> at(std::uint32_t parallelism, std::size_t inline_threshold,
                           const std::vector<bool>& finished = {}) const {
    base::MemoryEnv env;
    std::vector<OperatorStateHandle> handles;
    for (std::size_t i = 0; i < elements_.size(); ++i)
      handles.push_back(write(env, "/" + std::to_string(i), elements_[i], inline_threshold));
    std::vector<WrittenElements> written;
    for (std::size_t i = 0; i < handles.size(); ++i)
      written.push_back({&handles[i], !finished.empty() && finished[i]});
    std::vector<Elements> restored;
    for (std::uint32_t i = 0; i < parallelism; ++i)
      restored.push_back(read(env, share_of(written, {i, parallelism, heirs_are_finished_})));
    return restored;
  }
  Subtasks& let_heirs_be_finished() {
    heirs_are_finished_ = true;
    return *this;
  }

private:
  OperatorStateHandle write(Env& env, const std::string& path, const Elements& elements,
                            std::size_t inline_threshold) const {
    Owner owner;
    owner.fill(elements);
    state::OperatorCut cut{"op", owner.of(kind_)};
    state::StateFile file{env, path, inline_threshold};
    std::vector<OperatorStateHandle> handles{state::write_elements(cut, file).value()};
    REQUIRE(file.finish().ok());
    place_in(file, path, handles);
    return handles[0];
  }

  Elements read(Env& env, const std::vector<OperatorStateShare>& shares) const {
    Owner owner;
    REQUIRE_FALSE(shares.empty());
    for (const OperatorStateShare& share : shares) {
      const auto file = [&] {
        return share.handle.path.empty()
                   ? state::StateReader{share.handle.inlined, "inlined"}
                   : state::StateReader{env.open(share.handle.path).value(), share.handle.path};
      };
      auto reader = file();
      const Status status =
          read_elements(share.handle, share.first, share.count, reader, owner.of(kind_));
      INFO(status.message());
      REQUIRE(status.ok());
    }
    return owner.elements(kind_);
  }

  OperatorStateKind kind_;
  std::vector<Elements> elements_;
  bool heirs_are_finished_ = false;
};

Elements row(int from, int to) {
  Elements elements;
  for (int i = from; i < to; ++i) elements.emplace_back(i, "");
  return elements;
}

Elements joined(const std::vector<Elements>& parts) {
  Elements all;
  for (const Elements& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

constexpr std::size_t kInline = 1 << 20;

}  // namespace

TEST_CASE("a list is cut into even pieces, subtask after subtask", "[operator state]") {
  const Subtasks lists{OperatorStateKind::list, {row(0, 5), {}, row(5, 7), row(7, 10)}};
  CHECK(lists.at(1, kInline) == std::vector<Elements>{row(0, 10)});
  CHECK(lists.at(2, kInline) == std::vector<Elements>{row(0, 5), row(5, 10)});
  CHECK(lists.at(3, kInline) == std::vector<Elements>{row(0, 4), row(4, 7), row(7, 10)});
  CHECK(lists.at(12, kInline)[9] == row(9, 10));
  CHECK(lists.at(12, kInline)[10].empty());
}

TEST_CASE("at the same parallelism each subtask has its list again, however uneven",
          "[operator state]") {
  const std::vector<Elements> uneven{row(0, 9), {}, row(9, 10)};
  CHECK(Subtasks{OperatorStateKind::list, uneven}.at(3, kInline) == uneven);
  CHECK(Subtasks{OperatorStateKind::list, uneven}.at(3, kInline, {true, false, false}) == uneven);
}

TEST_CASE("at another parallelism nobody gets the list of a subtask that had finished",
          "[operator state]") {
  const Subtasks lists{OperatorStateKind::list, {row(0, 4), row(4, 8), row(8, 12)}};
  CHECK(lists.at(2, kInline, {false, true, false}) == std::vector<Elements>{row(0, 4), row(8, 12)});
  CHECK(lists.at(2, kInline, {true, true, true}) == std::vector<Elements>{{}, {}});
}

TEST_CASE("of a union list every subtask gets all, subtask after subtask", "[operator state]") {
  const std::vector<Elements> lists{row(5, 9), {}, row(0, 5)};
  const Subtasks subtasks{OperatorStateKind::union_list, lists};
  for (const std::uint32_t parallelism : {1U, 3U, 4U})
    CHECK(subtasks.at(parallelism, kInline, {true, false, false}) ==
          std::vector<Elements>(parallelism, joined(lists)));
}

TEST_CASE("of a broadcast map subtask i gets the copy of subtask i modulo the old parallelism",
          "[operator state]") {
  // Copies that differ, so that it shows whose copy it is.
  const Subtasks maps{OperatorStateKind::broadcast, {row(0, 1), row(0, 2), row(0, 3)}};
  CHECK(maps.at(1, kInline) == std::vector<Elements>{row(0, 1)});
  CHECK(maps.at(3, kInline, {true, false, true}) ==
        std::vector<Elements>{row(0, 1), row(0, 2), row(0, 3)});
  CHECK(maps.at(5, kInline) ==
        std::vector<Elements>{row(0, 1), row(0, 2), row(0, 3), row(0, 1), row(0, 2)});
}

TEST_CASE("a subtask that is restored from behind its end gets no more than it had",
          "[operator state]") {
  const std::vector<Elements> had{row(0, 3), row(3, 5)};
  for (const auto kind :
       {OperatorStateKind::list, OperatorStateKind::union_list, OperatorStateKind::broadcast}) {
    Subtasks subtasks{kind, had};
    subtasks.let_heirs_be_finished();
    CHECK(subtasks.at(2, kInline, {true, true}) == had);
    CHECK(subtasks.at(3, kInline, {true, true}) == std::vector<Elements>(3));
  }
}

TEST_CASE("over any chain of parallelisms no element of a list is lost, repeated or overtaken",
          "[operator state]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    base::Random random{seed};
    std::vector<Elements> lists(1);
    for (int i = 0; i < 40; ++i)
      lists[0].emplace_back(i, std::string(random.below(30'000), static_cast<char>(i)));
    const Elements all = lists[0];
    for (const std::uint32_t fixed : {7U, 3U, 1U, 64U, 5U, 5U, 0U, 0U}) {
      const auto parallelism =
          fixed != 0 ? fixed : static_cast<std::uint32_t>(1 + random.below(60));
      CAPTURE(parallelism);
      lists = Subtasks{OperatorStateKind::list, lists}.at(
          parallelism, random.chance(0.5) ? 0 : std::size_t{1} << 30);
      REQUIRE(lists.size() == parallelism);
      REQUIRE(joined(lists) == all);
      const auto [least, most] =
          std::minmax_element(lists.begin(), lists.end(),
                              [](const auto& a, const auto& b) { return a.size() < b.size(); });
      REQUIRE(most->size() - least->size() <= 1);
    }
  }
}

namespace {

testing::ReplayLog<int> numbers{{1, 2, 3}, 2};
testing::TransactionLog<int> out;

/// Declares all kinds of state.
class Stateful final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& emit) override { emit(n); }

private:
  OperatorListState<int> list_{*this, "list"};
  UnionListState<int> all_{*this, "all"};
  BroadcastState<int, int> map_{*this, "map"};
};

/// One of them as another kind, and not the others.
class Changed final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& emit) override { emit(n); }

private:
  UnionListState<int> list_{*this, "list"};
};

class Stateless final : public Process<int, int> {
public:
  void on_record(const int& n, const OperatorInfo&, Emit<int>& emit) override { emit(n); }
};

template <class P>
Plan plan(int parallelism, const std::string& name = "op") {
  Job job{"job", {.parallelism = parallelism}};
  job.source("numbers", numbers.source())
      .rebalance()
      .process<P>(name)
      .rebalance()
      .sink("out", out.sink());
  return Plan::build(job.graph(), 0);
}

/// A checkpoint of `plan<Stateful>(2)`: subtask i has i + 1 elements of each state.
checkpoint::CheckpointMetadata metadata() {
  checkpoint::CheckpointMetadata m{.job = "job", .id = CheckpointId{7}};
  m.max_parallelism = 128;
  for (std::uint32_t i = 2; i-- > 0;) {  // parts may come in any order
    checkpoint::SubtaskPart part{"op", i, {}};
    const auto add = [&](const std::string& name, OperatorStateKind kind, const char* schema) {
      part.state.operators.push_back({.operator_name = "op",
                                      .name = name,
                                      .kind = kind,
                                      .schema = schema,
                                      .path = "op-" + std::to_string(i)});
      part.state.operators.back().blocks = {{10, i + 1}};
    };
    add("list", OperatorStateKind::list, "i32");
    add("all", OperatorStateKind::union_list, "i32");
    add("map", OperatorStateKind::broadcast, "(i32,i32)");
    m.parts.push_back(part);
  }
  return m;
}

/// `NAME FILE FIRST+COUNT` of each share.
std::vector<std::string> shares(const SubtaskRestore& restore) {
  std::vector<std::string> texts;
  for (const OperatorStateShare& share : restore.operators)
    texts.push_back(share.handle.name + ' ' + share.handle.path + ' ' +
                    std::to_string(share.first) + '+' + std::to_string(share.count));
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a plan says who restores which operator state", "[operator state][restore]") {
  const auto same = make_restore_plan(plan<Stateful>(2), metadata(), false).value();
  const VertexId vertex{1};
  CHECK(shares(same.subtasks.at({vertex, 0})) ==
        Texts{"all op-0 0+1", "all op-1 0+2", "list op-0 0+1", "map op-0 0+1"});
  CHECK(shares(same.subtasks.at({vertex, 1})) ==
        Texts{"all op-0 0+1", "all op-1 0+2", "list op-1 0+2", "map op-1 0+2"});
  CHECK(shares(same.subtasks.at({VertexId{0}, 0})).empty());

  const auto more = make_restore_plan(plan<Stateful>(4), metadata(), false).value();
  CHECK(shares(more.subtasks.at({vertex, 2})) ==
        Texts{"all op-0 0+1", "all op-1 0+2", "list op-1 1+1", "map op-0 0+1"});
  // It has no element, but it knows that there was a checkpoint.
  CHECK(shares(more.subtasks.at({vertex, 3})) ==
        Texts{"all op-0 0+1", "all op-1 0+2", "list op-0 0+0", "map op-1 0+2"});
}

TEST_CASE("a part of a job that restarts restores its own lists and maps, and all of unions",
          "[operator state][restore]") {
  const SubtaskId second{VertexId{1}, 1};
  const auto part = make_part_restore(plan<Stateful>(2), metadata(), {second}, false).value();
  CHECK(part.subtasks.size() == 1);
  CHECK(shares(part.subtasks.at(second)) ==
        Texts{"all op-0 0+1", "all op-1 0+2", "list op-1 0+2", "map op-1 0+2"});
}

TEST_CASE("who had finished before a part of its operator had is left alone",
          "[operator state][restore]") {
  auto m = metadata();
  m.parts[1].state.is_finished = true;  // subtask 0
  const auto same = make_restore_plan(plan<Stateful>(2), m, false).value();
  CHECK(shares(same.subtasks.at({VertexId{1}, 0})) ==
        Texts{"all op-0 0+1", "list op-0 0+1", "map op-0 0+1"});
  CHECK(shares(same.subtasks.at({VertexId{1}, 1})) ==
        Texts{"all op-0 0+1", "all op-1 0+2", "list op-1 0+2", "map op-1 0+2"});
  const auto fewer = make_restore_plan(plan<Stateful>(1), m, false).value();
  CHECK(shares(fewer.subtasks.at({VertexId{1}, 0})) ==
        Texts{"all op-0 0+1", "all op-1 0+2", "list op-1 0+2", "map op-0 0+1"});
}

TEST_CASE("operator state without a place is refused with all names, or dropped",
          "[operator state][restore]") {
  const auto refusal = [](const Plan& to) {
    const auto restore = make_restore_plan(to, metadata(), false);
    REQUIRE(restore.status().code() == ErrorCode::failed_precondition);
    return restore.status().message();
  };
  CHECK_THAT(
      refusal(plan<Stateful>(2, "renamed")),
      Contains("the job has no operator \"op\" to take its operator state; give the operator "
               "its old name back, or drop its state with --allow-non-restored-state"));
  CHECK_THAT(refusal(plan<Stateless>(2)), Contains("state \"list\" of operator \"op\"") &&
                                              Contains("state \"all\" of operator \"op\"") &&
                                              Contains("no longer declares it"));
  CHECK_THAT(refusal(plan<Changed>(2)),
             Contains("was written as operator list, the job declares it as union list"));

  const auto dropped = make_restore_plan(plan<Stateless>(2), metadata(), true).value();
  CHECK(shares(dropped.subtasks.at({VertexId{1}, 0})).empty());
  CHECK(make_restore_plan(plan<Stateful>(2, "renamed"), metadata(), true).ok());
  // What is there but does not fit is not dropped.
  CHECK_FALSE(make_restore_plan(plan<Changed>(2), metadata(), true).ok());
}
