// One suite for every Env, then what only the one in memory can do: lose unsynced data.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/paths.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

using namespace weir;
using namespace weir::base;

namespace {

/// An empty directory in an Env, removed at the end.
struct Place {
  explicit Place(bool on_disk) : env{on_disk ? Env::posix() : memory} {
    if (on_disk) {
      std::string pattern = "/tmp/weir-env-XXXXXX";
      directory = ::mkdtemp(pattern.data());
    } else {
      directory = "/place";
      REQUIRE(env.create_directories(directory).ok());
    }
  }
  ~Place() { (void)remove_tree(env, directory); }

  std::string path(const std::string& name) const { return join_path(directory, name); }

  void write(const std::string& name, std::string_view bytes) {
    auto file = env.create(path(name));
    REQUIRE(file.ok());
    REQUIRE((*file)->append(bytes).ok());
    REQUIRE((*file)->close().ok());
  }

  MemoryEnv memory;
  Env& env;
  std::string directory;
};

}  // namespace

TEST_CASE("files, directories and renames behave alike on disk and in memory", "[env]") {
  Place place{GENERATE(true, false)};
  Env& env = place.env;

  SECTION("a file holds what was appended") {
    place.write("a", "hello ");
    place.write("a", "hello world");
    CHECK(read_file(env, place.path("a")).value() == "hello world");
    char buffer[16];
    auto file = env.open(place.path("a"));
    CHECK((*file)->read(6, buffer, sizeof buffer).value() == 5);
    CHECK((*file)->read(100, buffer, sizeof buffer).value() == 0);
    CHECK(env.stat(place.path("a")).value().size_bytes == 11);
    CHECK(env.stat(place.path("a")).value().is_regular);
  }
  SECTION("a directory lists its names in order") {
    REQUIRE(env.create_directories(place.path("d/e/f")).ok());
    REQUIRE(env.create_directories(place.path("d/e/f")).ok());
    place.write("d/b", "");
    place.write("d/a", "");
    const auto entries = env.list(place.path("d")).value();
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].name == "a");
    CHECK(entries[2].name == "e");
    CHECK(entries[2].is_directory);
    CHECK(env.remove_directory(place.path("d")).code() == ErrorCode::already_exists);
    CHECK(remove_tree(env, place.path("d")).ok());
    CHECK(remove_tree(env, place.path("d")).ok());
    CHECK(env.stat(place.path("d")).status().code() == ErrorCode::not_found);
  }
  SECTION("a rename replaces") {
    place.write("a", "new");
    place.write("b", "old");
    REQUIRE(env.rename(place.path("a"), place.path("b")).ok());
    CHECK(read_file(env, place.path("b")).value() == "new");
    CHECK(env.rename(place.path("a"), place.path("b")).code() == ErrorCode::not_found);
  }
  SECTION("errors have their codes and name the path") {
    const auto missing = env.open(place.path("missing")).status();
    CHECK(missing.code() == ErrorCode::not_found);
    CHECK(missing.message().find(place.path("missing")) != std::string::npos);
    CHECK(env.create(place.path("no/such/dir")).status().code() == ErrorCode::not_found);
    CHECK(env.list(place.path("missing")).status().code() == ErrorCode::not_found);
    CHECK(env.remove_file(place.path("missing")).code() == ErrorCode::not_found);
    CHECK(env.remove_directory(place.path("missing")).code() == ErrorCode::not_found);
    CHECK(env.sync_directory(place.path("missing")).code() == ErrorCode::not_found);
    CHECK_FALSE(env.open(place.directory).ok());
    CHECK_FALSE(env.create(place.directory).ok());
    place.write("file", "");
    CHECK_FALSE(env.create_directories(place.path("file/below")).ok());
  }
  SECTION("a lock is exclusive until it is released") {
    auto first = env.lock(place.path("lock"));
    REQUIRE(first.ok());
    CHECK(env.lock(place.path("lock")).status().code() == ErrorCode::failed_precondition);
    first.value().reset();
    CHECK(env.lock(place.path("lock")).ok());
  }
  SECTION("an atomic replacement leaves no temporary file") {
    REQUIRE(replace_file(env, place.path("f"), "one").ok());
    REQUIRE(replace_file(env, place.path("f"), "two").ok());
    CHECK(read_file(env, place.path("f")).value() == "two");
    CHECK(env.list(place.directory).value().size() == 1);
    CHECK(replace_file(env, place.path("no/f"), "x").code() == ErrorCode::not_found);
  }
  SECTION("durable directories are created with their parents") {
    REQUIRE(create_durable_directories(env, place.path("x/y/z")).ok());
    CHECK(env.stat(place.path("x/y/z")).value().is_directory);
  }
}

TEST_CASE("what a file holds stays as long as it has a name", "[env]") {
  Place place{GENERATE(true, false)};
  Env& env = place.env;
  place.write("a", "x");
  REQUIRE(env.link(place.path("a"), place.path("b")).ok());
  REQUIRE(env.remove_file(place.path("a")).ok());
  CHECK(read_file(env, place.path("b")).value() == "x");
  place.write("c", "y");
  CHECK(env.link(place.path("c"), place.path("b")).code() == ErrorCode::already_exists);
  CHECK(env.link(place.path("a"), place.path("d")).code() == ErrorCode::not_found);
  CHECK(env.link(place.path("b"), place.path("no/d")).code() == ErrorCode::not_found);
  CHECK(read_file(env, place.path("b")).value() == "x");
}

TEST_CASE("whole directories are created and renamed alike on disk and in memory", "[env]") {
  Place place{GENERATE(true, false)};
  Env& env = place.env;

  SECTION("a directory is created once, and only in one that is there") {
    CHECK(env.create_directory(place.path("d")).ok());
    CHECK(env.create_directory(place.path("d")).code() == ErrorCode::already_exists);
    CHECK(env.create_directory(place.path("missing/d")).code() == ErrorCode::not_found);
    CHECK(env.stat(place.path("missing")).status().code() == ErrorCode::not_found);
  }
  SECTION("a directory is renamed with what is in it, and replaces only an empty one") {
    REQUIRE(env.create_directories(place.path("d/e")).ok());
    REQUIRE(env.create_directories(place.path("empty")).ok());
    place.write("d/e/f", "x");
    REQUIRE(env.rename(place.path("d/e"), place.path("empty")).ok());
    CHECK(read_file(env, place.path("empty/f")).value() == "x");
    CHECK(env.rename(place.path("d"), place.path("empty")).code() == ErrorCode::already_exists);
    place.write("file", "");
    CHECK_FALSE(env.rename(place.path("file"), place.path("d")).ok());
    CHECK_FALSE(env.rename(place.path("d"), place.path("file")).ok());
    CHECK(env.rename(place.path("d"), place.path("gone/d")).code() == ErrorCode::not_found);
  }
}

TEST_CASE("a file has no second name on another file system", "[env]") {
  Place place{true};
  place.write("a", "x");
  struct stat here = {};
  struct stat there = {};
  REQUIRE(::stat(place.directory.c_str(), &here) == 0);
  if (::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev) return;  // there is only one
  const Status status = place.env.link(place.path("a"), "/dev/shm/weir-env-test");
  CHECK(status.code() == ErrorCode::failed_precondition);
  CHECK_THAT(status.message(), Catch::Contains(place.path("a")));
}

TEST_CASE("missing permission is reported as such", "[env]") {
  if (::geteuid() == 0) return;  // root may do anything; the process tests run this as nobody
  Place place{true};
  CHECK(place.env.create("/weir-not-allowed").status().code() == ErrorCode::permission_denied);
}

TEST_CASE("a crash keeps exactly what was synced", "[env]") {
  MemoryEnv env;
  REQUIRE(create_durable_directories(env, "/d").ok());
  auto file = env.create("/d/f").value();
  REQUIRE(file->append("synced").ok());
  REQUIRE(file->sync().ok());
  REQUIRE(env.sync_directory("/d").ok());
  REQUIRE(file->append(" lost").ok());
  auto lost = env.create("/d/g").value();
  REQUIRE(lost->append("x").ok());
  REQUIRE(lost->sync().ok());  // the content is safe, the name is not
  auto lock = env.lock("/d/lock");
  env.crash();
  CHECK(read_file(env, "/d/f").value() == "synced");
  CHECK(env.stat("/d/g").status().code() == ErrorCode::not_found);
  CHECK(env.lock("/d/lock").ok());
}

TEST_CASE("a second name survives a crash once its directory is synced", "[env]") {
  MemoryEnv env;
  REQUIRE(create_durable_directories(env, "/a").ok());
  REQUIRE(create_durable_directories(env, "/b").ok());
  REQUIRE(replace_file(env, "/a/f", "x").ok());
  REQUIRE(env.link("/a/f", "/b/synced").ok());
  REQUIRE(env.sync_directory("/b").ok());
  REQUIRE(env.link("/a/f", "/b/lost").ok());
  REQUIRE(env.remove_file("/a/f").ok());
  REQUIRE(env.sync_directory("/a").ok());
  env.crash();
  CHECK(read_file(env, "/b/synced").value() == "x");
  CHECK_FALSE(env.stat("/b/lost").ok());
  CHECK_FALSE(env.stat("/a/f").ok());
}

TEST_CASE("a rename between directories survives a crash on both sides or on none", "[env]") {
  std::size_t survived = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    MemoryEnv env;
    Random random{seed};
    for (const char* directory : {"/from", "/to"})
      REQUIRE(create_durable_directories(env, directory).ok());
    REQUIRE(replace_file(env, "/from/f", "x").ok());
    REQUIRE(env.rename("/from/f", "/to/f").ok());
    const std::uint64_t synced = random.below(3);
    if (synced != 0) REQUIRE(env.sync_directory(synced == 1 ? "/from" : "/to").ok());
    env.crash(&random);
    const bool has_moved = env.stat("/to/f").ok();
    CHECK(env.stat("/from/f").ok() != has_moved);
    CHECK((synced == 0 || has_moved));
    survived += has_moved ? 1 : 0;
  }
  CHECK(survived < 100);
}

TEST_CASE("an atomic replacement is all or nothing at every crash", "[env]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    MemoryEnv env;
    Random random{seed};
    REQUIRE(create_durable_directories(env, "/d").ok());
    REQUIRE(replace_file(env, "/d/f", "old").ok());
    const bool synced = random.chance(0.5);
    if (synced) {
      REQUIRE(replace_file(env, "/d/f", "new").ok());
    } else {  // as if the crash came before the directory was synced
      auto file = env.create("/d/f.tmp").value();
      REQUIRE(file->append("new").ok());
      REQUIRE(file->sync().ok());
      REQUIRE(env.rename("/d/f.tmp", "/d/f").ok());
    }
    env.crash(&random);
    const std::string content = read_file(env, "/d/f").value();
    if (synced)
      CHECK(content == "new");
    else
      CHECK((content == "old" || content == "new"));
  }
}
