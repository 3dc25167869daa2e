// GateNetwork: subtasks that pass batches and barriers on by the rules of the gates, in random
// order, until nothing moves any more.
#pragma once

#include "base/random.hpp"
#include "runtime/job/wiring.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using runtime::Situations;
using runtime::SubtaskSituation;
using runtime::WaitingBarrier;
using runtime::Wiring;

inline SubtaskId subtask(std::uint32_t vertex) {
  return {VertexId{vertex}, 0};
}

/// Subtasks a, b, c, ... and channels between them: "ab" is one from a to b.
inline Wiring wired(const std::vector<std::string>& channels) {
  Wiring wiring;
  for (const std::string& channel : channels) {
    const SubtaskId from = subtask(static_cast<std::uint32_t>(channel[0] - 'a'));
    const SubtaskId to = subtask(static_cast<std::uint32_t>(channel[1] - 'a'));
    wiring[from].name = channel.substr(0, 1);
    wiring[to].name = channel.substr(1, 1);
    const auto output = static_cast<std::uint32_t>(wiring[from].outputs.size());
    const auto input = static_cast<std::uint32_t>(wiring[to].inputs.size());
    wiring[from].outputs.push_back({to, input});
    wiring[to].inputs.push_back({from, output});
  }
  return wiring;
}

/// See the file comment. The rules: credits, blocked channels, no input while anything waits in the
/// output.
class GateNetwork {
public:
  /// Its sources emit three barriers, and batches for a while.
  GateNetwork(Wiring wiring, std::uint64_t seed)
      : wiring_{std::move(wiring)},
        random_{seed},
        window_{1 + static_cast<std::uint32_t>(random_.below(3))} {
    for (const auto& [id, w] : wiring_) {
      Node& node = nodes_[id];
      node.inputs.resize(w.inputs.size());
      node.outputs.resize(w.outputs.size(), Output{{}, 0, window_, 0});
      node.to_emit = w.inputs.empty() ? 40 : 0;
    }
  }

  /// Does one thing that can be done, if there is any.
  bool step() {
    std::vector<std::pair<SubtaskId, std::uint32_t>> moves;
    for (const auto& [id, node] : nodes_) {
      for (std::uint32_t move = 0; move < 2 + 3 * std::max(node.inputs.size(), node.outputs.size());
           ++move) {
        if (can(id, move)) moves.emplace_back(id, move);
      }
    }
    if (moves.empty()) return false;
    const auto& [id, move] = moves[random_.below(moves.size())];
    perform(id, move);
    return true;
  }

  Situations look() const {
    Situations situations;
    for (const auto& [id, node] : nodes_) {
      SubtaskSituation& s = situations[id];
      s.handled = node.handled;
      s.aligning = node.aligning;
      s.records_in = node.taken;
      for (const Input& input : node.inputs) {
        s.inputs.push_back({.received = input.received,
                            .batches = count(input.queue, input.queue.size()),
                            .owed = input.owed,
                            .is_blocked = input.is_blocked,
                            .passed = input.passed,
                            .barriers = barriers(input.queue)});
      }
      for (const Output& output : node.outputs) {
        s.outputs.push_back({.sent = output.sent,
                             .credits = output.credits,
                             .window = window_,
                             .waiting = count(output.waiting, output.waiting.size()),
                             .barriers = barriers(output.waiting)});
      }
    }
    return situations;
  }

  /// Whether anybody has something to do and cannot.
  bool is_stuck() const {
    return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& each) {
      const Node& node = each.second;
      return has_backlog(node) || node.aligning;
    });
  }
  const Wiring& wiring() const { return wiring_; }

private:
  using Item = std::optional<CheckpointId>;  // none: a batch
  using Queue = std::deque<Item>;
  struct Input {
    Queue on_its_way;
    Queue queue;
    std::uint64_t received = 0;
    std::uint32_t owed = 0;
    bool is_blocked = false;
    CheckpointId passed;
  };
  struct Output {
    Queue waiting;
    std::uint64_t sent = 0;
    std::uint32_t credits = 0;
    std::uint32_t credits_on_their_way = 0;
  };
  struct Node {
    std::vector<Input> inputs;
    std::vector<Output> outputs;
    CheckpointId handled;
    std::optional<CheckpointId> aligning;
    std::uint64_t taken = 0;
    int to_emit = 0;  // batches of a source
  };

  static bool has_backlog(const Node& node) {
    return std::any_of(node.outputs.begin(), node.outputs.end(),
                       [](const Output& output) { return !output.waiting.empty(); });
  }
  static std::uint32_t count(const Queue& queue, std::size_t until) {
    return static_cast<std::uint32_t>(std::count(
        queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(until), std::nullopt));
  }
  static std::vector<WaitingBarrier> barriers(const Queue& queue) {
    std::vector<WaitingBarrier> all;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      if (queue[i]) all.push_back({*queue[i], count(queue, i), false});
    }
    return all;
  }

  // Moves 0 and 1: a source emits a batch, a barrier. Then, for each channel: something arrives, is
  // taken, credits arrive.
  bool can(SubtaskId id, std::uint32_t move) const {
    const Node& node = nodes_.at(id);
    if (move == 0) return node.to_emit > 0 && !has_backlog(node);
    if (move == 1) return node.inputs.empty() && node.handled < kBarriers;
    const std::uint32_t channel = (move - 2) / 3;
    switch ((move - 2) % 3) {
      case 0: return channel < node.inputs.size() && !node.inputs[channel].on_its_way.empty();
      case 1:
        return channel < node.inputs.size() && !node.inputs[channel].queue.empty() &&
               !node.inputs[channel].is_blocked && !has_backlog(node);
      default:
        return channel < node.outputs.size() && node.outputs[channel].credits_on_their_way != 0;
    }
  }

  void perform(SubtaskId id, std::uint32_t move) {
    Node& node = nodes_.at(id);
    const std::uint32_t channel = move < 2 ? 0 : (move - 2) / 3;
    if (move == 0) {
      --node.to_emit;
      emit(id);
    } else if (move == 1) {
      forward(id, node.handled.next());
    } else if ((move - 2) % 3 == 0) {
      Input& input = node.inputs[channel];
      input.queue.push_back(input.on_its_way.front());
      input.on_its_way.pop_front();
      ++input.received;
    } else if ((move - 2) % 3 == 1) {
      take(id, channel);
    } else {
      Output& output = node.outputs[channel];
      output.credits += std::exchange(output.credits_on_their_way, 0);
      while (!output.waiting.empty() && (output.credits != 0 || output.waiting.front())) {
        const Item item = output.waiting.front();
        output.waiting.pop_front();
        send(id, channel, item);
      }
    }
  }

  void take(SubtaskId id, std::uint32_t channel) {
    Node& node = nodes_.at(id);
    Input& input = node.inputs[channel];
    const Item item = input.queue.front();
    input.queue.pop_front();
    ++node.taken;
    if (item) return on_barrier(id, channel, *item);
    if (++input.owed >= std::max(1U, window_ / 2)) {
      const auto& [peer, at_peer] = wiring_.at(id).inputs[channel];
      nodes_.at(peer).outputs[at_peer].credits_on_their_way += std::exchange(input.owed, 0);
    }
    for (std::uint64_t copies = random_.below(3); copies != 0; --copies) emit(id);
  }

  void on_barrier(SubtaskId id, std::uint32_t channel, CheckpointId barrier) {
    Node& node = nodes_.at(id);
    node.inputs[channel].passed = barrier;
    node.inputs[channel].is_blocked = true;
    node.aligning = barrier;
    const bool has_all = std::all_of(node.inputs.begin(), node.inputs.end(),
                                     [&](const Input& input) { return input.passed >= barrier; });
    if (!has_all) return;
    node.aligning.reset();
    for (Input& input : node.inputs) input.is_blocked = false;
    forward(id, barrier);
  }

  void forward(SubtaskId id, CheckpointId barrier) {
    nodes_.at(id).handled = barrier;
    for (std::uint32_t i = 0; i < nodes_.at(id).outputs.size(); ++i) offer(id, i, barrier);
  }

  void emit(SubtaskId id) {
    const std::size_t outputs = nodes_.at(id).outputs.size();
    if (outputs != 0) offer(id, static_cast<std::uint32_t>(random_.below(outputs)), std::nullopt);
  }

  void offer(SubtaskId id, std::uint32_t channel, Item item) {
    Output& output = nodes_.at(id).outputs[channel];
    if (output.waiting.empty() && (output.credits != 0 || item))
      send(id, channel, item);
    else
      output.waiting.push_back(item);
  }

  void send(SubtaskId id, std::uint32_t channel, Item item) {
    Output& output = nodes_.at(id).outputs[channel];
    if (!item) --output.credits;
    ++output.sent;
    const auto& [peer, at_peer] = wiring_.at(id).outputs[channel];
    nodes_.at(peer).inputs[at_peer].on_its_way.push_back(item);
  }

  static constexpr CheckpointId kBarriers{3};

  Wiring wiring_;
  base::Random random_;
  std::uint32_t window_;
  std::map<SubtaskId, Node> nodes_;
};

/// A source "a", and up to four others; each has an input. With `has_loops` channels may lead back.
inline Wiring random_wiring(base::Random& random, bool has_loops) {
  const std::uint64_t count = 2 + random.below(4);
  const auto letter = [](std::uint64_t i) { return std::string(1, static_cast<char>('a' + i)); };
  std::vector<std::string> channels;
  for (std::uint64_t to = 1; to < count; ++to)
    channels.push_back(letter(random.below(to)) + letter(to));
  for (std::uint64_t more = random.below(6); more != 0; --more) {
    const std::uint64_t to = 1 + random.below(count - 1);
    channels.push_back(letter(random.below(has_loops ? count : to)) + letter(to));
  }
  return wired(channels);
}

}  // namespace weir::test
