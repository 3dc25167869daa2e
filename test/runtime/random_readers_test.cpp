// Splits under random failures of single readers and of all: a model of coordinator, readers and
// checkpoints around the assigner and the tracker of splits.
#include "base/random.hpp"
#include "runtime/job/source_splits.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

using namespace weir;
using namespace weir::runtime;
using state::SplitPosition;

namespace {

using Splits = std::vector<SplitPosition>;

SplitPosition split(const std::string& name, std::optional<Bytes> position = std::nullopt) {
  return {{name, 0}, std::move(position)};
}

/// A job of forward edges only: each reader is a region. Readers fail one by one, or all together,
/// among checkpoints, which may complete without some of them; whatever happens, each record must
/// count once.
class RandomReaders {
public:
  RandomReaders(std::uint64_t seed, Assignment assignment, bool is_regional)
      : random_{seed},
        options_{.assignment = assignment},
        is_regional_{is_regional},
        readers_(1 + random_.below(4)),
        is_restored_from_(std::nullopt) {
    Splits all;
    for (std::size_t i = 0; i < kSplits; ++i) all.push_back(split(std::to_string(i)));
    restored_.remaining = all;
    restored_.readers.resize(readers_.size());
    restart_all();
  }

  void run() {
    for (int step = 0; step < 2'000 && !is_done(); ++step) this->step(true);
    for (int step = 0; step < 20'000 && !is_done(); ++step) this->step(false);
    REQUIRE(is_done());
    std::map<std::string, int> counted;
    for (const Reader& reader : readers_) {
      for (const auto& record : reader.state.output) ++counted[record];
    }
    CHECK(counted.size() == kSplits * kRecords);
    for (const auto& [record, n] : counted)
      CHECK((record + "x" + std::to_string(n)) == record + "x1");
  }

  /// How many checkpoints completed without somebody.
  int regional() const { return regional_; }

private:
  static constexpr std::size_t kSplits = 40;
  static constexpr std::size_t kRecords = 6;  // a split

  struct State {
    std::map<std::string, std::size_t> reading;  // split -> next record
    std::vector<std::string> output;
    bool has_no_more = false;  // stands for: finished, once it reads nothing
    bool is_finished() const { return has_no_more && reading.empty(); }
  };
  using Trigger = CheckpointId;
  using Message = std::variant<SplitAssigner::Answer, Trigger>;
  struct Reader {
    State state;
    std::deque<Message> mailbox;
    bool has_asked = false;
  };
  struct Checkpoint {
    Splits remaining;
    std::map<std::uint32_t, State> acks;
    std::vector<State> readers;      // when complete
    std::vector<Splits> given = {};  // to the readers since the one before
    std::set<std::uint32_t> left_out = {};
  };

  bool is_done() const {
    for (const Reader& reader : readers_) {
      if (!reader.state.is_finished()) return false;
    }
    return true;
  }

  void step(bool may_fail) {
    const auto i = static_cast<std::uint32_t>(random_.below(readers_.size()));
    switch (random_.below(may_fail ? 40 : 30)) {
      case 34:
        if (!leave_out(i)) pending_.clear();  // declined
        return;
      case 30: restart_one(i); return;
      case 31:
        if (random_.chance(0.2)) restart_all();
        return;
      case 32:
      case 33: trigger(); return;
      default: turn(i);
    }
  }

  void turn(std::uint32_t i) {
    Reader& reader = readers_[i];
    if (!reader.mailbox.empty() && random_.chance(0.5)) {
      const Message message = std::move(reader.mailbox.front());
      reader.mailbox.pop_front();
      if (const auto* id = std::get_if<Trigger>(&message)) return acknowledge(*id, i);
      const auto& answer = std::get<SplitAssigner::Answer>(message);
      for (const SplitPosition& s : answer.splits)
        reader.state.reading[s.split.id] = s.position ? std::stoul(*s.position) : 0;
      reader.state.has_no_more = answer.no_more;
      reader.has_asked = false;
      return;
    }
    if (reader.state.reading.empty()) {
      if (reader.state.has_no_more || reader.has_asked) return;
      reader.has_asked = true;
      auto answer = assigner_->request(i);
      tracker_.on_handed_out(i, answer.splits);
      reader.mailbox.emplace_back(std::move(answer));
      return;
    }
    auto& [name, next] = *reader.state.reading.begin();
    reader.state.output.push_back(name + ":" + std::to_string(next));
    if (++next == kRecords) reader.state.reading.erase(reader.state.reading.begin());
  }

  void trigger() {
    if (is_regional_ && !pending_.empty()) return;
    last_id_ = last_id_.next();
    const auto remaining = assigner_->remaining();
    pending_[last_id_].remaining = {
        remaining.all->begin() + static_cast<std::ptrdiff_t>(remaining.next), remaining.all->end()};
    tracker_.on_triggered(last_id_);
    for (std::uint32_t i = 0; i < readers_.size(); ++i) {
      pending_[last_id_].given.push_back(tracker_.given_to(i));
      readers_[i].mailbox.emplace_back(last_id_);
    }
  }

  /// Whether the checkpoint that is being taken goes on without reader `i`.
  bool leave_out(std::uint32_t i) {
    if (!is_regional_ || pending_.empty() || !is_restored_from_) return false;
    Checkpoint& checkpoint = pending_.begin()->second;
    checkpoint.left_out.insert(i);
    checkpoint.acks.erase(i);
    if (checkpoint.left_out.size() == readers_.size()) return false;
    complete_if_answered(pending_.begin());
    return true;
  }

  void acknowledge(CheckpointId id, std::uint32_t i) {
    const auto at = pending_.find(id);
    if (at == pending_.end() || at->second.left_out.contains(i)) return;  // it is off
    at->second.acks[i] = readers_[i].state;
    complete_if_answered(at);
  }

  void complete_if_answered(std::map<CheckpointId, Checkpoint>::iterator at) {
    const CheckpointId id = at->first;
    Checkpoint& checkpoint = at->second;
    if (checkpoint.acks.size() + checkpoint.left_out.size() < readers_.size()) return;
    for (const std::uint32_t i : checkpoint.left_out) {
      checkpoint.acks[i] = restored_.readers[i];
      for (const SplitPosition& each : checkpoint.given[i]) checkpoint.remaining.push_back(each);
    }
    for (auto& [reader, state] : checkpoint.acks) checkpoint.readers.push_back(std::move(state));
    const auto left_out = checkpoint.left_out;
    regional_ += left_out.empty() ? 0 : 1;
    restored_ = std::move(checkpoint);
    is_restored_from_ = id;
    pending_.erase(pending_.begin(), std::next(at));
    tracker_.on_completed(id, left_out);
  }

  static Splits positions(const State& state) {
    Splits splits;
    for (const auto& [name, next] : state.reading)
      splits.push_back(split(name, Bytes{std::to_string(next)}));
    return splits;
  }

  void restart_one(std::uint32_t i) {
    if (!leave_out(i)) pending_.clear();
    State state = restored_.readers[i];
    const Splits back = tracker_.take_back(i, is_restored_from_);
    readers_[i] = {};
    if (state.is_finished()) {
      CHECK(back.empty());
    } else {
      assigner_->put_back(i, back);
      readers_[i].mailbox.emplace_back(SplitAssigner::Answer{positions(state), false});
      readers_[i].has_asked = true;  // and is answered unasked: ahead of any trigger
      state.has_no_more = false;
    }
    state.reading.clear();
    readers_[i].state = std::move(state);
  }

  void restart_all() {
    pending_.clear();
    tracker_ = {};
    Splits all;
    std::vector<std::uint32_t> unfinished;
    for (std::uint32_t i = 0; i < readers_.size(); ++i) {
      State state = restored_.readers[i];
      for (SplitPosition& s : positions(state)) all.push_back(std::move(s));
      state.reading.clear();
      if (!state.has_no_more || !positions(restored_.readers[i]).empty()) {
        state.has_no_more = false;
        unfinished.push_back(i);
      }
      readers_[i] = {std::move(state), {}, false};
    }
    all.insert(all.end(), restored_.remaining.begin(), restored_.remaining.end());
    assigner_.emplace("s", options_, unfinished, all);
    // What the new execution began with is in no checkpoint of its own.
    restored_.remaining = all;
    for (State& state : restored_.readers) state.reading.clear();
    for (const std::uint32_t i : unfinished) restored_.readers[i].has_no_more = false;
    is_restored_from_ = std::nullopt;
  }

  base::Random random_;
  SourceOptions options_;
  bool is_regional_;
  int regional_ = 0;  // checkpoints that completed without somebody
  std::vector<Reader> readers_;
  std::optional<SplitAssigner> assigner_;
  SplitTracker tracker_;
  CheckpointId last_id_;
  std::map<CheckpointId, Checkpoint> pending_;
  Checkpoint restored_;
  std::optional<CheckpointId> is_restored_from_;  // none: what the execution began with
};

}  // namespace

TEST_CASE("random restarts of single readers: each record counts once", "[splits]") {
  for (const Assignment assignment : {Assignment::on_request, Assignment::spread}) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      CAPTURE(seed, static_cast<int>(assignment));
      RandomReaders{seed, assignment, false}.run();
    }
  }
}

TEST_CASE("random checkpoints without some readers: each record counts once", "[splits]") {
  for (const Assignment assignment : {Assignment::on_request, Assignment::spread}) {
    int regional = 0;
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
      CAPTURE(seed, static_cast<int>(assignment));
      RandomReaders readers{seed, assignment, true};
      readers.run();
      regional += readers.regional();
    }
    CHECK(regional > 1000);
  }
}
