// What the queries of Nexmark have in common: their settings, their input and their results.
#pragma once

#include <weir/weir.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "audience.hpp"
#include "source.hpp"

namespace nexmark {

/// How far out of order events may come in queries with windows; as in the SQL of Nexmark.
inline constexpr std::chrono::seconds kLag{4};

/// How a query is to be run.
struct Settings {
  Input input = {};
  /// Directory for the results, CSV files with a header; empty: rows are thrown away.
  std::string output = {};
  /// Who sees the rows that are thrown away; null: nobody.
  MakeAudience audience = {};
  /// Whether queries whose results change write the last row of each key at the end of the input,
  /// instead of a row for each change.
  bool is_final = false;
  /// Whether a query that Beam asks in another way than SQL is run in that way.
  bool is_beam = false;
  /// Whether records have the time of their event also in queries that do not go by it, so that the
  /// audience learns of it.
  bool is_timed = false;
};

/// A query: a job by name.
struct Query {
  std::string_view name;
  std::string_view says;
  /// Puts the operators of the query into a job.
  void (*build)(weir::Job& job, const Settings& settings);
  bool is_in_beam = true;
};

/// All queries that there are, in the order of their numbers.
const std::vector<Query>& queries();

/// Makes the job of a query, called "nexmark-" and its name. Throws std::invalid_argument if there
/// is no query of that name, or none in Beam if that is asked for, or the input is negative.
weir::Job job_of(std::string_view name, const Settings& settings);

using Offer = std::variant<Auction, Bid>;

/// The time of a person, an auction or a bid, whichever it is.
template <class... Record>
weir::Timestamp time_of(const std::variant<Record...>& one) {
  return std::visit([](const auto& record) { return record.date_time; }, one);
}

/// A source, with the times of its events if the settings want them everywhere.
template <class T, class TimeOf>
weir::Stream<T> timed(const weir::Stream<T>& stream, TimeOf time_of, const Settings& settings) {
  if (!settings.is_timed) return stream;
  return stream.event_time(std::move(time_of), weir::bounded_lag(kLag));
}

/// The input of most queries: all bids, or all auctions and bids.
weir::Stream<Bid> bids(weir::Job& job, const Settings& settings, Detail detail);
weir::Stream<Offer> offers(weir::Job& job, const Settings& settings, Detail detail);

inline weir::EmitResults emit_results(const Settings& settings) {
  return settings.is_final ? weir::EmitResults::at_end : weir::EmitResults::updates;
}

/// Of rows that replace each other, those with equal `key_of(row)`: all of them, or only the last
/// one of each, as the settings say. All rows of a key must come from the same subtask.
template <class Row, class KeyOf>
weir::Stream<Row> results(const weir::Stream<Row>& updates, KeyOf key_of,
                          const Settings& settings) {
  if (!settings.is_final) return updates;
  return updates.key_by(std::move(key_of))
      .reduce(
          "final", [](const Row&, const Row& newer) { return newer; }, weir::EmitResults::at_end);
}

/// Where results go. `header` names the columns, separated by commas.
template <class Row>
weir::Sink<Row> table(const Settings& settings, const std::string& header) {
  if (settings.output.empty())
    return weir::Sink<Row>{std::make_shared<StageFactory<Row>>(settings.audience)};
  return weir::files::csv<Row>(settings.output, {.header = header});
}

}  // namespace nexmark
