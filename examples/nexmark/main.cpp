// Nexmark: queries over an auction house. `nexmark run --query q4 ...` runs one of them as a job;
// `nexmark events --count N` prints the events that they read.
#include <weir/run.hpp>

#include <charconv>
#include <cstdio>
#include <iostream>
#include <string_view>

#include "dump.hpp"
#include "query.hpp"

namespace {

constexpr int kUsage = 2;

/// Prints the lines of the first `count` events.
int print_events(std::int64_t count) {
  std::string text;
  for (std::int64_t n = 0; n < count; ++n) {
    nexmark::append_line(nexmark::Event{n}, text);
    if (text.size() < (1 << 16) && n + 1 != count) continue;
    std::cout << text;
    text.clear();
  }
  if (std::cout.flush()) return 0;
  std::cerr << "the events cannot be written to standard output; is the disk full?" << std::endl;
  return 1;
}

int events(int argc, char** argv) {
  std::int64_t count = 0;
  if (argc == 4 && std::string_view{argv[2]} == "--count") {
    const std::string_view text{argv[3]};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc{} && end == text.data() + text.size() && count >= 0)
      return print_events(count);
  }
  std::cerr << "nexmark events: it takes one flag; write --count and how many, such as 1000"
            << std::endl;
  return kUsage;
}

/// The job's own flags.
struct Arguments {
  std::string query = "q0";
  std::string variant = "sql";
  nexmark::Settings settings;

  weir::Flags flags() {
    std::string says = "Runs a query of Nexmark. (nexmark events --count N prints its input.)";
    std::vector<std::string> names;
    for (const nexmark::Query& q : nexmark::queries()) {
      names.emplace_back(q.name);
      says += "\n  " + std::string{q.name} + ": " + std::string{q.says};
    }
    weir::Flags flags{says};
    flags.choice("query", &query, names, "which one; nexmark --help says what they do")
        .optional("events", &settings.input.events, "how many events there are")
        .optional("first", &settings.input.first, "number of the first one")
        .optional("rate", &settings.input.rate, "how many come in a second; 0: as fast as possible")
        .optional("output", &settings.output, "directory for the results; without it, none")
        .optional("final", &settings.is_final,
                  "write each key's last row at the end, not a row for every change")
        .choice("variant", &variant, {"sql", "beam"}, "whose form of the query; see README.md");
    return flags;
  }

  weir::Job build() {
    settings.is_beam = variant == "beam";
    return nexmark::job_of(query, settings);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view{argv[1]} == "events") return events(argc, argv);
  Arguments arguments;
  return weir::main(
      arguments.flags(), [&arguments] { return arguments.build(); }, argc, argv);
}
