// The state of one subtask whose snapshots are files of its store.
#pragma once

#include "base/files.hpp"
#include "base/memory_env.hpp"
#include "state/keyed_cut.hpp"
#include "test/state/backends.hpp"

#include <weir/state.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace weir::test {

inline constexpr std::uint32_t kGroups = 8;

/// What each key has.
struct Owner : StateOwner {
  ValueState<std::string> value{*this, "value"};
  MapState<int, int> map{*this, "map"};
};

/// The state of one subtask in RocksDB.
template <class O = Owner>
struct Part {
  explicit Part(detail::StateBackend* backend, detail::KeyGroupRange range = {0, kGroups})
      : state{range, kGroups, owner.declared_states(),
              backend == nullptr ? detail::StateBackend::Opened{}
                                 : backend->open("op", store_columns(owner.declared_states()))} {
    owner.bind_states(state);
  }

  template <class F>
  void with(int key, F f) {
    state.enter(hash_of(key), key);
    f(owner);
    state.leave();
  }
  void fill(int from, int to) {
    for (int key = from; key < to; ++key)
      with(key, [key](Owner& o) {
        o.value.set(std::string(100, static_cast<char>('a' + key % 26)) + std::to_string(key));
        o.map.put(key, key);
      });
  }
  /// How many of the keys are there, with what was set.
  int count(int keys) {
    int found = 0;
    for (int key = 0; key < keys; ++key) {
      if (!state.table().range().contains(detail::key_position(hash_of(key), kGroups).group))
        continue;
      with(key, [&](O& o) {
        const auto value = o.value.get();
        if (value && value->ends_with(std::to_string(key))) ++found;
      });
    }
    return found;
  }

  Result<state::KeyedStateHandle> snapshot(Env& env, const std::string& directory,
                                           bool is_linkable = true) {
    REQUIRE(env.create_directories(directory).ok());
    state::KeyedCut cut{state::describe("op", schema<int>(), state), state};
    cut.begin();
    REQUIRE(cut.write_back(0).ok());
    cut.on_written();
    REQUIRE(cut.has_copy());
    auto handle = cut.write_files({.env = &env,
                                   .directory = directory,
                                   .prefix = "part.",
                                   .inline_bytes = 20'000,
                                   .is_linkable = is_linkable});
    cut.release();
    return handle;
  }

  O owner;
  detail::KeyedStateOf<int> state;
};

/// How many files of a snapshot an earlier one has written.
inline std::uint64_t linked_files(const state::KeyedStateHandle& handle) {
  return static_cast<std::uint64_t>(std::count_if(handle.files.begin(), handle.files.end(),
                                                  [](const auto& file) { return file.is_linked; }));
}

}  // namespace weir::test
