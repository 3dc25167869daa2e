// A plan as text, as a Graphviz graph and as JSON.
#include "runtime/graph/fingerprint.hpp"
#include "runtime/graph/plan.hpp"
#include "state/operator_snapshot.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace weir::runtime {
namespace {

const char* name_of(detail::Partition partition) {
  switch (partition) {
    case detail::Partition::forward: return "forward";
    case detail::Partition::rebalance: return "rebalance";
    case detail::Partition::broadcast: return "broadcast";
    case detail::Partition::hash: return "hash";
  }
  return "unknown";
}

std::string render_text(const Plan& plan) {
  std::ostringstream out;
  out << "job " << plan.graph().name << ", max parallelism " << plan.max_parallelism() << '\n';
  for (const Vertex& vertex : plan.vertices()) {
    out << "  " << vertex.label << "  x" << vertex.parallelism << '\n';
    for (const std::size_t e : vertex.inputs) {
      const PlanEdge& edge = plan.edges()[e];
      out << "    from " << plan.op(edge.from_operator).name
          << (edge.side.empty() ? "" : ":" + edge.side) << " by " << name_of(edge.partition)
          << (edge.is_second ? ", as its second input" : "")
          << (edge.is_feedback ? ", fed back" : "") << '\n';
    }
    for (const std::size_t i : vertex.operators) {
      for (const auto& state : plan.op(i).states)
        out << "    state " << plan.op(i).name << '/' << state.name << ": " << state.type->schema
            << " per " << plan.op(i).key_schema << '\n';
      for (const auto& state : plan.op(i).operator_states)
        out << "    state " << plan.op(i).name << '/' << state.name << ": " << state.type->schema
            << ", " << state::name_of(state.kind) << '\n';
    }
  }
  return out.str();
}

std::string render_dot(const Plan& plan) {
  std::ostringstream out;
  out << "digraph \"" << plan.graph().name << "\" {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const Vertex& vertex : plan.vertices())
    out << "  \"" << vertex.name << "\" [label=\"" << vertex.label << "\\nx" << vertex.parallelism
        << "\"];\n";
  for (const PlanEdge& edge : plan.edges())
    out << "  \"" << plan.vertex(edge.from).name << "\" -> \"" << plan.vertex(edge.to).name
        << "\" [label=\"" << (edge.side.empty() ? "" : edge.side + ", ") << name_of(edge.partition)
        << (edge.is_second ? ", second" : "") << "\""
        << (edge.is_feedback ? ", style=dashed, constraint=false" : "") << "];\n";
  out << "}\n";
  return out.str();
}

std::string render_json(const Plan& plan) {
  nlohmann::ordered_json json;
  json["job"] = plan.graph().name;
  json["max_parallelism"] = plan.max_parallelism();
  json["fingerprint"] = fingerprint(plan).hash;
  for (const Vertex& vertex : plan.vertices()) {
    nlohmann::ordered_json v{{"name", vertex.name}, {"parallelism", vertex.parallelism}};
    for (const std::size_t i : vertex.operators) {
      const auto& op = plan.op(i);
      nlohmann::ordered_json o{{"name", op.name}, {"kind", op.kind}};
      if (!op.in_schema.empty()) o["in"] = op.in_schema;
      if (!op.out_schema.empty()) o["out"] = op.out_schema;
      if (op.is_keyed) o["key"] = op.key_schema;
      for (const auto& state : op.states)
        o["states"].push_back({{"name", state.name}, {"schema", state.type->schema}});
      for (const auto& state : op.operator_states)
        o["operator_states"].push_back({{"name", state.name},
                                        {"kind", state::name_of(state.kind)},
                                        {"schema", state.type->schema}});
      v["operators"].push_back(std::move(o));
    }
    json["vertices"].push_back(std::move(v));
  }
  json["edges"] = nlohmann::ordered_json::array();
  for (const PlanEdge& edge : plan.edges()) {
    nlohmann::ordered_json e{{"from", plan.vertex(edge.from).name},
                             {"to", plan.vertex(edge.to).name},
                             {"partition", name_of(edge.partition)}};
    if (!edge.side.empty()) e["side"] = edge.side;
    if (edge.is_second) e["second"] = true;
    if (edge.is_feedback) e["feedback"] = true;
    json["edges"].push_back(std::move(e));
  }
  return json.dump(2) + "\n";
}

}  // namespace

std::string render(const Plan& plan, GraphFormat format) {
  switch (format) {
    case GraphFormat::text: return render_text(plan);
    case GraphFormat::dot: return render_dot(plan);
    case GraphFormat::json: return render_json(plan);
  }
  return "";
}

}  // namespace weir::runtime
