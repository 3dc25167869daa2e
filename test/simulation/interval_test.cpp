// A job that chooses the interval between its checkpoints while it runs.
#include "test/support/kill_matrix.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace weir;
using test::CountJob;
using test::require_finish;

TEST_CASE("a job whose checkpoints cost nothing takes them often, also after a restart",
          "[sim][interval]") {
  testing::Cluster cluster{{.seed = 3}};
  CountJob count{{.rows = 6000}};  // for 4 s
  JobOptions options{.checkpoint = {.every = 500ms, .auto_interval = true}};
  auto run = cluster.start(count.job(options));
  const auto changes = [&] {
    return std::count_if(run.log().begin(), run.log().end(), [](const std::string& line) {
      return line.find("the interval between checkpoints changes") != std::string::npos;
    });
  };
  run.run_for(1s);
  CHECK(changes() >= 1);
  const std::uint64_t before = run.checkpoints();
  run.kill("counts/0");
  run.run_for(1s);
  CHECK(run.restarts() == 1);
  CHECK(run.checkpoints() - before >= 5);  // not two, as the options say
  require_finish(run);
  count.check_exactly_once();
}
