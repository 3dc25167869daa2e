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
  process.end_before_change(2, [&] { ++deaths; });
  REQUIRE(process.create_directory("/one").ok());
  CHECK(deaths == 0);
  CHECK(process.create_directory("/two").code() == ErrorCode::unavailable);
  CHECK(deaths == 1);
  CHECK(process.stat("/one").status().code() == ErrorCode::unavailable);
  CHECK(disk.stat("/one").ok());
  CHECK_FALSE(disk.stat("/two").ok());
}

TEST_CASE("a process that was to die may be spared", "[cluster]") {
  base::MemoryEnv disk;
  ProcessEnv process{disk};
  process.end_before_change(1, [] { FAIL("it lives"); });
  process.end_before_change(0, [] { FAIL("it lives"); });
  CHECK(process.create_directory("/one").ok());
}
