#include "runtime/task/input_recording.hpp"

#include <utility>

namespace weir::runtime {

void InputRecording::add(std::size_t edge, Element batch) {
  batches_[edge].push_back(std::move(batch));
}

void InputRecording::on_arrival(ChannelIndex channel, std::size_t edge, const Element& element) {
  if (!is_open_[channel.value()]) return;
  if (is_batch(element)) return add(edge, element);
  // The barrier of an older checkpoint, which has been given up, may still be on its way.
  const auto* barrier = std::get_if<checkpoint::Barrier>(&element);
  if (barrier != nullptr && barrier->id >= id_) close(channel);
}

std::vector<OvertakenBatches> InputRecording::take() {
  std::vector<OvertakenBatches> all;
  for (auto& [edge, batches] : std::exchange(batches_, {}))
    all.push_back({.edge = edge,
                   .receiver = self_,
                   .side = state::ChannelSide::received,
                   .batches = std::move(batches)});
  return all;
}

}  // namespace weir::runtime
