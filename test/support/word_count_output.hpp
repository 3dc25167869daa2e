// What a word count job has written to /out, and what it should have.
#pragma once

#include "base/files.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using WordCounts = std::map<std::string, std::int64_t>;

/// All visible rows. Hidden files may be left only by somebody who was out of reach.
inline std::vector<std::pair<std::string, std::int64_t>> read_output(Env& disk,
                                                                     bool may_have_hidden) {
  std::vector<std::pair<std::string, std::int64_t>> rows;
  for (const auto& entry : disk.list("/out").value()) {
    CAPTURE(entry.name);
    if (may_have_hidden && entry.name.starts_with(".")) continue;
    REQUIRE(entry.name.starts_with("part-"));
    const Bytes content = base::read_file(disk, "/out/" + entry.name).value();
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = content.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string line = content.substr(begin, end - begin);
      const std::size_t comma = line.find(',');
      REQUIRE(comma != std::string::npos);
      rows.emplace_back(line.substr(0, comma), std::stoll(line.substr(comma + 1)));
    }
    REQUIRE(begin == content.size());  // no half line
  }
  return rows;
}

/// Each word has come once, with how often it occurs.
inline void check_final(Env& disk, const WordCounts& expected) {
  WordCounts found;
  for (const auto& [word, count] : read_output(disk, false))
    REQUIRE(found.emplace(word, count).second);
  REQUIRE(found == expected);
}

/// Each word has come as often as it occurs, each time with another count.
inline void check_updates(Env& disk, const WordCounts& expected, bool may_have_hidden = false) {
  std::map<std::string, std::set<std::int64_t>> found;
  for (const auto& [word, count] : read_output(disk, may_have_hidden))
    REQUIRE(found[word].insert(count).second);
  REQUIRE(found.size() == expected.size());
  for (const auto& [word, counts] : found) {
    REQUIRE(static_cast<std::int64_t>(counts.size()) == expected.at(word));
    REQUIRE(*counts.rbegin() == expected.at(word));
  }
}

}  // namespace weir::test
