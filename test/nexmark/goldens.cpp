#include "test/nexmark/goldens.hpp"

#include "base/files.hpp"
#include "test/nexmark/lines.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

namespace weir::test {

namespace {

Golden beam(const std::string& query, std::size_t rows, std::uint64_t hash,
            const std::map<std::string, std::int64_t>& sums) {
  return {.query = query, .rows = rows, .hash = hash, .sums = sums, .is_beam = true};
}

/// Of some events in between.
Golden stretch(const std::string& query, std::int64_t first, std::int64_t events, std::size_t rows,
               std::uint64_t hash) {
  return {.query = query, .rows = rows, .hash = hash, .first = first, .events = events};
}

}  // namespace

const std::vector<Golden>& goldens() {
  static const std::vector<Golden> all{
      {"q0", 92'000, 0x64413f4ee40be309, {{"price", 667'953'890'778}}},
      {"q1", 92'000, 0x3c542ee16f8570f2, {{"price_thousandths", 606'502'132'826'424}}},
      beam("q1", 92'000, 0xe1cc1c2512a4c615, {{"price", 594'478'917'334}}),
      {"q2", 351, 0xd22afb060eda846a, {{"price", 2'502'808'698}}},
      {"q3", 580, 0x9eb4e1dbf72a8f93, {{"id", 2'586'338}}},
      beam("q3", 580, 0x9eb4e1dbf72a8f93, {{"id", 2'586'338}}),
      {"q4",
       5,
       0xc94d88b216a26b69,
       {},
       {"10,33984800,801", "11,33110270,833", "12,32828496,797", "13,32635248,809",
        "14,34803745,812"}},
      beam("q4", 15, 0x872d52fa685dc5b4, {{"auctions", 6240}}),
      {"q5", 15, 0x48c9a2b2bed8e73b, {{"auction", 62'700}, {"num", 23'373}}},
      beam("q5", 5, 0x4bf2f0bb0ad9b949, {{"auction", 16'500}, {"num", 7822}}),
      {"q6", 772, 0x798ae74f719c1be2},
      {"q7", 1, 0xa1ddb828dbc4fad9, {{"price", 99'958'591}}},
      {"q8", 902, 0x6e8c7108087be587},
      beam("q8", 6000, 0x3275862c4452d02f, {{"reserve", 84'210'428'628}}),
      {"q9", 4052, 0x939286f97087e6ad, {{"price", 135'629'549'844}}},
      beam("q9", 3120, 0x21356df63f7f1961, {{"price", 136'301'536'102}}),
      {"q11", 1919, 0xd6f37ea5ac941913, {{"bid_count", 92'000}}},
      beam("q11", 1919, 0xd6f37ea5ac941913, {{"bid_count", 92'000}}),
      {"q13", 92'000, 0x4579601f3a9e54d0, {{"value", 363'648'112}}},
      beam("q13", 92'000, 0xc33356e502a6496e, {{"value", 18'785'489}}),
      {"q14", 26'069, 0xb0270f4b0e778044},
      {"q15",
       1,
       0xad61b43d402f74e8,
       {},
       {"2015-07-15,92000,30655,30660,30685,1919,1735,1753,1745,4657,4113,4159,4170"}},
      {"q16", 9911, 0xfd11b48dda0888c7, {{"total_bids", 92'000}}},
      {"q17", 4657, 0xe51617ee2b86c6de, {{"total_bids", 92'000}, {"sum_price", 667'953'890'778}}},
      {"q18", 25'248, 0xa9cbb32a5be5e0a3},
      {"q19", 35'135, 0x013889d39f042477},
      {"q20", 14'419, 0xcf3b0641af6aeac6},
      {"q21", 87'310, 0x7d1d19bd2e5daf63},
      {"q22", 92'000, 0xc21481577e0be0aa},
      {"q23",
       147'405,
       0x5ba4f66ce9488fba,
       {{"price", 1'007'838'152'271}, {"initial_bid", 789'489'654'345}}},
      // Where night, day and neither of them begin and end.
      stretch("q14", 251'995'000, 10'000, 2597, 0xb6ec1118f179c6e5),
      stretch("q14", 287'995'000, 10'000, 2617, 0x816de58d915c5d03),
      stretch("q14", 683'995'000, 10'000, 2614, 0x2d7b7a428cf2c42c),
      stretch("q14", 719'995'000, 10'000, 2571, 0x44ba723f9b1bcd3f),
      // Where a minute ends, and a day.
      stretch("q16", 590'000, 20'000, 5968, 0x6592d7649e0ec40c),
      stretch("q15", 863'990'000, 20'000, 2, 0x43e29a2616fd85c4),
      stretch("q16", 863'990'000, 20'000, 7426, 0xf4a2d768c5cb3dea),
      stretch("q17", 863'990'000, 20'000, 1136, 0x85042c0b7e654e75),
  };
  return all;
}

namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find(at, begin)) != std::string::npos; begin = end + 1)
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace

Results Results::read(Env& env, const std::string& directory) {
  Results results;
  const auto entries = env.list(directory);
  REQUIRE(entries.ok());
  for (const auto& entry : *entries) {
    CAPTURE(entry.name);
    if (entry.name.starts_with(".")) continue;  // of a part of the job that was restarted
    REQUIRE(entry.name.starts_with("part-"));
    const Bytes text = base::read_file(env, directory + "/" + entry.name).value();
    auto lines = split(text, '\n');
    REQUIRE(lines.back().empty());  // no half line
    lines.pop_back();
    REQUIRE(lines.size() > 1);
    if (results.header.empty()) results.header = lines[0];
    REQUIRE(lines[0] == results.header);
    results.lines.insert(results.lines.end(), lines.begin() + 1, lines.end());
  }
  std::sort(results.lines.begin(), results.lines.end());
  return results;
}

std::string Results::field(const std::string& line, const std::string& column) const {
  const auto names = split(header, ',');
  const auto fields = split(line, ',');
  const auto found = std::find(names.begin(), names.end(), column);
  REQUIRE(found != names.end());
  REQUIRE(fields.size() == names.size());
  return fields[static_cast<std::size_t>(found - names.begin())];
}

void check_golden(const Golden& golden, const Results& results) {
  CHECK(results.lines.size() == golden.rows);
  for (const auto& [column, expected] : golden.sums) {
    CAPTURE(column);
    std::int64_t sum = 0;
    for (const std::string& line : results.lines) sum += std::stoll(results.field(line, column));
    CHECK(sum == expected);
  }
  if (!golden.lines.empty()) CHECK(results.lines == golden.lines);
  LinesHash hash;
  for (const std::string& line : results.lines) {
    hash.add(line);
    hash.add("\n");
  }
  CHECK(hash.value() == golden.hash);
}

}  // namespace weir::test
