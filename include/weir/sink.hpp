// Sinks: how results leave a job.
//
// A Writer hands records to the outside as they come: after a failure some are written again (at
// least once). A TransactionalWriter hands them over exactly once, in two phases: what it wrote
// since the last checkpoint is prepared at the barrier and becomes visible when the checkpoint has
// completed.
//
// The contract of a TransactionalWriter in three sentences: `prepare()` is called at the barrier
// and what it returns is stored in the checkpoint; `persist` must make the prepared data safe
// before the checkpoint can complete; `commit` may be called again after a restore and must then do
// nothing.
//
// `write`, `prepare` and `unfinished` are called on one object per subtask. `persist`, `commit` and
// `clean_up` are called on another object of the same class, on a thread that may block, possibly
// in another process: whoever commits must need nothing but the transaction itself.
#pragma once

#include <weir/clock.hpp>
#include <weir/detail/callable.hpp>
#include <weir/env.hpp>
#include <weir/process.hpp>
#include <weir/result.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// What a writer may use and know.
struct WriterContext {
  OperatorInfo info;
  std::string run;  ///< differs between any two starts of the job, also under one name
  Env& env;
  const Clock& clock;
  bool is_restored = false;  ///< for `clean_up`: the job continues from a checkpoint
};

/// Writes records to the outside at least once. May throw; that fails the subtask.
template <class T>
class Writer {
  static_assert(detail::RecordCheck<T>::ok);

public:
  using record_type = T;

  virtual ~Writer() = default;
  virtual void write(const T& record) = 0;
  /// Hands over everything written so far; called at each checkpoint and at the end of input.
  virtual void flush() {}
};

/// Writes records to the outside exactly once; see the file comment. May throw; that fails the
/// subtask. Txn names a transaction so that anybody can commit it; it needs a Codec.
template <class T, class Txn>
class TransactionalWriter {
  static_assert(detail::RecordCheck<T>::ok);
  static_assert(detail::RecordCheck<Txn>::ok);

public:
  using record_type = T;
  using txn_type = Txn;

  virtual ~TransactionalWriter() = default;

  /// Adds a record to the open transaction.
  virtual void write(const T& record) = 0;

  /// Ends the open transaction, if there is one, and returns its name. Must not block for long.
  virtual std::optional<Txn> prepare() = 0;

  /// Returns what has been written and stays open beyond this checkpoint; asked right after
  /// `prepare`. It is committed only if the job is restored from this checkpoint.
  virtual std::optional<Txn> unfinished() { return std::nullopt; }

  /// Makes a prepared transaction survive any crash. Errors decline the checkpoint.
  virtual Status persist(const Txn&) { return {}; }

  /// Makes a prepared transaction visible; does nothing if it is visible already. `not_found` says
  /// that the outside has lost it, as when it expired: then the job's option
  /// `lost_transactions` decides. Other errors fail the subtask, whose restart commits again.
  virtual Status commit(const Txn& txn) = 0;

  /// Called once per sink and start of the job, before any writer exists and after all transactions
  /// of the checkpoint that the job continues from were committed. Undoes everything else that
  /// earlier attempts of this sink left behind, and checks that the sink can be written.
  virtual Status clean_up() { return {}; }
};

/// What happens to the sink's records when the job fails and continues.
enum class Delivery : std::uint8_t {
  at_least_once,  ///< some may be written again
  repeatable,     ///< some may be written again, and that is known to do no harm (idempotent)
  transactional,  ///< each is visible exactly once
};

namespace detail {

/// The blocking half of a transactional sink, for any transaction type. Transactions are encoded.
class Committer {
public:
  virtual ~Committer() = default;
  virtual Status persist(const Bytes& txn) = 0;
  virtual Status commit(const Bytes& txn) = 0;
  virtual Status clean_up() = 0;
};

/// The writing half of a sink, for any record type.
class SinkWriter : public BatchConsumer {
public:
  /// Takes the records from `begin` to `end` of a batch.
  virtual void write(const BatchBody& batch, std::size_t begin, std::size_t end) = 0;

  void consume(BatchBody& batch) final { write(batch, 0, batch.size()); }

  /// Ends the open transaction; or hands everything over, for a sink without transactions.
  virtual std::optional<Bytes> prepare() = 0;
  virtual std::optional<Bytes> unfinished() = 0;
};

/// What a Sink holds.
class SinkFactory {
public:
  explicit SinkFactory(Delivery delivery) : delivery_{delivery} {}
  virtual ~SinkFactory() = default;
  virtual std::unique_ptr<SinkWriter> make_writer(const WriterContext& context) const = 0;
  /// Returns null for a sink without transactions.
  virtual std::unique_ptr<Committer> make_committer(const WriterContext& context) const = 0;
  virtual std::string txn_schema() const = 0;
  Delivery delivery() const { return delivery_; }

private:
  Delivery delivery_;
};

}  // namespace detail

/// A sink for records of type T, to be given to `Stream::sink`. A cheap handle.
template <class T>
class Sink {
  static_assert(detail::RecordCheck<T>::ok);

public:
  explicit Sink(std::shared_ptr<const detail::SinkFactory> factory)
      : factory_{std::move(factory)} {}
  const std::shared_ptr<const detail::SinkFactory>& factory() const { return factory_; }

private:
  std::shared_ptr<const detail::SinkFactory> factory_;
};

namespace detail {

template <class W>
concept IsTransactional =
    std::derived_from<W, TransactionalWriter<typename W::record_type, typename W::txn_type>>;

template <class W>
concept IsWriter = std::derived_from<W, Writer<typename W::record_type>> || IsTransactional<W>;

template <class Make>
using MadeWriter = typename std::invoke_result_t<const Make&, const WriterContext&>::element_type;

template <class Make>
concept MakesWriter = IsWriter<MadeWriter<Make>> &&
    requires(const Make& make, const WriterContext& context) {
  { make(context) } -> std::convertible_to<std::unique_ptr<MadeWriter<Make>>>;
};

template <class W>
class WriterHost final : public SinkWriter {
public:
  explicit WriterHost(std::unique_ptr<W> writer) : writer_{std::move(writer)} {}

  void write(const BatchBody& batch, std::size_t begin, std::size_t end) override {
    const auto& records = static_cast<const Batch<typename W::record_type>&>(batch).records;
    for (std::size_t i = begin; i < end; ++i) writer_->write(records[i]);
  }

  std::optional<Bytes> prepare() override {
    if constexpr (IsTransactional<W>) {
      return encoded(writer_->prepare());
    } else {
      writer_->flush();
      return std::nullopt;
    }
  }

  std::optional<Bytes> unfinished() override {
    if constexpr (IsTransactional<W>)
      return encoded(writer_->unfinished());
    else
      return std::nullopt;
  }

private:
  template <class Txn>
  static std::optional<Bytes> encoded(const std::optional<Txn>& txn) {
    if (!txn) return std::nullopt;
    ByteWriter out;
    encode(*txn, out);
    return out.take();
  }

  std::unique_ptr<W> writer_;
};

template <class W>
class CommitterHost final : public Committer {
public:
  using Txn = typename W::txn_type;

  explicit CommitterHost(std::unique_ptr<W> writer) : writer_{std::move(writer)} {}

  Status persist(const Bytes& txn) override {
    auto decoded = decode_txn(txn);
    return decoded.ok() ? writer_->persist(*decoded) : decoded.status();
  }
  Status commit(const Bytes& txn) override {
    auto decoded = decode_txn(txn);
    return decoded.ok() ? writer_->commit(*decoded) : decoded.status();
  }
  Status clean_up() override { return writer_->clean_up(); }

private:
  static Result<Txn> decode_txn(const Bytes& bytes) {
    ByteReader in{bytes};
    Txn txn = decode<Txn>(in);
    if (!in.ok()) return Status{ErrorCode::corrupt, "a transaction in the checkpoint is damaged"};
    return txn;
  }

  std::unique_ptr<W> writer_;
};

template <class W, class Make>
class WriterFactory final : public SinkFactory {
public:
  WriterFactory(Make make, Delivery delivery) : SinkFactory{delivery}, make_{std::move(make)} {}

  std::unique_ptr<SinkWriter> make_writer(const WriterContext& context) const override {
    return std::make_unique<WriterHost<W>>(make_(context));
  }
  std::unique_ptr<Committer> make_committer(const WriterContext& context) const override {
    if constexpr (IsTransactional<W>)
      return std::make_unique<CommitterHost<W>>(make_(context));
    else
      return nullptr;
  }
  std::string txn_schema() const override {
    if constexpr (IsTransactional<W>)
      return schema<typename W::txn_type>();
    else
      return "";
  }

private:
  Make make_;
};

}  // namespace detail

/// Makes a sink from a function that builds its writer: `make(const WriterContext&)` returns a
/// unique_ptr to a Writer or a TransactionalWriter. Building one must not touch the outside.
/// `delivery` says what repeated writes mean; it is ignored for transactional writers.
template <class Make>
auto make_sink(Make make, Delivery delivery = Delivery::at_least_once) {
  if constexpr (!detail::MakesWriter<Make>) {
    static_assert(detail::kAlwaysFalse<Make>,
                  "make_sink(make): make must take (const weir::WriterContext&) and return a "
                  "unique_ptr to a Writer or TransactionalWriter");
  } else {
    using W = detail::MadeWriter<Make>;
    return Sink<typename W::record_type>{std::make_shared<detail::WriterFactory<W, Make>>(
        std::move(make), detail::IsTransactional<W> ? Delivery::transactional : delivery)};
  }
}

}  // namespace weir
