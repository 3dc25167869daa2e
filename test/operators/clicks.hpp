// What tests of windows share: a stream of numbered clicks, and windows of them.
#pragma once

#include <weir/testing/harness.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test {

inline Timestamp at(std::int64_t ms) {
  return Timestamp{std::chrono::milliseconds{ms}};
}

struct Click {
  int page;
  int number;

  friend bool operator==(const Click&, const Click&) = default;
};

/// "page [start,end): numbers", of the clicks in a window.
inline std::string line_of(int page, const Window& window, const std::vector<Click>& clicks) {
  std::string line = std::to_string(page) + " [" +
                     std::to_string(window.start.time_since_epoch().count()) + "," +
                     std::to_string(window.end.time_since_epoch().count()) + "):";
  for (const Click& click : clicks) line += " " + std::to_string(click.number);
  return line;
}

inline void write_line(const int& page, const Window& window, const std::vector<Click>& clicks,
                       Emit<std::string>& out) {
  out(line_of(page, window, clicks));
}

/// Windows by page, with all their clicks as a line.
template <class Windows>
auto lines(const Windows& windows, Duration lateness = {}, testing::HarnessOptions options = {}) {
  return testing::harness<Click>(
      [&](const Stream<Click>& clicks) {
        return clicks.key_by(&Click::page)
            .window(windows)
            .allowed_lateness(lateness)
            .process("windows", write_line);
      },
      options);
}

using Lines = std::vector<std::string>;

}  // namespace weir::test
