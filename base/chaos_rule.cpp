// Parses `--chaos` rules.
#include "base/text.hpp"

#include <weir/chaos.hpp>

#include <array>
#include <sstream>
#include <vector>

namespace weir {
namespace {

constexpr std::array<Phase, 6> kPhases{Phase::triggered,    Phase::aligning,  Phase::snapshotted,
                                       Phase::acknowledged, Phase::completed, Phase::committing};

constexpr std::string_view kForms =
    "expected \"kill VICTIM at checkpoint N PHASE\", \"kill VICTIM after N records\" or \"kill "
    "VICTIM at random RATE/s [seed S] [times T]\"";

Status bad_rule(std::string_view rule, const std::string& why) {
  return {ErrorCode::invalid_argument,
          "chaos rule \"" + std::string{rule} + "\": " + why + "; " + std::string{kForms}};
}

/// Takes the words of a rule one after the other.
class Words {
public:
  explicit Words(std::string_view text) {
    std::istringstream in{std::string{text}};
    for (std::string word; in >> word;) words_.push_back(word);
  }
  bool at_end() const { return next_ == words_.size(); }
  std::string take() { return at_end() ? "" : words_[next_++]; }
  bool take_if(std::string_view word) {
    if (at_end() || words_[next_] != word) return false;
    ++next_;
    return true;
  }

private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

Result<Phase> parse_phase(const std::string& text) {
  std::string known;
  for (const Phase phase : kPhases) {
    if (to_string(phase) == text) return phase;
    known += (known.empty() ? "" : ", ") + std::string{to_string(phase)};
  }
  return Status{ErrorCode::invalid_argument, "\"" + text + "\" is no phase; phases are " + known};
}

Result<std::uint64_t> parse_count(const std::string& text) {
  auto number = base::parse_int(text);
  if (!number.ok()) return number.status();
  if (*number < 0) return Status{ErrorCode::invalid_argument, "\"" + text + "\" is negative"};
  return static_cast<std::uint64_t>(*number);
}

Result<AtRandom> parse_random(Words& words) {
  AtRandom random;
  std::string rate = words.take();
  if (rate.size() < 3 || !rate.ends_with("/s"))
    return Status{ErrorCode::invalid_argument, "\"" + rate + "\" is no rate such as 0.5/s"};
  auto per_second = base::parse_double(rate.substr(0, rate.size() - 2));
  if (!per_second.ok()) return per_second.status();
  if (*per_second <= 0) return Status{ErrorCode::invalid_argument, "the rate must be above 0"};
  random.per_second = *per_second;
  while (!words.at_end()) {
    const bool is_seed = words.take_if("seed");
    if (!is_seed && !words.take_if("times"))
      return Status{ErrorCode::invalid_argument, "\"" + words.take() + "\" is not expected here"};
    auto value = parse_count(words.take());
    if (!value.ok()) return value.status();
    (is_seed ? random.seed : random.times) = *value;
  }
  return random;
}

Result<AtCheckpoint> parse_checkpoint(Words& words) {
  auto number = parse_count(words.take());
  if (!number.ok()) return number.status();
  auto phase = parse_phase(words.take());
  if (!phase.ok()) return phase.status();
  return AtCheckpoint{*number, *phase};
}

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::triggered: return "triggered";
    case Phase::aligning: return "aligning";
    case Phase::snapshotted: return "snapshotted";
    case Phase::acknowledged: return "acknowledged";
    case Phase::completed: return "completed";
    case Phase::committing: return "committing";
  }
  return "unknown phase";
}

Result<ChaosRule> ChaosRule::parse(std::string_view text) {
  Words words{text};
  if (!words.take_if("kill")) return bad_rule(text, "it does not begin with \"kill\"");
  ChaosRule rule;
  rule.victim = words.take();
  if (rule.victim.empty()) return bad_rule(text, "it names no victim");
  if (words.take_if("after")) {
    auto count = parse_count(words.take());
    if (!count.ok()) return bad_rule(text, count.status().message());
    if (!words.take_if("records")) return bad_rule(text, "\"records\" is missing");
    rule.when = AfterRecords{*count};
  } else if (!words.take_if("at")) {
    return bad_rule(text, "it does not say when");
  } else if (words.take_if("random")) {
    auto random = parse_random(words);
    if (!random.ok()) return bad_rule(text, random.status().message());
    rule.when = *random;
  } else if (words.take_if("checkpoint")) {
    auto moment = parse_checkpoint(words);
    if (!moment.ok()) return bad_rule(text, moment.status().message());
    rule.when = *moment;
  } else {
    return bad_rule(text, "\"" + words.take() + "\" is no moment");
  }
  if (!words.at_end()) return bad_rule(text, "\"" + words.take() + "\" is not expected here");
  return rule;
}

}  // namespace weir
