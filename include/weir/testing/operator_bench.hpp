// OperatorBench: what a Harness does whatever the types of its records.
#pragma once

#include <weir/detail/batch.hpp>
#include <weir/job.hpp>
#include <weir/options.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::testing {

/// How a harness runs its operator.
struct HarnessOptions {
  int parallelism = 1;
  StateBackendType backend = StateBackendType::hashmap;
};

/// The state of an operator at one moment; see Harness. Copies share it.
class OperatorSnapshot {
public:
  /// For the engine.
  struct Content;
  explicit OperatorSnapshot(std::shared_ptr<Content> content) : content_{std::move(content)} {}
  Content& content() const { return *content_; }

  /// Whether no key has any state.
  bool is_empty() const;

private:
  std::shared_ptr<Content> content_;
};

/// See the file comment, and Harness for what its functions mean.
class OperatorBench {
public:
  static std::unique_ptr<OperatorBench> make(const Job& job, const HarnessOptions& options);
  virtual ~OperatorBench() = default;

  /// Hands over a batch of the stream that was declared as number `stream`, from 0.
  virtual void push(std::size_t stream, const detail::BatchRef& batch) = 0;
  virtual void advance_event_time(Timestamp time) = 0;
  virtual void set_clock(Timestamp time) = 0;
  virtual void end() = 0;
  virtual std::vector<detail::BatchRef> take_output() = 0;
  virtual std::vector<detail::BatchRef> take_side_output(std::string_view name,
                                                         const std::string& schema) = 0;
  virtual double metric(std::string_view name) = 0;
  virtual OperatorSnapshot snapshot() = 0;
  virtual void restore(const OperatorSnapshot& snapshot) = 0;
};

}  // namespace weir::testing
