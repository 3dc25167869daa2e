// Keyed state against a plain map: random changes, a clock that goes on, snapshots that are written
// while changes go on, as rows, as files or as a log of what has changed, crashes, and restores
// into other backends and other numbers of subtasks.
#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "base/random.hpp"
#include "state/keyed_cut.hpp"
#include "test/state/backends.hpp"
#include "test/state/logged.hpp"
#include "test/support/swarm.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::detail;
using namespace weir::state;
using weir::test::Backends;
using weir::test::kLog;
using weir::test::write_base;
using weir::test::write_tail;

namespace {

constexpr std::uint32_t kMaxParallelism = 16;
constexpr int kKeys = 300;
constexpr std::chrono::seconds kLife{10};

/// A value that dies, and when.
template <class T>
struct Mortal {
  T value;
  WallTime end;
};

/// What one key has.
struct Entry {
  std::optional<std::string> value;
  std::vector<int> list;
  std::map<std::string, int> map;
  std::optional<std::int64_t> sum;
  std::optional<Mortal<int>> mortal_value;
  std::vector<Mortal<int>> mortal_list;
  std::map<std::string, Mortal<int>> mortal_map;

  /// Drops what has died.
  void go_on(WallTime now) {
    if (mortal_value && mortal_value->end <= now) mortal_value.reset();
    std::erase_if(mortal_list, [now](const auto& element) { return element.end <= now; });
    std::erase_if(mortal_map, [now](const auto& entry) { return entry.second.end <= now; });
  }
  std::vector<int> living_list() const {
    std::vector<int> values;
    for (const auto& element : mortal_list) values.push_back(element.value);
    return values;
  }
  std::map<std::string, int> living_map() const {
    std::map<std::string, int> values;
    for (const auto& [key, entry] : mortal_map) values.emplace(key, entry.value);
    return values;
  }
};

using Model = std::map<std::string, Entry>;

struct Owner : StateOwner {
  ValueState<std::string> value{*this, "value"};
  ListState<int> list{*this, "list"};
  MapState<std::string, int> map{*this, "map"};
  ReducingState<std::int64_t> sum{*this, "sum",
                                  [](std::int64_t a, std::int64_t b) { return a + b; }};
  ValueState<int> mortal_value{*this, "mortal value", ttl(kLife)};
  ListState<int> mortal_list{*this, "mortal list", ttl(kLife)};
  MapState<std::string, int> mortal_map{
      *this, "mortal map", Ttl{.after = kLife, .update = Ttl::Update::on_read_and_write}};
};

/// The state of one subtask.
struct Part {
  Part(KeyGroupRange range, StateBackend* backend)
      : state{range, kMaxParallelism, owner.declared_states(),
              backend == nullptr ? StateBackend::Opened{}
                                 : backend->open("op", store_columns(owner.declared_states()))} {
    owner.bind_states(state);
  }

  KeyedCut cut() { return KeyedCut{describe("op", schema<std::string>(), state), state}; }

  Owner owner;
  KeyedStateOf<std::string> state;
};

/// What a log of one subtask has written last.
struct Logged {
  KeyedCut cut;
  LogChain chain;
};

struct Snapshot {
  std::string directory = {};  // of files
  std::vector<KeyedStateHandle> handles = {};
};

/// All subtasks of an operator.
class Operator {
public:
  Operator(std::uint32_t parallelism, StateBackend* backend) {
    for (std::uint32_t i = 0; i < parallelism; ++i)
      parts_.push_back(
          std::make_unique<Part>(range_of_subtask(i, parallelism, kMaxParallelism), backend));
  }

  template <class F>
  void with(const std::string& key, F f) {
    const std::uint64_t hash = hash_of(key);
    const auto parallelism = static_cast<std::uint32_t>(parts_.size());
    const std::uint32_t group = key_position(hash, kMaxParallelism).group;
    Part& part = *parts_[subtask_of_group(group, parallelism, kMaxParallelism)];
    if (part.state.backed() != nullptr)
      part.state.load_ahead({hash}, 0, 1, [&](std::size_t) -> const std::string& { return key; });
    part.state.enter(hash, key);
    f(part.owner);
    part.state.leave();
  }

  void set_time(WallTime now) {
    for (auto& part : parts_) {
      part->state.set_time(now);
      part->state.expire(20);
    }
  }

  bool has_store() const { return parts_[0]->state.backed() != nullptr; }
  void stay_frozen() {
    for (auto& part : parts_) part->state.stay_frozen();
  }

  std::vector<KeyedCut> cut() {
    std::vector<KeyedCut> cuts;
    for (auto& part : parts_) cuts.push_back(part->cut());
    return cuts;
  }

  void restore(const Snapshot& snapshot, Env& env, StateBackend& rocksdb) {
    for (auto& part : parts_) {
      bool is_first = true;
      for (const KeyedStateHandle& handle : snapshot.handles) {
        if (handle.is_native()) {
          REQUIRE(
              read_copy(handle, {&env, snapshot.directory}, rocksdb, part->state, is_first).ok());
        } else if (handle.has_log() || !handle.path.empty()) {
          REQUIRE(read_logged_rows(handle, env, kLog, part->state).ok());
        } else {
          StateReader reader{handle.inlined, "snapshot"};
          REQUIRE(read_rows(handle, reader, part->state).ok());
        }
        is_first = false;
      }
    }
  }

private:
  std::vector<std::unique_ptr<Part>> parts_;
};

std::string key_of(std::uint64_t n) {
  return "key" + std::to_string(n);
}

void check_key(Operator& op, const std::string& key, Entry& expected, WallTime now) {
  expected.go_on(now);
  op.with(key, [&](Owner& o) {
    CAPTURE(key);
    REQUIRE(o.value.get() == expected.value);
    REQUIRE(o.list.get() == expected.list);
    REQUIRE(o.map.entries() == expected.map);
    REQUIRE(o.sum.get() == expected.sum);
    REQUIRE(o.mortal_value.value_or(-1) ==
            (expected.mortal_value ? expected.mortal_value->value : -1));
    REQUIRE(o.mortal_list.get() == expected.living_list());
    REQUIRE(o.mortal_map.entries() == expected.living_map());
  });
  for (auto& [entry, held] : expected.mortal_map) held.end = now + kLife;  // they have been read
}

/// A run of random steps.
class Run {
public:
  explicit Run(std::uint64_t seed) : random_{seed} {
    REQUIRE(env_.create_directory(kLog).ok());
    start({});
  }

  void step() {
    switch (random_.below(200)) {
      case 0: begin_snapshot(); return;
      case 1: finish_write_back(); return;
      case 2: finish_snapshot(); return;
      case 3: crash(); return;
      case 4: go_on(); return;
      case 5: materialize(); return;
      default: change(); return;
    }
  }

  void check_all() {
    for (std::uint64_t i = 0; i < kKeys; ++i) check_key(*op_, key_of(i), model_[key_of(i)], now_);
  }

  test::Figures figures;

private:
  void start(const Snapshot& snapshot) {
    logged_.clear();
    op_.reset();
    op_ = std::make_unique<Operator>(1 + random_.below(4), backends_.draw(random_));
    has_log_ = !op_->has_store() && random_.chance(0.7);
    if (has_log_) op_->stay_frozen();
    op_->set_time(now_);
    op_->restore(snapshot, env_, *backends_.rocksdb());
  }

  void go_on() {
    now_ += std::chrono::milliseconds{random_.below(4000)};
    op_->set_time(now_);
  }

  void change() {
    // Few keys are hot.
    const std::string key = key_of(random_.below(1 + random_.below(kKeys)));
    Entry& e = model_[key];
    e.go_on(now_);
    const auto number = static_cast<int>(random_.below(1000));
    const std::string entry = "m" + std::to_string(random_.below(8));
    if (random_.chance(0.3)) return change_mortal(key, e, number, entry);
    op_->with(key, [&](Owner& o) {
      switch (random_.below(16)) {
        case 0:
        case 1: o.value.set(entry), e.value = entry; return;
        case 2: o.value.clear(), e.value.reset(); return;
        case 3: REQUIRE(o.value.get() == e.value); return;
        case 4:
        case 5: o.list.add(number), e.list.push_back(number); return;
        case 6: REQUIRE(o.list.get() == e.list); return;
        case 7: o.list.set({number, 1}), e.list = {number, 1}; return;
        case 8: o.list.clear(), e.list.clear(); return;
        case 9:
        case 10: o.map.put(entry, number), e.map[entry] = number; return;
        case 11: o.map.remove(entry), e.map.erase(entry); return;
        case 12: {
          const auto at = e.map.find(entry);
          REQUIRE(o.map.get(entry) ==
                  (at == e.map.end() ? std::nullopt : std::optional{at->second}));
          return;
        }
        case 13:
          if (random_.chance(0.5)) {
            REQUIRE(o.map.entries() == e.map);
          } else {
            o.map.clear(), e.map.clear();
          }
          return;
        case 14: o.sum.add(number), e.sum = e.sum.value_or(0) + number; return;
        default:
          REQUIRE(o.sum.get() == e.sum);
          if (random_.chance(0.3)) o.sum.clear(), e.sum.reset();
          return;
      }
    });
  }

  void change_mortal(const std::string& key, Entry& e, int number, const std::string& entry) {
    const WallTime end = now_ + kLife;
    op_->with(key, [&](Owner& o) {
      switch (random_.below(10)) {
        case 0:
        case 1: o.mortal_value.set(number), e.mortal_value = {number, end}; return;
        case 2:
          REQUIRE(o.mortal_value.value_or(-1) == (e.mortal_value ? e.mortal_value->value : -1));
          return;
        case 3:
        case 4: o.mortal_list.add(number), e.mortal_list.push_back({number, end}); return;
        case 5: REQUIRE(o.mortal_list.get() == e.living_list()); return;
        case 6: o.mortal_list.set({number}), e.mortal_list = {{number, end}}; return;
        case 7: o.mortal_map.put(entry, number), e.mortal_map[entry] = {number, end}; return;
        case 8: o.mortal_map.remove(entry), e.mortal_map.erase(entry); return;
        default: {
          const auto at = e.mortal_map.find(entry);
          const bool lives = at != e.mortal_map.end();
          REQUIRE(o.mortal_map.get(entry) ==
                  (lives ? std::optional{at->second.value} : std::nullopt));
          if (lives) at->second.end = end;  // a read begins a new life
        }
      }
    });
  }

  void begin_snapshot() {
    if (!cuts_.empty()) return;
    cuts_ = op_->cut();
    cut_model_ = model_;
    is_written_back_ = false;
    is_native_ = random_.chance(0.6);
  }

  void finish_write_back() {
    if (cuts_.empty() || is_written_back_) return;
    for (KeyedCut& cut : cuts_) {
      if (!cut.has_store()) continue;
      cut.begin();
      REQUIRE(cut.write_back(is_native_ ? std::optional<std::uint64_t>{0} : std::nullopt).ok());
      cut.on_written();
    }
    is_written_back_ = true;
  }

  void finish_snapshot() {
    if (cuts_.empty()) return;
    if (has_log_) return finish_logged();
    finish_write_back();
    const Snapshot old = std::exchange(
        snapshot_, Snapshot{.directory = "/chk-" + std::to_string(++snapshots_), .handles = {}});
    REQUIRE(env_.create_directory(snapshot_.directory).ok());
    for (KeyedCut& cut : cuts_) {
      snapshot_.handles.push_back(write(cut));
      cut.release();
    }
    cuts_.clear();
    snapshot_model_ = cut_model_;
    if (!old.directory.empty()) REQUIRE(base::remove_tree(env_, old.directory).ok());
  }

  /// Some of these come to nothing; the log goes on all the same.
  void finish_logged() {
    const CheckpointId id{static_cast<std::uint64_t>(++snapshots_)};
    std::vector<Logged> written;
    Snapshot snapshot{.directory = "/chk-" + std::to_string(snapshots_), .handles = {}};
    for (std::size_t i = 0; i < cuts_.size(); ++i) {
      LogChain chain = logged_.empty() ? write_base(env_, name_of("base", id, i), id, cuts_[i])
                                       : write_tail(env_, name_of("tail", id, i), id, cuts_[i],
                                                    {logged_[i].cut, logged_[i].chain});
      snapshot.handles.push_back(chain.handles[0]);
      written.push_back({std::move(cuts_[i]), std::move(chain)});
    }
    cuts_.clear();
    for (Logged& old : std::exchange(logged_, std::move(written))) old.cut.release();
    if (random_.chance(0.3)) return;
    REQUIRE(env_.create_directory(snapshot.directory).ok());
    const Snapshot old = std::exchange(snapshot_, std::move(snapshot));
    snapshot_model_ = cut_model_;
    if (!old.directory.empty()) REQUIRE(base::remove_tree(env_, old.directory).ok());
  }

  static std::string name_of(const std::string& what, CheckpointId id, std::size_t part) {
    return what + "-" + std::to_string(id.value()) + "-" + std::to_string(part);
  }

  /// All rows of what was written last become the base of what follows.
  void materialize() {
    for (std::size_t i = 0; i < logged_.size(); ++i) {
      Logged& logged = logged_[i];
      if (logged.chain.versions.size() < 2) continue;
      const CheckpointId id = logged.chain.id();
      const LogChain base = write_base(env_, name_of("base again", id, i), id, logged.cut);
      logged.chain = rebased(logged.chain, base).value();
    }
  }

  KeyedStateHandle write(KeyedCut& cut) {
    if (cut.has_copy()) {
      auto handle = cut.write_files({.env = &env_,
                                     .directory = snapshot_.directory,
                                     .prefix = std::to_string(snapshot_.handles.size()) + ".",
                                     .inline_bytes = random_.below(2) * 10'000});
      REQUIRE(handle.ok());
      return std::move(handle).value();
    }
    StateFile file{env_, "/unused", ~std::size_t{0}};
    auto handle = cut.write(file);
    REQUIRE(handle.ok());
    REQUIRE(file.finish().ok());
    handle->inlined = file.take_inlined();
    return std::move(handle).value();
  }

  void crash() {
    cuts_.clear();
    start(snapshot_);
    model_ = snapshot_model_;
    ++figures.restarts;
    if (random_.chance(0.2)) check_all();
  }

  base::Random random_;
  base::MemoryEnv env_;
  WallTime now_{std::chrono::seconds{1'000'000}};
  Backends backends_;
  std::unique_ptr<Operator> op_;
  Model model_;
  std::vector<KeyedCut> cuts_;  // of the snapshot under way
  Model cut_model_;
  bool is_written_back_ = false;
  bool is_native_ = false;
  int snapshots_ = 0;
  bool has_log_ = false;
  std::vector<Logged> logged_;  // of each subtask, if anything was written
  Snapshot snapshot_;           // the newest
  Model snapshot_model_;
};

}  // namespace

TEST_CASE("state is what a plain map would be, whatever befalls it", "[state][swarm]") {
  test::for_each_seed(10, [](std::uint64_t seed) {
    CAPTURE(seed);
    Run run{seed};
    for (int i = 0; i < 10'000; ++i) run.step();
    run.check_all();
    run.figures.plans = 1;
    return run.figures;
  });
}
