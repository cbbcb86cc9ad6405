#include "profiler/slice.h"

#include "profiler/progress.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

const KernelPoint kCopy{KernelKind::copy, "bf16", {1024}}, kRead{KernelKind::read, "bf16", {1024}};

MeasuredDevice device(const std::string& name, const std::string& driver = "580.1") {
    MeasuredDevice out;
    out.name     = name;
    out.driver   = driver;
    out.sm_count = 132;
    return out;
}

MeasuredRow row(const KernelPoint& point, int held = 0) {
    MeasuredRow out;
    out.point          = point;
    out.implementation = "isobath";
    out.time           = 1 * unit::us;
    out.held_sms       = held;
    return out;
}

}  // namespace

TEST_CASE("slice: rows of this device and driver are not measured again, skipped ones neither",
          "[profiler]") {
    const std::vector<Measurements> file{{device("H100"), {row(kCopy)}, {{kRead, "isobath", "why", 0}}}};
    const std::vector<RowToMeasure> wanted{
        {{kCopy}, "isobath"}, {{kRead}, "isobath"}, {{kCopy}, "cublasLt 13"}};
    const auto left = rows_left(wanted, rows_done(file, device("H100")));
    REQUIRE(left.size() == 1);
    CHECK(left[0] == wanted[2]);
}

TEST_CASE("slice: another device or driver measured nothing for this one", "[profiler]") {
    const std::vector<Measurements> file{{device("H100"), {row(kCopy)}, {}}};
    CHECK(rows_done(file, device("H200")).empty());
    CHECK(rows_done(file, device("H100", "590.2")).empty());
}

TEST_CASE("slice: the same point with SMs held is another row", "[profiler]") {
    const std::vector<Measurements> file{{device("H100"), {row(kCopy, 20)}, {}}};
    const std::vector<RowToMeasure> wanted{{{kCopy, 0}, "isobath"}, {{kCopy, 20}, "isobath"}};
    const auto left = rows_left(wanted, rows_done(file, device("H100")));
    REQUIRE(left.size() == 1);
    CHECK(left[0].wanted.held_sms == 0);
}

TEST_CASE("slice: what is wanted twice is measured once, in order", "[profiler]") {
    const std::vector<RowToMeasure> wanted{{{kRead}, "isobath"}, {{kCopy}, "isobath"}, {{kRead}, "isobath"}};
    const auto left = rows_left(wanted, {});
    REQUIRE(left.size() == 2);
    CHECK(left[0].wanted.point == kRead);
}

TEST_CASE("slice: no row is begun that could run past the end", "[profiler]") {
    TimeBudget budget(60 * unit::s, 5 * unit::s);
    CHECK(budget.allows_another(55 * unit::s));
    CHECK_FALSE(budget.allows_another(56 * unit::s));
    budget.took(20 * unit::s);
    CHECK_FALSE(budget.allows_another(41 * unit::s));
    budget.took(1 * unit::s);  // one short row promises nothing
    CHECK_FALSE(budget.allows_another(41 * unit::s));
    CHECK(budget.allows_another(40 * unit::s));
}

TEST_CASE("progress: rate and time left come from what is done", "[profiler]") {
    // 120 rows in 60 s are 2 a second; 720 more take 360 s.
    CHECK(progress_line(120, 840, 60 * unit::s, "copy") == "120/840 rows, 2 rows/s, 6 min left: copy");
    CHECK(progress_line(30, 60, 15 * unit::s, "copy") == "30/60 rows, 2 rows/s, 15 s left: copy");
    CHECK(progress_line(0, 840, 1 * unit::s, "copy") == "0/840 rows: copy");
}

TEST_CASE("progress: a summary counts rows of all slices and gives the best rate and the reasons",
          "[profiler]") {
    const KernelPoint large{KernelKind::copy, "bf16", {1'000'000}};
    // A megabyte read and written in 1 us: 2 TB/s.
    const std::vector<Measurements> file{{device("H100"), {row(kCopy)}, {}},
                                         {device("H100"), {row(large)}, {{kRead, "isobath", "no room", 0}}}};
    CHECK(summary_of(file) ==
          "H100, driver 580.1\n"
          "  copy bf16, isobath: 2 rows, up to 2 TB/s\n"
          "  read bf16, isobath: 1 row skipped: no room\n");
}
