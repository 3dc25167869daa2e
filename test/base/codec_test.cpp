#include <weir/hash.hpp>

#include <catch2/catch.hpp>

#include <limits>

namespace {

using weir::ByteReader;
using weir::Bytes;
using weir::ByteWriter;

enum class Color : std::uint8_t { red = 1, blue = 7 };

struct Point {
  std::int32_t x;
  std::int32_t y;
  friend bool operator==(const Point&, const Point&) = default;
};

struct Everything {
  Point point;
  std::string text;
  std::vector<double> numbers;
  std::vector<std::string> words;
  std::array<std::uint16_t, 3> three;
  std::optional<std::string> maybe;
  std::map<std::string, Point> by_name;
  std::set<int> distinct;
  std::variant<int, std::string> either;
  std::tuple<bool, char, Color> mixed;
  std::chrono::sys_time<std::chrono::milliseconds> at;
  std::chrono::nanoseconds took;
  std::deque<Point> path;
  friend bool operator==(const Everything&, const Everything&) = default;
};

struct Sixteen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
  friend bool operator==(const Sixteen&, const Sixteen&) = default;
};

struct Seventeen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};

struct WithPointer {
  int* pointer;
};

struct Padded {
  std::uint8_t small;
  std::uint64_t large;
};

/// A type with an invariant, so not an aggregate: it specialises Codec.
class Money {
public:
  explicit Money(std::int64_t cents) : cents_{cents} {}
  std::int64_t cents() const { return cents_; }
  friend bool operator==(const Money&, const Money&) = default;

private:
  std::int64_t cents_;
};

/// Looks like a protobuf message to the codec.
struct FakeMessage {
  std::string text;
  bool IsInitialized() const { return true; }
  bool SerializeToString(std::string* out) const {
    *out = text;
    return true;
  }
  bool ParseFromArray(const void* data, int size) {
    text.assign(static_cast<const char*>(data), static_cast<std::size_t>(size));
    return text != "damaged";
  }
  std::string GetTypeName() const { return "test.FakeMessage"; }
};

Everything example() {
  return {.point = {-1, 2},
          .text = std::string{"nul \0 inside", 12},
          .numbers = {1.5, -0.0, std::numeric_limits<double>::infinity()},
          .words = {"", "a", std::string(300, 'x')},
          .three = {1, 2, 65535},
          .maybe = "yes",
          .by_name = {{"p", {3, 4}}, {"q", {5, 6}}},
          .distinct = {3, 1, 2},
          .either = "text",
          .mixed = {true, 'z', Color::blue},
          .at = std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{-5}},
          .took = std::chrono::nanoseconds{7},
          .path = {{1, 1}, {2, 2}}};
}

template <class T>
Bytes bytes_of(const T& value) {
  ByteWriter out;
  weir::encode(value, out);
  return out.take();
}

template <class T>
T round_trip(const T& value) {
  const Bytes bytes = bytes_of(value);
  ByteReader in{bytes};
  T decoded = weir::decode<T>(in);
  CHECK(in.ok());
  CHECK(in.at_end());
  return decoded;
}

}  // namespace

template <>
struct weir::Codec<Money> {
  static void encode(const Money& money, ByteWriter& out) { out.put(money.cents()); }
  static Money decode(ByteReader& in) { return Money{in.get<std::int64_t>()}; }
  static std::string schema() { return "money-v1"; }
};

namespace {

static_assert(weir::Record<Everything> && weir::Record<Sixteen> && weir::Record<Money>);
static_assert(weir::Record<FakeMessage> && weir::Record<std::vector<Money>>);
static_assert(!weir::Record<WithPointer> && !weir::Record<Seventeen>);
static_assert(!weir::Record<std::unique_ptr<int>> && !weir::Record<std::vector<int*>>);
static_assert(weir::detail::is_packed<Point>() && !weir::detail::is_packed<Padded>());
static_assert(!weir::detail::is_packed<bool>() && weir::detail::is_packed<Sixteen>());

TEST_CASE("a value of every supported type survives encoding", "[codec]") {
  CHECK(round_trip(example()) == example());
  CHECK(round_trip(Sixteen{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}) ==
        Sixteen{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  CHECK(round_trip(Money{42}) == Money{42});
  CHECK(round_trip(std::vector<Money>{Money{1}, Money{2}}).size() == 2);
  CHECK(round_trip(FakeMessage{"hello"}).text == "hello");
  CHECK(round_trip(std::list<std::string>{"a", "b"}) == std::list<std::string>{"a", "b"});
  CHECK(round_trip(std::unordered_map<std::string, int>{{"a", 1}, {"b", 2}}).at("b") == 2);
  CHECK(round_trip(std::unordered_set<int>{4, 5}).count(5) == 1);
  CHECK(round_trip(std::vector<bool>{true, false, true}) == std::vector<bool>{true, false, true});
}

TEST_CASE("every truncation of an encoding is noticed", "[codec]") {
  const Bytes bytes = bytes_of(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in{std::string_view{bytes}.substr(0, size)};
    (void)weir::decode<Everything>(in);
    CHECK_FALSE(in.ok());
  }
}

TEST_CASE("room that was made is not part of what was written", "[codec]") {
  ByteWriter out;
  out.reserve(100);
  CHECK(out.size() == 0);
  out.put_string("to");
  out.reserve(1);
  out.put_string(std::string(200, 'x'));
  const Bytes bytes = out.take();
  ByteReader in{bytes};
  CHECK(in.get_string() == "to");
  CHECK(in.get_string() == std::string(200, 'x'));
  CHECK((in.ok() && in.at_end()));
}

TEST_CASE("no damaged byte makes decoding crash or reserve absurd memory", "[codec]") {
  const Bytes bytes = bytes_of(example());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      ByteReader in{damaged};
      (void)weir::decode<Everything>(in);
    }
  }
  ByteReader huge{std::string_view{"\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9}};
  CHECK(weir::decode<std::vector<std::string>>(huge).empty());
  CHECK_FALSE(huge.ok());
}

TEST_CASE("an unknown variant index and a damaged message are noticed", "[codec]") {
  ByteReader index{std::string_view{"\x05\x00\x00\x00\x00", 5}};
  (void)weir::decode<std::variant<int, std::string>>(index);
  CHECK_FALSE(index.ok());

  const Bytes bytes = bytes_of(FakeMessage{"damaged"});
  ByteReader message{bytes};
  (void)weir::decode<FakeMessage>(message);
  CHECK_FALSE(message.ok());
}

TEST_CASE("a specialised codec that reads too little is noticed", "[codec]") {
  Bytes bytes = bytes_of(Money{7});
  bytes[0] = 9;  // claims one byte more than Money reads
  bytes += 'x';
  ByteReader in{bytes};
  (void)weir::decode<Money>(in);
  CHECK_FALSE(in.ok());
}

TEST_CASE("a schema describes the layout", "[codec]") {
  CHECK(weir::schema<Point>() == "{x:i32,y:i32}");
  CHECK(weir::schema<std::map<std::string, std::vector<double>>>() == "<str:[f64]>");
  CHECK(weir::schema<std::pair<std::string, std::optional<bool>>>() == "(str,?bool)");
  CHECK(weir::schema<std::array<Color, 4>>() == "u8*4");
  CHECK(weir::schema<std::chrono::sys_time<std::chrono::milliseconds>>() == "dur:i64:1/1000");
  CHECK(weir::schema<Money>() == "x:money-v1");
  CHECK(weir::schema<FakeMessage>() == "x:test.FakeMessage");
  CHECK(weir::schema<std::variant<int, std::string>>() == "(i32/str)");
}

TEST_CASE("arrays of packed records are encoded as one block equal to field by field", "[codec]") {
  const std::vector<Point> points{{1, 2}, {3, 4}};
  ByteWriter by_field;
  by_field.put_varint(2);
  for (const Point& point : points) {
    by_field.put(point.x);
    by_field.put(point.y);
  }
  CHECK(bytes_of(points) == by_field.take());
}

TEST_CASE("hashes are the ones of format version 1", "[hash]") {
  // These values decide where state lies on disk. If one changes, old checkpoints become
  // unreadable.
  CHECK(weir::hash_of(std::uint64_t{1}) == 0xb456bcfc34c2cb2cULL);
  CHECK(weir::hash_of(std::string{"weir"}) == 0x09831dc741817118ULL);
  CHECK(weir::hash_of(std::pair<std::string, int>{"a", 1}) == 0xe9d5a919411d0a0eULL);
  CHECK(weir::hash_of(Point{1, 2}) == 0x92060fd3482c200dULL);
  CHECK(weir::hash_of(std::optional<int>{5}) == 0x429139b9978930ebULL);
}

TEST_CASE("equal keys have equal hashes", "[hash]") {
  CHECK(weir::hash_of(0.0) == weir::hash_of(-0.0));
  CHECK(weir::hash_of(std::int32_t{-1}) == weir::hash_of(std::int64_t{-1}));
  CHECK(weir::hash_of(std::pair{1, 2}) != weir::hash_of(std::pair{2, 1}));
  CHECK(weir::hash_of(std::tuple{1}) != weir::hash_of(std::tuple{1, 0}));
}

}  // namespace
