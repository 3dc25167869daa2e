// Runs the examples of a page of the documentation, of which test/docs/examples.py makes a program.
#pragma once

#include <weir/run.hpp>

#include <cstdio>
#include <initializer_list>

namespace weir::docs {

/// Each example adds to a job, which is then run; unless it adds nothing, since it is no job or has
/// run one of its own. What it prints stands behind a line of its own.
inline void run_examples(std::initializer_list<void (*)(Job&)> examples) {
  for (const auto example : examples) {
    std::puts("==");
    Job job{"example"};
    example(job);
    std::fflush(stdout);
    if (job.graph()->operators.empty()) continue;
    auto running = run_local(job);
    const JobResult result =
        running.ok() ? running->wait() : JobResult{JobEnd::failed, running.status().message()};
    if (result.end != JobEnd::finished) std::puts(result.reason.c_str());
    std::fflush(stdout);
  }
}

}  // namespace weir::docs
