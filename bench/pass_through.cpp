// Passes records of 32 bytes from one actor to another, where they are added up.
//
// Ceiling: two bare CAF actors that send the same batches under the same number of credits, on a
// scheduler with the same settings.
#include "actors/config.hpp"
#include "bench/harness.hpp"
#include "bench/numbered.hpp"

#include <weir/detail/batch.hpp>
#include <weir/weir.hpp>

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

struct Sample {
  std::uint64_t number;
  std::uint64_t sensor;
  std::uint64_t time;
  std::uint64_t value;
};
static_assert(sizeof(Sample) == 32);

Sample make_sample(std::uint64_t n) {
  return {n, n & 0xff, 3 * n, n ^ 0x55};
}

/// Looks at all of a sample, so that neither side can leave a part of it out.
std::uint64_t weigh(const Sample& sample) {
  return sample.number + sample.sensor + sample.time + sample.value;
}

/// What has arrived.
struct Arrived {
  std::uint64_t samples = 0;
  std::uint64_t weight = 0;

  void add(const Sample& sample) {
    ++samples;
    weight += weigh(sample);
  }
  friend bool operator==(const Arrived&, const Arrived&) = default;
};

// ---- Weir ------------------------------------------------------------------------------------

class Adder final : public weir::Writer<Sample> {
public:
  explicit Adder(Arrived& arrived) : arrived_{arrived} {}
  void write(const Sample& sample) override { arrived_.add(sample); }

private:
  Arrived& arrived_;
};

template <bool debloats>
Arrived pass_with_weir(std::uint64_t count) {
  Arrived arrived;
  weir::Job job{"pass-through"};
  job.options().network.debloat.enabled = debloats;
  job.source("samples", bench::numbered(count, make_sample))
      .rebalance()  // else both would be one actor
      .sink("adder",
            weir::make_sink(
                [&](const weir::WriterContext&) { return std::make_unique<Adder>(arrived); },
                weir::Delivery::repeatable));
  bench::run(job);
  return arrived;
}

// ---- bare actors -----------------------------------------------------------------------------

constexpr std::uint32_t kCredits = 8;       // Weir's default
constexpr std::uint32_t kCreditsGroup = 2;  // handed back together, as Weir does
constexpr std::uint64_t kBatch = weir::detail::batch_limit<Sample>();

using BatchPtr = std::shared_ptr<std::vector<Sample>>;

struct Room {
  std::uint32_t batches;
};

struct NoMore {};

}  // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(BatchPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(NoMore)

namespace {

caf::behavior receiver(caf::event_based_actor* self, Arrived* arrived) {
  auto taken = std::make_shared<std::uint32_t>(0);
  return {[=](const BatchPtr& batch) {
            for (const Sample& sample : *batch) arrived->add(sample);
            if (++*taken < kCreditsGroup) return;
            self->send(caf::actor_cast<caf::actor>(self->current_sender()), Room{*taken});
            *taken = 0;
          },
          [=](NoMore) { self->quit(); }};
}

caf::behavior sender(caf::event_based_actor* self, const caf::actor& to, std::uint64_t count) {
  auto next = std::make_shared<std::uint64_t>(0);
  return {[=](const Room& room) {
    for (std::uint32_t i = 0; i < room.batches; ++i) {
      const std::uint64_t end = std::min(count, *next + kBatch);
      auto batch = std::make_shared<std::vector<Sample>>();
      batch->reserve(kBatch);
      for (; *next < end; ++*next) batch->push_back(make_sample(*next));
      self->send(to, std::move(batch));
      if (*next < count) continue;
      self->send(to, NoMore{});
      return self->quit();
    }
  }};
}

Arrived pass_between_bare_actors(std::uint64_t count) {
  Arrived arrived;
  weir::actors::SystemConfig config;
  caf::actor_system system{config};
  const caf::actor to = system.spawn(receiver, &arrived);
  caf::anon_send(system.spawn(sender, to, count), Room{kCredits});
  system.await_all_actors_done();
  return arrived;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options =
      bench::read_options(argc, argv, "Passes records between two actors, against bare actors.");
  const std::uint64_t count = options.sized<std::uint64_t>(200'000'000, 5'000'000);
  Arrived weir;
  Arrived bare;
  Arrived debloated;
  const auto measure = [count](Arrived& arrived, auto pass) {
    return [&arrived, pass, count] {
      return static_cast<double>(count) / 1e6 / bench::seconds([&] { arrived = pass(count); });
    };
  };
  const auto figures =
      bench::interleave(options.repetitions(7), {measure(weir, pass_with_weir<false>),
                                                 measure(bare, pass_between_bare_actors),
                                                 measure(debloated, pass_with_weir<true>)});
  bench::require(weir == bare && weir == debloated && weir.samples == count,
                 "not all records arrived as they were");
  bench::print_ratio("pass-through of 32 B records, two actors", "M/s", figures[0], figures[1],
                     0.5);
  bench::print_figure("the same with debloating, beside without", "M/s", figures[2], figures[0]);
}
