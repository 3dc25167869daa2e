// Writes the keyed state of ten million keys as a checkpoint does: frozen rows, encoded, with
// checksums, to a file that is then synced.
//
// Ceiling: the same number of bytes, which lie in memory, written in pieces of the same size to a
// file that is then synced. Of the compressed snapshot the rows count, not what they take on disk.
#include "bench/harness.hpp"
#include "state/keyed_snapshot.hpp"
#include "state/state_file.hpp"

#include <weir/detail/keyed_state.hpp>
#include <weir/env.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace {

using weir::detail::KeyedStateOf;
using weir::state::Compression;

constexpr std::uint32_t kMaxParallelism = 128;

/// Counts of `keys` keys, as a subtask that owns all key groups holds them.
class Counts {
public:
  explicit Counts(std::uint64_t keys) {
    const std::size_t offset = state_.table().layout().columns[0].offset;
    for (std::uint64_t key = 0; key < keys; ++key) {
      char* row = state_.table().upsert(weir::hash_of(key), key).first;
      ::new (row + offset) std::int64_t{1};
    }
  }

  /// Writes a snapshot to `path`; returns its size in bytes.
  std::uint64_t write(const std::string& path, Compression compression) {
    weir::detail::FrozenRows rows = state_.table().freeze();
    weir::state::StateFile file{[&] { return weir::Env::posix().create(path); }, 0, compression};
    const auto info = weir::state::describe("counts", "u64", state_);
    const auto handle = weir::state::write_rows(info, rows, file);
    bench::require(handle.ok() && file.finish().ok(), "the snapshot cannot be written");
    bench::require(handle->rows == rows.rows(), "rows are missing");
    state_.table().release(std::move(rows));
    return file.size();
  }

private:
  KeyedStateOf<std::uint64_t> state_{
      {0, kMaxParallelism},
      kMaxParallelism,
      {{"count", weir::detail::StateKind::value, &weir::detail::type_of<std::int64_t>(),
        &weir::detail::backed_value<std::int64_t>()}}};
};

/// Writes `size` bytes to `path` in pieces and syncs it.
void write_plainly(const std::string& path, std::uint64_t size) {
  static const std::string piece(256 << 10, 'x');  // as much at a time as Weir writes
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bench::require(file >= 0, "cannot create " + path);
  for (std::uint64_t left = size; left != 0;) {
    const ssize_t n = ::write(file, piece.data(), std::min<std::uint64_t>(left, piece.size()));
    bench::require(n > 0, "cannot write " + path);
    left -= static_cast<std::uint64_t>(n);
  }
  bench::require(::fdatasync(file) == 0 && ::close(file) == 0, "cannot sync " + path);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Writes a checkpoint, against a plain file.");
  const bench::TemporaryDirectory directory{options};
  const std::string path = directory.path() + "/file";
  weir::Env& env = weir::Env::posix();
  Counts counts{options.sized<std::uint64_t>(10'000'000, 300'000)};
  const std::uint64_t size = counts.write(path, Compression::none);
  bench::require(env.stat(path)->size_bytes == size, "the file is not complete");
  const std::uint64_t compressed_size = counts.write(path, Compression::zstd);
  bench::require(env.stat(path)->size_bytes == compressed_size, "the file is not complete");
  const auto measure = [&](auto write) {
    return [&, write] {
      bench::require(env.remove_file(path).ok(), "cannot remove " + path);
      return static_cast<double>(size) / 1e6 / bench::seconds(write);
    };
  };
  const auto figures = bench::interleave(options.repetitions(11),
                                         {measure([&] { counts.write(path, Compression::none); }),
                                          measure([&] { write_plainly(path, size); }),
                                          measure([&] { counts.write(path, Compression::zstd); })});
  bench::print_ratio("checkpoint of 1e7 keys to disk", "MB/s", figures[0], figures[1], 0.7);
  bench::print_figure("the same, compressed", "MB/s", figures[2], figures[1]);
  bench::print_figure("the same: bytes", "MB", {static_cast<double>(compressed_size) / 1e6},
                      {static_cast<double>(size) / 1e6});
}
