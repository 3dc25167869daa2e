// Codec<T>: how a record, a key or a piece of state becomes bytes, and what its type looks like.
//
// Derived for: arithmetic types, enums, std::string, std::vector, array, deque, list, set, map,
// unordered_set, unordered_map, optional, variant, pair, tuple, chrono durations and time points,
// protobuf messages, and aggregates of at most 16 such fields. For any other type specialise it:
//
//   template <>
//   struct weir::Codec<Money> {
//     static void encode(const Money& m, ByteWriter& out) { out.put(m.cents()); }
//     static Money decode(ByteReader& in) { return Money::from_cents(in.get<std::int64_t>()); }
//     static std::string schema() { return "money-v1"; }
//   };
//
// `decode` reads exactly what `encode` wrote; on damaged bytes it calls `in.fail()` and returns any
// value. It must not throw. `schema` names the layout: state is restored only into a type with the
// schema that it was written with. Values of specialised codecs are stored behind their length, so
// that tools can pass over them.
//
// Schema grammar: i8..i64 u8..u64 f32 f64 bool str | [T] sequence | <T> set | <K:V> map | ?T |
// (T,U,...) pair, tuple or aggregate | T*N array | (T/U/...) variant | dur:T:N/D chrono that counts
// in T with a period of N/D seconds | x:NAME specialised or protobuf, stored behind its length.
#pragma once

#include <weir/bytes.hpp>
#include <weir/detail/fields.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

/// Specialise this for a type that Weir cannot derive a codec for; see the file comment.
template <class T>
struct Codec;

namespace detail {

template <class T>
concept SpecialisedCodec = requires {
  sizeof(Codec<T>);
};

/// A protobuf message, recognised by its shape so that no protobuf header is needed here.
template <class T>
concept ProtobufMessage = requires(T& m, const T& c, std::string* s, const void* p, int n) {
  { c.SerializeToString(s) } -> std::same_as<bool>;
  { m.ParseFromArray(p, n) } -> std::same_as<bool>;
  { c.GetTypeName() } -> std::convertible_to<std::string>;
};

template <class T>
concept Number = std::is_arithmetic_v<T> && sizeof(T) <= 8;

template <class T>
struct BuiltIn : std::false_type {};  // specialised below for the standard types

/// Whether T has a codec. One question with one answer keeps compiler messages short.
template <class T>
constexpr bool has_codec();

template <class... T>
constexpr bool all_have_codecs(TypeList<T...>) {
  return (has_codec<T>() && ...);
}

template <class T>
constexpr bool has_codec() {
  if constexpr (!std::is_object_v<T> || std::is_const_v<T> || std::is_pointer_v<T>)
    return false;
  else if constexpr (SpecialisedCodec<T> || Number<T> || std::is_enum_v<T> || ProtobufMessage<T>)
    return true;
  else if constexpr (BuiltIn<T>::value)
    return all_have_codecs(typename BuiltIn<T>::Parts{});
  else if constexpr (is_plain_aggregate<T>())
    return all_have_codecs(FieldTypes<T>{});
  else
    return false;
}

/// The bytes that every value of T takes when encoded, or 0 if they vary.
template <class T>
constexpr std::size_t fixed_size();

template <class... T>
constexpr std::size_t fixed_size_of_all(TypeList<T...>) {
  return ((fixed_size<T>() != 0) && ...) ? (fixed_size<T>() + ... + 0) : 0;
}

template <class T>
constexpr std::size_t fixed_size() {
  if constexpr (SpecialisedCodec<T> || ProtobufMessage<T>)
    return 0;
  else if constexpr (Number<T> || std::is_enum_v<T>)
    return sizeof(T);
  else if constexpr (BuiltIn<T>::value)
    return BuiltIn<T>::fixed_size();
  else
    return fixed_size_of_all(FieldTypes<T>{});
}

template <class T>
constexpr bool contains_bool();

template <class... T>
constexpr bool any_contains_bool(TypeList<T...>) {
  return (contains_bool<T>() || ...);
}

template <class T>
constexpr bool contains_bool() {
  if constexpr (std::same_as<T, bool>)
    return true;
  else if constexpr (Number<T> || std::is_enum_v<T>)
    return false;
  else if constexpr (BuiltIn<T>::value)
    return any_contains_bool(typename BuiltIn<T>::Parts{});
  else
    return any_contains_bool(FieldTypes<T>{});
}

/// Whether the bytes of T in memory are its encoding, so that arrays of T can be copied whole.
/// A bool is excluded: reading a damaged one by copy would be undefined.
template <class T>
constexpr bool is_packed() {
  if constexpr (std::is_trivially_copyable_v<T> && fixed_size<T>() == sizeof(T))
    return !contains_bool<T>();
  else
    return false;
}

template <class T>
void encode(const T& value, ByteWriter& out);
template <class T>
T decode(ByteReader& in);
template <class T>
std::string schema();

template <class... T>
std::string schema_list(TypeList<T...>, const char* separator) {
  std::string all;
  ((all += (all.empty() ? "" : separator) + schema<T>()), ...);
  return all;
}

template <class Range>
void encode_range(const Range& range, ByteWriter& out) {
  out.put_varint(range.size());
  for (const auto& element : range) encode<typename Range::value_type>(element, out);
}

template <>
struct BuiltIn<std::string> : std::true_type {
  using Parts = TypeList<>;
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const std::string& s, ByteWriter& out) { out.put_string(s); }
  static std::string decode(ByteReader& in) { return std::string{in.get_string()}; }
  static std::string schema() { return "str"; }
};

template <class T, class Allocator>
struct BuiltIn<std::vector<T, Allocator>> : std::true_type {
  using Parts = TypeList<T>;
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const std::vector<T, Allocator>& v, ByteWriter& out) {
    if constexpr (is_packed<T>()) {
      out.put_varint(v.size());
      out.put_raw(v.data(), v.size() * sizeof(T));
    } else {
      out.put_varint(v.size());
      for (const auto& element : v) detail::encode<T>(element, out);
    }
  }
  static std::vector<T, Allocator> decode(ByteReader& in) {
    std::vector<T, Allocator> v;
    if constexpr (is_packed<T>()) {
      const std::size_t n = in.get_count(sizeof(T));
      const std::string_view bytes = in.get_raw(n * sizeof(T));
      if (in.ok() && n != 0) {
        v.resize(n);
        std::memcpy(v.data(), bytes.data(), bytes.size());
      }
    } else {
      const std::size_t n = in.get_count();
      v.reserve(n);
      for (std::size_t i = 0; i < n && in.ok(); ++i) v.push_back(detail::decode<T>(in));
    }
    return v;
  }
  static std::string schema() { return "[" + detail::schema<T>() + "]"; }
};

/// Sequences and sets that are filled element by element.
template <class Range, class T>
struct RangeCodec : std::true_type {
  using Parts = TypeList<T>;
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const Range& range, ByteWriter& out) { encode_range(range, out); }
  static Range decode(ByteReader& in) {
    Range range;
    const std::size_t n = in.get_count();
    for (std::size_t i = 0; i < n && in.ok(); ++i) range.insert(range.end(), detail::decode<T>(in));
    return range;
  }
};

template <class T>
struct BuiltIn<std::deque<T>> : RangeCodec<std::deque<T>, T> {
  static std::string schema() { return "[" + detail::schema<T>() + "]"; }
};
template <class T>
struct BuiltIn<std::list<T>> : RangeCodec<std::list<T>, T> {
  static std::string schema() { return "[" + detail::schema<T>() + "]"; }
};
template <class T, class C>
struct BuiltIn<std::set<T, C>> : RangeCodec<std::set<T, C>, T> {
  static std::string schema() { return "<" + detail::schema<T>() + ">"; }
};
template <class T, class H, class E>
struct BuiltIn<std::unordered_set<T, H, E>> : RangeCodec<std::unordered_set<T, H, E>, T> {
  static std::string schema() { return "<" + detail::schema<T>() + ">"; }
};

template <class Map, class K, class V>
struct MapCodec : std::true_type {
  using Parts = TypeList<K, V>;
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const Map& map, ByteWriter& out) {
    out.put_varint(map.size());
    for (const auto& [key, value] : map) {
      detail::encode<K>(key, out);
      detail::encode<V>(value, out);
    }
  }
  static Map decode(ByteReader& in) {
    Map map;
    const std::size_t n = in.get_count();
    for (std::size_t i = 0; i < n && in.ok(); ++i) {
      K key = detail::decode<K>(in);
      map.emplace_hint(map.end(), std::move(key), detail::decode<V>(in));
    }
    return map;
  }
  static std::string schema() {
    return "<" + detail::schema<K>() + ":" + detail::schema<V>() + ">";
  }
};

template <class K, class V, class C>
struct BuiltIn<std::map<K, V, C>> : MapCodec<std::map<K, V, C>, K, V> {};
template <class K, class V, class H, class E>
struct BuiltIn<std::unordered_map<K, V, H, E>> : MapCodec<std::unordered_map<K, V, H, E>, K, V> {};

template <class T, std::size_t N>
struct BuiltIn<std::array<T, N>> : std::true_type {
  using Parts = TypeList<T>;
  static constexpr std::size_t fixed_size() { return N * detail::fixed_size<T>(); }
  static void encode(const std::array<T, N>& a, ByteWriter& out) {
    for (const T& element : a) detail::encode<T>(element, out);
  }
  static std::array<T, N> decode(ByteReader& in) {
    return [&in]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<T, N>{(static_cast<void>(I), detail::decode<T>(in))...};
    }
    (std::make_index_sequence<N>{});
  }
  static std::string schema() { return detail::schema<T>() + "*" + std::to_string(N); }
};

template <class T>
struct BuiltIn<std::optional<T>> : std::true_type {
  using Parts = TypeList<T>;
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const std::optional<T>& value, ByteWriter& out) {
    out.put<std::uint8_t>(value.has_value());
    if (value) detail::encode<T>(*value, out);
  }
  static std::optional<T> decode(ByteReader& in) {
    if (in.get<std::uint8_t>() == 0) return std::nullopt;
    return detail::decode<T>(in);
  }
  static std::string schema() { return "?" + detail::schema<T>(); }
};

template <class... T>
struct BuiltIn<std::tuple<T...>> : std::true_type {
  using Parts = TypeList<T...>;
  // A tuple's order in memory is not its order of fields, so it is never copied whole.
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const std::tuple<T...>& value, ByteWriter& out) {
    std::apply([&out](const T&... part) { (detail::encode<T>(part, out), ...); }, value);
  }
  static std::tuple<T...> decode(ByteReader& in) { return {detail::decode<T>(in)...}; }
  static std::string schema() { return "(" + schema_list(Parts{}, ",") + ")"; }
};

template <class A, class B>
struct BuiltIn<std::pair<A, B>> : std::true_type {
  using Parts = TypeList<A, B>;
  static constexpr std::size_t fixed_size() { return fixed_size_of_all(Parts{}); }
  static void encode(const std::pair<A, B>& value, ByteWriter& out) {
    detail::encode<A>(value.first, out);
    detail::encode<B>(value.second, out);
  }
  static std::pair<A, B> decode(ByteReader& in) {
    return {detail::decode<A>(in), detail::decode<B>(in)};  // braces: left to right
  }
  static std::string schema() { return "(" + schema_list(Parts{}, ",") + ")"; }
};

template <class... T>
struct BuiltIn<std::variant<T...>> : std::true_type {
  using Parts = TypeList<T...>;
  static constexpr std::size_t fixed_size() { return 0; }
  static void encode(const std::variant<T...>& value, ByteWriter& out) {
    out.put_varint(value.index());
    std::visit([&out]<class U>(const U& held) { detail::encode<U>(held, out); }, value);
  }
  static std::variant<T...> decode(ByteReader& in) { return decode_at<0>(in.get_varint(), in); }
  static std::string schema() { return "(" + schema_list(Parts{}, "/") + ")"; }

private:
  template <std::size_t I>
  static std::variant<T...> decode_at(std::uint64_t index, ByteReader& in) {
    if constexpr (I + 1 < sizeof...(T)) {
      if (index != I) return decode_at<I + 1>(index, in);
    }
    if (index != I) in.fail();
    using U = std::variant_alternative_t<I, std::variant<T...>>;
    return std::variant<T...>{std::in_place_index<I>, detail::decode<U>(in)};
  }
};

template <class Rep, class Period>
struct BuiltIn<std::chrono::duration<Rep, Period>> : std::true_type {
  using Parts = TypeList<Rep>;
  static constexpr std::size_t fixed_size() { return detail::fixed_size<Rep>(); }
  static void encode(std::chrono::duration<Rep, Period> value, ByteWriter& out) {
    detail::encode<Rep>(value.count(), out);
  }
  static std::chrono::duration<Rep, Period> decode(ByteReader& in) {
    return std::chrono::duration<Rep, Period>{detail::decode<Rep>(in)};
  }
  static std::string schema() {
    return "dur:" + detail::schema<Rep>() + ":" + std::to_string(Period::num) + "/" +
           std::to_string(Period::den);
  }
};

template <class Clock, class Length>
struct BuiltIn<std::chrono::time_point<Clock, Length>> : std::true_type {
  using Parts = TypeList<Length>;
  static constexpr std::size_t fixed_size() { return detail::fixed_size<Length>(); }
  static void encode(std::chrono::time_point<Clock, Length> value, ByteWriter& out) {
    detail::encode<Length>(value.time_since_epoch(), out);
  }
  static std::chrono::time_point<Clock, Length> decode(ByteReader& in) {
    return std::chrono::time_point<Clock, Length>{detail::decode<Length>(in)};
  }
  static std::string schema() { return detail::schema<Length>(); }
};

template <class T>
constexpr const char* number_schema() {
  if constexpr (std::same_as<T, bool>)
    return "bool";
  else if constexpr (std::is_floating_point_v<T>)
    return sizeof(T) == 4 ? "f32" : "f64";
  else if constexpr (std::is_signed_v<T>)
    return sizeof(T) == 1 ? "i8" : sizeof(T) == 2 ? "i16" : sizeof(T) == 4 ? "i32" : "i64";
  else
    return sizeof(T) == 1 ? "u8" : sizeof(T) == 2 ? "u16" : sizeof(T) == 4 ? "u32" : "u64";
}

/// Writes a value of a specialised codec behind its length in four bytes.
template <class T>
void encode_sized(const T& value, ByteWriter& out) {
  const std::size_t at = out.size();
  out.put<std::uint32_t>(0);
  Codec<T>::encode(value, out);
  const auto size = static_cast<std::uint32_t>(out.size() - at - sizeof(std::uint32_t));
  out.overwrite(at, &size, sizeof size);
}

template <class T>
void encode(const T& value, ByteWriter& out) {
  if constexpr (SpecialisedCodec<T>) {
    encode_sized(value, out);
  } else if constexpr (Number<T>) {
    out.put(value);
  } else if constexpr (std::is_enum_v<T>) {
    out.put(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (ProtobufMessage<T>) {
    std::string bytes;
    value.SerializeToString(&bytes);
    out.put<std::uint32_t>(static_cast<std::uint32_t>(bytes.size()));
    out.put_raw(bytes.data(), bytes.size());
  } else if constexpr (BuiltIn<T>::value) {
    BuiltIn<T>::encode(value, out);
  } else if constexpr (is_packed<T>()) {
    out.put_raw(&value, sizeof value);
  } else {
    with_fields(value, [&out]<class... F>(const F&... field) { (encode<F>(field, out), ...); });
  }
}

template <class T, class... F>
T decode_aggregate(TypeList<F...>, ByteReader& in) {
  return T{decode<F>(in)...};  // braces: left to right
}

template <class T>
T decode(ByteReader& in) {
  if constexpr (SpecialisedCodec<T>) {
    ByteReader value{in.get_raw(in.get<std::uint32_t>())};
    T decoded = Codec<T>::decode(value);
    if (!value.ok() || !value.at_end()) in.fail();
    return decoded;
  } else if constexpr (std::same_as<T, bool>) {
    return in.get<std::uint8_t>() != 0;
  } else if constexpr (Number<T>) {
    return in.get<T>();
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(in.get<std::underlying_type_t<T>>());
  } else if constexpr (ProtobufMessage<T>) {
    const std::string_view bytes = in.get_raw(in.get<std::uint32_t>());
    T message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) in.fail();
    return message;
  } else if constexpr (BuiltIn<T>::value) {
    return BuiltIn<T>::decode(in);
  } else {
    return decode_aggregate<T>(FieldTypes<T>{}, in);
  }
}

template <class T>
std::string schema() {
  if constexpr (SpecialisedCodec<T>)
    return "x:" + std::string{Codec<T>::schema()};
  else if constexpr (Number<T>)
    return number_schema<T>();
  else if constexpr (std::is_enum_v<T>)
    return number_schema<std::underlying_type_t<T>>();
  else if constexpr (ProtobufMessage<T>)
    return "x:" + std::string{T{}.GetTypeName()};
  else if constexpr (BuiltIn<T>::value)
    return BuiltIn<T>::schema();
  else
    return "(" + schema_list(FieldTypes<T>{}, ",") + ")";
}

}  // namespace detail

/// A type that can travel between operators and be state: copyable, with a codec.
template <class T>
concept Record = std::copyable<T> && detail::has_codec<T>();

/// A type that records can be grouped by.
template <class T>
concept Key = Record<T> && std::equality_comparable<T>;

namespace detail {

/// Stops the compiler, once for each type that cannot be a record. The templates that users name
/// check their arguments with it: a failed concept would not name the cure, and would bring errors
/// about everything that is derived from them.
template <class T>
struct RecordCheck {
  static_assert(has_codec<T>(),
                "a record, key or state has no weir::Codec; make its type an aggregate of 1 to 16 "
                "supported fields, or specialise weir::Codec for it");
  static_assert(std::copyable<T> || !has_codec<T>(),
                "a record, key or state must be copyable: operators share records, and checkpoints "
                "copy state");
  static constexpr bool ok = true;  // in any case: one message is enough
};

}  // namespace detail

/// Appends the encoding of `value` to `out`.
template <Record T>
void encode(const T& value, ByteWriter& out) {
  detail::encode<T>(value, out);
}

/// Reads one value. Check `in.ok()` afterwards: on damaged bytes the value means nothing.
template <Record T>
T decode(ByteReader& in) {
  return detail::decode<T>(in);
}

/// Returns the description of T's layout; see the grammar in the file comment.
template <Record T>
std::string schema() {
  return detail::schema<T>();
}

}  // namespace weir
