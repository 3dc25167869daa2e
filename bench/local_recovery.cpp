// Restores 200 MB of state from a node's own copy and from where the checkpoint lies: on the same
// disk, which gains nothing, and on storage that is as slow as a busy network. And what the copy
// costs when the state is written.
#include "base/log.hpp"
#include "bench/harness.hpp"
#include "runtime/task/state_restore.hpp"
#include "state/keyed_snapshot.hpp"

#include <weir/state.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

namespace {

using namespace weir;

constexpr double kStorageMBs = 50;  // what one reader gets of a network that others use as well
constexpr double kMega = 1e6;
constexpr std::uint32_t kGroups = 128;

using Value = std::array<std::int64_t, 12>;

struct Values : StateOwner {
  ValueState<Value> value{*this, "value"};
};

struct Table {
  Table() : state{{0, kGroups}, kGroups, owner.declared_states()} { owner.bind_states(state); }

  void fill(std::int64_t rows) {
    for (std::int64_t key = 0; key < rows; ++key) {
      state.enter(hash_of(key), key);
      owner.value.set(Value{key});
    }
    state.leave();
  }

  Values owner;
  detail::KeyedStateOf<std::int64_t> state;
};

/// Storage from which bytes come so slowly; nothing but reading is slow.
class SlowStorage final : public Env {
public:
  explicit SlowStorage(Env& disk) : disk_{disk} {}

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    return disk_.create(path);
  }
  Result<FileInfo> stat(const std::string& path) override { return disk_.stat(path); }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return disk_.list(path);
  }
  Status create_directories(const std::string& path) override {
    return disk_.create_directories(path);
  }
  Status create_directory(const std::string& path) override { return disk_.create_directory(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Status link(const std::string& from, const std::string& to) override {
    return disk_.link(from, to);
  }
  Status remove_file(const std::string& path) override { return disk_.remove_file(path); }
  Status remove_directory(const std::string& path) override { return disk_.remove_directory(path); }
  Status sync_file(const std::string& path) override { return disk_.sync_file(path); }
  Status sync_directory(const std::string& path) override { return disk_.sync_directory(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return disk_.lock(path);
  }
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    auto file = disk_.open(path);
    if (!file.ok()) return file.status();
    return std::unique_ptr<ReadableFile>{new File{std::move(file).value()}};
  }

private:
  class File final : public ReadableFile {
  public:
    explicit File(std::unique_ptr<ReadableFile> file) : file_{std::move(file)} {}
    Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t capacity) override {
      auto count = file_->read(offset, buffer, capacity);
      if (!count.ok()) return count;
      read_ += static_cast<double>(*count);
      const double due = began_ + read_ / (kStorageMBs * kMega);
      std::this_thread::sleep_for(std::chrono::duration<double>{due - bench::now()});
      return count;
    }

  private:
    std::unique_ptr<ReadableFile> file_;
    double began_ = bench::now();
    double read_ = 0;
  };

  Env& disk_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::read_options(
      argc, argv, "Restores state from a local copy and from where the checkpoint lies.");
  const bench::TemporaryDirectory directory{options};
  const auto rows = options.sized<std::int64_t>(2'000'000, 10'000);
  Env& disk = Env::posix();
  SlowStorage slow{disk};
  checkpoint::LocalDirectory local_directory{disk, directory.path(), "bench"};
  checkpoint::LocalState local{local_directory, "run", base::silent_logger()};

  Table table;
  table.fill(rows);
  detail::FrozenRows frozen = table.state.table().freeze();
  const auto info = state::describe("values", schema<std::int64_t>(), table.state);
  const std::string& place = directory.path();
  std::uint64_t checkpoints = 0;
  state::KeyedStateHandle handle;  // of the newest state with a copy
  std::string newest;              // its file
  const auto write = [&](bool with_copy) {
    const std::string name = std::to_string(++checkpoints) + ".state";
    const std::string path = place + "/" + name;
    const double took = bench::seconds([&] {
      state::StateFile file{[&]() -> Result<std::unique_ptr<WritableFile>> {
                              if (!with_copy) return disk.create(path);
                              return local.create(disk, CheckpointId{checkpoints}, path);
                            },
                            0};
      auto written = state::write_rows(info, frozen, file);
      bench::require(written.ok() && file.finish().ok(), "the state cannot be written");
      if (with_copy) handle = std::move(written).value();
    });
    // Only the newest state with a copy stays on the disk.
    const std::string useless = with_copy ? std::exchange(newest, name) : name;
    handle.path = newest;
    if (!useless.empty()) (void)disk.remove_file(place + "/" + useless);
    if (with_copy) local.remove(local.on_completed(CheckpointId{checkpoints}));
    return took;
  };
  const auto rate = [&](double took) {
    return static_cast<double>(handle.size_bytes()) / kMega / took;
  };
  const auto read = [&](Env& storage, bool from_copy) {
    Table into;
    const double took = bench::seconds([&] {
      const auto from =
          runtime::read_state({{.keyed = {handle}}, place, &storage, from_copy ? &local : nullptr},
                              {{"values", schema<std::int64_t>(), &into.state}});
      const auto expected =
          from_copy ? runtime::RestoredFrom::copies : runtime::RestoredFrom::storage;
      bench::require(from.ok() && *from == expected, "the state came from somewhere else");
    });
    bench::require(into.state.table().rows() == static_cast<std::size_t>(rows), "rows are missing");
    return rate(took);
  };
  write(true);  // so that `rate` knows the size
  const auto figures =
      bench::interleave(options.repetitions(5),
                        {[&] { return rate(write(true)); }, [&] { return rate(write(false)); },
                         [&] { return read(disk, true); }, [&] { return read(disk, false); },
                         [&] { return read(slow, false); }});
  bench::print_ratio("restore from a local copy, storage on the same disk", "MB/s", figures[2],
                     figures[3], {});
  bench::print_ratio("restore from a local copy, storage at 50 MB/s", "MB/s", figures[2],
                     figures[4], {});
  bench::print_ratio("write state with a local copy, not without", "MB/s", figures[0], figures[1],
                     {});
  local_directory.remove();
}
