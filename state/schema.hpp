// Schemas: passing over values whose C++ type is not at hand, and reading them, by the description
// of their layout (grammar: weir/codec.hpp).
#pragma once

#include <weir/bytes.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::state {

/// A parsed schema.
class Schema {
public:
  enum class Kind : std::uint8_t {
    number,    // `number()` says which
    text,      // str
    sized,     // bytes behind their length
    sequence,  // of one part, or of two: key and value
    optional,
    expiring,  // when its life began, and the value
    parts,     // one after the other
    array,     // of `count()` elements
    either
  };
  enum class Number : std::uint8_t { i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, boolean };

  /// Parses a schema; `invalid_argument` says at which character it stopped making sense.
  static Result<Schema> parse(std::string_view text);

  /// Moves `in` behind one value of this schema; `in` fails if the bytes are damaged.
  void skip(ByteReader& in) const;

  /// Returns what value number `i` of each element consists of: of a sequence or set the element,
  /// of a map key and value. `i` must be within.
  const Schema& part(std::size_t i) const { return parts_[i]; }
  std::size_t parts() const { return parts_.size(); }

  Kind kind() const { return kind_; }
  Number number() const { return number_; }
  std::size_t count() const { return count_; }

private:
  class Parser;

  Kind kind_ = Kind::number;
  Number number_ = Number::i8;
  std::size_t count_ = 0;      // number: bytes; array: elements
  std::vector<Schema> parts_;  // what it is made of
};

}  // namespace weir::state
