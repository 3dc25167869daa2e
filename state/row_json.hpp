// Reading keyed state without the program that wrote it: by the schemas that are stored with it.
#pragma once

#include "state/handle.hpp"
#include "state/schema.hpp"
#include "state/state_file.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace weir::state {

/// Checks every block and every row of a stream, and that there are as many rows as there should
/// be. `corrupt` names the file, and the offset as far as it is known.
Status verify_rows(const KeyedStateHandle& handle, StateReader& reader);

/// Calls `print` with the key and the value, as JSON, of each row that has the state named `state`,
/// which is one of the handle's. Rows come in the order of key groups. `failed_precondition` if the
/// schemas are of a newer version.
Status print_rows(
    const KeyedStateHandle& handle, StateReader& reader, const std::string& state,
    const std::function<void(const std::string& key, const std::string& value)>& print);

/// Returns `bytes`, which hold one value of `schema`, as JSON. A text in quotes says so if they do
/// not.
///
/// Aggregates become objects, their names in the order of the alphabet; tuples arrays, and so do
/// aggregates of old checkpoints, which lack names, and maps whose keys are no text: of pairs.
/// A variant becomes {"index": 0, "value": ...}, what a codec of its own has written
/// {"bytes": "hex"}. What a state with a Ttl holds becomes {"touched": milliseconds since 1970,
/// "value": ...}.
std::string value_json(std::string_view schema, std::string_view bytes);

/// Reads one value of `schema` and returns it in the same way; `in` fails if it is damaged.
std::string read_json(const Schema& schema, ByteReader& in);

}  // namespace weir::state
