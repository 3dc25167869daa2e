// Keyed state written to a stream and read back, undamaged and damaged.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "state/compatibility.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/migration.hpp"
#include "state/schema.hpp"
#include "state/state_codec.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::detail;
using namespace weir::state;

namespace {

constexpr std::uint32_t kGroups = 16;

struct Owner : StateOwner {
  ValueState<std::string> text{*this, "text"};
  ListState<int> list{*this, "list"};
  MapState<std::string, double> map{*this, "map"};
};

/// The states in another order, one more, and none of "list".
struct Changed : StateOwner {
  MapState<std::string, double> map{*this, "map"};
  ValueState<int> added{*this, "added"};
  ValueState<std::string> text{*this, "text"};
};

struct WrongType : StateOwner {
  ValueState<int> text{*this, "text"};
};
struct WrongKind : StateOwner {
  ReducingState<std::string> text{*this, "text", [](auto a, auto) { return a; }};
};
struct Count : StateOwner {
  ValueState<std::int64_t> count{*this, "count"};
};

template <class O, class K = std::string>
struct Table {
  explicit Table(KeyGroupRange range = {0, kGroups})
      : state{range, kGroups, owner.declared_states()} {
    owner.bind_states(state);
  }
  template <class F>
  void with(const K& key, F f) {
    state.enter(hash_of(key), key);
    f(owner);
    state.leave();
  }
  KeyedStateInfo info() const { return describe("op", schema<K>(), state); }

  O owner;
  KeyedStateOf<K> state;
};

template <class O, class K>
KeyedStateHandle write(Env& env, Table<O, K>& table, std::size_t inline_threshold,
                       const std::string& path = "/state",
                       Compression compression = Compression::none) {
  FrozenRows frozen = table.state.table().freeze();
  StateFile file{[&] { return env.create(path); }, inline_threshold, compression};
  auto handle = write_rows(table.info(), frozen, file);
  REQUIRE(handle.ok());
  REQUIRE(file.finish().ok());
  if (file.is_inlined())
    handle->inlined = file.take_inlined();
  else
    handle->path = path;
  table.state.table().release(std::move(frozen));
  return *handle;
}

template <class O, class K>
Status read(Env& env, const KeyedStateHandle& handle, Table<O, K>& table,
            bool allow_non_restored = false) {
  const auto fits = check_compatible(handle, table.info(), allow_non_restored);
  if (!fits.ok()) return fits.status();
  if (handle.path.empty()) {
    StateReader reader{handle.inlined, "inlined state"};
    return read_rows(handle, reader, table.state);
  }
  auto file = env.open(handle.path);
  if (!file.ok()) return file.status();
  StateReader reader{std::move(file).value(), handle.path};
  return read_rows(handle, reader, table.state);
}

std::string key_of(int i) {
  return "key" + std::to_string(i);
}

void fill(Table<Owner>& table, int keys) {
  for (int i = 0; i < keys; ++i) {
    table.with(key_of(i), [&](Owner& o) {
      if (i % 2 == 0) o.text.set(std::string(static_cast<std::size_t>(i % 50), 't'));
      if (i % 3 != 0) o.list.set({i, i + 1});
      o.map.put("m", i * 0.5);
    });
  }
}

void check_filled(Table<Owner>& table, int keys) {
  for (int i = 0; i < keys; ++i) {
    table.with(key_of(i), [&](Owner& o) {
      REQUIRE(static_cast<bool>(o.text) == (i % 2 == 0));
      if (o.text) REQUIRE(o.text.get()->size() == static_cast<std::size_t>(i % 50));
      REQUIRE(o.list.get() == (i % 3 != 0 ? std::vector<int>{i, i + 1} : std::vector<int>{}));
      REQUIRE(o.map.get("m") == i * 0.5);
    });
  }
}

}  // namespace

TEST_CASE("state comes back from a stream as it was written", "[snapshot]") {
  base::MemoryEnv env;
  const int keys = GENERATE(0, 1, 100, 20'000);
  const auto compression = GENERATE(Compression::none, Compression::zstd);
  Table<Owner> before;
  fill(before, keys);
  const KeyedStateHandle handle = write(env, before, 20'000, "/state", compression);
  CHECK(handle.rows == static_cast<std::uint64_t>(keys));
  CHECK(handle.path.empty() == (keys <= 100));

  Table<Owner> after;
  REQUIRE(read(env, handle, after).ok());
  CHECK(after.state.table().rows() == static_cast<std::size_t>(keys));
  check_filled(after, keys);
}

TEST_CASE("a handle survives its trip through protobuf", "[snapshot]") {
  base::MemoryEnv env;
  Table<Owner> table;
  fill(table, 50);
  SubtaskState state;
  state.keyed.push_back(write(env, table, 1 << 20));
  state.sources.push_back({"in", "u64", {{{"split", 7}, Bytes{"\x01\0", 2}}, {{"new", 0}, {}}}});
  state.sinks.push_back({"out", "str", {{CheckpointId{3}, "txn"}}});
  state.is_finished = true;
  state.event_time = Timestamp{std::chrono::milliseconds{-5}};
  CHECK(subtask_state_from_bytes(to_bytes(state)).value() == state);
  CHECK(state.size_bytes() > 50);
  CHECK(subtask_state_from_bytes("\xff\xff").status().code() == ErrorCode::corrupt);
}

TEST_CASE("each subtask restores exactly its key groups, at any parallelism", "[snapshot]") {
  base::MemoryEnv env;
  constexpr int kKeys = 5000;
  std::vector<KeyedStateHandle> handles;
  constexpr std::uint32_t kBefore = 3;
  for (std::uint32_t i = 0; i < kBefore; ++i) {
    Table<Count> part{range_of_subtask(i, kBefore, kGroups)};
    for (int k = 0; k < kKeys; ++k) {
      const auto group = key_position(hash_of(key_of(k)), kGroups).group;
      if (part.state.table().range().contains(group))
        part.with(key_of(k), [&](Count& o) { o.count.set(k); });
    }
    handles.push_back(write(env, part, 0, "/part" + std::to_string(i)));
  }
  for (const std::uint32_t after : {1U, 2U, 5U, 16U}) {
    std::size_t rows = 0;
    for (std::uint32_t i = 0; i < after; ++i) {
      Table<Count> part{range_of_subtask(i, after, kGroups)};
      for (const auto& handle : handles) REQUIRE(read(env, handle, part).ok());
      rows += part.state.table().rows();
      for (int k = 0; k < kKeys; ++k) {
        const auto group = key_position(hash_of(key_of(k)), kGroups).group;
        if (!part.state.table().range().contains(group)) continue;
        part.with(key_of(k), [&](Count& o) { REQUIRE(o.count.get() == k); });
      }
    }
    CHECK(rows == kKeys);
  }
}

TEST_CASE("states are found by name; new ones are empty and dropped ones skipped", "[snapshot]") {
  base::MemoryEnv env;
  Table<Owner> before;
  fill(before, 200);
  const KeyedStateHandle handle = write(env, before, 0);

  Table<Changed> refused;
  const Status status = read(env, handle, refused);
  CHECK(status.code() == ErrorCode::failed_precondition);
  CHECK(status.message().find("\"list\"") != std::string::npos);
  CHECK(status.message().find("--allow-non-restored-state") != std::string::npos);

  Table<Changed> after;
  REQUIRE(read(env, handle, after, true).ok());
  for (int i = 0; i < 200; ++i) {
    after.with(key_of(i), [&](Changed& o) {
      REQUIRE(static_cast<bool>(o.text) == (i % 2 == 0));
      REQUIRE(o.map.get("m") == i * 0.5);
      REQUIRE_FALSE(o.added);
    });
  }
}

TEST_CASE("a key whose every state was dropped leaves no row", "[snapshot]") {
  base::MemoryEnv env;
  Table<Owner> before;
  before.with("a", [](Owner& o) { o.list.add(1); });
  const KeyedStateHandle handle = write(env, before, 1000);
  Table<Changed> after;
  REQUIRE(read(env, handle, after, true).ok());
  CHECK(after.state.table().rows() == 0);
}

TEST_CASE("another type, kind, key or max parallelism is refused with both named", "[snapshot]") {
  base::MemoryEnv env;
  Table<Owner> before;
  fill(before, 10);
  const KeyedStateHandle handle = write(env, before, 1000);
  const auto message = [&](auto& table) {
    const Status status = read(env, handle, table, true);
    CHECK(status.code() == ErrorCode::failed_precondition);
    return status.message();
  };
  Table<WrongType> type;
  CHECK(message(type).find("written as str, the job declares i32") != std::string::npos);
  Table<WrongKind> kind;
  CHECK(message(kind).find("written as ValueState, the job declares ReducingState") !=
        std::string::npos);
  Table<Owner, std::uint64_t> key;
  CHECK(message(key).find("keys were written as str, the job has u64") != std::string::npos);
  KeyedStateInfo info = before.info();
  info.max_parallelism = 64;
  CHECK_THAT(check_compatible(handle, info, false).status().message(),
             Catch::Contains("pipeline.max-parallelism to 16"));
}

TEST_CASE("every flipped or missing byte of a stream is noticed and named", "[snapshot]") {
  base::MemoryEnv env;
  Table<Owner> before;
  fill(before, 60);
  const auto compression = GENERATE(Compression::none, Compression::zstd);
  const KeyedStateHandle handle = write(env, before, 0, "/damaged", compression);
  const Bytes bytes = base::read_file(env, "/damaged").value();
  const auto read_damaged = [&](const Bytes& damaged) {
    auto file = env.create("/damaged").value();
    REQUIRE(file->append(damaged).ok());
    Table<Owner> after;
    return read(env, handle, after);
  };
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    Bytes flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    const Status status = read_damaged(flipped);
    REQUIRE(status.code() == ErrorCode::corrupt);
    REQUIRE(status.message().find("/damaged") != std::string::npos);
    REQUIRE(read_damaged(bytes.substr(0, at)).code() == ErrorCode::corrupt);
  }
  CHECK(read_damaged(bytes).ok());
}

TEST_CASE("compressed state takes less room, and what cannot be compressed takes no more",
          "[snapshot]") {
  base::MemoryEnv env;
  const auto written = [&env](std::string_view payload, Compression compression) {
    StateFile file{[&env] { return env.create("/state"); }, 0, compression};
    return file.add_block(payload).value();
  };
  const std::string same(10'000, 'x');
  CHECK(written(same, Compression::zstd) * 100 < written(same, Compression::none));
  base::Random random{1};
  std::string noise;
  while (noise.size() < same.size()) noise += static_cast<char>(random.below(256));
  CHECK(written(noise, Compression::zstd) == written(noise, Compression::none));
}

TEST_CASE("a block whose checksum holds and which was never compressed is damage", "[snapshot]") {
  base::MemoryEnv env;
  StateFile file{env, "/unused", 1 << 20};
  REQUIRE(file.add_block("no frame of zstd").ok());
  REQUIRE(file.finish().ok());
  Bytes stream = file.take_inlined();
  stream[3] = static_cast<char>(stream[3] | 0x80);
  StateReader reader{stream, "/state"};
  reader.seek(0, stream.size());
  const auto block = reader.next_block();
  CHECK(block.status().code() == ErrorCode::corrupt);
  CHECK(block.status().message().find("/state is damaged at byte") != std::string::npos);
}

TEST_CASE("a disk that fills up while state is written is an error, not damage", "[snapshot]") {
  // The directory does not exist: the first write fails as it would on a full disk.
  base::MemoryEnv env;
  Table<Owner> table;
  fill(table, 2000);
  FrozenRows frozen = table.state.table().freeze();
  StateFile file{env, "/missing/state", 100};
  auto handle = write_rows(table.info(), frozen, file);
  const Status status = handle.ok() ? file.finish() : handle.status();
  CHECK(status.code() == ErrorCode::not_found);
  CHECK(status.message().find("/missing/state") != std::string::npos);
  table.state.table().release(std::move(frozen));
}

TEST_CASE("schemas that make no sense are refused", "[schema]") {
  for (const char* text :
       {"", "i7", "[i32", "(i32", "(i32/str,u8)", "<str:", "?", "dur:i64:1", "i32*", "i32 ",
        "dur:i64:1/x", "{", "{}", "{a:i32", "{a}", "{:i32}", "{a:i32,}", "{a:i32/b:i32}"}) {
    CAPTURE(text);
    CHECK_FALSE(Schema::parse(text).ok());
  }
  CHECK_FALSE(Schema::parse(std::string(5000, '[')).ok());
}

TEST_CASE("a schema for people reads like the one that is stored", "[schema]") {
  for (const char* text :
       {"[(str,bool)]", "?f64", "(i32/str)", "u16*3", "<str:[i32]>", "<i32>", "dur:i64:1/1000000",
        "ttl:str", "{dur:dur:i64:1/1000,ttl:u8,x:f64,y:[{x:x:money-v1@12}]}", "<{x:i8}:x:a@b@2>",
        "x:mail@home", "x:version@x2", "(x:f64,x:{y})"}) {
    std::string spaceless = Schema::parse(text).value().text();
    std::erase(spaceless, ' ');
    CHECK(spaceless == text);
  }
  CHECK(Schema::parse("<str:{a:i32,b:(u8/bool)}>")->text() == "<str: {a: i32, b: (u8 / bool)}>");
  CHECK(Schema::parse("x:money@12")->version() == 12);
  CHECK(Schema::parse("x:money@12")->codec() == "money");
  CHECK(Schema::parse("x:mail@home")->version() == 1);
}

TEST_CASE("an array of optionals and an optional array have schemas of their own", "[schema]") {
  using Optionals = std::array<std::optional<int>, 2>;
  using Optional = std::optional<std::array<int, 2>>;
  CHECK(schema<Optionals>() == "(?i32)*2");
  CHECK(schema<Optional>() == "?i32*2");
  CHECK(schema<std::array<Optionals, 3>>() == "(?i32)*2*3");
  for (const std::string& text : {schema<Optionals>(), schema<Optional>()})
    CHECK(Schema::parse(text)->text() == text);
  CHECK_FALSE(is_same_layout(schema<Optionals>(), schema<Optional>()));
}

TEST_CASE("a value of any schema can be passed over", "[schema]") {
  struct Named {
    int x = 1;
    std::optional<std::string> ttl;
  };
  using Value = std::tuple<std::vector<std::pair<std::string, bool>>, std::optional<double>,
                           std::variant<int, std::string>, std::array<std::uint16_t, 3>,
                           std::map<std::string, std::vector<int>>, std::set<int>,
                           std::chrono::nanoseconds, weir::detail::Expiring<std::string>, Named,
                           std::array<std::optional<std::string>, 3>,
                           std::optional<std::array<int, 2>>, std::optional<std::array<int, 2>>>;
  const Value value{{{"a", true}, {"b", false}},
                    1.5,
                    "text",
                    {1, 2, 3},
                    {{"k", {1, 2}}},
                    {4},
                    {},
                    {5, "x"},
                    {},
                    {std::nullopt, "y", std::nullopt},
                    {},
                    {{6, 7}}};
  ByteWriter out;
  encode(value, out);
  out.put(std::uint8_t{99});
  const Bytes bytes = out.take();
  ByteReader in{bytes};
  Schema::parse(schema<Value>()).value().skip(in);
  CHECK(in.get<std::uint8_t>() == 99);
  CHECK((in.ok() && in.at_end()));
}
