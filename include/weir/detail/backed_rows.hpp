// BackedRows: makes a RowTable a cache in front of a StateStore. Rows are read from the store when
// they are asked for, and changes are written back when the budget is spent or a snapshot is taken.
//
// Each column of a row has a stamp (backed_cells.hpp): 0, nothing is known about it; 1, it is as in
// the store; else the epoch in which it changed. A column without a value may be changed, too: then
// its value was removed.
//
// A snapshot ends an epoch:
//
//   cut          in the subtask's turn: freezes the rows; reads from now on see the store as it is
//   begin_write  in the subtask's turn, when all earlier cuts are written
//   write        in the pool: writes what changed up to this epoch
//   on_written   in the subtask's turn: those changes are known to be in the store
//
// In between nothing else is written to the store, so that after `write` it holds exactly the
// state at the cut; rows with newer changes stay in memory meanwhile.
//
// Eviction is CLOCK: a hand goes round the pages and takes rows that were not used since it came
// by.
#pragma once

#include <weir/detail/backed_cells.hpp>
#include <weir/detail/row_table.hpp>
#include <weir/detail/stored_timers.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// Makes the stores of a process's operators.
class StateBackend {
public:
  struct Opened {
    std::unique_ptr<StateStore> store;
    std::size_t cache_bytes;  // for its rows in memory
    /// How many timers of each domain are in memory, and the order of the others in the store: in
    /// a column for each column that holds timers, behind all of them. 0: the order is in memory.
    std::size_t timers_max = 0;
  };

  virtual ~StateBackend() = default;

  /// Makes an empty store. Throws StoreError.
  virtual Opened open(std::string_view operator_name, const std::vector<StoreColumn>& columns) = 0;

  /// Makes a directory for the copy of a store. Throws StoreError.
  virtual std::unique_ptr<StoreDirectory> make_directory(std::string_view operator_name) = 0;
  /// Makes a directory with the same files as one of this kind. Throws StoreError.
  virtual std::unique_ptr<StoreDirectory> clone(StoreDirectory& files,
                                                std::string_view operator_name) = 0;
  /// Opens a complete copy of a store for reading. Throws StoreError.
  virtual std::unique_ptr<StoreView> read(std::unique_ptr<StoreDirectory> directory,
                                          const std::vector<StoreColumn>& columns) = 0;
};

/// A version of rows at the end of an epoch, and the changes that the store lacks.
struct RowsCut {
  FrozenRows rows = {};
  std::uint32_t epoch = 0;
  std::uint32_t written = 0;  // the newest epoch whose changes the store has
  std::vector<std::shared_ptr<const TimerChanges>> timers = {};  // that the store lacks
};

/// See the file comment. One thread at a time, but for `write`.
class BackedRows {
public:
  BackedRows(RowTable& table, std::vector<const BackedColumn*> columns,
             StateBackend::Opened opened);

  /// Keeps the timers of a column in their order, if the store does. Called before anything else.
  void store_timers(std::size_t column);
  /// Null if the timers of a column are in a queue in memory.
  StoredTimers* timers(std::size_t column);

  /// Makes sure that something is known about a column of a row that may be changed.
  void know(char* row, std::uint64_t hash, std::size_t column) {
    if (layout().stamp(row, column) == 0) load(row, hash, column);
  }
  /// A column is changed, or will be at once.
  void change(char* row, std::size_t column) { layout().set_stamp(row, column, epoch_); }

  /// Whether a column has ever been read for a row that lacked it: then others will be, too, and
  /// they had better be read together.
  bool is_read(std::size_t column) const { return is_read_[column]; }

  /// Takes note that row number `i` of a batch is needed, to be read by `read_noted`.
  void note(char* row, std::uint64_t hash, std::size_t column, std::size_t i);

  /// Reads `column` of all rows that were noted. `row_of(i)` finds row number i again.
  template <class RowOf>
  void read_noted(std::size_t column, RowOf&& row_of) {
    if (noted_.empty()) return;
    get_noted(column);
    for (std::size_t n = 0; n < noted_.size(); ++n) {
      if (values_[n]) put_value(row_of(noted_[n].row), column, *values_[n]);
    }
    noted_.clear();
    noted_keys_.clear();
  }

  /// Where the entries of a column of a row lie; valid until the next call of any method.
  StorePlace place_of(const char* row, std::uint64_t hash, std::size_t column);

  /// Writes and drops rows, if there are more than the budget allows. Row pointers are invalid
  /// then.
  void keep_budget() {
    if (table_.rows() > rows_max_) evict();
    if (cuts_ == 0) flush_timers();
  }

  RowsCut cut();
  void begin_write(RowsCut& cut) const { cut.written = written_; }
  void write(const RowsCut& cut) const;
  void on_written(const RowsCut& cut);

  /// Makes the store empty. Not between `cut` and `on_written`.
  void clear_store();
  /// Nobody needs the state any more: from now on, cuts are empty.
  void drop();
  bool is_dropped() const { return is_dropped_; }

  StateStore& store() { return *store_; }
  /// Files of the store that lie in a checkpoint, for whoever copies it. In the subtask's turn.
  StoredFiles& stored_files() { return stored_files_; }
  std::uint32_t epoch() const { return epoch_; }
  std::uint32_t written() const { return written_; }

private:
  const RowLayout& layout() const { return table_.layout(); }
  void load(char* row, std::uint64_t hash, std::size_t column);
  void put_value(char* row, std::size_t column, std::string_view bytes);
  void get_noted(std::size_t column);
  void evict();
  void flush_timers();
  bool may_go(char* row, StoreWrites& writes);
  bool save(const char* row, std::uint32_t written, StoreWrites& writes) const;
  void set_prefix(const char* row, std::uint64_t hash, ByteWriter& out) const;
  void resize_budget(std::size_t value_bytes);

  struct Noted {
    std::size_t row;       // its number in the batch
    std::size_t key_size;  // of its key in noted_keys_
  };

  RowTable& table_;
  const std::vector<const BackedColumn*> columns_;
  std::vector<bool> is_read_;  // by column
  const std::unique_ptr<StateStore> store_;
  const std::size_t budget_;  // bytes
  const std::size_t timers_max_;
  std::vector<std::unique_ptr<StoredTimers>>
      timers_;              // of the columns whose timers the store orders
  std::size_t rows_max_;    // that fit in it, as far as can be told
  double value_bytes_ = 0;  // of a value outside of its row, on average
  std::uint32_t epoch_ = 2;
  std::uint32_t written_ = 1;
  int cuts_ = 0;  // made and not written: until then, the store is held
  bool is_dropped_ = false;
  StoredFiles stored_files_;
  std::uint32_t hand_group_;  // where the hand of the clock is
  std::size_t hand_cursor_ = 0;
  ByteWriter prefix_;
  std::string value_;
  std::vector<Noted> noted_;
  std::string noted_keys_;                          // one after the other
  std::vector<std::optional<std::string>> values_;  // of the rows noted
};

}  // namespace weir::detail
