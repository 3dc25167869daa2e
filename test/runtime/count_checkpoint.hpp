// A job that counts numbers, and a checkpoint of it: what tests of restoring and launching share.
#pragma once

#include "checkpoint/metadata.hpp"
#include "test/runtime/numbered_splits.hpp"

#include <weir/job.hpp>
#include <weir/testing/replay_log.hpp>
#include <weir/testing/transaction_log.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using Count = std::pair<int, std::int64_t>;

inline testing::ReplayLog<int> numbers{{1, 2, 3}, 2};
inline testing::TransactionLog<Count> counts;

/// numbers -> counts -> out; the operator that counts may have another name.
inline Job count_job(JobOptions options = {}, const std::string& counts_name = "counts") {
  Job job{"count", options};
  job.source("numbers", numbers.source())
      .key_by(std::identity{})
      .count(counts_name)
      .sink("out", counts.sink());
  return job;
}

/// What the sink of count_job prepares under this name.
inline Bytes transaction(const std::string& name) {
  ByteWriter out;
  encode(name, out);
  return out.take();
}

/// A checkpoint of count_job at parallelism 2, with one key group a subtask.
inline checkpoint::CheckpointMetadata metadata() {
  checkpoint::CheckpointMetadata m{.job = "count", .run = "old", .id = CheckpointId{7}};
  m.max_parallelism = 128;
  for (std::uint32_t i = 0; i < 2; ++i) {
    checkpoint::SubtaskPart source{"numbers", i, {}};
    source.state.sources.push_back({"numbers", "u64", {{{std::to_string(i), 0}, Bytes(8, '\0')}}});
    source.state.is_finished = i == 0;
    m.parts.push_back(source);
    checkpoint::SubtaskPart counter{"counts", i, {}};
    state::KeyedStateHandle handle{
        .operator_name = "counts", .key_schema = "i32", .max_parallelism = 128};
    handle.states = {{"accumulator", detail::StateKind::aggregating, "i64"}};
    handle.groups = {{i * 64 + 1, 0, 10}, {i * 64 + 60, 10, 10}};
    counter.state.keyed.push_back(handle);
    counter.state.sinks.push_back(
        {"out", "str", {{CheckpointId{7}, transaction("txn" + std::to_string(i))}}});
    m.parts.push_back(counter);
  }
  m.remaining.push_back(
      {"numbers", std::make_shared<const std::vector<state::SplitPosition>>(splits(5)), 2});
  return m;
}

/// Whether `text` has `part` in it; if not, a failure shows the text.
inline bool mentions(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) UNSCOPED_INFO(text);
  return found;
}

}  // namespace weir::test
