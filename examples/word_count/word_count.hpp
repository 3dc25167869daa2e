// The word count job, apart from its main so that tests can build it as well.
#pragma once

#include <weir/weir.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace word_count {

using Count = std::pair<std::string, std::int64_t>;

constexpr bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// A word is a maximal run of letters, digits and "_"; case matters.
inline void split(const std::string& line, weir::Emit<std::string>& out) {
  const char* const end = line.data() + line.size();
  for (const char* at = line.data(); at != end;) {
    while (at != end && !is_word_character(*at)) ++at;
    const char* const begin = at;
    while (at != end && is_word_character(*at)) ++at;
    if (at != begin) out.emplace(begin, at);
  }
}

/// Reads `input`, writes "word,count" lines to files in `output`: each word once at the end, or
/// after every occurrence.
inline weir::Job job(const std::string& input, const std::string& output, weir::EmitResults emit) {
  weir::Job job{"word-count"};
  job.source("lines", weir::files::lines(input))
      .flat_map("words", split)
      .key_by(std::identity{})
      .count("counts", emit)
      .sink("out", weir::files::csv<Count>(output));
  return job;
}

}  // namespace word_count
