// OpenEnd: where a graph grows. Streams are typed handles of one; all that they put behind
// themselves is added to the graph here.
#pragma once

#include <weir/detail/graph.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::detail {

/// The end of one or more edges that lead nowhere yet.
struct OpenEnd {
  std::shared_ptr<GraphSpec> graph;
  std::vector<EdgeSpec> edges;  // without their types, which depend on what comes next

  std::vector<EdgeSpec> typed(std::shared_ptr<const EdgeType> type) const {
    std::vector<EdgeSpec> result = edges;
    for (EdgeSpec& edge : result) edge.type = type;
    return result;
  }
  /// Returns these edges and those of `second`, which lead to the second input of one operator.
  std::vector<EdgeSpec> typed_with(std::shared_ptr<const EdgeType> type, const OpenEnd& second,
                                   std::shared_ptr<const EdgeType> second_type) const {
    std::vector<EdgeSpec> result = typed(std::move(type));
    for (EdgeSpec edge : second.typed(std::move(second_type))) {
      edge.is_second = true;
      result.push_back(std::move(edge));
    }
    if (second.graph != graph)
      graph->problems.push_back({"", "connect() was called with a stream of another job",
                                 "make both streams from sources of one job"});
    return result;
  }
  /// Returns these edges and those of `other`, which lead to the same input.
  OpenEnd united_with(const OpenEnd& other) const {
    OpenEnd all = *this;
    if (other.graph == graph)
      all.edges.insert(all.edges.end(), other.edges.begin(), other.edges.end());
    else
      graph->problems.push_back({"", "union_with() was called with a stream of another job",
                                 "make all streams from sources of one job"});
    return all;
  }
  OpenEnd with(Partition partition) const {
    OpenEnd result = *this;
    for (EdgeSpec& edge : result.edges) edge.partition = partition;
    return result;
  }
  /// Returns a side output of the operator that makes this stream.
  OpenEnd side(std::string_view name) const {
    OpenEnd result = *this;
    if (edges.size() == 1)
      result.edges[0] = {.from = edges[0].from, .side = std::string{name}};
    else
      graph->problems.push_back({"", "side() was called on a union of streams",
                                 "call it on the streams before the union"});
    return result;
  }
  /// Adds an operator and returns its open end.
  OpenEnd add(OperatorSpec spec) const {
    graph->operators.push_back(std::move(spec));
    return {graph, {EdgeSpec{.from = graph->operators.size() - 1}}};
  }
  /// Feeds back what these edges carry to an operator that was added before.
  void feed_back_to(std::size_t op, std::shared_ptr<const EdgeType> type) const {
    for (EdgeSpec edge : typed(std::move(type))) {
      edge.is_feedback = true;
      graph->operators[op].inputs.push_back(std::move(edge));
    }
  }
  void set_parallelism(int parallelism) const {
    if (edges.size() == 1)
      graph->operators[edges[0].from].parallelism = parallelism;
    else
      graph->problems.push_back({"", "parallelism() was called on a union of streams",
                                 "call it on the streams before the union"});
  }
};

}  // namespace weir::detail
