// A savepoint that a program writes: rows come in any order and leave sorted by key group.
#pragma once

#include <weir/detail/keyed_state.hpp>
#include <weir/env.hpp>
#include <weir/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
struct SavepointWriterOptions;
}

namespace weir::detail {

/// Takes the rows of one operator. One thread at a time. The first error stays, and is returned by
/// `SavepointBuild::publish`.
class SavepointRowSink {
public:
  virtual ~SavepointRowSink() = default;
  virtual std::uint32_t max_parallelism() const = 0;
  /// Puts a row in place of an earlier one with this key. `values` is what follows the key.
  virtual void put(std::uint32_t group, std::string_view key, std::string_view values) = 0;
  virtual void erase(std::uint32_t group, std::string_view key) = 0;
};

/// A savepoint that is not complete. Unless it is published its directory goes with it.
class SavepointBuild {
public:
  static Result<std::unique_ptr<SavepointBuild>> create(Env& env, const std::string& path,
                                                        const SavepointWriterOptions& options);
  virtual ~SavepointBuild() = default;
  /// The sink lives as long as this object.
  virtual SavepointRowSink& add(const std::string& operator_name, const std::string& key_schema,
                                const std::vector<StateSpec>& states) = 0;
  virtual Status publish() = 0;
};

}  // namespace weir::detail
