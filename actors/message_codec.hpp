// Codecs for engine types that travel in messages between processes.
#pragma once

#include "base/ids.hpp"

#include <weir/codec.hpp>
#include <weir/options.hpp>

#include <string>
#include <type_traits>

namespace weir {

template <class Tag, class Number>
struct Codec<Id<Tag, Number>> {
  static void encode(Id<Tag, Number> id, ByteWriter& out) { out.put(id.value()); }
  static Id<Tag, Number> decode(ByteReader& in) { return Id<Tag, Number>{in.get<Number>()}; }
  static std::string schema() { return "id"; }
};

/// It has more fields than a codec can be derived for.
template <>
struct Codec<CheckpointOptions> {
  static void encode(const CheckpointOptions& options, ByteWriter& out) {
    with_fields(options, [&out](const auto&... fields) { (weir::encode(fields, out), ...); });
  }
  static CheckpointOptions decode(ByteReader& in) {
    CheckpointOptions options;
    with_fields(options, [&in](auto&... fields) {
      ((fields = weir::decode<std::decay_t<decltype(fields)>>(in)), ...);
    });
    return options;
  }
  static std::string schema() { return "checkpoint options"; }

private:
  template <class Options, class F>
  static void with_fields(Options& options, F f) {
    auto& [every, auto_interval, guarantee, timeout, min_pause, max_concurrent, tolerable_failures,
           every_during_backlog, storage, savepoints, retention, retained, inline_threshold,
           incremental, compress_snapshots, unaligned, aligned_timeout, without_channel_state,
           write_retry, regional] = options;
    f(every, auto_interval, guarantee, timeout, min_pause, max_concurrent, tolerable_failures,
      every_during_backlog, storage, savepoints, retention, retained, inline_threshold, incremental,
      compress_snapshots, unaligned, aligned_timeout, without_channel_state, write_retry, regional);
  }
};

}  // namespace weir
