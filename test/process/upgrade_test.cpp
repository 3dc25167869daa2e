// The upgrade of docs/tutorial/upgrade.md, step by step, with the real programs.
#include "test/process/test_cluster.hpp"
#include "test/process/word_count_runs.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "examples/payments/payment.hpp"

using namespace weir;
using Catch::Contains;
using test::Child;
using test::Ended;
using test::run_to_end;
using test::TestCluster;

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kPayments = 200'000;

/// What the lines of one directory say.
struct Books {
  std::map<std::string, std::set<std::int64_t>> payments;  // of each account
  std::map<std::string, std::int64_t> cents;               // at its last payment
  std::map<std::string, std::int64_t> columns = {};        // of its last line

  void read(const std::string& directory) {
    for (const auto& entry : fs::directory_iterator{directory}) {
      REQUIRE(entry.path().filename().string().starts_with("part-"));
      std::ifstream file{entry.path()};
      for (std::string line; std::getline(file, line);) read_line(line);
    }
  }

  void read_line(const std::string& line) {
    std::istringstream fields{line};
    std::string account;
    std::getline(fields, account, ',');
    std::vector<std::int64_t> numbers;
    for (std::string number; std::getline(fields, number, ',');)
      numbers.push_back(std::stoll(number));
    auto& seen = payments[account];
    if (!seen.insert(numbers.at(0)).second) FAIL("counted twice: " << line);
    if (numbers[0] != *seen.rbegin()) return;
    cents[account] = numbers.at(1);
    columns[account] = static_cast<std::int64_t>(numbers.size());
  }
};

}  // namespace

TEST_CASE("the tutorial's upgrade: a new field, parallelism and backend, and no payment is lost",
          "[process][savepoint]") {
  test::WordCountRuns folder;
  TestCluster cluster{{"--set", "weir.jobs.library-dir=" + folder.root() + "/cache"}, "weir"};
  const auto worker = [&](const std::string& cache) {
    cluster.add_worker(
        {"--slots", "2", "--set", "weir.jobs.library-dir=" + folder.root() + "/" + cache});
  };
  worker("cache-1");
  worker("cache-2");
  const auto submit = [&](const std::string& version, std::vector<std::string> more) {
    std::vector<std::string> words{test::program("weir"),
                                   "submit",
                                   "--library",
                                   WEIR_LIBRARIES "/libpayments_" + version + "_job.so",
                                   "--to",
                                   cluster.place(),
                                   "--output",
                                   folder.output(),
                                   "--count",
                                   std::to_string(kPayments),
                                   "--set",
                                   "execution.checkpointing.dir=" + folder.checkpoints() + version,
                                   "--set",
                                   "execution.checkpointing.interval=50ms"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };

  Child first{submit("v1", {"--rate", "20000", "-p", "2"})};
  REQUIRE(cluster.coordinator().wait_for("checkpoint completed"));
  const Ended stopped = run_to_end({test::program("weir"), "stop", "payments", "--savepoint",
                                    folder.root() + "/savepoints", "--to", cluster.place()});
  INFO(stopped.output);
  REQUIRE(stopped.code == 0);
  CHECK(first.wait() == 130);
  Books so_far;
  so_far.read(folder.output());
  CHECK_FALSE(so_far.columns.empty());
  for (const auto& [account, columns] : so_far.columns) CHECK(columns == 2);

  const Ended inspected =
      run_to_end({test::program("weir"), "inspect", stopped.last_line, "--state", "book/ledger"});
  INFO(inspected.last_line);
  REQUIRE(inspected.code == 0);
  CHECK_THAT(inspected.last_line, Contains(R"("value":{"cents":)") && Contains(R"("payments":)"));

  const Ended second = run_to_end(submit(
      "v2", {"--restore", stopped.last_line, "-p", "3", "--set", "state.backend.type=rocksdb"}));
  INFO(second.output);
  REQUIRE(second.code == 0);

  Books expected;
  for (std::int64_t n = 0; n < kPayments; ++n) {
    const payments::Payment payment = payments::payment(n);
    auto& numbers = expected.payments[payment.account];
    numbers.insert(static_cast<std::int64_t>(numbers.size()) + 1);
    expected.cents[payment.account] += payment.cents;
  }
  Books books;
  books.read(folder.output());
  CHECK(books.payments == expected.payments);
  CHECK(books.cents == expected.cents);
  for (const auto& [account, columns] : books.columns) CHECK(columns == 3);
}
