// The log of a subtask's state under random steps: checkpoints complete or come to nothing, said or
// unsaid; disks fail; the pool keeps no order; subtasks die and continue from the last checkpoint
// that has completed, with a log and without. Each of those must hold what was counted and not
// forgotten, and have just the files that it needs.
#include "base/random.hpp"
#include "test/runtime/logged_subject.hpp"
#include "test/support/swarm.hpp"

#include <memory>
#include <optional>

using namespace std::chrono_literals;
using namespace weir;
using test::kLog;
using test::Subject;

namespace {

class Run {
public:
  explicit Run(std::uint64_t seed) : random_{seed} {
    subject_ = std::make_unique<Subject>(options());
  }

  void step() {
    switch (random_.below(20)) {
      case 0:
      case 1: return begin_checkpoint();
      case 2: return complete();
      case 3: return give_up();
      case 4: return fail_disk();
      case 5:
        if (random_.chance(0.1)) subject_->bench.now() += 11min;
        return;
      case 6:
        if (random_.chance(0.15)) die();
        return;
      case 7:
      case 8:
      case 9:
      case 10:
      case 11: return do_work();
      case 12: return forget();
      default: return count();
    }
  }

  /// When all has come to rest the log has the files of the newest checkpoint, and perhaps a base
  /// for the next one.
  void finish() {
    subject_->bench.disk().refuse(ErrorCode::unavailable, 0);
    while (subject_->bench.waiting_work() != 0) do_work();
    complete();
    begin_checkpoint();
    while (subject_->bench.waiting_work() != 0) do_work();
    complete();
    const auto needed = subject_->files(Subject::directory(ids_));
    std::size_t others = 0;
    for (const std::string& file : subject_->files(kLog)) others += needed.contains(file) ? 0 : 1;
    CHECK(others <= 1);
    die();
  }

  test::Figures figures;
  std::size_t longest = 0;  // log of a completed checkpoint

private:
  JobOptions options() {
    JobOptions options = test::with_log({.max_failures = 1'000'000});
    if (random_.chance(0.2)) options.checkpoint.inline_threshold = 2'000;
    if (random_.chance(0.2)) options.state.changelog.enabled = false;
    return options;
  }

  void count() {
    const int begin = static_cast<int>(random_.below(300));
    const auto many = random_.chance(0.05) ? 300 : 1 + random_.below(10);
    subject_->count(begin, begin + static_cast<int>(many));
  }

  void forget() {
    const int begin = random_.chance(0.1) ? 0 : static_cast<int>(random_.below(300));
    subject_->forget(begin, begin == 0 ? 600 : begin + static_cast<int>(random_.below(30)));
  }

  void begin_checkpoint() {
    if (pending_.size() >= 3) return;
    subject_->barrier(++ids_);
    pending_[ids_] = false;
  }

  void do_work() {
    test::Bench& bench = subject_->bench;
    if (bench.waiting_work() == 0) return;
    for (const std::string& line : random_.chance(0.3) ? bench.do_newest_work() : bench.do_work()) {
      REQUIRE_FALSE(line.starts_with("failed"));
      for (auto& [id, is_answered] : pending_) {
        if (line == "ack " + std::to_string(id)) is_answered = true;
      }
      if (line.starts_with("decline ")) give_up(std::stoull(line.substr(8)));
    }
  }

  /// The newest one that has been answered for; those before it are given up.
  void complete() {
    std::optional<std::uint64_t> newest;
    for (const auto& [id, is_answered] : pending_) {
      if (is_answered) newest = id;
    }
    if (!newest) return;
    while (pending_.begin()->first != *newest) give_up(pending_.begin()->first);
    pending_.erase(*newest);
    if (random_.chance(0.8))
      subject_->bench.turn(
          [&](runtime::Subtask& s) { s.on_completed(CheckpointId{*newest}, false); });
    if (completed_) drop(*completed_);
    completed_ = newest;
    const state::KeyedStateHandle& handle = subject_->handle(*newest);
    longest = std::max(longest, handle.log.size());
    std::set<std::string> needed;
    for (const std::string& path : handle.paths()) needed.insert(path);
    std::set<std::string> there;
    for (const auto& file : subject_->bench.env().list(Subject::directory(*newest)).value())
      there.insert(file.name);
    REQUIRE(there == needed);
  }

  void give_up() {
    if (pending_.empty()) return;
    auto one = pending_.begin();
    std::advance(one, random_.below(pending_.size()));
    give_up(one->first);
  }
  void give_up(std::uint64_t id) {
    if (pending_.erase(id) == 0) return;
    if (random_.chance(0.7))
      subject_->bench.turn([&](runtime::Subtask& s) { s.on_aborted(CheckpointId{id}); });
    drop(id);
  }
  void drop(std::uint64_t id) {
    REQUIRE(base::remove_tree(subject_->bench.env(), Subject::directory(id)).ok());
  }

  void fail_disk() {
    const ErrorCode code = random_.chance(0.5) ? ErrorCode::unavailable : ErrorCode::out_of_space;
    if (random_.chance(0.5))
      subject_->bench.disk().refuse(code, 1 + static_cast<int>(random_.below(3)));
  }

  void die() {
    if (!completed_) return;
    subject_->check(*completed_);
    subject_ = std::make_unique<Subject>(options(), *subject_, *completed_);
    completed_.reset();
    pending_.clear();
    ++figures.restarts;
  }

  base::Random random_;
  std::unique_ptr<Subject> subject_;
  std::uint64_t ids_ = 0;
  std::map<std::uint64_t, bool> pending_;  // whether they have been answered for
  std::optional<std::uint64_t> completed_;
};

}  // namespace

TEST_CASE("whatever becomes of checkpoints, those that complete hold what was counted",
          "[changelog][swarm]") {
  std::size_t longest = 0;
  test::for_each_seed(20, [&](std::uint64_t seed) {
    CAPTURE(seed);
    Run run{seed};
    for (int i = 0; i < 2'000; ++i) run.step();
    run.finish();
    longest = std::max(longest, run.longest);
    run.figures.plans = 1;
    return run.figures;
  });
  CHECK(longest > 5);
}
