// expect: versions of a weir::Codec begin with 1
#include "test/compile_fail/prelude.hpp"

struct Money {
  int cents;
};

template <>
struct weir::Codec<Money> {
  static constexpr std::uint32_t version = 0;
  static void encode(const Money& money, ByteWriter& out) { out.put(money.cents); }
  static Money decode(ByteReader& in) { return {in.get<int>()}; }
  static std::string schema() { return "money"; }
};

void misuse() {
  weir::schema<Money>();
}
