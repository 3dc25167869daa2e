// Driving a source or a sink by hand, as the engine would.
#pragma once

#include "base/files.hpp"
#include "base/memory_env.hpp"

#include <weir/sink.hpp>
#include <weir/source.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace weir::test {

/// Takes all records of a source.
template <class T>
class Collector final : public detail::BatchConsumer {
public:
  void consume(detail::BatchBody& batch) override {
    for (const T& record : static_cast<detail::Batch<T>&>(batch).records) records.push_back(record);
  }
  std::vector<T> records;
};

/// A clock that stands still unless it is moved.
class StoppedClock final : public Clock {
public:
  Duration monotonic() const override { return now; }
  WallTime wall() const override {
    return WallTime{std::chrono::duration_cast<std::chrono::microseconds>(now)};
  }
  Duration now{};
};

/// Reads one split to its end from a position; stops early when `limit` records have come and
/// returns the position there.
template <class T>
struct SplitRun {
  std::vector<T> records;
  std::optional<Bytes> position;  // if it stopped early
  Status status;
};

template <class T>
SplitRun<T> read_split(const Source<T>& source, const Split& split,
                       const std::optional<Bytes>& from, const SourceContext& context,
                       std::size_t limit = ~std::size_t{0}) {
  SplitRun<T> run;
  Collector<T> out;
  auto host = source.factory()->make_host();
  host->connect(&out);
  run.status = host->open(split, from, context);
  while (run.status.ok()) {
    if (host->emitted() >= limit) {
      run.position = host->position(0);
      break;
    }
    if (std::holds_alternative<End>(host->poll(0))) break;
  }
  host->flush();
  run.records = std::move(out.records);
  return run;
}

/// Reads a whole source, split after split.
template <class T>
std::vector<T> read_all(const Source<T>& source, const SourceContext& context) {
  std::vector<T> all;
  auto splits = source.factory()->list(context);
  REQUIRE(splits.ok());
  for (const Split& split : *splits) {
    auto run = read_split(source, split, std::nullopt, context);
    REQUIRE(run.status.ok());
    all.insert(all.end(), run.records.begin(), run.records.end());
  }
  return all;
}

inline void write_file(Env& env, const std::string& path, std::string_view bytes) {
  auto file = env.create(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->append(bytes).ok());
  REQUIRE((*file)->close().ok());
}

}  // namespace weir::test
