// A real process is stopped (SIGSTOP) in the middle of publishing a checkpoint, another takes its
// place over, and the first is let go.
#include "base/files.hpp"
#include "checkpoint/storage.hpp"
#include "test/support/env_over.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>

using namespace weir;
using namespace weir::checkpoint;

namespace {

/// The operating system's files; calls `before` before every rename.
class StoppingEnv final : public test::EnvOver {
public:
  StoppingEnv() : EnvOver{Env::posix()} {}

  std::function<void()> before_rename = [] {};

  Status rename(const std::string& from, const std::string& to) override {
    before_rename();
    return EnvOver::rename(from, to);
  }
};

CheckpointMetadata metadata(CheckpointId id, Epoch epoch) {
  return {.job = "job", .run = "old", .id = id, .epoch = epoch, .max_parallelism = 128};
}

/// The old coordinator: publishes 1, is stopped just before it publishes 2. Returns what became of
/// 2 as an exit code.
int old_coordinator(const std::string& directory) {
  StoppingEnv env;
  auto storage = CheckpointStorage::open(env, directory, "job", "old");
  if (!storage.ok()) return 100;
  const auto record = (*storage)->begin_epoch();
  if (!record.ok()) return 101;
  for (const std::uint64_t n : {1U, 2U}) {
    if (!(*storage)->reserve(record->epoch, CheckpointId{n}).ok()) return 102;
    if (n == 2) env.before_rename = [] { std::raise(SIGSTOP); };
    const Status status =
        (*storage)->publish(record->epoch, metadata(CheckpointId{n}, record->epoch));
    if (n == 2) return static_cast<int>(status.code());
    if (!status.ok()) return 103;
  }
  return 104;
}

}  // namespace

TEST_CASE(
    "a process that is stopped in the middle of a publication cannot finish it after a "
    "takeover",
    "[takeover]") {
  std::string directory = "/tmp/weir-frozen-XXXXXX";
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(old_coordinator(directory));
  int how = 0;
  REQUIRE(::waitpid(child, &how, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(how));

  // It still has the lock: a start by mistake is refused, the next leader of a cluster is not.
  Env& env = Env::posix();
  const auto mistake = CheckpointStorage::open(env, directory, "job", "mistake");
  CHECK(mistake.status().code() == ErrorCode::failed_precondition);
  CHECK(mistake.status().message().find("locked by a running process") != std::string::npos);
  auto next = CheckpointStorage::open(env, directory, "job", "next", Takeover{LeaderEpoch{1}});
  REQUIRE(next.ok());
  const auto record = (*next)->begin_epoch();
  REQUIRE(record.ok());
  CHECK(record->last_id == CheckpointId{2});
  const std::vector<CheckpointId> before{CheckpointId{1}};
  CHECK((*next)->list().value() == before);

  REQUIRE(::kill(child, SIGCONT) == 0);
  REQUIRE(::waitpid(child, &how, 0) == child);
  REQUIRE(WIFEXITED(how));
  CHECK(static_cast<ErrorCode>(WEXITSTATUS(how)) == ErrorCode::fenced);
  CHECK((*next)->list().value() == before);
  CHECK((*next)->load(CheckpointId{1}).ok());
  REQUIRE((*next)->reserve(record->epoch, CheckpointId{3}).ok());
  CHECK((*next)->publish(record->epoch, metadata(CheckpointId{3}, record->epoch)).ok());
  CHECK(base::remove_tree(env, directory).ok());
}
