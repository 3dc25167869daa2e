#include "state/row_blocks.hpp"

namespace weir::state {
RowBlocks::RowBlocks(StateFile& file, KeyedStateHandle& handle)
    : file_{file}, handle_{handle}, group_begin_{file.size()} {}

void RowBlocks::begin_group(std::uint32_t group) {
  close_group();
  group_ = group;
}

Status RowBlocks::finish() {
  close_group();
  return status_;
}

void RowBlocks::close_block() {
  if (payload_.size() != 0 && status_.ok()) status_ = file_.add_block(payload_.view()).status();
  payload_.clear();
}

void RowBlocks::close_group() {
  close_block();
  if (file_.size() != group_begin_)
    handle_.groups.push_back({group_, group_begin_, file_.size() - group_begin_});
  group_begin_ = file_.size();
}

}  // namespace weir::state
