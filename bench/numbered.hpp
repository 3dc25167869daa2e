// A source of records that are made from their numbers: each once, in order, in one split.
#pragma once

#include <weir/source.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {

/// Reads `make(0)` to `make(count - 1)`. Position: the number of the next one.
template <class Make>
class NumberedReader final
    : public weir::SplitReader<std::invoke_result_t<const Make&, std::uint64_t>, std::uint64_t> {
  using T = std::invoke_result_t<const Make&, std::uint64_t>;

public:
  NumberedReader(std::uint64_t next, std::uint64_t count, Make make)
      : next_{next}, count_{count}, make_{std::move(make)} {}

  weir::Poll poll(weir::Emit<T>& out) override {
    constexpr std::uint64_t kPerPoll = 1024;
    const std::uint64_t end = std::min(count_, next_ + kPerPoll);
    for (; next_ < end; ++next_) out(make_(next_));
    if (next_ == count_) return weir::End{};
    return weir::Ready{};
  }
  std::uint64_t position() const override { return next_; }

private:
  std::uint64_t next_;
  std::uint64_t count_;
  Make make_;
};

/// See the file comment.
template <class Make>
auto numbered(std::uint64_t count, Make make) {
  return weir::make_source([] { return std::vector<weir::Split>{{"all"}}; },
                           [=](const weir::Split&, std::optional<std::uint64_t> next) {
                             return std::make_unique<NumberedReader<Make>>(next.value_or(0), count,
                                                                           make);
                           });
}

}  // namespace bench
