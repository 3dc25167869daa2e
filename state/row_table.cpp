#include "base/assert.hpp"

#include <weir/detail/row_table.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::size_t kPageBytes = 4096;  // a full-sized page: cheap to clone, few to list
constexpr std::size_t kSlotsFirst = 8;    // of a group's first page; most groups stay small
constexpr std::size_t kSlotsLeast = 8;    // of a full-sized page of very wide rows
constexpr std::size_t kPageAlign = 64;    // a cache line
constexpr std::uint8_t kDepthMax = 20;    // rows that share more bits are chained instead

constexpr std::size_t round_up(std::size_t n, std::size_t to) {
  return (n + to - 1) / to * to;
}

std::size_t rows_offset(std::size_t slots, std::size_t align) {
  return round_up(sizeof(Page) + slots, align);
}

std::size_t full_sized_slots(const RowLayout& layout) {
  std::size_t slots = (kPageBytes - sizeof(Page)) / (layout.stride + 1);
  while (slots > kSlotsLeast &&
         rows_offset(slots, layout.align) + slots * layout.stride > kPageBytes)
    --slots;
  return std::clamp<std::size_t>(slots, kSlotsLeast, 0xffff);
}

/// Linear probing stays short up to this; one slot is always free, so that probing ends.
std::size_t count_limit(std::size_t slots) {
  return slots - std::max<std::size_t>(1, slots / 6);
}

bool is_full(PageRef ref) {
  return ref.page->count >= count_limit(ref.slots);
}

/// Bit `depth` of a position, counted from the front.
bool next_bit(std::uint32_t fraction, std::uint8_t depth) {
  return (fraction >> (31 - depth) & 1) != 0;
}

}  // namespace

RowLayout RowLayout::make(const Type& key, std::uint64_t (*hash_key)(const void*),
                          const std::vector<const Type*>& columns, bool with_stamps) {
  RowLayout layout;
  layout.key = &key;
  layout.hash_key = hash_key;
  layout.align = key.align;
  layout.trivial = key.trivial;
  std::size_t end = key.size;
  for (const Type* type : columns) {
    const std::size_t offset = round_up(end, type->align);
    layout.columns.push_back({type, offset});
    layout.align = std::max(layout.align, type->align);
    layout.trivial = layout.trivial && type->trivial;
    end = offset + type->size;
  }
  layout.stamps_offset = end;
  layout.presence_offset = end + (with_stamps ? columns.size() * sizeof(std::uint32_t) : 0);
  layout.presence_bytes = columns.size() > 1 || with_stamps ? (columns.size() + 7) / 8 : 0;
  const std::size_t mark_bytes = with_stamps ? 1 : 0;
  layout.status_bytes = layout.presence_offset + layout.presence_bytes + mark_bytes - end;
  layout.stride = round_up(end + layout.status_bytes, layout.align);
  return layout;
}

RowTable::RowTable(RowLayout layout, KeyGroupRange range, std::uint32_t max_parallelism)
    : layout_{std::move(layout)},
      range_{range},
      max_parallelism_{max_parallelism},
      slots_max_{full_sized_slots(layout_)},
      groups_(range.size()) {
  WEIR_ASSERT(range.begin < range.end && range.end <= max_parallelism, "key groups out of range");
  WEIR_ASSERT(layout_.align <= kPageAlign, "over-aligned types cannot be keyed state");
  for (Group& group : groups_) group.directory.resize(1);
}

RowTable::~RowTable() {
  clear();
  for (Snapshot& snapshot : snapshots_) {
    for (const PageRef ref : snapshot.retired) free_page(ref, true);
  }
  free_spare_pages();
}

void RowTable::clear() {
  for (Group& group : groups_) {
    PageRef previous;
    for (const PageRef head : group.directory) {
      if (head == previous) continue;
      previous = head;
      for (PageRef ref = head; ref;) {
        const PageRef next = ref.page->overflow;
        retire(ref);
        ref = next;
      }
    }
    group = Group{.directory = std::vector<PageRef>(1)};
  }
  rows_ = 0;
  free_spare_pages();
}

char* RowTable::insert(std::uint64_t hash) {
  PageRef ref = *home(hash);
  while (ref && is_full(ref) && ref.page->overflow) ref = ref.page->overflow;
  if (!ref || is_full(ref)) {
    make_room(hash, ref);
    return insert(hash);
  }
  if (is_frozen(ref)) ref = thaw(hash, ref);
  ++rows_;
  char* row = claim_slot(ref, hash);
  std::memset(row + layout_.stamps_offset, 0, layout_.status_bytes);
  return row;
}

/// Makes sure that the next insertion of `hash` finds a free slot. `last` is the last page of its
/// chain and full, or null when there is none yet.
void RowTable::make_room(std::uint64_t hash, PageRef last) {
  if (!last) {
    replace(hash, {}, new_page(std::min(kSlotsFirst, slots_max_), 0));
    return;
  }
  if (last.slots < slots_max_) {
    const PageRef larger =
        new_page(std::min<std::size_t>(last.slots * 2UL, slots_max_), last.page->depth);
    PageRef to = larger;
    move_rows(last, to, to);
    replace(hash, last, larger);
    is_frozen(last) ? retire(last) : free_page(last, false);
    return;
  }
  if (shared_bits(*home(hash), hash) < kDepthMax) {
    split(hash);
  } else {
    if (is_frozen(last)) last = thaw(hash, last);
    last.page->overflow = new_page(slots_max_, last.page->depth);
  }
}

/// How many leading position bits the rows of a chain share with each other and with `hash`.
int RowTable::shared_bits(PageRef head, std::uint64_t hash) const {
  const std::uint32_t fraction = key_position(hash, max_parallelism_).fraction;
  std::uint32_t differing = 0;
  for_each_row(head, layout_.stride, [&](const char* row) {
    differing |= key_position(layout_.hash_key(row), max_parallelism_).fraction ^ fraction;
  });
  return std::countl_zero(differing);
}

/// Splits the page that `hash` belongs to, and what is chained to it, by the next position bit. One
/// half may stay empty: rows that come in the order of their positions (out of a snapshot) fill the
/// other first.
void RowTable::split(std::uint64_t hash) {
  Group& group = groups_[key_position(hash, max_parallelism_).group - range_.begin];
  const PageRef head = *home(hash);
  const std::uint8_t bit = head.page->depth;
  if (bit == 32 - group.shift) {  // double the directory: each entry stands twice
    std::vector<PageRef> doubled(group.directory.size() * 2);
    for (std::size_t i = 0; i < doubled.size(); ++i) doubled[i] = group.directory[i / 2];
    group.directory = std::move(doubled);
    --group.shift;
  }
  const PageRef zero = new_page(slots_max_, static_cast<std::uint8_t>(bit + 1));
  const PageRef one = new_page(slots_max_, static_cast<std::uint8_t>(bit + 1));
  const unsigned entries_log2 = 32 - group.shift - bit;  // entries that point to `head`
  const auto at = static_cast<std::size_t>(home(hash) - group.directory.data());
  const auto first =
      group.directory.begin() + static_cast<std::ptrdiff_t>(at >> entries_log2 << entries_log2);
  const std::ptrdiff_t half = std::ptrdiff_t{1} << entries_log2 >> 1;
  std::fill_n(first, half, zero);
  std::fill_n(first + half, half, one);
  PageRef zero_last = zero;
  PageRef one_last = one;
  for (PageRef from = head; from;) {
    const PageRef next = from.page->overflow;
    move_rows(from, zero_last, one_last);
    is_frozen(from) ? retire(from) : free_page(from, false);
    from = next;
  }
}

/// Brings the rows of `from` into `zero` and `one`, the last pages of two chains, by their next
/// position bit: copies them if a snapshot sees `from`, else moves them and leaves `from` without
/// rows.
void RowTable::move_rows(PageRef from, PageRef& zero, PageRef& one) {
  const bool shared = is_frozen(from);
  for (std::uint32_t slot = 0; slot < from.slots; ++slot) {
    if (from.tags()[slot] == Page::kFree) continue;
    char* row = from.row(slot, layout_.stride);
    const std::uint64_t hash = layout_.hash_key(row);
    const std::uint32_t fraction = key_position(hash, max_parallelism_).fraction;
    PageRef& last = next_bit(fraction, from.page->depth) ? one : zero;
    if (is_full(last)) {
      last.page->overflow = new_page(slots_max_, last.page->depth);
      last = last.page->overflow;
    }
    char* to = claim_slot(last, hash);
    shared ? copy_row(to, row) : relocate_row(to, row);
  }
}

char* RowTable::claim_slot(PageRef ref, std::uint64_t hash) const {
  std::uint32_t slot = ref.home_of(hash);
  while (ref.tags()[slot] != Page::kFree) {
    if (++slot == ref.slots) slot = 0;
  }
  ref.tags()[slot] = Page::tag_of(hash);
  ++ref.page->count;
  return ref.row(slot, layout_.stride);
}

/// Replaces a page that a snapshot can see by a private copy with the same slots.
PageRef RowTable::thaw(std::uint64_t hash, PageRef ref) {
  const PageRef copy = new_page(ref.slots, ref.page->depth);
  copy.page->count = ref.page->count;
  copy.page->overflow = ref.page->overflow;
  std::memcpy(copy.tags(), ref.tags(), ref.slots);
  if (layout_.trivial) {
    std::memcpy(copy.row(0, layout_.stride), ref.row(0, layout_.stride),
                ref.slots * layout_.stride);
  } else {
    for (std::uint32_t slot = 0; slot < ref.slots; ++slot) {
      if (ref.tags()[slot] != Page::kFree)
        copy_row(copy.row(slot, layout_.stride), ref.row(slot, layout_.stride));
    }
  }
  replace(hash, ref, copy);
  retire(ref);
  return copy;
}

/// Makes everything that refers to `old` refer to `with`: its directory entries, or its predecessor
/// in a chain, which is thawed first if a snapshot can see it. A null `old` stands for one entry.
void RowTable::replace(std::uint64_t hash, PageRef old, PageRef with) {
  Group& group = groups_[key_position(hash, max_parallelism_).group - range_.begin];
  PageRef* const entry = home(hash);
  if (!old) {
    with.page->depth = static_cast<std::uint8_t>(32 - group.shift);
    *entry = with;
    return;
  }
  if (*entry == old) {
    PageRef* const begin = group.directory.data();
    PageRef* const end = begin + group.directory.size();
    for (PageRef* e = entry; e < end && *e == old; ++e) *e = with;
    for (PageRef* e = entry; e > begin && e[-1] == old; --e) e[-1] = with;
    return;
  }
  PageRef predecessor = *entry;
  while (!(predecessor.page->overflow == old)) predecessor = predecessor.page->overflow;
  if (is_frozen(predecessor)) predecessor = thaw(hash, predecessor);
  predecessor.page->overflow = with;
}

void RowTable::erase(std::uint64_t hash, char* row) {
  PageRef ref = *home(hash);
  const auto holds = [&](PageRef r) {
    return row >= r.row(0, layout_.stride) && row < r.row(r.slots, layout_.stride);
  };
  while (!holds(ref)) ref = ref.page->overflow;
  WEIR_ASSERT(!is_frozen(ref), "a row was erased that is not writable");
  destroy_row(row);
  auto hole = static_cast<std::uint32_t>(
      static_cast<std::size_t>(row - ref.row(0, layout_.stride)) / layout_.stride);
  ref.tags()[hole] = Page::kFree;
  --ref.page->count;
  --rows_;
  // Close the gap: move back each following row whose home does not lie behind the hole.
  for (std::uint32_t slot = hole;;) {
    if (++slot == ref.slots) slot = 0;
    if (ref.tags()[slot] == Page::kFree) break;
    const std::uint32_t wanted = ref.home_of(layout_.hash_key(ref.row(slot, layout_.stride)));
    const bool stays =
        hole <= slot ? (hole < wanted && wanted <= slot) : (hole < wanted || wanted <= slot);
    if (stays) continue;
    relocate_row(ref.row(hole, layout_.stride), ref.row(slot, layout_.stride));
    ref.tags()[hole] = std::exchange(ref.tags()[slot], Page::kFree);
    hole = slot;
  }
  if (ref.page->count == 0 && !ref.page->overflow && *home(hash) == ref) {
    replace(hash, ref, {});
    free_page(ref, false);
  }
}

FrozenRows RowTable::freeze() {
  FrozenRows frozen;
  frozen.layout_ = &layout_;
  frozen.range_ = range_;
  frozen.rows_ = rows_;
  frozen.version_ = version_;
  std::size_t entries = 0;
  for (const Group& group : groups_) entries += group.directory.size();
  frozen.pages_.reserve(entries);
  frozen.begins_.reserve(groups_.size() + 1);
  for (const Group& group : groups_) {
    frozen.begins_.push_back(frozen.pages_.size());
    frozen.pages_.insert(frozen.pages_.end(), group.directory.begin(), group.directory.end());
  }
  frozen.begins_.push_back(frozen.pages_.size());
  snapshots_.push_back({version_, {}});
  cow_below_ = ++version_;
  return frozen;
}

void RowTable::release(FrozenRows frozen) {
  const auto at = std::find_if(snapshots_.begin(), snapshots_.end(),
                               [&](const Snapshot& s) { return s.version == frozen.version_; });
  WEIR_ASSERT(at != snapshots_.end(), "a snapshot was released twice or by another table");
  Snapshot* const older = at == snapshots_.begin() ? nullptr : &*std::prev(at);
  for (const PageRef ref : at->retired) {
    if (older != nullptr && ref.version <= older->version)
      older->retired.push_back(ref);
    else
      spare_page(ref);
  }
  snapshots_.erase(at);
  cow_below_ = snapshots_.empty() ? 0 : snapshots_.back().version + 1;
}

PageRef RowTable::new_page(std::size_t slots, std::uint8_t depth) {
  const std::size_t offset = rows_offset(slots, layout_.align);
  const std::size_t bytes = offset + slots * layout_.stride;
  void* memory = nullptr;
  if (slots == slots_max_ && !spare_.empty()) {
    memory = spare_.back();
    spare_.pop_back();
  } else {
    memory = ::operator new (bytes, std::align_val_t{kPageAlign});
  }
  const PageRef ref{.page = ::new (memory) Page{.overflow = {}, .count = 0, .depth = depth},
                    .version = version_,
                    .slots = static_cast<std::uint16_t>(slots),
                    .rows_offset = static_cast<std::uint16_t>(offset)};
  std::memset(ref.tags(), Page::kFree, slots);
  page_bytes_ += bytes;
  return ref;
}

/// Takes a page with its rows out of use: frees it, or leaves that to the newest snapshot.
void RowTable::retire(PageRef ref) {
  if (is_frozen(ref))
    snapshots_.back().retired.push_back(ref);
  else
    free_page(ref, true);
}

void RowTable::free_page(PageRef ref, bool destroy_rows) {
  give_up(ref, destroy_rows);
  ::operator delete (static_cast<void*>(ref.page), std::align_val_t{kPageAlign});
}

/// Keeps the memory of a page that a snapshot has given back for a page that the next one takes. A
/// snapshot gives back all of its pages at once: freeing them one by one takes milliseconds.
void RowTable::spare_page(PageRef ref) {
  if (ref.slots != slots_max_) return free_page(ref, true);
  give_up(ref, true);
  spare_.push_back(ref.page);
}

void RowTable::free_spare_pages() {
  for (void* page : spare_) ::operator delete (page, std::align_val_t{kPageAlign});
  spare_.clear();
}

void RowTable::give_up(PageRef ref, bool destroy_rows) {
  if (destroy_rows && !layout_.trivial) {
    for (std::uint32_t slot = 0; slot < ref.slots; ++slot) {
      if (ref.tags()[slot] != Page::kFree) destroy_row(ref.row(slot, layout_.stride));
    }
  }
  page_bytes_ -= bytes_of(ref);
}

std::size_t RowTable::bytes_of(PageRef ref) const {
  return ref.rows_offset + ref.slots * layout_.stride;
}

void RowTable::destroy_row(char* row) const {
  if (layout_.trivial) return;
  for (std::size_t i = 0; i < layout_.columns.size(); ++i) {
    if (layout_.has(row, i)) layout_.columns[i].type->destroy(row + layout_.columns[i].offset);
  }
  layout_.key->destroy(row);
}

void RowTable::copy_row(char* to, const char* from) const {
  if (layout_.trivial) {
    std::memcpy(to, from, layout_.stride);
    return;
  }
  layout_.key->copy(to, from);
  std::memcpy(to + layout_.stamps_offset, from + layout_.stamps_offset, layout_.status_bytes);
  for (std::size_t i = 0; i < layout_.columns.size(); ++i) {
    const auto& column = layout_.columns[i];
    if (layout_.has(from, i)) column.type->copy(to + column.offset, from + column.offset);
  }
}

void RowTable::relocate_row(char* to, char* from) const {
  if (layout_.trivial) {
    std::memcpy(to, from, layout_.stride);
    return;
  }
  layout_.key->relocate(to, from);
  std::memcpy(to + layout_.stamps_offset, from + layout_.stamps_offset, layout_.status_bytes);
  for (std::size_t i = 0; i < layout_.columns.size(); ++i) {
    const auto& column = layout_.columns[i];
    if (layout_.has(from, i)) column.type->relocate(to + column.offset, from + column.offset);
  }
}

}  // namespace weir::detail
