#include "checkpoint/retention.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::checkpoint;

namespace {

using Ids = std::vector<CheckpointId>;

Ids ids(std::initializer_list<std::uint64_t> numbers) {
  Ids result;
  for (const std::uint64_t number : numbers) result.push_back(CheckpointId{number});
  return result;
}

}  // namespace

TEST_CASE("the newest checkpoints are kept, and what they replace goes", "[retention]") {
  Retention retention{2, ids({3, 4}), ""};
  CHECK_FALSE(retention.last_completed());
  CHECK(retention.on_completed(CheckpointId{5}).checkpoints == ids({3}));
  CHECK(retention.on_completed(CheckpointId{7}).checkpoints == ids({4}));
  CHECK(retention.retained() == ids({5, 7}));
  CHECK(retention.last_completed() == CheckpointId{7});
  CHECK(retention.keeps(CheckpointId{5}));
  CHECK_FALSE(retention.keeps(CheckpointId{4}));
  CHECK_FALSE(retention.keeps(CheckpointId{6}));
}

TEST_CASE("a checkpoint that completes behind a newer one replaces the oldest", "[retention]") {
  Retention retention{2, {}, ""};
  (void)retention.on_completed(CheckpointId{2});
  CHECK(retention.on_completed(CheckpointId{1}).checkpoints.empty());
  CHECK(retention.retained() == ids({1, 2}));
  CHECK(retention.last_completed() == CheckpointId{2});
}

TEST_CASE("what was claimed goes once, when there are enough newer ones", "[retention]") {
  Retention retention{2, {}, "/sp/s-1"};
  CHECK(retention.on_completed(CheckpointId{1}).claimed.empty());
  CHECK(retention.on_completed(CheckpointId{2}).claimed == "/sp/s-1");
  CHECK(retention.on_completed(CheckpointId{3}).claimed.empty());
}

TEST_CASE("what may have completed is kept until a newer one has", "[retention]") {
  Retention retention{1, {}, ""};
  CHECK(retention.is_decided());
  retention.on_undecided(CheckpointId{2});
  CHECK_FALSE(retention.is_decided());
  CHECK(retention.keeps(CheckpointId{2}));
  CHECK(retention.on_completed(CheckpointId{1}).checkpoints.empty());  // an older one
  CHECK(retention.keeps(CheckpointId{2}));
  CHECK(retention.on_completed(CheckpointId{3}).checkpoints == ids({1, 2}));
  CHECK(retention.is_decided());
  CHECK_FALSE(retention.keeps(CheckpointId{2}));
}
