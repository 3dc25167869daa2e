#include "actors/net/peer_signs.hpp"

#include <caf/binary_deserializer.hpp>

namespace weir::net {

std::shared_ptr<PeerSigns::Sign> PeerSigns::connect(const caf::node_id& peer) {
  const std::lock_guard lock{mutex_};
  std::erase_if(signs_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Sign>& known = signs_[peer];
  auto sign = known.lock();
  if (!sign) {
    sign = std::make_shared<Sign>(now().count());
    known = sign;
  }
  return sign;
}

std::optional<Duration> PeerSigns::last(const caf::node_id& peer) const {
  const std::lock_guard lock{mutex_};
  const auto at = signs_.find(peer);
  const auto sign = at == signs_.end() ? nullptr : at->second.lock();
  if (!sign) return std::nullopt;
  return Duration{sign->load(std::memory_order_relaxed)};
}

void ConnectionSigns::on_read() {
  if (sign_ && guard_.awaits_payload())
    sign_->store(signs_->now().count(), std::memory_order_relaxed);
}

void ConnectionSigns::on_frame(caf::execution_unit* context, std::string_view bytes) {
  if (sign_ || !guard_.awaits_payload()) return;
  caf::binary_deserializer source{context, bytes.data(), bytes.size()};
  caf::node_id peer;
  if (source(peer) || !peer) return;  // CAF refuses it, too
  sign_ = signs_->connect(peer);
}

}  // namespace weir::net
