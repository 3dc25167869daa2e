#include "base/random.hpp"
#include "test/support/collect.hpp"

#include <weir/files.hpp>

#include <catch2/catch.hpp>
#include <zlib.h>
#include <zstd.h>

using namespace weir;
using test::read_all;
using test::read_split;
using test::write_file;

namespace {

struct Files {
  base::MemoryEnv env;
  test::StoppedClock clock;
  SourceContext context{env, clock, 2};

  void write(const std::string& path, std::string_view bytes) { write_file(env, path, bytes); }
  std::vector<std::string> lines(const std::string& input, files::LineOptions options = {}) {
    return read_all(files::lines(input, options), context);
  }
};

using Lines = std::vector<std::string>;

std::string gzip(std::string_view bytes) {
  std::string out(bytes.size() + 1000, '\0');
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

/// Lines of random lengths, some long, some empty.
std::string random_text(std::uint64_t seed, std::size_t bytes) {
  base::Random random{seed};
  std::string text;
  while (text.size() < bytes) {
    const std::uint64_t length = random.chance(0.05) ? random.below(3000) : random.below(40);
    for (std::uint64_t i = 0; i < length; ++i) text += static_cast<char>('a' + random.below(26));
    text += '\n';
  }
  return text;
}

Lines split_lines(const std::string& text) {
  Lines lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

}  // namespace

TEST_CASE("lines come without their ends, the last one even without any", "[lines]") {
  Files f;
  f.write("/a", "one\ntwo\r\n\nfour");
  CHECK(f.lines("/a") == Lines{"one", "two", "", "four"});
  f.write("/b", "");
  CHECK(f.lines("/b").empty());
  f.write("/c", "\n");
  CHECK(f.lines("/c") == Lines{""});
  f.write("/d", "only\r");
  CHECK(f.lines("/d") == Lines{"only\r"});
}

TEST_CASE("a binary file is read as what it is", "[lines]") {
  Files f;
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
  f.write("/bin", bytes);
  Lines expected = split_lines(bytes);
  for (std::size_t i = 0; i + 1 < expected.size(); ++i) {
    if (!expected[i].empty() && expected[i].back() == '\r') expected[i].pop_back();
  }
  CHECK(f.lines("/bin") == expected);
}

TEST_CASE("a large file is cut into parts that yield every line once", "[lines]") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    Files f;
    const std::string text = random_text(seed, 20'000);
    f.write("/big", text);
    for (const std::uint64_t split_bytes : {1ULL, 7ULL, 100ULL, 4096ULL, 1'000'000ULL}) {
      Lines found = f.lines("/big", {.split_bytes = split_bytes});
      Lines expected = split_lines(text);
      std::sort(found.begin(), found.end());
      std::sort(expected.begin(), expected.end());
      REQUIRE(found == expected);
    }
  }
}

TEST_CASE("reading goes on exactly where a position says, in every part", "[lines]") {
  Files f;
  const std::string text = random_text(3, 200'000);
  f.write("/big", text);
  f.write("/big.gz", gzip(text));
  f.write("/big.zst", zstd(text));
  for (const char* path : {"/big", "/big.gz", "/big.zst"}) {
    for (const std::uint64_t split_bytes : {30'000ULL, 10'000'000ULL}) {
      const auto source = files::lines(path, {.split_bytes = split_bytes});
      for (const Split& split : source.factory()->list(f.context).value()) {
        const auto whole = read_split(source, split, std::nullopt, f.context);
        for (std::size_t limit = 0; limit < whole.records.size(); limit += 700) {
          const auto first = read_split(source, split, std::nullopt, f.context, limit);
          REQUIRE(first.position);
          const auto second = read_split(source, split, first.position, f.context);
          Lines joined = first.records;
          joined.insert(joined.end(), second.records.begin(), second.records.end());
          REQUIRE(joined == whole.records);
        }
      }
    }
  }
}

TEST_CASE("compressed files are read as what they contain, whatever their name", "[lines]") {
  Files f;
  const std::string text = random_text(5, 300'000);
  const Lines expected = split_lines(text);
  f.write("/a.txt", gzip(text));
  CHECK(f.lines("/a.txt") == expected);
  f.write("/b.txt", zstd(text));
  CHECK(f.lines("/b.txt", {.split_bytes = 1000}) == expected);  // never cut
  f.write("/members", gzip("one\ntwo") + gzip("\nthree\n"));
  CHECK(f.lines("/members") == Lines{"one", "two", "three"});
  f.write("/frames", zstd("one\ntwo") + zstd("\nthree\n"));
  CHECK(f.lines("/frames") == Lines{"one", "two", "three"});
}

TEST_CASE("damaged and truncated compressed files are errors that name them", "[lines]") {
  Files f;
  const std::string text = random_text(7, 50'000);
  for (const std::string& whole : {gzip(text), zstd(text)}) {
    f.write("/cut", whole.substr(0, whole.size() / 2));
    CHECK_THROWS_WITH(f.lines("/cut"), Catch::Contains("/cut is no valid compressed file"));
  }
  std::string damaged =
      gzip(text);  // zstd files carry a checksum only if their writer asked for one
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  f.write("/damaged", damaged);
  CHECK_THROWS_WITH(f.lines("/damaged"), Catch::Contains("/damaged is no valid compressed file"));
}

TEST_CASE("a very long line is read, and one beyond the limit named", "[lines]") {
  Files f;
  const std::string line(5'000'000, 'x');
  f.write("/long", "short\n" + line + "\nend\n");
  const Lines found = f.lines("/long");
  REQUIRE(found.size() == 3);
  CHECK(found[1] == line);
  CHECK_THROWS_WITH(f.lines("/long", {.line_bytes_max = 1'000'000}),
                    Catch::Contains("/long has a line of more than 1000000 bytes at offset 6") &&
                        Catch::Contains("line_bytes_max"));
}

TEST_CASE("listing finds what is missing before the job runs", "[lines]") {
  Files f;
  f.write("/a", "x");
  const auto list = [&](std::vector<std::string> inputs) {
    return files::lines(std::move(inputs)).factory()->list(f.context);
  };
  CHECK(list({"/a"}).ok());
  CHECK(list({"/a", "/missing"}).status().message().find("/missing") != std::string::npos);
}

TEST_CASE("large files are handed out first", "[lines]") {
  Files f;
  REQUIRE(f.env.create_directories("/d").ok());
  f.write("/d/small", "x");
  f.write("/d/large", std::string(1000, 'x'));
  const auto splits = files::lines("/d").factory()->list(f.context).value();
  CHECK(splits[0].size_bytes == 1000);
  CHECK(splits[1].size_bytes == 1);
}

TEST_CASE("a split id that is none is refused", "[lines]") {
  Files f;
  for (const char* id : {"", "file", "file@", "file@1", "file@1-", "file@x-2", "file@1-2x"}) {
    CAPTURE(id);
    const auto run = read_split(files::lines("/x"), Split{id}, std::nullopt, f.context);
    CHECK(run.status.code() == ErrorCode::corrupt);
  }
}
