// ByteWriter and ByteReader: how values become bytes and bytes become values.
//
// Format: fixed-width integers are little endian; lengths are varints (7 bits a byte, low first).
// A ByteReader never reads outside its buffer: the first read that does not fit, or that makes no
// sense, turns it into a failed reader that returns zeros; callers check `ok()` once at the end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

/// Owned bytes of any content.
using Bytes = std::string;

static_assert(std::endian::native == std::endian::little,
              "Weir's byte formats are written with plain copies and need a little-endian machine");

/// Appends values to a growing buffer.
class ByteWriter {
public:
  ByteWriter() = default;
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;

  /// Appends the object representation of an arithmetic value, little endian.
  template <class T>
  requires std::is_arithmetic_v<T>
  void put(T value) { std::memcpy(grow(sizeof value), &value, sizeof value); }

  /// Appends an unsigned number in 1 to 10 bytes, small numbers in few.
  void put_varint(std::uint64_t value) {
    char encoded[10];
    std::size_t n = 0;
    for (; value >= 0x80; value >>= 7) encoded[n++] = static_cast<char>(value | 0x80);
    encoded[n++] = static_cast<char>(value);
    std::memcpy(grow(n), encoded, n);
  }

  /// Appends `bytes` as they are, without a length.
  void put_raw(const void* bytes, std::size_t size) {
    if (size != 0) std::memcpy(grow(size), bytes, size);
  }

  /// Appends the length as a varint, then the bytes.
  void put_string(std::string_view bytes) {
    put_varint(bytes.size());
    put_raw(bytes.data(), bytes.size());
  }

  std::size_t size() const noexcept { return size_; }
  std::string_view view() const noexcept { return {buffer_.data(), size_}; }

  /// Overwrites bytes written before; `offset + size` must lie within `size()`.
  void overwrite(std::size_t offset, const void* bytes, std::size_t size) {
    std::memcpy(buffer_.data() + offset, bytes, size);
  }

  /// Makes room for `size` more bytes at once, for a caller who knows about how many come.
  void reserve(std::size_t size) {
    if (buffer_.size() - size_ < size) buffer_.resize(size_ + size);
  }

  /// Forgets what was written but keeps the memory.
  void clear() noexcept { size_ = 0; }

  /// Returns what was written and leaves the writer empty.
  Bytes take() {
    buffer_.resize(size_);
    size_ = 0;
    return std::exchange(buffer_, {});
  }

private:
  char* grow(std::size_t n) {
    if (buffer_.size() - size_ < n) enlarge(n);
    char* at = buffer_.data() + size_;
    size_ += n;
    return at;
  }
  void enlarge(std::size_t n) {
    const std::size_t doubled = buffer_.size() * 2;
    buffer_.resize(doubled < size_ + n + 64 ? size_ + n + 64 : doubled);
  }

  std::string buffer_;    // its size is the capacity in use; bytes beyond size_ are spare
  std::size_t size_ = 0;  // bytes written
};

/// Reads values from a buffer that it does not own.
class ByteReader {
public:
  ByteReader() = default;
  explicit ByteReader(std::string_view bytes) : at_{bytes.data()}, end_{at_ + bytes.size()} {}

  template <class T>
  requires std::is_arithmetic_v<T> T get() {
    T value{};
    if (const char* at = advance(sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
  }

  std::uint64_t get_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = get<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }

  /// Returns the next `size` bytes, which live as long as the buffer.
  std::string_view get_raw(std::size_t size) {
    const char* at = advance(size);
    return at != nullptr ? std::string_view{at, size} : std::string_view{};
  }

  /// Returns bytes written by `put_string`, which live as long as the buffer.
  std::string_view get_string() {
    const std::uint64_t size = get_varint();
    if (size > remaining()) {
      fail();
      return {};
    }
    return get_raw(static_cast<std::size_t>(size));
  }

  /// Reads a count of elements that take at least `bytes_each` bytes; fails if they cannot fit,
  /// so that damaged input never makes a caller reserve absurd amounts of memory.
  std::size_t get_count(std::size_t bytes_each = 1) {
    const std::uint64_t count = get_varint();
    if (bytes_each != 0 && count > remaining() / bytes_each) {
      fail();
      return 0;
    }
    return static_cast<std::size_t>(count);
  }

  bool ok() const noexcept { return ok_; }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  bool at_end() const noexcept { return at_ == end_; }

  /// Marks the input as damaged.
  void fail() noexcept {
    ok_ = false;
    at_ = end_;
  }

private:
  const char* advance(std::size_t n) {
    if (remaining() < n) {
      fail();
      return nullptr;
    }
    const char* at = at_;
    at_ += n;
    return at;
  }

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool ok_ = true;
};

}  // namespace weir
