#include "state/migration_steps.hpp"

namespace weir::state {
namespace {

void copy(std::size_t bytes, ByteReader& in, ByteWriter& out) {
  const std::string_view copied = in.get_raw(bytes);
  out.put_raw(copied.data(), copied.size());
}

/// Calls `run` on all of `bytes`, which are a value; else `in`, where they come from, is damaged.
template <class Run>
void run_on(std::string_view bytes, ByteReader& in, Run run) {
  ByteReader value{bytes};
  run(value);
  if (!value.ok() || !value.at_end()) in.fail();
}

}  // namespace

void CopyStep::run(ByteReader& in, ByteWriter& out) const {
  const std::string_view value = schema_.take(in);
  out.put_raw(value.data(), value.size());
}

void PartsStep::run(ByteReader& in, ByteWriter& out) const {
  copy(bytes_, in, out);
  for (const StepPtr& part : parts_) part->run(in, out);
}

void ArrayStep::run(ByteReader& in, ByteWriter& out) const {
  for (std::size_t i = 0; i < count_ && in.ok(); ++i) element_->run(in, out);
}

void OptionalStep::run(ByteReader& in, ByteWriter& out) const {
  const auto has_value = in.get<std::uint8_t>();
  out.put(has_value);
  if (has_value != 0) value_->run(in, out);
}

void SequenceStep::run(ByteReader& in, ByteWriter& out) const {
  const std::size_t count = in.get_count();
  out.put_varint(count);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    for (const StepPtr& part : parts_) part->run(in, out);
  }
}

void EitherStep::run(ByteReader& in, ByteWriter& out) const {
  const std::uint64_t index = in.get_varint();
  if (index >= alternatives_.size()) return in.fail();
  out.put_varint(index);
  alternatives_[index]->run(in, out);
}

void FieldsStep::run(ByteReader& in, ByteWriter& out) const {
  std::vector<std::string_view> values;
  values.reserve(written_.parts());
  for (std::size_t i = 0; i < written_.parts(); ++i) values.push_back(written_.part(i).take(in));
  if (!in.ok()) return;
  for (const Field& field : fields_) {
    if (field.written)
      run_on(values[*field.written], in, [&](ByteReader& value) { field.step->run(value, out); });
    else
      out.put_raw(field.otherwise.data(), field.otherwise.size());
  }
}

void UpgradeStep::run(ByteReader& in, ByteWriter& out) const {
  const std::string_view bytes = in.get_raw(in.get<std::uint32_t>());
  if (!in.ok()) return;
  run_on(bytes, in, [&](ByteReader& value) { upgrade_(version_, value, out); });
}

}  // namespace weir::state
