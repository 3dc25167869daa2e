// Codecs of the standard library's types. Part of codec.hpp.
#pragma once

#include <weir/detail/codec_traits.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace weir::detail {

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
  static std::string schema() {
    std::string element = detail::schema<T>();
    if (element.starts_with('?')) element = "(" + element + ")";  // the "?" would take the "*", too
    return element + "*" + std::to_string(N);
  }
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
    std::apply([&](const T&... part) { (detail::encode<T>(part, out), ...); }, value);
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

}  // namespace weir::detail
