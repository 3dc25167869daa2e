// LateRecords: where records go that come too late: to a side output, or nowhere, which is counted.
#pragma once

#include <weir/metrics.hpp>
#include <weir/side_output.hpp>

#include <string_view>

namespace weir::detail {

/// The metric that counts late records that nobody reads.
inline constexpr std::string_view kLateRecordsDropped = "numLateRecordsDropped";

/// See the file comment.
template <class T>
class LateRecords {
public:
  /// `dropped` must outlive it.
  LateRecords(StateOwner& owner, std::string_view side, Counter& dropped)
      : side_{owner, side}, dropped_{dropped} {}

  void operator()(const T& record) {
    if (!side_.is_read()) return dropped_.add();
    side_(record);
  }

private:
  SideOutput<T> side_;
  Counter& dropped_;
};

}  // namespace weir::detail
