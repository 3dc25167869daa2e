// A job whose checkpoints lie in test/golden/channels: records that barriers have overtaken, on an
// edge by key and on one in turn. It must not change, nor may its types: files hold their bytes.
#pragma once

#include "test/golden/free_job.hpp"

#include <weir/testing.hpp>

#include <chrono>
#include <string>

namespace weir::test::golden {

constexpr int kParcels = 2000;

/// The machine on which the job is slow, so that records wait; null: it is not.
inline const testing::Cluster* slow_machine = nullptr;

inline void take_a_while() {
  if (slow_machine != nullptr) slow_machine->take_time(std::chrono::microseconds{50});
}

/// Numbers the parcels of a key from 1 on.
class Numbered final : public KeyedProcess<int, Note, Note> {
public:
  void on_record(const Note& parcel, Ctx&, Emit<Note>& out) override {
    take_a_while();
    const int number = count_.value_or(0) + 1;
    count_.set(number);
    out({parcel.kept_by, number});
  }

private:
  ValueState<int> count_{*this, "count"};
};

inline Job make_channels_job(const Notes& written, JobOptions options) {
  static const testing::ReplayLog<Note> parcels{[] {
                                                  std::vector<Note> all;
                                                  for (int i = 0; i < kParcels; ++i)
                                                    all.push_back({std::to_string(i % kKeys), i});
                                                  return all;
                                                }(),
                                                2,
                                                {.rows_per_poll = 20}};
  options.checkpoint.unaligned = true;
  options.network.batches_per_channel = 2;
  Job job{"golden", std::move(options)};
  job.source("parcels", parcels.source())
      .key_by([](const Note& note) { return note.number % kKeys; })
      .process<Numbered>("numbered")
      .rebalance()
      .map("slow",
           [](const Note& note) {
             take_a_while();
             return note;
           })
      .sink("written", written.sink());
  return job;
}

}  // namespace weir::test::golden
