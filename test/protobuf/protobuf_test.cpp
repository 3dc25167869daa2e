// Messages that protoc made, as records and as state.
#include "test/protobuf/order.pb.h"
#include "test/protobuf/payment.pb.h"

#include <weir/testing.hpp>

#include <catch2/catch.hpp>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using namespace std::chrono_literals;
using weir::ByteReader;
using weir::Bytes;
using weir::ByteWriter;
using weir::test::DatedPayment;
using weir::test::Order;
using weir::test::Payment;

static_assert(weir::Record<Payment> && weir::Record<std::vector<Payment>>);
static_assert(!weir::Key<Payment>, "messages have no ==, and their bytes are not canonical");

Payment payment(const std::string& account, std::int64_t cents) {
  Payment result;
  result.set_account(account);
  result.set_cents(cents);
  result.add_tags("tag of " + account);
  return result;
}

bool same(const Payment& a, const Payment& b) {
  return a.SerializeAsString() == b.SerializeAsString();  // it has no maps, whose order may vary
}

template <class T>
Bytes bytes_of(const T& value) {
  ByteWriter out;
  weir::encode(value, out);
  return out.take();
}

/// Decodes all of `bytes`; nothing if they are damaged.
template <class T>
std::optional<T> decoded(std::string_view bytes) {
  ByteReader in{bytes};
  T value = weir::decode<T>(in);
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return value;
}

/// Frames bytes of a message as its codec does: behind their length.
Bytes framed(const std::string& message) {
  ByteWriter out;
  out.put(static_cast<std::uint32_t>(message.size()));
  out.put_raw(message.data(), message.size());
  return out.take();
}

/// The message Payment as an older program had it: it knew the time of a payment, and no tags.
struct OldPayment {
  DatedPayment message;
};

struct Invoice {
  std::int32_t number;
  std::vector<Payment> payments;
  std::optional<Payment> refund;
};

}  // namespace

template <>
struct weir::Codec<OldPayment> {
  static void encode(const OldPayment& old, ByteWriter& out) {
    const std::string bytes = old.message.SerializeAsString();
    out.put_raw(bytes.data(), bytes.size());
  }
  static OldPayment decode(ByteReader& in) {
    OldPayment old;
    const std::string_view bytes = in.get_raw(in.remaining());
    if (!old.message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) in.fail();
    return old;
  }
  static std::string schema() { return "weir.test.Payment"; }
};

TEST_CASE("a message is stored as protobuf writes it, behind its length", "[codec]") {
  const Payment original = payment("alice", 1250);
  CHECK(bytes_of(original) == framed(original.SerializeAsString()));
  CHECK(same(decoded<Payment>(bytes_of(original)).value(), original));
  CHECK(bytes_of(Payment{}) == framed(""));
  CHECK(same(decoded<Payment>(bytes_of(Payment{})).value(), Payment{}));
  CHECK(weir::schema<Payment>() == "x:weir.test.Payment");
}

TEST_CASE("messages may be fields and elements", "[codec]") {
  const Invoice original{7, {payment("alice", 1), payment("", 0), payment("bob", -5)}, Payment{}};
  const auto copy = decoded<Invoice>(bytes_of(original));
  REQUIRE(copy);
  CHECK(copy->number == 7);
  CHECK(std::equal(copy->payments.begin(), copy->payments.end(), original.payments.begin(),
                   original.payments.end(), same));
  CHECK((copy->refund && same(*copy->refund, Payment{})));
  CHECK(weir::schema<Invoice>() ==
        "{number:i32,payments:[x:weir.test.Payment],refund:?x:weir.test.Payment}");
}

TEST_CASE("fields that only a newer program knows survive an older one", "[codec]") {
  DatedPayment newer;
  newer.set_account("alice");
  newer.set_paid_ms(1'700'000'000'000);
  const auto older = decoded<Payment>(bytes_of(newer));
  REQUIRE(older);
  CHECK(older->account() == "alice");
  const auto newer_again = decoded<DatedPayment>(bytes_of(*older));
  REQUIRE(newer_again);
  CHECK(newer_again->paid_ms() == 1'700'000'000'000);
}

TEST_CASE("every truncation of a message is noticed", "[codec]") {
  const Bytes bytes = bytes_of(payment("alice", 1250));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    CAPTURE(n);
    CHECK_FALSE(decoded<Payment>(std::string_view{bytes}.substr(0, n)));
  }
}

TEST_CASE("bytes that are no message are noticed", "[codec]") {
  const google::protobuf::LogSilencer quiet;
  const std::string good = payment("alice", 1250).SerializeAsString();
  CHECK(decoded<Payment>(framed(good)));
  CHECK_FALSE(decoded<Payment>(framed(good.substr(0, good.size() - 1))));  // within a field
  CHECK_FALSE(decoded<Payment>(framed(good + '\x08')));                 // a tag without its value
  CHECK_FALSE(decoded<Payment>(framed(std::string(11, '\xff'))));       // an endless number
  CHECK_FALSE(decoded<Payment>(framed(std::string("\x00", 1))));        // field number 0
  CHECK_FALSE(decoded<Payment>(framed("\x0a\x02\xff\xfe")));            // text that is not UTF-8
  CHECK_FALSE(decoded<Payment>(bytes_of(payment("alice", 1)) + '\0'));  // more than a message
  CHECK_FALSE(decoded<Order>(framed("")));                              // a required field lacks
}

TEST_CASE("a message that nobody could read again is not written", "[codec]") {
  ByteWriter out;
  CHECK_THROWS_WITH(weir::encode(Order{}, out),
                    Catch::Contains("weir.test.Order cannot be written: a required field"));
}

TEST_CASE("the bytes after a damaged message are not read as values", "[codec]") {
  ByteWriter out;
  weir::encode(std::vector{payment("alice", 1), payment("bob", 2)}, out);
  Bytes bytes = out.take();
  bytes[5] = '\xff';  // the first tag of the first message: behind the count and a length
  ByteReader in{bytes};
  weir::decode<std::vector<Payment>>(in);
  CHECK_FALSE(in.ok());
}

namespace {

/// Adds up the payments of each account. Its state is a message too.
class Totals final : public weir::KeyedProcess<std::string, Payment, Payment> {
public:
  void on_record(const Payment& paid, Ctx& ctx, weir::Emit<Payment>& out) override {
    Payment total = total_.value_or({});
    total.set_account(ctx.key());
    total.set_cents(total.cents() + paid.cents());
    total_.set(total);
    out(total);
  }

private:
  weir::ValueState<Payment> total_{*this, "total"};
};

}  // namespace

TEST_CASE("a job over messages loses nothing when its parts die", "[sim]") {
  std::vector<Payment> payments;
  for (int i = 0; i < 600; ++i) payments.push_back(payment(std::string(1, "abcdefg"[i % 7]), 1));
  const weir::testing::ReplayLog<Payment> input{
      payments, 3, {.rows_per_poll = 5, .pause = std::chrono::milliseconds{10}}};

  const std::string victim = GENERATE("", "totals/1", "node");
  CAPTURE(victim);
  const weir::testing::TransactionLog<Payment> output;
  weir::Job job{"totals",
                {.parallelism = 2,
                 .checkpoint = {.every = 50ms},
                 .restart = weir::restart::fixed_delay({.attempts = 10, .delay = 10ms})}};
  job.source("payments", input.source())
      .key_by(&Payment::account)
      .process<Totals>("totals")
      .sink("out", output.sink());
  weir::testing::Cluster cluster{{.seed = 7, .force_bytes = true}};
  auto run = cluster.start(job);
  if (!victim.empty()) run.at(weir::testing::checkpoint(3), weir::Phase::acknowledged).kill(victim);
  INFO(run.report());
  REQUIRE(run.finish());
  CHECK(run.restarts() == (victim.empty() ? 0 : 1));

  std::map<std::string, std::vector<std::int64_t>> totals;
  for (const Payment& total : output.committed()) totals[total.account()].push_back(total.cents());
  REQUIRE(totals.size() == 7);
  for (auto& [account, cents] : totals) {
    std::sort(cents.begin(), cents.end());
    REQUIRE(cents.size() == (account <= "e" ? 86 : 85));
    for (std::size_t i = 0; i < cents.size(); ++i)
      REQUIRE(cents[i] == static_cast<std::int64_t>(i + 1));
  }
}

namespace {

/// What Totals was in the older program.
class OldTotals final : public weir::KeyedProcess<std::string, Payment, Payment> {
public:
  void on_record(const Payment& paid, Ctx&, weir::Emit<Payment>& out) override {
    OldPayment total = total_.value_or({});
    total.message.set_cents(total.message.cents() + paid.cents());
    total.message.set_paid_ms(123);
    total_.set(total);
    Payment emitted;
    emitted.set_cents(total.message.cents());
    out(emitted);
  }

private:
  weir::ValueState<OldPayment> total_{*this, "total"};
};

}  // namespace

TEST_CASE("a job goes on with messages that have gained and lost fields", "[sim][evolution]") {
  const weir::testing::ReplayLog<Payment> input{
      std::vector<Payment>(100, payment("alice", 1)),
      1,
      {.rows_per_poll = 5, .pause = std::chrono::milliseconds{10}}};
  const weir::testing::TransactionLog<Payment> output;
  const auto build = [&]<class Process>(std::type_identity<Process>, const char* directory) {
    weir::Job job{"totals", {.checkpoint = {.every = 50ms, .storage = directory}}};
    job.source("payments", input.source())
        .key_by(&Payment::account)
        .template process<Process>("totals")
        .sink("out", output.sink());
    return job;
  };
  weir::testing::Cluster cluster{{.seed = 7}};
  auto old = cluster.start(build(std::type_identity<OldTotals>{}, "/a"));
  old.run_for(60ms);
  const auto savepoint = old.savepoint("/sp", weir::StopMode::suspend);
  REQUIRE(savepoint.ok());
  CHECK_FALSE(old.finish());
  auto now = cluster.start(build(std::type_identity<Totals>{}, "/b"), {.restore_path = *savepoint});
  REQUIRE(now.finish());
  const std::vector<Payment> totals = output.committed();
  REQUIRE(totals.size() == 100);
  for (std::size_t i = 0; i < totals.size(); ++i)
    CHECK(totals[i].cents() == static_cast<std::int64_t>(i) + 1);
  CHECK(totals.back().tags().empty());  // a new field, which the old state lacked
  CHECK(totals.back().account() == "alice");
  // What only the old program knew is kept, as protobuf does.
  DatedPayment dated;
  REQUIRE(dated.ParseFromString(totals.back().SerializeAsString()));
  CHECK(dated.paid_ms() == 123);
}
