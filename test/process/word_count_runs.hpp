// A folder with input, output and checkpoints for runs of the word count program.
#pragma once

#include "test/process/child.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::test {

/// The folder is removed with the object.
class WordCountRuns {
public:
  using Counts = std::map<std::string, std::int64_t>;

  WordCountRuns();
  WordCountRuns(const WordCountRuns&) = delete;
  WordCountRuns& operator=(const WordCountRuns&) = delete;
  ~WordCountRuns();

  /// Writes files that all hold the same random words; what they hold is counted while they are
  /// made.
  void write_corpus(std::uint64_t seed, int files, int words_per_file);
  void write_input(const std::string& name, const std::string& content);

  /// The command line of a run with parallelism 2 and fast checkpoints, plus `more`.
  std::vector<std::string> command(std::vector<std::string> more = {}) const;
  /// The command line of a run of another example, which makes up its input, into this folder: fast
  /// checkpoints, and a restart right after each failure.
  std::vector<std::string> command_of(const std::string& example,
                                      const std::vector<std::string>& more) const;

  std::string input() const { return root_ + "/in"; }
  std::string output() const { return root_ + "/out"; }
  std::string checkpoints() const { return root_ + "/checkpoints"; }
  const std::string& root() const { return root_; }

  /// Requires that the output holds each word once with its count ("final"), or each word's counts
  /// 1, 2, ... n once each ("updates"), and nothing that was never committed.
  void require_exact(const std::string& emit) const;
  /// All committed lines.
  std::vector<std::string> lines() const;

private:
  std::string root_;
  Counts expected_;
};

/// The lines of all committed files in a folder, which need not be there. Each must be whole.
std::vector<std::string> committed_lines(const std::string& directory);

/// The path of an example program of this build.
std::string program(const std::string& name);

}  // namespace weir::test
