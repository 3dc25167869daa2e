// WEIR_JOB: the source of a job, as a program or as a library that a running cluster loads.
//
//   struct WordCount {
//     std::string input;
//
//     weir::Flags flags() {
//       return weir::Flags{"Counts the words of text files."}.required(
//           "input", &input, "file, directory or pattern to read");
//     }
//     weir::Job build() const { return word_count_job(input); }
//   };
//
//   WEIR_JOB(WordCount)
//
// In a program it is `main`: `word_count run --input corpus`. In a library, which CMake's
// weir_add_job_library makes of the same source, it is what a cluster asks for the job:
// `weir submit --library libword_count_job.so --to HOST:PORT --input corpus`.
#pragma once

#include <weir/run.hpp>

#include <concepts>

namespace weir {

/// What WEIR_JOB takes: an object whose flags are read first, and which then builds the job. Each
/// job has an object of its own. The targets of the flags are members of it.
template <class T>
concept JobProgram = std::default_initializable<T> && requires(T program) {
  { program.flags() } -> std::same_as<Flags>;
  { program.build() } -> std::same_as<Job>;
};

namespace detail {

/// A job's program, out of a library. Made and destroyed by code of the library.
class LoadedProgram {
public:
  virtual ~LoadedProgram() = default;
  LoadedProgram() = default;
  LoadedProgram(const LoadedProgram&) = delete;
  LoadedProgram& operator=(const LoadedProgram&) = delete;

  virtual const Flags& flags() const = 0;
  /// Builds the job from what the targets of the flags hold. May throw what user code throws.
  virtual Job build() = 0;
};

template <JobProgram T>
class ProgramOf final : public LoadedProgram {
public:
  const Flags& flags() const override { return flags_; }
  Job build() override { return program_.build(); }

private:
  T program_{};
  Flags flags_ = program_.flags();
};

template <JobProgram T>
int run_program(int argc, char** argv) {
  T program{};
  const Flags flags = program.flags();
  return weir::main(
      flags, [&program] { return program.build(); }, argc, argv);
}

}  // namespace detail
}  // namespace weir

#ifdef WEIR_JOB_LIBRARY
#ifndef WEIR_BUILD
#error "WEIR_BUILD is not defined: make job libraries with CMake's weir_add_job_library"
#endif
#include <weir/detail/job_tag.hpp>
#endif

// NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is no template argument.
#ifdef WEIR_JOB_LIBRARY
/// See the file comment. Once in a program or library, outside of any namespace.
#define WEIR_JOB(Type)                                                          \
  extern "C" {                                                                  \
  [[gnu::visibility("default")]] extern const char weir_job_tag[];              \
  [[gnu::section(WEIR_JOB_SECTION)]] const char weir_job_tag[] = WEIR_JOB_TAG;  \
  [[gnu::visibility("default")]] weir::detail::LoadedProgram* weir_open_job() { \
    return new weir::detail::ProgramOf<Type>;                                   \
  }                                                                             \
  }
#else
/// See the file comment. Once in a program or library, outside of any namespace.
#define WEIR_JOB(Type)                                  \
  int main(int argc, char** argv) {                     \
    return weir::detail::run_program<Type>(argc, argv); \
  }
#endif
// NOLINTEND(bugprone-macro-parentheses)
