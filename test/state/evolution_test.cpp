// State whose types have changed is restored into the types of today: from rows and from files of
// RocksDB, into memory and into RocksDB, whole and in parts.
#include "base/memory_env.hpp"
#include "state/compatibility.hpp"
#include "state/keyed_cut.hpp"
#include "test/state/backends.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>

using namespace weir;
using namespace weir::detail;
using namespace weir::state;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kGroups = 8;
constexpr int kKeys = 300;

namespace v1 {
struct Place {
  std::string city;
  std::int32_t zip = 0;
};
struct Total {
  std::int64_t sum = 0;
};
struct Owner : StateOwner {
  ValueState<Place> place{*this, "place"};
  ListState<Place> list{*this, "list"};
  MapState<std::string, Place> map{*this, "map"};
  AggregatingState<int, Total> total{*this, "total", {}, [](Total& t, int n) { t.sum += n; }};
  ValueState<Place> mortal{*this, "mortal", ttl(1h)};
  ListState<Place> mortals{*this, "mortals", ttl(1h)};
  MapState<int, Place> mortal_map{*this, "mortal-map", ttl(1h)};
  ValueState<std::string> same{*this, "same"};
};
}  // namespace v1

namespace v2 {
struct Place {
  std::optional<std::string> street = "none";
  std::int32_t zip = -1;
  std::string city;
  friend bool operator==(const Place&, const Place&) = default;
};
struct Total {
  std::int32_t count = 9;
  std::int64_t sum = 0;
};
struct Owner : StateOwner {
  ValueState<std::string> same{*this, "same"};
  MapState<std::string, Place> map{*this, "map"};
  ListState<Place> list{*this, "list"};
  ListState<Place> mortals{*this, "mortals", ttl(1h)};
  AggregatingState<int, Total> total{*this, "total", {}, [](Total& t, int n) { t.sum += n; }};
  ValueState<Place> mortal{*this, "mortal", ttl(1h)};
  MapState<int, Place> mortal_map{*this, "mortal-map", ttl(1h)};
  ValueState<Place> place{*this, "place"};
};
}  // namespace v2

template <class O>
struct Part {
  explicit Part(StateBackend* backend, KeyGroupRange range = {0, kGroups})
      : state{range, kGroups, owner.declared_states(),
              backend == nullptr ? StateBackend::Opened{}
                                 : backend->open("op", store_columns(owner.declared_states()))} {
    owner.bind_states(state);
    state.set_time(WallTime{1000h});
  }

  template <class F>
  void with(int key, F f) {
    state.enter(hash_of(key), key);
    f(owner);
    state.leave();
  }

  bool has(int key) const {
    return state.table().range().contains(key_position(hash_of(key), kGroups).group);
  }

  KeyedStateInfo info() const { return describe("op", schema<int>(), state); }

  O owner;
  KeyedStateOf<int> state;
};

void fill(Part<v1::Owner>& part) {
  for (int key = 0; key < kKeys; ++key)
    part.with(key, [key](v1::Owner& o) {
      const v1::Place place{"city " + std::to_string(key), key};
      o.place.set(place);
      o.list.add(place);
      o.list.add({"last", 7});
      o.map.put("here", place);
      o.map.put("there", {"far", key + 1});
      o.total.add(key);
      o.mortal.set(place);
      o.mortals.add(place);
      o.mortal_map.put(1, place);
      o.same.set("same " + std::to_string(key));
    });
}

void check(v2::Owner& o, int key) {
  const v2::Place place{"none", key, "city " + std::to_string(key)};
  REQUIRE(o.place.get() == place);
  REQUIRE(o.list.get() == std::vector{place, {"none", 7, "last"}});
  REQUIRE(o.map.get("here") == place);
  REQUIRE(o.map.get("there") == v2::Place{"none", key + 1, "far"});
  REQUIRE(o.map.size() == 2);
  REQUIRE(o.total.find() != nullptr);
  REQUIRE(o.total.find()->sum == key);
  REQUIRE(o.total.find()->count == 9);
  REQUIRE(o.mortal.get() == place);
  REQUIRE(o.mortals.get() == std::vector{place});
  REQUIRE(o.mortal_map.get(1) == place);
  REQUIRE(o.same.get() == "same " + std::to_string(key));
}

/// A snapshot, and where its bytes are.
struct Snapshot {
  KeyedStateHandle handle;
  Bytes stream = {};
};

enum class Form { rows, files };

template <class O>
Snapshot snapshot_of(Part<O>& part, Form form, Env& env) {
  REQUIRE(env.create_directories("/chk").ok());
  KeyedCut cut{part.info(), part.state};
  const bool has_files = form == Form::files;
  if (cut.has_store()) {
    cut.begin();
    REQUIRE(cut.write_back(has_files ? std::optional<std::uint64_t>{0} : std::nullopt).ok());
    cut.on_written();
  }
  Snapshot made;
  if (has_files) {
    made.handle = cut.write_files({.env = &env, .directory = "/chk", .prefix = "p."}).value();
  } else {
    StateFile file{env, "/unused", 1 << 30};
    made.handle = cut.write(file).value();
    REQUIRE(file.finish().ok());
    made.stream = file.take_inlined();
  }
  cut.release();
  return made;
}

template <class O>
Status restore(const Snapshot& from, Env& env, StateBackend& files, Part<O>& into) {
  if (from.handle.is_native())
    return read_copy(from.handle, {&env, "/chk"}, files, into.state, true);
  StateReader reader{from.stream, "stream"};
  return read_rows(from.handle, reader, into.state);
}

}  // namespace

TEST_CASE("state of types that have changed is restored on any backend, in any form",
          "[state][evolution]") {
  using test::BackendKind;
  const auto [written_on, form] =
      GENERATE(table<BackendKind, Form>({{BackendKind::heap, Form::rows},
                                         {BackendKind::tiny, Form::rows},
                                         {BackendKind::rocksdb, Form::files}}));
  const auto read_on = GENERATE(BackendKind::heap, BackendKind::rocksdb, BackendKind::tiny);
  const auto parallelism = GENERATE(1U, 3U);
  test::Backends backends;
  base::MemoryEnv env;
  Part<v1::Owner> before{backends.of(written_on)};
  fill(before);
  const Snapshot old = snapshot_of(before, form, env);
  REQUIRE(old.handle.is_native() == (form == Form::files));

  int keys = 0;
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    Part<v2::Owner> after{backends.of(read_on), range_of_subtask(i, parallelism, kGroups)};
    const auto changes = check_compatible(old.handle, after.info(), false);
    REQUIRE(changes.ok());
    CHECK(changes->size() == 7);  // a street in each place, and a count
    REQUIRE(restore(old, env, *backends.rocksdb(), after).ok());
    for (int key = 0; key < kKeys; ++key) {
      if (!after.has(key)) continue;
      after.with(key, [key](v2::Owner& o) { check(o, key); });
      ++keys;
    }
  }
  CHECK(keys == kKeys);
}

TEST_CASE("what was migrated is written in the form of today", "[state][evolution]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part<v1::Owner> before{backends.rocksdb()};
  fill(before);
  const Snapshot old = snapshot_of(before, Form::files, env);
  Part<v2::Owner> after{backends.rocksdb()};
  REQUIRE(restore(old, env, *backends.rocksdb(), after).ok());
  const Form form = GENERATE(Form::rows, Form::files);
  base::MemoryEnv elsewhere;
  const Snapshot now = snapshot_of(after, form, elsewhere);
  CHECK(now.handle.states == after.info().states);
  Part<v2::Owner> last{backends.heap()};
  CHECK(check_compatible(now.handle, last.info(), false)->empty());
  REQUIRE(restore(now, elsewhere, *backends.rocksdb(), last).ok());
  for (int key = 0; key < kKeys; ++key) last.with(key, [key](v2::Owner& o) { check(o, key); });
}

TEST_CASE("files of RocksDB are adopted as they are as long as no value has to change",
          "[state][evolution][rocksdb]") {
  struct Same : StateOwner {  // the fields have other types of the same layout
    ValueState<std::pair<std::string, std::int32_t>> place{*this, "place"};
  };
  struct Old : StateOwner {
    ValueState<v1::Place> place{*this, "place"};
  };
  struct New : StateOwner {
    ValueState<v2::Place> place{*this, "place"};
  };
  test::Backends backends;
  base::MemoryEnv env;
  Part<Old> before{backends.rocksdb()};
  before.with(1, [](Old& o) { o.place.set({"Ulm", 1}); });
  const Snapshot old = snapshot_of(before, Form::files, env);
  Part<Same> same{backends.rocksdb()};
  REQUIRE(check_compatible(old.handle, same.info(), false).ok());
  REQUIRE(restore(old, env, *backends.rocksdb(), same).ok());
  CHECK_FALSE(same.state.backed()->stored_files().empty());  // adopted
  same.with(1, [](Same& o) { CHECK(o.place.get()->first == "Ulm"); });
  Part<New> other{backends.rocksdb()};
  REQUIRE(restore(old, env, *backends.rocksdb(), other).ok());
  CHECK(other.state.backed()->stored_files().empty());  // written anew
  other.with(1, [](New& o) { CHECK(o.place.get()->city == "Ulm"); });
}

TEST_CASE("a value that cannot be migrated is damage, whatever reads it", "[state][evolution]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part<v1::Owner> before{backends.heap()};
  fill(before);
  Snapshot old = snapshot_of(before, Form::rows, env);
  old.handle.states[0].schema = "{city:str,zip:i32,more:[str]}";  // it has no such field
  Part<v2::Owner> after{backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb))};
  const Status status = restore(old, env, *backends.rocksdb(), after);
  CHECK(status.code() == ErrorCode::corrupt);
  CHECK_THAT(status.message(), Catch::Contains("a row that cannot be decoded"));
}

TEST_CASE("a stored value that cannot be migrated is damage", "[state][evolution][rocksdb]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part<v1::Owner> before{backends.rocksdb()};
  fill(before);
  Snapshot old = snapshot_of(before, Form::files, env);
  old.handle.states[0].schema = "{city:str,zip:i32,more:[str]}";
  Part<v2::Owner> after{backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb))};
  const Status status = restore(old, env, *backends.rocksdb(), after);
  CHECK_FALSE(status.ok());
  CAPTURE(status.message());
  CHECK((status.code() == ErrorCode::corrupt || status.code() == ErrorCode::unavailable));
}

TEST_CASE("what is refused names operator, state, both types, the place and the cure, all at once",
          "[state][evolution]") {
  struct Old : StateOwner {
    ValueState<v1::Place> place{*this, "place"};
    MapState<int, v1::Place> map{*this, "map"};
    ListState<int> list{*this, "list"};
    ValueState<bool> gone{*this, "gone"};
  };
  struct WrongPlace {
    std::string city;
    std::string zip;
  };
  struct New : StateOwner {
    ValueState<WrongPlace> place{*this, "place"};
    MapState<std::int64_t, v1::Place> map{*this, "map"};
    ValueState<int> list{*this, "list"};
  };
  const Part<Old> old{nullptr};
  const Part<New> now{nullptr};
  KeyedStateHandle handle = empty_handle(old.info());
  handle.key_schema = "(i32,str)";
  handle.max_parallelism = 4;
  const auto refused = check_compatible(handle, now.info(), false);
  REQUIRE(refused.status().code() == ErrorCode::failed_precondition);
  const std::string begin = "the state of operator \"op\" cannot be restored: ";
  CHECK(refused.status().message() ==
        begin +
            "it was written with max parallelism 4, the job has 8; set pipeline.max-parallelism to "
            "4\n  " +
            begin +
            "its keys were written as (i32, str), the job has i32; the key type of an operator "
            "cannot change: go back to the old one, or give the operator another name\n  " +
            begin +
            "its state \"place\" was written as {city: str, zip: i32}, the job declares {city: "
            "str, zip: str}; they differ: .zip: i32 -> str; go back to the old type, or give the "
            "field or state another name, which drops what it holds\n  " +
            begin +
            "its state \"map\" was written as <i32: {city: str, zip: i32}>, the job declares "
            "<i64: {city: str, zip: i32}>; they differ: [key]: i32 -> i64, but keys of maps and "
            "elements of sets cannot change: two could become one; go back to the old type, or "
            "give the field or state another name\n  " +
            begin +
            "its state \"list\" was written as ListState, the job declares ValueState; go back, or "
            "give the new one another name\n  " +
            begin +
            "the job no longer declares its state \"gone\"; declare it, or drop it with "
            "--allow-non-restored-state");
}

TEST_CASE("keys may get the names of their fields, and nothing else", "[state][evolution]") {
  const Part<v1::Owner> part{nullptr};
  KeyedStateInfo info = part.info();
  KeyedStateHandle handle = empty_handle(info);
  info.key_schema = "{region:i8,name:str}";
  const auto is_fine = [&](const std::string& written) {
    handle.key_schema = written;
    return check_compatible(handle, info, false).ok();
  };
  CHECK(is_fine("{region:i8,name:str}"));
  CHECK(is_fine("(i8,str)"));
  CHECK_FALSE(is_fine("{name:str,region:i8}"));
  CHECK_FALSE(is_fine("{area:i8,name:str}"));
  CHECK_FALSE(is_fine("{region:i8}"));
  CHECK_FALSE(is_fine("{region:i8,name:str,more:bool}"));
  CHECK_FALSE(is_fine("(i8,bool)"));
}

TEST_CASE("a schema of a newer version of Weir is refused as such", "[state][evolution]") {
  const Part<v1::Owner> part{nullptr};
  KeyedStateHandle handle = empty_handle(part.info());
  handle.states[0].schema = "quaternion";
  for (const char* name : {"place", "gone"}) {
    handle.states[0].name = name;
    CHECK_THAT(check_compatible(handle, part.info(), true).status().message(),
               Catch::Contains("has the unknown schema quaternion; a newer version of Weir"));
  }
}
