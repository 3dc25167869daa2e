// How long a checkpoint of much state in memory takes of which little has changed: with a
// changelog, beside one that writes all rows. And what the changes in between cost more, since the
// rows stay frozen.
//
// A checkpoint is what a subtask does: rows are frozen, written and synced, and files of earlier
// checkpoints linked.
#include "base/random.hpp"
#include "bench/harness.hpp"
#include "runtime/task/logged_write.hpp"

#include <weir/env.hpp>
#include <weir/state.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace weir;

constexpr double kMilli = 1e3;
constexpr std::uint32_t kGroups = 128;

struct Counts : StateOwner {
  ValueState<std::int64_t> count{*this, "count"};
};

/// What the checkpoints of a run took, in milliseconds, and the changes in between.
struct Course {
  bench::Figures pauses = {};   // until rows were frozen
  bench::Figures thaws = {};    // until those that are of no use any more were given up
  bench::Figures writes = {};   // until all was safe
  bench::Figures changes = {};  // millions a second

  double longest_write() const { return *std::max_element(writes.begin(), writes.end()); }
};

class Subtask {
public:
  Subtask(std::uint64_t keys, std::string directory)
      : keys_{keys},
        directory_{std::move(directory)},
        state_{{0, kGroups}, kGroups, owner_.declared_states()} {
    owner_.bind_states(state_);
    for (std::uint64_t key = 0; key < keys; ++key) count(key);
    bench::require(env_.create_directories(place_.directory = directory_ + "/changelog").ok(),
                   "there is no room");
    place_.env = &env_;
    place_.owner = "counts-0";
  }

  /// `checkpoints` with so many changes at random before each.
  Course run(bool has_log, int checkpoints, std::uint64_t changes) {
    Course course;
    checkpoint(has_log, nullptr);  // the base
    for (int i = 0; i < checkpoints; ++i) {
      const double change = bench::seconds([&] {
        for (std::uint64_t n = 0; n < changes; ++n) count(random_.below(keys_));
      });
      course.changes.push_back(static_cast<double>(changes) / 1e6 / change);
      checkpoint(has_log, &course);
    }
    release(version_);
    return course;
  }

private:
  void count(std::uint64_t key) {
    state_.enter(hash_of(key), key);
    owner_.count.set(owner_.count.value_or(0) + 1);
    state_.leave();
  }

  void checkpoint(bool has_log, Course* course) {
    const CheckpointId id{++checkpoints_};
    const std::string directory = directory_ + "/chk-" + std::to_string(checkpoints_);
    bench::require(env_.create_directory(directory).ok(), "there is no room");
    auto next = std::make_shared<runtime::LogVersion>();
    const double pause = bench::seconds([&] {
      next->cuts.emplace_back(state::describe("counts", schema<std::uint64_t>(), state_), state_);
    });
    runtime::LoggedWrite write{place_, id, version_};
    const double time = bench::seconds([&] {
      bench::require(write.write(next->cuts, directory).ok(), "a checkpoint was not written");
      bench::require(env_.sync_directory(directory).ok(), "a checkpoint is not safe");
    });
    if (course != nullptr) {
      course->pauses.push_back(pause * kMilli);
      course->writes.push_back(time * kMilli);
    }
    next->chain = *write.chain();
    const double thaw =
        bench::seconds([&] { release(has_log ? std::exchange(version_, next) : next); });
    if (course != nullptr) course->thaws.push_back(thaw * kMilli);
  }

  static void release(const std::shared_ptr<runtime::LogVersion>& version) {
    if (version == nullptr) return;
    for (state::KeyedCut& cut : version->cuts) cut.release();
    version->cuts.clear();
  }

  std::uint64_t keys_;
  std::string directory_;
  Env& env_ = Env::posix();
  Counts owner_;
  detail::KeyedStateOf<std::uint64_t> state_;
  runtime::LogPlace place_;
  base::Random random_{1};
  std::uint64_t checkpoints_ = 0;
  std::shared_ptr<runtime::LogVersion> version_;
};

void compare(const bench::Options& options, std::uint64_t keys, const std::string& name) {
  const auto changes = options.sized<std::uint64_t>(10'000, 1'000);
  const auto run = [&](bool has_log, int checkpoints) {
    const bench::TemporaryDirectory directory{options};
    Subtask subtask{keys, directory.path()};
    return subtask.run(has_log, checkpoints, changes);
  };
  const Course with = run(true, options.repetitions(200));
  const Course without = run(false, options.repetitions(15));
  const std::string what = name + " keys, 1e4 change: ";
  bench::print_figure(what + "write", "ms", with.writes, without.writes);
  bench::print_figure(what + "longest write", "ms", {with.longest_write()},
                      {without.longest_write()});
  bench::print_figure(what + "pause", "ms", with.pauses, without.pauses);
  bench::print_figure(what + "thaw", "ms", with.thaws, without.thaws);
  bench::print_figure(what + "changes", "M/s", with.changes, without.changes);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Writes checkpoints with a changelog, and without.");
  compare(options, options.sized<std::uint64_t>(1'000'000, 20'000), "1e6");
  if (!options.quick) compare(options, 10'000'000, "1e7");
}
