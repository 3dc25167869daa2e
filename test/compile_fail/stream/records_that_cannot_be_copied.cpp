// expect: a record, key or state must be copyable: operators share records, and checkpoints copy
// expect: state
#include "test/compile_fail/prelude.hpp"

struct Ticket {
  std::unique_ptr<int> seat;
};

template <>
struct weir::Codec<Ticket> {
  static void encode(const Ticket& t, ByteWriter& out) { out.put(*t.seat); }
  static Ticket decode(ByteReader& in) { return {std::make_unique<int>(in.get<int>())}; }
  static std::string schema() { return "ticket-v1"; }
};

void misuse(const weir::Stream<Ticket>& tickets) {
  tickets.rebalance();
}
