// Async operators: they ask a database or a service about each record, and go on with the next
// record while the answer is on its way.
//
//   orders.async("customers",
//                [client](const Order& order, weir::Reply<Named> reply) {
//                  client->find(order.customer, [order, reply](const Customer& customer) {
//                    reply(Named{order.id, customer.name});
//                  });
//                },
//                {.capacity = 200, .timeout = 5s})
//
// Rules
//  - A function that asks must not block: its subtask waits for it.
//  - The record is valid only during the call: copy what the answer needs.
//  - Each reply is answered once, from any thread, at any time. What comes later changes nothing,
//    nor does an answer to a request that has timed out or whose subtask has ended.
//  - Records whose answers have not been passed on are part of checkpoints and savepoints, and are
//    asked about again after a restore. So a record may be asked about more than once.
#pragma once

#include <weir/codec.hpp>
#include <weir/detail/inbox.hpp>
#include <weir/time.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// In which order an async operator passes on what it was answered.
enum class AsyncOrder : std::uint8_t {
  ordered,    ///< that of the records
  unordered,  ///< as answers come; but what came ahead of a watermark stays ahead of it
};

/// What an async operator does when a request fails, or its answer is refused.
struct AsyncRetry {
  int attempts = 1;                                 ///< in all, at least 1
  Duration pause = std::chrono::milliseconds{100};  ///< before the second attempt; 0 or more
  double factor = 1;                                ///< later pauses grow by it; at least 1
  Duration pause_max = std::chrono::minutes{1};     ///< but not above this
};

/// How an async operator asks.
struct AsyncOptions {
  AsyncOrder order = AsyncOrder::ordered;
  /// Records of one subtask that may have been taken in and not passed on: it takes in no more
  /// until it has passed on some. At least 1.
  int capacity = 100;
  /// A request that has no good answer by then has failed; all its attempts and pauses count. Above
  /// 0.
  Duration timeout = std::chrono::minutes{1};
  AsyncRetry retry = {};
};

/// Where the answer to one request goes. Copies are of the same request; when the last one is
/// destroyed without an answer, the request has failed. May be used from any thread, and need not
/// be used before the function that got it returns.
template <class R>
class Reply {
  static_assert(detail::RecordCheck<R>::ok);

public:
  /// For the engine.
  explicit Reply(std::shared_ptr<detail::OpenRequest<R>> request) : request_{std::move(request)} {}

  /// Answers with one record, to be passed on in place of the one that was asked about.
  void operator()(R result) const {
    std::vector<R> results;
    results.push_back(std::move(result));
    all(std::move(results));
  }
  /// Answers with any number of records.
  void all(std::vector<R> results) const { request_->answer(std::move(results)); }
  /// The request has failed; `why` becomes part of what is said if the subtask fails by it.
  void fail(std::string why) const { request_->answer(std::move(why)); }

private:
  std::shared_ptr<detail::OpenRequest<R>> request_;
};

/// An async operator as a class, for what a lambda cannot say. It is built on each subtask; its
/// functions are called by the subtask, one at a time. What they throw fails the subtask.
template <class In, class Out>
class AsyncProcess {
  static_assert(detail::RecordCheck<In>::ok);
  static_assert(detail::RecordCheck<Out>::ok);

public:
  using in_type = In;
  using out_type = Out;

  AsyncProcess() = default;
  AsyncProcess(const AsyncProcess&) = delete;
  AsyncProcess& operator=(const AsyncProcess&) = delete;
  virtual ~AsyncProcess() = default;

  /// Asks about a record; called once for each attempt. `record` is valid only during the call.
  virtual void on_record(const In& record, Reply<Out> reply) = 0;

  /// Whether an answer is good. One that is not counts as a failure of the attempt.
  virtual bool accepts([[maybe_unused]] const std::vector<Out>& results) { return true; }

  /// Whether another attempt may go better after this one failed by `why`.
  virtual bool may_pass([[maybe_unused]] const std::string& why) { return true; }

  /// Returns what to pass on for a record whose time is up. By default that is an error.
  virtual std::vector<Out> on_timeout(const In&) {
    throw std::runtime_error{
        "a request got no good answer before its timeout; let AsyncOptions::timeout be longer, or "
        "override AsyncProcess::on_timeout to pass on something else"};
  }
};

}  // namespace weir
