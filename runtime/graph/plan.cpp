#include "runtime/graph/plan.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <weir/detail/key_group.hpp>

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

namespace weir::runtime {
namespace {

using detail::EdgeSpec;
using detail::GraphSpec;
using detail::OperatorSpec;
using detail::Partition;

std::uint32_t parallelism_of(const GraphSpec& graph, const OperatorSpec& op) {
  const int own = op.parallelism != 0 ? op.parallelism : graph.options.parallelism;
  return static_cast<std::uint32_t>(own);
}

/// Records need not leave the subtask if the operator reads nothing but this edge, by forward, and
/// runs as often as its upstream. What an async operator is given must wait when it has no room,
/// and inside of a chain there is no place to wait.
bool can_fuse(const GraphSpec& graph, const OperatorSpec& op) {
  if (op.inputs.size() != 1 || op.is_async) return false;
  const EdgeSpec& edge = op.inputs[0];
  return edge.partition == Partition::forward &&
         parallelism_of(graph, op) == parallelism_of(graph, graph.operators[edge.from]);
}

/// On disk: do not change.
const char* suffix_of(Partition partition) {
  switch (partition) {
    case Partition::forward: return "";
    case Partition::rebalance: return " in turn";
    case Partition::broadcast: return " to all";
    case Partition::hash: return " by key";
  }
  return "";
}

std::string name_of_edge(const std::string& from, const std::string& side, const std::string& to,
                         bool is_second, Partition partition) {
  return from + (side.empty() ? "" : ":" + side) + " -> " + to + (is_second ? ":second" : "") +
         suffix_of(partition);
}

/// Edges between the same operators, of a stream that is united with itself, are told apart by
/// their number.
class NumberedNames {
public:
  std::string add(const std::string& name) {
    const int number = ++seen_[name];
    return number == 1 ? name : name + " (" + std::to_string(number) + ")";
  }

private:
  std::map<std::string, int> seen_;
};

}  // namespace

std::uint32_t default_max_parallelism(std::uint32_t parallelism) {
  return std::clamp<std::uint32_t>(std::bit_ceil(parallelism + parallelism / 2), 128,
                                   detail::kMostKeyGroups);
}

Plan Plan::build(std::shared_ptr<const GraphSpec> graph, std::uint32_t max_parallelism) {
  Plan plan;
  plan.graph_ = std::move(graph);
  const GraphSpec& spec = *plan.graph_;
  std::uint32_t widest = 1;
  // Operators are declared after what they read from, but for what is fed back to them.
  for (std::size_t i = 0; i < spec.operators.size(); ++i) {
    const OperatorSpec& op = spec.operators[i];
    widest = std::max(widest, parallelism_of(spec, op));
    if (can_fuse(spec, op)) {
      plan.vertex_of_.push_back(plan.vertex_of_[op.inputs[0].from]);
      Vertex& vertex = plan.vertices_[plan.vertex_of_[i]];
      vertex.operators.push_back(i);
      vertex.label += " -> " + op.name;
      continue;
    }
    plan.vertex_of_.push_back(plan.vertices_.size());
    plan.vertices_.push_back({.name = op.name,
                              .label = op.name,
                              .parallelism = parallelism_of(spec, op),
                              .operators = {i},
                              .inputs = {},
                              .outputs = {}});
    for (const EdgeSpec& edge : op.inputs) {
      if (!edge.is_feedback) plan.add_edge(edge, i);
    }
  }
  for (std::size_t i = 0; i < spec.operators.size(); ++i) {
    for (const EdgeSpec& edge : spec.operators[i].inputs) {
      if (edge.is_feedback) plan.add_edge(edge, i);
    }
  }
  plan.name_edges();
  plan.max_parallelism_ = max_parallelism != 0 ? max_parallelism : default_max_parallelism(widest);
  WEIR_ASSERT(widest <= plan.max_parallelism_, "a graph was planned that had not been validated");
  return plan;
}

/// What is fed back goes to all in turn, so that each subtask of an iteration hears of every other
/// whether records are still on their way (runtime/task/end_of_input).
void Plan::add_edge(const EdgeSpec& edge, std::size_t op) {
  const VertexId from{static_cast<std::uint32_t>(vertex_of_[edge.from])};
  const VertexId to{static_cast<std::uint32_t>(vertex_of_[op])};
  const bool adapts = edge.partition == Partition::forward &&
                      (edge.is_feedback || vertex(from).parallelism != vertex(to).parallelism);
  vertices_[from.value()].outputs.push_back(edges_.size());
  vertices_[to.value()].inputs.push_back(edges_.size());
  edges_.push_back({.from = from,
                    .to = to,
                    .from_operator = edge.from,
                    .side = edge.side,
                    .partition = adapts ? Partition::rebalance : edge.partition,
                    .type = edge.type,
                    .is_feedback = edge.is_feedback,
                    .is_second = edge.is_second});
}

bool Plan::has_feedback() const {
  return std::any_of(edges_.begin(), edges_.end(),
                     [](const PlanEdge& edge) { return edge.is_feedback; });
}

std::string Plan::unfused_name(std::size_t i) const {
  const EdgeSpec& edge = op(i).inputs[0];
  return name_of_edge(op(edge.from).name, edge.side, op(i).name, false, Partition::rebalance);
}

void Plan::name_edges() {
  NumberedNames names;
  NumberedNames names_in_turn;
  for (PlanEdge& edge : edges_) {
    const auto name = [&](Partition partition) {
      return name_of_edge(op(edge.from_operator).name, edge.side, vertex(edge.to).name,
                          edge.is_second, partition);
    };
    const bool is_forward = edge.partition == Partition::forward;
    edge.name = names.add(name(edge.partition));
    edge.name_in_turn = names_in_turn.add(name(is_forward ? Partition::rebalance : edge.partition));
  }
}

std::vector<SubtaskId> Plan::subtasks() const {
  std::vector<SubtaskId> all;
  for (std::uint32_t v = 0; v < vertices_.size(); ++v) {
    for (std::uint32_t i = 0; i < vertices_[v].parallelism; ++i) all.push_back({VertexId{v}, i});
  }
  return all;
}

std::string Plan::name_of(SubtaskId subtask) const {
  return vertex(subtask.vertex).name + "/" + std::to_string(subtask.index);
}

std::string Plan::names_of(const std::set<SubtaskId>& subtasks) const {
  std::string names;
  for (const SubtaskId subtask : subtasks) names += (names.empty() ? "" : ", ") + name_of(subtask);
  return names;
}

std::optional<SubtaskId> Plan::find(const std::string& name) const {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto index = base::parse_int(std::string_view{name}.substr(slash + 1));
  if (!index.ok() || *index < 0) return std::nullopt;
  for (std::uint32_t v = 0; v < vertices_.size(); ++v) {
    const Vertex& vertex = vertices_[v];
    const bool is_here = std::any_of(
        vertex.operators.begin(), vertex.operators.end(),
        [&](std::size_t i) { return op(i).name == std::string_view{name}.substr(0, slash); });
    if (is_here && *index < vertex.parallelism)
      return SubtaskId{VertexId{v}, static_cast<std::uint32_t>(*index)};
  }
  return std::nullopt;
}

/// Returns the index of the first channel of `edge` among the inputs of a subtask.
std::uint32_t Plan::channels_before(SubtaskId subtask, std::size_t edge) const {
  std::uint32_t channels = 0;
  for (const std::size_t e : vertex(subtask.vertex).inputs) {
    if (e == edge) break;
    const bool is_forward = edges_[e].partition == Partition::forward;
    channels += is_forward ? 1 : vertex(edges_[e].from).parallelism;
  }
  return channels;
}

std::vector<ChannelEnd> Plan::inputs_of(SubtaskId subtask) const {
  std::vector<ChannelEnd> ends;
  for (const std::size_t e : vertex(subtask.vertex).inputs) {
    const PlanEdge& edge = edges_[e];
    for (std::uint32_t i = 0; i < vertex(edge.from).parallelism; ++i) {
      if (edge.partition == Partition::forward && i != subtask.index) continue;
      const SubtaskId peer{edge.from, i};
      const auto outputs = outputs_of(peer);
      const auto at = std::find_if(outputs.begin(), outputs.end(), [&](const ChannelEnd& end) {
        return end.edge == e && end.peer == subtask;
      });
      ends.push_back({peer, ChannelIndex{static_cast<std::uint32_t>(at - outputs.begin())}, e});
    }
  }
  return ends;
}

std::vector<ChannelEnd> Plan::outputs_of(SubtaskId subtask) const {
  std::vector<ChannelEnd> ends;
  for (const std::size_t e : vertex(subtask.vertex).outputs) {
    const PlanEdge& edge = edges_[e];
    for (std::uint32_t i = 0; i < vertex(edge.to).parallelism; ++i) {
      const bool is_forward = edge.partition == Partition::forward;
      if (is_forward && i != subtask.index) continue;
      const SubtaskId peer{edge.to, i};
      const std::uint32_t sender = is_forward ? 0 : subtask.index;
      ends.push_back({peer, ChannelIndex{channels_before(peer, e) + sender}, e});
    }
  }
  return ends;
}

}  // namespace weir::runtime
