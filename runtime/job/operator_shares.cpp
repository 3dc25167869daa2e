#include "runtime/job/operator_shares.hpp"

#include "state/operator_snapshot.hpp"

#include <algorithm>

namespace weir::runtime {
namespace {

using detail::OperatorStateKind;
using state::OperatorStateHandle;

OperatorStateShare share(const OperatorStateHandle& handle, std::uint64_t first,
                         std::uint64_t count) {
  OperatorStateShare part{.handle = {}, .first = first, .count = count};
  part.handle = state::slice(handle, part.first, count);
  return part;
}

OperatorStateShare all_of(const OperatorStateHandle& handle) {
  return share(handle, 0, handle.elements());
}

OperatorStateShare none_of(const OperatorStateHandle& handle) {
  return share(handle, 0, 0);
}

std::vector<OperatorStateShare> even_share(const std::vector<WrittenElements>& written,
                                           std::uint32_t index, std::uint32_t parallelism) {
  const auto elements = [](const WrittenElements& part) {
    return part.is_finished ? 0 : part.handle->elements();
  };
  std::uint64_t total = 0;
  for (const WrittenElements& part : written) total += elements(part);
  const auto begin_of = [&](std::uint64_t i) {
    return total / parallelism * i + std::min(i, total % parallelism);
  };
  const std::uint64_t begin = begin_of(index);
  const std::uint64_t end = begin_of(std::uint64_t{index} + 1);
  std::vector<OperatorStateShare> shares;
  std::uint64_t at = 0;  // of the part's first element in the row of all
  for (const WrittenElements& part : written) {
    const std::uint64_t next = at + elements(part);
    const std::uint64_t from = std::max(begin, at);
    const std::uint64_t to = std::min(end, next);
    if (from < to) shares.push_back(share(*part.handle, from - at, to - from));
    at = next;
  }
  if (shares.empty()) shares.push_back(none_of(*written[0].handle));
  return shares;
}

}  // namespace

std::vector<OperatorStateShare> share_of(const std::vector<WrittenElements>& written,
                                         const Heir& heir) {
  const bool is_same = written.size() == heir.parallelism;
  if (heir.is_finished && !is_same) return {none_of(*written[0].handle)};
  if (heir.is_finished) return {all_of(*written[heir.index].handle)};
  switch (written[0].handle->kind) {
    case OperatorStateKind::list:
      if (is_same) return {all_of(*written[heir.index].handle)};
      return even_share(written, heir.index, heir.parallelism);
    case OperatorStateKind::union_list: {
      std::vector<OperatorStateShare> shares;
      for (const WrittenElements& part : written) shares.push_back(all_of(*part.handle));
      return shares;
    }
    case OperatorStateKind::broadcast:
      return {all_of(*written[heir.index % written.size()].handle)};
  }
  return {};
}

}  // namespace weir::runtime
