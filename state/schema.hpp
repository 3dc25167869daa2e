// Schemas: passing over values whose C++ type is not at hand, and reading them, by the description
// of their layout (grammar: weir/codec.hpp).
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::state {

/// A parsed schema.
class Schema {
public:
  enum class Kind : std::uint8_t {
    number,    // `number()` says which
    text,      // str
    sized,     // bytes behind their length, by a codec with a name and a version
    sequence,  // of one part
    set,       // of one part
    map,       // of two parts: key and value
    optional,
    expiring,   // when its life began, and the value
    parts,      // one after the other
    aggregate,  // parts with names
    array,      // of `count()` elements
    either
  };
  enum class Number : std::uint8_t { i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, boolean };

  /// Parses a schema; `invalid_argument` says at which character it stopped making sense.
  static Result<Schema> parse(std::string_view text);

  /// Moves `in` behind one value of this schema; `in` fails if the bytes are damaged.
  void skip(ByteReader& in) const;
  /// The same, and returns the bytes of the value; none if they are damaged.
  std::string_view take(ByteReader& in) const;

  /// Returns the schema as text, with spaces for people. It can be parsed only without them.
  std::string text() const;

  /// Returns what value number `i` of each element consists of: of a sequence or set the element,
  /// of a map key and value. `i` must be within.
  const Schema& part(std::size_t i) const { return parts_[i]; }
  std::size_t parts() const { return parts_.size(); }
  /// Of an aggregate: the name of part `i`, which must be within.
  const std::string& name(std::size_t i) const { return names_[i]; }

  Kind kind() const { return kind_; }
  Number number() const { return number_; }
  std::size_t count() const { return count_; }
  /// Of `sized`: who wrote the bytes.
  const std::string& codec() const { return codec_; }
  std::uint32_t version() const { return version_; }
  /// What a chrono counts, such as "1/1000" seconds; empty: this is no chrono.
  const std::string& unit() const { return unit_; }
  /// Of an aggregate or `sized`: how many of them the whole schema names before this one.
  std::size_t place() const { return place_; }

private:
  class Parser;

  Kind kind_ = Kind::number;
  Number number_ = Number::i8;
  std::uint32_t version_ = 1;
  std::size_t count_ = 0;  // number: bytes; array: elements
  std::size_t place_ = 0;
  std::string codec_;
  std::string unit_;
  std::vector<Schema> parts_;  // what it is made of
  std::vector<std::string> names_;
};

}  // namespace weir::state
