#include "state/migration_plan.hpp"

#include <algorithm>
#include <exception>

namespace weir::state {
namespace {

using Kind = Schema::Kind;

bool has_fields(const Schema& schema) {
  return schema.kind() == Kind::parts || schema.kind() == Kind::aggregate;
}

std::optional<std::size_t> find_field(const Schema& aggregate, const std::string& name) {
  for (std::size_t i = 0; i < aggregate.parts(); ++i) {
    if (aggregate.name(i) == name) return i;
  }
  return std::nullopt;
}

/// Returns where part `i` of a value is found.
std::string path_of(const Schema& schema, const std::string& path, std::size_t i) {
  switch (schema.kind()) {
    case Kind::aggregate: return path + "." + schema.name(i);
    case Kind::parts: return path + "." + std::to_string(i);
    case Kind::either: return path + "/" + std::to_string(i);
    case Kind::map: return path + (i == 0 ? "[key]" : "[value]");
    case Kind::sequence:
    case Kind::set:
    case Kind::array: return path + "[]";
    default: return path;
  }
}

/// Whether no two elements may have the same part `i`.
bool is_key(const Schema& schema, std::size_t i) {
  return schema.kind() == Kind::set || (schema.kind() == Kind::map && i == 0);
}

StepPtr step_or_copy(StepPtr step, const Schema& from) {
  return step != nullptr ? std::move(step) : std::make_shared<CopyStep>(from);
}

}  // namespace

bool is_same_layout(const Schema& written, const Schema& declared) {
  const bool is_same_kind =
      written.kind() == declared.kind() || (has_fields(written) && has_fields(declared));
  if (!is_same_kind || written.parts() != declared.parts() || written.unit() != declared.unit() ||
      written.number() != declared.number() || written.count() != declared.count() ||
      written.codec() != declared.codec() || written.version() != declared.version())
    return false;
  const bool has_names = written.kind() == Kind::aggregate && declared.kind() == Kind::aggregate;
  for (std::size_t i = 0; i < written.parts(); ++i) {
    if (has_names && written.name(i) != declared.name(i)) return false;
    if (!is_same_layout(written.part(i), declared.part(i))) return false;
  }
  return true;
}

StepPtr MigrationPlan::plan(const Schema& from, const Schema& to, const std::string& path) {
  if (from.kind() == Kind::aggregate && to.kind() == Kind::aggregate)
    return plan_by_name(from, to, path);
  if (has_fields(from) && has_fields(to)) return plan_by_position(from, to, path);
  if (from.kind() != to.kind() || from.unit() != to.unit() || from.parts() != to.parts())
    return differ(from, to, path);
  switch (to.kind()) {
    case Kind::number: return from.number() == to.number() ? nullptr : differ(from, to, path);
    case Kind::text: return nullptr;
    case Kind::sized: return plan_codec(from, to, path);
    case Kind::array:
      if (from.count() != to.count()) return differ(from, to, path);
      break;
    default: break;
  }
  std::vector<StepPtr> steps = plan_parts(from, to, path);
  if (steps.empty()) return nullptr;
  switch (to.kind()) {
    case Kind::array: return std::make_shared<ArrayStep>(to.count(), std::move(steps[0]));
    case Kind::optional: return std::make_shared<OptionalStep>(std::move(steps[0]));
    case Kind::either: return std::make_shared<EitherStep>(std::move(steps));
    case Kind::expiring: return std::make_shared<PartsStep>(sizeof(std::int64_t), std::move(steps));
    default: return std::make_shared<SequenceStep>(std::move(steps));
  }
}

std::vector<StepPtr> MigrationPlan::plan_parts(const Schema& from, const Schema& to,
                                               const std::string& path) {
  std::vector<StepPtr> steps;
  for (std::size_t i = 0; i < to.parts(); ++i) {
    const std::string at = path_of(to, path, i);
    if (is_key(to, i))
      steps.push_back(check_key(from.part(i), to.part(i), at));
    else
      steps.push_back(plan(from.part(i), to.part(i), at));
  }
  if (std::all_of(steps.begin(), steps.end(), [](const auto& step) { return step == nullptr; }))
    return {};
  for (std::size_t i = 0; i < to.parts(); ++i)
    steps[i] = step_or_copy(std::move(steps[i]), from.part(i));
  return steps;
}

/// One of the two was written, or is declared, without names.
StepPtr MigrationPlan::plan_by_position(const Schema& from, const Schema& to,
                                        const std::string& path) {
  if (from.parts() != to.parts()) {
    if (to.kind() != Kind::aggregate) return differ(from, to, path);
    return refuse(path, from.text() + " -> " + to.text() +
                            ", and names of fields were not written yet; continue once with the "
                            "old type, and change it behind a savepoint of this version");
  }
  std::vector<StepPtr> steps = plan_parts(from, to, path);
  return steps.empty() ? nullptr : std::make_shared<PartsStep>(0, std::move(steps));
}

StepPtr MigrationPlan::plan_by_name(const Schema& from, const Schema& to, const std::string& path) {
  std::vector<FieldsStep::Field> fields;
  bool is_needed = from.parts() != to.parts();
  for (std::size_t i = 0; i < to.parts(); ++i) {
    const std::string at = path_of(to, path, i);
    FieldsStep::Field field{find_field(from, to.name(i)), nullptr, {}};
    if (field.written) {
      const Schema& written = from.part(*field.written);
      StepPtr step = plan(written, to.part(i), at);
      is_needed = is_needed || *field.written != i || step != nullptr;
      field.step = step_or_copy(std::move(step), written);
    } else if (const std::vector<Bytes> defaults = defaults_of(to, at); !defaults.empty()) {
      changes.push_back(at + " is new");
      field.otherwise = defaults[i];
      is_needed = true;
    }
    fields.push_back(std::move(field));
  }
  for (std::size_t i = 0; i < from.parts(); ++i) {
    if (!find_field(to, from.name(i))) changes.push_back(path_of(from, path, i) + " is dropped");
  }
  return is_needed ? std::make_shared<FieldsStep>(from, std::move(fields)) : nullptr;
}

/// Returns the encoded fields of a default-constructed aggregate, to which `field` was added.
std::vector<Bytes> MigrationPlan::defaults_of(const Schema& aggregate, const std::string& field) {
  const auto encode =
      aggregate.place() < parts_.size() ? parts_[aggregate.place()].encode_default : nullptr;
  if (encode == nullptr) {
    refuse(field,
           "it is new, and the type that it was added to cannot be made without arguments; "
           "give each of its fields a default");
    return {};
  }
  ByteWriter made;
  try {
    encode(made);
  } catch (const std::exception& error) {
    refuse(field, std::string{"it is new, and its default cannot be made: "} + error.what());
    return {};
  }
  std::vector<Bytes> fields;
  ByteReader in{made.view()};
  for (std::size_t i = 0; i < aggregate.parts(); ++i)
    fields.emplace_back(aggregate.part(i).take(in));
  return fields;
}

StepPtr MigrationPlan::plan_codec(const Schema& from, const Schema& to, const std::string& path) {
  if (from.codec() != to.codec()) return differ(from, to, path);
  if (from.version() == to.version()) return nullptr;
  const std::string versions = "version " + std::to_string(from.version()) + " of the codec \"" +
                               to.codec() + "\" wrote it, and the program has version " +
                               std::to_string(to.version());
  if (from.version() > to.version())
    return refuse(path, versions + "; use a program that is not older");
  const auto upgrade = to.place() < parts_.size() ? parts_[to.place()].upgrade : nullptr;
  if (upgrade == nullptr)
    return refuse(path, versions + ", which has no decode_from; add it to the weir::Codec");
  changes.push_back((path.empty() ? "all of it" : path) + " goes from version " +
                    std::to_string(from.version()) + " to " + std::to_string(to.version()));
  return std::make_shared<UpgradeStep>(from.version(), upgrade);
}

StepPtr MigrationPlan::check_key(const Schema& from, const Schema& to, const std::string& path) {
  if (is_same_layout(from, to)) return nullptr;
  return refuse(path,
                from.text() + " -> " + to.text() +
                    ", but keys of maps and elements of sets cannot change: two could become one; "
                    "go back to the old type, or give the field or state another name");
}

StepPtr MigrationPlan::refuse(const std::string& path, const std::string& why) {
  problems.push_back(path.empty() ? why : path + ": " + why);
  return nullptr;
}

StepPtr MigrationPlan::differ(const Schema& from, const Schema& to, const std::string& path) {
  const std::string types = from.text() + " -> " + to.text();
  if ((from.kind() == Kind::expiring) != (to.kind() == Kind::expiring))
    return refuse(path, types +
                            ": a state cannot get or lose its Ttl and keep what it holds; go back, "
                            "or give the state another name");
  return refuse(path,
                types +
                    "; go back to the old type, or give the field or state another name, which "
                    "drops what it holds");
}

}  // namespace weir::state
