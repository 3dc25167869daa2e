#include "test/compile_fail/prelude.hpp"

void use() {
  weir::ByteWriter out;
  weir::encode(Payment{}, out);
  weir::ByteReader in{out.view()};
  weir::decode<Payment>(in);
  weir::schema<Payment>();
  weir::hash_of(std::string{"a"});
}
