#include "test/interaction/script.hpp"

#include "base/text.hpp"
#include "runtime/job/option_keys.hpp"
#include "test/interaction/board.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace weir::test {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in{line};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// What "all", "all but A, B" or "A, B" mean: parts of messages' texts, separated by commas.
Table::Wanted wanted(std::string text) {
  bool is_all = false;
  if (text == "all") return [](const auto&) { return true; };
  if (text.starts_with("all but ")) {
    is_all = true;
    text = text.substr(8);
  }
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(", ", begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  return [is_all, parts](const Table::Message& message) {
    const std::string whole = message.text();
    const bool matches = std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
      return whole.find(part) != std::string::npos;
    });
    return matches != is_all;
  };
}

std::uint32_t index_of(const std::string& subtask) {
  return static_cast<std::uint32_t>(std::stoul(subtask.substr(subtask.find('/') + 1)));
}

class Player {
public:
  void run(const std::string& line) {
    const auto words = words_of(line);
    const std::string& verb = words.at(0);
    const std::string rest =
        line.size() > verb.size() ? line.substr(verb.size() + 1) : std::string{};
    if (verb == "job") return make(words);
    if (!board_) throw std::invalid_argument{"a script begins with a job"};
    if (verb == "start")
      board_->start();
    else if (verb == "push")
      board_->push(index_of(words.at(1)), numbers(words));
    else if (verb == "end")
      board_->end(index_of(rest));
    else if (verb == "wait")
      board_->advance(base::parse_duration(rest).value());
    else if (verb == "deliver")
      board_->deliver(wanted(rest));
    else if (verb == "drop")
      say("lost: ", board_->table().drop(wanted(rest)));
    else if (verb == "delay")
      say("delayed: ", board_->table().delay(wanted(rest)));
    else if (verb == "release")
      board_->table().release();
    else if (verb == "repeat")
      say("twice: ", board_->table().repeat(wanted(rest)));
    else if (verb == "kill")
      board_->kill(rest);
    else if (verb == "stop")
      board_->stop(false);
    else if (verb == "cancel")
      board_->stop(true);
    else if (verb == "savepoint" || verb == "suspend" || verb == "drain")
      board_->save(verb);
    else if (verb == "refuse")
      refuse(words);
    else if (verb == "show")
      show(rest);
    else
      throw std::invalid_argument{"unknown command: " + line};
    collect();
  }

  std::string take_output() { return std::exchange(output_, {}); }

private:
  void make(const std::vector<std::string>& words) {
    BoardOptions options;
    options.job.restart = restart::fixed_delay({.attempts = 10, .delay = std::chrono::seconds{1}});
    for (const std::string& word : words) {
      if (word.starts_with("numbers/")) options.numbers = static_cast<int>(index_of(word));
      if (word.starts_with("counts/")) options.counts = static_cast<int>(index_of(word));
      if (word.starts_with("out/")) options.out = static_cast<int>(index_of(word));
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) continue;
      const std::string key = "execution.checkpointing." + word.substr(0, equals);
      const Status status = runtime::set_option(options.job, key, word.substr(equals + 1));
      if (!status.ok()) throw std::invalid_argument{status.message()};
    }
    board_.emplace(options);
  }

  static std::vector<int> numbers(const std::vector<std::string>& words) {
    std::vector<int> rows;
    for (std::size_t i = 2; i < words.size(); ++i) rows.push_back(std::stoi(words[i]));
    return rows;
  }

  /// "refuse [sync] PART [skip N] [times N]"
  void refuse(const std::vector<std::string>& words) {
    using On = simulation::DiskFault::On;
    const bool only_syncs = words.at(1) == "sync";
    simulation::DiskFault fault{.on = only_syncs ? On::sync : On::any_but_remove,
                                .path_contains = words.at(only_syncs ? 2 : 1),
                                .code = ErrorCode::out_of_space};
    for (std::size_t i = 2; i + 1 < words.size(); ++i) {
      if (words[i] == "skip") fault.skip = std::stoull(words[i + 1]);
      if (words[i] == "times") fault.times = std::stoull(words[i + 1]);
    }
    board_->refuse(std::move(fault));
  }

  void show(const std::string& what) {
    if (what == "waiting") return say("waiting: ", board_->table().texts());
    if (what == "checkpoints") return say("checkpoint ", board_->checkpoints());
    if (what == "savepoints") return say("", board_->savepoints());
    if (what != "committed") throw std::invalid_argument{"unknown command: show " + what};
    auto rows = board_->committed();
    std::sort(rows.begin(), rows.end());
    std::string line = "committed:";
    for (const auto& [number, count] : rows)
      line += " " + std::to_string(number) + "x" + std::to_string(count);
    output_ += line + "\n";
  }

  void say(const std::string& prefix, const std::vector<std::string>& lines) {
    collect();
    if (lines.empty()) output_ += prefix + "nothing\n";
    for (const std::string& line : lines) output_ += prefix + line + "\n";
  }

  void collect() {
    for (const std::string& line : board_->take_trace()) output_ += line + "\n";
  }

  std::optional<Board> board_;
  std::string output_;
};

}  // namespace

std::string play(const std::string& script) {
  Player player;
  std::istringstream in{script};
  std::string result;
  bool is_output = false;
  for (std::string line; std::getline(in, line);) {
    if (is_output) {
      is_output = !line.empty();
      if (!is_output) result += "\n";
      continue;
    }
    result += line + "\n";
    if (line == "----") {
      result += player.take_output();
      is_output = true;
    } else if (!line.empty() && line[0] != '#') {
      player.run(line);
    }
  }
  return result;
}

}  // namespace weir::test
