#include "base/claim.hpp"

#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/paths.hpp"
#include "base/random.hpp"
#include "test/support/interleave.hpp"
#include "test/support/swarm.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

using namespace weir;
using namespace weir::base;
using test::Process;

namespace {

/// A directory to claim: in memory, or on the disk.
struct Place {
  explicit Place(bool on_disk) : env{on_disk ? Env::posix() : memory} {
    if (on_disk) {
      std::string pattern = "/tmp/weir-claim-XXXXXX";
      directory = ::mkdtemp(pattern.data());
    }
    REQUIRE(env.create_directories(directory).ok());
  }
  ~Place() { (void)remove_tree(env, directory); }

  std::string path(const std::string& name) const { return join_path(directory, name); }
  std::string read(const std::string& name) const {
    const auto bytes = read_file(env, path(name));
    return bytes.ok() ? *bytes : "(none)";
  }
  std::unique_ptr<Claim> take(const std::string& owner,
                              std::optional<std::uint64_t> term = {}) const {
    auto claim = Claim::take(env, directory, owner, term);
    REQUIRE(claim.ok());
    return std::move(claim).value();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : env.list(directory).value()) all.push_back(entry.name);
    return all;
  }

  MemoryEnv memory;
  Env& env;
  std::string directory = "/place";
};

}  // namespace

TEST_CASE("a claim is needed to change, and the next claim takes it away", "[claim]") {
  Place place{GENERATE(false, true)};
  auto first = place.take("a");
  REQUIRE(first->write(place.path("file"), "one").ok());
  REQUIRE(first->write(place.path("file"), "two").ok());
  REQUIRE(first->create_directory(place.path("folder")).ok());
  REQUIRE(first->write(place.path("folder/inner"), "x").ok());
  CHECK(place.read("file") == "two");
  CHECK(first->check().ok());
  const auto staged = first->stage(place.path("late"), "late");
  REQUIRE(staged.ok());

  auto second = place.take("b");
  CHECK(second->number() > first->number());
  CHECK(first->check().code() == ErrorCode::fenced);
  CHECK(first->move_to(*staged, place.path("late")).code() == ErrorCode::fenced);
  CHECK(first->stage(place.path("late"), "late").status().code() == ErrorCode::fenced);
  CHECK(first->write(place.path("file"), "three").code() == ErrorCode::fenced);
  CHECK(first->create_directory(place.path("other")).code() == ErrorCode::fenced);
  CHECK(first->remove(place.path("file")).code() == ErrorCode::fenced);
  CHECK(first->remove(place.path("folder")).code() == ErrorCode::fenced);
  CHECK(first->remove(place.path("missing")).code() == ErrorCode::fenced);
  CHECK(place.names() == std::vector<std::string>{"claim-0-2.b", "file", "folder"});
  CHECK(place.read("file") == "two");
  CHECK(place.read("folder/inner") == "x");
}

TEST_CASE("what is removed is gone with everything in it", "[claim]") {
  Place place{GENERATE(false, true)};
  auto claim = place.take("a");
  REQUIRE(claim->create_directory(place.path("folder")).ok());
  REQUIRE(claim->write(place.path("folder/inner"), "x").ok());
  REQUIRE(claim->remove(place.path("folder")).ok());
  REQUIRE(claim->remove(place.path("folder")).ok());
  REQUIRE(claim->write(place.path("file"), "x").ok());
  REQUIRE(claim->remove(place.path("file"), Durability::visible).ok());
  CHECK(place.names() == std::vector<std::string>{"claim-0-1.a"});
  CHECK(place.env.list(place.path("claim-0-1.a")).value().empty());
}

TEST_CASE("errors other than a lost claim keep their code", "[claim]") {
  Place place{GENERATE(false, true)};
  auto claim = place.take("a");
  CHECK(claim->write(place.path("no/such"), "x").code() == ErrorCode::not_found);
  REQUIRE(claim->create_directory(place.path("folder")).ok());
  REQUIRE(claim->write(place.path("folder/inner"), "x").ok());
  CHECK(claim->create_directory(place.path("folder")).code() == ErrorCode::already_exists);
  CHECK_FALSE(claim->write(place.path("folder"), "x").ok());
  CHECK(place.read("folder/inner") == "x");
  CHECK(Claim::take(place.env, place.path("missing"), "a").status().code() == ErrorCode::not_found);
}

TEST_CASE("a place that is gone is no lost claim", "[claim]") {
  Place place{GENERATE(false, true)};
  auto claim = place.take("a");
  REQUIRE(remove_tree(place.env, place.directory).ok());
  CHECK(claim->check().code() == ErrorCode::not_found);
  CHECK(claim->write(place.path("file"), "x").code() == ErrorCode::not_found);
  CHECK(claim->remove(place.path("file")).code() == ErrorCode::not_found);
}

TEST_CASE("a term that is over cannot claim any more", "[claim]") {
  Place place{GENERATE(false, true)};
  CHECK(Claim::newest(place.env, place.directory).value() == ClaimNumber{});
  REQUIRE(place.take("a", 5)->number() == ClaimNumber{5, 0});
  CHECK(place.take("a", 5)->number() == ClaimNumber{5, 1});  // once more in the same term
  CHECK(place.take("b")->number() == ClaimNumber{5, 2});
  REQUIRE(place.take("c", 12)->number() == ClaimNumber{12, 0});
  const auto late = Claim::take(place.env, place.directory, "a", 11);
  REQUIRE(late.status().code() == ErrorCode::fenced);
  CHECK(late.status().message().find("term 12") != std::string::npos);
  CHECK(Claim::newest(place.env, place.directory).value() == ClaimNumber{12, 0});
  for (const std::uint64_t term : {11U, 12U})
    CHECK(Claim::take_first(place.env, place.directory, "a", term).status().code() ==
          ErrorCode::failed_precondition);
  CHECK(Claim::take_first(place.env, place.directory, "a", 13).value()->number() ==
        ClaimNumber{13, 0});
}

TEST_CASE("names that only look like claims are left alone", "[claim]") {
  Place place{GENERATE(false, true)};
  for (const char* name : {"claim-", "claim-1", "claim-1-2", "claim-x-2.a", "claim-1-.a", "claims"})
    REQUIRE(place.env.create_directory(place.path(name)).ok());
  CHECK(place.take("a")->number() == ClaimNumber{0, 1});
  CHECK(place.names().size() == 7);
}

TEST_CASE("of several that claim at the same time one can write, whatever the order",
          "[claim][swarm]") {
  test::for_each_seed(1000, [](std::uint64_t seed) {
    CAPTURE(seed);
    Random random{seed};
    Place place{false};
    std::unique_ptr<Claim> claims[3];
    const bool has_terms = random.chance(0.3);
    {
      std::vector<std::unique_ptr<Process>> processes;
      for (std::size_t i = 0; i < std::size(claims); ++i) {
        const auto term = has_terms ? std::optional{i / 2 + 1} : std::nullopt;
        processes.push_back(
            std::make_unique<Process>(place.env, [&claims, &place, i, term](Env& env) {
              const std::string owner(1, static_cast<char>('a' + i));
              for (int n = 0; n < 2; ++n) {
                auto claim = Claim::take(env, place.directory, owner, term);
                if (claim.ok()) claims[i] = std::move(claim).value();
              }
            }));
      }
      for (int i = 0; i < 40; ++i) processes[random.below(3)]->run(random.below(6));
      for (auto& process : processes) process->run_to_end();
      // Nobody claims any more, but all who were told that they hold it still try to write.
      ClaimNumber greatest;
      for (const auto& claim : claims) {
        if (claim) greatest = std::max(greatest, claim->number());
      }
      std::size_t writers = 0;
      for (const auto& claim : claims) {
        if (!claim) continue;
        const std::string mark = std::to_string(writers) + std::to_string(claim->number().turn);
        const bool writes = claim->write(place.path("mark"), mark).ok();
        CHECK(writes == (place.read("mark") == mark));
        CHECK(writes == (claim->number() == greatest));
        writers += writes ? 1 : 0;
      }
      CHECK(writers == 1);
    }
    return test::Figures{.plans = 1};
  });
}
