#include "runtime/ha/ha_codec.hpp"

#include "base/frame.hpp"
#include "proto/ha.pb.h"

namespace weir::runtime {
namespace {

// On disk: do not change.
constexpr base::FrameKind kLeader{"WEIRLEAD"};
constexpr base::FrameKind kHeartbeat{"WEIRBEAT"};
constexpr base::FrameKind kJob{"WEIRJOBS"};
constexpr base::FrameKind kResult{"WEIRRSLT"};

template <class Message>
Result<Message> parse(base::FrameKind kind, std::string_view bytes) {
  const auto payload = base::unframe(kind, bytes);
  if (!payload.ok()) return payload.status();
  Message message;
  if (!message.ParseFromArray(payload->data(), static_cast<int>(payload->size())))
    return Status{ErrorCode::corrupt, "its content is no valid message"};
  return message;
}

Result<Bytes> content(base::FrameKind kind, std::string_view bytes) {
  const auto payload = base::unframe(kind, bytes);
  if (!payload.ok()) return payload.status();
  return Bytes{*payload};
}

}  // namespace

Bytes encode_leader(const Leader& leader) {
  proto::LeaderRecord message;
  message.set_epoch(leader.epoch.value());
  message.set_address(leader.address);
  return base::frame(kLeader, message.SerializeAsString());
}

Bytes encode_heartbeat(const Heartbeat& heartbeat) {
  proto::HeartbeatRecord message;
  message.set_epoch(heartbeat.epoch.value());
  message.set_count(heartbeat.count);
  message.set_holds_lock(heartbeat.holds_lock);
  message.set_has_resigned(heartbeat.has_resigned);
  return base::frame(kHeartbeat, message.SerializeAsString());
}

Bytes encode_job(std::string_view job) {
  return base::frame(kJob, job);
}

Bytes encode_result(std::string_view result) {
  return base::frame(kResult, result);
}

Result<Leader> decode_leader(std::string_view bytes) {
  const auto message = parse<proto::LeaderRecord>(kLeader, bytes);
  if (!message.ok()) return message.status();
  return Leader{LeaderEpoch{message->epoch()}, message->address()};
}

Result<Heartbeat> decode_heartbeat(std::string_view bytes) {
  const auto message = parse<proto::HeartbeatRecord>(kHeartbeat, bytes);
  if (!message.ok()) return message.status();
  return Heartbeat{.epoch = LeaderEpoch{message->epoch()},
                   .count = message->count(),
                   .holds_lock = message->holds_lock(),
                   .has_resigned = message->has_resigned()};
}

Result<Bytes> decode_job(std::string_view bytes) {
  return content(kJob, bytes);
}

Result<Bytes> decode_result(std::string_view bytes) {
  return content(kResult, bytes);
}

}  // namespace weir::runtime
