/// The lines of a text of any size, in little memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string_view>
#include <vector>

namespace isobath {

/// Reads in pieces: memory is 64 kB, or up to 2 MiB where lines are long. A line ends with LF or CR LF; the
/// last one may end with the text. A byte order mark in front of the first line is no part of it.
class LineReader {
  public:
    /// Of a longer line only the beginning is given.
    static constexpr std::size_t kLongest = std::size_t{1} << 20;

    /// `in` must outlive the reader.
    explicit LineReader(std::istream& in) : in_(in), buffer_(std::size_t{1} << 16) {}

    /// False at the end. `line` is valid until the next call.
    bool next(std::string_view& line);
    std::uint64_t number() const { return number_; }  ///< of the line given last, from 1
    bool too_long() const { return too_long_; }       ///< of the line given last
    void rewind();

  private:
    bool refill();
    void skip_rest();
    std::string_view unread() const { return {buffer_.data() + from_, to_ - from_}; }

    std::istream& in_;
    std::vector<char> buffer_;
    std::size_t from_ = 0, to_ = 0;  ///< what of the buffer is not given yet
    std::uint64_t number_ = 0;
    bool too_long_        = false;
};

}  // namespace isobath
