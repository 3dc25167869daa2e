// Keyed state without the program that wrote it: as JSON, by its schemas.
#include "state/row_json.hpp"

#include "base/memory_env.hpp"
#include "state/keyed_snapshot.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

using namespace weir;
using namespace weir::state;

namespace {

template <class T>
std::string json_of(const T& value) {
  ByteWriter out;
  encode(value, out);
  return value_json(schema<T>(), out.view());
}

struct Owner : StateOwner {
  ValueState<int> total{*this, "total"};
  MapState<std::string, double> by_name{*this, "by name"};
};

/// Rows of two keys, written like a snapshot.
struct Snapshot {
  Snapshot() {
    detail::KeyedStateOf<std::string> state{{0, 8}, 8, owner.declared_states()};
    owner.bind_states(state);
    const auto with = [&](const std::string& key, auto f) {
      state.enter(hash_of(key), key);
      f();
      state.leave();
    };
    with("a", [&] { owner.total.set(-1), owner.by_name.put("x", 1.5); });
    with("b", [&] { owner.total.set(2); });
    StateFile file{env, "/unused", 1 << 20};
    detail::FrozenRows rows = state.table().freeze();
    handle = write_rows(describe("op", schema<std::string>(), state), rows, file).value();
    REQUIRE(file.finish().ok());
    stream = file.take_inlined();
    state.table().release(std::move(rows));
  }

  std::map<std::string, std::string> print(const std::string& name) {
    std::map<std::string, std::string> entries;
    StateReader reader{stream, "stream"};
    const Status status =
        print_rows(handle, reader, name,
                   [&](const std::string& key, const std::string& value) { entries[key] = value; });
    REQUIRE(status.ok());
    return entries;
  }

  base::MemoryEnv env;
  Owner owner;
  KeyedStateHandle handle;
  Bytes stream;
};

}  // namespace

TEST_CASE("values of every kind are shown as JSON", "[state][json]") {
  CHECK(json_of(std::int8_t{-5}) == "-5");
  CHECK(json_of(std::uint64_t{18'446'744'073'709'551'615U}) == "18446744073709551615");
  CHECK(json_of(0.25) == "0.25");
  CHECK(json_of(true) == "true");
  CHECK(json_of(std::string{"say \"hi\"\n"}) == R"("say \"hi\"\n")");
  CHECK(json_of(std::string{"\xff"}) == "\"\xef\xbf\xbd\"");  // no UTF-8
  CHECK(json_of(std::vector{1, 2}) == "[1,2]");
  CHECK(json_of(std::map<std::string, int>{{"b", 2}, {"a", 1}}) == R"({"a":1,"b":2})");
  CHECK(json_of(std::map<int, int>{{1, 10}, {2, 20}}) == "[[1,10],[2,20]]");
  CHECK(json_of(std::optional<int>{}) == "null");
  CHECK(json_of(std::optional<int>{3}) == "3");
  CHECK(json_of(std::tuple{1, std::string{"x"}}) == R"([1,"x"])");
  struct Place {
    std::string city;
    std::optional<int> zip;
  };
  CHECK(json_of(Place{"Ulm", 7}) == R"({"city":"Ulm","zip":7})");
  CHECK(value_json("(str,?i32)", std::string_view{"\3Ulm\0", 5}) == R"(["Ulm",null])");  // nameless
  CHECK(json_of(std::set<int>{3, 1}) == "[1,3]");
  CHECK(json_of(std::array<std::uint16_t, 2>{7, 8}) == "[7,8]");
  CHECK(json_of(std::array<std::optional<int>, 3>{7, {}, 8}) == "[7,null,8]");
  CHECK(json_of(std::optional<std::array<int, 2>>{{7, 8}}) == "[7,8]");
  CHECK(json_of(std::variant<int, std::string>{"x"}) == R"({"index":1,"value":"x"})");
  CHECK(json_of(detail::Expiring<int>{1000, 5}) == R"({"touched":1000,"value":5})");
  CHECK(value_json("x:money", std::string_view{"\x02\0\0\0\x0a\xff", 6}) == R"({"bytes":"0aff"})");
}

TEST_CASE("what is no value of its schema is said to be damaged", "[state][json]") {
  CHECK(value_json("i32", "abc") == "\"damaged\"");
  CHECK(value_json("i32", "abcde") == "\"damaged\"");
  CHECK(value_json("(i32/str)", "\x05") == "\"damaged\"");
  CHECK(value_json("[i64]", "\x7f") == "\"damaged\"");
  CHECK(value_json("quaternion", "abc") == "\"of an unknown type\"");
}

TEST_CASE("rows are shown state by state, and verified", "[state][json]") {
  Snapshot snapshot;
  using Entries = std::map<std::string, std::string>;
  CHECK(snapshot.print("total") == Entries{{"\"a\"", "-1"}, {"\"b\"", "2"}});
  CHECK(snapshot.print("by name") == Entries{{"\"a\"", R"({"x":1.5})"}});
  StateReader whole{snapshot.stream, "stream"};
  CHECK(verify_rows(snapshot.handle, whole).ok());

  snapshot.handle.rows = 3;
  StateReader again{snapshot.stream, "stream"};
  const Status fewer = verify_rows(snapshot.handle, again);
  CHECK(fewer.code() == ErrorCode::corrupt);
  CHECK_THAT(fewer.message(), Catch::Contains("2 rows instead of 3"));

  snapshot.stream[10] = static_cast<char>(snapshot.stream[10] ^ 1);
  StateReader damaged{snapshot.stream, "stream"};
  const Status status = verify_rows(snapshot.handle, damaged);
  CHECK(status.code() == ErrorCode::corrupt);
  CHECK_THAT(status.message(), Catch::Contains("stream"));
}

TEST_CASE("schemas of a newer version are no damage", "[state][json]") {
  Snapshot snapshot;
  snapshot.handle.states[0].schema = "quaternion";
  StateReader reader{snapshot.stream, "stream"};
  const Status status = verify_rows(snapshot.handle, reader);
  CHECK(status.code() == ErrorCode::failed_precondition);
  CHECK_THAT(status.message(), Catch::Contains("newer version"));
}
