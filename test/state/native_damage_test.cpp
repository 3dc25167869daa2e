// Snapshots as files of a store: writes that fail, and files that are damaged or missing.
#include "test/state/native_part.hpp"
#include "test/support/env_over.hpp"

using namespace weir;
using namespace weir::state;
using test::linked_files;
using test::Part;

namespace {

/// A disk that is full after so many files.
class Filling final : public test::EnvOver {
public:
  using EnvOver::EnvOver;
  int left = 0;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    if (left-- == 0) return Status{ErrorCode::out_of_space, path + ": the disk is full"};
    return EnvOver::create(path);
  }
};

}  // namespace

TEST_CASE("a snapshot that came to nothing is not built upon", "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv disk;
  Filling env{disk};
  Part part{backends.rocksdb()};
  part.fill(0, 500);
  env.left = 1;
  const auto failed = part.snapshot(env, "/chk-1");  // the second file does not fit any more
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.status().code() == ErrorCode::out_of_space);
  CHECK_THAT(failed.status().message(), Catch::Contains("/chk-1/part."));
  env.left = 1000;
  const auto second = part.snapshot(env, "/chk-2").value();
  CHECK(linked_files(second) == 0);
  // Another that succeeded, but was dropped since.
  REQUIRE(base::remove_tree(env, "/chk-2").ok());
  const auto third = part.snapshot(env, "/chk-3").value();
  CHECK(linked_files(third) == 0);
  CHECK(verify_files(third, env, "/chk-3").ok());
}

TEST_CASE("a file that is damaged or missing is named", "[state][rocksdb][native]") {
  test::Backends backends;
  base::MemoryEnv env;
  Part part{backends.rocksdb()};
  part.fill(0, 500);
  const auto handle = part.snapshot(env, "/chk-1").value();
  const auto file = std::find_if(handle.files.begin(), handle.files.end(),
                                 [](const auto& f) { return f.name.ends_with(".sst"); });
  REQUIRE(file != handle.files.end());
  const std::string path = "/chk-1/" + file->path;
  const auto restore = [&] {
    Part after{backends.rocksdb()};
    return read_copy(handle, {&env, "/chk-1"}, *backends.rocksdb(), after.state, true);
  };
  SECTION("damaged") {
    std::string bytes = base::read_file(env, path).value();
    bytes[bytes.size() / 2] ^= 1;
    REQUIRE(base::replace_file(env, path, bytes).ok());
    CHECK(restore().code() == ErrorCode::corrupt);
    CHECK_THAT(restore().message(), Catch::Contains(path + " is damaged"));
    CHECK(verify_files(handle, env, "/chk-1").message() == restore().message());
  }
  SECTION("missing") {
    REQUIRE(env.remove_file(path).ok());
    CHECK(restore().code() == ErrorCode::not_found);
    CHECK_THAT(restore().message(), Catch::Contains(path));
  }
}
