// A split of numbers that come slowly: a few each ten milliseconds.
#pragma once

#include <weir/source.hpp>

#include <chrono>

namespace weir::test {

/// Numbers from `next` below `end`, five at a time. The position is the next one.
class Numbers final : public SplitReader<int, int> {
public:
  Numbers(int next, int end) : next_{next}, end_{end} {}

  Poll poll(Emit<int>& out) override {
    for (int i = 0; i < 5 && next_ < end_; ++i) out(next_++);
    if (next_ == end_) return End{};
    return Later{std::chrono::milliseconds{10}};
  }
  int position() const override { return next_; }

private:
  int next_;
  int end_;
};

}  // namespace weir::test
