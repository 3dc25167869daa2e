// Counts words in text files. Kill it, run it again with --restore latest: the counts stay right.
#include "word_count.hpp"

struct WordCount {
  std::string input;
  std::string output;
  std::string emit = "final";

  weir::Flags flags() {
    weir::Flags flags{"Counts the words of text files, exactly once."};
    flags.required("input", &input, "file, directory or pattern to read, such as 'corpus/**/*.txt'")
        .required("output", &output, "directory for the results: lines of word,count")
        .choice("emit", &emit, {"final", "updates"},
                "each word once at the end, or a line for every occurrence");
    return flags;
  }

  weir::Job build() const {
    return word_count::job(
        input, output, emit == "final" ? weir::EmitResults::at_end : weir::EmitResults::updates);
  }
};

WEIR_JOB(WordCount)
