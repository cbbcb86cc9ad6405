#include "sim/serve/sources/line_reader.h"

#include <algorithm>

namespace isobath {

/// Adds to what is unread; false at the end of the text.
bool LineReader::refill() {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(from_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(to_), buffer_.begin());
    to_ -= from_;
    from_ = 0;
    if (to_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    in_.read(buffer_.data() + to_, static_cast<std::streamsize>(buffer_.size() - to_));
    to_ += static_cast<std::size_t>(in_.gcount());
    return in_.gcount() > 0;
}

void LineReader::skip_rest() {
    std::size_t end;
    while ((end = unread().find('\n')) == std::string_view::npos && from_ < to_) {
        from_ = to_;
        refill();
    }
    from_ = std::min(to_, from_ + end + 1);
}

bool LineReader::next(std::string_view& line) {
    if (too_long_) skip_rest();
    too_long_ = false;
    std::size_t end;
    while ((end = unread().find('\n')) == std::string_view::npos && unread().size() <= kLongest && refill()) {
    }
    if (from_ == to_) return false;
    ++number_;
    line = unread().substr(0, end);
    if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    too_long_ = line.size() > kLongest;
    if (too_long_)
        line = line.substr(0, kLongest);
    else
        from_ = end == std::string_view::npos ? to_ : from_ + end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
}

void LineReader::rewind() {
    in_.clear();
    in_.seekg(0);
    from_ = to_ = 0;
    number_     = 0;
    too_long_   = false;
}

}  // namespace isobath
