// Outputs: where the records of a process function go: its main output, and those beside it that
// somebody reads.
#pragma once

#include <weir/detail/side_output.hpp>
#include <weir/emit.hpp>

#include <vector>

namespace weir::detail {

/// See the file comment. All that is emitted has the time of `main`.
template <class Out>
class Outputs {
public:
  void connect(BatchConsumer* next) { main.connect(next); }
  void connect_side(SideOutputHandle& side, BatchConsumer* next) {
    side.connect(next, &main.time());
    sides_.push_back(&side);
  }
  /// Passes on what has been collected.
  void flush() {
    main.flush();
    for (SideOutputHandle* side : sides_) side->flush();
  }

  Emit<Out> main;

private:
  std::vector<SideOutputHandle*> sides_;
};

}  // namespace weir::detail
