// Audience: sees the rows of a query that go to no files; for measurements.
#pragma once

#include <weir/sink.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace nexmark {

/// One sits at each subtask of the sink and is called on its thread.
class Audience {
public:
  virtual ~Audience() = default;
  /// Called as soon as rows are written. `times` are theirs, or empty if they have none.
  virtual void see(std::size_t rows, std::span<const weir::Timestamp> times) = 0;
  /// Called at each checkpoint and at the end of the input.
  virtual void pause() {}
};

using MakeAudience = std::function<std::unique_ptr<Audience>()>;

/// Shows rows to an audience, if there is one, and throws them away.
template <class Row>
class Stage final : public weir::detail::SinkWriter {
public:
  explicit Stage(std::unique_ptr<Audience> audience) : audience_{std::move(audience)} {}

  void write(const weir::detail::BatchBody& batch, std::size_t begin, std::size_t end) override {
    if (audience_ == nullptr) return;
    std::span times{static_cast<const weir::detail::Batch<Row>&>(batch).times};
    if (!times.empty()) times = times.subspan(begin, end - begin);
    audience_->see(end - begin, times);
  }
  std::optional<weir::Bytes> prepare() override {
    if (audience_ != nullptr) audience_->pause();
    return std::nullopt;
  }
  std::optional<weir::Bytes> unfinished() override { return std::nullopt; }

private:
  std::unique_ptr<Audience> audience_;
};

/// Makes stages. Times of records are known to the engine's side of a sink only, so this is not a
/// weir::Writer.
template <class Row>
class StageFactory final : public weir::detail::SinkFactory {
public:
  explicit StageFactory(MakeAudience make)
      : SinkFactory{weir::Delivery::repeatable}, make_{std::move(make)} {}

  std::unique_ptr<weir::detail::SinkWriter> make_writer(const weir::WriterContext&) const override {
    return std::make_unique<Stage<Row>>(make_ ? make_() : nullptr);
  }
  std::unique_ptr<weir::detail::Committer> make_committer(
      const weir::WriterContext&) const override {
    return nullptr;
  }
  std::string txn_schema() const override { return {}; }

private:
  MakeAudience make_;
};

}  // namespace nexmark
