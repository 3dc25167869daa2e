// A service whose answers a test gives by hand.
#pragma once

#include <weir/async.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

namespace weir::test {

/// Requests that wait for an answer, oldest first. Copies share them.
class OpenReplies {
public:
  struct Request {
    int record;
    Reply<int> reply;
  };

  void ask(int record, Reply<int> reply) const { open_->push_back({record, std::move(reply)}); }

  std::size_t size() const { return open_->size(); }
  bool has(int record) const { return find(record) != open_->end(); }
  /// Takes the oldest request of those about this record, which must be there.
  Request take(int record) const {
    const auto at = find(record);
    REQUIRE(at != open_->end());
    Request request = std::move(*at);
    open_->erase(at);
    return request;
  }
  /// Answers it with ten times the record.
  void answer(int record) const { take(record).reply(record * 10); }

private:
  std::deque<Request>::iterator find(int record) const {
    return std::find_if(open_->begin(), open_->end(),
                        [&](const Request& some) { return some.record == record; });
  }

  std::shared_ptr<std::deque<Request>> open_ = std::make_shared<std::deque<Request>>();
};

}  // namespace weir::test
