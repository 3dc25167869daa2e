// Table: messages that have been sent and lie there until a script delivers, drops or repeats them.
// Those of one sender to one receiver keep their order, as on a connection.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// See the file comment.
class Table {
public:
  struct Message {
    std::string from;
    std::string to;
    std::string what;
    std::function<void()> arrive;

    std::string text() const { return from + " -> " + to + ": " + what; }
  };
  using Wanted = std::function<bool(const Message&)>;

  void post(Message message) { messages_.push_back(std::move(message)); }

  /// Takes the first wanted message that overtakes none; an empty one (no `arrive`) if there is
  /// none.
  Message take(const Wanted& wanted);
  /// Removes wanted messages; returns their texts.
  std::vector<std::string> drop(const Wanted& wanted);
  /// Puts a second copy of wanted messages behind all others; returns their texts.
  std::vector<std::string> repeat(const Wanted& wanted);

  /// Sets wanted messages aside; returns their texts.
  std::vector<std::string> delay(const Wanted& wanted);
  /// Puts what was set aside behind all others.
  void release();

  std::vector<std::string> texts() const;

private:
  std::vector<Message> messages_;
  std::vector<Message> delayed_;
};

}  // namespace weir::test
