// Writing the log of one subtask's state by hand, into one directory.
#pragma once

#include "state/keyed_cut.hpp"
#include "state/log_chain.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir::test {

const std::string kLog = "/log";  // where files of logs lie

/// Writes all rows of `cut` to a file, if there are any.
inline state::LogChain write_base(Env& env, const std::string& name, CheckpointId id,
                                  state::KeyedCut& cut) {
  state::StateFile file{env, kLog + "/" + name, 0};
  std::vector<state::KeyedStateHandle> handles{cut.write(file).value()};
  REQUIRE(file.finish().ok());
  place_rows(file, name, handles);
  return state::base_chain(id, std::move(handles));
}

/// A cut that was written, and how.
struct Written {
  const state::KeyedCut& cut;
  const state::LogChain& chain;
};

/// Writes what has changed in `cut` since `before`.
inline state::LogChain write_tail(Env& env, const std::string& name, CheckpointId id,
                                  const state::KeyedCut& cut, const Written& before) {
  state::StateFile file{env, kLog + "/" + name, 0};
  std::vector<state::LogSegment> changes{cut.write_changes(before.cut, file).value()};
  REQUIRE(file.finish().ok());
  changes[0].path = name;
  return extended(before.chain, id, std::move(changes));
}

}  // namespace weir::test
