#include "model/calibrate/nsys_import.h"

#include <sqlite3.h>

#include "hw/spec_reader.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"

using namespace isobath;

namespace {

/// A database that is gone again afterwards.
struct Database {
    TemporaryFolder folder;
    const std::string path = folder / "trace.sqlite";

    explicit Database(const std::string& statements) {
        sqlite3* database = nullptr;
        sqlite3_open(path.c_str(), &database);
        const int result = sqlite3_exec(database, statements.c_str(), nullptr, nullptr, nullptr);
        sqlite3_close(database);
        REQUIRE(result == SQLITE_OK);
    }
};

const std::string kKernels = R"(
CREATE TABLE StringIds (id INTEGER, value TEXT);
INSERT INTO StringIds VALUES (1, 'nvjet_tst'), (2, 'splitK'), (3, '{"kernel":"gemm","m":64,"n":7168,"k":2048}');
CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER, end INTEGER, streamId INTEGER, correlationId INTEGER,
 globalPid INTEGER, demangledName INTEGER, gridX INTEGER, gridY INTEGER, gridZ INTEGER, blockX INTEGER, blockY INTEGER,
 blockZ INTEGER, graphNodeId INTEGER);
INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (1000, 11000, 7, 5, 16777216, 1, 132, 1, 1, 384, 1, 1, NULL),
 (11000, 14000, 7, 6, 16777216, 2, 4, 1, 1, 128, 1, 1, NULL), (20000, 21000, 7, 7, 16777216, 2, 4, 1, 1, 128, 1, 1, 9),
 (30000, 29000, 7, 8, 16777216, 2, 4, 1, 1, 128, 1, 1, NULL);)";

}  // namespace

TEST_CASE("nsys: kernels are read with their names, launches and times", "[model][nsys]") {
    const Database database(kKernels);
    const RecordedKernels out = read_nsys(database.path);
    CHECK(out.cost.records == 3);
    CHECK(out.cost.dropped == 1);  // ends before it starts
    REQUIRE(out.kernels.size() == 3);
    CHECK(out.kernels[0].launch.name == "nvjet_tst");
    CHECK(out.kernels[0].times.total.in(unit::us) == Approx(10));
    CHECK(out.kernels[0].launch.grid[0] == 132);
    CHECK(out.kernels[2].launch.graph);
    CHECK(out.ranges.empty());
}

TEST_CASE("nsys: a kernel belongs to the innermost range of the thread that launched it", "[model][nsys]") {
    // Calls 5 and 6 are made by thread 16777217 within its range, call 7 by another thread at the same time.
    const Database database(kKernels + R"(
        CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, end INTEGER, globalTid INTEGER, correlationId INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (510, 520, 16777217, 5), (530, 540, 16777217, 6),
         (535, 545, 16777218, 7);
        CREATE TABLE NVTX_EVENTS (start INTEGER, end INTEGER, text TEXT, textId INTEGER, globalTid INTEGER);
        INSERT INTO NVTX_EVENTS VALUES (400, 900, 'step', NULL, 16777217), (500, 600, NULL, 3, 16777217),
         (505, 506, '{"kernel":"copy","bytes":1}', NULL, 16777217), (700, NULL, 'open', NULL, 16777217);
        CREATE TABLE TARGET_INFO_GPU (name TEXT, smCount INTEGER);
        INSERT INTO TARGET_INFO_GPU VALUES ('NVIDIA H100 80GB HBM3', 132);)");
    const RecordedKernels out = read_nsys(database.path);
    REQUIRE(out.ranges.size() == 1);
    CHECK(out.ranges[0].what.point == KernelPoint{KernelKind::gemm, "bf16", {64, 7168, 2048}});
    CHECK(out.ranges[0].times.total.in(unit::us) == Approx(13));
    CHECK(out.ranges[0].kernels == std::vector<std::string>{"nvjet_tst", "splitK"});
    CHECK(out.device.name == "NVIDIA H100 80GB HBM3");
    CHECK(out.device.sm_count == 132);
}

TEST_CASE("nsys: another file is refused in one line", "[model][nsys]") {
    const Database empty("CREATE TABLE x (y INTEGER);");
    CHECK_THROWS_WITH(read_nsys(empty.path), Catch::Contains("no table CUPTI_ACTIVITY_KIND_KERNEL"));
    empty.folder.write("trace.sqlite", std::string(4096, 'x'));
    CHECK_THROWS_WITH(read_nsys(empty.path), Catch::Contains("not an export of Nsight Systems"));
    CHECK_THROWS_AS(read_nsys("/nonexistent.sqlite"), SpecError);
}
