/// The folder of a sweep under way: its definition, and part files of finished points, one for each process
/// that ever ran. A part is only ever appended to, by whole lines; nothing else remembers what is done.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sweep/record.h"
#include "sim/sweep/sweep.h"

namespace isobath::sweep {

/// Writes what a later `merge`, `status` or rerun needs to know into the folder, which it makes.
void write_definition(const Sweep& sweep, const std::filesystem::path& folder);
/// Reads it back. Throws SpecError where the folder holds none.
Sweep read_definition(const std::filesystem::path& folder, const DataFiles& data);

/// One process's part file. Threads may append; a crash loses at most the lines of the last second that the
/// machine itself forgets, and tears at most the last line.
class Part {
  public:
    /// A new file "SHARD.PID.TIME.jsonl". Throws SpecError where it cannot be written.
    Part(const Sweep& sweep, const std::filesystem::path& folder, const std::string& shard);
    ~Part();
    Part(const Part&)            = delete;
    Part& operator=(const Part&) = delete;

    void append(std::string_view lines);
    /// Puts what was appended since the last call onto the disk.
    void sync();

  private:
    void create(const std::filesystem::path& folder, const std::string& shard);
    void write_all(std::string_view lines);

    std::mutex mutex_;
    std::string path_;
    int file_   = -1;
    bool dirty_ = false;
};

/// The bytes of a part, mapped into memory.
class MappedFile {
  public:
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&)            = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::string_view bytes() const { return {data_, size_}; }

  private:
    const char* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Parts of folders, by name.
std::vector<std::filesystem::path> part_files(const std::vector<std::filesystem::path>& folders);

/// Calls visit(record, its line) for each whole record of a part's bytes. A last line without an end is no
/// record, nor is a line that does not parse: their points are done again.
void each_record(std::string_view bytes, std::size_t columns,
                 const std::function<void(const Record&, std::string_view)>& visit);

/// Identities of all points that the folders hold, sorted, each once.
std::vector<std::uint64_t> finished_ids(const std::vector<std::filesystem::path>& folders,
                                        std::size_t columns);

}  // namespace isobath::sweep
