// Expiring<T>: a value and when its life began; what states with a Ttl hold.
#pragma once

#include <weir/codec.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

/// See the file comment.
template <class T>
struct Expiring {
  std::int64_t touched;  // milliseconds since 1970
  T value;
};

/// Encoded as its parts, in the order of their declaration.
template <class T>
struct BuiltIn<Expiring<T>> : std::true_type {
  using Parts = TypeList<T>;
  static constexpr std::size_t fixed_size() {
    return detail::fixed_size<T>() == 0 ? 0 : sizeof(std::int64_t) + detail::fixed_size<T>();
  }
  static void encode(const Expiring<T>& held, ByteWriter& out) {
    out.put(held.touched);
    detail::encode<T>(held.value, out);
  }
  static Expiring<T> decode(ByteReader& in) {
    const auto touched = in.get<std::int64_t>();
    return {touched, detail::decode<T>(in)};
  }
  static std::string schema() { return "ttl:" + detail::schema<T>(); }
};

/// Whether anything of a cell was touched after `dead`.
template <class T>
bool is_live(const Expiring<T>& held, std::int64_t dead) {
  return held.touched > dead;
}
template <class T>
bool is_live(const std::vector<Expiring<T>>& elements, std::int64_t dead) {
  return std::any_of(elements.begin(), elements.end(),
                     [dead](const auto& held) { return is_live(held, dead); });
}
template <class Map>
requires requires {
  typename Map::mapped_type;
}
bool is_live(const Map& entries, std::int64_t dead) {
  return std::any_of(entries.begin(), entries.end(),
                     [dead](const auto& entry) { return is_live(entry.second, dead); });
}

}  // namespace weir::detail
