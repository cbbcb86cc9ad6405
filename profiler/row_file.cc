#include "profiler/row_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

[[noreturn]] void fail(const std::string& path) {
    throw SpecError(path + ": " + std::strerror(errno));
}

std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The part that ends with a line's end.
std::size_t whole_lines(const std::string& text) {
    const std::size_t end = text.rfind('\n');
    return end == std::string::npos ? 0 : end + 1;
}

/// Apart from the day, on which nothing else depends.
bool same(MeasuredDevice a, const MeasuredDevice& b) {
    a.date = b.date;
    return a == b;
}

}  // namespace

RowFile::RowFile(std::string path, const MeasuredDevice& device) : path_(std::move(path)) {
    if (std::filesystem::is_directory(path_))
        throw SpecError(path_ + ": is a folder; expected a file to append to");
    const std::string text = text_of(path_);
    before_                = read_measurements(text, path_);
    descriptor_            = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail(path_);
    if (ftruncate(descriptor_, static_cast<off_t>(whole_lines(text))) != 0) fail(path_);
    if (before_.empty() || !same(before_.back().device, device)) write(to_line(device));
}

RowFile::~RowFile() {
    if (descriptor_ >= 0) close(descriptor_);
}

void RowFile::write(const std::string& line) {
    if (::write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) fail(path_);
}

}  // namespace isobath
