#include "test/interaction/table.hpp"

#include <algorithm>
#include <iterator>

namespace weir::test {

Table::Message Table::take(const Wanted& wanted) {
  std::set<std::pair<std::string, std::string>> passed;  // sender and receiver
  for (auto at = messages_.begin(); at != messages_.end(); ++at) {
    const std::pair channel{at->from, at->to};
    if (!passed.contains(channel) && wanted(*at)) {
      Message message = std::move(*at);
      messages_.erase(at);
      return message;
    }
    passed.insert(channel);
  }
  return {};
}

std::vector<std::string> Table::drop(const Wanted& wanted) {
  std::vector<std::string> texts;
  std::erase_if(messages_, [&](const Message& message) {
    if (!wanted(message)) return false;
    texts.push_back(message.text());
    return true;
  });
  return texts;
}

std::vector<std::string> Table::repeat(const Wanted& wanted) {
  std::vector<std::string> texts;
  const std::vector<Message> before = messages_;
  for (const Message& message : before) {
    if (!wanted(message)) continue;
    texts.push_back(message.text());
    messages_.push_back(message);
  }
  return texts;
}

std::vector<std::string> Table::delay(const Wanted& wanted) {
  std::copy_if(messages_.begin(), messages_.end(), std::back_inserter(delayed_), wanted);
  return drop(wanted);
}

void Table::release() {
  messages_.insert(messages_.end(), delayed_.begin(), delayed_.end());
  delayed_.clear();
}

std::vector<std::string> Table::texts() const {
  std::vector<std::string> texts;
  for (const Message& message : messages_) texts.push_back(message.text());
  return texts;
}

}  // namespace weir::test
