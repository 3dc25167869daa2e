#include "runtime/task/chain_time.hpp"

#include "runtime/task/user_error.hpp"

#include <utility>

namespace weir::runtime {

void ChainTime::add(std::string name, detail::Operator& op, std::optional<std::size_t> parent,
                    std::vector<std::size_t> edges) {
  if (nodes_.empty()) requests_ = op.requests();
  detail::TimeOrigin* const origin = op.time_origin();
  if (origin != nullptr) has_origins_ = true;
  if (origin != nullptr && reads_source_ && !parent) {
    origin->follow_splits();
    of_splits_.push_back(origin);
    if (origin->alignment() != nullptr) aligned_ = {name, origin};
  }
  nodes_.push_back({std::move(name), &op, origin, parent, std::move(edges)});
}

void ChainTime::set_input(const Watermark& watermark) {
  input_ = watermark;
  is_settled_ = false;
}

bool ChainTime::advance() {
  for (Node& node : nodes_) {
    if (!advance(node)) return false;
  }
  is_settled_ = true;
  return true;
}

bool ChainTime::advance(Node& node) {
  const Watermark target = target_of(node);
  if (requests_ != nullptr && &node == &nodes_.front()) {
    if (std::exchange(held_, target) != target) requests_->hold(target);
    pass_on(node, requests_->passed());
    return true;
  }
  if (target == node.passed) return true;
  if (target.time != node.passed.time &&
      !call_user_code(node.name, [&] { return node.op->advance_event_time(target.time); }))
    return false;
  pass_on(node, target);
  return true;
}

void ChainTime::pass_on(Node& node, const Watermark& watermark) {
  if (std::exchange(node.passed, watermark) == watermark || watermark.time == Timestamp::max())
    return;
  for (const std::size_t edge : node.edges) out_.send_watermark(edge, watermark);
}

detail::Watermark ChainTime::target_of(const Node& node) const {
  const Watermark& before = node.parent ? nodes_[*node.parent].passed : input_;
  return node.origin != nullptr && before.time != Timestamp::max() ? node.told : before;
}

std::optional<Duration> ChainTime::asks_at() const {
  return has_origins_ ? std::optional{asked_at_ + interval_} : std::nullopt;
}

void ChainTime::ask(Duration now) {
  if (!has_origins_ || now < asked_at_ + interval_) return;
  if (!std::exchange(is_held_up_, false)) active_ += now - asked_at_;
  asked_at_ = now;
  for (Node& node : nodes_) {
    if (node.origin == nullptr) continue;
    const Watermark told = call_user_code(node.name, [&] { return node.origin->tell(active_); });
    if (told == std::exchange(node.told, told)) continue;
    is_settled_ = false;
  }
}

}  // namespace weir::runtime
