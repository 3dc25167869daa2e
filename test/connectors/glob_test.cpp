#include "connectors/files/glob.hpp"

#include "test/support/collect.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

using namespace weir;
using namespace weir::files;
using test::write_file;

TEST_CASE("patterns of one path part match as in a shell", "[glob]") {
  CHECK(matches("*.h", "a.h"));
  CHECK(matches("*", "anything"));
  CHECK_FALSE(matches("*.h", "a.hpp"));
  CHECK(matches("a?c", "abc"));
  CHECK_FALSE(matches("a?c", "ac"));
  CHECK(matches("[a-c]x", "bx"));
  CHECK_FALSE(matches("[!a-c]x", "bx"));
  CHECK(matches("[]x]", "]"));
  CHECK(matches("a*b*c", "a--b--b--c"));
  CHECK_FALSE(matches("*", ".hidden"));
  CHECK(matches(".*", ".hidden"));
  CHECK(matches("\\*", "*"));
  CHECK_FALSE(matches("\\*", "x"));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("[", "x"));
}

TEST_CASE("inputs are found by name, directory and pattern", "[glob]") {
  base::MemoryEnv env;
  REQUIRE(env.create_directories("/in/sub/deep").ok());
  REQUIRE(env.create_directories("/in/.git").ok());
  for (const char* path : {"/in/a.h", "/in/b.txt", "/in/sub/c.h", "/in/sub/deep/d.h",
                           "/in/.git/e.h", "/in/.f.h", "/in/sub/_tmp"})
    write_file(env, path, "x");
  using Paths = std::vector<std::string>;
  const auto find = [&](const std::string& input) { return find_files(env, input).value(); };
  CHECK(find("/in/a.h") == Paths{"/in/a.h"});
  CHECK(find("/in/*.h") == Paths{"/in/a.h"});
  CHECK(find("/in/**/*.h") == Paths{"/in/a.h", "/in/sub/c.h", "/in/sub/deep/d.h"});
  CHECK(find("/in/*/*.h") == Paths{"/in/sub/c.h"});
  CHECK(find("/in/**/deep/*.h") == Paths{"/in/sub/deep/d.h"});
  CHECK(find("/**/[bc].*") == Paths{"/in/b.txt", "/in/sub/c.h"});
  CHECK(find("/in") == Paths{"/in/a.h", "/in/b.txt", "/in/sub/c.h", "/in/sub/deep/d.h"});
  CHECK(find("/in/sub/**") == Paths{"/in/sub/c.h", "/in/sub/deep/d.h"});
  CHECK(find("/in/./a.h") == Paths{"/in/./a.h"});
}

TEST_CASE("an input that matches nothing is an error with its name", "[glob]") {
  base::MemoryEnv env;
  REQUIRE(env.create_directories("/empty").ok());
  for (const char* input : {"/empty", "/missing", "/empty/*.h", "/missing/**/*.h"}) {
    CAPTURE(input);
    const Status status = find_files(env, input).status();
    CHECK(status.code() == ErrorCode::not_found);
    CHECK(status.message().find(input) != std::string::npos);
  }
}

TEST_CASE("links to files are followed, linked directories are not descended", "[glob]") {
  std::string directory = "/tmp/weir-glob-XXXXXX";
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  Env& env = Env::posix();
  REQUIRE(env.create_directories(directory + "/real").ok());
  write_file(env, directory + "/real/a.h", "x");
  REQUIRE(::symlink("real/a.h", (directory + "/link.h").c_str()) == 0);
  REQUIRE(::symlink("real", (directory + "/linked").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (directory + "/broken.h").c_str()) == 0);
  const auto found = find_files(env, directory + "/**/*.h").value();
  CHECK(found == std::vector<std::string>{directory + "/link.h", directory + "/real/a.h"});
  REQUIRE(base::remove_tree(env, directory).ok());
}
