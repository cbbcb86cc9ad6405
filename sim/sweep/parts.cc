#include "sim/sweep/parts.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/sweep/version.h"

namespace isobath::sweep {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const char* what) {
    throw SpecError(fmt::format("{}: {}: {}", clipped(path, 400), what, std::strerror(errno)));
}

long long nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// What a person sees who opens the file; records are known by their identities.
std::string header_of(const Sweep& sweep) {
    std::string columns;
    for (const Column& c : sweep.columns) columns += (columns.empty() ? "\"" : ",\"") + c.pointer + "\"";
    return fmt::format("{{\"isobath\":\"{}\",\"columns\":[{}]}}\n", version(), columns);
}

}  // namespace

Part::Part(const Sweep& sweep, const fs::path& folder, const std::string& shard) {
    create(folder, shard);
    append(header_of(sweep));
}

void Part::create(const fs::path& folder, const std::string& shard) {
    do {
        path_ = (folder / fmt::format("{}.{}.{}.jsonl", shard, getpid(), nanoseconds())).string();
        file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    } while (file_ < 0 && errno == EEXIST);
    if (file_ < 0) fail(path_, "cannot write");
}

Part::~Part() {
    if (file_ < 0) return;
    fdatasync(file_);
    close(file_);
}

void Part::append(std::string_view lines) {
    if (lines.empty()) return;
    const std::lock_guard lock(mutex_);
    write_all(lines);
    dirty_ = true;
}

void Part::write_all(std::string_view lines) {
    while (!lines.empty()) {
        const ssize_t n = write(file_, lines.data(), lines.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail(path_, "cannot write");
        lines.remove_prefix(static_cast<std::size_t>(n));
    }
}

void Part::sync() {
    {
        const std::lock_guard lock(mutex_);
        if (!std::exchange(dirty_, false)) return;
    }
    if (fdatasync(file_) != 0) fail(path_, "cannot write");
}

MappedFile::MappedFile(const fs::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    if (file < 0 || fstat(file, &about) != 0) fail(path.string(), "cannot read");
    size_ = static_cast<std::size_t>(about.st_size);
    if (size_ > 0) {
        void* const data = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
        data_            = data == MAP_FAILED ? nullptr : static_cast<const char*>(data);
    }
    close(file);
    if (size_ > 0 && data_ == nullptr) fail(path.string(), "cannot read");
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

std::vector<fs::path> part_files(const std::vector<fs::path>& folders) {
    std::vector<fs::path> out;
    for (const fs::path& folder : folders) {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(folder, none))
            if (entry.path().extension() == ".jsonl") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

void each_record(std::string_view bytes, std::size_t columns,
                 const std::function<void(const Record&, std::string_view)>& visit) {
    Record record;
    for (std::size_t end; (end = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(end + 1))
        if (const std::string_view line = bytes.substr(0, end); parse_record(line, columns, record))
            visit(record, line);
}

std::vector<std::uint64_t> finished_ids(const std::vector<fs::path>& folders, std::size_t columns) {
    std::vector<std::uint64_t> out;
    for (const fs::path& part : part_files(folders))
        each_record(MappedFile(part).bytes(), columns,
                    [&](const Record& r, std::string_view) { out.push_back(r.id); });
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace isobath::sweep
