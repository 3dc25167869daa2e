#include "runtime/ha/zookeeper_store.hpp"

#include "test/runtime/ha/store_contract.hpp"
#include "test/runtime/ha/zookeeper_server.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

class Place final : public test::StorePlace {
public:
  Place(const std::string& quorum, std::string cluster) : cluster_{std::move(cluster)} {
    options.quorum = quorum;
    options.session_timeout = 2s;
  }

  std::unique_ptr<HaStore> open(const std::string&) override {
    return std::make_unique<ZooKeeperStore>(options, cluster_);
  }
  void kill(std::unique_ptr<HaStore>& store) override { store.reset(); }

  HaOptions::ZooKeeper options;

private:
  std::string cluster_;
};

/// Looks until `f` says that what is seen will do.
template <class F>
void look_until(HaStore& store, F f) {
  constexpr int kLooksMax = 1'000'000;
  for (int i = 0; i < kLooksMax; ++i) {
    if (const auto seen = store.look(Viewer::candidate); seen.ok() && f(*seen)) return;
  }
  FAIL("what was waited for has not come");
}

Result<LeaderEpoch> claim(HaStore& store) {
  const auto seen = store.look(Viewer::candidate);
  return seen.ok() ? store.claim("host:1", seen->newest) : seen.status();
}

/// Leads, freezes itself, and tries to change a record when it is let go. Returns what became of
/// it as an exit code.
int frozen_leader(const HaOptions::ZooKeeper& options) {
  ZooKeeperStore store{options, "frozen"};
  const auto epoch = claim(store);
  if (!epoch.ok() || !store.create(*epoch, Folder::jobs, "job", "old").ok()) return 100;
  std::raise(SIGSTOP);
  return static_cast<int>(store.update(*epoch, Folder::jobs, "job", "late").code());
}

}  // namespace

TEST_CASE("the leader store in ZooKeeper keeps the contract", "[zookeeper]") {
  static test::ZooKeeperServer server;
  for (const test::StoreProperty& property : test::store_properties()) {
    DYNAMIC_SECTION(property.sentence) {
      static int clusters = 0;
      Place place{server.address(), "cluster-" + std::to_string(++clusters)};
      property.check(place);
    }
  }
}

TEST_CASE("a leader that ZooKeeper has given up changes nothing, even if it does not know",
          "[zookeeper]") {
  test::ZooKeeperServer server;
  Place place{server.address(), "frozen"};
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(frozen_leader(place.options));
  int how = 0;
  REQUIRE(::waitpid(child, &how, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(how));
  const auto next = place.open("next");
  look_until(*next, [](const Sighting& seen) { return seen.is_free; });
  const auto epoch = claim(*next);
  REQUIRE(epoch.ok());
  REQUIRE(next->update(*epoch, Folder::jobs, "job", "new").ok());
  REQUIRE(::kill(child, SIGCONT) == 0);
  REQUIRE(::waitpid(child, &how, 0) == child);
  REQUIRE(WIFEXITED(how));
  const auto code = static_cast<ErrorCode>(WEXITSTATUS(how));
  CAPTURE(to_string(code));
  // It learns that its session is over, or that its connection is.
  CHECK((code == ErrorCode::fenced || code == ErrorCode::unavailable ||
         code == ErrorCode::unknown_outcome));
  CHECK(next->read(Folder::jobs, "job").value() == "new");
}

TEST_CASE("a leader whose node is gone while its session lives is fenced", "[zookeeper]") {
  test::ZooKeeperServer server;
  Place place{server.address(), "cluster"};
  const auto old = place.open("old");
  const auto before = claim(*old);
  REQUIRE(before.ok());
  REQUIRE(old->create(*before, Folder::jobs, "job", "old").ok());
  // As an operator might: deletes the node from outside.
  test::delete_node(server.address(), "/weir/cluster/election/c-0000000000");
  const auto next = place.open("next");
  const auto now = claim(*next);
  REQUIRE(now.ok());
  CHECK(*now > *before);
  SECTION("when it changes a record") {
    CHECK(old->update(*before, Folder::jobs, "job", "late").code() == ErrorCode::fenced);
  }
  SECTION("when it removes one that is not there") {
    CHECK(old->remove(*before, Folder::jobs, "other").code() == ErrorCode::fenced);
  }
  SECTION("when it beats") {
    CHECK(old->beat(*before).code() == ErrorCode::fenced);
  }
  CHECK(next->read(Folder::jobs, "job").value() == "old");
}

TEST_CASE("a ZooKeeper that is down is unavailable, never empty, and nothing is lost",
          "[zookeeper]") {
  test::ZooKeeperServer server;
  Place place{server.address(), "cluster"};
  REQUIRE(place.open("first")->look(Viewer::follower).ok());  // the server is ready
  place.options.connection_timeout = 1s;
  auto leader = place.open("leader");
  const auto late = place.open("late");
  const auto epoch = claim(*leader);
  REQUIRE(epoch.ok());
  REQUIRE(leader->create(*epoch, Folder::jobs, "job", "x").ok());
  CHECK(leader->create(*epoch, Folder::jobs, "large", std::string(1'000'001, 'x')).code() ==
        ErrorCode::invalid_argument);
  server.stop();
  const auto seen = late->look(Viewer::candidate);  // has never been connected
  REQUIRE(seen.status().code() == ErrorCode::unavailable);
  CHECK(seen.status().message().find("ZooKeeper cannot be reached at " + server.address()) !=
        std::string::npos);
  CHECK(seen.status().message().find("high-availability.zookeeper.quorum") != std::string::npos);
  CHECK(late->claim("host:1", {}).status().code() == ErrorCode::unavailable);
  CHECK(late->list(Folder::jobs).status().code() == ErrorCode::unavailable);
  CHECK(late->read(Folder::jobs, "job").status().code() == ErrorCode::unavailable);
  Status beat;
  for (int i = 0; i < 100 && beat.ok(); ++i) beat = leader->beat(*epoch);
  CHECK_FALSE(beat.ok());
  CHECK_FALSE(leader->create(*epoch, Folder::jobs, "job-2", "x").ok());
  leader.reset();
  server.start();
  place.options.connection_timeout = 15s;
  const auto next = place.open("next");
  look_until(*next, [](const Sighting& s) { return s.is_free; });  // the session has expired
  const auto now = claim(*next);
  REQUIRE(now.ok());
  CHECK(*now > *epoch);
  CHECK(next->list(Folder::jobs).value() == std::vector<std::string>{"job"});
  CHECK(next->read(Folder::jobs, "job").value() == "x");
}

TEST_CASE("a quorum that cannot be read is refused with its option", "[zookeeper]") {
  Place place{"no port here", "cluster"};
  place.options.connection_timeout = 1ms;
  const Status status = place.open("a")->look(Viewer::follower).status();
  CHECK(status.code() == ErrorCode::unavailable);
  CHECK(status.message().find("no port here") != std::string::npos);
}
