// Codecs for engine types that travel in messages between processes.
#pragma once

#include "base/ids.hpp"

#include <weir/codec.hpp>

namespace weir {

template <class Tag, class Number>
struct Codec<Id<Tag, Number>> {
  static void encode(Id<Tag, Number> id, ByteWriter& out) { out.put(id.value()); }
  static Id<Tag, Number> decode(ByteReader& in) { return Id<Tag, Number>{in.get<Number>()}; }
  static std::string schema() { return "id"; }
};

}  // namespace weir
