#include "runtime/ha/directory_store.hpp"

#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "test/runtime/ha/store_contract.hpp"
#include "test/support/env_over.hpp"
#include "test/support/interleave.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <map>

using namespace weir;
using namespace weir::runtime;

namespace {

class Place final : public test::StorePlace {
public:
  explicit Place(bool on_disk = false) : env{on_disk ? Env::posix() : memory} {
    if (on_disk) {
      std::string pattern = "/tmp/weir-ha-XXXXXX";
      directory = ::mkdtemp(pattern.data());
    }
    REQUIRE(env.create_directories(directory).ok());
  }
  ~Place() override { (void)base::remove_tree(env, directory); }

  std::unique_ptr<HaStore> open(const std::string& owner) override { return open_in(env, owner); }
  std::unique_ptr<HaStore> open_in(Env& over, const std::string& owner) {
    auto store = DirectoryStore::open(over, directory, "cluster", owner);
    REQUIRE(store.ok());
    return std::move(store).value();
  }
  void kill(std::unique_ptr<HaStore>& store) override { store.reset(); }

  std::string path(const std::string& name) const { return directory + "/cluster/" + name; }
  void write(const std::string& name, std::string_view bytes) {
    REQUIRE(env.create(path(name)).value()->append(bytes).ok());
  }

  base::MemoryEnv memory;
  Env& env;
  std::string directory = "/ha";
};

/// Claims without patience.
Result<LeaderEpoch> claim(HaStore& store, const std::string& address) {
  const auto seen = store.look(Viewer::candidate);
  return seen.ok() ? store.claim(address, seen->newest) : seen.status();
}

/// Refuses every change, or every call, as long as it is told to.
class Refusing final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  std::optional<ErrorCode> changes;

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    if (changes) return refusal(path);
    return EnvOver::create(path);
  }
  Status create_directory(const std::string& path) override {
    return changes ? refusal(path) : EnvOver::create_directory(path);
  }
  Status create_directories(const std::string& path) override {
    return changes ? refusal(path) : EnvOver::create_directories(path);
  }

private:
  Status refusal(const std::string& path) const {
    return {*changes, "cannot create " + path + ": refused"};
  }
};

}  // namespace

TEST_CASE("the leader store in a directory keeps the contract", "[ha]") {
  const bool on_disk = GENERATE(false, true);
  for (const test::StoreProperty& property : test::store_properties()) {
    DYNAMIC_SECTION((on_disk ? "on disk: " : "in memory: ") << property.sentence) {
      Place place{on_disk};
      property.check(place);
    }
  }
}

TEST_CASE("a store directory that is missing, full or read-only says so", "[ha]") {
  Place place;
  CHECK(DirectoryStore::open(place.env, "/missing", "c", "a").status().code() ==
        ErrorCode::not_found);
  CHECK(DirectoryStore::open(place.env, "/missing", "c", "a")
            .status()
            .message()
            .find("high-availability.storageDir is no directory: /missing") != std::string::npos);
  CHECK(DirectoryStore::open(place.env, "/ha", "a/b", "a").status().code() ==
        ErrorCode::invalid_argument);
  Refusing env{place.env};
  const auto code = GENERATE(ErrorCode::out_of_space, ErrorCode::permission_denied);
  env.changes = code;
  const auto refused = DirectoryStore::open(env, "/ha", "cluster", "a");
  REQUIRE(refused.status().code() == code);
  CHECK(refused.status().message().find("high-availability.storageDir") != std::string::npos);
  env.changes.reset();
  const auto store = place.open_in(env, "a");
  env.changes = code;
  CHECK(claim(*store, "host:1").status().code() == code);
  env.changes.reset();
  const auto epoch = claim(*store, "host:1");
  REQUIRE(epoch.ok());
  REQUIRE(store->create(*epoch, Folder::jobs, "job", "x").ok());
  env.changes = code;
  CHECK(store->beat(*epoch).code() == code);
  CHECK(store->create(*epoch, Folder::jobs, "job-2", "x").code() == code);
  CHECK(store->update(*epoch, Folder::jobs, "job", "y").code() == code);
  env.changes.reset();  // there is room again: it still leads
  CHECK(store->beat(*epoch).ok());
  CHECK(store->read(Folder::jobs, "job").value() == "x");
}

TEST_CASE("a store directory that vanishes is unavailable, never empty", "[ha]") {
  Place place;
  const auto store = place.open("a");
  const auto epoch = claim(*store, "host:1");
  REQUIRE(store->create(*epoch, Folder::jobs, "job", "x").ok());
  REQUIRE(place.env.rename("/ha", "/elsewhere").ok());
  CHECK(store->list(Folder::jobs).status().code() == ErrorCode::unavailable);
  CHECK(store->list(Folder::jobs).status().message().find("still mounted?") != std::string::npos);
  CHECK(store->read(Folder::jobs, "job").status().code() == ErrorCode::unavailable);
  CHECK(store->read(Folder::jobs, "other").status().code() == ErrorCode::unavailable);
  CHECK_FALSE(store->look(Viewer::candidate).ok());
  const Status beat = store->beat(*epoch);
  CHECK_FALSE(beat.ok());
  CHECK(beat.code() != ErrorCode::fenced);  // nobody else leads
  REQUIRE(place.env.rename("/elsewhere", "/ha").ok());
  CHECK(store->beat(*epoch).ok());
  CHECK(store->read(Folder::jobs, "job").value() == "x");
}

TEST_CASE("a damaged sign of life is none, and the next leader writes it anew", "[ha]") {
  Place place;
  const auto old = place.open("a");
  const auto epoch = claim(*old, "host-a:1");
  REQUIRE(old->beat(*epoch).ok());
  const auto next = place.open("b");
  const std::string sign = next->look(Viewer::candidate)->sign;
  place.write("leader", "garbage");
  place.write("heartbeat", "");  // as after a power cut
  const auto seen = next->look(Viewer::candidate);
  REQUIRE(seen.ok());
  CHECK_FALSE(seen->leader);
  CHECK_FALSE(seen->is_free);
  CHECK(seen->sign != sign);
  CHECK(next->look(Viewer::candidate)->sign == seen->sign);  // so that its patience ends
  const auto now = claim(*next, "host-b:1");
  REQUIRE(now.ok());
  CHECK(next->look(Viewer::follower)->leader == Leader{*now, "host-b:1"});
}

TEST_CASE("a free lock proves a death only if that leader was seen to hold it", "[ha]") {
  /// A machine whose locks are its own.
  class OtherMachine final : public test::EnvOver {
  public:
    using EnvOver::EnvOver;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
      return locks_.lock(path);
    }

  private:
    base::MemoryEnv locks_;
  };
  Place place;
  auto leader = place.open("a");
  const auto epoch = claim(*leader, "host-a:1");
  REQUIRE(leader->beat(*epoch).ok());
  OtherMachine machine{place.env};
  const auto far = place.open_in(machine, "far");
  const auto near = place.open("near");
  CHECK_FALSE(near->look(Viewer::candidate)->is_free);
  leader.reset();
  CHECK(near->look(Viewer::candidate)->is_free);
  CHECK_FALSE(far->look(Viewer::candidate)->is_free);
  CHECK_FALSE(far->look(Viewer::candidate)->is_free);  // has not locked itself out either
}

TEST_CASE("a leader that was frozen in the middle of a change changes nothing when it wakes up",
          "[ha][takeover]") {
  using Change = std::function<Status(HaStore&, LeaderEpoch)>;
  const std::map<std::string, Change> changes{
      {"create",
       [](HaStore& s, LeaderEpoch e) { return s.create(e, Folder::jobs, "new", "old's"); }},
      {"update",
       [](HaStore& s, LeaderEpoch e) { return s.update(e, Folder::jobs, "job", "old's"); }},
      {"remove", [](HaStore& s, LeaderEpoch e) { return s.remove(e, Folder::jobs, "job"); }},
      {"beat", [](HaStore& s, LeaderEpoch e) { return s.beat(e); }},
      {"resign", [](HaStore& s, LeaderEpoch e) {
         s.resign(e);
         return Status{};
       }}};
  for (const auto& entry : changes) {
    const std::string& name = entry.first;
    const Change& change = entry.second;
    for (std::uint64_t i = 0; i < 20; ++i) {
      for (std::uint64_t j = 0; j < 60; ++j) {
        CAPTURE(name, i, j);
        Place place;
        const auto setup = [](HaStore& store) {
          const auto epoch = claim(store, "host-a:1");
          (void)store.beat(*epoch);
          (void)store.create(*epoch, Folder::jobs, "job", "first");
          return *epoch;
        };
        static const std::uint64_t calls_before = [&] {
          Place other;
          std::uint64_t n = 0;
          test::Process process{other.env, [&](Env& env) { setup(*other.open_in(env, "a")); }};
          while (!process.run(1)) ++n;
          return n + 1;
        }();
        Status believed;
        test::Process old{place.env, [&](Env& env) {
                            const auto store = place.open_in(env, "a");
                            const LeaderEpoch epoch = setup(*store);
                            believed = change(*store, epoch);
                          }};
        old.run(calls_before + i);
        Result<LeaderEpoch> now = Status{ErrorCode::unavailable, "not yet"};
        std::string job, made;
        test::Process next{place.env, [&](Env& env) {
                             const auto store = place.open_in(env, "b");
                             now = claim(*store, "host-b:1");
                             if (!now.ok()) return;
                             job = store->read(Folder::jobs, "job").ok()
                                       ? *store->read(Folder::jobs, "job")
                                       : "none";
                             made = store->read(Folder::jobs, "new").ok() ? "made" : "none";
                           }};
        next.run(j);
        old.run(2);
        next.run_to_end();
        old.run_to_end();
        REQUIRE(now.ok());
        const auto check = place.open("c");
        const auto after = check->read(Folder::jobs, "job");
        CHECK((after.ok() ? *after : "none") == job);
        CHECK((check->read(Folder::jobs, "new").ok() ? "made" : "none") == made);
        CHECK(check->look(Viewer::follower)->leader == Leader{*now, "host-b:1"});
        if (believed.ok() && name == "create") CHECK(made == "made");
        if (believed.ok() && name == "update") CHECK(job == "old's");
        if (believed.ok() && name == "remove") CHECK(job == "none");
      }
    }
  }
}
