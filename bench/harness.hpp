// What all benchmarks share: their command line, repetition, proof of the work, and the rows of the
// table that `make bench` prints.
//
// Everything that is compared is measured in one process and in turn, so that whatever else the
// machine does meets all sides alike. Figures are medians.
#pragma once

#include <weir/job.hpp>
#include <weir/run.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// How a benchmark is run.
struct Options {
  bool quick = false;          ///< little work, once: only to see that the benchmark still works
  std::string directory = {};  ///< where files go; on the disk that is to be measured

  /// How often each side runs; odd, so that a median is one of the figures.
  int repetitions(int full) const { return quick ? 1 : full; }
  template <class T>
  T sized(T full, T small) const {
    return quick ? small : full;
  }
};

/// Reads the command line; ends the program if it is wrong or asks for help.
Options read_options(int argc, char** argv, const std::string& description);

/// What was measured, one figure per repetition.
using Figures = std::vector<double>;

double median(Figures figures);

/// Runs each side `repetitions` times, in turn, and returns the figures of each.
std::vector<Figures> interleave(int repetitions, const std::vector<std::function<double()>>& sides);

/// Prints a row whose goal, if it has one, is a least ratio of Weir to its ceiling; more is better.
void print_ratio(const std::string& what, const std::string& unit, const Figures& weir,
                 const Figures& ceiling, std::optional<double> ratio_min);

/// Prints a row whose goal is a largest figure. `without` is the same figure without what is
/// measured; may be empty.
void print_limit(const std::string& what, const std::string& unit, const Figures& weir,
                 const Figures& without, double limit);

/// Prints a row of a figure that has no goal. `ceiling` may be empty.
void print_figure(const std::string& what, const std::string& unit, const Figures& weir,
                  const Figures& ceiling = {});

/// Prints a row of several figures of one unit, which `what` names, as "p50/p99", and how many
/// measurements they sum up.
void print_figures(const std::string& what, const std::string& unit, const Figures& figures,
                   std::uint64_t count);

/// Ends the program with `what` unless the benchmark did what it claims.
void require(bool done, const std::string& what);

/// Runs a job until it has finished; ends the program if it fails.
weir::JobResult run(const weir::Job& job, const weir::RunOptions& options = {});

/// Returns the seconds that `work()` takes.
double seconds(const std::function<void()>& work);

/// Seconds on a clock that never goes back.
double now();

/// Memory that the program has allocated, in bytes; by whatever allocator it is linked with.
double allocated();

/// A directory that goes with the object, and all that is in it.
class TemporaryDirectory {
public:
  explicit TemporaryDirectory(const Options& options);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

private:
  std::string path_;
};

}  // namespace bench
