// Events as lines of text, to compare generators with each other.
//
//   P|id|name|email|credit card|city|state|time|extra
//   A|id|item|description|initial bid|reserve|time|expires|seller|category|extra
//   B|auction|bidder|price|time|extra
#pragma once

#include <string>

#include "event.hpp"

namespace nexmark {

/// Appends the line of an event, with its "\n". Times are milliseconds since 1970.
void append_line(const Event& event, std::string& text);

}  // namespace nexmark
