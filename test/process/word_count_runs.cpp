#include "test/process/word_count_runs.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <unordered_map>

namespace weir::test {
namespace fs = std::filesystem;

namespace {
/// Calls `visit` with each line of the committed files. Every line must end with a newline.
/// Millions of lines: an assertion for each would take longer than the job.
template <class Visit>
void visit_lines(const std::string& directory, const Visit& visit) {
  for (const auto& entry : fs::directory_iterator{directory}) {
    if (!entry.path().filename().string().starts_with("part-")) continue;
    std::ifstream file{entry.path()};
    for (std::string line; std::getline(file, line);) {
      if (file.eof()) FAIL("a line that was cut: " << line);
      visit(line);
    }
  }
}
}  // namespace

WordCountRuns::WordCountRuns() {
  std::string name = (fs::temp_directory_path() / "weir-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
  root_ = name;
  fs::permissions(root_, fs::perms::all);  // for programs that run as somebody else
  fs::create_directory(input());
}

WordCountRuns::~WordCountRuns() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void WordCountRuns::write_corpus(std::uint64_t seed, int files, int words_per_file) {
  base::Random random{seed};
  std::string text;
  for (int n = 0; n < words_per_file; ++n) {
    const std::string word = "word_" + std::to_string(random.below(1 + random.below(20'000)));
    expected_[word] += files;
    text += word;
    text += random.chance(0.1) ? '\n' : ' ';
  }
  write_input("text0", text);
  for (int f = 1; f < files; ++f)
    fs::create_hard_link(input() + "/text0", input() + "/text" + std::to_string(f));
}

void WordCountRuns::write_input(const std::string& name, const std::string& content) {
  std::ofstream{input() + "/" + name, std::ios::binary} << content;
}

std::vector<std::string> WordCountRuns::command(std::vector<std::string> more) const {
  std::vector<std::string> words{program("word_count"),
                                 "run",
                                 "--parallelism",
                                 "2",
                                 "--progress",
                                 "none",
                                 "--log-level",
                                 "info",
                                 "--set",
                                 "execution.checkpointing.interval=10ms"};
  const auto add_default = [&](const std::string& flag, const std::string& value) {
    for (const std::string& word : more) {
      if (word == flag) return;
    }
    words.push_back(flag);
    words.push_back(value);
  };
  add_default("--input", input());
  add_default("--output", output());
  words.push_back("--set");
  words.push_back("execution.checkpointing.dir=" + checkpoints());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> WordCountRuns::command_of(const std::string& example,
                                                   const std::vector<std::string>& more) const {
  std::vector<std::string> words{program(example), "run",      "--log-level",
                                 "info",           "--output", output()};
  for (const std::string option :
       {"execution.checkpointing.interval=20ms", "restart-strategy.type=fixed-delay",
        "restart-strategy.fixed-delay.attempts=100", "restart-strategy.fixed-delay.delay=5ms"})
    words.insert(words.end(), {"--set", option});
  words.insert(words.end(), {"--set", "execution.checkpointing.dir=" + checkpoints()});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> WordCountRuns::lines() const {
  return committed_lines(output());
}

void WordCountRuns::require_exact(const std::string& emit) const {
  for (const auto& entry : fs::directory_iterator{output()}) {
    CAPTURE(entry.path().string());
    REQUIRE(entry.path().filename().string().starts_with("part-"));
  }
  std::unordered_map<std::string, std::vector<bool>> seen;  // counts that were written, by word
  for (const auto& [word, count] : expected_) seen[word].resize(static_cast<std::size_t>(count));
  visit_lines(output(), [&](const std::string& line) {
    const std::size_t comma = line.find(',');
    const auto word = seen.find(line.substr(0, comma));
    if (comma == std::string::npos || word == seen.end()) FAIL("no line of word,count: " << line);
    auto& counts = word->second;
    const std::size_t count = std::stoull(line.substr(comma + 1));
    if (count < (emit == "final" ? counts.size() : 1) || count > counts.size())
      FAIL("a count that never was: " << line);
    if (counts[count - 1]) FAIL("a line that stands there twice: " << line);
    counts[count - 1] = true;
  });
  for (const auto& [word, counts] : seen) {
    const auto written = static_cast<std::size_t>(std::count(counts.begin(), counts.end(), true));
    if (written != (emit == "final" ? 1 : counts.size())) FAIL("counts are missing: " << word);
  }
}

std::vector<std::string> committed_lines(const std::string& directory) {
  std::vector<std::string> lines;
  if (fs::exists(directory))
    visit_lines(directory, [&](const std::string& line) { lines.push_back(line); });
  return lines;
}

std::string program(const std::string& name) {
  return WEIR_PROGRAMS "/" + name;
}

}  // namespace weir::test
