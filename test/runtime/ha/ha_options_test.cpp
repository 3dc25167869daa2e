#include "runtime/ha/ha_options.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::runtime;

namespace {

HaOptions parse(const std::vector<std::pair<std::string, std::string>>& settings) {
  HaOptions options;
  for (const auto& [key, value] : settings)
    REQUIRE(set_ha_option(options, "high-availability." + key, value).ok());
  return options;
}

std::string refusal(const std::string& key, const std::string& value) {
  HaOptions options;
  const Status status = set_ha_option(options, key, value);
  CHECK(status.code() == ErrorCode::invalid_argument);
  return status.message();
}

}  // namespace

TEST_CASE("the options of a leader store have Flink's names", "[ha]") {
  const HaOptions options = parse({{"type", "ZooKeeper"},
                                   {"storageDir", "file:///share/ha"},
                                   {"cluster-id", "/blue"},
                                   {"zookeeper.quorum", "a:2181,b:2181"},
                                   {"zookeeper.path.root", "/flink"},
                                   {"zookeeper.client.session-timeout", "12 s"},
                                   {"zookeeper.client.connection-timeout", "3 s"}});
  CHECK(options.type == HaOptions::Type::zookeeper);
  CHECK(options.storage == "/share/ha");
  CHECK(options.cluster_id == "blue");
  CHECK(options.zookeeper.quorum == "a:2181,b:2181");
  CHECK(options.zookeeper.root == "/flink");
  CHECK(options.zookeeper.session_timeout == 12s);
  CHECK(options.zookeeper.connection_timeout == 3s);
  CHECK(check_ha_options(options).ok());
  CHECK(election_times(options).step_down == 8s);
  CHECK(ha_option_keys().size() == 9);
}

TEST_CASE("the times of a directory store leave a leader time to step down", "[ha]") {
  HaOptions options = parse({{"type", "directory"}, {"storageDir", "/share"}});
  CHECK(check_ha_options(options).ok());
  CHECK(election_times(options).heartbeat == 500ms);
  CHECK(election_times(options).step_down == 2s);
  CHECK(election_times(options).takeover == 3s);
  REQUIRE(set_ha_option(options, "high-availability.directory.heartbeat-interval", "1 s").ok());
  CHECK(check_ha_options(options).message().find("at least 4.5 times") != std::string::npos);
  REQUIRE(set_ha_option(options, "high-availability.directory.takeover-timeout", "10 s").ok());
  CHECK(check_ha_options(options).ok());
}

TEST_CASE("options of a leader store that are wrong are refused with the cure", "[ha]") {
  using Catch::Matchers::Contains;
  CHECK_THAT(refusal("high-availability.type", "kubernetes"),
             Contains("none of none, directory, zookeeper"));
  CHECK_THAT(refusal("high-availability.storagedir", "/x"),
             Contains("did you mean high-availability.storageDir?"));
  CHECK_THAT(refusal("high-availability.cluster-id", "a/b"), Contains("cannot name a record"));
  CHECK_THAT(refusal("high-availability.directory.takeover-timeout", "0 s"),
             Contains("is not above 0"));
  CHECK_THAT(refusal("high-availability.directory.takeover-timeout", "soon"),
             Contains("high-availability.directory.takeover-timeout"));
  CHECK(check_ha_options(parse({})).ok());
  CHECK_THAT(check_ha_options(parse({{"type", "directory"}})).message(),
             Contains("high-availability.storageDir is not set"));
  CHECK_THAT(check_ha_options(parse({{"type", "zookeeper"}})).message(),
             Contains("high-availability.zookeeper.quorum is not set"));
  CHECK_THAT(check_ha_options(parse({{"type", "zookeeper"},
                                     {"zookeeper.quorum", "a:1"},
                                     {"zookeeper.path.root", "weir"}}))
                 .message(),
             Contains("does not begin with \"/\""));
}
