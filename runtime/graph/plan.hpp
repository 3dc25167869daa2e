// Plan: what actually runs. Operators that can hand records to each other inside one subtask are
// fused into chains; each chain is a vertex with a parallelism; edges between vertices are
// channels. Every node builds the same plan from the same job.
#pragma once

#include "base/ids.hpp"

#include <weir/detail/graph.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir::runtime {

/// An edge between two vertices.
struct PlanEdge {
  // "lines -> counts by key", or "lines:broken -> log": identifies it in checkpoints.
  std::string name = {};
  // Of a forward edge: what it would be called if the parallelisms of its sides differed.
  std::string name_in_turn = {};
  VertexId from = {};
  VertexId to = {};
  std::size_t from_operator = 0;  // index in the graph; an operator of vertex `from`
  std::string side = {};          // which side output of that; empty: its main one
  detail::Partition partition = detail::Partition::forward;
  std::shared_ptr<const detail::EdgeType> type = {};
  bool is_feedback = false;  // it closes a cycle
  bool is_second = false;    // it leads to the second input of its operator
};

/// A chain of fused operators.
struct Vertex {
  std::string name = {};   // of its first operator: identifies it in checkpoints and chaos rules
  std::string label = {};  // "lines -> words"
  std::uint32_t parallelism = 1;
  std::vector<std::size_t> operators = {};  // indices in the graph, each after what it reads from
  std::vector<std::size_t> inputs = {};     // indices in Plan::edges
  std::vector<std::size_t> outputs = {};    // likewise
};

/// The other end of a channel.
struct ChannelEnd {
  SubtaskId peer = {};
  ChannelIndex at_peer = {};  // the channel's index at the peer
  std::size_t edge = 0;       // index in Plan::edges
};

/// See the file comment.
class Plan {
public:
  /// Builds the plan of a valid graph. `max_parallelism` 0 chooses one.
  static Plan build(std::shared_ptr<const detail::GraphSpec> graph, std::uint32_t max_parallelism);

  const detail::GraphSpec& graph() const { return *graph_; }
  const detail::OperatorSpec& op(std::size_t index) const { return graph_->operators[index]; }
  const std::vector<Vertex>& vertices() const { return vertices_; }
  const Vertex& vertex(VertexId id) const { return vertices_[id.value()]; }
  const std::vector<PlanEdge>& edges() const { return edges_; }
  std::uint32_t max_parallelism() const { return max_parallelism_; }

  /// The name of the edge to a fused operator, if it were not fused because the parallelisms of
  /// both sides differ.
  std::string unfused_name(std::size_t op) const;

  /// All subtasks, by vertex and index.
  std::vector<SubtaskId> subtasks() const;
  /// "counts/1"
  std::string name_of(SubtaskId subtask) const;
  /// Returns the names of several, "counts/0, counts/1".
  std::string names_of(const std::set<SubtaskId>& subtasks) const;
  /// Finds "counts/1" by the name of any operator of the chain.
  std::optional<SubtaskId> find(const std::string& name) const;

  /// The channels into a subtask, by their index: edge by edge, then by sender.
  std::vector<ChannelEnd> inputs_of(SubtaskId subtask) const;
  /// The channels out of a subtask: edge by edge, then by receiver.
  std::vector<ChannelEnd> outputs_of(SubtaskId subtask) const;

  /// Whether records go round in circles anywhere.
  bool has_feedback() const;

  bool is_source(VertexId id) const { return op(vertex(id).operators[0]).source != nullptr; }

private:
  void add_edge(const detail::EdgeSpec& edge, std::size_t op);
  void name_edges();
  std::uint32_t channels_before(SubtaskId subtask, std::size_t edge) const;

  std::shared_ptr<const detail::GraphSpec> graph_;
  std::uint32_t max_parallelism_ = 0;
  std::vector<Vertex> vertices_;
  std::vector<std::size_t> vertex_of_;  // by operator
  std::vector<PlanEdge> edges_;
};

/// Returns Flink's default: the power of two at or above one and a half times the parallelism,
/// within 128 to 32,768.
std::uint32_t default_max_parallelism(std::uint32_t parallelism);

enum class GraphFormat : std::uint8_t { text, dot, json };

/// Writes the plan for people or tools.
std::string render(const Plan& plan, GraphFormat format);

}  // namespace weir::runtime
