// Side outputs: streams of other records that an operator emits beside its main one.
//
// A side output is a member of a process class, like state:
//
//   class Parser final : public weir::Process<std::string, Order> {
//     ...
//     weir::SideOutput<std::string> broken_{*this, "broken"};
//   };
//
//   const auto orders = lines.process<Parser>("parse");
//   orders.side<std::string>("broken").sink("broken-lines", ...);
#pragma once

#include <weir/detail/side_output.hpp>
#include <weir/emit.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// A stream of records of type T beside the main one of an operator. What is emitted has the time
/// of the record, or of the event timer, that is handled. Valid only while the operator handles
/// one. If nobody reads it, it costs nothing and its records are dropped.
template <class T>
class SideOutput : private detail::SideOutputHandle {
  static_assert(detail::RecordCheck<T>::ok);

public:
  /// `name` is unique among the side outputs of its owner.
  SideOutput(StateOwner& owner, std::string_view name)
      : detail::SideOutputHandle{owner, {std::string{name}, schema<T>()}} {}

  /// Whether anybody reads it.
  bool is_read() const { return is_connected(); }

  /// Passes a record on.
  void operator()(T record) {
    if (!is_connected()) return;
    emit_.set_time(time());
    emit_(std::move(record));
  }

private:
  void connect_to(detail::BatchConsumer* next) override { emit_.connect(next); }
  void flush() override { emit_.flush(); }

  Emit<T> emit_;
};

}  // namespace weir
