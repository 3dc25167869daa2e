// Strong ids: each kind of number its own type, so that the compiler keeps them apart.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace weir {

/// A number that means one kind of thing. `Tag` is never defined.
template <class Tag, class Number>
class Id {
public:
  using number_type = Number;

  constexpr Id() = default;
  constexpr explicit Id(Number number) : number_{number} {}

  constexpr Number value() const noexcept { return number_; }
  constexpr Id next() const noexcept { return Id{static_cast<Number>(number_ + 1)}; }

  friend constexpr auto operator<=>(Id, Id) = default;

private:
  Number number_ = 0;
};

/// Number of a checkpoint: grows strictly, is durable and never used twice for a job; from 1.
using CheckpointId = Id<struct CheckpointIdTag, std::uint64_t>;

/// Which execution of a subtask: 1 for the first, one more after each restart.
using AttemptId = Id<struct AttemptIdTag, std::uint32_t>;

/// Which coordinator owns the job's checkpoint directory; a newer one fences all older ones.
using Epoch = Id<struct EpochTag, std::uint64_t>;

/// One registration of a worker with its master, from 1: a worker that was cut off and returns gets
/// a new one, and the old one is never used again. 0 is the master itself.
using WorkerId = Id<struct WorkerIdTag, std::uint64_t>;

/// Number of a job in its cluster, from 1.
using JobId = Id<struct JobIdTag, std::uint64_t>;

/// Which leader of a cluster: greater from leader to leader; a newer one fences all older ones.
using LeaderEpoch = Id<struct LeaderEpochTag, std::uint64_t>;

/// Index of a vertex (a chain of fused operators) in the execution graph, in topological order.
using VertexId = Id<struct VertexIdTag, std::uint32_t>;

/// Index of an input channel or an output channel of one subtask.
using ChannelIndex = Id<struct ChannelIndexTag, std::uint32_t>;

/// One of the parallel instances of a vertex.
struct SubtaskId {
  VertexId vertex;
  std::uint32_t index = 0;  // from 0 to parallelism - 1

  friend auto operator<=>(const SubtaskId&, const SubtaskId&) = default;
};

}  // namespace weir

template <class Tag, class Number>
struct std::hash<weir::Id<Tag, Number>> {
  std::size_t operator()(weir::Id<Tag, Number> id) const noexcept {
    return std::hash<Number>{}(id.value());
  }
};
