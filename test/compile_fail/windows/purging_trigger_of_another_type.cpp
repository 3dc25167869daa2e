// expect: window(...).trigger(g): g must be copyable and have a State with a weir::Codec and
#include "test/compile_fail/prelude.hpp"

struct OnAlert {
  using State = int;
  weir::TriggerResult on_record(const Alert&, weir::TriggerContext<int>&) const {
    return weir::TriggerResult::fire;
  }
};

void misuse() {
  windows().trigger(weir::trigger::purging(OnAlert{}));
}
