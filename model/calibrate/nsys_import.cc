#include "model/calibrate/nsys_import.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include <sqlite3.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/calibrate/recorded.h"

namespace isobath {
namespace {

constexpr std::size_t kMostNames = 8;
constexpr std::int64_t kThreads = 1 << 24;  ///< a global thread id is a global process id plus less than this

class Database {
  public:
    explicit Database(const std::filesystem::path& file) : file_(file.string()) {
        sqlite3* raw     = nullptr;
        const int result = sqlite3_open_v2(file_.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
        database_.reset(raw);
        if (result != SQLITE_OK) fail(raw ? sqlite3_errmsg(raw) : "cannot open");
    }

    /// Calls `row` with a statement that stands on each row in turn.
    template <class Row>
    void each(const std::string& query, const Row& row) const {
        sqlite3_stmt* raw = nullptr;
        if (sqlite3_prepare_v2(database_.get(), query.c_str(), -1, &raw, nullptr) != SQLITE_OK)
            fail(sqlite3_errmsg(database_.get()));
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
        int result = 0;
        while ((result = sqlite3_step(raw)) == SQLITE_ROW) row(raw);
        if (result != SQLITE_DONE) fail(sqlite3_errmsg(database_.get()));
    }

    std::set<std::string> columns(const std::string& table) const;
    [[noreturn]] void fail(const std::string& what) const {
        throw SpecError(clipped(file_, 400) + ": not an export of Nsight Systems: " + clipped(what, 200));
    }

  private:
    std::string file_;
    std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_{nullptr, sqlite3_close};
};

std::string text(sqlite3_stmt* row, int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
    return bytes ? bytes : "";
}
std::int64_t number(sqlite3_stmt* row, int column) {
    return sqlite3_column_int64(row, column);
}
int size(sqlite3_stmt* row, int column) {
    return static_cast<int>(std::clamp<std::int64_t>(number(row, column), 0, 2147483647));
}

/// Empty where there is no such table.
std::set<std::string> Database::columns(const std::string& table) const {
    std::set<std::string> out;
    each("PRAGMA table_info(" + table + ")", [&](sqlite3_stmt* row) { out.insert(text(row, 1)); });
    return out;
}

/// A range on one thread that names a shape.
struct Range {
    std::int64_t start = 0, end = 0;
    RangePoint what;
    Seconds time;
    std::vector<std::string> kernels;
};
using Ranges = std::map<std::int64_t, std::vector<Range>>;  ///< by thread, by start

Ranges read_ranges(const Database& database) {
    Ranges out;
    const auto columns = database.columns("NVTX_EVENTS");
    if (!columns.count("text") || !columns.count("globalTid")) return out;
    const bool ids = columns.count("textId") && !database.columns("StringIds").empty();
    database.each(
        ids ? "SELECT n.start, n.end, n.globalTid, COALESCE(n.text, s.value) FROM NVTX_EVENTS n LEFT JOIN "
              "StringIds s ON s.id = n.textId WHERE n.end IS NOT NULL ORDER BY n.start"
            : "SELECT start, end, globalTid, text FROM NVTX_EVENTS WHERE end IS NOT NULL ORDER BY start",
        [&](sqlite3_stmt* row) {
            if (auto what = parse_range(text(row, 3)))
                out[number(row, 2)].push_back({number(row, 0), number(row, 1), *what, {}, {}});
        });
    return out;
}

/// The innermost of a thread's ranges around a moment: the last to start of those that have not ended.
Range* around(std::vector<Range>& ranges, std::int64_t moment) {
    auto after = std::upper_bound(ranges.begin(), ranges.end(), moment,
                                  [](std::int64_t m, const Range& range) { return m < range.start; });
    while (after != ranges.begin())
        if ((--after)->end >= moment) return &*after;
    return nullptr;
}

/// Calls are numbered within a process.
using Call      = std::pair<std::int64_t, std::int64_t>;
using CallRange = std::map<Call, Range*>;

CallRange read_calls(const Database& database, Ranges& ranges) {
    CallRange out;
    if (ranges.empty() || !database.columns("CUPTI_ACTIVITY_KIND_RUNTIME").count("globalTid")) return out;
    database.each("SELECT start, globalTid, correlationId FROM CUPTI_ACTIVITY_KIND_RUNTIME",
                  [&](sqlite3_stmt* row) {
                      const std::int64_t thread = number(row, 1);
                      const auto of_thread      = ranges.find(thread);
                      if (of_thread == ranges.end()) return;
                      if (Range* range = around(of_thread->second, number(row, 0)))
                          out[{thread / kThreads * kThreads, number(row, 2)}] = range;
                  });
    return out;
}

std::string kernel_query(const Database& database) {
    const auto columns = database.columns("CUPTI_ACTIVITY_KIND_KERNEL");
    if (columns.empty())
        database.fail("no table CUPTI_ACTIVITY_KIND_KERNEL; was CUDA traced (nsys profile -t cuda)?");
    const std::string process = columns.count("globalPid") ? "k.globalPid" : "0";
    const std::string node    = columns.count("graphNodeId") ? "k.graphNodeId" : "NULL";
    return "SELECT s.value, k.start, k.end, k.streamId, k.gridX, k.gridY, k.gridZ, k.blockX, k.blockY, "
           "k.blockZ, "
           "k.correlationId, " +
           process + ", " + node +
           " FROM CUPTI_ACTIVITY_KIND_KERNEL k LEFT JOIN StringIds s ON s.id = k.demangledName";
}

void name_device(const Database& database, MeasuredDevice& device) {
    const auto columns = database.columns("TARGET_INFO_GPU");
    if (!columns.count("name") || !columns.count("smCount")) return;
    database.each("SELECT name, smCount FROM TARGET_INFO_GPU LIMIT 1", [&](sqlite3_stmt* row) {
        if (!text(row, 0).empty()) device.name = text(row, 0);
        device.sm_count = std::max(1, size(row, 1));
    });
}

}  // namespace

RecordedKernels read_nsys(const std::filesystem::path& file) {
    if (!std::filesystem::is_regular_file(file))
        throw SpecError(clipped(file.string(), 400) + ": cannot read");
    const Database database(file);
    const std::string kernels = kernel_query(database);
    Ranges ranges             = read_ranges(database);
    const CallRange calls     = read_calls(database, ranges);
    RecordBuilder builder;
    database.each(kernels, [&](sqlite3_stmt* row) {
        const std::int64_t start = number(row, 1), end = number(row, 2);
        if (start <= 0 || end <= start) return builder.add_left_out();
        const Seconds time = double(end - start) * unit::ns;
        LaunchKey launch{text(row, 0),
                         {size(row, 4), size(row, 5), size(row, 6)},
                         {size(row, 7), size(row, 8), size(row, 9)},
                         size(row, 3),
                         number(row, 12) != 0,
                         std::nullopt};
        const auto call = calls.find({number(row, 11), number(row, 10)});
        if (call != calls.end()) {
            Range& range = *call->second;
            range.time += time;
            if (range.kernels.size() < kMostNames) range.kernels.push_back(launch.name);
            launch.range = range.what;
        }
        builder.add(launch, time);
    });
    for (const auto& [thread, list] : ranges)
        for (const Range& range : list)
            if (!range.kernels.empty()) builder.add_range(range.what, range.time, range.kernels);
    RecordedKernels out = builder.finish(file.string());
    name_device(database, out.device);
    return out;
}

}  // namespace isobath
