#include "runtime/graph/fingerprint.hpp"

#include "state/operator_snapshot.hpp"

#include <weir/hash.hpp>

#include <algorithm>

namespace weir::runtime {
namespace {

std::uint64_t hash_of_plan(const Plan& plan) {
  ByteWriter out;
  out.put_string(plan.graph().name);
  out.put(plan.max_parallelism());
  for (const Vertex& vertex : plan.vertices()) {
    out.put(vertex.parallelism);
    for (const std::size_t i : vertex.operators) {
      const detail::OperatorSpec& op = plan.op(i);
      for (const std::string* text :
           {&op.name, &op.kind, &op.in_schema, &op.out_schema, &op.key_schema})
        out.put_string(*text);
      for (const auto& state : op.states) {
        out.put_string(state.name);
        out.put_string(state.type->schema);
      }
      for (const auto& state : op.operator_states) {
        out.put_string(state.name);
        out.put(static_cast<std::uint8_t>(state.kind));
        out.put_string(state.type->schema);
      }
    }
  }
  for (const PlanEdge& edge : plan.edges()) {
    out.put(edge.from.value());
    out.put(edge.to.value());
    out.put(static_cast<std::uint8_t>(edge.partition));
    if (!edge.side.empty()) out.put_string(edge.side);
    if (edge.is_second) out.put(edge.is_second);
  }
  return hash_bytes(out.view().data(), out.size());
}

std::string describe(const Plan& plan, const Vertex& vertex, const detail::OperatorSpec& op) {
  std::string text = "\"" + op.name + "\" (" + op.kind + ", parallelism " +
                     std::to_string(vertex.parallelism) + " of at most " +
                     std::to_string(plan.max_parallelism());
  if (!op.in_schema.empty()) text += ", takes " + op.in_schema;
  if (!op.out_schema.empty()) text += ", makes " + op.out_schema;
  if (!op.key_schema.empty()) text += ", by " + op.key_schema;
  for (const auto& state : op.states) text += ", keeps " + state.name + " " + state.type->schema;
  for (const auto& state : op.operator_states)
    text += ", keeps " + state.name + " " + state.type->schema + " as " +
            std::string{state::name_of(state.kind)};
  for (const auto& edge : op.inputs)
    text += ", reads \"" + plan.op(edge.from).name + (edge.side.empty() ? "" : ":" + edge.side) +
            "\" by " + std::to_string(static_cast<int>(edge.partition)) +
            (edge.is_second ? " as its second input" : "");
  return text + ")";
}

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

Fingerprint fingerprint(const Plan& plan) {
  Fingerprint print{.hash = hash_of_plan(plan), .job = plan.graph().name, .operators = {}};
  for (const Vertex& vertex : plan.vertices()) {
    for (const std::size_t i : vertex.operators)
      print.operators.push_back(describe(plan, vertex, plan.op(i)));
  }
  return print;
}

std::string difference(const Fingerprint& ours, const Fingerprint& theirs) {
  if (ours == theirs) return {};
  std::string text = "fingerprint " + hex(ours.hash) + " here, " + hex(theirs.hash) + " there";
  if (ours.job != theirs.job)
    return text + "; job \"" + ours.job + "\" here, \"" + theirs.job + "\" there";
  const std::size_t common = std::min(ours.operators.size(), theirs.operators.size());
  const auto [mine, other] = std::mismatch(
      ours.operators.begin(), ours.operators.begin() + static_cast<std::ptrdiff_t>(common),
      theirs.operators.begin());
  const bool has_mine = mine != ours.operators.end();
  const bool has_other = other != theirs.operators.end();
  if (has_mine || has_other)
    text += "; the first difference: " + (has_mine ? *mine : "nothing") + " here, " +
            (has_other ? *other : "nothing") + " there";
  return text;
}

}  // namespace weir::runtime
