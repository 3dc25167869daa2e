// Inbox: answers on their way from whoever gives them to the subtask that asked.
//
// Answers come from any thread, at any time: also when the subtask has failed or is gone. So the
// inbox belongs to all who may use it, and the subtask closes it.
#pragma once

#include <weir/detail/type.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir::detail {

/// The results of a request, or why it failed.
template <class R>
using AnswerOf = std::variant<std::vector<R>, std::string>;

/// See the file comment. May be used from any thread.
template <class R>
class Inbox {
public:
  struct Answer {
    std::uint64_t request;
    AnswerOf<R> what;
  };

  using Wake = std::function<void()>;

  /// Calls `wake` whenever an answer comes and no other one waits, on the thread of who answers,
  /// and perhaps once more when the inbox has been closed. It must not throw.
  void wake_by(Wake wake) {
    const std::lock_guard lock{mutex_};
    wake_ = std::make_shared<const Wake>(std::move(wake));
  }

  void post(Answer answer) {
    std::shared_ptr<const Wake> wake;
    {
      const std::lock_guard lock{mutex_};
      if (is_closed_) return;
      answers_.push_back(std::move(answer));
      if (answers_.size() == 1) wake = wake_;
    }
    if (wake != nullptr) (*wake)();
  }

  /// Removes all that have come, in their order.
  std::vector<Answer> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(answers_, {});
  }

  /// Nobody reads it any more.
  void close() {
    std::vector<Answer> unread;  // their destructors are not ours: they run outside of the lock
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
    wake_ = nullptr;
    unread.swap(answers_);
  }

private:
  std::mutex mutex_;
  std::vector<Answer> answers_;       // guarded by mutex_
  std::shared_ptr<const Wake> wake_;  // likewise; null: nobody is to be woken
  bool is_closed_ = false;            // likewise
};

/// A request that is to be answered once. May be used from any thread.
template <class R>
class OpenRequest {
public:
  OpenRequest(std::shared_ptr<Inbox<R>> inbox, std::uint64_t number)
      : inbox_{std::move(inbox)}, number_{number} {}
  OpenRequest(const OpenRequest&) = delete;
  OpenRequest& operator=(const OpenRequest&) = delete;
  ~OpenRequest() {
    if (is_answered_) return;
    answer(std::string{
        "it was dropped without an answer; keep a copy of the weir::Reply until it is answered"});
  }

  void answer(AnswerOf<R> what) {
    if (!is_answered_.exchange(true)) inbox_->post({number_, std::move(what)});
  }

private:
  std::shared_ptr<Inbox<R>> inbox_;
  std::uint64_t number_;
  std::atomic<bool> is_answered_ = false;
};

}  // namespace weir::detail
