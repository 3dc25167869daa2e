// `weir certs init`: what it makes can be used, and it touches nothing that exists.
#include "actors/net/tls.hpp"
#include "base/files.hpp"
#include "test/process/child.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace weir;
using Catch::Contains;
using test::run_to_end;

namespace {

/// A directory that goes with the object.
class Directory {
public:
  Directory() {
    char name[] = "/tmp/weir-certs-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

test::Ended certs_init(std::vector<std::string> words) {
  words.insert(words.begin(), {WEIR_PROGRAMS "/weir", "certs", "init"});
  return run_to_end(words);
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory})
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_usable(const std::string& directory, const std::string& node) {
  const net::Security security{net::Security::Mode::tls, directory + "/" + node + ".pem",
                               directory + "/" + node + ".key", directory + "/ca.pem", ""};
  const auto loaded = net::TlsContext::load(security, Clock::system());
  INFO(loaded.status().message());
  CHECK(loaded.ok());
  return loaded.ok();
}

}  // namespace

TEST_CASE("certificates of a cluster are made, and can be used", "[process][certs]") {
  const Directory root;
  const std::string made = root / "deep/certs";
  const auto ended = certs_init({made, "--node", "node-1", "--node", "node-2", "--days", "30"});
  INFO(ended.output);
  CHECK(ended.code == 0);
  CHECK(names_in(made) == std::vector<std::string>{"ca.key", "ca.pem", "node-1.key", "node-1.pem",
                                                   "node-2.key", "node-2.pem"});
  for (const std::string& name : names_in(made)) {
    const auto mode = fs::status(fs::path{made} / name).permissions();
    CHECK(mode == fs::perms(name.ends_with(".key") ? 0600 : 0644));
  }
  CHECK(is_usable(made, "node-1"));
  CHECK(is_usable(made, "node-2"));
  CHECK_THAT(ended.output, Contains("valid for 30 days"));
  for (const char* key : {"security.ssl.enabled: true",
                          "security.ssl.ca: ", "security.ssl.key: ", "security.ssl.certificate: "})
    CHECK_THAT(ended.output, Contains(key));
}

TEST_CASE("without names one certificate serves all nodes", "[process][certs]") {
  const Directory root;
  CHECK(certs_init({root / "certs"}).code == 0);
  CHECK(names_in(root / "certs") ==
        std::vector<std::string>{"ca.key", "ca.pem", "node.key", "node.pem"});
  CHECK(is_usable(root / "certs", "node"));
}

TEST_CASE("certificates that exist are left alone, and nothing new beside them",
          "[process][certs]") {
  const Directory root;
  fs::create_directories(root / "certs");
  std::ofstream{root / "certs/b.key"} << "precious";
  const auto ended = certs_init({root / "certs", "--node", "a", "--node", "b"});
  CHECK(ended.code == 1);
  CHECK_THAT(ended.last_line, Contains((root / "certs/b.key") + " exists; name another directory"));
  CHECK(names_in(root / "certs") == std::vector<std::string>{"b.key"});
  CHECK(base::read_file(Env::posix(), root / "certs/b.key").value() == "precious");
}

TEST_CASE("a directory that cannot be written is named", "[process][certs]") {
  const Directory root;
  std::ofstream{root / "file"} << "no directory";
  const auto ended = certs_init({root / "file/certs"});
  CHECK(ended.code == 1);
  CHECK_THAT(ended.last_line, Contains(root / "file"));
}

TEST_CASE("wrong usage of the tool is 2 and names the cure", "[process][certs]") {
  const Directory root;
  const std::string path = root / "certs";
  struct Case {
    std::vector<std::string> words;
    std::string says;
  };
  for (const Case& c : std::vector<Case>{
           {{path, "--node", "../evil"}, "use letters, digits"},
           {{path, "--node", ""}, "use letters, digits"},
           {{path, "--node", "ca"}, "--node ca is taken"},
           {{path, "--node", "a", "--node", "a"}, "--node a is taken"},
           {{path, "--days", "0"}, "give 1 to 36500"},
           {{path, "--days", "soon"}, "--days"},
           {{}, "DIR is required"},
       }) {
    CAPTURE(c.words);
    const auto ended = certs_init(c.words);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.output, Contains(c.says));
    CHECK_FALSE(fs::exists(path));
  }
  CHECK(run_to_end({WEIR_PROGRAMS "/weir"}).code == 2);
  CHECK(run_to_end({WEIR_PROGRAMS "/weir", "certs"}).code == 2);
  CHECK(run_to_end({WEIR_PROGRAMS "/weir", "--help"}).code == 0);
}
