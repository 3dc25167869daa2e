#include "state/schema.hpp"

#include <algorithm>
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
      Schema array = of(Kind::array, {element_of(std::move(schema))});
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
    if (take('{')) return aggregate();
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

  /// Around an optional there are brackets, which say that the array is of optionals.
  static Schema element_of(Schema schema) {
    const bool is_enclosed = schema.kind_ == Kind::parts && schema.parts_.size() == 1 &&
                             schema.parts_[0].kind_ == Kind::optional;
    return is_enclosed ? Schema{schema.parts_[0]} : schema;
  }

  Schema set_or_map() {
    std::vector<Schema> parts{any()};
    const bool is_map = ok_ && take(':');
    if (is_map) parts.push_back(any());
    return closed('>', of(is_map ? Kind::map : Kind::set, std::move(parts)));
  }

  Schema group() {
    std::vector<Schema> parts;
    if (take(')')) return of(Kind::parts, {});
    parts.push_back(any());
    const bool either = ok_ && at_ < text_.size() && text_[at_] == '/';
    while (ok_ && take(either ? '/' : ',')) parts.push_back(any());
    return closed(')', of(either ? Kind::either : Kind::parts, std::move(parts)));
  }

  Schema aggregate() {
    Schema schema = of(Kind::aggregate, {});
    schema.place_ = places_++;
    ++braces_;
    do {
      schema.names_.emplace_back(until(":"));
      ok_ = ok_ && !schema.names_.back().empty() && take(':');
      schema.parts_.push_back(any());
    } while (ok_ && take(','));
    --braces_;
    return closed('}', std::move(schema));
  }

  /// A name ends where the grammar around it continues. Older versions knew no braces.
  Schema specialised() {
    Schema schema = of(Kind::sized, {});
    schema.place_ = places_++;
    schema.codec_ = until(braces_ > 0 ? ",)]>:/*}" : ",)]>:/*");
    const std::size_t at = schema.codec_.rfind('@');
    if (at == std::string::npos) return schema;
    const char* end = schema.codec_.data() + schema.codec_.size();
    const auto [behind, error] =
        std::from_chars(schema.codec_.data() + at + 1, end, schema.version_);
    if (error == std::errc{} && behind == end)
      schema.codec_.resize(at);
    else
      schema.version_ = 1;  // part of a name
    return schema;
  }

  Schema chrono() {
    Schema count = any();
    ok_ = ok_ && take(':');
    const std::size_t begin = at_;
    number();
    ok_ = ok_ && take('/');
    number();
    if (ok_) count.unit_ = text_.substr(begin, at_ - begin);
    return count;
  }

  /// Takes what stands before the first of `ends`.
  std::string_view until(std::string_view ends) {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(ends, begin), text_.size());
    return text_.substr(begin, at_ - begin);
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
  std::size_t places_ = 0;  // aggregates and names so far
  int depth_ = 0;
  int braces_ = 0;  // that are open
  bool ok_ = true;
};

Result<Schema> Schema::parse(std::string_view text) {
  return Parser{text}.parse();
}

}  // namespace weir::state
