// Watermarks: how far event time has come at some place, and where inside of a chain it begins.
#pragma once

#include <weir/time.hpp>

#include <cstddef>

namespace weir {
struct WatermarkAlignment;
}

namespace weir::detail {

/// How far event time has come. As a mark between the records of a channel it speaks of what comes
/// behind it.
struct Watermark {
  /// Nothing at or before this is expected any more. The least time there is: nothing is known.
  Timestamp time = Timestamp::min();
  /// Nothing is coming for now: nobody need wait for this place.
  bool is_idle = false;

  friend bool operator==(const Watermark&, const Watermark&) = default;
};

/// An operator where event time begins: it tells the time from the records that it has seen.
class TimeOrigin {
public:
  /// It reads from a source: from now on it follows each open split for itself, of which there are
  /// none yet. Splits are numbered as they are opened; when one is closed, later ones move up.
  virtual void follow_splits() = 0;
  virtual void open_split() = 0;
  /// The next records are of this split.
  virtual void select_split(std::size_t index) = 0;
  virtual void close_split(std::size_t index) = 0;

  /// Returns what the splits keep pace with, or null if they are read as they come.
  virtual const WatermarkAlignment* alignment() const = 0;
  /// Returns how far a split has come, by the records that it has been given, and whether it was
  /// idle when it was told last and has had none since.
  virtual Watermark split_time(std::size_t index) const = 0;
  /// The split is not being read from now on, or is again: meanwhile its silence means nothing.
  virtual void hold_split(std::size_t index, bool is_held) = 0;

  /// Returns how far it has come. `active` is time that passes only while records could come.
  virtual Watermark tell(Duration active) = 0;

protected:
  ~TimeOrigin() = default;
};

}  // namespace weir::detail
