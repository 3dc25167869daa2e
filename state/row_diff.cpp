#include "state/row_diff.hpp"

#include "state/row_encoding.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

namespace weir::state {
namespace {

using detail::FrozenRows;
using detail::PageRef;
using detail::RowLayout;

/// A directory, looked at as if it had more entries: a power of two times as many.
class Stretched {
public:
  Stretched(std::span<const PageRef> directory, std::size_t entries)
      : directory_{directory}, factor_{entries / directory.size()} {}

  PageRef at(std::size_t entry) const { return directory_[entry / factor_]; }

  /// Whether another page begins at `entry`.
  bool turns_at(std::size_t entry) const { return !(at(entry) == at(entry - 1)); }

  /// The pages of entries from `begin` to `end`, each once, without nulls.
  std::vector<PageRef> pages(std::size_t begin, std::size_t end) const {
    std::vector<PageRef> pages;
    for (std::size_t entry = begin; entry < end; ++entry) {
      if (entry != begin && !turns_at(entry)) continue;
      if (at(entry)) pages.push_back(at(entry));
    }
    return pages;
  }

private:
  std::span<const PageRef> directory_;
  std::size_t factor_;
};

class GroupDiff {
public:
  GroupDiff(const FrozenRows& older, const FrozenRows& newer, std::uint32_t group)
      : layout_{newer.layout()},
        entries_{std::max(older.directory(group).size(), newer.directory(group).size())},
        before_{older.directory(group), entries_},
        after_{newer.directory(group), entries_} {}

  RowDiff run() {
    for (std::size_t begin = 0; begin < entries_;) {
      // Up to where pages end in both: no row has moved from there to here.
      std::size_t end = begin + 1;
      while (end < entries_ && !(before_.turns_at(end) && after_.turns_at(end))) ++end;
      compare(before_.pages(begin, end), after_.pages(begin, end));
      begin = end;
    }
    return std::move(result_);
  }

private:
  void compare(const std::vector<PageRef>& before, const std::vector<PageRef>& after) {
    if (before == after) return;
    before_rows_.clear();
    after_rows_.clear();
    const bool is_in_place = before.size() == 1 && after.size() == 1 &&
                             before[0].slots == after[0].slots && !before[0].page->overflow &&
                             !after[0].page->overflow;
    if (is_in_place)
      compare_slots(before[0], after[0]);
    else
      take_all(before, after);
    match();
  }

  void compare_slots(PageRef before, PageRef after) {
    for (std::uint32_t slot = 0; slot < before.slots; ++slot) {
      const bool was = before.tags()[slot] != detail::Page::kFree;
      const bool is = after.tags()[slot] != detail::Page::kFree;
      const char* old_row = before.row(slot, layout_.stride);
      const char* new_row = after.row(slot, layout_.stride);
      if (was && is && is_same(old_row, new_row)) continue;
      if (was) before_rows_.push_back(old_row);
      if (is) after_rows_.push_back(new_row);
    }
  }

  void take_all(const std::vector<PageRef>& before, const std::vector<PageRef>& after) {
    const auto take = [this](const std::vector<PageRef>& pages, std::vector<const char*>& rows) {
      for (const PageRef ref : pages)
        for_each_row(ref, layout_.stride, [&](const char* row) { rows.push_back(row); });
    };
    take(before, before_rows_);
    take(after, after_rows_);
  }

  bool is_same(const char* a, const char* b) {
    // Bytes that differ between the parts of a row cost nothing but a needless entry.
    if (layout_.trivial) return std::memcmp(a, b, layout_.stride) == 0;
    return encoded(a, one_) == encoded(b, other_);
  }

  /// Finds the rows of `before_rows_` by their keys.
  void match() {
    std::unordered_map<std::string, const char*> before;
    for (const char* row : before_rows_) before.emplace(key_of(row), row);
    for (const char* row : after_rows_) {
      const auto old_row = before.find(key_of(row));
      const bool is_new = old_row == before.end();
      if (is_new || encoded(old_row->second, one_) != encoded(row, other_))
        result_.put.push_back(row);
      if (!is_new) before.erase(old_row);
    }
    for (const char* row : before_rows_) {
      if (before.contains(key_of(row))) result_.gone.push_back(row);
    }
  }

  std::string key_of(const char* row) {
    one_.clear();
    encode_key(layout_, row, one_);
    return std::string{one_.view()};
  }

  std::string_view encoded(const char* row, ByteWriter& out) const {
    out.clear();
    encode_row(layout_, row, out);
    return out.view();
  }

  const RowLayout& layout_;
  std::size_t entries_;
  Stretched before_;
  Stretched after_;
  std::vector<const char*> before_rows_;  // that may be gone or changed
  std::vector<const char*> after_rows_;   // that may be new or changed
  ByteWriter one_;
  ByteWriter other_;
  RowDiff result_;
};

}  // namespace

RowDiff diff_rows(const FrozenRows& older, const FrozenRows& newer, std::uint32_t group) {
  return GroupDiff{older, newer, group}.run();
}

}  // namespace weir::state
