#include <weir/generator.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

namespace weir::generator {
namespace {

constexpr std::int64_t kNumbersPerPoll = 1024;

/// Position: the next number.
class SequenceReader final : public SplitReader<std::int64_t, std::int64_t> {
public:
  SequenceReader(std::int64_t next, std::int64_t end, double rate, const Clock& clock)
      : next_{next}, end_{end}, rate_{rate}, clock_{clock}, began_{clock.monotonic()} {}

  Poll poll(Emit<std::int64_t>& out) override {
    std::int64_t allowed = kNumbersPerPoll;
    if (rate_ > 0) {
      const double elapsed = std::chrono::duration<double>{clock_.monotonic() - began_}.count();
      const auto due = static_cast<std::int64_t>(elapsed * rate_) + 1;
      allowed = std::min(allowed, due - emitted_);
      if (allowed <= 0) {
        const double next_at = static_cast<double>(emitted_) / rate_;
        return Later{std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>{std::max(next_at - elapsed, 1e-6)})};
      }
    }
    const std::int64_t end = std::min(end_, next_ + allowed);
    emitted_ += end - next_;
    for (; next_ < end; ++next_) out(next_);
    if (next_ == end_) return End{};
    return Ready{};
  }

  std::int64_t position() const override { return next_; }

private:
  std::int64_t next_;
  std::int64_t end_;
  double rate_;  // of this split
  const Clock& clock_;
  Duration began_;
  std::int64_t emitted_ = 0;  // since then
};

}  // namespace

Source<std::int64_t> sequence(std::int64_t first, std::int64_t last, Options options) {
  // A split is "FIRST-LAST/COUNT": its range, and how many share the rate.
  return make_source(
      [first, last](const SourceContext& context) {
        std::vector<Split> splits;
        const std::int64_t count = std::max<std::int64_t>(last - first, 0);
        const std::int64_t parts = std::max<std::int64_t>(context.parallelism, 1);
        for (std::int64_t i = 0; i < parts; ++i) {
          const std::int64_t begin = first + count / parts * i + std::min(i, count % parts);
          const std::int64_t end = begin + count / parts + (i < count % parts ? 1 : 0);
          if (begin < end)
            splits.push_back(
                {std::to_string(begin) + ":" + std::to_string(end) + "/" + std::to_string(parts)});
        }
        return splits;
      },
      [options](const Split& split, const std::optional<std::int64_t>& position,
                const SourceContext& context) {
        const std::size_t colon = split.id.find(':');
        const std::size_t slash = split.id.find('/');
        const std::int64_t begin = std::stoll(split.id.substr(0, colon));
        const std::int64_t end = std::stoll(split.id.substr(colon + 1, slash - colon - 1));
        const double parts = std::stod(split.id.substr(slash + 1));
        return std::make_unique<SequenceReader>(position.value_or(begin), end, options.rate / parts,
                                                context.clock);
      },
      {.assignment = Assignment::spread});
}

}  // namespace weir::generator
