// StoredTimers against a plain set, with heads of all sizes: random changes, snapshots on their way
// and restores between them; what it costs to read them, and what is in memory.
#include "base/random.hpp"
#include "test/state/backends.hpp"

#include <weir/detail/stored_timers.hpp>

#include <catch2/catch.hpp>

#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::detail;

namespace {

constexpr KeyGroupRange kRange{3, 11};
constexpr StoredTimers::Columns kColumns{0, 1};

Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

/// The timers that are in the rows of a store.
std::set<TimerId> rows_of(StateStore& store) {
  std::set<TimerId> timers;
  const auto cursor = store.cursor(kColumns.rows, {});
  for (; cursor->is_valid(); cursor->next()) timers.insert(TimerId::of_row(cursor->key()));
  return timers;
}

/// An empty store for rows, and for an index if the backend of `kind` has one.
std::unique_ptr<StateStore> open_store(test::Backends& backends,
                                       test::BackendKind kind = test::BackendKind::rocksdb) {
  return backends.of(kind)->open("timers", {{.holds_timers = true}}).store;
}

/// Timers, and what they should be.
class Run {
public:
  Run(std::uint64_t seed, std::size_t head_max) : random_{seed}, head_max_{head_max} {}

  void step() {
    const double what = random_.uniform();
    if (what < 0.5)
      insert();
    else if (what < 0.65)
      erase();
    else if (what < 0.95)
      pop();
    else if (what < 0.97)
      cut();
    else if (what < 0.99)
      finish_cut();
    else if (cuts_.empty())
      random_.chance(0.2) ? restore() : timers_->flush();
    check();
  }
  void pop_all() {
    while (!model_.empty()) pop();
    check();
  }

private:
  struct Cut {
    std::shared_ptr<const TimerChanges> changes;
    std::set<TimerId> timers;  // at the cut
  };

  void insert() {
    const TimerId timer = draw();
    timers_->insert(timer);
    model_.insert(timer);
  }
  /// Takes back a timer that is there, or perhaps is not.
  void erase() {
    TimerId timer = draw();
    const auto at = model_.lower_bound(timer);
    if (at != model_.end() && random_.chance(0.8)) timer = *at;
    timers_->erase(timer);
    model_.erase(timer);
  }
  void pop() {
    if (model_.empty()) return;
    CHECK(timers_->pop() == *model_.begin());
    model_.erase(model_.begin());
  }
  /// As BackedRows does.
  void cut() {
    if (cuts_.empty()) store_->hold();
    cuts_.push_back({timers_->cut(), model_});
  }
  void finish_cut() {
    if (cuts_.empty()) return;
    const Cut cut = std::move(cuts_.front());
    cuts_.pop_front();
    timers_->write(*cut.changes);
    timers_->on_written();
    store_->release();
    REQUIRE(rows_of(*store_) == cut.timers);
    if (!cuts_.empty()) store_->hold();
  }
  /// Begins anew with what the store has.
  void restore() {
    timers_->flush();
    make_timers();
    timers_->restore();
  }
  void check() {
    REQUIRE(timers_->empty() == model_.empty());
    if (!model_.empty()) REQUIRE(timers_->front() == *model_.begin());
  }

  void make_timers() {
    timers_ = std::make_unique<StoredTimers>(*store_, kColumns, kRange, head_max_);
  }
  /// Few enough that timers often come back.
  TimerId draw() {
    const auto key = std::string(random_.below(3), 'k') + std::to_string(random_.below(3));
    const auto group = static_cast<std::uint32_t>(kRange.begin + random_.below(kRange.size()));
    return {at(static_cast<std::int64_t>(random_.below(20)) - 10), group, key};
  }

  base::Random random_;
  const std::size_t head_max_;
  test::Backends backends_;
  std::unique_ptr<StateStore> store_ = open_store(backends_);
  std::unique_ptr<StoredTimers> timers_ =
      std::make_unique<StoredTimers>(*store_, kColumns, kRange, head_max_);
  std::set<TimerId> model_;
  std::deque<Cut> cuts_;
};

/// Counts walks.
class CountingStore final : public StateStore {
public:
  explicit CountingStore(StateStore& store) : store_{store} {}

  std::unique_ptr<StoreCursor> cursor(std::size_t column, std::string_view from) override {
    ++cursors;
    return store_.cursor(column, from);
  }
  bool get(std::size_t column, std::string_view key, std::string& value) override {
    return store_.get(column, key, value);
  }
  void get_many(std::size_t column, const std::vector<std::string_view>& keys,
                std::vector<std::optional<std::string>>& values) override {
    store_.get_many(column, keys, values);
  }
  void write(const StoreWrites& writes) override {
    entries_written += writes.size();
    store_.write(writes);
  }
  void set_time(std::int64_t now) override { store_.set_time(now); }
  void hold() override { store_.hold(); }
  void release() override { store_.release(); }
  std::unique_ptr<StoreView> view() override { return store_.view(); }
  StoreCopy copy() override { return store_.copy(); }
  void adopt(std::unique_ptr<StoreDirectory> directory) override {
    store_.adopt(std::move(directory));
  }
  void add_sorted(std::size_t column, StoreCursor& from, std::string_view end) override {
    store_.add_sorted(column, from, end);
  }
  void keep(std::string_view begin, std::string_view end) override { store_.keep(begin, end); }

  std::size_t cursors = 0;
  std::size_t entries_written = 0;

private:
  StateStore& store_;
};

}  // namespace

TEST_CASE("stored timers are a set in the order of times, however few are in memory", "[timers]") {
  const std::size_t head_max = GENERATE(as<std::size_t>{}, 1, 2, 7, 100, 100'000);
  const auto seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{4}));
  CAPTURE(head_max, seed);
  Run run{seed, head_max};
  for (int i = 0; i < 5000; ++i) run.step();
  run.pop_all();
}

TEST_CASE("bytes of timers are in the order of times, keys and their places", "[timers]") {
  const Timestamp times[]{Timestamp::min(), at(-1), at(0), at(1), at(256), Timestamp::max()};
  std::vector<TimerId> ascending;
  for (const Timestamp time : times) {
    for (const std::uint32_t group : {0U, 255U, 256U, 32767U}) {
      for (const char* key : {"", "a", "aa", "b", "\xff"}) ascending.emplace_back(time, group, key);
    }
  }
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    const TimerId& timer = ascending[i];
    CHECK(TimerId::of_index(timer.index()) == timer);
    CHECK(TimerId::of_row(timer.row()) == timer);
    CHECK(store_group(timer.index()) == timer.group());
    CHECK(store_group(timer.row()) == timer.group());
    if (i == 0) continue;
    CHECK(ascending[i - 1] < timer);
    if (ascending[i - 1].group() == timer.group()) CHECK(ascending[i - 1].index() < timer.index());
  }
  CHECK(ascending.back().time() == Timestamp::max());
  CHECK(TimerId::least(7).time() == Timestamp::min());
}

TEST_CASE("memory does not grow with stored timers, and one walk reads many", "[timers]") {
  constexpr std::size_t kHead = 800;
  constexpr std::size_t kTimers = 40'000;
  test::Backends backends;
  const auto bare = open_store(backends);
  CountingStore store{*bare};
  StoredTimers timers{store, kColumns, kRange, kHead};
  base::Random random{1};
  std::size_t most = 0;
  for (std::size_t i = 0; i < kTimers; ++i) {
    const auto group = static_cast<std::uint32_t>(kRange.begin + random.below(kRange.size()));
    timers.insert(
        {at(static_cast<std::int64_t>(random.below(1'000'000))), group, std::to_string(i)});
    if (timers.is_full()) timers.flush();
    most = std::max(most, timers.in_memory());
  }
  CHECK(most < 10'000);  // the head, and a round number of changes
  CHECK(store.cursors == 0);
  timers.flush();
  store.cursors = 0;
  std::size_t popped = 0;
  Timestamp last = Timestamp::min();
  for (; !timers.empty(); ++popped) {
    const TimerId timer = timers.pop();
    CHECK(last <= timer.time());
    last = timer.time();
    if (timers.is_full()) timers.flush();
  }
  CHECK(popped == kTimers);
  CHECK(store.cursors < kTimers / 40);  // 50 timers each, but for those read when there was no room
}

TEST_CASE("timers that fire or are taken back before they are written never are", "[timers]") {
  test::Backends backends;
  const auto bare = open_store(backends);
  CountingStore store{*bare};
  StoredTimers timers{store, kColumns, kRange, 100};
  for (int i = 0; i < 50; ++i) timers.insert({at(i), 5, "key"});
  for (int i = 0; i < 25; ++i) timers.pop();
  for (int i = 25; i < 50; ++i) timers.erase({at(i), 5, "key"});
  CHECK(timers.in_memory() == 0);
  timers.flush();
  CHECK(store.entries_written == 0);

  // Unless a snapshot has seen them.
  timers.insert({at(1), 5, "key"});
  const auto cut = timers.cut();
  timers.pop();
  timers.write(*cut);
  timers.on_written();
  CHECK(rows_of(store).size() == 1);
  timers.flush();
  CHECK(rows_of(store).empty());
}

TEST_CASE("the order of timers is made from rows where files lack it", "[timers]") {
  test::Backends backends;
  const auto store = open_store(backends);
  const std::vector<TimerId> all{{at(-5), 4, "a"}, {at(3), 4, "b"}, {at(2), 9, "a"}};
  StoreWrites writes;
  for (const TimerId& timer : all) writes.put(kColumns.rows, timer.row(), {});
  writes.put(kColumns.index, all[2].index(), {});  // of this group it is there
  store->write(writes);
  StoredTimers timers{*store, kColumns, kRange, 1};
  timers.restore();
  for (const TimerId& timer : {all[0], all[2], all[1]}) CHECK(timers.pop() == timer);
  CHECK(timers.empty());
  timers.flush();
  CHECK_FALSE(store->cursor(kColumns.index, {})->is_valid());
  CHECK(rows_of(*store).empty());
}

TEST_CASE("a row that is too short for a timer is refused", "[timers]") {
  test::Backends backends;
  const auto store = open_store(backends);
  StoreWrites writes;
  writes.put(kColumns.rows, store_prefix(4) + "short", {});
  store->write(writes);
  StoredTimers timers{*store, kColumns, kRange, 1};
  CHECK_THROWS_AS(timers.restore(), StoreError);
}

TEST_CASE("an order that nobody kept up to date is dropped with the files that have it",
          "[timers]") {
  test::Backends backends;
  const auto ordered = open_store(backends);
  const TimerId timer{at(1), 4, "a"};
  StoreWrites writes;
  writes.put(kColumns.rows, timer.row(), {});
  writes.put(kColumns.index, timer.index(), {});
  ordered->write(writes);
  const auto queued = open_store(backends, test::BackendKind::queue);
  queued->adopt(ordered->copy().directory);
  CHECK(rows_of(*queued).size() == 1);
  const auto again = open_store(backends);
  again->adopt(queued->copy().directory);
  CHECK(rows_of(*again).size() == 1);
  CHECK_FALSE(again->cursor(kColumns.index, {})->is_valid());
}
