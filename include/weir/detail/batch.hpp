// Batches: the unit in which records move from operator to operator and from subtask to subtask.
//
// A batch is counted by reference. Whoever holds the only reference may change it and move records
// out of it; a batch that several subtasks share (a broadcast edge) is never changed.
#pragma once

#include <weir/codec.hpp>
#include <weir/detail/type.hpp>
#include <weir/time.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

inline constexpr std::size_t kBatchRecords = 1024;    // more gains little: see docs/performance.md
inline constexpr std::size_t kBatchBytes = 32 << 10;  // stays in the first-level cache

/// How many records of T make a full batch.
template <class T>
constexpr std::size_t batch_limit() {
  return std::clamp<std::size_t>(kBatchBytes / sizeof(T), 1, kBatchRecords);
}

class BatchRef;

/// Records of one type, whatever the type.
class BatchBody {
public:
  virtual ~BatchBody() = default;
  BatchBody() = default;
  BatchBody& operator=(const BatchBody&) = delete;

  virtual std::size_t size() const noexcept = 0;
  /// Returns a batch with the same records that shares nothing with this one.
  virtual BatchRef copy() const = 0;
  /// Likewise, with those from number `begin` on.
  virtual BatchRef copy_from(std::size_t begin) const = 0;
  /// Appends the records, with their times if they have any, and without their key hashes.
  virtual void encode(ByteWriter& out) const = 0;

  bool is_shared() const noexcept { return references_.load(std::memory_order_acquire) > 1; }

protected:
  BatchBody(const BatchBody&) {}  // a copy starts with no references of its own

private:
  friend class BatchRef;
  mutable std::atomic<std::uint32_t> references_{0};
};

/// A counted reference to a batch, or null.
class BatchRef {
public:
  BatchRef() = default;
  explicit BatchRef(BatchBody* body) : body_{body} { acquire(); }
  BatchRef(const BatchRef& other) : body_{other.body_} { acquire(); }
  BatchRef(BatchRef&& other) noexcept : body_{std::exchange(other.body_, nullptr)} {}
  BatchRef& operator=(BatchRef other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~BatchRef() {
    if (body_ != nullptr && body_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete body_;
  }

  BatchBody* get() const noexcept { return body_; }
  BatchBody& operator*() const noexcept { return *body_; }
  BatchBody* operator->() const noexcept { return body_; }
  explicit operator bool() const noexcept { return body_ != nullptr; }

private:
  void acquire() const noexcept {
    if (body_ != nullptr) body_->references_.fetch_add(1, std::memory_order_relaxed);
  }

  BatchBody* body_ = nullptr;
};

/// Takes batches. The caller clears the batch afterwards, so records may be moved out of it.
class BatchConsumer {
public:
  virtual ~BatchConsumer() = default;
  virtual void consume(BatchBody& batch) = 0;
};

/// Bytes that a value owns outside of itself, roughly; decides when a batch is full.
template <class T>
std::size_t owned_bytes(const T& value) {
  if constexpr (std::is_trivially_copyable_v<T>)
    return 0;
  else if constexpr (std::is_same_v<T, std::string>)
    return value.size() < sizeof(std::string) / 2 ? 0 : value.size();
  else if constexpr (requires { value.first, value.second; })
    return owned_bytes(value.first) + owned_bytes(value.second);
  else if constexpr (requires { value.size(), sizeof(*value.begin()); })
    return value.size() * sizeof(*value.begin());
  else if constexpr (!BuiltIn<T>::value && !SpecialisedCodec<T> && is_plain_aggregate<T>())
    return with_fields(value, [](const auto&... field) { return (owned_bytes(field) + ... + 0); });
  else
    return 0;
}

static_assert(std::is_trivially_copyable_v<Timestamp> && sizeof(Timestamp) == 8,
              "times are encoded as they lie in memory");

/// The time of a record that has none.
inline constexpr Timestamp kNoTime = Timestamp::min();

// No batch is empty, so one that seems to be says that times follow the records. On disk: do not
// change.
inline constexpr std::string_view kTimedBatch{"\0\1", 2};

inline void begin_timed(ByteWriter& out) {
  out.put_raw(kTimedBatch.data(), kTimedBatch.size());
}
/// Whether a batch with times comes next, whose beginning is then read.
inline bool takes_timed(ByteReader& in) {
  ByteReader ahead = in;
  if (ahead.get_raw(kTimedBatch.size()) != kTimedBatch) return false;
  in = ahead;
  return true;
}

/// Records of type T.
template <Record T>
class Batch final : public BatchBody {
public:
  std::vector<T> records;
  std::vector<std::uint64_t> hashes;  // of the records' keys, one each after key_by, else empty
  std::vector<Timestamp> times;       // of the records, one each, or empty if none has any

  std::size_t size() const noexcept override { return records.size(); }

  BatchRef copy() const override { return BatchRef{new Batch{*this}}; }

  BatchRef copy_from(std::size_t begin) const override {
    auto* rest = new Batch;
    const auto from = static_cast<std::ptrdiff_t>(begin);
    rest->records.assign(records.begin() + from, records.end());
    if (!hashes.empty()) rest->hashes.assign(hashes.begin() + from, hashes.end());
    if (!times.empty()) rest->times.assign(times.begin() + from, times.end());
    return BatchRef{rest};
  }

  /// The time of a record, or kNoTime.
  Timestamp time_of(std::size_t i) const { return times.empty() ? kNoTime : times[i]; }
  /// Gives the record that was added last its time, which may be kNoTime.
  void stamp(Timestamp time) {
    if (times.empty() && time == kNoTime) return;
    times.resize(records.size() - 1, kNoTime);
    times.push_back(time);
  }

  void encode(ByteWriter& out) const override {
    if (!times.empty()) begin_timed(out);
    BuiltIn<std::vector<T>>::encode(records, out);
    out.put_raw(times.data(), times.size() * sizeof(Timestamp));
  }

  /// Reads all records of a block: what `encode` wrote, perhaps several times, up to the end of
  /// `in`. Check `in.ok()` afterwards.
  static BatchRef decode(ByteReader& in) {
    auto* batch = new Batch;
    BatchRef ref{batch};
    do batch->decode_more(in);
    while (in.ok() && !in.at_end());
    return ref;
  }

  void clear() {
    records.clear();
    hashes.clear();
    times.clear();
  }

private:
  /// Appends what one `encode` wrote.
  void decode_more(ByteReader& in) {
    const bool is_timed = takes_timed(in);
    std::vector<T> more = BuiltIn<std::vector<T>>::decode(in);
    if (is_timed || !times.empty()) times.resize(records.size() + more.size(), kNoTime);
    if (is_timed) {
      const std::string_view bytes = in.get_raw(more.size() * sizeof(Timestamp));
      if (in.ok()) std::memcpy(times.data() + records.size(), bytes.data(), bytes.size());
    }
    if (records.empty())
      records = std::move(more);
    else
      records.insert(records.end(), std::make_move_iterator(more.begin()),
                     std::make_move_iterator(more.end()));
  }
};

}  // namespace weir::detail
