// Three banks send each other money and never stop; each of them begins a global snapshot while
// they do. Whatever is under way, the money in banks and channels of a snapshot adds up.
//
// A bank is an actor: a thread that takes one message at a time out of its mailbox. A mailbox keeps
// the order in which each sender has put messages in, so that every channel is FIFO.
#include <weir/chandy_lamport.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

namespace {

using namespace weir::snapshots;

constexpr ProcessId P1{1};
constexpr ProcessId P2{2};
constexpr ProcessId P3{3};
constexpr std::int64_t kBalance = 1000;     // of each bank, at first
constexpr int kTransfersOfChannel = 5;      // that are under way at first
constexpr int kTransfersBeforeBegin = 500;  // a bank begins its snapshot with this one

struct Transfer {
  std::int64_t amount;
};
struct Marker {
  SnapshotId id;
};
struct Stop {};
struct Mail {
  Channel channel;
  std::variant<Transfer, Marker, Stop> content;
};

template <class T>
class Mailbox {
public:
  void put(T item) {
    const std::lock_guard lock{mutex_};
    items_.push_back(std::move(item));
    filled_.notify_one();
  }
  T take() {
    std::unique_lock lock{mutex_};
    filled_.wait(lock, [&] { return !items_.empty(); });
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<T> items_;  // guarded by mutex_
};

/// Errors of the library say that channels are not FIFO, or the graph is wrong: a bug.
void check(const weir::Status& status) {
  if (status.ok()) return;
  std::cerr << status.message() << std::endl;
  std::abort();
}

using Mailboxes = std::map<ProcessId, Mailbox<Mail>>;
using Parts = Mailbox<ProcessSnapshot>;

class Bank {
public:
  Bank(ProcessId self, const ProcessGraph& graph, Mailboxes& mailboxes, Parts& parts)
      : self_{self},
        outputs_{graph.outputs_of(self)},
        mailboxes_{mailboxes},
        parts_{parts},
        snapshots_{self, graph.inputs_of(self), outputs_, [this] { return to_bytes(balance_); }} {}

  void run() {
    for (int i = 0; i < kTransfersOfChannel; ++i)
      for (const Channel& channel : outputs_) pay(channel);
    while (true) {
      const Mail mail = mailboxes_.at(self_).take();
      if (const auto* transfer = std::get_if<Transfer>(&mail.content))
        on_transfer(mail.channel, transfer->amount);
      else if (const auto* marker = std::get_if<Marker>(&mail.content))
        follow(marker->id, snapshots_.on_marker(mail.channel, marker->id));
      else
        return;
    }
  }

private:
  static weir::Bytes to_bytes(std::int64_t amount) { return std::to_string(amount); }

  void on_transfer(const Channel& channel, std::int64_t amount) {
    check(snapshots_.on_message(channel, to_bytes(amount)));
    balance_ += amount;
    pay(outputs_[static_cast<std::size_t>(received_) % outputs_.size()]);
    if (++received_ == kTransfersBeforeBegin) follow({self_, 1}, snapshots_.begin(1));
  }
  void pay(const Channel& channel) {
    const std::int64_t amount = std::min<std::int64_t>(balance_, 1 + received_ * 7 % 50);
    balance_ -= amount;
    mailboxes_.at(channel.to).put({channel, Transfer{amount}});
  }
  /// Does what the library asks for. Nothing else is sent before the markers: one thread does both.
  void follow(SnapshotId id, weir::Result<SnapshotStep> step) {
    check(step.status());
    for (const Channel& channel : step->markers)
      mailboxes_.at(channel.to).put({channel, Marker{id}});
    if (step->part) parts_.put(std::move(*step->part));
  }

  ProcessId self_;
  std::vector<Channel> outputs_;
  Mailboxes& mailboxes_;
  Parts& parts_;
  ChandyLamport snapshots_;
  std::int64_t balance_ = kBalance;
  std::int64_t received_ = 0;
};

/// Prints a snapshot and returns the money in it.
std::int64_t print(const GlobalSnapshot& snapshot) {
  std::int64_t sum = 0;
  std::cout << to_string(snapshot.id) << '\n';
  for (const auto& [bank, balance] : snapshot.states) {
    std::cout << "  " << to_string(bank) << ": " << balance << '\n';
    sum += std::stoll(balance);
  }
  for (const auto& [channel, transfers] : snapshot.channels) {
    std::cout << "  " << to_string(channel) << ':';
    for (const weir::Bytes& amount : transfers) {
      std::cout << ' ' << amount;
      sum += std::stoll(amount);
    }
    std::cout << '\n';
  }
  std::cout << "  in total: " << sum << std::endl;
  return sum;
}

}  // namespace

int main() {
  const ProcessGraph graph{.processes = {P1, P2, P3},
                           .channels = {{P1, P2}, {P2, P1}, {P2, P3}, {P3, P1}, {P3, P3}}};
  Mailboxes mailboxes;
  Parts parts;
  std::deque<Bank> banks;
  for (const ProcessId process : graph.processes) {
    check(graph.check_initiator(process));
    mailboxes[process];
    banks.emplace_back(process, graph, mailboxes, parts);
  }
  std::vector<std::jthread> threads;
  for (Bank& bank : banks) threads.emplace_back([&bank] { bank.run(); });

  SnapshotCollector collector{graph};
  bool adds_up = true;
  for (std::size_t complete = 0; complete != banks.size();) {
    const auto whole = collector.add(parts.take());
    check(whole.status());
    if (!*whole) continue;
    adds_up &= print(**whole) == kBalance * static_cast<std::int64_t>(banks.size());
    ++complete;
  }
  for (auto& [process, mailbox] : mailboxes) mailbox.put({{}, Stop{}});
  return adds_up ? 0 : 1;
}
