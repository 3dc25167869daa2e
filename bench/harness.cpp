#include "bench/harness.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

/// Of jemalloc, if that is there.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, std::size_t* old_size,
                                             void* now, std::size_t now_size);

namespace bench {
namespace {

/// Columns of a row are separated by tabs: scripts/bench aligns them.
void print_row(const std::string& what, const std::string& weir, const std::string& ceiling,
               const std::string& ratio, const std::string& goal, const std::string& reached) {
  fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", what, weir, ceiling, ratio, goal, reached);
  std::fflush(stdout);
}

std::string yes_or_no(bool reached) {
  return reached ? "yes" : "NO";
}

/// Three digits are as many as such figures are worth.
std::string readable(double figure) {
  const int decimals = figure < 1 ? 2 : figure < 100 ? 1 : 0;
  return fmt::format("{:.{}f}", figure, decimals);
}
std::string readable(double figure, const std::string& unit) {
  return readable(figure) + ' ' + unit;
}

}  // namespace

Options read_options(int argc, char** argv, const std::string& description) {
  Options options{.directory = std::filesystem::temp_directory_path()};
  CLI::App app{description};
  app.add_flag("--quick", options.quick, "little work, once: only to see that it still works");
  app.add_option("--directory", options.directory, "where files go while this runs")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

double median(Figures figures) {
  require(!figures.empty(), "nothing was measured");
  const auto middle = figures.begin() + static_cast<std::ptrdiff_t>(figures.size() / 2);
  std::nth_element(figures.begin(), middle, figures.end());
  return *middle;
}

std::vector<Figures> interleave(int repetitions,
                                const std::vector<std::function<double()>>& sides) {
  std::vector<Figures> figures(sides.size());
  for (int i = 0; i < repetitions; ++i) {
    for (std::size_t side = 0; side < sides.size(); ++side) figures[side].push_back(sides[side]());
  }
  return figures;
}

void print_ratio(const std::string& what, const std::string& unit, const Figures& weir,
                 const Figures& ceiling, std::optional<double> ratio_min) {
  // Both sides of a repetition ran one after the other, so their ratio is steadier than they are.
  Figures ratios;
  for (std::size_t i = 0; i < weir.size(); ++i) ratios.push_back(weir[i] / ceiling[i]);
  const double ratio = median(ratios);
  print_row(what, readable(median(weir), unit), readable(median(ceiling), unit),
            fmt::format("{:.2f}", ratio), ratio_min ? fmt::format(">= {:.2f}", *ratio_min) : "-",
            ratio_min ? yes_or_no(ratio >= *ratio_min) : "-");
}

void print_limit(const std::string& what, const std::string& unit, const Figures& weir,
                 const Figures& without, double limit) {
  const double figure = median(weir);
  print_row(what, readable(figure, unit), without.empty() ? "-" : readable(median(without), unit),
            "-", "<= " + readable(limit, unit), yes_or_no(figure <= limit));
}

void print_figure(const std::string& what, const std::string& unit, const Figures& weir,
                  const Figures& ceiling) {
  print_row(what, readable(median(weir), unit),
            ceiling.empty() ? "-" : readable(median(ceiling), unit), "-", "-", "-");
}

void print_figures(const std::string& what, const std::string& unit, const Figures& figures,
                   std::uint64_t count) {
  std::string all;
  for (const double figure : figures) (all += all.empty() ? "" : "/") += readable(figure);
  print_row(what, all + ' ' + unit, fmt::format("of {}", count), "-", "-", "-");
}

void require(bool done, const std::string& what) {
  if (done) return;
  fmt::print(stderr, "the benchmark did not do its work: {}\n", what);
  std::exit(1);
}

weir::JobResult run(const weir::Job& job, const weir::RunOptions& options) {
  auto handle = weir::run_local(job, options);
  require(handle.ok(), handle.ok() ? "" : handle.status().message());
  weir::JobResult result = handle->wait();
  require(result.end == weir::JobEnd::finished, result.reason);
  return result;
}

double seconds(const std::function<void()>& work) {
  const double began = now();
  work();
  return now() - began;
}

double now() {
  return std::chrono::duration<double>{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

double allocated() {
  if (&::mallctl == nullptr) return static_cast<double>(::mallinfo2().uordblks);
  std::uint64_t epoch = 1;  // statistics are those of the moment at which it is set
  std::size_t size = sizeof epoch;
  ::mallctl("epoch", &epoch, &size, &epoch, size);
  std::size_t bytes = 0;
  size = sizeof bytes;
  const bool is_known = ::mallctl("stats.allocated", &bytes, &size, nullptr, 0) == 0;
  require(is_known, "the allocator does not say how much it has given out");
  return static_cast<double>(bytes);
}

TemporaryDirectory::TemporaryDirectory(const Options& options)
    : path_{options.directory + "/weir-bench-XXXXXX"} {
  require(::mkdtemp(path_.data()) != nullptr, "cannot make a directory in " + options.directory);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace bench
