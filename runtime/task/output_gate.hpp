// OutputGate: the output channels of one subtask. It numbers what leaves, and keeps what the
// receiver has no room for.
//
// Credit is the only back-pressure: each receiver grants a number of batches per channel, and a
// batch without a credit waits here. A subtask with anything waiting takes no input, so what waits
// is bounded by what a few records can produce. Marks need no credit but never overtake a batch,
// save barriers that are told to: on channels whose records have no fixed receiver, or one that
// their key says, so that each can still be brought to its receiver at another parallelism.
//
// To another process batches travel in blocks: several of them, encoded one behind the other. Each
// message wakes three threads on its way, so larger blocks carry more. A block counts as one batch,
// but there are twice as many credits, since they take longer to come back.
#pragma once

#include "runtime/task/element.hpp"
#include "runtime/task/situation.hpp"

#include <weir/detail/router.hpp>

#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace weir::runtime {

/// Takes the frames that may leave now.
class FrameSender {
public:
  virtual ~FrameSender() = default;
  virtual void send(ChannelIndex channel, Frame frame) = 0;
};

/// See the file comment.
class OutputGate {
public:
  /// `sender` must outlive the gate. With `force_bytes` every batch leaves encoded.
  OutputGate(FrameSender& sender, std::uint32_t credits, bool force_bytes);

  /// Adds an edge with its channels, which get the next free indices.
  void add_edge(std::size_t edge, const detail::EdgeType& type, detail::RouterInit init);

  /// The batches of this channel leave encoded: its receiver is in another process.
  void encode(ChannelIndex channel);

  /// Returns where the chain sends the batches of an edge that was added.
  detail::Router* router(std::size_t edge) const;

  /// Sends a mark down every channel, behind all records so far.
  void broadcast(const Element& mark);

  /// Sends a watermark down every channel of an edge, behind all records of that edge so far.
  void send_watermark(std::size_t edge, const Watermark& watermark);

  /// Sends a barrier ahead of what waits, on channels where it may; on the others like `broadcast`.
  /// Returns what it has overtaken.
  std::vector<OvertakenBatches> broadcast_ahead(const checkpoint::Barrier& barrier);

  /// A barrier that was broadcast waits no longer behind batches that it may overtake: it leaves as
  /// an unaligned one. Returns what it has overtaken.
  std::vector<OvertakenBatches> overtake(CheckpointId barrier);

  /// Whether any barrier waits behind batches that it may overtake.
  bool holds_barrier() const { return held_barriers_ != 0; }

  /// Sends what is in open batches and blocks.
  void flush();

  /// The receiver has room for more batches.
  void add_credits(ChannelIndex channel, std::uint32_t credits);

  /// Whether anything waits for credits.
  bool has_backlog() const { return waiting_ != 0; }

  /// Returns how each channel stands.
  std::vector<OutputSituation> situation() const;

  std::uint64_t batches_sent() const { return batches_sent_; }
  std::uint64_t records_sent() const { return records_sent_; }

private:
  /// The channels of one edge, for its router.
  class Edge final : public detail::ChannelSink {
  public:
    Edge(OutputGate& gate, std::uint32_t first) : gate_{gate}, first_{first} {}
    void put(std::uint32_t channel, detail::BatchRef batch) override {
      gate_.put(first_ + channel, std::move(batch));
    }

  private:
    OutputGate& gate_;
    std::uint32_t first_;  // index of its first channel
  };

  struct Channel {
    std::uint64_t sequence = 0;  // of the last frame sent
    std::uint32_t credits = 0;
    std::unique_ptr<ByteWriter> block;  // the open one, if batches leave encoded
    std::size_t block_bytes = 0;        // of the one before
    std::deque<Element> waiting;
    std::size_t edge = 0;
    std::uint32_t receiver = 0;  // index of the subtask at the other end
    bool is_held = false;        // no barrier overtakes here

    bool holds(const Element& element) const {
      return !is_held && std::holds_alternative<checkpoint::Barrier>(element);
    }
  };

  /// The credits that a channel begins with.
  std::uint32_t window_of(const Channel& channel) const;
  void put(std::uint32_t channel, detail::BatchRef batch);
  void flush_block(std::uint32_t channel);
  void send_block(std::uint32_t channel);
  void offer(std::uint32_t channel, Element element);
  static OvertakenBatches overtaken_on(const Channel& channel, CheckpointId barrier);
  static bool can_send(const Channel& channel, const Element& element);
  void send(std::uint32_t channel, Element element);

  FrameSender& sender_;
  std::uint32_t credits_;
  bool force_bytes_;
  std::vector<std::unique_ptr<Edge>> edges_;
  std::map<std::size_t, std::unique_ptr<detail::Router>> routers_;  // by edge
  std::vector<Channel> channels_;
  std::size_t waiting_ = 0;        // elements in all channels
  std::size_t held_barriers_ = 0;  // of them, those that might overtake
  std::uint64_t batches_sent_ = 0;
  std::uint64_t records_sent_ = 0;
};

}  // namespace weir::runtime
