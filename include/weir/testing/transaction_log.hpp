// TransactionLog: a transactional sink into memory that plays the database: what is prepared is
// invisible until it is committed, and what is committed stays, whoever dies.
#pragma once

#include <weir/sink.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::testing {

/// Committed rows of one sink. Copies share the log. May be used from any thread.
///
///   TransactionLog<Alert> alerts;
///   ....sink("alerts", alerts.sink());
///   CHECK(alerts.committed() == expected);
template <class T>
class TransactionLog {
public:
  /// Returns a sink that writes into this log.
  Sink<T> sink() const {
    return make_sink([store = store_](const WriterContext& context) {
      return std::make_unique<Writer>(store, context);
    });
  }

  /// The rows that readers see, in the order in which their transactions were committed.
  std::vector<T> committed() const {
    const std::lock_guard lock{store_->mutex};
    return store_->committed;
  }
  /// Transactions that are prepared and neither committed nor aborted.
  std::size_t pending() const {
    const std::lock_guard lock{store_->mutex};
    return store_->prepared.size();
  }
  std::size_t commits() const {
    const std::lock_guard lock{store_->mutex};
    return store_->done.size();
  }
  /// Forgets what is prepared, as a database does with transactions that are too old.
  void expire_prepared() const {
    const std::lock_guard lock{store_->mutex};
    store_->prepared.clear();
  }
  /// The next `times` commits fail; as if the database were away.
  void fail_commits(int times) const {
    const std::lock_guard lock{store_->mutex};
    store_->failures_left = times;
  }

private:
  struct Store {
    std::mutex mutex;
    std::map<std::string, std::vector<T>> prepared;
    std::set<std::string> done;
    std::vector<T> committed;
    int failures_left = 0;
  };

  class Writer final : public TransactionalWriter<T, std::string> {
  public:
    Writer(std::shared_ptr<Store> store, const WriterContext& context)
        : store_{std::move(store)},
          prefix_{context.run + "-" + std::to_string(context.info.attempt) + "-" +
                  std::string{context.info.name} + "-" + std::to_string(context.info.subtask) +
                  "-"} {}

    void write(const T& record) override { open_.push_back(record); }

    std::optional<std::string> prepare() override {
      if (open_.empty()) return std::nullopt;
      std::string name = prefix_ + std::to_string(++count_);
      const std::lock_guard lock{store_->mutex};
      store_->prepared[name] = std::exchange(open_, {});
      return name;
    }

    Status commit(const std::string& name) override {
      const std::lock_guard lock{store_->mutex};
      if (store_->failures_left > 0) {
        --store_->failures_left;
        return {ErrorCode::unavailable, "the log refuses commits"};
      }
      if (store_->done.contains(name)) return {};
      const auto at = store_->prepared.find(name);
      if (at == store_->prepared.end())
        return {ErrorCode::not_found,
                "transaction " + name + " was never prepared, or was aborted"};
      store_->committed.insert(store_->committed.end(), at->second.begin(), at->second.end());
      store_->prepared.erase(at);
      store_->done.insert(name);
      return {};
    }

    Status clean_up() override {
      const std::lock_guard lock{store_->mutex};
      store_->prepared.clear();  // aborts what earlier attempts left behind
      return {};
    }

  private:
    std::shared_ptr<Store> store_;
    std::string prefix_;
    std::uint64_t count_ = 0;
    std::vector<T> open_;
  };

  std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

}  // namespace weir::testing
