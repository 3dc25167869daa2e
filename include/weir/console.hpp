// Console: records on standard output, for looking at a stream.
#pragma once

#include <weir/detail/csv.hpp>
#include <weir/sink.hpp>

#include <memory>
#include <string>
#include <utility>

namespace weir::console {

namespace detail {

/// Writes whole lines to standard output; lines of different writers do not mix.
void write_out(const std::string& lines);

template <class T>
class Printer final : public Writer<T> {
public:
  explicit Printer(std::string prefix) : prefix_{std::move(prefix)} {}

  void write(const T& record) override {
    lines_ += prefix_;
    weir::detail::append_csv(record, lines_);
    lines_ += '\n';
    if (lines_.size() >= kBytes) flush();
  }
  void flush() override {
    write_out(lines_);
    lines_.clear();
  }

private:
  static constexpr std::size_t kBytes = 4096;

  std::string prefix_;
  std::string lines_;
};

}  // namespace detail

/// Prints each record as one line of comma-separated values behind `prefix`. What was printed
/// cannot be taken back, so after a failure some lines appear again.
template <class T>
Sink<T> print(std::string prefix = "") {
  return make_sink(
      [prefix = std::move(prefix)](const WriterContext&) {
        return std::make_unique<detail::Printer<T>>(prefix);
      },
      Delivery::repeatable);
}

}  // namespace weir::console
