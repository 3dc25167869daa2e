// Which vertices of a graph hang together: its edges come in as a stream, and labels go round until
// no vertex hears anything new.
#include "components.hpp"

struct Components {
  std::string input;
  std::string output;

  weir::Flags flags() {
    weir::Flags flags{"Finds the connected components of a graph, exactly once."};
    flags.required("input", &input, "file, directory or pattern of edges: lines of A,B")
        .required("output", &output, "directory for the results: lines of vertex,smallest");
    return flags;
  }

  weir::Job build() const { return components::job(input, output); }
};

WEIR_JOB(Components)
