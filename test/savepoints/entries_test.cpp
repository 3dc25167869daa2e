// Savepoints that programs write, change and read, without a job.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "test/support/collect.hpp"
#include "test/support/env_over.hpp"

#include <weir/savepoints.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::savepoints;
using base::MemoryEnv;
using Catch::Contains;

namespace {

const test::StoppedClock kClock;

void require_ok(const Status& status) {
  INFO(status.message());
  REQUIRE(status.ok());
}

SavepointWriter writer_at(const std::string& path, Env& env,
                          const SavepointWriterOptions& options = {.max_parallelism = 16,
                                                                   .parallelism = 2}) {
  auto writer = SavepointWriter::create(path, options, env);
  require_ok(writer.status());
  return std::move(writer).value();
}

/// All records of a source, sorted.
template <class T>
std::vector<T> read_sorted(const Source<T>& source, Env& env) {
  auto all = test::read_all(source, SourceContext{env, kClock, 1});
  std::sort(all.begin(), all.end());
  return all;
}

template <class T>
Status list_error(const Source<T>& source, Env& env) {
  return source.factory()->list(SourceContext{env, kClock, 1}).status();
}

auto scores(const std::string& path) {
  return entries<std::string>(path, "users", value_state<double>("score"));
}
auto visits(const std::string& path, const std::string& op = "users",
            const std::string& state = "visits") {
  return entries<std::string>(path, op, list_state<int>(state));
}
auto limits(const std::string& path) {
  return entries<std::string>(path, "users", map_state<int, std::string>("limits"));
}

using Score = std::pair<std::string, double>;
using Visits = std::pair<std::string, std::vector<int>>;
using Limits = std::pair<std::string, std::map<int, std::string>>;

/// Two operators, one with three states of which not all keys have all. Larger than what is
/// inlined.
void write_users(const std::string& path, Env& env) {
  SavepointWriter writer = writer_at(path, env);
  auto users =
      writer.keyed<std::string>("users", value_state<double>("score"), list_state<int>("visits"),
                                map_state<int, std::string>("limits"));
  users.put("a", 1.5, {{1, 2}}, {{{7, "x"}}});
  users.put("b", std::nullopt, {{3}}, std::nullopt);
  users.put("c", 2.5, std::vector<int>{}, std::nullopt);
  users.put("d", 9.5, std::nullopt, std::nullopt);
  users.put("d", std::nullopt, std::nullopt, std::nullopt);  // takes it back
  users.put("e", 0.5, {std::vector<int>(20'000, 8)}, std::nullopt);
  auto counts = writer.keyed<int>("counts", accumulators<std::int64_t>("accumulator"));
  for (int i = 0; i < 100; ++i) counts.put(i, i * i);
  require_ok(writer.publish());
}

const std::vector<Score> kScores{{"a", 1.5}, {"c", 2.5}, {"e", 0.5}};
const std::vector<Visits> kVisits{{"a", {1, 2}}, {"b", {3}}, {"e", std::vector<int>(20'000, 8)}};

std::map<std::string, Bytes> files_in(Env& env, const std::string& directory) {
  std::map<std::string, Bytes> files;
  for (const DirectoryEntry& entry : env.list(directory).value())
    files[entry.name] = base::read_file(env, directory + "/" + entry.name).value();
  return files;
}

/// Files with state, without what is in the metadata.
std::vector<std::string> state_files(const std::string& directory, Env& env) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files_in(env, directory)) {
    if (name != "_metadata") names.push_back(name);
  }
  return names;
}

void flip_byte(Env& env, const std::string& path, std::size_t at) {
  Bytes bytes = base::read_file(env, path).value();
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
  test::write_file(env, path, bytes);
}

/// Reads splits of a source piece by piece, each piece with a reader of its own.
template <class T>
std::vector<T> read_in_pieces(const Source<T>& source, Env& env, base::Random& random) {
  const SourceContext context{env, kClock, 1};
  std::vector<T> all;
  for (const Split& split : source.factory()->list(context).value()) {
    std::optional<Bytes> from;
    do {
      auto run = test::read_split(source, split, from, context, 1 + random.below(40));
      require_ok(run.status);
      all.insert(all.end(), run.records.begin(), run.records.end());
      from = run.position;
    } while (from);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("what a program writes is listed and read back", "[savepoints]") {
  MemoryEnv env;
  write_users("file:///sp/first", env);
  const auto opened = Savepoint::open("/sp/first/_metadata", env);
  require_ok(opened.status());
  CHECK(opened->path == "/sp/first");
  CHECK(opened->job == "written");
  CHECK(opened->max_parallelism == 16);
  REQUIRE(opened->operators.size() == 2);
  const SavepointOperator& users = opened->operators[1];
  CHECK(users.name == "users");
  CHECK(users.key_schema == "str");
  CHECK(users.parallelism == 2);
  CHECK(users.bytes > 80'000);
  REQUIRE(users.states.size() == 3);
  CHECK(users.states[2].name == "limits");
  CHECK(users.states[2].kind == "MapState");
  CHECK(users.states[2].schema == "<i32:str>");

  CHECK(read_sorted(scores("/sp/first"), env) == kScores);
  CHECK(read_sorted(visits("/sp/first"), env) == kVisits);
  CHECK(read_sorted(limits("/sp/first"), env) == std::vector<Limits>{{"a", {{7, "x"}}}});
  const auto counts = read_sorted(
      entries<int>("/sp/first", "counts", accumulators<std::int64_t>("accumulator")), env);
  REQUIRE(counts.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(counts[static_cast<std::size_t>(i)].second == i * i);
}

namespace {

/// Sees all states of a key.
struct Sums final : KeyedReader<std::string, std::pair<std::string, double>> {
  explicit Sums(double times) : factor{times} {}
  void read(const std::string& key, Emit<std::pair<std::string, double>>& out) override {
    double sum = score.value_or(0);
    for (const int visit : visits.get()) sum += visit;
    out.emplace(key, factor * sum);
    score.set(1000);  // forgotten
    visits.clear();
  }
  double factor;
  ListState<int> visits{*this, "visits"};
  ValueState<double> score{*this, "score"};
};

}  // namespace

TEST_CASE("a reader sees all states of a key at once", "[savepoints]") {
  MemoryEnv env;
  write_users("/sp", env);
  CHECK(read_sorted(read<Sums>("/sp", "users", 2.0), env) ==
        std::vector<Score>{{"a", 9}, {"b", 6}, {"c", 5}, {"e", 320'001}});
}

TEST_CASE("any savepoint is read in full, whatever its shape and wherever reading stops",
          "[savepoints]") {
  base::Random random{7};
  for (int round = 0; round < 12; ++round) {
    MemoryEnv env;
    const auto max = static_cast<std::uint32_t>(1 + random.below(round % 4 == 0 ? 2000 : 40));
    const auto parallelism = static_cast<std::uint32_t>(1 + random.below(std::min(max, 8U)));
    CAPTURE(round, max, parallelism);
    std::map<std::uint64_t, std::string> expected;
    SavepointWriter writer =
        writer_at("/sp", env, {.max_parallelism = max, .parallelism = parallelism});
    auto rows = writer.keyed<std::uint64_t>("rows", value_state<std::string>("text"));
    for (std::size_t i = random.below(3000); i != 0; --i) {
      const std::uint64_t key = random.below(2000);
      expected[key] = std::string(random.below(200), 'x') + std::to_string(i);
      rows.put(key, expected[key]);
    }
    require_ok(writer.publish());
    const auto source = entries<std::uint64_t>("/sp", "rows", value_state<std::string>("text"));
    const std::vector<std::pair<std::uint64_t, std::string>> all{expected.begin(), expected.end()};
    CHECK(read_sorted(source, env) == all);
    CHECK(read_in_pieces(source, env, random) == all);
  }
}

TEST_CASE("what has expired when the savepoint is begun is not shown", "[savepoints]") {
  MemoryEnv env;
  SavepointWriter writer = writer_at("/sp", env);
  auto users =
      writer.keyed<int>("users", value_state<int>("last", ttl(1h)), list_state<int>("all", ttl(1h)),
                        map_state<int, int>("map", ttl(1h)));
  users.put(1, 5, {{6, 7}}, {{{8, 9}}});
  require_ok(writer.publish());
  using Value = std::pair<int, int>;
  CHECK(read_sorted(entries<int>("/sp", "users", value_state<int>("last", ttl(1h))), env) ==
        std::vector<Value>{{1, 5}});
  using List = std::pair<int, std::vector<int>>;
  CHECK(read_sorted(entries<int>("/sp", "users", list_state<int>("all", ttl(1h))), env) ==
        std::vector<List>{{1, {6, 7}}});
  using Map = std::pair<int, std::map<int, int>>;
  CHECK(read_sorted(entries<int>("/sp", "users", map_state<int, int>("map", ttl(1h))), env) ==
        std::vector<Map>{{1, {{8, 9}}}});
  // The same state with a life that is over before the savepoint was complete.
  CHECK(read_sorted(entries<int>("/sp", "users", value_state<int>("last", ttl(0ms))), env).empty());
  CHECK_THAT(list_error(entries<int>("/sp", "users", value_state<int>("last")), env).message(),
             Contains("written as ttl:i32") && Contains("i32"));
}

TEST_CASE("a source of other names or types is refused with what there is", "[savepoints]") {
  MemoryEnv env;
  write_users("/sp", env);
  const auto message = [&](const auto& source) {
    const Status status = list_error(source, env);
    CHECK_FALSE(status.ok());
    CHECK_THAT(status.message(), Contains("/sp"));
    return status.message();
  };
  CHECK_THAT(message(visits("/sp", "none")), Contains("\"none\"; it has counts, users"));
  CHECK_THAT(message(visits("/sp", "users", "none")), Contains("\"none\"; it has score, visits, "));
  CHECK_THAT(message(entries<int>("/sp", "users", list_state<int>("visits"))),
             Contains("written as str") && Contains("i32"));
  CHECK_THAT(message(entries<std::string>("/sp", "users", list_state<long>("visits"))),
             Contains("written as [i32]") && Contains("[i64]"));
  CHECK_THAT(message(entries<std::string>("/sp", "users", reduced_values<double>("score"))),
             Contains("written as ValueState") && Contains("ReducingState"));
  CHECK_THAT(message(visits("/sp/none")), Contains("/sp/none"));
  for (const std::string split : {"7:0-3", "0:1", "other"}) {
    const SourceContext context{env, kClock, 1};
    const Status status = test::read_split(visits("/sp"), {split}, std::nullopt, context).status;
    CHECK(status.code() == ErrorCode::failed_precondition);
    CHECK_THAT(status.message(), Contains("split " + split + " is not in /sp"));
  }
  const std::string file = "/sp/" + state_files("/sp", env).at(0);
  require_ok(env.remove_file(file));
  CHECK_THAT(message(visits("/sp")), Contains(file));
}

TEST_CASE("damaged state is not read, and the file is named", "[savepoints]") {
  {
    MemoryEnv env;
    write_users("/sp", env);
    const std::string file = "/sp/" + state_files("/sp", env).at(0);
    flip_byte(env, file, 30);
    CHECK_THROWS_WITH(read_sorted(visits("/sp"), env), Contains(file + " is damaged at byte"));
    const auto edited = edit("/sp", "/new", {.drop = {{"users", "score"}}}, env);
    CHECK(edited.status().code() == ErrorCode::corrupt);
    CHECK_THAT(edited.status().message(), Contains(file + " is damaged at byte"));
    CHECK_FALSE(env.stat("/new").ok());
  }
  MemoryEnv env;
  write_users("/sp", env);
  flip_byte(env, "/sp/_metadata", 60);
  CHECK_THAT(list_error(visits("/sp"), env).message(), Contains("/sp/_metadata"));
  CHECK(Savepoint::open("/sp", env).status().code() == ErrorCode::corrupt);
  CHECK(edit("/sp", "/new", {}, env).status().code() == ErrorCode::corrupt);
  flip_byte(env, "/sp/_metadata", 60);
  flip_byte(env, "/sp/_metadata", 8);  // the version
  CHECK(Savepoint::open("/sp", env).status().code() == ErrorCode::failed_precondition);
}

TEST_CASE("an edited savepoint has what its edits say, and the old one is as it was",
          "[savepoints]") {
  MemoryEnv env;
  write_users("/sp", env);
  const auto before = files_in(env, "/sp");
  const Edits edits{.drop = {{"users", "score"}, {"counts"}},
                    .rename = {{{"users"}, "people"}, {{"users", "visits"}, "score"}}};
  const auto done = edit("/sp", "file:///new/one", edits, env);
  require_ok(done.status());
  CHECK(done->size() == 4);
  CHECK(files_in(env, "/sp") == before);

  const auto opened = Savepoint::open("/new/one", env);
  require_ok(opened.status());
  REQUIRE(opened->operators.size() == 1);
  CHECK(opened->operators[0].name == "people");
  CHECK(opened->operators[0].states.size() == 2);
  CHECK(read_sorted(visits("/new/one", "people", "score"), env) == kVisits);
  CHECK_THAT(list_error(visits("/new/one", "people"), env).message(),
             Contains("it has score, limits"));
  // It can be edited again, down to one state.
  require_ok(edit("/new/one", "/new/two", {.drop = {{"people", "limits"}}}, env).status());
  CHECK(read_sorted(visits("/new/two", "people", "score"), env) == kVisits);
}

TEST_CASE("an edited savepoint needs no other directory, by links or by copies", "[savepoints]") {
  /// Another file system is one to which nothing can be linked.
  class NoLinks final : public test::EnvOver {
  public:
    using EnvOver::EnvOver;
    Status link(const std::string&, const std::string&) override {
      return {ErrorCode::failed_precondition, "another file system"};
    }
  };
  for (const bool has_links : {true, false}) {
    MemoryEnv disk;
    NoLinks none{disk};
    Env& env = has_links ? static_cast<Env&>(disk) : none;
    write_users("/sp", env);
    std::vector<std::string> steps;
    require_ok(
        edit("/sp", "/new", {.rename = {{{"counts"}, "sums"}}}, env, [&](const std::string& step) {
          steps.push_back(step);
        }).status());
    CHECK(steps.empty() == has_links);
    disk.crash();
    require_ok(base::remove_tree(env, "/sp"));
    CHECK(read_sorted(visits("/new"), env) == kVisits);
    CHECK(read_sorted(scores("/new"), env) == kScores);
  }
}

TEST_CASE("state is taken out of one savepoint into another", "[savepoints]") {
  MemoryEnv env;
  write_users("/sp", env);
  SavepointWriter writer = writer_at("/other", env);
  auto users = writer.keyed<std::string>("users", value_state<double>("score"));
  users.put("new", 7);
  require_ok(writer.publish());
  require_ok(edit("/sp", "/new", {.take = {{"users", "/other"}}}, env).status());
  require_ok(base::remove_tree(env, "/other"));
  CHECK(read_sorted(scores("/new"), env) == std::vector<Score>{{"new", 7}});
  CHECK(read_sorted(entries<int>("/new", "counts", accumulators<std::int64_t>("accumulator")), env)
            .size() == 100);
}

TEST_CASE("what cannot be written leaves nothing behind", "[savepoints]") {
  /// A disk without room for some files.
  class Full final : public test::EnvOver {
  public:
    using EnvOver::EnvOver;
    Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
      if (path.find(part) == std::string::npos) return EnvOver::create(path);
      return Status{ErrorCode::out_of_space, "no room for " + path};
    }
    std::string part = "nothing";
  };
  MemoryEnv disk;
  Full env{disk};
  write_users("/sp", env);
  for (const std::string part : {"_metadata", "edited-"}) {
    env.part = "/new/" + part;
    const auto done = edit("/sp", "/new", {.drop = {{"users", "score"}}}, env);
    CHECK(done.status().code() == ErrorCode::out_of_space);
    CHECK_THAT(done.status().message(), Contains("no room for /new/" + part));
    CHECK_FALSE(disk.stat("/new").ok());
  }
  for (const std::string part : {"_metadata", "rows-"}) {
    env.part = "/new/" + part;
    SavepointWriter writer = writer_at("/new", env);
    auto rows = writer.keyed<int>("rows", value_state<std::string>("text"));
    rows.put(1, std::string(100'000, 'x'));
    CHECK_THAT(writer.publish().message(), Contains("no room for /new/" + part));
  }
  CHECK_FALSE(disk.stat("/new").ok());
}

TEST_CASE("nothing is overwritten, and a writer is told what makes no sense", "[savepoints]") {
  MemoryEnv env;
  write_users("/sp", env);
  const auto before = files_in(env, "/sp");
  const auto onto = edit("/sp", "/sp", {}, env);
  CHECK(onto.status().code() == ErrorCode::already_exists);
  CHECK_THAT(onto.status().message(), Contains("/sp exists") && Contains("name a new directory"));
  CHECK(SavepointWriter::create("/sp", {}, env).status().code() == ErrorCode::already_exists);
  CHECK(files_in(env, "/sp") == before);

  const auto refused = [&](const SavepointWriterOptions& options) {
    return SavepointWriter::create("/new", options, env).status().message();
  };
  CHECK_THAT(refused({.max_parallelism = 0}), Contains("outside of 1 to 32768"));
  CHECK_THAT(refused({.max_parallelism = 40'000}), Contains("max parallelism 40000"));
  CHECK_THAT(refused({.max_parallelism = 4, .parallelism = 5}), Contains("parallelism 5"));
  CHECK_THAT(refused({.memory_bytes = 1 << 20}), Contains("8 MiB"));
  const auto published = [&](const std::string& first, const std::string& second,
                             const std::string& state) {
    SavepointWriter writer = writer_at("/new", env);
    (void)writer.keyed<int>(first, value_state<int>("a"), value_state<int>(state));
    (void)writer.keyed<int>(second, value_state<int>("a"));
    return writer.publish().message();
  };
  CHECK_THAT(published("a", "a", "b"), Contains("operator \"a\" is added twice"));
  CHECK_THAT(published("a", "b", "a"), Contains("two states \"a\""));
  CHECK_THAT(published("a", "b/", "c"), Contains("\"b/\"; use 1 to 100 letters"));
  CHECK_FALSE(env.stat("/new").ok());
}
