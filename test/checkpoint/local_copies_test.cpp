// Which copies a node keeps.
#include "checkpoint/local_copies.hpp"

#include <catch2/catch.hpp>

using weir::CheckpointId;
using weir::checkpoint::LocalCopies;

namespace {

using Names = std::vector<std::string>;

std::string file(std::uint64_t id, const std::string& subtask = "counts-0") {
  return "/state/job/chk-" + std::to_string(id) + "/" + subtask;
}

std::string copy(std::uint64_t id, const std::string& subtask = "counts-0") {
  return "/local/" + std::to_string(id) + "-" + subtask;
}

/// Writes the copies of a checkpoint.
void write(LocalCopies& copies, std::uint64_t id, const std::string& subtask = "counts-0") {
  REQUIRE(copies.begin(CheckpointId{id}, file(id, subtask), copy(id, subtask)));
  REQUIRE(copies.finished(file(id, subtask)));
}

}  // namespace

TEST_CASE("a copy is found once it is written, by the whole path of its file", "[local]") {
  LocalCopies copies;
  REQUIRE(copies.begin(CheckpointId{1}, file(1), copy(1)));
  CHECK_FALSE(copies.find(file(1)));
  REQUIRE(copies.finished(file(1)));
  CHECK(copies.find(file(1)) == copy(1));
  CHECK_FALSE(copies.find(file(2)));
  CHECK_FALSE(copies.find("/other/job/chk-1/counts-0"));
  copies.lost(file(1));
  CHECK_FALSE(copies.find(file(1)));
}

TEST_CASE("the newest completed checkpoint is kept, and what is newer", "[local]") {
  LocalCopies copies;
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    write(copies, id);
    write(copies, id, "sums-1");
  }
  CHECK(copies.on_completed(CheckpointId{2}) == Names{copy(1), copy(1, "sums-1")});
  CHECK_FALSE(copies.find(file(1)));
  CHECK(copies.find(file(2)) == copy(2));
  CHECK(copies.find(file(3, "sums-1")) == copy(3, "sums-1"));
  CHECK(copies.on_completed(CheckpointId{2}).empty());  // each subtask of the node hears of it
  CHECK(copies.on_completed(CheckpointId{1}).empty());
  CHECK(copies.find(file(2)) == copy(2));
}

TEST_CASE("an aborted checkpoint leaves no copies", "[local]") {
  LocalCopies copies;
  write(copies, 1);
  write(copies, 2);
  CHECK(copies.on_aborted(CheckpointId{2}) == Names{copy(2)});
  CHECK(copies.on_aborted(CheckpointId{2}).empty());
  CHECK(copies.find(file(1)) == copy(1));
  // A subtask that hears of it late does not begin.
  CHECK_FALSE(copies.begin(CheckpointId{2}, file(2), copy(2)));
  // A completed one is not aborted by a late message.
  copies.on_completed(CheckpointId{1});
  CHECK(copies.on_aborted(CheckpointId{1}).empty());
  CHECK(copies.find(file(1)) == copy(1));
}

TEST_CASE("what is dropped while it is written is deleted by its writer", "[local]") {
  LocalCopies copies;
  REQUIRE(copies.begin(CheckpointId{1}, file(1), copy(1)));
  REQUIRE(copies.begin(CheckpointId{2}, file(2), copy(2)));
  CHECK(copies.on_completed(CheckpointId{3}).empty());
  CHECK_FALSE(copies.finished(file(1)));
  CHECK_FALSE(copies.finished(file(2)));
  CHECK_FALSE(copies.begin(CheckpointId{2}, file(2, "sums-1"), copy(2, "sums-1")));
  CHECK_FALSE(copies.begin(CheckpointId{3}, file(3), copy(3)));
}

TEST_CASE("a restart keeps what it restarts from", "[local]") {
  LocalCopies copies;
  write(copies, 1);
  copies.on_completed(CheckpointId{1});
  write(copies, 2);
  write(copies, 3);
  CHECK(copies.on_restart("/state/job/chk-1") == Names{copy(2), copy(3)});
  CHECK(copies.find(file(1)) == copy(1));
  CHECK(copies.on_restart("/other/job/chk-1") == Names{copy(1)});
  write(copies, 4);
  CHECK(copies.on_restart("") == Names{copy(4)});
}

TEST_CASE("at the end nothing is kept, and nothing begins", "[local]") {
  LocalCopies copies;
  write(copies, 1);
  REQUIRE(copies.begin(CheckpointId{2}, file(2), copy(2)));
  CHECK(copies.on_end() == Names{copy(1)});
  CHECK_FALSE(copies.finished(file(2)));
  CHECK_FALSE(copies.begin(CheckpointId{3}, file(3), copy(3)));
}
