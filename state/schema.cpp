#include "state/schema.hpp"

namespace weir::state {
namespace {

/// Returns the parts with `separator` between them.
std::string list(const Schema& schema, const char* separator) {
  std::string all;
  for (std::size_t i = 0; i < schema.parts(); ++i) {
    if (i != 0) all += separator;
    if (schema.kind() == Schema::Kind::aggregate) all += schema.name(i) + ": ";
    all += schema.part(i).text();
  }
  return all;
}

std::string text_of(Schema::Number number) {
  static constexpr const char* kNames[] = {"i8",  "i16", "i32", "i64", "u8",  "u16",
                                           "u32", "u64", "f32", "f64", "bool"};
  return kNames[static_cast<std::size_t>(number)];
}

std::string text_without_unit(const Schema& schema) {
  using Kind = Schema::Kind;
  switch (schema.kind()) {
    case Kind::number: return text_of(schema.number());
    case Kind::text: return "str";
    case Kind::sized:
      return "x:" + schema.codec() +
             (schema.version() > 1 ? "@" + std::to_string(schema.version()) : "");
    case Kind::sequence: return "[" + list(schema, "") + "]";
    case Kind::set: return "<" + list(schema, "") + ">";
    case Kind::map: return "<" + list(schema, ": ") + ">";
    case Kind::optional: return "?" + list(schema, "");
    case Kind::expiring: return "ttl:" + list(schema, "");
    case Kind::parts: return "(" + list(schema, ", ") + ")";
    case Kind::aggregate: return "{" + list(schema, ", ") + "}";
    case Kind::array: {
      const bool is_enclosed = schema.part(0).kind() == Kind::optional;
      const std::string element = list(schema, "");
      return (is_enclosed ? "(" + element + ")" : element) + "*" + std::to_string(schema.count());
    }
    case Kind::either: return "(" + list(schema, " / ") + ")";
  }
  return {};
}

}  // namespace

std::string Schema::text() const {
  const std::string text = text_without_unit(*this);
  return unit_.empty() ? text : "dur:" + text + ":" + unit_;
}

void Schema::skip(ByteReader& in) const {
  switch (kind_) {
    case Kind::number: in.get_raw(count_); return;
    case Kind::text: in.get_string(); return;
    case Kind::sized: in.get_raw(in.get<std::uint32_t>()); return;
    case Kind::optional:
      if (in.get<std::uint8_t>() != 0) parts_[0].skip(in);
      return;
    case Kind::expiring:
      in.get<std::int64_t>();
      parts_[0].skip(in);
      return;
    case Kind::parts:
    case Kind::aggregate:
      for (const Schema& part : parts_) part.skip(in);
      return;
    case Kind::array:
      for (std::size_t i = 0; i < count_ && in.ok(); ++i) parts_[0].skip(in);
      return;
    case Kind::sequence:
    case Kind::set:
    case Kind::map:
      for (std::size_t n = in.get_count(); n != 0 && in.ok(); --n) {
        for (const Schema& part : parts_) part.skip(in);
      }
      return;
    case Kind::either:
      if (const std::uint64_t index = in.get_varint(); index < parts_.size())
        parts_[index].skip(in);
      else
        in.fail();
      return;
  }
}

std::string_view Schema::take(ByteReader& in) const {
  ByteReader value = in;
  skip(in);
  return in.ok() ? value.get_raw(value.remaining() - in.remaining()) : std::string_view{};
}

}  // namespace weir::state
