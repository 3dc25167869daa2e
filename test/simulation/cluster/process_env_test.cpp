#include "simulation/process_env.hpp"

#include "base/memory_env.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using simulation::ProcessEnv;

TEST_CASE("what a process has written stays when it dies, and no more comes", "[cluster]") {
  base::MemoryEnv disk;
  ProcessEnv process{disk};
  ProcessEnv other{disk};
  auto file = process.create("/a");
  REQUIRE(file.ok());
  REQUIRE((*file)->append("kept").ok());
  process.end();

  CHECK((*file)->append("lost").code() == ErrorCode::unavailable);
  CHECK((*file)->sync().code() == ErrorCode::unavailable);
  CHECK(process.create("/b").status().code() == ErrorCode::unavailable);
  CHECK(process.open("/a").status().code() == ErrorCode::unavailable);
  CHECK(process.stat("/a").status().code() == ErrorCode::unavailable);
  CHECK(process.list("/").status().code() == ErrorCode::unavailable);
  CHECK(process.create_directory("/d").code() == ErrorCode::unavailable);
  CHECK(process.create_directories("/d/e").code() == ErrorCode::unavailable);
  CHECK(process.rename("/a", "/b").code() == ErrorCode::unavailable);
  CHECK(process.remove_file("/a").code() == ErrorCode::unavailable);
  CHECK(process.remove_directory("/").code() == ErrorCode::unavailable);
  CHECK(process.sync_file("/a").code() == ErrorCode::unavailable);
  CHECK(process.sync_directory("/").code() == ErrorCode::unavailable);
  CHECK(process.lock("/lock").status().code() == ErrorCode::unavailable);

  const auto info = other.stat("/a");
  REQUIRE(info.ok());
  CHECK(info->size_bytes == 4);
  CHECK_FALSE(other.stat("/b").ok());
}

TEST_CASE("a process dies just before a change of the disk", "[cluster]") {
  base::MemoryEnv disk;
  ProcessEnv process{disk};
  int deaths = 0;
  process.before_change(2, [&] {
    ++deaths;
    process.end();
  });
  REQUIRE(process.create_directory("/one").ok());
  CHECK(deaths == 0);
  CHECK(process.create_directory("/two").code() == ErrorCode::unavailable);
  CHECK(deaths == 1);
  CHECK(process.stat("/one").status().code() == ErrorCode::unavailable);
  CHECK(disk.stat("/one").ok());
  CHECK_FALSE(disk.stat("/two").ok());
}

TEST_CASE("a process that something was to befall may be spared", "[cluster]") {
  base::MemoryEnv disk;
  ProcessEnv process{disk};
  process.before_change(1, [] { FAIL("it is spared"); });
  process.before_change(0, {});
  CHECK(process.create_directory("/one").ok());
}

TEST_CASE("a process that cannot reach the disk goes on when it can", "[cluster]") {
  base::MemoryEnv disk;
  ProcessEnv process{disk};
  process.set_reachable(false);
  CHECK(process.create_directory("/one").code() == ErrorCode::unavailable);
  CHECK(process.list("/").status().code() == ErrorCode::unavailable);
  process.set_reachable(true);
  CHECK(process.create_directory("/one").ok());
}

TEST_CASE("a process that dies leaves its locks, a machine without power keeps them", "[cluster]") {
  base::MemoryEnv disk;
  auto killed = std::make_unique<ProcessEnv>(disk);
  auto without_power = std::make_unique<ProcessEnv>(disk);
  ProcessEnv other{disk};
  ProcessEnv elsewhere{disk, "elsewhere"};
  auto one = killed->lock("/one");
  auto two = without_power->lock("/two");
  REQUIRE((one.ok() && two.ok()));
  CHECK(other.lock("/one").status().code() == ErrorCode::failed_precondition);
  CHECK(elsewhere.lock("/one").ok());
  { const auto for_a_while = other.lock("/three"); }
  CHECK(other.lock("/three").ok());

  killed->end();
  without_power->lose_power();
  CHECK(other.lock("/one").ok());
  CHECK_FALSE(other.lock("/two").ok());
  two->reset();
  CHECK_FALSE(other.lock("/two").ok());
  without_power.reset();
  CHECK(other.lock("/two").ok());
  one->reset();
}
