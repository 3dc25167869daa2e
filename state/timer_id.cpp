#include "base/assert.hpp"

#include <weir/codec.hpp>
#include <weir/detail/state_store.hpp>
#include <weir/detail/timer_id.hpp>

#include <utility>

namespace weir::detail {
namespace {

constexpr std::size_t kTimeBytes = 8;
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

std::string bytes_of(Timestamp time) {
  const std::uint64_t number = static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ kSign;
  std::string bytes(kTimeBytes, '\0');
  for (std::size_t i = 0; i < kTimeBytes; ++i)
    bytes[i] = static_cast<char>(number >> (8 * (kTimeBytes - 1 - i)));
  return bytes;
}

std::string concat(std::string_view a, std::string_view b, std::string_view c) {
  std::string bytes;
  bytes.reserve(a.size() + b.size() + c.size());
  return bytes.append(a).append(b).append(c);
}

}  // namespace

TimerId::TimerId(Timestamp time, std::uint32_t group, std::string_view key)
    : bytes_{concat(bytes_of(time), store_prefix(group), key)} {}

TimerId TimerId::of_index(std::string_view index) {
  WEIR_ASSERT(index.size() >= kStoreGroupBytes + kTimeBytes, "the index of timers has another key");
  return TimerId{concat(index.substr(kStoreGroupBytes, kTimeBytes),
                        index.substr(0, kStoreGroupBytes),
                        index.substr(kStoreGroupBytes + kTimeBytes))};
}

TimerId TimerId::of_row(std::string_view row) {
  if (row.size() < kStoreGroupBytes + kTimeBytes)
    throw StoreError{"the stored state holds a timer that cannot be decoded"};
  const std::string_view key =
      row.substr(kStoreGroupBytes, row.size() - kStoreGroupBytes - kTimeBytes);
  ByteReader in{row.substr(row.size() - kTimeBytes)};
  return {weir::decode<Timestamp>(in), store_group(row), key};
}

Timestamp TimerId::time() const {
  std::uint64_t number = 0;
  for (const char byte : time_bytes()) number = number << 8 | static_cast<std::uint8_t>(byte);
  return Timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(number ^ kSign)}};
}

std::uint32_t TimerId::group() const {
  return store_group(group_bytes());
}

std::string_view TimerId::key() const {
  return std::string_view{bytes_}.substr(kTimeBytes + kStoreGroupBytes);
}

std::string TimerId::index() const {
  return concat(group_bytes(), time_bytes(), key());
}

std::string TimerId::row() const {
  ByteWriter time;
  weir::encode(this->time(), time);
  return concat(group_bytes(), key(), time.view());
}

std::string_view TimerId::time_bytes() const {
  return std::string_view{bytes_}.substr(0, kTimeBytes);
}

std::string_view TimerId::group_bytes() const {
  return std::string_view{bytes_}.substr(kTimeBytes, kStoreGroupBytes);
}

}  // namespace weir::detail
