// The log of keyed state: written between two versions, read back with its base, whole and damaged;
// and the chains by which checkpoints refer to it.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "state/state_codec.hpp"
#include "test/state/backends.hpp"
#include "test/state/logged.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace weir;
using namespace weir::detail;
using namespace weir::state;
using test::kLog;
using test::write_base;
using test::write_tail;

namespace {

constexpr std::uint32_t kGroups = 16;
constexpr KeyGroupRange kAll{0, kGroups};
constexpr std::chrono::seconds kLife{10};

struct Owner : StateOwner {
  ValueState<std::string> text{*this, "text"};
  MapState<std::string, int> map{*this, "map"};
  ValueState<int> mortal{*this, "mortal", ttl(kLife)};
};

/// An operator whose snapshots go into one directory.
struct Part {
  explicit Part(KeyGroupRange range = kAll, StateBackend* backend = nullptr)
      : state{range, kGroups, owner.declared_states(),
              backend == nullptr ? StateBackend::Opened{}
                                 : backend->open("op", store_columns(owner.declared_states()))} {
    owner.bind_states(state);
    set_time(0);
  }
  template <class F>
  void with(const std::string& key, F f) {
    state.enter(hash_of(key), key);
    f(owner);
    state.leave();
  }
  void set_time(int seconds) {
    state.set_time(WallTime{std::chrono::seconds{1'000'000 + seconds}});
  }
  KeyedCut cut() { return KeyedCut{describe("op", schema<std::string>(), state), state}; }

  Owner owner;
  KeyedStateOf<std::string> state;
};

Status restore(Env& env, const KeyedStateHandle& handle, Part& into) {
  return read_logged_rows(handle, env, kLog, into.state);
}

std::map<std::string, std::string> texts(Part& part, int keys = 200) {
  std::map<std::string, std::string> all;
  for (int i = 0; i < keys; ++i) {
    const std::string key = "key" + std::to_string(i);
    if (!part.state.table().range().contains(key_position(hash_of(key), kGroups).group)) continue;
    part.with(key, [&](Owner& o) {
      if (o.text) all[key] = *o.text.get();
    });
  }
  return all;
}

void fill(Part& part, int begin, int end, const std::string& text) {
  for (int i = begin; i < end; ++i)
    part.with("key" + std::to_string(i), [&](Owner& o) { o.text.set(text); });
}

/// A base with keys 0 to 99, a segment that sets some, removes some and adds some, and another one.
struct Story {
  Story() {
    REQUIRE(env.create_directory(kLog).ok());
    fill(part, 0, 100, "old");
    KeyedCut first = part.cut();
    chains.push_back(write_base(env, "base-1", CheckpointId{1}, first));
    fill(part, 10, 20, "new");
    for (int i = 20; i < 30; ++i)
      part.with("key" + std::to_string(i), [](Owner& o) { o.text.clear(); });
    fill(part, 100, 110, "added");
    KeyedCut second = part.cut();
    chains.push_back(write_tail(env, "tail-2", CheckpointId{2}, second, {first, chains[0]}));
    fill(part, 15, 25, "newest");
    for (int i = 105; i < 110; ++i)
      part.with("key" + std::to_string(i), [](Owner& o) { o.text.clear(); });
    KeyedCut third = part.cut();
    chains.push_back(write_tail(env, "tail-3", CheckpointId{3}, third, {second, chains[1]}));
    for (KeyedCut* cut : {&first, &second, &third}) cut->release();
  }
  const KeyedStateHandle& handle() const { return chains.back().handles[0]; }

  base::MemoryEnv env;
  Part part;
  std::vector<LogChain> chains;
};

}  // namespace

TEST_CASE("a base and its log come to the state at the last cut", "[log]") {
  Story logged;
  const KeyedStateHandle& handle = logged.handle();
  REQUIRE(handle.log.size() == 2);
  CHECK(handle.paths() == std::vector<std::string>{"base-1", "tail-2", "tail-3"});
  CHECK(handle.written_bytes() == handle.log[1].size_bytes());
  CHECK(handle.written_bytes() < handle.size_bytes() / 3);
  Part restored;
  REQUIRE(restore(logged.env, handle, restored).ok());
  CHECK(texts(restored) == texts(logged.part));
  CHECK(restored.state.table().rows() == logged.part.state.table().rows());
  // What was written for an earlier checkpoint is still that.
  Part earlier;
  REQUIRE(restore(logged.env, logged.chains[1].handles[0], earlier).ok());
  CHECK(texts(earlier).at("key15") == "new");
}

TEST_CASE("a log is restored at any parallelism, and into a store", "[log]") {
  Story logged;
  test::Backends backends;
  const auto expected = texts(logged.part);
  for (StateBackend* backend : {static_cast<StateBackend*>(nullptr), backends.rocksdb()}) {
    std::map<std::string, std::string> all;
    for (std::uint32_t i = 0; i < 3; ++i) {
      Part part{range_of_subtask(i, 3, kGroups), backend};
      REQUIRE(restore(logged.env, logged.handle(), part).ok());
      all.merge(texts(part));
    }
    CHECK(all == expected);
  }
}

TEST_CASE("without its program the state is read with its log as well", "[log]") {
  Story logged;
  StateFile file{logged.env, kLog + "/rows", ~std::size_t{0}};
  auto rows = write_logged_rows(logged.handle(), logged.env, kLog, file);
  REQUIRE(rows.ok());
  REQUIRE(file.finish().ok());
  CHECK(rows->rows == logged.part.state.table().rows());
  CHECK_FALSE(rows->has_log());
  rows->inlined = file.take_inlined();
  Part restored;
  StateReader reader{rows->inlined, "rows"};
  REQUIRE(read_rows(*rows, reader, restored.state).ok());
  CHECK(texts(restored) == texts(logged.part));
}

TEST_CASE("what has expired is in no segment, and in no restored state", "[log]") {
  base::MemoryEnv env;
  REQUIRE(env.create_directory(kLog).ok());
  Part part;
  part.state.stay_frozen();
  for (int i = 0; i < 50; ++i)
    part.with("key" + std::to_string(i), [&](Owner& o) { o.mortal.set(i); });
  fill(part, 0, 10, "immortal");
  KeyedCut first = part.cut();
  const LogChain base = write_base(env, "base-1", CheckpointId{1}, first);
  part.set_time(11);
  SECTION("if it was dropped from pages that a snapshot sees") {
    part.state.expire(1000);
    REQUIRE(part.state.table().rows() == 10);
  }
  SECTION("if it was changed and then expired") {
    part.set_time(5);
    part.with("key3", [&](Owner& o) { o.mortal.set(7); });
    part.set_time(16);
  }
  KeyedCut second = part.cut();
  const LogChain chain = write_tail(env, "tail-2", CheckpointId{2}, second, {first, base});
  Part restored;
  restored.set_time(16);
  REQUIRE(restore(env, chain.handles[0], restored).ok());
  CHECK(texts(restored).size() == 10);
  for (int i = 0; i < 50; ++i)
    restored.with("key" + std::to_string(i), [&](Owner& o) { CHECK_FALSE(o.mortal); });
  first.release();
  second.release();
}

TEST_CASE("a file of the log that is damaged or missing is named", "[log]") {
  Story logged;
  for (const std::string name : {"base-1", "tail-2", "tail-3"}) {
    CAPTURE(name);
    const std::string path = kLog + "/" + name;
    const Bytes whole = base::read_file(logged.env, path).value();
    for (std::size_t at = 0; at < whole.size(); at += 7) {
      Bytes damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      REQUIRE(base::replace_file(logged.env, path, damaged).ok());
      Part into;
      const Status status = restore(logged.env, logged.handle(), into);
      REQUIRE(status.code() == ErrorCode::corrupt);
      REQUIRE_THAT(status.message(), Catch::Contains(name));
    }
    REQUIRE(logged.env.remove_file(path).ok());
    Part into;
    CHECK(restore(logged.env, logged.handle(), into).code() == ErrorCode::not_found);
    REQUIRE(base::replace_file(logged.env, path, whole).ok());
  }
}

TEST_CASE("an entry of a kind that nobody knows is damage", "[log]") {
  Story logged;
  StateFile file{logged.env, kLog + "/strange", 0};
  const std::uint64_t size = file.add_block("\x07").value();
  REQUIRE(file.finish().ok());
  KeyedStateHandle handle = logged.handle();
  handle.log[0].path = "strange";
  handle.log[0].groups = {{handle.groups[0].group, 0, size}};
  Part into;
  CHECK(restore(logged.env, handle, into).code() == ErrorCode::corrupt);
}

namespace {

struct TwoCounts : StateOwner {
  ValueState<std::int64_t> first{*this, "first"};
  ValueState<std::int64_t> second{*this, "second"};
};

}  // namespace

TEST_CASE("the bytes of a segment are those that its format says", "[log]") {
  TwoCounts owner;
  KeyedStateOf<std::string> state{{0, 1}, 1, owner.declared_states()};
  owner.bind_states(state);
  const auto with = [&](const std::string& key, auto f) {
    state.enter(hash_of(key), key);
    f();
    state.leave();
  };
  const auto cut = [&] { return KeyedCut{describe("op", schema<std::string>(), state), state}; };
  with("be", [&] { owner.second.set(1); });
  KeyedCut before = cut();
  with("be", [&] { owner.second.clear(); });
  with("to", [&] { owner.first.set(7); });
  KeyedCut after = cut();
  base::MemoryEnv env;
  StateFile file{env, "/unused", 1000};
  const LogSegment segment = after.write_changes(before, file).value();
  REQUIRE(file.finish().ok());
  CHECK(segment.groups == std::vector<GroupSlice>{{0, 0, 25}});
  // The example in docs/formats/snapshot-stream.md.
  CHECK(file.take_inlined() == Bytes("\x11\0\0\0\x7e\xab\xfb\xcd"
                                     "\x01\x02"
                                     "be"
                                     "\x02\x02"
                                     "to"
                                     "\x01\x07\0\0\0\0\0\0\0",
                                     25));
  before.release();
  after.release();
}

TEST_CASE("a handle with a log is stored and read back", "[log]") {
  Story logged;
  const SubtaskState state{.keyed = {logged.handle()}};
  CHECK(subtask_state_from_bytes(to_bytes(state)).value() == state);
}

namespace {

KeyedStateHandle base_handle(const std::string& path, std::vector<GroupSlice> groups) {
  return {.operator_name = "op", .path = path, .groups = std::move(groups)};
}

LogSegment segment(const std::string& path, std::vector<GroupSlice> groups) {
  return {.path = path, .groups = std::move(groups)};
}

}  // namespace

TEST_CASE("a chain names what was written since its base, in order", "[log][chain]") {
  LogChain chain = base_chain(CheckpointId{3}, {base_handle("b3", {{2, 0, 100}})});
  CHECK(chain.can_grow());
  chain = extended(chain, CheckpointId{5}, {segment("t5", {{2, 0, 10}, {4, 10, 20}})});
  chain = extended(chain, CheckpointId{6}, {segment("t6", {})});  // nothing has changed
  chain = extended(chain, CheckpointId{9}, {segment("t9", {{2, 0, 7}})});
  CHECK(chain.files() == std::set<std::string>{"b3", "t5", "t9"});
  CHECK(chain.base_bytes() == 100);
  CHECK(chain.log_bytes() == 37);
  CHECK(chain.segments() == 2);
  const KeyedStateHandle& handle = chain.handles[0];
  // Restores look for key groups there: those that only the log has are there as well.
  CHECK(handle.groups == std::vector<GroupSlice>{{2, 0, 100}, {4, 0, 0}});
  CHECK(handle.is_linked);
  CHECK(handle.log[0].is_linked);
  CHECK_FALSE(handle.log[1].is_linked);
  CHECK(handle.written_bytes() == 7);

  SECTION("a newer base takes the place of all up to there") {
    const auto rebased_at_6 =
        rebased(chain, base_chain(CheckpointId{6}, {base_handle("b6", {{2, 0, 90}, {4, 90, 9}})}));
    REQUIRE(rebased_at_6);
    CHECK(rebased_at_6->files() == std::set<std::string>{"b6", "t9"});
    CHECK(rebased_at_6->id() == CheckpointId{9});
    const auto rebased_at_9 =
        rebased(*rebased_at_6, base_chain(CheckpointId{9}, {base_handle("b9", {{2, 0, 90}})}));
    REQUIRE(rebased_at_9);
    CHECK(rebased_at_9->files() == std::set<std::string>{"b9"});
  }
  SECTION("a base of a version that is not on the way, or of the first one, does not") {
    for (const std::uint64_t id : {3, 4, 7, 10})
      CHECK_FALSE(rebased(chain, base_chain(CheckpointId{id}, {base_handle("b", {{2, 0, 90}})})));
  }
}

TEST_CASE("what lies in the metadata has no log", "[log][chain]") {
  KeyedStateHandle handle = base_handle("", {{2, 0, 100}});
  handle.inlined = Bytes(100, 'x');
  CHECK_FALSE(base_chain(CheckpointId{1}, {handle}).can_grow());
}
