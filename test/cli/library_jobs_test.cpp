// Building jobs out of libraries: what a process of a cluster refuses.
#include "cli/library_jobs.hpp"

#include "base/sha256.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace weir;
using namespace weir::cli;
using Catch::Contains;

namespace {

/// A folder for one test.
class Folder {
public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }

private:
  std::string path_;
};

std::unique_ptr<LibraryJobs> jobs_with(ClusterRole role, std::vector<std::string> settings) {
  Invocation invocation;
  invocation.settings = std::move(settings);
  auto jobs = LibraryJobs::open(role, invocation, base::silent_logger());
  INFO(jobs.status().message());
  REQUIRE(jobs.ok());
  return std::move(jobs).value();
}

Status refusal(LibraryJobs& jobs, const std::string& library) {
  const auto job = jobs.build({.library = library});
  REQUIRE_FALSE(job.ok());
  return job.status();
}

std::string refused_bytes(LibraryJobs& jobs, const Bytes& bytes) {
  const std::string hash = base::sha256(bytes);
  REQUIRE(jobs.libraries()->add(hash, bytes).ok());
  return refusal(jobs, hash).message();
}

}  // namespace

TEST_CASE("libraries lie where all coordinators find them, if others may take over", "[library]") {
  const Folder folder;
  const std::string own = "weir.jobs.library-dir=" + folder.path() + "/own";
  const std::string shared = "high-availability.storageDir=" + folder.path();
  const std::string directory = "high-availability.type=directory";
  CHECK(jobs_with(ClusterRole::coordinator, {own})->libraries()->directory() ==
        folder.path() + "/own");
  CHECK(jobs_with(ClusterRole::coordinator, {own, directory, shared})->libraries()->directory() ==
        folder.path() + "/default/libraries");
  CHECK(jobs_with(ClusterRole::worker, {own, directory, shared})->libraries()->directory() ==
        folder.path() + "/own");

  const std::string zookeeper = "high-availability.type=zookeeper";
  const std::string quorum = "high-availability.zookeeper.quorum=127.0.0.1:1";
  const auto without = jobs_with(ClusterRole::coordinator, {own, zookeeper, quorum});
  CHECK(without->libraries() == nullptr);
  const Status status = refusal(*without, std::string(64, 'a'));
  CHECK(status.code() == ErrorCode::failed_precondition);
  CHECK_THAT(status.message(), Contains("set high-availability.storageDir"));
  CHECK(jobs_with(ClusterRole::coordinator, {zookeeper, quorum, shared})->libraries() != nullptr);
}

TEST_CASE("a shared directory that is not mounted is not made", "[library]") {
  const Folder folder;
  const std::string missing = folder.path() + "/not-mounted";
  Invocation invocation;
  invocation.settings = {"high-availability.type=directory",
                         "high-availability.storageDir=" + missing};
  const auto jobs = LibraryJobs::open(ClusterRole::coordinator, invocation, base::silent_logger());
  CHECK(jobs.status().code() == ErrorCode::not_found);
  CHECK_THAT(jobs.status().message(), Contains(missing + "; mount it"));
  CHECK_FALSE(std::filesystem::exists(missing));
}

TEST_CASE("a process builds no job out of what is not there, or no library", "[library]") {
  const Folder folder;
  const auto jobs = jobs_with(ClusterRole::worker, {"weir.jobs.library-dir=" + folder.path()});
  CHECK(refusal(*jobs, std::string(64, 'a')).code() == ErrorCode::not_found);
  CHECK(refusal(*jobs, "../etc/passwd").code() == ErrorCode::invalid_argument);
  CHECK_THAT(refusal(*jobs, "").message(), Contains("weir submit --library FILE"));
  CHECK_THAT(refused_bytes(*jobs, "no library"), Contains("it is no ELF file"));

  std::ifstream file{WEIR_LIBRARIES "/libunresolved_job.so", std::ios::binary};
  Bytes library{std::istreambuf_iterator<char>{file}, {}};
  CHECK_THAT(refused_bytes(*jobs, library),
             Contains("weir_test_that_nobody_defines") && Contains("must be on all machines"));
  library.at(library.find("Weir 0.") + 5) = '9';
  CHECK_THAT(refused_bytes(*jobs, library), Contains("made for another engine"));
}
