#include <weir/chaos.hpp>

#include <catch2/catch.hpp>

using namespace weir;

TEST_CASE("chaos rules are read", "[chaos]") {
  CHECK(ChaosRule::parse("kill counts/1 at checkpoint 3 aligning").value() ==
        ChaosRule{"counts/1", AtCheckpoint{3, Phase::aligning}});
  CHECK(ChaosRule::parse("  kill coordinator at checkpoint 2   completed ").value() ==
        ChaosRule{"coordinator", AtCheckpoint{2, Phase::completed}});
  CHECK(ChaosRule::parse("kill counts/0 after 50000 records").value() ==
        ChaosRule{"counts/0", AfterRecords{50000}});
  CHECK(ChaosRule::parse("kill any at random 0.5/s seed 7 times 3").value() ==
        ChaosRule{"any", AtRandom{0.5, 7, 3}});
  CHECK(ChaosRule::parse("kill any at random 2/s").value() == ChaosRule{"any", AtRandom{2, 0, 10}});
}

TEST_CASE("a chaos rule that cannot be read says what was expected", "[chaos]") {
  const char* bad[] = {"",
                       "kill",
                       "kill x",
                       "kill x at",
                       "kill x at noon",
                       "kill x at checkpoint three aligning",
                       "kill x at checkpoint 3 sleeping",
                       "kill x at checkpoint 3 aligning now",
                       "kill x after 5",
                       "kill x after -5 records",
                       "kill x at random 5",
                       "kill x at random 0/s",
                       "kill x at random 1/s sneed 7",
                       "murder x after 5 records"};
  for (const char* text : bad) {
    CAPTURE(text);
    const auto rule = ChaosRule::parse(text);
    REQUIRE_FALSE(rule.ok());
    CHECK(rule.status().message().find("expected") != std::string::npos);
  }
  CHECK(ChaosRule::parse("kill x at checkpoint 3 sleeping").status().message().find("aligning") !=
        std::string::npos);
}
