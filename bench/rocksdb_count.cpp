// Counts numbers with the counts in RocksDB, all numbers as often, or few of them most of the time.
//
// Ceiling: one thread that reads each count from RocksDB and writes it back, one by one.
#include "bench/harness.hpp"
#include "bench/tally.hpp"

#include <weir/hash.hpp>
#include <weir/source.hpp>
#include <weir/weir.hpp>

#include <rocksdb/db.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

enum class Shape { uniform, zipf };

/// An endless sequence of numbers below `distinct`, the same in every run.
class Draws {
public:
  Draws(Shape shape, std::uint64_t distinct, std::uint64_t drawn = 0)
      : shape_{shape}, distinct_{distinct}, drawn_{drawn} {}

  std::uint64_t next() {
    const std::uint64_t random = weir::mix(++drawn_);
    if (shape_ == Shape::uniform) return (random >> 32) * distinct_ >> 32;
    // Number k is drawn about as often as 1 / k; which numbers are frequent is mixed up.
    const double fraction = static_cast<double>(random >> 11) * 0x1.0p-53;
    const double rank = std::pow(static_cast<double>(distinct_), fraction);
    return weir::mix(static_cast<std::uint64_t>(rank)) % distinct_;
  }
  std::uint64_t drawn() const { return drawn_; }

private:
  Shape shape_;
  std::uint64_t distinct_;
  std::uint64_t drawn_;
};

class DrawReader final : public weir::SplitReader<std::uint64_t, std::uint64_t> {
public:
  DrawReader(Draws draws, std::uint64_t count) : draws_{draws}, count_{count} {}

  weir::Poll poll(weir::Emit<std::uint64_t>& out) override {
    constexpr std::uint64_t kPerPoll = 1024;
    const std::uint64_t end = std::min(count_, draws_.drawn() + kPerPoll);
    while (draws_.drawn() < end) out(draws_.next());
    if (end == count_) return weir::End{};
    return weir::Ready{};
  }
  std::uint64_t position() const override { return draws_.drawn(); }

private:
  Draws draws_;
  std::uint64_t count_;
};

struct Work {
  Shape shape;
  std::uint64_t distinct;
  std::uint64_t records;
  std::string directory;
};

bench::Tally count_with_weir(const Work& work) {
  bench::Tally tally;
  weir::Job job{"rocksdb-count"};
  job.options().state.backend = weir::StateBackendType::rocksdb;
  job.source("keys", weir::make_source(
                         [] { return std::vector<weir::Split>{{"keys"}}; },
                         [work](const weir::Split&, std::optional<std::uint64_t> drawn) {
                           return std::make_unique<DrawReader>(
                               Draws{work.shape, work.distinct, drawn.value_or(0)}, work.records);
                         }))
      .key_by(std::identity{})
      .count("counts", weir::EmitResults::at_end)
      .sink("tally", bench::tally_sink<std::uint64_t>(tally));
  bench::run(job);
  return tally;
}

void require_ok(const rocksdb::Status& status) {
  bench::require(status.ok(), status.ToString());
}

bench::Tally count_in_a_loop(const Work& work) {
  const std::string path = work.directory + "/bare";
  rocksdb::Options options;
  options.create_if_missing = true;
  options.IncreaseParallelism(2);
  require_ok(rocksdb::DestroyDB(path, options));
  rocksdb::DB* opened = nullptr;
  require_ok(rocksdb::DB::Open(options, path, &opened));
  const std::unique_ptr<rocksdb::DB> db{opened};
  rocksdb::WriteOptions no_log;
  no_log.disableWAL = true;
  Draws draws{work.shape, work.distinct};
  std::string key(sizeof(std::uint64_t), '\0');
  std::string value;
  while (draws.drawn() < work.records) {
    const std::uint64_t number = draws.next();
    std::memcpy(key.data(), &number, sizeof number);
    std::int64_t count = 0;
    if (db->Get({}, key, &value).ok()) std::memcpy(&count, value.data(), sizeof count);
    ++count;
    value.resize(sizeof count);
    std::memcpy(value.data(), &count, sizeof count);
    require_ok(db->Put(no_log, key, value));
  }
  bench::Tally tally;
  const std::unique_ptr<rocksdb::Iterator> at{db->NewIterator({})};
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    std::uint64_t number = 0;
    std::int64_t count = 0;
    std::memcpy(&number, at->key().data(), sizeof number);
    std::memcpy(&count, at->value().data(), sizeof count);
    tally.add(number, count);
  }
  return tally;
}

void compare(const bench::Options& options, const std::string& what, const Work& work,
             int repetitions, double goal) {
  bench::Tally weir;
  bench::Tally bare;
  const auto rate = [&work](bench::Tally& tally, auto count) {
    return [&tally, &work, count] {
      return static_cast<double>(work.records) / 1e3 / bench::seconds([&] { tally = count(work); });
    };
  };
  const auto figures = bench::interleave(
      options.repetitions(repetitions), {rate(weir, count_with_weir), rate(bare, count_in_a_loop)});
  bench::require(weir == bare, "the counts differ");
  bench::print_ratio("count in RocksDB, " + what, "k/s", figures[0], figures[1], goal);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Counts keys in RocksDB, against reading and writing each.");
  const bench::TemporaryDirectory folder{options};
  const auto million = options.sized<std::uint64_t>(1'000'000, 20'000);
  const auto work = [&](Shape shape, std::uint64_t distinct, std::uint64_t records) {
    return Work{shape, distinct, records, folder.path()};
  };
  compare(options, "1e6 keys, zipf", work(Shape::zipf, million, 2 * million), 3, 3);
  compare(options, "1e6 keys, uniform", work(Shape::uniform, million, 2 * million), 3, 1);
  compare(options, "1e7 keys, zipf", work(Shape::zipf, 10 * million, 4 * million), 1, 3);
  compare(options, "1e7 keys, uniform", work(Shape::uniform, 10 * million, 10 * million), 1, 1);
}
