// The line source: one split per file, several for a large one, lines with offsets.
#include "connectors/files/byte_stream.hpp"
#include "connectors/files/glob.hpp"

#include <weir/files.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace weir::files {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;  // from the file at a time
constexpr int kLinesPerPoll = 256;

/// A part of a file: the lines that begin in [begin, end). In a checkpoint as "PATH@BEGIN-END".
struct Part {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // the largest number there is: to the end of the file

  std::string id() const { return path + "@" + std::to_string(begin) + "-" + std::to_string(end); }

  static Result<Part> parse(const std::string& id) {
    const std::size_t at = id.rfind('@');
    const std::size_t dash = at == std::string::npos ? at : id.find('-', at);
    if (dash != std::string::npos) {
      Part part{.path = id.substr(0, at), .begin = 0, .end = 0};
      if (parse_number(id, at + 1, dash, part.begin) &&
          parse_number(id, dash + 1, id.size(), part.end))
        return part;
    }
    return Status{ErrorCode::corrupt, "\"" + id + "\" is no part of a file"};
  }

private:
  static bool parse_number(const std::string& text, std::size_t begin, std::size_t end,
                           std::uint64_t& number) {
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    return error == std::errc{} && stop == text.data() + end;
  }
};

constexpr std::uint64_t kToTheEnd = ~std::uint64_t{0};

/// Position: offset of the next line.
class LineReader final : public SplitReader<std::string, std::uint64_t> {
public:
  LineReader(Part part, std::unique_ptr<ByteStream> stream, std::uint64_t stream_offset,
             bool skips_first, std::uint64_t line_bytes_max)
      : part_{std::move(part)},
        stream_{std::move(stream)},
        offset_{stream_offset},
        skips_first_{skips_first},
        line_bytes_max_{line_bytes_max} {
    buffer_.resize(kReadBytes);
  }

  Poll poll(Emit<std::string>& out) override {
    for (int n = 0; n < kLinesPerPoll; ++n) {
      if (!skips_first_ && offset_ >= part_.end) return End{};
      std::size_t length = 0;
      if (!find_line(length)) return End{};
      const char* line = buffer_.data() + at_;
      const bool has_newline = at_ + length < size_;
      if (!std::exchange(skips_first_, false)) {
        const bool has_return = has_newline && length != 0 && line[length - 1] == '\r';
        out.emplace(line, has_return ? length - 1 : length);
      }
      const std::size_t taken = length + (has_newline ? 1 : 0);
      at_ += taken;
      offset_ += taken;
    }
    return Ready{};
  }

  std::uint64_t position() const override { return offset_; }

private:
  /// Makes the next line lie in the buffer from at_ on; false at the end of the file.
  bool find_line(std::size_t& length) {
    std::size_t searched = 0;
    while (true) {
      const char* begin = buffer_.data() + at_;
      const std::size_t left = size_ - at_;
      if (const void* end = std::memchr(begin + searched, '\n', left - searched)) {
        length = static_cast<std::size_t>(static_cast<const char*>(end) - begin);
        return true;
      }
      searched = left;
      if (searched > line_bytes_max_)
        throw std::runtime_error{part_.path + " has a line of more than " +
                                 std::to_string(line_bytes_max_) + " bytes at offset " +
                                 std::to_string(offset_) +
                                 "; raise LineOptions::line_bytes_max if it is meant to be text"};
      if (!fill()) {
        length = left;
        return left != 0;
      }
    }
  }

  /// Reads more behind what is in the buffer; false at the end of the file.
  bool fill() {
    if (at_ != 0) {
      std::memmove(buffer_.data(), buffer_.data() + at_, size_ - at_);
      size_ -= at_;
      at_ = 0;
    }
    if (buffer_.size() - size_ < kReadBytes / 2) buffer_.resize(buffer_.size() * 2);
    auto n = stream_->read(buffer_.data() + size_, buffer_.size() - size_);
    if (!n.ok()) throw std::runtime_error{n.status().message()};
    size_ += *n;
    return *n != 0;
  }

  Part part_;
  std::unique_ptr<ByteStream> stream_;
  std::uint64_t offset_;  // in the file, of at_
  bool skips_first_;      // begins inside a line that belongs to the part before
  std::uint64_t line_bytes_max_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;    // of the next line
  std::size_t size_ = 0;  // bytes in the buffer
};

Result<std::vector<Split>> list_parts(Env& env, const std::vector<std::string>& inputs,
                                      const LineOptions& options) {
  std::vector<Split> splits;
  for (const std::string& input : inputs) {
    auto files = find_files(env, input);
    if (!files.ok()) return files.status();
    for (const std::string& path : *files) {
      auto file = env.open(path);  // a file that cannot be read must be known before the job runs
      if (!file.ok())
        return file.status().with_cure(
            "make it readable for this user, or leave it out of the input");
      auto info = env.stat(path);
      if (!info.ok()) return info.status();
      if (info->size_bytes <= options.split_bytes) {
        splits.push_back({Part{path, 0, kToTheEnd}.id(), info->size_bytes});
        continue;
      }
      auto compression = detect_compression(**file);
      if (!compression.ok()) return compression.status();
      const bool can_cut = *compression == Compression::none;
      const std::uint64_t step = can_cut ? options.split_bytes : info->size_bytes;
      for (std::uint64_t begin = 0; begin < info->size_bytes; begin += step) {
        const bool is_last = begin + step >= info->size_bytes;
        splits.push_back({Part{path, begin, is_last ? kToTheEnd : begin + step}.id(),
                          std::min(step, info->size_bytes - begin)});
      }
    }
  }
  // Large ones first: the last ones to be handed out are small, so that all subtasks end together.
  std::stable_sort(splits.begin(), splits.end(),
                   [](const Split& a, const Split& b) { return a.size_bytes > b.size_bytes; });
  return splits;
}

Result<std::unique_ptr<LineReader>> open_part(Env& env, const Split& split,
                                              const std::optional<std::uint64_t>& position,
                                              const LineOptions& options) {
  auto part = Part::parse(split.id);
  if (!part.ok()) return part.status();
  // A part that begins inside the file begins one byte before: only after a newline is its first
  // line its own.
  const std::uint64_t start = part->begin == 0 ? 0 : part->begin - 1;
  const std::uint64_t offset = position.value_or(start);
  const bool looks_back = offset < part->begin;
  auto stream = ByteStream::open(env, part->path, offset);
  if (!stream.ok()) return stream.status();
  return std::make_unique<LineReader>(std::move(part).value(), std::move(stream).value(), offset,
                                      looks_back, options.line_bytes_max);
}

}  // namespace

Source<std::string> lines(std::vector<std::string> inputs, LineOptions options) {
  return make_source(
      [inputs = std::move(inputs), options](const SourceContext& context) {
        return list_parts(context.env, inputs, options);
      },
      [options](const Split& split, const std::optional<std::uint64_t>& position,
                const SourceContext& context) {
        return open_part(context.env, split, position, options);
      });
}

Source<std::string> lines(std::string input, LineOptions options) {
  return lines(std::vector<std::string>{std::move(input)}, options);
}

}  // namespace weir::files
