// What the queries find: most of them in the first 100,000 events, some also where a day ends.
#pragma once

#include <weir/env.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::test {

/// The rows of a query, from another program that calculates them by the definitions of the queries
/// from the events of another generator, both written in Python.
struct Golden {
  std::string query;
  std::size_t rows = 0;
  std::uint64_t hash = 0;                         // of the sorted lines, without the header
  std::map<std::string, std::int64_t> sums = {};  // of columns
  std::vector<std::string> lines = {};            // sorted; only of short results
  bool is_beam = false;
  std::int64_t first = 0;
  std::int64_t events = 100'000;
};

const std::vector<Golden>& goldens();

/// The lines of all visible files in a directory of results, sorted, without the header with which
/// each of them begins.
struct Results {
  std::string header;
  std::vector<std::string> lines;

  static Results read(Env& env, const std::string& directory);

  /// What a row has in a column of this name.
  std::string field(const std::string& line, const std::string& column) const;
};

/// Checks that the results are those.
void check_golden(const Golden& golden, const Results& results);

}  // namespace weir::test
