// Handles: where the parts of a subtask's snapshot lie, and what a restore must know about them.
// Plain values; they travel in acknowledgements and are stored in a checkpoint's metadata.
#pragma once

#include "base/ids.hpp"

#include <weir/bytes.hpp>
#include <weir/detail/key_group.hpp>
#include <weir/detail/keyed_state.hpp>
#include <weir/detail/operator_state.hpp>
#include <weir/source.hpp>
#include <weir/time.hpp>

#include <string>
#include <vector>

namespace weir::state {

/// A named state as it was when it was written.
struct StateDescription {
  std::string name = {};
  detail::StateKind kind = detail::StateKind::value;
  std::string schema = {};

  friend bool operator==(const StateDescription&, const StateDescription&) = default;
};

/// The rows of one key group inside a stream.
struct GroupSlice {
  std::uint32_t group = 0;
  std::uint64_t offset = 0;  // bytes from the start of the stream
  std::uint64_t size = 0;    // bytes

  friend bool operator==(const GroupSlice&, const GroupSlice&) = default;
};

/// A file of a store (weir/detail/state_store.hpp) in a checkpoint.
struct NativeFile {
  std::string name = {};  // in the store
  std::string path = {};  // relative to the checkpoint; empty: inlined
  Bytes inlined = {};
  std::uint64_t size = 0;
  std::uint32_t crc = 0;   // CRC32C of all of it
  bool is_linked = false;  // it was there before this checkpoint

  friend bool operator==(const NativeFile&, const NativeFile&) = default;
};

/// What has changed in rows from one checkpoint to a later one (format:
/// docs/formats/snapshot-stream.md).
struct LogSegment {
  CheckpointId upto = {};               // the later one
  std::string path = {};                // of the file with the stream, relative to the checkpoint
  std::vector<GroupSlice> groups = {};  // ascending: those with changes
  bool is_linked = false;               // it was there before this checkpoint

  std::uint64_t size_bytes() const;
  /// Where the last slice of the stream ends.
  std::uint64_t stream_end() const;
  friend bool operator==(const LogSegment&, const LogSegment&) = default;
};

/// The keyed state of one operator on one subtask: as a stream of rows (format:
/// docs/formats/snapshot-stream.md), perhaps with a log of what has changed since that was written;
/// or as the files of the store that held it.
struct KeyedStateHandle {
  std::string operator_name = {};
  std::string key_schema = {};
  std::uint32_t max_parallelism = 0;
  std::vector<StateDescription> states = {};
  std::string path = {};  // of the file with the stream, relative to the checkpoint; empty: inlined
  Bytes inlined = {};     // the stream itself, if it is small
  /// Ascending: those with rows, those that only the log knows, with size 0; or of native state all
  /// that the subtask had.
  std::vector<GroupSlice> groups = {};
  std::uint64_t rows = 0;              // without the log; 0 if it is not known
  std::vector<NativeFile> files = {};  // if there are any, there is no stream
  std::vector<LogSegment> log = {};    // in their order; rows of a later one replace those before
  bool is_linked = false;              // the stream was there before this checkpoint

  bool is_native() const { return !files.empty(); }
  bool has_log() const { return !log.empty(); }
  /// Where the last slice of the stream ends.
  std::uint64_t stream_end() const;
  std::uint64_t size_bytes() const;
  /// Bytes that were written for this checkpoint.
  std::uint64_t written_bytes() const;
  /// Paths of all files, relative to the checkpoint.
  std::vector<std::string> paths() const;
  friend bool operator==(const KeyedStateHandle&, const KeyedStateHandle&) = default;
};

/// Elements of an operator state that lie together in a stream.
struct ElementBlock {
  std::uint64_t size = 0;  // bytes
  std::uint64_t elements = 0;

  friend bool operator==(const ElementBlock&, const ElementBlock&) = default;
};

/// A state of an operator on one subtask that belongs to no key (format:
/// docs/formats/snapshot-stream.md).
struct OperatorStateHandle {
  std::string operator_name = {};
  std::string name = {};
  detail::OperatorStateKind kind = detail::OperatorStateKind::list;
  std::string schema = {};  // of an element; of a map: of a pair
  std::string path = {};  // of the file with the stream, relative to the checkpoint; empty: inlined
  Bytes inlined = {};     // just the blocks of this state, if they are few
  std::uint64_t offset = 0;               // bytes from the start of the stream to the first block
  std::vector<ElementBlock> blocks = {};  // one behind the other

  std::uint64_t elements() const;
  std::uint64_t size_bytes() const;
  friend bool operator==(const OperatorStateHandle&, const OperatorStateHandle&) = default;
};

/// Where records were when a barrier overtook them. On disk: do not change.
enum class ChannelSide : std::uint8_t {
  received = 1,  ///< with their receiver, or on the way to it
  sent = 2,      ///< still with their sender: newer than those that their receiver had
};

/// Records of one edge to one receiver that the barrier of a checkpoint has overtaken, those of a
/// channel in their order (format: docs/formats/snapshot-stream.md).
struct ChannelStateHandle {
  std::string edge = {};  // its name in the plan
  std::uint32_t receiver = 0;
  ChannelSide side = ChannelSide::received;
  std::string schema = {};  // of a record
  std::string path = {};  // of the file with the stream, relative to the checkpoint; empty: inlined
  Bytes inlined = {};     // just the blocks of this handle, if they are few
  std::uint64_t offset = 0;                // bytes from the start of the stream
  std::vector<std::uint64_t> blocks = {};  // bytes of each in the stream; a batch each

  std::uint64_t size_bytes() const;
  friend bool operator==(const ChannelStateHandle&, const ChannelStateHandle&) = default;
};

/// How far a split has been read.
struct SplitPosition {
  Split split = {};
  std::optional<Bytes> position = {};  // encoded; none: not begun

  friend bool operator==(const SplitPosition&, const SplitPosition&) = default;
};

/// The open splits of a source on one subtask.
struct SourceState {
  std::string operator_name = {};
  std::string position_schema = {};
  std::vector<SplitPosition> splits = {};

  friend bool operator==(const SourceState&, const SourceState&) = default;
};

/// A prepared transaction, as its sink encoded it, and the checkpoint that it waits for.
struct PreparedTransaction {
  CheckpointId checkpoint = {};
  Bytes txn = {};

  friend bool operator==(const PreparedTransaction&, const PreparedTransaction&) = default;
};

/// The uncommitted transactions of a sink on one subtask.
struct SinkState {
  std::string operator_name = {};
  std::string txn_schema = {};
  std::vector<PreparedTransaction> transactions = {};  // in the order in which they were prepared

  friend bool operator==(const SinkState&, const SinkState&) = default;
};

/// All of a subtask's snapshot.
struct SubtaskState {
  std::vector<KeyedStateHandle> keyed = {};
  std::vector<SourceState> sources = {};
  std::vector<SinkState> sinks = {};
  bool is_finished = false;  // its inputs have ended and it has emitted everything
  std::vector<OperatorStateHandle> operators = {};
  std::vector<ChannelStateHandle> channels = {};
  /// How far event time had come on its input; the least time there is: nothing was known.
  Timestamp event_time = Timestamp::min();

  std::uint64_t size_bytes() const;
  /// Bytes of records that the barrier has overtaken.
  std::uint64_t overtaken_bytes() const;
  /// Bytes that were written for this checkpoint.
  std::uint64_t written_bytes() const;
  /// Paths of all files, relative to the checkpoint; some more than once.
  std::vector<std::string> paths() const;
  friend bool operator==(const SubtaskState&, const SubtaskState&) = default;
};

}  // namespace weir::state
