// Counts the words of all headers in /usr/include, with one and with two subtasks per operator.
//
// Ceiling: one thread that reads the same file and counts the words, which stay where they were
// read, in an absl::flat_hash_map.
#include "examples/word_count/word_count.hpp"

#include "bench/harness.hpp"
#include "bench/tally.hpp"

#include <weir/weir.hpp>

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

/// Writes the headers one after the other to `path`, again and again up to `size_min` bytes.
void write_corpus(const std::string& path, std::uintmax_t size_min) {
  std::vector<fs::path> headers;
  for (const auto& entry : fs::recursive_directory_iterator{"/usr/include"}) {
    if (entry.is_regular_file() && entry.path().extension() == ".h" && entry.file_size() != 0)
      headers.push_back(entry.path());
  }
  bench::require(!headers.empty(), "there are no headers in /usr/include");
  std::sort(headers.begin(), headers.end());
  std::ofstream out{path, std::ios::binary};
  for (std::size_t i = 0; static_cast<std::uintmax_t>(out.tellp()) < size_min; ++i)
    out << std::ifstream{headers[i % headers.size()], std::ios::binary}.rdbuf() << '\n';
  bench::require(out.good(), "cannot write " + path);
}

bench::Tally count_with_weir(const std::string& path, int parallelism) {
  bench::Tally tally;
  weir::Job job{"word-count", {.parallelism = parallelism}};
  job.source("lines", weir::files::lines(path, {.split_bytes = 8 << 20}))
      .flat_map("words", word_count::split)
      .key_by(std::identity{})
      .count("counts", weir::EmitResults::at_end)
      .sink("tally", bench::tally_sink<std::string>(tally))
      .parallelism(1);
  bench::run(job);
  return tally;
}

class LoopCounter {
public:
  void count(absl::string_view text) {
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
      while (at != end && !word_count::is_word_character(*at)) ++at;
      const char* const begin = at;
      while (at != end && word_count::is_word_character(*at)) ++at;
      if (at != begin) ++counts_[absl::string_view{begin, static_cast<std::size_t>(at - begin)}];
    }
  }

  bench::Tally tally() const {
    bench::Tally tally;
    for (const auto& [word, count] : counts_) tally.add(word, count);
    return tally;
  }

private:
  absl::flat_hash_map<std::string, std::int64_t> counts_;
};

bench::Tally count_in_a_loop(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::vector<char> buffer(256 << 10);  // as much at a time as Weir reads
  std::size_t kept = 0;                 // bytes of a word that goes on behind the last block
  LoopCounter counter;
  do {
    if (kept == buffer.size()) buffer.resize(2 * kept);
    file.read(buffer.data() + kept, static_cast<std::streamsize>(buffer.size() - kept));
    const std::size_t size = kept + static_cast<std::size_t>(file.gcount());
    std::size_t whole = size;
    if (file) {
      while (whole != 0 && word_count::is_word_character(buffer[whole - 1])) --whole;
    }
    counter.count({buffer.data(), whole});
    kept = size - whole;
    std::copy_n(buffer.data() + whole, kept, buffer.data());
  } while (file);
  return counter.tally();
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Counts the words of /usr/include, against a loop.");
  const bench::TemporaryDirectory directory{options};
  const std::string path = directory.path() + "/corpus";
  write_corpus(path, options.sized<std::uintmax_t>(100'000'000, 5'000'000));
  bench::Tally one;
  bench::Tally two;
  bench::Tally loop;
  const auto measure = [&](bench::Tally& tally, auto count) {
    return [&tally, count] {
      const double seconds = bench::seconds([&] { tally = count(); });
      return static_cast<double>(tally.records) / 1e6 / seconds;
    };
  };
  const auto figures = bench::interleave(options.repetitions(5),
                                         {measure(one, [&] { return count_with_weir(path, 1); }),
                                          measure(two, [&] { return count_with_weir(path, 2); }),
                                          measure(loop, [&] { return count_in_a_loop(path); })});
  bench::require(one == loop && two == loop && loop.records != 0, "the counts differ");
  bench::print_ratio("word count, parallelism 1", "M words/s", figures[0], figures[2], 0.7);
  bench::print_ratio("word count, parallelism 2", "M words/s", figures[1], figures[2], 1.0);
}
