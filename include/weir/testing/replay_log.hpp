// ReplayLog: a source over rows in memory that can be read again from any position.
#pragma once

#include <weir/source.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::testing {

/// How a ReplayLog is read.
struct Pace {
  std::size_t rows_per_poll = 16;
  /// Time between two polls of a partition; gives checkpoints something to happen in between. Under
  /// simulation it costs nothing.
  Duration pause{};
};

/// Rows that are spread over partitions in turn: row i is in partition i mod `partitions`.
///
///   ReplayLog<Click> clicks{random_clicks(1000), 4};
///   job.source("clicks", clicks.source());
template <class T>
class ReplayLog {
public:
  explicit ReplayLog(std::vector<T> rows, std::size_t partitions = 1, Pace pace = {})
      : rows_{std::make_shared<const std::vector<T>>(std::move(rows))},
        partitions_{partitions},
        pace_{pace} {}

  const std::vector<T>& rows() const { return *rows_; }

  /// Returns a source that reads all partitions. May be called more than once.
  Source<T> source(SourceOptions options = {}) const {
    return make_source(
        [partitions = partitions_] {
          std::vector<Split> splits;
          for (std::size_t p = 0; p < partitions; ++p) splits.push_back({std::to_string(p)});
          return splits;
        },
        [rows = rows_, partitions = partitions_, pace = pace_](
            const Split& split, const std::optional<std::uint64_t>& position) {
          return std::make_unique<Reader>(rows, partitions, pace,
                                          position.value_or(std::stoull(split.id)));
        },
        options);
  }

private:
  using Rows = std::shared_ptr<const std::vector<T>>;

  /// Position: index of the next row.
  class Reader final : public SplitReader<T, std::uint64_t> {
  public:
    Reader(Rows rows, std::size_t partitions, Pace pace, std::uint64_t next)
        : rows_{std::move(rows)}, partitions_{partitions}, pace_{pace}, next_{next} {}

    Poll poll(Emit<T>& out) override {
      for (std::size_t n = 0; n < pace_.rows_per_poll && next_ < rows_->size(); ++n) {
        out((*rows_)[next_]);
        next_ += partitions_;
      }
      if (next_ >= rows_->size()) return End{};
      if (pace_.pause > Duration{}) return Later{pace_.pause};
      return Ready{};
    }
    std::uint64_t position() const override { return next_; }

  private:
    Rows rows_;
    std::size_t partitions_;
    Pace pace_;
    std::uint64_t next_;
  };

  Rows rows_;
  std::size_t partitions_;
  Pace pace_;
};

}  // namespace weir::testing
