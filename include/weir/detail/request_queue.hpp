// RequestQueue: which requests of an async operator are begun, begun again, given up and let out,
// and when. Pure: it knows numbers and times, but no records, clocks or threads.
//
//   waiting ──(there is room)──► under way ──(settled)──► settled ──(its turn)──► let out
//                                  ▲    │
//                  (a pause is over)    (retried)
//                                  └ pausing
//
// Invariants
//  - At most `capacity` requests have been begun and not let out. Only a restored queue has others.
//  - What is let out keeps the order of what came in; or, unordered, that in which requests were
//    settled, but no request passes a watermark, in either direction.
//  - A watermark is let out when all requests ahead of it are. Of several without a request in
//    between the last one counts.
//  - The timeout of a request begins when it is first begun, and covers its pauses. What is settled
//    does not time out, however long it waits for its turn.
#pragma once

#include <weir/async.hpp>
#include <weir/detail/watermark.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace weir::detail {

/// Numbers the requests of one queue, from 1, in the order in which they came.
using RequestId = std::uint64_t;

/// See the file comment. All times are monotonic, and never go back from call to call.
class RequestQueue {
public:
  using Out = std::variant<RequestId, Watermark>;

  /// `options` must have no problems.
  explicit RequestQueue(const AsyncOptions& options) : options_{options} {}

  /// How many requests may be added now, so that all of them can be begun at once.
  std::size_t room() const {
    const auto capacity = static_cast<std::size_t>(options_.capacity);
    return capacity > requests_.size() ? capacity - requests_.size() : 0;
  }

  /// Adds a request behind all others.
  RequestId add();
  /// Adds a watermark likewise.
  void add(const Watermark& watermark);

  /// Returns a request that is to be begun now, for the first time or again; it then is under way.
  std::optional<RequestId> next_to_begin(Duration now);
  /// Whether an answer to this request still counts.
  bool is_under_way(RequestId id) const;
  /// How often it has been begun. It must be there.
  int attempts(RequestId id) const { return requests_.at(id).attempts; }

  /// A request that is under way has failed, or its answer was refused: it is begun again after a
  /// pause. Returns false if it has no attempts left, and is under way for ever.
  bool retry(RequestId id, Duration now);
  /// It is known what to let out for a request that is under way or has timed out.
  void settle(RequestId id);
  /// Returns a request whose time is up, each once; to be settled.
  std::optional<RequestId> next_timed_out(Duration now);

  /// Removes what may leave next, if it may already.
  std::optional<Out> next_out();

  /// When `next_to_begin` or `next_timed_out` has something, if nothing else happens.
  std::optional<Duration> due() const;

private:
  enum class State : std::uint8_t { waiting, under_way, pausing, timed_out, settled };
  struct Request {
    std::uint64_t section;
    State state = State::waiting;
    int attempts = 0;
    Duration deadline{};  // from its first attempt until it is settled
    Duration again_at{};  // while it pauses
  };
  /// What lies between two watermarks.
  struct Section {
    std::size_t left = 0;                // requests that have not been let out
    std::deque<RequestId> in_turn = {};  // if ordered, all of these; else those that are settled
    std::optional<Watermark> end = {};   // none: of the last section
  };
  using Alarms = std::set<std::pair<Duration, RequestId>>;

  bool is_ordered() const { return options_.order == AsyncOrder::ordered; }
  static void begin(Request& request);
  Duration pause_behind(int attempt) const;
  static Duration later(Duration now, Duration by) {
    return now > Duration::max() - by ? Duration::max() : now + by;
  }

  AsyncOptions options_;
  std::map<RequestId, Request> requests_;
  std::deque<Section> sections_{Section{}};
  std::uint64_t first_section_ = 0;  // number of the front one
  RequestId last_ = 0;
  RequestId next_new_ = 1;  // the first that has never been begun
  std::size_t begun_ = 0;   // and not let out
  Alarms deadlines_;
  Alarms pauses_;
};

inline RequestId RequestQueue::add() {
  const RequestId id = ++last_;
  Section& section = sections_.back();
  requests_.emplace(id, Request{.section = first_section_ + sections_.size() - 1});
  ++section.left;
  if (is_ordered()) section.in_turn.push_back(id);
  return id;
}

inline void RequestQueue::add(const Watermark& watermark) {
  const std::size_t ended = sections_.size() - 1;
  if (sections_.back().left == 0 && ended > 0) {
    sections_[ended - 1].end = watermark;
    return;
  }
  sections_.back().end = watermark;
  sections_.emplace_back();
}

inline std::optional<RequestId> RequestQueue::next_to_begin(Duration now) {
  if (!pauses_.empty() && pauses_.begin()->first <= now) {
    const RequestId id = pauses_.begin()->second;
    pauses_.erase(pauses_.begin());
    begin(requests_.at(id));
    return id;
  }
  if (next_new_ > last_ || begun_ >= static_cast<std::size_t>(options_.capacity))
    return std::nullopt;
  const RequestId id = next_new_++;
  Request& request = requests_.at(id);
  ++begun_;
  request.deadline = later(now, options_.timeout);
  deadlines_.emplace(request.deadline, id);
  begin(request);
  return id;
}

inline void RequestQueue::begin(Request& request) {
  request.state = State::under_way;
  ++request.attempts;
}

inline bool RequestQueue::is_under_way(RequestId id) const {
  const auto at = requests_.find(id);
  return at != requests_.end() && at->second.state == State::under_way;
}

inline bool RequestQueue::retry(RequestId id, Duration now) {
  Request& request = requests_.at(id);
  if (request.attempts >= options_.retry.attempts) return false;
  request.state = State::pausing;
  request.again_at = later(now, pause_behind(request.attempts));
  pauses_.emplace(request.again_at, id);
  return true;
}

inline Duration RequestQueue::pause_behind(int attempt) const {
  const AsyncRetry& retry = options_.retry;
  const double most = static_cast<double>(retry.pause_max.count());
  double pause = static_cast<double>(retry.pause.count());
  for (int i = 1; i < attempt && pause < most; ++i) pause *= retry.factor;
  return pause < most ? Duration{static_cast<Duration::rep>(pause)} : retry.pause_max;
}

inline void RequestQueue::settle(RequestId id) {
  Request& request = requests_.at(id);
  deadlines_.erase({request.deadline, id});
  request.state = State::settled;
  if (!is_ordered()) sections_[request.section - first_section_].in_turn.push_back(id);
}

inline std::optional<RequestId> RequestQueue::next_timed_out(Duration now) {
  if (deadlines_.empty() || deadlines_.begin()->first > now) return std::nullopt;
  const RequestId id = deadlines_.begin()->second;
  deadlines_.erase(deadlines_.begin());
  Request& request = requests_.at(id);
  if (request.state == State::pausing) pauses_.erase({request.again_at, id});
  request.state = State::timed_out;
  return id;
}

inline std::optional<RequestQueue::Out> RequestQueue::next_out() {
  Section& section = sections_.front();
  if (!section.in_turn.empty()) {
    const RequestId id = section.in_turn.front();
    const auto at = requests_.find(id);
    if (at->second.state != State::settled) return std::nullopt;
    section.in_turn.pop_front();
    --section.left;
    --begun_;
    requests_.erase(at);
    return id;
  }
  if (section.left != 0 || !section.end) return std::nullopt;
  const Watermark watermark = *section.end;
  sections_.pop_front();
  ++first_section_;
  return watermark;
}

inline std::optional<Duration> RequestQueue::due() const {
  std::optional<Duration> due;
  if (!deadlines_.empty()) due = deadlines_.begin()->first;
  if (!pauses_.empty() && (!due || pauses_.begin()->first < *due)) due = pauses_.begin()->first;
  if (due == Duration::max()) return std::nullopt;  // never
  return due;
}

}  // namespace weir::detail
