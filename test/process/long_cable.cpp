// long_cable DEVICE DEVICE MILLISECONDS: joins two network devices by a cable on which every packet
// takes so long, in either direction. Says "ready" and runs until it is killed.
//
// Kernels can do that (netem), but not all of them.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

// A packet may still lack checksums and be larger than a frame: the kernel says so in a header in
// front of it, and takes it back in the same shape.
constexpr std::size_t kPacketMax = 128 << 10;
constexpr std::size_t kPacketsMax = 10'000;  // on their way; what comes then is lost

[[noreturn]] void fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

void set(int socket, int option, int value) {
  if (::setsockopt(socket, SOL_PACKET, option, &value, sizeof value) != 0) fail("a packet socket");
}

/// Returns a socket that reads what comes out of a device and writes what goes into it.
int open_device(const char* name) {
  const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (socket < 0) fail("a packet socket");
  set(socket, PACKET_VNET_HDR, 1);
  set(socket, PACKET_IGNORE_OUTGOING, 1);
  ::sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(name));
  if (address.sll_ifindex == 0) fail(name);
  ::packet_mreq everything{};
  everything.mr_ifindex = address.sll_ifindex;
  everything.mr_type = PACKET_MR_PROMISC;
  constexpr int kBuffer = 16 << 20;
  if (::setsockopt(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof everything) ||
      ::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer) ||
      ::bind(socket, static_cast<::sockaddr*>(static_cast<void*>(&address)), sizeof address))
    fail(name);
  return socket;
}

struct Packet {
  Clock::time_point due;
  std::vector<char> bytes;
};

/// One direction.
struct Lane {
  int from;
  int to;
  std::deque<Packet> packets;
};

void take_in(Lane& lane, std::chrono::milliseconds delay) {
  static std::vector<char> buffer(kPacketMax);
  for (ssize_t n = 0; (n = ::read(lane.from, buffer.data(), buffer.size())) > 0;) {
    if (lane.packets.size() < kPacketsMax)
      lane.packets.push_back({Clock::now() + delay, {buffer.data(), buffer.data() + n}});
  }
}

/// Lets out what is due. What a device does not take is lost, as on any cable.
void let_out(Lane& lane) {
  for (; !lane.packets.empty() && lane.packets.front().due <= Clock::now();
       lane.packets.pop_front()) {
    const auto& bytes = lane.packets.front().bytes;
    if (::write(lane.to, bytes.data(), bytes.size()) < 0) continue;
  }
}

/// Returns in how many milliseconds the next packet is due, at least one; -1 if there is none.
int until_next(const std::array<Lane, 2>& lanes) {
  int wait = -1;
  for (const Lane& lane : lanes) {
    if (lane.packets.empty()) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        lane.packets.front().due - Clock::now());
    const int ms = std::max(1, static_cast<int>(left.count()));
    if (wait < 0 || ms < wait) wait = ms;
  }
  return wait;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("long_cable DEVICE DEVICE MILLISECONDS\n", stderr);
    return 2;
  }
  const int left = open_device(argv[1]);
  const int right = open_device(argv[2]);
  const std::chrono::milliseconds delay{std::stoi(argv[3])};
  std::array<Lane, 2> lanes{Lane{left, right, {}}, Lane{right, left, {}}};
  std::fputs("ready\n", stderr);
  while (true) {
    std::array<::pollfd, 2> ready{::pollfd{left, POLLIN, 0}, ::pollfd{right, POLLIN, 0}};
    ::poll(ready.data(), ready.size(), until_next(lanes));
    for (Lane& lane : lanes) {
      take_in(lane, delay);
      let_out(lane);
    }
  }
}
