// Sends records from a subtask in one process to a subtask in another, through a cluster of real
// processes, and looks at the sender's memory while the receiver is slow.
//
// Ceiling: two processes that send blocks of the size of a batch through a TCP connection, and look
// at nothing.
#include "actors/net/sockets.hpp"
#include "bench/board.hpp"
#include "bench/cluster.hpp"
#include "bench/harness.hpp"

#include <weir/clock.hpp>
#include <weir/detail/batch.hpp>
#include <weir/weir.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

// ---- the job -----------------------------------------------------------------------------------

struct Sample {
  std::uint64_t number;
  std::uint64_t sensor;
  std::uint64_t time;
  std::uint64_t value;
};
static_assert(sizeof(Sample) == 32);

constexpr std::int64_t kSampleBytes = sizeof(Sample);
constexpr std::int64_t kBatchBytes = weir::detail::kBatchBytes;  // and larger for larger records

/// What the job is to do.
struct Work {
  std::int64_t records = 1'000;
  std::int64_t record_bytes = kSampleBytes;
  std::int64_t mb_per_second = 0;  // that the receiver takes; 0: all that come
  std::string directory = {};      // for checkpoints, and the board of the receiver
};

template <class T>
T make_record(std::uint64_t n, std::int64_t bytes) {
  if constexpr (std::is_same_v<T, Sample>)
    return {n, n & 0xff, 3 * n, n ^ 0x55};
  else
    return std::string(static_cast<std::size_t>(bytes), static_cast<char>(n));
}

std::uint64_t weigh(const Sample& sample) {
  return sample.number;
}
std::uint64_t weigh(const std::string& text) {
  return static_cast<unsigned char>(text.back());
}

/// Reads `work.records` records.
template <class T>
class RecordReader final : public weir::SplitReader<T, std::uint64_t> {
public:
  RecordReader(std::uint64_t next, const Work& work) : next_{next}, work_{work} {}

  weir::Poll poll(weir::Emit<T>& out) override {
    const auto count = static_cast<std::uint64_t>(work_.records);
    const std::uint64_t per_poll = std::is_same_v<T, Sample> ? 1024 : 1;
    const std::uint64_t end = std::min(count, next_ + per_poll);
    for (; next_ < end; ++next_) out(make_record<T>(next_, work_.record_bytes));
    if (next_ == count) return weir::End{};
    return weir::Ready{};
  }
  std::uint64_t position() const override { return next_; }

private:
  std::uint64_t next_;
  Work work_;
};

/// What the receiver shows to those who measure.
struct Arrivals {
  std::atomic<pid_t> receiver;
  std::atomic<std::int64_t> records;
  std::atomic<std::uint64_t> weight;  // once all have arrived
  std::atomic<double> began;          // when the first came
  std::atomic<double> ended;          // when the last came
};

using Board = bench::Board<Arrivals>;

/// Takes records, as fast as it may.
template <class T>
class Receiver final : public weir::Writer<T> {
public:
  explicit Receiver(const Work& work) : work_{work}, board_{work.directory + "/board"} {}

  void write(const T& record) override {
    if (arrived_ == 0) {
      board_->began = bench::now();
      board_->receiver = ::getpid();
    }
    ++arrived_;
    weight_ += weigh(record);
    board_->records.store(arrived_, std::memory_order_relaxed);
    if (arrived_ == work_.records) {
      board_->weight = weight_;
      board_->ended = bench::now();
    }
    if (work_.mb_per_second != 0) keep_pace();
  }

private:
  /// Blocks as a slow store would.
  void keep_pace() const {
    const double due = board_->began + static_cast<double>(arrived_ * work_.record_bytes) / 1e6 /
                                           static_cast<double>(work_.mb_per_second);
    constexpr double kShortest = 1e-3;  // a sleep takes about as long
    const double early = due - bench::now();
    if (early > kShortest) std::this_thread::sleep_for(std::chrono::duration<double>{early});
  }

  Work work_;
  Board board_;
  std::int64_t arrived_ = 0;
  std::uint64_t weight_ = 0;
};

/// The second subtask of the source reads everything. The only subtask of the sink shares a slot
/// with the first one, so it is in the other process.
template <class T>
weir::Job make_job(const Work& work) {
  weir::Job job{"exchange"};
  job.options().checkpoint = {.every = std::chrono::seconds{1},
                              .storage = work.directory + "/checkpoints"};
  job.source("records", weir::make_source(
                            [] {
                              return std::vector<weir::Split>{{"none"}, {"all"}};
                            },
                            [=](const weir::Split& split, std::optional<std::uint64_t> next) {
                              Work own = work;
                              if (split.id == "none") own.records = 0;
                              return std::make_unique<RecordReader<T>>(next.value_or(0), own);
                            },
                            {.assignment = weir::Assignment::spread}))
      .parallelism(2)
      .rebalance()
      .sink("receiver",
            weir::make_sink(
                [=](const weir::WriterContext&) { return std::make_unique<Receiver<T>>(work); },
                weir::Delivery::repeatable))
      .parallelism(1);
  return job;
}

int run_role(int argc, char** argv) {
  Work work;
  weir::Flags flags{"Sends records from one process to another."};
  flags.optional("records", &work.records, "how many")
      .optional("bytes", &work.record_bytes, "of a record")
      .optional("pace", &work.mb_per_second, "MB a second that the receiver takes; 0: all")
      .required("directory", &work.directory, "where its files go");
  return weir::main(
      flags,
      [&] {
        return work.record_bytes == kSampleBytes ? make_job<Sample>(work)
                                                 : make_job<std::string>(work);
      },
      argc, argv);
}

// ---- measuring it ------------------------------------------------------------------------------

/// What was seen of one run.
struct Seen {
  double mb_per_second = 0;
  double sender_cpu = 0;  // seconds
  double receiver_cpu = 0;
  double growth_mb = 0;  // of the sender, behind the first tenth
};

std::uint64_t expected_weight(const Work& work) {
  std::uint64_t weight = 0;
  for (std::uint64_t n = 0; n < static_cast<std::uint64_t>(work.records); ++n)
    weight += work.record_bytes == kSampleBytes ? n : n & 0xff;
  return weight;
}

double megabytes(const Work& work) {
  return static_cast<double>(work.records * work.record_bytes) / 1e6;
}

Seen send_with_weir(bench::Cluster& cluster, Work work) {
  const bench::TemporaryDirectory folder{{.directory = "/dev/shm"}};
  work.directory = folder.path();
  const Board board{work.directory + "/board"};
  const auto cpu_seconds = [&cluster](std::size_t worker) {
    return bench::usage_of(cluster.worker(worker).pid()).cpu_seconds;
  };
  const std::array<double, 2> cpu_before{cpu_seconds(0), cpu_seconds(1)};
  const auto client = cluster.submit(
      {"--records", std::to_string(work.records), "--bytes", std::to_string(work.record_bytes),
       "--pace", std::to_string(work.mb_per_second), "--directory", work.directory});
  constexpr double kSecondsMax = 60;
  const auto wait_for = [&](std::int64_t records) {
    bench::wait_until([&] { return board->records >= records; }, kSecondsMax,
                      "records did not arrive");
  };
  wait_for(std::max<std::int64_t>(1, work.records / 10));
  const std::size_t to = cluster.worker_of(board->receiver);
  const std::size_t from = 1 - to;
  const pid_t sender = cluster.worker(from).pid();
  const double early_mb = bench::usage_of(sender).resident_mb;
  double most_mb = early_mb;
  bench::wait_until(
      [&] {
        most_mb = std::max(most_mb, bench::usage_of(sender).resident_mb);
        return board->ended > 0;
      },
      kSecondsMax, "the last record did not arrive");
  bench::require(client->wait() == 0, client->output());
  bench::require(board->weight == expected_weight(work), "what arrived is not what was sent");
  return {.mb_per_second = megabytes(work) / (board->ended - board->began),
          .sender_cpu = cpu_seconds(from) - cpu_before.at(from),
          .receiver_cpu = cpu_seconds(to) - cpu_before.at(to),
          .growth_mb = most_mb - early_mb};
}

// ---- a bare connection -------------------------------------------------------------------------

/// Turns a socket into one that blocks.
weir::net::Fd blocking(weir::net::Fd fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  bench::require(flags >= 0 && ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) == 0,
                 "a socket cannot be prepared");
  return fd;
}

/// In a new process: sends the blocks and ends.
[[noreturn]] void send_blocks(int fd, std::int64_t blocks, std::size_t size) {
  const std::vector<char> block(size, 'x');
  for (; blocks != 0; --blocks) {
    for (std::size_t sent = 0; sent < size;) {
      const ssize_t n = ::send(fd, block.data() + sent, size - sent, MSG_NOSIGNAL);
      if (n <= 0) ::_exit(1);
      sent += static_cast<std::size_t>(n);
    }
  }
  ::_exit(0);
}

/// Returns the seconds of processor time that `who` has used.
double own_cpu(int who) {
  ::rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const ::timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Seen send_bare(const Work& work) {
  namespace net = weir::net;
  const auto block = std::max(work.record_bytes, kBatchBytes);
  const std::int64_t blocks = work.records * work.record_bytes / block;
  const auto here = net::resolve("127.0.0.1", 0);
  bench::require(here.ok(), "no loopback");
  const auto listener = net::listen_on(here->front());
  bench::require(listener.ok(), "cannot listen");
  const auto address = net::local_address(listener->get());
  const weir::Clock& clock = weir::Clock::system();
  auto connected =
      net::connect_to(*address, clock.monotonic() + std::chrono::seconds{5}, net::Signal{}, clock);
  bench::require(connected.ok(), "cannot connect");
  net::Fd to = blocking(std::move(connected).value());
  const net::Fd from =
      blocking(net::Fd{::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC)});
  const double receiver_before = own_cpu(RUSAGE_THREAD);
  const double sender_before = own_cpu(RUSAGE_CHILDREN);
  const pid_t sender = ::fork();
  if (sender == 0) send_blocks(to.get(), blocks, static_cast<std::size_t>(block));
  to = {};
  std::vector<char> buffer(static_cast<std::size_t>(block));
  std::int64_t arrived = 0;
  const double took = bench::seconds([&] {
    for (ssize_t n = 1; n > 0; arrived += n)
      n = ::recv(from.get(), buffer.data(), buffer.size(), 0);
  });
  int status = 0;
  bench::require(sender > 0 && ::waitpid(sender, &status, 0) == sender && status == 0 &&
                     arrived == blocks * block,
                 "not all blocks arrived");
  return {.mb_per_second = static_cast<double>(arrived) / 1e6 / took,
          .sender_cpu = own_cpu(RUSAGE_CHILDREN) - sender_before,
          .receiver_cpu = own_cpu(RUSAGE_THREAD) - receiver_before};
}

/// Prints the rows of one size of records.
void compare(bench::Cluster& cluster, const bench::Options& options, const std::string& what,
             const Work& work) {
  using Side = std::vector<Seen>;
  Side weir;
  Side bare;
  const auto note = [](Side& side, const Seen& seen) {
    side.push_back(seen);
    return seen.mb_per_second;
  };
  const auto figures = bench::interleave(options.repetitions(5),
                                         {[&] { return note(weir, send_with_weir(cluster, work)); },
                                          [&] { return note(bare, send_bare(work)); }});
  bench::print_ratio("exchange, two processes, " + what, "MB/s", figures[0], figures[1], 0.5);
  const auto each = [](const Side& side, const std::function<double(const Seen&)>& figure) {
    bench::Figures all;
    for (const Seen& seen : side) all.push_back(figure(seen));
    return all;
  };
  const auto records = [&](const Seen& seen) {
    return seen.mb_per_second / static_cast<double>(work.record_bytes) * 1e3;
  };
  bench::print_figure("  records a second", "k/s", each(weir, records), each(bare, records));
  const auto ns = [&](double cpu) { return cpu * 1e9 / static_cast<double>(work.records); };
  const auto sender = [&](const Seen& seen) { return ns(seen.sender_cpu); };
  bench::print_figure("  CPU per record, sender", "ns", each(weir, sender), each(bare, sender));
  const auto receiver = [&](const Seen& seen) { return ns(seen.receiver_cpu); };
  bench::print_figure("  CPU per record, receiver", "ns", each(weir, receiver),
                      each(bare, receiver));
}

}  // namespace

int main(int argc, char** argv) {
  if (bench::is_role(argc, argv)) return run_role(argc, argv);
  const auto options =
      bench::read_options(argc, argv, "Sends records from one process to another.");
  {
    bench::Cluster cluster{2};
    const std::int64_t mb = options.sized<std::int64_t>(2'000, 50);
    const auto work = [mb](std::int64_t bytes) {
      return Work{.records = mb * 1'000'000 / bytes, .record_bytes = bytes};
    };
    compare(cluster, options, "32 KiB of 32 B records", work(kSampleBytes));
    compare(cluster, options, "64 KiB records", work(64 << 10));
    compare(cluster, options, "128 KiB records", work(128 << 10));
  }
  // What is freed goes back at once, so that what is resident is what is held.
  ::setenv("MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0", 1);
  bench::Cluster cluster{2};
  const Work slow{.records = options.sized<std::int64_t>(16'000, 1'600),
                  .record_bytes = 64 << 10,
                  .mb_per_second = 100};
  bench::print_limit("slow receiver: memory of the sender grows by", "MB",
                     {send_with_weir(cluster, slow).growth_mb}, {}, 8);
  return 0;
}
