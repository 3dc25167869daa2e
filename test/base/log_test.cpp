#include "base/log.hpp"

#include <catch2/catch.hpp>

using weir::base::format_log_line;

TEST_CASE("a log line stays one line and its fields can be told apart", "[log]") {
  CHECK(format_log_line("done", {}) == "done");
  CHECK(format_log_line("done", {{"id", 3}, {"job", "wc"}}) == "done id=3 job=wc");
  CHECK(format_log_line("x", {{"why", "two words"}}) == "x why=\"two words\"");
  CHECK(format_log_line("x", {{"why", "a=\"b\"\n"}}) == "x why=\"a=\\\"b\\\"\\n\"");
  CHECK(format_log_line("x", {{"empty", ""}}) == "x empty=\"\"");
}
