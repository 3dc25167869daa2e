// What banks say to each other in the test of global snapshots: they are CAF actors.
#pragma once

#include <weir/chandy_lamport.hpp>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <map>

namespace weir::snapshots::test {

struct Go {};
struct Transfer {
  Channel channel;
  std::int64_t amount = 0;
};
struct Marker {
  Channel channel;
  SnapshotId id;
};
struct Peers;
using CollectorActor = caf::typed_actor<caf::reacts_to<ProcessSnapshot>>;
using BankActor = caf::typed_actor<caf::reacts_to<Peers>, caf::reacts_to<Go>,
                                   caf::reacts_to<Transfer>, caf::reacts_to<Marker>>;
struct Peers {
  std::map<ProcessId, BankActor> banks;
  CollectorActor collector;
};

}  // namespace weir::snapshots::test

// They never leave the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshots::test::Go)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshots::test::Transfer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshots::test::Marker)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshots::test::Peers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshots::ProcessSnapshot)

// Behind all blocks of the engine.
CAF_BEGIN_TYPE_ID_BLOCK(weir_banks, caf::first_custom_type_id + 1000)

  CAF_ADD_TYPE_ID(weir_banks, (weir::snapshots::test::Go))
  CAF_ADD_TYPE_ID(weir_banks, (weir::snapshots::test::Transfer))
  CAF_ADD_TYPE_ID(weir_banks, (weir::snapshots::test::Marker))
  CAF_ADD_TYPE_ID(weir_banks, (weir::snapshots::test::Peers))
  CAF_ADD_TYPE_ID(weir_banks, (weir::snapshots::ProcessSnapshot))

CAF_END_TYPE_ID_BLOCK(weir_banks)
