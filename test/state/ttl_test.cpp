// State that expires: when, what is seen of it, and what is left of it.
#include "base/memory_env.hpp"
#include "state/compatibility.hpp"
#include "state/keyed_cut.hpp"
#include "state/rocksdb/expiry_filter.hpp"
#include "test/state/backends.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::detail;
using namespace weir::state;

namespace {

constexpr KeyGroupRange kAll{0, 4};

struct Owner : StateOwner {
  explicit Owner(Ttl life) : life_{life} {}

  Ttl life_;
  ValueState<std::string> value{*this, "value", life_};
  ListState<int> list{*this, "list", life_};
  MapState<int, int> map{*this, "map", life_};
  ReducingState<int> sum{*this, "sum", [](int a, int b) { return a + b; }, life_};
  AggregatingState<int, int> total{*this, "total", 0, [](int& a, const int& x) { a += x; }, life_};
  ValueState<int> for_ever{*this, "for ever"};
};

/// The states of all keys, and a clock.
template <class O>
struct Table {
  explicit Table(Ttl life, StateBackend* backend = nullptr)
      : owner{life},
        state{kAll, 4, owner.declared_states(),
              backend == nullptr ? StateBackend::Opened{}
                                 : backend->open("op", store_columns(owner.declared_states()))} {
    owner.bind_states(state);
    go_on(0s);
  }

  /// A batch of one record that comes `later`.
  template <class F>
  void with(int key, F f) {
    if (state.backed() != nullptr) state.backed()->keep_budget();
    state.enter(hash_of(key), key);
    f(owner);
    state.leave();
  }
  void go_on(Duration later) {
    now += std::chrono::duration_cast<std::chrono::microseconds>(later);
    state.set_time(now);
  }

  O owner;
  KeyedStateOf<int> state;
  WallTime now{1'000'000s};
};

void fill(Owner& o) {
  o.value.set("x");
  o.list.add(1);
  o.map.put(1, 10);
  o.sum.add(5);
  o.total.add(6);
  o.for_ever.set(7);
}

bool has_all(Owner& o) {
  return o.value.get() == "x" && o.list.get() == std::vector{1} && o.map.get(1) == 10 &&
         o.map.size() == 1 && o.sum.get() == 5 && o.total.find() != nullptr;
}

bool has_none(Owner& o) {
  return !o.value && o.list.get().empty() && !o.map.get(1) && o.map.size() == 0 && !o.sum.get() &&
         o.total.find() == nullptr;
}

}  // namespace

TEST_CASE("state lives as long as its Ttl says, and not a millisecond more", "[state][ttl]") {
  test::Backends backends;
  Table<Owner> table{ttl(10s),
                     backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb,
                                          test::BackendKind::tiny))};
  table.with(1, fill);
  table.go_on(9999ms);
  table.with(2, fill);  // another key, so that a small cache loses the first one
  table.with(1, [](Owner& o) { CHECK(has_all(o)); });
  table.go_on(1ms);
  table.with(1, [](Owner& o) {
    CHECK(has_none(o));
    CHECK(has_none(o));
    CHECK(o.for_ever.get() == 7);
    o.sum.add(1);
    CHECK(o.sum.get() == 1);  // begins anew
    o.total.add(2);
    CHECK(*o.total.find() == 2);
  });
  table.with(2, [](Owner& o) { CHECK(has_all(o)); });
}

TEST_CASE("a write begins a new life, and a read does if it is to", "[state][ttl]") {
  test::Backends backends;
  const auto update = GENERATE(Ttl::Update::on_create_and_write, Ttl::Update::on_read_and_write);
  Table<Owner> table{{.after = 10s, .update = update},
                     backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb,
                                          test::BackendKind::tiny))};
  table.with(1, fill);
  table.with(2, fill);
  table.go_on(6s);
  table.with(1, [](Owner& o) { CHECK(has_all(o)); });  // a read
  table.with(2, [](Owner& o) {                         // a write
    o.value.set("x");
    o.list.set({1});
    o.map.put(1, 10);
    o.sum.add(0);
    o.total.add(0);
  });
  table.go_on(6s);
  table.with(1, [&](Owner& o) {
    CHECK((update == Ttl::Update::on_read_and_write ? has_all(o) : has_none(o)));
  });
  table.with(2, [](Owner& o) { CHECK(has_all(o)); });
}

TEST_CASE("elements and entries expire one by one", "[state][ttl]") {
  test::Backends backends;
  Table<Owner> table{ttl(10s),
                     backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb,
                                          test::BackendKind::tiny))};
  for (int i = 0; i < 4; ++i) {
    table.with(1, [i](Owner& o) {
      o.list.add(i);
      o.map.put(i, i);
    });
    table.go_on(4s);
  }
  table.with(1, [](Owner& o) {  // at 16 s; they were written at 0, 4, 8 and 12
    CHECK(o.list.get() == std::vector{2, 3});
    CHECK(o.map.entries() == std::map<int, int>{{2, 2}, {3, 3}});
    CHECK_FALSE(o.map.contains(1));
    o.map.remove(2);
    CHECK(o.map.entries() == std::map<int, int>{{3, 3}});
  });
}

TEST_CASE("what has expired may be shown once more", "[state][ttl]") {
  test::Backends backends;
  Table<Owner> table{
      {.after = 10s, .visibility = Ttl::Visibility::return_expired_if_not_cleaned_up},
      backends.of(
          GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb, test::BackendKind::tiny))};
  table.with(1, fill);
  table.go_on(11s);
  table.with(1, [](Owner& o) {
    CHECK(o.value.get() == "x");
    CHECK(o.list.get() == std::vector{1});
    CHECK(o.map.get(1) == 10);
    CHECK(o.sum.get() == 5);
    CHECK(*o.total.find() == 6);
    CHECK(has_none(o));
  });
}

TEST_CASE("rows in memory go when all they hold has expired, though nobody asks for them",
          "[state][ttl]") {
  Table<Owner> table{ttl(10s)};
  for (int key = 0; key < 1000; ++key) {
    table.with(key, [key](Owner& o) {
      o.value.set("x");
      if (key % 2 == 0) o.for_ever.set(1);
    });
  }
  table.go_on(9s);
  table.state.expire(2000);
  CHECK(table.state.table().rows() == 1000);
  table.go_on(1s);
  table.state.expire(2000);
  CHECK(table.state.table().rows() == 500);
}

TEST_CASE("of a table that a snapshot always sees no more rows are looked at than were asked for",
          "[state][ttl]") {
  static std::size_t looked = 0;
  Owner owner{ttl(10s)};
  auto specs = owner.declared_states();
  specs[0].is_live = [](const void*, std::int64_t) { return ++looked != 0; };
  KeyedStateOf<int> state{kAll, 4, specs};
  owner.bind_states(state);
  state.stay_frozen();
  for (int key = 0; key < 10'000; ++key) {
    state.enter(hash_of(key), key);
    owner.value.set("x");
    state.leave();
  }
  FrozenRows frozen = state.table().freeze();
  state.expire(100);
  CHECK(looked >= 100);
  CHECK(looked < 1000);  // whole pages
  state.table().release(std::move(frozen));
}

TEST_CASE("a snapshot leaves out what has expired, and nothing comes back by it", "[state][ttl]") {
  test::Backends backends;
  StateBackend* from = backends.of(
      GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb, test::BackendKind::tiny));
  StateBackend* to = backends.of(GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb));
  Table<Owner> before{ttl(10s), from};
  before.with(1, fill);
  before.with(2, [](Owner& o) { o.value.set("old"); });
  before.with(3, [](Owner& o) { o.map.put(1, 1); });
  before.go_on(8s);
  before.with(3, [](Owner& o) { o.map.put(2, 2); });
  before.with(4, [](Owner& o) { o.list.add(4); });
  before.go_on(4s);
  KeyedCut cut{describe("op", schema<int>(), before.state), before.state};
  if (cut.has_store()) {
    cut.begin();
    REQUIRE(cut.write_back().ok());
    cut.on_written();
  }
  base::MemoryEnv env;
  StateFile file{env, "/unused", ~std::size_t{0}};
  auto handle = cut.write(file);
  REQUIRE(handle.ok());
  REQUIRE(file.finish().ok());
  handle->inlined = file.take_inlined();
  cut.release();
  CHECK(handle->rows == 3);  // all but that of key 2

  Table<Owner> after{ttl(10s), to};  // whose clock is late: the old ones would live again
  StateReader reader{handle->inlined, "snapshot"};
  REQUIRE(read_rows(*handle, reader, after.state).ok());
  after.with(1, [](Owner& o) {
    CHECK(has_none(o));
    CHECK(o.for_ever.get() == 7);
  });
  after.with(2, [](Owner& o) { CHECK(has_none(o)); });
  after.with(3, [](Owner& o) { CHECK(o.map.get(2) == 2); });
  after.with(4, [](Owner& o) { CHECK(o.list.get() == std::vector{4}); });
}

TEST_CASE("a state cannot get a Ttl or lose it", "[state][ttl]") {
  struct Plain : StateOwner {
    ValueState<int> value{*this, "value"};
  };
  struct Mortal : StateOwner {
    ValueState<int> value{*this, "value", ttl(1s)};
  };
  Plain plain;
  Mortal mortal;
  const KeyedStateOf<int> without{kAll, 4, plain.declared_states()};
  const KeyedStateOf<int> with{kAll, 4, mortal.declared_states()};
  const KeyedStateInfo info = describe("op", "i32", without);
  const KeyedStateInfo other = describe("op", "i32", with);
  const Status status = check_compatible(empty_handle(info), other, false).status();
  CHECK(status.code() == ErrorCode::failed_precondition);
  CHECK_THAT(status.message(), Catch::Contains("was written as i32, the job declares ttl:i32") &&
                                   Catch::Contains("cannot get or lose its Ttl"));
  CHECK_FALSE(check_compatible(empty_handle(other), info, false).ok());
}

TEST_CASE("stored values expire by the time that they begin with", "[state][ttl][rocksdb]") {
  const auto encoded = [](const auto& value) {
    ByteWriter out;
    encode(value, out);
    return out.take();
  };
  const StoredExpiry of_value{{.is_list = false, .schema = "ttl:str", .ttl_ms = 1}};
  CHECK(of_value.has_expired(encoded(Expiring<std::string>{100, "x"}), 100));
  CHECK_FALSE(of_value.has_expired(encoded(Expiring<std::string>{101, "x"}), 100));
  CHECK_FALSE(of_value.has_expired("bad", 100));
  const StoredExpiry of_list{{.is_list = true, .schema = "[ttl:str]", .ttl_ms = 1}};
  using Elements = std::vector<Expiring<std::string>>;
  const Bytes old = encoded(Elements{{90, "a"}, {100, "b"}});
  CHECK(of_list.has_expired(old, 100));
  CHECK(of_list.has_expired(old + old, 100));
  CHECK_FALSE(of_list.has_expired(old + encoded(Elements{{101, "c"}}), 100));
  CHECK_FALSE(of_list.has_expired(old + "\x05", 100));
}
