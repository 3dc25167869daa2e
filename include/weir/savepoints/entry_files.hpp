// Entries that a job computes, on their way into a savepoint: its subtasks write them to files, in
// parallel and exactly once, and when the job has finished a SavepointWriter takes them all.
//
//   using Count = std::pair<std::string, std::int64_t>;
//   words.key_by(std::identity{})
//       .count("counted", weir::EmitResults::at_end)
//       .sink("entries", weir::savepoints::entry_files<Count>("/data/entries"));
//   ...
//   auto counts = writer->keyed<std::string>(
//       "counts", weir::savepoints::accumulators<std::int64_t>("accumulator"));
//   weir::Status taken = weir::savepoints::put_all("/data/entries", counts);
#pragma once

#include <weir/bytes.hpp>
#include <weir/env.hpp>
#include <weir/files.hpp>
#include <weir/savepoints/writer.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// The first line of a file of entries. On disk: do not change.
std::string entry_header(const std::string& schema);

/// Calls `take` with the encoding of each entry in the files of a directory; false: it is damaged.
Status for_each_entry(Env& env, const std::string& directory, const std::string& schema,
                      const std::function<bool(std::string_view entry)>& take);

}  // namespace weir::detail

namespace weir::savepoints {

namespace detail {

inline constexpr const char* kEntrySuffix = ".entries";

template <class K, class... States>
struct EntryOf {
  using type = std::tuple<K, std::optional<HeldBy<States>>...>;
};
template <class K, class State>
struct EntryOf<K, State> {
  using type = std::pair<K, HeldBy<State>>;
};

}  // namespace detail

/// Writes entries to files in `directory`, which holds those of one job alone. `T` is a pair of key
/// and value, or for several states a tuple of the key and an optional for each of them.
template <class T>
Sink<T> entry_files(std::string directory) {
  return files::rows<T>(
      std::move(directory),
      [](const T& entry, std::string& row) {
        ByteWriter out;
        out.put<std::uint32_t>(0);
        encode(entry, out);
        const auto size = static_cast<std::uint32_t>(out.size() - sizeof(std::uint32_t));
        out.overwrite(0, &size, sizeof size);
        row.append(out.view());
      },
      {.header = weir::detail::entry_header(schema<T>()), .suffix = detail::kEntrySuffix});
}

/// Puts all entries that a job has written to `directory`; it must have finished. `not_found` if
/// there is no such directory, `failed_precondition` if its entries have other types, `corrupt` if
/// they are damaged.
template <Key K, class... States>
Status put_all(const std::string& directory, EntryWriter<K, States...>& into,
               Env& env = Env::posix()) {
  using Entry = typename detail::EntryOf<K, States...>::type;
  return weir::detail::for_each_entry(env, directory, schema<Entry>(), [&](std::string_view bytes) {
    ByteReader in{bytes};
    const Entry entry = decode<Entry>(in);
    if (!in.ok() || !in.at_end()) return false;
    std::apply([&](const auto&... parts) { into.put(parts...); }, entry);
    return true;
  });
}

}  // namespace weir::savepoints
