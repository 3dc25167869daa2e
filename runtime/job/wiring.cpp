#include "runtime/job/wiring.hpp"

namespace weir::runtime {

Wiring wiring_of(const Plan& plan) {
  Wiring wiring;
  for (const SubtaskId id : plan.subtasks()) wiring[id].name = plan.name_of(id);
  for (const SubtaskId id : plan.subtasks()) {
    std::uint32_t channel = 0;
    for (const ChannelEnd& end : plan.outputs_of(id)) {
      wiring[id].outputs.push_back({end.peer, end.at_peer.value()});
      auto& inputs = wiring[end.peer].inputs;
      if (inputs.size() <= end.at_peer.value()) inputs.resize(end.at_peer.value() + 1);
      inputs[end.at_peer.value()] = {id, channel++};
    }
  }
  return wiring;
}

}  // namespace weir::runtime
