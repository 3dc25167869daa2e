// Sources: how records enter a job.
//
// A source is a list of splits (a file, a part of a file, a partition) and a way to open one at a
// position. The engine hands splits to subtasks, asks each open split for its position at every
// checkpoint, and after a failure opens it again there.
//
//   weir::Source<Order> orders = weir::make_source(
//       [] { return std::vector<weir::Split>{{"orders-0"}, {"orders-1"}}; },
//       [](const weir::Split& split, std::optional<std::uint64_t> position) {
//         return std::make_unique<OrderReader>(split.id, position.value_or(0));
//       });
//
// The whole contract: `position()` is asked between polls, and opening the split there must yield
// exactly the records that were not yet emitted.
#pragma once

#include <weir/clock.hpp>
#include <weir/detail/callable.hpp>
#include <weir/emit.hpp>
#include <weir/env.hpp>
#include <weir/result.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

/// A part of a source's input that one subtask reads at a time.
struct Split {
  std::string id = {};           ///< unique within the source; stored in checkpoints
  std::uint64_t size_bytes = 0;  ///< if known; small splits are handed out several at once

  friend bool operator==(const Split&, const Split&) = default;
};

struct Ready {};  ///< poll again: there may be more at once
struct Later {    ///< nothing now; poll again after this long
  Duration after;
};
struct End {};  ///< the split has no more records, ever

/// What a reader answers when it is polled.
using Poll = std::variant<Ready, Later, End>;

/// Reads one split. Position must be a type with a Codec. One thread at a time.
template <class T, class Position>
class SplitReader {
  static_assert(detail::RecordCheck<T>::ok);
  static_assert(detail::RecordCheck<Position>::ok);

public:
  using record_type = T;
  using position_type = Position;

  virtual ~SplitReader() = default;

  /// Emits some records, at most a few hundred, without waiting for longer than a disk needs.
  /// After `End` it is not called again. May throw; that fails the subtask.
  virtual Poll poll(Emit<T>& out) = 0;

  /// Returns where reading has to continue; called between polls.
  virtual Position position() const = 0;

  /// Whether what is read now has waited for long, so that nobody minds if results come later:
  /// checkpoints are then taken at `every_during_backlog`. Called after polls.
  virtual bool is_backlog() const { return false; }
};

/// What listing and opening splits may use.
struct SourceContext {
  Env& env;
  const Clock& clock;
  std::uint32_t parallelism;  ///< of the source operator
};

/// How splits reach the subtasks.
enum class Assignment : std::uint8_t {
  on_request,  ///< a subtask gets the next split when it has read its last: for finite splits
  spread,      ///< all at the start, round robin: for splits that never end
};

/// How a source is run.
struct SourceOptions {
  Assignment assignment = Assignment::on_request;
};

namespace detail {

/// A reader of any record type, for the engine. Errors of the reader come out as exceptions.
class SplitHost {
public:
  virtual ~SplitHost() = default;
  /// Opens a split, at its start or at an encoded position.
  virtual Status open(const Split& split, const std::optional<Bytes>& position,
                      const SourceContext& context) = 0;
  /// Polls the open split with this index.
  virtual Poll poll(std::size_t index) = 0;
  virtual Bytes position(std::size_t index) const = 0;
  virtual bool is_backlog(std::size_t index) const = 0;
  /// Forgets the open split with this index; later ones move up.
  virtual void close(std::size_t index) = 0;
  /// Where records go, and passing on what has been collected.
  virtual void connect(BatchConsumer* next) = 0;
  virtual void flush() = 0;
  virtual std::uint64_t flushes() const = 0;
  /// Records emitted so far.
  virtual std::uint64_t emitted() const = 0;
};

/// What a Source holds.
class SourceFactory {
public:
  explicit SourceFactory(SourceOptions options) : options_{options} {}
  virtual ~SourceFactory() = default;
  virtual Result<std::vector<Split>> list(const SourceContext& context) const = 0;
  virtual std::unique_ptr<SplitHost> make_host() const = 0;
  virtual std::string position_schema() const = 0;
  const SourceOptions& options() const { return options_; }

private:
  SourceOptions options_;
};

}  // namespace detail

/// A source of records of type T, to be given to `Job::source`. A cheap handle.
template <class T>
class Source {
  static_assert(detail::RecordCheck<T>::ok);

public:
  explicit Source(std::shared_ptr<const detail::SourceFactory> factory)
      : factory_{std::move(factory)} {}
  const std::shared_ptr<const detail::SourceFactory>& factory() const { return factory_; }

private:
  std::shared_ptr<const detail::SourceFactory> factory_;
};

namespace detail {

template <class T>
struct ResultValue {
  using type = T;
};
template <class T>
struct ResultValue<Result<T>> {
  using type = T;
};

/// Calls `f` with these arguments, and with the context if it takes it.
template <class F, class... Args>
requires std::invocable<const F&, const Args&...> ||
    std::invocable<const F&, const Args&..., const SourceContext&>
auto call_with(const F& f, const SourceContext& context, const Args&... args) {
  if constexpr (std::invocable<const F&, const Args&..., const SourceContext&>)
    return f(args..., context);
  else
    return f(args...);
}

template <class List>
concept ListsSplits = requires(const List& list, const SourceContext& context) {
  { call_with(list, context) } -> std::convertible_to<Result<std::vector<Split>>>;
};

template <class Open>
using OpenedReader = typename ResultValue<decltype(call_with(
    std::declval<const Open&>(), std::declval<const SourceContext&>(), std::declval<const Split&>(),
    std::nullopt))>::type::element_type;

template <class Reader>
concept IsSplitReader =
    std::derived_from<Reader,
                      SplitReader<typename Reader::record_type, typename Reader::position_type>>;

template <class Open>
concept OpensSplits = IsSplitReader<OpenedReader<Open>> &&
    requires(const Open& open, const SourceContext& context, const Split& split,
             const std::optional<typename OpenedReader<Open>::position_type>& position) {
  call_with(open, context, split, position);
};

template <class Reader, class Open>
class ReaderHost final : public SplitHost {
public:
  using T = typename Reader::record_type;
  using Position = typename Reader::position_type;

  explicit ReaderHost(Open open) : open_{std::move(open)} {}

  Status open(const Split& split, const std::optional<Bytes>& position,
              const SourceContext& context) override {
    std::optional<Position> from;
    if (position) {
      ByteReader in{*position};
      from = decode<Position>(in);
      if (!in.ok())
        return {ErrorCode::corrupt, "the position of split " + split.id + " is damaged"};
    }
    Result<std::unique_ptr<SplitReader<T, Position>>> reader = call_open(split, from, context);
    if (!reader.ok()) return reader.status();
    readers_.push_back(std::move(reader).value());
    return {};
  }

  Poll poll(std::size_t index) override { return readers_[index]->poll(emit_); }

  Bytes position(std::size_t index) const override {
    ByteWriter out;
    encode<Position>(readers_[index]->position(), out);
    return out.take();
  }

  bool is_backlog(std::size_t index) const override { return readers_[index]->is_backlog(); }
  void close(std::size_t index) override {
    readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  void connect(BatchConsumer* next) override { emit_.connect(next); }
  void flush() override { emit_.flush(); }
  std::uint64_t flushes() const override { return emit_.flushes(); }
  std::uint64_t emitted() const override { return emit_.emitted(); }

private:
  Result<std::unique_ptr<SplitReader<T, Position>>> call_open(const Split& split,
                                                              const std::optional<Position>& from,
                                                              const SourceContext& context) {
    auto opened = call_with(open_, context, split, from);
    if constexpr (requires { opened.status(); }) {
      if (!opened.ok()) return opened.status();
      return std::unique_ptr<SplitReader<T, Position>>{std::move(opened).value()};
    } else {
      return std::unique_ptr<SplitReader<T, Position>>{std::move(opened)};
    }
  }

  Open open_;
  std::vector<std::unique_ptr<SplitReader<T, Position>>> readers_;
  Emit<T> emit_;
};

template <class Reader, class List, class Open>
class ReaderFactory final : public SourceFactory {
public:
  ReaderFactory(List list, Open open, SourceOptions options)
      : SourceFactory{options}, list_{std::move(list)}, open_{std::move(open)} {}

  Result<std::vector<Split>> list(const SourceContext& context) const override {
    return call_with(list_, context);
  }
  std::unique_ptr<SplitHost> make_host() const override {
    return std::make_unique<ReaderHost<Reader, Open>>(open_);
  }
  std::string position_schema() const override { return schema<typename Reader::position_type>(); }

private:
  List list_;
  Open open_;
};

}  // namespace detail

/// Makes a source from two functions. `list()` or `list(const SourceContext&)` returns the splits,
/// `std::vector<Split>` or a Result of it; it runs once at the start of the job, off the actor
/// threads. `open(split, position)` or `open(split, position, const SourceContext&)` returns a
/// unique_ptr to a SplitReader, or a Result of one; `position` is an optional of its position type,
/// empty for the start of the split.
template <class List, class Open>
auto make_source(List list, Open open, SourceOptions options = {}) {
  if constexpr (!detail::ListsSplits<List>) {
    static_assert(detail::kAlwaysFalse<List>,
                  "make_source(list, open): list must take () or (const weir::SourceContext&) and "
                  "return std::vector<weir::Split> or a weir::Result of it");
  } else if constexpr (!detail::OpensSplits<Open>) {
    static_assert(detail::kAlwaysFalse<Open>,
                  "make_source(list, open): open must take (const weir::Split&, "
                  "std::optional<Position>) and return a unique_ptr to a SplitReader");
  } else {
    using Reader = detail::OpenedReader<Open>;
    return Source<typename Reader::record_type>{
        std::make_shared<detail::ReaderFactory<Reader, List, Open>>(std::move(list),
                                                                    std::move(open), options)};
  }
}

}  // namespace weir
