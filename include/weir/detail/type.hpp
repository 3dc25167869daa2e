// Type: what the engine must know about a C++ type that it meets only at run time.
#pragma once

#include <weir/codec.hpp>
#include <weir/detail/type_parts.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::detail {

/// Operations on values of one type, reached through pointers. One object per type and process.
struct Type {
  std::string schema;  // layout of the encoding, compared on restore
  std::size_t size;    // bytes in memory
  std::size_t align;   // bytes
  bool trivial;        // may be copied byte by byte and forgotten without a destructor
  std::size_t packed;  // bytes of the encoding if it equals the bytes in memory, else 0

  void (*copy)(void* to, const void* from);  // copy-constructs at `to`
  void (*relocate)(void* to, void* from);    // move-constructs at `to` and destroys `from`
  void (*destroy)(void* value);
  void (*encode)(const void* value, ByteWriter& out);
  void (*decode)(ByteReader& in, void* to);  // constructs at `to`; check `in.ok()` afterwards
  void (*list_parts)(std::vector<TypePart>& out);
};

/// Returns what can be done with a T in memory, which need not have a codec.
template <class T>
Type memory_type_of() {
  return {.schema = {},
          .size = sizeof(T),
          .align = alignof(T),
          .trivial = std::is_trivially_copyable_v<T>,
          .packed = 0,
          .copy = [](void* to, const void* from) { ::new (to) T(*static_cast<const T*>(from)); },
          .relocate =
              [](void* to, void* from) {
                ::new (to) T(std::move(*static_cast<T*>(from)));
                std::destroy_at(static_cast<T*>(from));
              },
          .destroy = [](void* value) { std::destroy_at(static_cast<T*>(value)); },
          .encode = nullptr,
          .decode = nullptr,
          .list_parts = nullptr};
}

/// Returns the operations of T.
template <Record T>
const Type& type_of() {
  static const Type type = [] {
    Type made = memory_type_of<T>();
    made.schema = weir::schema<T>();
    made.packed = is_packed<T>() ? sizeof(T) : 0;
    made.encode = [](const void* value, ByteWriter& out) {
      detail::encode<T>(*static_cast<const T*>(value), out);
    };
    made.decode = [](ByteReader& in, void* to) { ::new (to) T(detail::decode<T>(in)); };
    made.list_parts = &detail::list_parts<T>;
    return made;
  }();
  return type;
}

}  // namespace weir::detail
