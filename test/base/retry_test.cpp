#include "base/retry.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace std::chrono_literals;
using namespace weir;
using base::Retry;

namespace {

const Status kAway{ErrorCode::unavailable, "the disk is away"};
const Status kUnknown{ErrorCode::unknown_outcome, "the sync failed"};
const Status kFull{ErrorCode::out_of_space, "the disk is full"};

constexpr WriteRetryOptions kOptions{.timeout = 10s, .initial_backoff = 100ms, .max_backoff = 2s};

}  // namespace

TEST_CASE("only what may pass by itself is tried again", "[retry]") {
  for (const ErrorCode code :
       {ErrorCode::unavailable, ErrorCode::deadline_exceeded, ErrorCode::unknown_outcome}) {
    Retry retry{kOptions, 1};
    CHECK(retry.after({code, "why"}, 0s) == 100ms);
    CHECK(retry.retries() == 1);
  }
  for (const ErrorCode code :
       {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::already_exists,
        ErrorCode::permission_denied, ErrorCode::out_of_space, ErrorCode::corrupt,
        ErrorCode::failed_precondition, ErrorCode::fenced, ErrorCode::cancelled,
        ErrorCode::internal}) {
    Retry retry{kOptions, 1};
    CHECK_FALSE(retry.after({code, "why"}, 0s));
    CHECK(retry.outcome() == Status{code, "why"});
    CHECK(retry.retries() == 0);
  }
}

TEST_CASE("a success ends it, and is what came of it", "[retry]") {
  Retry retry{kOptions, 1};
  CHECK_FALSE(retry.after({}, 0s));
  CHECK(retry.outcome().ok());
  Retry second{kOptions, 1};
  REQUIRE(second.after(kAway, 0s));
  REQUIRE(second.after(kUnknown, 1s));
  CHECK_FALSE(second.after({}, 2s));
  CHECK(second.outcome().ok());
  CHECK(second.retries() == 2);
}

TEST_CASE("pauses grow, differ between seeds, and end in time", "[retry]") {
  std::vector<Duration> ends;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Retry retry{kOptions, seed};
    Duration now = 7s;
    Duration full = 100ms;
    std::uint64_t attempts = 1;
    while (const auto pause = retry.after(kAway, now)) {
      CHECK(*pause <= full);
      CHECK(*pause >= full - full / 4);
      now += *pause;
      full = std::min<Duration>(2 * full, 2s);
      ++attempts;
    }
    CHECK(now <= 17s);
    CHECK(now >= 15s);  // the next pause would have ended too late
    CHECK(retry.retries() == attempts - 1);
    CHECK(retry.outcome().code() == ErrorCode::unavailable);
    CHECK(retry.outcome().message() == "the disk is away; tried " + std::to_string(attempts) +
                                           " times within 10 s "
                                           "(execution.checkpointing.write-retry.timeout)");
    ends.push_back(now);
  }
  CHECK(std::count(ends.begin(), ends.end(), ends[0]) == 1);
}

TEST_CASE("attempts that take long use up the time", "[retry]") {
  Retry retry{kOptions, 1};
  REQUIRE(retry.after(kAway, 100s));  // the time begins here, not with the attempt
  CHECK(retry.after(kAway, 109s));
  CHECK_FALSE(retry.after(kAway, 110s));
}

TEST_CASE("without time nothing is tried again", "[retry]") {
  Retry retry{{.timeout = 0s}, 1};
  CHECK_FALSE(retry.after(kAway, 0s));
  CHECK(retry.outcome() == kAway);
}

TEST_CASE("what is unknown stays unknown, whatever fails after it", "[retry]") {
  for (const Status& last : {kAway, kFull}) {
    Retry retry{kOptions, 1};
    REQUIRE(retry.after(kUnknown, 0s));
    CHECK_FALSE(retry.after(last, 11s));
    CHECK(retry.outcome().code() == ErrorCode::unknown_outcome);
    CHECK(retry.outcome().message().find("the sync failed") != std::string::npos);
    CHECK(retry.outcome().message().find(last.message()) != std::string::npos);
  }
  Retry known{kOptions, 1};
  REQUIRE(known.after(kAway, 0s));
  CHECK_FALSE(known.after(kFull, 1s));
  CHECK(known.outcome().code() == ErrorCode::out_of_space);
}
