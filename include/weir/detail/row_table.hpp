// RowTable: the keyed state of one operator on one subtask, in memory. A row holds a key and one
// column per declared state. Lookups are inline templates on the key type; everything else works on
// bytes and lives in state/row_table.cpp.
//
// Structure: extendible hashing (Fagin, Nievergelt, Pippenger, Strong, 1979) inside each key group.
// A group's directory maps the leading bits of a row's position to a page of about 4 KiB; a page is
// a small open-addressing table with one tag byte a slot. A full page is split in two, so the table
// never stops to rehash, and walking the directories visits rows in key-group order.
//
// Snapshots: `freeze` copies the directories only. A page that a live snapshot can see is cloned
// before its first change (copy on write). When its last snapshot ends the old page becomes spare:
// the next snapshot's clones are made there.
//
// Invariants
//  - A page reachable from the directories with `version < cow_below_` is never written to.
//  - With one column a row exists exactly as long as that column holds a value. With several, a row
//    says which columns hold a value by one presence bit each. A row with stamps may hold none.
//  - Row pointers are valid until the next insertion, erasure, freeze or release.
// One thread at a time, except that frozen pages may be read from another thread until `release`.
#pragma once

#include <weir/detail/key_group.hpp>
#include <weir/detail/type.hpp>
#include <weir/hash.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace weir::detail {

/// Where the parts of a row lie.
struct RowLayout {
  struct Column {
    const Type* type;
    std::size_t offset;  // bytes from the start of the row
  };

  const Type* key = nullptr;                         // at offset 0
  std::uint64_t (*hash_key)(const void*) = nullptr;  // hash of the key of a row
  std::vector<Column> columns;
  std::size_t stamps_offset = 0;    // of the stamps, if rows have some; see BackedRows
  std::size_t presence_offset = 0;  // of the presence bits, which follow the stamps
  std::size_t presence_bytes = 0;   // 0 for a single column without stamps
  std::size_t status_bytes = 0;     // stamps, presence bits and mark, from stamps_offset on
  std::size_t stride = 0;           // bytes from row to row
  std::size_t align = 0;
  bool trivial = false;  // all parts may be copied byte by byte

  /// Rows with a stamp per column are a cache of rows that lie elsewhere; see BackedRows.
  static RowLayout make(const Type& key, std::uint64_t (*hash_key)(const void*),
                        const std::vector<const Type*>& columns, bool with_stamps = false);

  template <Key K>
  static RowLayout of(const std::vector<const Type*>& columns, bool with_stamps = false) {
    return make(
        type_of<K>(), [](const void* row) { return hash_of(*static_cast<const K*>(row)); }, columns,
        with_stamps);
  }

  std::uint32_t stamp(const char* row, std::size_t column) const {
    std::uint32_t stamp = 0;
    std::memcpy(&stamp, row + stamps_offset + column * sizeof stamp, sizeof stamp);
    return stamp;
  }
  void set_stamp(char* row, std::size_t column, std::uint32_t stamp) const {
    std::memcpy(row + stamps_offset + column * sizeof stamp, &stamp, sizeof stamp);
  }

  bool has(const char* row, std::size_t column) const {
    if (presence_bytes == 0) return true;
    return (row[presence_offset + column / 8] >> (column % 8) & 1) != 0;
  }
  /// The mark of a row with stamps: whether it was used since the last look.
  char& used(char* row) const { return row[stamps_offset + status_bytes - 1]; }

  void mark(char* row, std::size_t column, bool present) const {
    if (presence_bytes == 0) return;
    const auto bit = static_cast<char>(1 << (column % 8));
    char& byte = row[presence_offset + column / 8];
    byte = static_cast<char>(present ? byte | bit : byte & ~bit);
  }
  bool is_empty(const char* row) const {
    for (std::size_t i = 0; i < presence_bytes; ++i) {
      if (row[presence_offset + i] != 0) return false;
    }
    return presence_bytes != 0;
  }
};

struct Page;

/// A pointer to a page with what a lookup must know before it touches the page.
struct PageRef {
  Page* page = nullptr;
  std::uint32_t version = 0;  // the table's version when the page was made
  std::uint16_t slots = 0;
  std::uint16_t rows_offset = 0;  // bytes from the start of the page to its first row

  std::uint32_t home_of(std::uint64_t hash) const {
    return static_cast<std::uint32_t>((std::uint64_t{static_cast<std::uint32_t>(hash)} * slots) >>
                                      32);
  }
  inline std::uint8_t* tags() const;
  char* row(std::uint32_t slot, std::size_t stride) const {
    return reinterpret_cast<char*>(page) + rows_offset + slot * stride;
  }
  explicit operator bool() const { return page != nullptr; }
  friend bool operator==(const PageRef& a, const PageRef& b) { return a.page == b.page; }
};

/// The header of a page; tags and rows follow it in the same block of memory.
struct Page {
  PageRef overflow;         // rows that no split can separate continue there
  std::uint16_t count = 0;  // slots in use
  std::uint8_t depth = 0;   // leading position bits that all rows of this page share

  static constexpr std::uint8_t kFree = 0;

  static std::uint8_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint8_t>(0x80 | (hash & 0x7f));
  }
};

inline std::uint8_t* PageRef::tags() const {
  return reinterpret_cast<std::uint8_t*>(page + 1);
}

/// Calls `visit(row)` for each row of a page and of those chained to it.
template <class Visit>
void for_each_row(PageRef ref, std::size_t stride, Visit&& visit) {
  // Eight tags at once: a branch for each slot would be guessed wrong at every third of them.
  constexpr std::uint64_t kUsed = 0x8080808080808080;  // the bit that tells a tag from kFree
  for (; ref; ref = ref.page->overflow) {
    for (std::uint32_t slot = 0; slot < ref.slots; slot += 8) {
      std::uint64_t used = 0;
      std::memcpy(&used, ref.tags() + slot, sizeof used);  // the last ones may be bytes of rows
      used &= kUsed;
      if (ref.slots - slot < 8) used &= ~(~std::uint64_t{0} << 8 * (ref.slots - slot));
      for (; used != 0; used &= used - 1) {
        const std::uint32_t at = slot + static_cast<std::uint32_t>(std::countr_zero(used)) / 8;
        visit(static_cast<const char*>(ref.row(at, stride)));
      }
    }
  }
}

/// Asks the processor to load a page that is walked next: pages lie anywhere in memory, so that it
/// cannot guess.
inline void prefetch_page(PageRef ref, std::size_t stride) {
  constexpr std::size_t kLine = 64;
  const char* const begin = reinterpret_cast<const char*>(ref.page);
  const char* const end = ref ? ref.row(ref.slots, stride) : begin;
  for (const char* line = begin; line < end; line += kLine) __builtin_prefetch(line, 0, 2);
}

/// A version of a table that stays as it was when `RowTable::freeze` made it. It is given back with
/// `RowTable::release`; it must not be read after its table is gone.
class FrozenRows {
public:
  /// Calls `visit(row)` for each row of key group `group`, which must lie in the table's range.
  template <class Visit>
  void for_each(std::uint32_t group, Visit&& visit) const {
    PageRef previous;
    const std::size_t end = begins_[group - range_.begin + 1];
    for (std::size_t i = begins_[group - range_.begin]; i < end; ++i) {
      if (pages_[i] == previous) continue;  // several directory entries may share a page
      previous = pages_[i];
      if (i + 1 < end) prefetch_page(pages_[i + 1], layout_->stride);
      for_each_row(previous, layout_->stride, visit);
    }
  }

  /// Returns the pages of key group `group` in the order of their rows' positions: a power of two,
  /// some of them null, neighbours perhaps the same. A page that two versions of a table have in
  /// common has the same rows in both.
  std::span<const PageRef> directory(std::uint32_t group) const {
    const std::size_t begin = begins_[group - range_.begin];
    return {pages_.data() + begin, begins_[group - range_.begin + 1] - begin};
  }

  const RowLayout& layout() const { return *layout_; }
  KeyGroupRange range() const { return range_; }
  std::size_t rows() const { return rows_; }

private:
  friend class RowTable;

  const RowLayout* layout_ = nullptr;
  KeyGroupRange range_;
  std::vector<PageRef> pages_;       // the directories of all groups, one after the other
  std::vector<std::size_t> begins_;  // where each group's directory starts in pages_; and the end
  std::size_t rows_ = 0;
  std::uint32_t version_ = 0;
};

/// See the file comment.
class RowTable {
public:
  RowTable(RowLayout layout, KeyGroupRange range, std::uint32_t max_parallelism);
  ~RowTable();
  RowTable(const RowTable&) = delete;
  RowTable& operator=(const RowTable&) = delete;

  /// Returns the key's row for reading, or null.
  template <Key K>
  const char* find(std::uint64_t hash, const K& key) const {
    for (PageRef ref = *home(hash); ref; ref = ref.page->overflow) {
      const std::uint32_t slot = probe(ref, hash, key);
      if (slot != kNone) return ref.row(slot, layout_.stride);
    }
    return nullptr;
  }

  /// Returns the key's row for writing, or null.
  template <Key K>
  char* find_writable(std::uint64_t hash, const K& key) {
    for (PageRef ref = *home(hash); ref; ref = ref.page->overflow) {
      const std::uint32_t slot = probe(ref, hash, key);
      if (slot == kNone) continue;
      if (ref.version < cow_below_) ref = thaw(hash, ref);
      return ref.row(slot, layout_.stride);
    }
    return nullptr;
  }

  /// Returns the key's row for writing, and whether it is new. A new row holds the key and no
  /// column; with a single column the caller must construct that at once.
  template <Key K>
  std::pair<char*, bool> upsert(std::uint64_t hash, const K& key) {
    if (char* row = find_writable(hash, key)) return {row, false};
    char* row = insert(hash);
    ::new (row) K(key);
    return {row, true};
  }

  /// Asks the processor to load what a lookup of `hash` will touch first.
  void prefetch(std::uint64_t hash) const {
    const PageRef& ref = *home(hash);
    if (!ref) return;
    const std::uint32_t slot = ref.home_of(hash);
    __builtin_prefetch(ref.tags() + slot);
    __builtin_prefetch(ref.row(slot, layout_.stride));
  }

  /// Destroys a row that `find_writable` or `upsert` returned, with its key and columns.
  void erase(std::uint64_t hash, char* row);

  /// Destroys all rows.
  void clear();

  /// Makes a version that later changes leave alone. Copies one pointer a page.
  FrozenRows freeze();
  void release(FrozenRows frozen);

  /// Calls `visit(row)` for rows of `group` from directory entry `cursor` on, about one page, and
  /// returns the next cursor, or 0 when the group is done. For walks that pause between calls; the
  /// table must not change meanwhile.
  template <class Visit>
  std::size_t visit_page(std::uint32_t group, std::size_t cursor, Visit&& visit) const {
    const Group& g = groups_[group - range_.begin];
    const PageRef ref = g.directory[cursor];
    for_each_row(ref, layout_.stride, visit);
    do ++cursor;
    while (cursor < g.directory.size() && g.directory[cursor] == ref);
    return cursor == g.directory.size() ? 0 : cursor;
  }

  /// Like `visit_page`, but for rows that may be changed, and erases those for which `may_go(row)`
  /// is true. Leaves pages alone that a snapshot can see, and those chained to another.
  template <class Predicate>
  std::size_t prune_page(std::uint32_t group, std::size_t cursor, Predicate&& may_go) {
    const Group& g = groups_[group - range_.begin];
    const PageRef ref = g.directory[cursor];
    std::size_t next = cursor;
    do ++next;
    while (next < g.directory.size() && g.directory[next] == ref);
    if (ref && !is_frozen(ref)) prune(ref, may_go);
    return next == g.directory.size() ? 0 : next;
  }

  /// Makes a private copy of the page that `prune_page` looks at with the same arguments, if a
  /// snapshot can see it and `is_due(row)` is true for any of its rows.
  template <class Predicate>
  void thaw_page(std::uint32_t group, std::size_t cursor, Predicate&& is_due) {
    const PageRef ref = groups_[group - range_.begin].directory[cursor];
    if (!ref || !is_frozen(ref)) return;
    const char* due = nullptr;
    for_each_row(ref, layout_.stride, [&](const char* row) {
      if (due == nullptr && is_due(row)) due = row;
    });
    if (due != nullptr) thaw(layout_.hash_key(due), ref);
  }

  const RowLayout& layout() const { return layout_; }
  KeyGroupRange range() const { return range_; }
  std::uint32_t max_parallelism() const { return max_parallelism_; }
  std::size_t rows() const { return rows_; }
  /// Memory taken by pages, frozen ones included, without what rows own outside their page and
  /// without what is kept for the next snapshot.
  std::size_t page_bytes() const { return page_bytes_; }

private:
  static constexpr std::uint32_t kNone = ~0U;

  struct Group {
    std::vector<PageRef> directory;  // 2^depth entries; null where no row has been
    unsigned shift = 32;             // 32 - depth: from a position to its directory entry
  };
  struct Snapshot {
    std::uint32_t version;         // pages up to this version belong to it
    std::vector<PageRef> retired;  // pages replaced while this was the newest snapshot
  };

  const PageRef* home(std::uint64_t hash) const {
    const KeyPosition at = key_position(hash, max_parallelism_);
    const Group& group = groups_[at.group - range_.begin];
    return &group.directory[std::uint64_t{at.fraction} >> group.shift];
  }
  PageRef* home(std::uint64_t hash) {
    return const_cast<PageRef*>(static_cast<const RowTable*>(this)->home(hash));
  }

  /// Returns the slot of `key` in a page, or kNone.
  template <Key K>
  std::uint32_t probe(const PageRef& ref, std::uint64_t hash, const K& key) const {
    const std::uint8_t tag = Page::tag_of(hash);
    const std::uint8_t* tags = ref.tags();
    for (std::uint32_t slot = ref.home_of(hash);;) {
      if (tags[slot] == tag && *reinterpret_cast<const K*>(ref.row(slot, layout_.stride)) == key)
        return slot;
      if (tags[slot] == Page::kFree) return kNone;
      if (++slot == ref.slots) slot = 0;
    }
  }

  template <class Predicate>
  void prune(PageRef ref, Predicate&& may_go) {
    for (std::uint32_t slot = 0; slot < ref.slots;) {
      char* row = ref.row(slot, layout_.stride);
      if (ref.tags()[slot] == Page::kFree || !may_go(row)) {
        ++slot;
        continue;
      }
      const bool ends_page = ref.page->count == 1 && !ref.page->overflow;
      erase(layout_.hash_key(row), row);  // another row may take its slot
      if (ends_page) return;              // the page went with it
    }
  }

  char* insert(std::uint64_t hash);
  PageRef thaw(std::uint64_t hash, PageRef ref);
  void make_room(std::uint64_t hash, PageRef last);
  int shared_bits(PageRef head, std::uint64_t hash) const;
  void split(std::uint64_t hash);
  void replace(std::uint64_t hash, PageRef old, PageRef with);
  char* claim_slot(PageRef ref, std::uint64_t hash) const;
  void move_rows(PageRef from, PageRef& zero, PageRef& one);
  PageRef new_page(std::size_t slots, std::uint8_t depth);
  bool is_frozen(PageRef ref) const { return ref.version < cow_below_; }
  void retire(PageRef ref);
  void free_page(PageRef ref, bool destroy_rows);
  void spare_page(PageRef ref);
  void free_spare_pages();
  void give_up(PageRef ref, bool destroy_rows);
  std::size_t bytes_of(PageRef ref) const;
  void destroy_row(char* row) const;
  void copy_row(char* to, const char* from) const;
  void relocate_row(char* to, char* from) const;

  const RowLayout layout_;
  const KeyGroupRange range_;
  const std::uint32_t max_parallelism_;
  const std::size_t slots_max_;  // slots of a full-sized page
  std::vector<Group> groups_;
  std::vector<Snapshot> snapshots_;  // live ones, oldest first
  std::vector<void*> spare_;         // memory of full-sized pages that nobody uses
  std::uint32_t version_ = 1;        // of pages made now
  std::uint32_t cow_below_ = 0;      // pages with a lower version are visible to a snapshot
  std::size_t rows_ = 0;
  std::size_t page_bytes_ = 0;
};

}  // namespace weir::detail
