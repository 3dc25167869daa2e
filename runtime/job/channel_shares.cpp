#include "runtime/job/channel_shares.hpp"

#include "state/migration.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace weir::runtime {
namespace {

using checkpoint::CheckpointMetadata;
using checkpoint::SubtaskPart;
using state::ChannelSide;
using state::ChannelStateHandle;

class Sharing {
public:
  Sharing(const Plan& plan, const CheckpointMetadata& metadata)
      : plan_{plan}, metadata_{metadata} {}

  Result<std::map<SubtaskId, std::vector<ChannelShare>>> run() {
    // What a receiver had is older than what its senders had.
    for (const ChannelSide side : {ChannelSide::received, ChannelSide::sent}) {
      for (const SubtaskPart& part : metadata_.parts) {
        for (const ChannelStateHandle& handle : part.state.channels) {
          if (handle.side == side) share(handle);
        }
      }
    }
    if (errors_.empty()) return std::move(shares_);
    std::string text =
        "the checkpoint holds records that its barriers had overtaken, and that the "
        "job cannot take:";
    for (const std::string& error : errors_) text += "\n  " + error;
    text +=
        "\nrestore from a savepoint, which holds none but of iterations; or give these records up, "
        "with execution.state-recovery.without-channel-state.checkpoint-id = " +
        std::to_string(metadata_.id.value());
    return Status{ErrorCode::failed_precondition, text};
  }

private:
  /// Where records go now.
  struct Way {
    VertexId vertex;
    std::size_t to;                   // index of the operator
    std::optional<std::size_t> edge;  // none: inside a chain
    detail::Partition partition;
    const detail::EdgeType* type;
  };

  void share(const ChannelStateHandle& handle) {
    const auto way = find(handle.edge);
    if (!way) {
      errors_.insert("the job has no edge \"" + handle.edge + "\"");
      return;
    }
    if (!state::is_same_layout(handle.schema, way->type->schema())) {
      errors_.insert("records on \"" + handle.edge + "\" were written as " + handle.schema +
                     ", now they are " + way->type->schema());
      return;
    }
    const std::uint32_t now = plan_.vertex(way->vertex).parallelism;
    const std::uint32_t before = parallelism_before(*way);
    if (way->partition != detail::Partition::hash || (now == before && is_same_range()))
      return give(*way, handle.receiver % now, handle, false);
    for (std::uint32_t i = 0; i < now; ++i) {
      if (may_have(handle.receiver, before, i, now)) give(*way, i, handle, true);
    }
  }

  std::optional<Way> find(const std::string& edge_name) const {
    if (auto way = find_edge(&PlanEdge::name, edge_name)) return way;
    if (auto way = find_edge(&PlanEdge::name_in_turn, edge_name)) return way;
    for (std::uint32_t v = 0; v < plan_.vertices().size(); ++v) {
      const auto& operators = plan_.vertices()[v].operators;
      for (std::size_t i = 1; i < operators.size(); ++i) {
        if (plan_.unfused_name(operators[i]) == edge_name)
          return Way{VertexId{v}, operators[i], std::nullopt, detail::Partition::rebalance,
                     plan_.op(operators[i]).inputs[0].type.get()};
      }
    }
    return std::nullopt;
  }

  std::optional<Way> find_edge(std::string PlanEdge::*name, const std::string& edge_name) const {
    const auto edge = std::find_if(plan_.edges().begin(), plan_.edges().end(),
                                   [&](const PlanEdge& some) { return some.*name == edge_name; });
    if (edge == plan_.edges().end()) return std::nullopt;
    return Way{edge->to, plan_.vertex(edge->to).operators[0],
               static_cast<std::size_t>(edge - plan_.edges().begin()), edge->partition,
               edge->type.get()};
  }

  void give(const Way& way, std::uint32_t receiver, const ChannelStateHandle& handle,
            bool drops_others) {
    ChannelShare share{handle, static_cast<std::uint32_t>(way.to), std::nullopt, drops_others};
    if (way.edge) share.edge = static_cast<std::uint32_t>(*way.edge);
    shares_[{way.vertex, receiver}].push_back(std::move(share));
  }

  std::uint32_t parallelism_before(const Way& way) const {
    return static_cast<std::uint32_t>(std::count_if(
        metadata_.parts.begin(), metadata_.parts.end(),
        [&](const SubtaskPart& part) { return part.vertex == plan_.vertex(way.vertex).name; }));
  }

  bool is_same_range() const { return metadata_.max_parallelism == plan_.max_parallelism(); }

  /// Whether an old receiver may have had records of the key groups of a new one.
  bool may_have(std::uint32_t old, std::uint32_t before, std::uint32_t heir,
                std::uint32_t now) const {
    if (!is_same_range()) return true;
    const auto a = detail::range_of_subtask(old, before, plan_.max_parallelism());
    const auto b = detail::range_of_subtask(heir, now, plan_.max_parallelism());
    return a.begin < b.end && b.begin < a.end;
  }

  const Plan& plan_;
  const CheckpointMetadata& metadata_;
  std::map<SubtaskId, std::vector<ChannelShare>> shares_;
  std::set<std::string> errors_;  // each once
};

}  // namespace

Result<std::map<SubtaskId, std::vector<ChannelShare>>> share_channels(
    const Plan& plan, const CheckpointMetadata& metadata) {
  const auto without =
      static_cast<std::uint64_t>(plan.graph().options.checkpoint.without_channel_state);
  if (metadata.id.value() == without) return std::map<SubtaskId, std::vector<ChannelShare>>{};
  return Sharing{plan, metadata}.run();
}

}  // namespace weir::runtime
