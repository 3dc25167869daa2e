// State handles on a keyed state: what a job author sees.
#include "test/state/backends.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::detail;

namespace {

constexpr KeyGroupRange kAll{0, 4};

/// All kinds of state on one key, as a process class would declare them.
struct Owner : StateOwner {
  ValueState<std::string> value{*this, "value"};
  ListState<int> list{*this, "list"};
  MapState<std::string, int> map{*this, "map"};
  ReducingState<int> sum{*this, "sum", [](int a, int b) { return a + b; }};
  AggregatingState<int, std::pair<int, int>> mean{*this, "mean", std::pair{0, 0},
                                                  [](std::pair<int, int>& acc, const int& x) {
                                                    acc.first += x;
                                                    ++acc.second;
                                                  }};
};

/// Only one state: rows without presence bits.
struct Single : StateOwner {
  ValueState<std::string> value{*this, "value"};
};

template <class O>
struct Bound {
  O owner;
  KeyedStateOf<std::string> state;
  std::string key;

  explicit Bound(StateBackend* backend = nullptr)
      : state{kAll, 4, owner.declared_states(),
              backend == nullptr ? StateBackend::Opened{}
                                 : backend->open("op", store_columns(owner.declared_states()))} {
    owner.bind_states(state);
  }
  ~Bound() { state.leave(); }
  O& at(const std::string& k) {
    state.leave();
    key = k;
    state.enter(hash_of(key), key);
    return owner;
  }
  std::size_t rows() {
    state.leave();
    return state.table().rows();
  }
};

}  // namespace

TEST_CASE("each key sees its own values", "[state]") {
  test::Backends backends;
  Bound<Owner> bound{backends.of(
      GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb, test::BackendKind::tiny))};
  bound.at("a").value.set("one");
  bound.at("b").value.set("two");
  CHECK(bound.at("a").value.get() == "one");
  CHECK(bound.at("b").value.get() == "two");
  CHECK_FALSE(bound.at("c").value.get());
  CHECK(bound.at("c").value.value_or("none") == "none");
  CHECK_FALSE(bound.at("c").value);
}

TEST_CASE("looking creates no row", "[state]") {
  Bound<Owner> bound;
  bound.at("a").value.set("one");
  CHECK_FALSE(bound.at("c").value);
  CHECK(bound.at("c").list.get().empty());
  CHECK(bound.rows() == 1);
}

TEST_CASE("every kind of state does what its name says", "[state]") {
  test::Backends backends;
  Bound<Owner> bound{backends.of(
      GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb, test::BackendKind::tiny))};
  Owner& o = bound.at("a");
  CHECK(o.list.get().empty());
  o.list.add(1);
  o.list.add(2);
  CHECK(o.list.get() == std::vector<int>{1, 2});
  o.list.set({7});
  CHECK(o.list.get() == std::vector<int>{7});

  CHECK(o.map.size() == 0);
  o.map.put("z", 26);
  o.map.put("a", 1);
  o.map.put("a", 2);
  CHECK(o.map.get("a") == 2);
  CHECK_FALSE(o.map.get("q"));
  CHECK(o.map.contains("z"));
  CHECK(o.map.entries().begin()->first == "a");
  o.map.remove("a");
  o.map.remove("not there");
  CHECK(o.map.size() == 1);

  CHECK_FALSE(o.sum.get());
  o.sum.add(3);
  o.sum.add(4);
  CHECK(o.sum.get() == 7);

  CHECK(o.mean.find() == nullptr);
  o.mean.add(10);
  o.mean.add(20);
  CHECK(*o.mean.find() == std::pair{30, 2});
}

TEST_CASE("a key whose last state is cleared leaves no row behind", "[state]") {
  Bound<Owner> bound;
  {
    Owner& o = bound.at("a");
    o.value.set("x");
    o.list.add(1);
    o.map.put("k", 1);
    o.sum.add(1);
    o.mean.add(1);
  }
  CHECK(bound.rows() == 1);
  {
    Owner& o = bound.at("a");
    o.value.clear();
    o.value.clear();
    o.list.set({});
    o.map.remove("k");
    o.sum.clear();
  }
  CHECK(bound.rows() == 1);
  bound.at("a").mean.clear();
  CHECK(bound.rows() == 0);
  bound.at("a").value.clear();  // clearing what is not there creates nothing
  CHECK(bound.rows() == 0);
}

TEST_CASE("a value can be cleared and set again while a key is current", "[state]") {
  test::Backends backends;
  StateBackend* backend = backends.of(
      GENERATE(test::BackendKind::heap, test::BackendKind::rocksdb, test::BackendKind::tiny));
  Bound<Single> single{backend};
  Single& o = single.at("a");
  o.value.set("x");
  o.value.clear();
  CHECK_FALSE(o.value);
  o.value.set("y");
  CHECK(o.value.get() == "y");
  CHECK(single.rows() == 1);

  Bound<Owner> several{backend};
  Owner& p = several.at("a");
  p.value.set("x");
  p.value.clear();
  p.value.set("y");
  CHECK(several.at("a").value.get() == "y");
}

TEST_CASE("a snapshot keeps collections as they were while they change", "[state]") {
  Bound<Owner> bound;
  bound.at("a").list.add(1);
  bound.at("a").map.put("k", 1);
  bound.state.leave();
  FrozenRows frozen = bound.state.table().freeze();
  bound.at("a").list.add(2);
  bound.at("a").map.put("k", 2);
  std::size_t rows = 0;
  for (std::uint32_t group = 0; group < 4; ++group) {
    frozen.for_each(group, [&](const char* row) {
      const auto& columns = frozen.layout().columns;
      CHECK(reinterpret_cast<const Cow<std::vector<int>>*>(row + columns[1].offset)->get() ==
            std::vector<int>{1});
      CHECK(reinterpret_cast<const Cow<std::map<std::string, int>>*>(row + columns[2].offset)
                ->get()
                .at("k") == 1);
      ++rows;
    });
  }
  CHECK(rows == 1);
  CHECK(bound.at("a").list.get() == std::vector<int>{1, 2});
  bound.state.leave();
  bound.state.table().release(std::move(frozen));
}
