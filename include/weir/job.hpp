// Job: where a graph of operators begins.
#pragma once

#include <weir/stream.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace weir {

/// A named graph of operators with options. Building one starts nothing; hand it to `weir::main` or
/// `weir::run_local`. Copies share the graph.
///
///   weir::Job job{"word-count", {.parallelism = 2}};
///   job.source("lines", weir::files::lines("corpus/*.txt"))
///       .flat_map("words", split)
///       .key_by(std::identity{})
///       .count("counts")
///       .sink("out", weir::files::csv<std::pair<std::string, std::int64_t>>("counts"));
class Job {
public:
  /// `name` identifies the job in its checkpoint directory: letters, digits, "-", "_" and ".".
  explicit Job(std::string_view name, JobOptions options = {})
      : graph_{std::make_shared<detail::GraphSpec>()} {
    graph_->name = name;
    graph_->options = std::move(options);
  }

  /// Adds a source.
  template <class T>
  Stream<T> source(std::string_view name, Source<T> source) {
    const detail::OpenEnd none{graph_, {}};
    return Stream<T>{none.add({.name = std::string{name},
                               .kind = "source",
                               .out_schema = schema<T>(),
                               .source = source.factory()})};
  }

  const std::string& name() const { return graph_->name; }
  JobOptions& options() { return graph_->options; }
  const JobOptions& options() const { return graph_->options; }

  /// For the engine: what has been declared.
  const std::shared_ptr<detail::GraphSpec>& graph() const { return graph_; }

private:
  std::shared_ptr<detail::GraphSpec> graph_;
};

}  // namespace weir
