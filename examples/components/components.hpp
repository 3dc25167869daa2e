// The connected components job, apart from its main so that tests can build it as well.
//
// Each vertex has a label, at first its own number. It tells its neighbours, who take over what is
// smaller and tell theirs: so in the end all vertices of a component have its smallest number. That
// goes on in rounds while further edges come in.
#pragma once

#include <weir/weir.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace components {

using Vertex = std::uint64_t;
using Label = std::pair<Vertex, Vertex>;  // a vertex, and the smallest one of its component

/// What vertices tell each other, and others of themselves.
struct Message {
  enum class Kind : std::uint8_t { edge, label, result };
  Kind kind = Kind::edge;
  Vertex to = 0;     // of a result: whose it is
  Vertex value = 0;  // the other end of an edge, or a label
};

/// Reads "A,B". Throws std::invalid_argument if that is not what the line says.
inline std::pair<Vertex, Vertex> read_edge(const std::string& line) {
  std::pair<Vertex, Vertex> edge;
  const char* const end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, edge.first);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == ',') {
    const auto second = std::from_chars(first.ptr + 1, end, edge.second);
    if (second.ec == std::errc{} && second.ptr == end) return edge;
  }
  throw std::invalid_argument{"\"" + line + "\" is no edge; write two numbers as A,B"};
}

/// A vertex: knows its neighbours and the smallest label that it has heard of.
class Neighbourhood final : public weir::KeyedProcess<Vertex, Message, Message> {
public:
  void on_record(const Message& message, Ctx& ctx, weir::Emit<Message>& out) override {
    const Vertex self = ctx.key();
    const auto known = label_.get();
    const Vertex before = known.value_or(self);
    const Vertex now =
        message.kind == Message::Kind::label ? std::min(before, message.value) : before;
    if (!known || now != before) {
      label_.set(now);
      out({Message::Kind::result, self, now});
    }
    if (message.kind == Message::Kind::edge) {
      neighbours_.add(message.value);
      out({Message::Kind::label, message.value, now});
    } else if (now != before) {
      for (const Vertex neighbour : neighbours_.get()) out({Message::Kind::label, neighbour, now});
    }
  }

private:
  weir::ValueState<Vertex> label_{*this, "label"};
  weir::ListState<Vertex> neighbours_{*this, "neighbours"};
};

/// The smallest vertex of each vertex's component, whenever a smaller one is found.
inline weir::Stream<Message> labels_of(const weir::Stream<std::string>& lines) {
  const auto edges = lines.flat_map("edges", [](const std::string& line, weir::Emit<Message>& out) {
    const auto [a, b] = read_edge(line);
    out({Message::Kind::edge, a, b});
    out({Message::Kind::edge, b, a});
  });
  return edges.iterate("messages", [](const weir::Stream<Message>& messages) {
    const auto told = messages.key_by(&Message::to).process<Neighbourhood>("vertices");
    const auto is = [](Message::Kind kind) {
      return [kind](const Message& message) { return message.kind == kind; };
    };
    return weir::Round<Message, Message>{.again = told.filter("told", is(Message::Kind::label)),
                                         .out = told.filter("found", is(Message::Kind::result))};
  });
}

/// Reads lines of "A,B" from `input`; writes "vertex,smallest of its component" once for each
/// vertex to files in `output`.
inline weir::Job job(const std::string& input, const std::string& output) {
  weir::Job job{"components"};
  labels_of(job.source("lines", weir::files::lines(input)))
      .map("labels",
           [](const Message& found) {
             return Label{found.to, found.value};
           })
      .key_by(&Label::first)
      .reduce(
          "smallest", [](const Label& a, const Label& b) { return a.second < b.second ? a : b; },
          weir::EmitResults::at_end)
      .sink("out", weir::files::csv<Label>(output));
  return job;
}

}  // namespace components
