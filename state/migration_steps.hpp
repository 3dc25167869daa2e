// The steps of a Migration: one for each way in which a value is made of others. None of them knows
// more of its parts than their steps.
#pragma once

#include "state/migration.hpp"

#include <cstdint>
#include <utility>

namespace weir::state {

using StepPtr = std::shared_ptr<const MigrationStep>;

/// A value that stays as it is.
class CopyStep final : public MigrationStep {
public:
  explicit CopyStep(Schema schema) : schema_{std::move(schema)} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  Schema schema_;
};

/// Parts one after the other, behind bytes that stay as they are.
class PartsStep final : public MigrationStep {
public:
  PartsStep(std::size_t bytes, std::vector<StepPtr> parts)
      : bytes_{bytes}, parts_{std::move(parts)} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  std::size_t bytes_;
  std::vector<StepPtr> parts_;
};

/// So many elements.
class ArrayStep final : public MigrationStep {
public:
  ArrayStep(std::size_t count, StepPtr element) : count_{count}, element_{std::move(element)} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  std::size_t count_;
  StepPtr element_;
};

class OptionalStep final : public MigrationStep {
public:
  explicit OptionalStep(StepPtr value) : value_{std::move(value)} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  StepPtr value_;
};

/// Elements behind their count, each of all parts.
class SequenceStep final : public MigrationStep {
public:
  explicit SequenceStep(std::vector<StepPtr> parts) : parts_{std::move(parts)} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  std::vector<StepPtr> parts_;
};

/// One of several, behind its index.
class EitherStep final : public MigrationStep {
public:
  explicit EitherStep(std::vector<StepPtr> alternatives) : alternatives_{std::move(alternatives)} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  std::vector<StepPtr> alternatives_;
};

/// Fields in another order, without some, and with others.
class FieldsStep final : public MigrationStep {
public:
  /// A field as it is to be: one that was written, or else these bytes.
  struct Field {
    std::optional<std::size_t> written;
    StepPtr step;
    Bytes otherwise;
  };

  FieldsStep(Schema written, std::vector<Field> fields)
      : written_{std::move(written)}, fields_{std::move(fields)} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  Schema written_;
  std::vector<Field> fields_;
};

/// What an older version of a codec wrote.
class UpgradeStep final : public MigrationStep {
public:
  using Upgrade = void (*)(std::uint32_t version, ByteReader& in, ByteWriter& out);

  UpgradeStep(std::uint32_t version, Upgrade upgrade) : version_{version}, upgrade_{upgrade} {}
  void run(ByteReader& in, ByteWriter& out) const override;

private:
  std::uint32_t version_;
  Upgrade upgrade_;
};

}  // namespace weir::state
