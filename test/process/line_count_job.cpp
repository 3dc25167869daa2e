// Counts lines, under the very names that the word count example has, and in two versions that say
// another word for them: libraries in one process must not take functions or variables of each
// other.
#include <weir/weir.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace word_count {

using Count = std::pair<std::string, std::int64_t>;

/// A variable that is one in the process, for GCC, unless it is hidden.
inline const std::string& word() {
  static const std::string word = LINE_COUNT_WORD;
  return word;
}

inline void split(const std::string&, weir::Emit<std::string>& out) {
  out.emplace(word());
}

inline weir::Job job(const std::string& input, const std::string& output, weir::EmitResults emit) {
  weir::Job job{"line-count"};
  job.source("lines", weir::files::lines(input))
      .flat_map("words", split)
      .key_by(std::identity{})
      .count("counts", emit)
      .sink("out", weir::files::csv<Count>(output));
  return job;
}

}  // namespace word_count

struct WordCount {
  std::string input;
  std::string output;

  weir::Flags flags() {
    return weir::Flags{"Counts lines."}
        .required("input", &input, "what to read")
        .required("output", &output, "where to write");
  }
  weir::Job build() const {
    if (output == "nowhere") throw std::runtime_error{"there is no such place"};
    return word_count::job(input, output, weir::EmitResults::at_end);
  }
};

WEIR_JOB(WordCount)
