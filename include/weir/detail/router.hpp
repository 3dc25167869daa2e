// Routers: the last link of a chain. They spread records over the channels to the next operator.
#pragma once

#include <weir/detail/batch.hpp>
#include <weir/detail/key_group.hpp>
#include <weir/hash.hpp>

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::detail {

/// How records choose a channel. On disk: do not change.
enum class Partition : std::uint8_t {
  forward = 0,    ///< to the subtask with the same index
  rebalance = 1,  ///< to all in turn
  broadcast = 2,  ///< to all of them, each record
  hash = 3,       ///< by the record's key
};

/// Takes the batches that a router has filled.
class ChannelSink {
public:
  virtual ~ChannelSink() = default;
  /// Sends a batch down channel `channel` of this edge.
  virtual void put(std::uint32_t channel, BatchRef batch) = 0;
};

/// Takes all records of a chain and fills one batch per channel.
class Router : public BatchConsumer {
public:
  /// Sends what is in the open batches.
  virtual void flush() = 0;
};

struct RouterInit {
  Partition partition = Partition::forward;
  std::uint32_t channels = 1;   // subtasks on the other side; 1 for a forward edge
  std::uint32_t own_index = 0;  // of this subtask: where a rebalance begins
  std::uint32_t max_parallelism = 128;
  ChannelSink* out = nullptr;  // must outlive the router
};

/// What the engine must know about the records on an edge.
class EdgeType {
public:
  virtual ~EdgeType() = default;
  virtual std::unique_ptr<Router> make_router(const RouterInit& init) const = 0;
  /// Reads a batch; null if the bytes are damaged.
  virtual BatchRef decode(std::string_view bytes) const = 0;
  /// Removes the records of a batch whose keys are in other key groups. Does nothing if there are
  /// no keys.
  virtual void keep_groups(BatchBody& batch, KeyGroupRange range,
                           std::uint32_t max_parallelism) const = 0;
  virtual std::string schema() const = 0;
};

/// One open batch per channel.
template <class T>
class OpenBatches {
public:
  OpenBatches(std::uint32_t channels, ChannelSink* out) : open_(channels), out_{out} {}

  Batch<T>& at(std::uint32_t channel) {
    BatchRef& ref = open_[channel].batch;
    if (!ref) {
      auto* batch = new Batch<T>;
      batch->records.reserve(batch_limit<T>());
      ref = BatchRef{batch};
    }
    return static_cast<Batch<T>&>(*ref);
  }

  /// Counts a record that was just added to `at(channel)`; sends the batch if it is full.
  void added(std::uint32_t channel, const Batch<T>& batch) {
    Open& open = open_[channel];
    if constexpr (!std::is_trivially_copyable_v<T>)
      open.owned_bytes += owned_bytes(batch.records.back());
    if (batch.records.size() >= batch_limit<T>() || open.owned_bytes >= kBatchBytes) send(channel);
  }

  void send(std::uint32_t channel) {
    open_[channel].owned_bytes = 0;
    out_->put(channel, std::move(open_[channel].batch));
  }

  /// Sends a batch that was filled elsewhere, behind what is open.
  void send_whole(std::uint32_t channel, BatchRef batch) {
    if (open_[channel].batch) send(channel);
    out_->put(channel, std::move(batch));
  }

  void flush() {
    for (std::uint32_t channel = 0; channel < open_.size(); ++channel) {
      if (open_[channel].batch) send(channel);
    }
  }

  std::uint32_t channels() const { return static_cast<std::uint32_t>(open_.size()); }

private:
  struct Open {
    BatchRef batch;
    std::size_t owned_bytes = 0;
  };

  std::vector<Open> open_;
  ChannelSink* out_;
};

/// Takes the records out of a batch that is at least half full, so that it can travel as it is.
template <class T>
BatchRef take_if_full(Batch<T>& batch) {
  if (batch.records.size() * 2 < batch_limit<T>()) return {};
  auto* whole = new Batch<T>;
  whole->records.swap(batch.records);
  whole->hashes.swap(batch.hashes);
  whole->times.swap(batch.times);
  batch.records.reserve(batch_limit<T>());
  return BatchRef{whole};
}

/// Forward and rebalance. A batch is cut into one run of records per channel, so that even a few
/// records spread evenly, and runs are moved as wholes.
template <class T>
class RoundRobinRouter final : public Router {
public:
  explicit RoundRobinRouter(const RouterInit& init)
      : open_{init.channels, init.out}, next_{init.own_index % init.channels} {}

  void consume(BatchBody& body) override {
    auto& batch = static_cast<Batch<T>&>(body);
    const std::uint32_t channels = open_.channels();
    if (channels == 1) {
      if (BatchRef whole = take_if_full(batch)) return open_.send_whole(0, std::move(whole));
    }
    const std::size_t n = batch.records.size();
    std::size_t begin = 0;
    for (std::uint32_t i = 0; i < channels && begin < n; ++i) {
      const std::size_t end = begin + (n - begin + channels - i - 1) / (channels - i);
      for (; begin < end; ++begin) {
        Batch<T>& to = open_.at(next_);
        to.records.push_back(std::move(batch.records[begin]));
        to.stamp(batch.time_of(begin));
        open_.added(next_, to);
      }
      if (++next_ == channels) next_ = 0;
    }
  }

  void flush() override { open_.flush(); }

private:
  OpenBatches<T> open_;
  std::uint32_t next_;
};

/// Sends every record to every channel; the channels share one batch.
template <class T>
class BroadcastRouter final : public Router {
public:
  explicit BroadcastRouter(const RouterInit& init)
      : channels_{init.channels}, all_{*this}, out_{init.out}, open_{1, &all_} {}

  void consume(BatchBody& body) override {
    auto& batch = static_cast<Batch<T>&>(body);
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      Batch<T>& to = open_.at(0);
      to.records.push_back(std::move(batch.records[i]));
      to.stamp(batch.time_of(i));
      open_.added(0, to);
    }
  }

  void flush() override { open_.flush(); }

private:
  struct ToAll final : ChannelSink {
    explicit ToAll(BroadcastRouter& r) : router{r} {}
    void put(std::uint32_t, BatchRef batch) override {
      for (std::uint32_t channel = 0; channel < router.channels_; ++channel)
        router.out_->put(channel, batch);
    }
    BroadcastRouter& router;
  };

  std::uint32_t channels_;
  ToAll all_;
  ChannelSink* out_;
  OpenBatches<T> open_;
};

/// Sends each record to the subtask that owns its key group, with the hash of its key.
template <class T, class KeyOf>
class HashRouter final : public Router {
public:
  HashRouter(const RouterInit& init, KeyOf key_of)
      : key_of_{std::move(key_of)},
        max_parallelism_{init.max_parallelism},
        open_{init.channels, init.out} {
    for (std::uint32_t group = 0; group < max_parallelism_; ++group)
      channel_of_.push_back(subtask_of_group(group, init.channels, max_parallelism_));
  }

  void consume(BatchBody& body) override {
    auto& batch = static_cast<Batch<T>&>(body);
    batch.hashes.clear();
    for (const T& record : batch.records)
      batch.hashes.push_back(hash_of(std::invoke(key_of_, record)));
    if (open_.channels() == 1) {
      if (BatchRef whole = take_if_full(batch)) return open_.send_whole(0, std::move(whole));
    }
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const std::uint64_t hash = batch.hashes[i];
      const std::uint32_t channel = channel_of_[key_position(hash, max_parallelism_).group];
      Batch<T>& to = open_.at(channel);
      to.records.push_back(std::move(batch.records[i]));
      to.hashes.push_back(hash);
      to.stamp(batch.time_of(i));
      open_.added(channel, to);
    }
  }

  void flush() override { open_.flush(); }

private:
  KeyOf key_of_;
  std::uint32_t max_parallelism_;
  std::vector<std::uint32_t> channel_of_;  // by key group
  OpenBatches<T> open_;
};

template <class T>
BatchRef decode_batch(std::string_view bytes) {
  ByteReader in{bytes};
  BatchRef batch = Batch<T>::decode(in);
  return in.ok() && in.at_end() ? batch : BatchRef{};
}

/// An edge without keys.
template <class T>
class PlainEdge final : public EdgeType {
public:
  std::unique_ptr<Router> make_router(const RouterInit& init) const override {
    if (init.partition == Partition::broadcast) return std::make_unique<BroadcastRouter<T>>(init);
    return std::make_unique<RoundRobinRouter<T>>(init);
  }
  BatchRef decode(std::string_view bytes) const override { return decode_batch<T>(bytes); }
  void keep_groups(BatchBody&, KeyGroupRange, std::uint32_t) const override {}
  std::string schema() const override { return weir::schema<T>(); }
};

/// An edge behind key_by.
template <class T, class KeyOf>
class KeyedEdge final : public EdgeType {
public:
  explicit KeyedEdge(KeyOf key_of) : key_of_{std::move(key_of)} {}

  std::unique_ptr<Router> make_router(const RouterInit& init) const override {
    return std::make_unique<HashRouter<T, KeyOf>>(init, key_of_);
  }
  BatchRef decode(std::string_view bytes) const override { return decode_batch<T>(bytes); }
  void keep_groups(BatchBody& body, KeyGroupRange range,
                   std::uint32_t max_parallelism) const override {
    auto& batch = static_cast<Batch<T>&>(body);
    auto kept = std::make_unique<Batch<T>>();
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const std::uint64_t hash = hash_of(std::invoke(key_of_, batch.records[i]));
      if (!range.contains(key_position(hash, max_parallelism).group)) continue;
      kept->records.push_back(std::move(batch.records[i]));
      kept->stamp(batch.time_of(i));
    }
    batch.hashes.clear();
    batch.records.swap(kept->records);
    batch.times.swap(kept->times);
  }
  std::string schema() const override { return weir::schema<T>(); }

private:
  KeyOf key_of_;
};

}  // namespace weir::detail
