#include "state/schema.hpp"

#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace weir::state {

/// Recursive descent over the grammar of weir/codec.hpp.
class Schema::Parser {
public:
  explicit Parser(std::string_view text) : text_{text} {}

  Result<Schema> parse() {
    Schema schema = any();
    if (ok_ && at_ != text_.size()) ok_ = false;
    if (ok_) return schema;
    return Status{
        ErrorCode::invalid_argument,
        "schema \"" + std::string{text_} + "\" makes no sense at character " + std::to_string(at_)};
  }

private:
  static constexpr int kDepthMax = 100;  // of nesting; protects the stack from damaged input

  Schema any() {
    Schema schema;
    if (++depth_ > kDepthMax) ok_ = false;
    if (ok_) schema = one();
    while (ok_ && take('*')) {
      Schema array = of(Kind::array, {std::move(schema)});
      array.count_ = number();
      schema = std::move(array);
    }
    --depth_;
    return schema;
  }

  Schema one() {
    if (take('[')) return closed(']', of(Kind::sequence, {any()}));
    if (take('?')) return of(Kind::optional, {any()});
    if (take('<')) return set_or_map();
    if (take('(')) return group();
    if (take_word("x:")) return specialised();
    if (take_word("dur:")) return chrono();
    if (take_word("ttl:")) return of(Kind::expiring, {any()});
    if (take_word("str")) return of(Kind::text, {});
    struct Named {
      std::string_view word;
      Number number;
      std::size_t bytes;
    };
    static constexpr std::array<Named, 11> kNumbers{{{"i8", Number::i8, 1},
                                                     {"i16", Number::i16, 2},
                                                     {"i32", Number::i32, 4},
                                                     {"i64", Number::i64, 8},
                                                     {"u8", Number::u8, 1},
                                                     {"u16", Number::u16, 2},
                                                     {"u32", Number::u32, 4},
                                                     {"u64", Number::u64, 8},
                                                     {"f32", Number::f32, 4},
                                                     {"f64", Number::f64, 8},
                                                     {"bool", Number::boolean, 1}}};
    for (const Named& named : kNumbers) {
      if (!take_word(named.word)) continue;
      Schema number = of(Kind::number, {});
      number.number_ = named.number;
      number.count_ = named.bytes;
      return number;
    }
    ok_ = false;
    return {};
  }

  Schema set_or_map() {
    std::vector<Schema> parts{any()};
    if (ok_ && take(':')) parts.push_back(any());
    return closed('>', of(Kind::sequence, std::move(parts)));
  }

  Schema group() {
    std::vector<Schema> parts;
    if (take(')')) return of(Kind::parts, {});
    parts.push_back(any());
    const bool either = ok_ && at_ < text_.size() && text_[at_] == '/';
    while (ok_ && take(either ? '/' : ',')) parts.push_back(any());
    return closed(')', of(either ? Kind::either : Kind::parts, std::move(parts)));
  }

  /// A name ends where the grammar around it continues.
  Schema specialised() {
    while (at_ < text_.size() &&
           std::string_view{",)]>:/*"}.find(text_[at_]) == std::string_view::npos)
      ++at_;
    return of(Kind::sized, {});
  }

  Schema chrono() {
    Schema count = any();
    ok_ = ok_ && take(':');
    number();
    ok_ = ok_ && take('/');
    number();
    return count;
  }

  std::size_t number() {
    std::size_t value = 0;
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc{}) ok_ = false;
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  Schema closed(char bracket, Schema schema) {
    ok_ = ok_ && take(bracket);
    return schema;
  }
  static Schema of(Kind kind, std::vector<Schema> parts) {
    Schema schema;
    schema.kind_ = kind;
    schema.parts_ = std::move(parts);
    return schema;
  }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool ok_ = true;
};

Result<Schema> Schema::parse(std::string_view text) {
  return Parser{text}.parse();
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
      for (const Schema& part : parts_) part.skip(in);
      return;
    case Kind::array:
      for (std::size_t i = 0; i < count_ && in.ok(); ++i) parts_[0].skip(in);
      return;
    case Kind::sequence:
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

}  // namespace weir::state
