// A job whose checkpoints lie in test/golden/free: state without keys, and timers. At its end it
// tells all that it keeps, so that what it writes does not depend on where it was continued. It
// must not change, nor may its types: files hold their bytes.
#pragma once

#include <weir/testing.hpp>

#include <algorithm>
#include <compare>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weir::test::golden {

constexpr int kNumbers = 300;
constexpr int kKeys = 7;

struct Note {
  std::string kept_by;
  int number = 0;
  friend auto operator<=>(const Note&, const Note&) = default;
};

/// Keeps each number in a list and in a union list, and what they leave of five in a map.
class Free final : public Process<Note, Note> {
public:
  void on_record(const Note& note, const OperatorInfo&, Emit<Note>& out) override {
    list_.add({"list", note.number});
    all_.add({"union list", note.number});
    rests_.put(note.number % 5, {"map", note.number % 5});
    out(note);
  }

  /// Of what all subtasks had it goes on with its share.
  void on_restore(const OperatorInfo& info) override {
    std::vector<Note> share;
    for (const Note& note : all_) {
      const bool is_own =
          static_cast<std::uint32_t>(note.number) % info.parallelism == info.subtask;
      if (is_own) share.push_back(note);
    }
    all_.set(std::move(share));
  }

  void on_end(Emit<Note>& out) override {
    for (const Note& note : list_) out(note);
    for (const Note& note : all_) out(note);
    for (const auto& [rest, note] : rests_) out(note);
  }

private:
  OperatorListState<Note> list_{*this, "list"};
  UnionListState<Note> all_{*this, "all"};
  BroadcastState<int, Note> rests_{*this, "rests"};
};

/// Sets a timer for each number, and passes on what comes from others. Event time ends with the
/// input: then all of them fire.
class Timed final : public KeyedProcess<int, Note, Note> {
public:
  void on_record(const Note& note, Ctx& ctx, Emit<Note>& out) override {
    if (note.kept_by != "source") return out(note);
    ctx.event_timers().at(Timestamp{std::chrono::milliseconds{note.number}});
    ctx.processing_timers().at(kNever);
  }
  void on_timer(Timestamp time, Ctx&, Emit<Note>& out) override {
    out({"timer", static_cast<int>(time.time_since_epoch() / std::chrono::milliseconds{1})});
  }

private:
  static constexpr Timestamp kNever{std::chrono::hours{24 * 365 * 200}};
};

/// What the job has written; for one that does not fail.
class Notes {
public:
  std::vector<Note> rows() const {
    const std::lock_guard lock{store_->mutex};
    return store_->rows;
  }

  Sink<Note> sink() const {
    return make_sink(
        [store = store_](const WriterContext&) { return std::make_unique<Out>(store); },
        Delivery::repeatable);
  }

private:
  struct Store {
    std::mutex mutex;
    std::vector<Note> rows;
  };

  class Out final : public Writer<Note> {
  public:
    explicit Out(std::shared_ptr<Store> store) : store_{std::move(store)} {}
    void write(const Note& note) override {
      const std::lock_guard lock{store_->mutex};
      store_->rows.push_back(note);
    }

  private:
    std::shared_ptr<Store> store_;
  };

  std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

/// All that it tells at its end, in order.
inline std::vector<Note> told_at_the_end() {
  std::vector<Note> all;
  for (int i = 0; i < kNumbers; ++i) {
    for (const char* kept_by : {"list", "union list", "timer"}) all.push_back({kept_by, i});
  }
  for (int i = 0; i < 5; ++i) all.push_back({"map", i});
  std::sort(all.begin(), all.end());
  return all;
}

inline Job make_free_job(const Notes& written, JobOptions options) {
  static const testing::ReplayLog<Note> notes{
      [] {
        std::vector<Note> all;
        for (int i = 0; i < kNumbers; ++i) all.push_back({"source", i});
        return all;
      }(),
      2,
      {.rows_per_poll = 3, .pause = std::chrono::milliseconds{10}}};
  Job job{"golden", std::move(options)};
  job.source("notes", notes.source())
      .rebalance()
      .process<Free>("free")
      .key_by([](const Note& note) { return note.number % kKeys; })
      .process<Timed>("timed")
      .sink("written", written.sink());
  return job;
}

}  // namespace weir::test::golden
