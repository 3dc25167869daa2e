// Checkpoints of 2 GB of state in RocksDB by its files: what one costs after 1 % of the state has
// changed, what a restore costs, as it was and on three subtasks instead of two, and what
// savepoints cost in either format.
//
// Ceilings: for a checkpoint the changed share of the state, in bytes and of the time that all of
// it took; for a restore a copy of the files. Savepoints have none.
#include "base/files.hpp"
#include "bench/harness.hpp"
#include "runtime/task/state_backends.hpp"
#include "state/keyed_cut.hpp"

#include <weir/state.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace weir;

constexpr std::uint32_t kGroups = 128;
constexpr std::size_t kValueBytes = 1000;
constexpr double kMega = 1e6;

struct Values : StateOwner {
  ValueState<std::string> value{*this, "value"};
};

/// Bytes that cannot be compressed.
std::string value_of(std::uint64_t key, std::uint64_t version) {
  std::string bytes;
  for (std::uint64_t i = 0; bytes.size() < kValueBytes; ++i) {
    const std::uint64_t word = mix(mix(key) + mix(version) + i);
    bytes.append(sizeof word, '\0');
    std::memcpy(bytes.data() + bytes.size() - sizeof word, &word, sizeof word);
  }
  bytes.resize(kValueBytes);
  return bytes;
}

/// The state of one subtask.
class Part {
public:
  Part(detail::StateBackend& backend, detail::KeyGroupRange range)
      : state_{range, kGroups, owner_.declared_states(),
               backend.open("values", detail::store_columns(owner_.declared_states()))} {
    owner_.bind_states(state_);
  }

  bool has(std::uint64_t key) const {
    return state_.table().range().contains(detail::key_position(hash_of(key), kGroups).group);
  }
  void set(std::uint64_t key, std::uint64_t version) {
    state_.backed()->keep_budget();
    state_.enter(hash_of(key), key);
    owner_.value.set(value_of(key, version));
    state_.leave();
  }
  std::string get(std::uint64_t key) {
    state_.enter(hash_of(key), key);
    std::string value = owner_.value.value_or("");
    state_.leave();
    return value;
  }

  state::KeyedStateHandle snapshot(const std::string& directory, bool is_linkable) {
    bench::require(Env::posix().create_directories(directory).ok(), directory);
    state::KeyedCut cut{state::describe("values", schema<std::uint64_t>(), state_), state_};
    cut.begin();
    bench::require(cut.write_back(0).ok(), "the store cannot be written");
    cut.on_written();
    auto handle = cut.write_files({.env = &Env::posix(),
                                   .directory = directory,
                                   .prefix = "values.",
                                   .is_linkable = is_linkable});
    bench::require(handle.ok(), handle.status().message());
    cut.release();
    return std::move(handle).value();
  }

  /// A savepoint of rows.
  state::KeyedStateHandle rows(const std::string& directory) {
    bench::require(Env::posix().create_directories(directory).ok(), directory);
    state::KeyedCut cut{state::describe("values", schema<std::uint64_t>(), state_), state_};
    cut.begin();
    bench::require(cut.write_back().ok(), "the store cannot be written");
    cut.on_written();
    state::StateFile file{Env::posix(), directory + "/values.state", 0};
    auto handle = cut.write(file);
    bench::require(handle.ok() && file.finish().ok(), handle.status().message());
    cut.release();
    handle->path = "values.state";
    return std::move(handle).value();
  }

  detail::KeyedState& state() { return state_; }

private:
  Values owner_;
  detail::KeyedStateOf<std::uint64_t> state_;
};

/// Two subtasks, and the checkpoint that is taken of them.
struct Pair {
  explicit Pair(detail::StateBackend& state_backend) : backend{state_backend} {
    for (std::uint32_t i = 0; i < 2; ++i)
      parts.push_back(std::make_unique<Part>(backend, detail::range_of_subtask(i, 2, kGroups)));
  }

  void set(std::uint64_t key, std::uint64_t version) {
    for (auto& part : parts) {
      if (part->has(key)) part->set(key, version);
    }
  }
  std::vector<state::KeyedStateHandle> snapshot(const std::string& directory,
                                                bool is_linkable = true) {
    std::vector<state::KeyedStateHandle> handles;
    for (std::size_t i = 0; i < parts.size(); ++i)
      handles.push_back(parts[i]->snapshot(directory + "/" + std::to_string(i), is_linkable));
    return handles;
  }

  std::vector<state::KeyedStateHandle> rows(const std::string& directory) {
    std::vector<state::KeyedStateHandle> handles;
    for (std::size_t i = 0; i < parts.size(); ++i)
      handles.push_back(parts[i]->rows(directory + "/" + std::to_string(i)));
    return handles;
  }

  detail::StateBackend& backend;
  std::vector<std::unique_ptr<Part>> parts;
};

double size_of(const std::vector<state::KeyedStateHandle>& handles) {
  double bytes = 0;
  for (const auto& handle : handles) bytes += static_cast<double>(handle.size_bytes());
  return bytes;
}

double written_of(const std::vector<state::KeyedStateHandle>& handles) {
  double bytes = 0;
  for (const auto& handle : handles) bytes += static_cast<double>(handle.written_bytes());
  return bytes;
}

/// Restores all of it on so many subtasks, one after the other; returns the seconds that this took.
double restore(detail::StateBackend& backend, const std::vector<state::KeyedStateHandle>& handles,
               const std::string& directory, std::uint32_t parallelism, std::uint64_t keys) {
  std::vector<std::unique_ptr<Part>> parts;
  for (std::uint32_t i = 0; i < parallelism; ++i)
    parts.push_back(
        std::make_unique<Part>(backend, detail::range_of_subtask(i, parallelism, kGroups)));
  const double took = bench::seconds([&] {
    for (auto& part : parts) {
      bool is_first = true;
      for (std::size_t i = 0; i < handles.size(); ++i) {
        const auto& groups = handles[i].groups;
        const auto range = part->state().table().range();
        if (groups.front().group >= range.end || groups.back().group < range.begin) continue;
        const Status status =
            state::read_copy(handles[i], {&Env::posix(), directory + "/" + std::to_string(i)},
                             backend, part->state(), is_first);
        bench::require(status.ok(), status.message());
        is_first = false;
      }
    }
  });
  for (std::uint64_t key = 0; key < keys; key += keys / 97 + 1) {
    for (auto& part : parts) {
      if (part->has(key))
        bench::require(part->get(key).size() == kValueBytes, "a value is missing");
    }
  }
  return took;
}

double copy_files(const std::vector<state::KeyedStateHandle>& handles, const std::string& from,
                  const std::string& to) {
  Env& disk = Env::posix();
  std::string buffer(1 << 20, '\0');
  const double took = bench::seconds([&] {
    for (std::size_t i = 0; i < handles.size(); ++i) {
      for (const std::string& path : handles[i].paths()) {
        auto in = disk.open(from + "/" + std::to_string(i) + "/" + path).value();
        auto out = disk.create(to + "/" + std::to_string(i) + path).value();
        std::uint64_t offset = 0;
        while (const std::size_t n = in->read(offset, buffer.data(), buffer.size()).value()) {
          bench::require(out->append({buffer.data(), n}).ok(), "the disk is full");
          offset += n;
        }
      }
    }
  });
  bench::require(base::remove_tree(disk, to).ok(), to);
  return took;
}

/// What checkpoints cost: most of them, all of them together, since files that RocksDB has merged
/// are written by few of them, and the one that met the largest merge.
void print_rounds(const std::string& what, const std::string& unit, const bench::Figures& rounds,
                  double changed) {
  const double sum = std::accumulate(rounds.begin(), rounds.end(), 0.0);
  const double mean = sum / static_cast<double>(rounds.size());
  const std::string name = "checkpoint after 1 % of 2 GB changed, " + what;
  bench::print_limit(name + ", median", unit, rounds, {changed}, 3 * changed);
  bench::print_limit(name + ", mean", unit, {mean}, {changed}, 3 * changed);
  bench::print_figure(name + ", most", unit, {*std::max_element(rounds.begin(), rounds.end())},
                      {changed});
}

/// Of each format, behind a checkpoint that has all files: how long it takes, and what it writes.
void print_savepoints(Pair& job, const std::vector<state::KeyedStateHandle>& checkpoint,
                      const std::string& folder, int repetitions) {
  const std::string place = folder + "/savepoint";
  std::vector<state::KeyedStateHandle> taken;
  const auto measure = [&](auto take, bench::Figures& took, bench::Figures& megabytes) {
    took.push_back(bench::seconds([&] { taken = take(); }) * 1e3);
    megabytes.push_back(written_of(taken) / kMega);
    bench::require(base::remove_tree(Env::posix(), place).ok(), place);
  };
  bench::Figures native_took, native_written, rows_took, rows_written;
  for (int i = 0; i < repetitions; ++i) {
    measure([&] { return job.snapshot(place, false); }, native_took, native_written);
    measure([&] { return job.rows(place); }, rows_took, rows_written);
  }
  const bench::Figures size{size_of(checkpoint) / kMega};
  bench::print_figure("native savepoint of 2 GB, written", "MB", native_written, size);
  bench::print_figure("native savepoint of 2 GB, time", "ms", native_took, rows_took);
  bench::print_figure("canonical savepoint of 2 GB, written", "MB", rows_written, size);
  bench::print_figure("canonical savepoint of 2 GB, time", "ms", rows_took, {});
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(
      argc, argv, "Checkpoints and restores 2 GB of state in RocksDB by its files.");
  const bench::TemporaryDirectory folder{options};
  const auto keys = options.sized<std::uint64_t>(2'000'000, 20'000);
  checkpoint::LocalDirectory local{Env::posix(), folder.path(), "bench"};
  runtime::StateBackends backends{&local};
  const auto backend = backends.make({.backend = StateBackendType::rocksdb});
  std::uint64_t snapshots = 0;
  const auto place = [&](std::uint64_t n) { return folder.path() + "/chk-" + std::to_string(n); };

  std::vector<state::KeyedStateHandle> newest;
  {
    Pair job{*backend};
    for (std::uint64_t key = 0; key < keys; ++key) job.set(key, 0);
    double full_bytes = 0;
    const double full_seconds = bench::seconds([&] {
      newest = job.snapshot(place(++snapshots));
      full_bytes = written_of(newest);
    });
    bench::Figures megabytes;
    bench::Figures took;
    constexpr std::uint64_t kShare = 100;  // one in so many values changes
    constexpr int kRounds = 61;            // what RocksDB merges comes back every ten or so
    for (int i = 0; i < options.repetitions(kRounds); ++i) {
      for (std::uint64_t n = 0; n < keys / kShare; ++n)
        job.set(mix(snapshots * keys + n) % keys, snapshots);
      took.push_back(bench::seconds([&] { newest = job.snapshot(place(++snapshots)); }) * 1e3);
      megabytes.push_back(written_of(newest) / kMega);
      bench::require(base::remove_tree(Env::posix(), place(snapshots - 1)).ok(), "old checkpoint");
    }
    print_rounds("written", "MB", megabytes, full_bytes / kMega / kShare);
    print_rounds("time", "ms", took, full_seconds * 1e3 / kShare);
    print_savepoints(job, newest, folder.path(), options.repetitions(3));
  }
  const double size = size_of(newest) / kMega;
  const std::string from = place(snapshots);
  const auto figures = bench::interleave(
      options.repetitions(3), {[&] { return size / restore(*backend, newest, from, 2, keys); },
                               [&] { return size / restore(*backend, newest, from, 3, keys); },
                               [&] {
                                 const std::string to = folder.path() + "/copy";
                                 bench::require(Env::posix().create_directories(to).ok(), to);
                                 return size / copy_files(newest, from, to);
                               }});
  bench::print_ratio("restore of 2 GB, against a copy of the files", "MB/s", figures[0], figures[2],
                     0.5);
  bench::print_ratio("the same on 3 subtasks instead of 2", "MB/s", figures[1], figures[2], 0.5);
  local.remove();
}
