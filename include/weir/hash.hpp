// Stable hashing of keys. The hash decides in which key group, and so on which subtask and in which
// part of a snapshot, the state of a key lives. On disk: do not change.
#pragma once

#include <weir/codec.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Returns XXH3-64 (xxhash 0.8, seed 0) of the bytes.
std::uint64_t hash_bytes(const void* bytes, std::size_t size) noexcept;

/// Mixes all bits of a number into all bits of the result (the finaliser of MurmurHash3).
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  x ^= x >> 33;
  return x;
}

/// Returns the 64-bit hash of a key, the same on every machine and in every version.
/// Equal keys have equal hashes: 0.0 and -0.0 too; a NaN is a key that never equals itself.
template <Key K>
std::uint64_t hash_of(const K& key) noexcept;

namespace detail {

/// Hashes parts in order; (a, b) and (b, a) differ, and so do (a) and (a, 0).
template <class... Part>
std::uint64_t hash_parts(const Part&... part) noexcept {
  std::uint64_t hash = sizeof...(Part);
  ((hash = mix(std::rotl(hash, 23) ^ hash_of(part))), ...);
  return hash;
}

/// Hashes the elements of a container: in order, or whatever the order if it has none of its own.
template <class Container>
std::uint64_t hash_elements(const Container& elements) noexcept {
  std::uint64_t hash = elements.size();
  for (const auto& element : elements) {
    std::uint64_t of_element = 0;
    if constexpr (requires { typename Container::mapped_type; })
      of_element = hash_parts(element.first, element.second);
    else  // an element of a vector<bool> is no bool
      of_element = hash_of(static_cast<const typename Container::value_type&>(element));
    if constexpr (requires { typename Container::hasher; })
      hash += mix(of_element);
    else
      hash = mix(std::rotl(hash, 23) ^ of_element);
  }
  return mix(hash);
}

template <class T>
struct IsTuple : std::false_type {};
template <class... T>
struct IsTuple<std::tuple<T...>> : std::true_type {};
template <class A, class B>
struct IsTuple<std::pair<A, B>> : std::true_type {};

}  // namespace detail

template <Key K>
std::uint64_t hash_of(const K& key) noexcept {
  if constexpr (detail::ProtobufMessage<K>) {
    std::string bytes;
    (void)key.SerializeToString(&bytes);  // a message that cannot be written fails when it is sent
    return hash_bytes(bytes.data(), bytes.size());
  } else if constexpr (detail::SpecialisedCodec<K>) {
    ByteWriter bytes;
    encode(key, bytes);
    return hash_bytes(bytes.view().data(), bytes.size());
  } else if constexpr (std::is_floating_point_v<K>) {
    return mix(std::bit_cast<std::uint64_t>(key == 0 ? 0.0 : static_cast<double>(key)));
  } else if constexpr (std::is_arithmetic_v<K> || std::is_enum_v<K>) {
    return mix(static_cast<std::uint64_t>(key));
  } else if constexpr (std::is_same_v<K, std::string>) {
    return hash_bytes(key.data(), key.size());
  } else if constexpr (detail::IsTuple<K>::value) {
    return std::apply([](const auto&... part) { return detail::hash_parts(part...); }, key);
  } else if constexpr (!detail::BuiltIn<K>::value) {
    return detail::with_fields(key,
                               [](const auto&... field) { return detail::hash_parts(field...); });
  } else if constexpr (requires { key.begin(); }) {
    return detail::hash_elements(key);
  } else if constexpr (requires { key.has_value(); }) {
    return key ? detail::hash_parts(true, *key) : detail::hash_parts(false);
  } else if constexpr (requires { key.index(); }) {
    if (key.valueless_by_exception()) return 0;  // which visit would throw at
    return std::visit(
        [&](const auto& value) {
          return detail::hash_parts(static_cast<std::uint64_t>(key.index()), value);
        },
        key);
  } else if constexpr (requires { key.count(); }) {
    return hash_of(key.count());
  } else {
    return hash_of(key.time_since_epoch());
  }
}

}  // namespace weir
