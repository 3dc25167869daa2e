// Plays every script of this folder. After a change of the protocol, look at what
//   WEIR_REWRITE=1 build/dev/bin/interaction_test && git diff test/interaction
// shows: it writes what happened into the scripts.
#include "test/interaction/script.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace {

std::string read(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream{path}.rdbuf();
  return out.str();
}

std::vector<std::filesystem::path> scripts() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{WEIR_SCRIPTS}) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

TEST_CASE("every interaction script plays as it is written", "[interaction]") {
  const auto all = scripts();
  REQUIRE(all.size() >= 20);
  for (const auto& path : all) {
    DYNAMIC_SECTION(path.filename().string()) {
      const std::string written = read(path);
      const std::string played = weir::test::play(written);
      if (std::getenv("WEIR_REWRITE") != nullptr) std::ofstream{path} << played;
      CHECK(played == written);
    }
  }
}

TEST_CASE("a script that says something else than what happens fails", "[interaction]") {
  const std::string script = "job numbers/1 -> counts/1 -> out/1\nstart\n----\nnothing\n";
  CHECK(weir::test::play(script) != script);
  CHECK_THROWS_AS(weir::test::play("job numbers/1\nfly\n"), std::invalid_argument);
}
