#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "sim/validate/report.h"
#include "tests/catch.h"
#include "tests/sim/said.h"

using namespace isobath;
using nlohmann::json;

namespace {

PointResult result(const std::string& id, double predicted, double published, bool fit = false) {
    PointResult r;
    r.point.id          = id;
    r.point.gpu         = "h200";
    r.point.level       = "kernel";
    r.point.unit        = "us";
    r.point.value       = published;
    r.point.used_in_fit = fit;
    r.predicted         = {predicted, predicted * 0.9, predicted * 1.1};
    r.error             = predicted / published - 1;
    return r;
}

std::size_t count(const std::string& text, const std::string& word) {
    std::size_t n = 0;
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++n;
    return n;
}

}  // namespace

TEST_CASE("validate: a summary counts errors and intervals, and keeps judges apart", "[sim][validate]") {
    // Errors +5, -10 and +50 %: the median is 10 %, the 90th percentile 0.8 of the way from 10 to 50: 42 %.
    // 100 lies in 94.5 to 115.5 and in 81 to 99 it does not; in 135 to 165 neither.
    const std::vector<PointResult> all{result("a.1", 105, 100), result("b.1", 90, 100),
                                       result("a.2", 150, 100), result("a.3", 300, 100, true)};
    const std::vector<Group> groups =
        groups_by(all, [](const ValidationPoint& p) { return p.gpu; }, {"h200"});
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].name == "h200");
    CHECK(groups[0].judged.n == 3);
    CHECK(groups[0].judged.median_abs_error == Approx(0.10));
    CHECK(groups[0].judged.p90_abs_error == Approx(0.42));
    CHECK(groups[0].judged.with_interval == 3);
    CHECK(groups[0].judged.covered == 1);
    CHECK(groups[0].in_sample.n == 1);
    const std::vector<Group> sources = groups_by(all, publisher_of, {"b"});
    REQUIRE(sources.size() == 2);
    CHECK(sources[0].name == "b");  // ordered first, though "a" comes before it
    CHECK(sources[1].judged.n == 2);
}

TEST_CASE("validate: the worst points judge, and the worst of them comes first", "[sim][validate]") {
    const std::vector<PointResult> worst =
        worst_of({result("a", 105, 100), result("b", 50, 100), result("c", 400, 100, true)}, 10);
    REQUIRE(worst.size() == 2);
    CHECK(worst[0].point.id == "b");
    CHECK(worst_of({result("a", 105, 100), result("b", 50, 100)}, 1).size() == 1);
}

TEST_CASE("validate: a goal holds for median and 90th percentile, an interval for share and width",
          "[sim][validate]") {
    const Goal gemm = goal_of("gemm_fp8").value();
    CHECK(gemm.median == 0.06);
    CHECK(goal_of("fused_moe_fp8")->p90 == 0.25);
    CHECK(goal_of("grouped_gemm")->p90 == 0.25);
    CHECK(goal_of("flash_prefill_fp8")->p90 == 0.15);
    CHECK(goal_of("all_reduce")->median == 0.10);
    CHECK(goal_of("deepep normal, 1 node")->p90 == 0.12);
    CHECK_FALSE(goal_of("streaming"));
    CHECK_FALSE(goal_of("all_gather"));
    CHECK(holds(gemm, {20, 0.06, 0.15, 0.4, "", 0.8, 0.2}));
    CHECK_FALSE(holds(gemm, {20, 0.061, 0.15, 0.4, "", 0.8, 0.2}));
    CHECK_FALSE(holds(gemm, {20, 0.06, 0.151, 0.4, "", 0.8, 0.2}));
    CHECK(interval_holds({20, 0.5, 0.5, 0.9, "", 0.8, 0.3}));
    CHECK_FALSE(interval_holds({20, 0.01, 0.02, 0.9, "", 1.0, 0.3}));  // all inside: too wide to say much
    CHECK_FALSE(interval_holds({20, 0.01, 0.02, 0.9, "", 0.6, 0.3}));
    CHECK_FALSE(interval_holds({20, 0.01, 0.02, 0.9, "", 0.8, 0.31}));
}

TEST_CASE("validate: marks in the brief table are the verdicts of the full one", "[sim][validate]") {
    UnseenScores scores;
    scores.held_back      = {20, 0.05, 0.20, 0.4, "", 0.95, 0.2};
    scores.sites_left_out = {80, 0.05, 0.10, 0.4, "", 0.8, 0.2};
    const std::vector<UnseenRow> rows{{"h100", "gemm_fp8", "lib", true, scores, goal_of("gemm_fp8")},
                                      {"h100", "gemm_fp8", "old", false, {}, goal_of("gemm_fp8")}};
    const std::vector<ReportTable> tables = unseen_tables(rows);
    REQUIRE(tables.size() == 2);
    REQUIRE(tables[0].rows.size() == 1);  // what is not preferred is in the full table only
    CHECK(tables[0].rows[0].back() == "5.0 / 20.0 !~");
    CHECK(tables[1].rows[0].back() == "5.0 / 10.0   ");
    const ReportTable full = full_unseen_table(rows);
    REQUIRE(full.rows.size() == 2);  // no line for scores of no row
    CHECK(full.rows[0][6] == "no");
    CHECK(full.rows[1][6] == "yes");
    CHECK(json(to_json(rows))[0]["held_back"]["holds"] == false);
    CHECK(json(to_json(rows))[1]["held_back"]["holds"].is_null());
}

TEST_CASE("validate: a table's text stands in columns, its HTML is escaped", "[sim][validate]") {
    const ReportTable table{"Title", "", {"name", "n"}, {{"a<b", "1"}, {"c", "23"}}};
    CHECK(to_text(table) == "Title\n  name   n\n  a<b    1\n  c     23\n");
    CHECK(to_html(table).find("<td>a&lt;b</td><td>1</td>") != std::string::npos);
    CHECK(to_text({"Title", "", {"name"}, {}}).empty());
}

TEST_CASE("validate: by default it fits two screens, and everything is told on request", "[sim][validate]") {
    const std::string brief = say({"validate"}).out, all = say({"validate", "--all"}).out;
    CHECK(count(brief, "\n") < 150);
    CHECK(brief.find("The judged points furthest off") != brief.npos);
    const json report = json::parse(say({"validate", "--json"}).out);
    for (const json& point : report["points"]) CHECK(all.find(point["id"].get<std::string>()) != all.npos);
    CHECK(report["worst"].size() == 10);
    CHECK(report["unseen_kernels"].size() > 30);
    int by_gpu = 0, by_source = 0;
    for (const json& g : report["summary_by_gpu"])
        by_gpu += g["judged"]["n"].get<int>() + g["in_sample"]["n"].get<int>();
    for (const json& g : report["summary_by_source"])
        by_source += g["judged"]["n"].get<int>() + g["in_sample"]["n"].get<int>();
    CHECK(by_gpu == int(report["points"].size()));
    CHECK(by_source == by_gpu);
}

TEST_CASE("validate: the page stands alone, with every point and each picture on light and dark",
          "[sim][validate]") {
    const ValidationReport report = validate(DataFiles(), {"deepseek.h800", "deepep."});
    const std::string page        = to_html(report);
    CHECK(page.starts_with("<!DOCTYPE html>"));
    CHECK(page.find("<script") == page.npos);
    CHECK(page.find("src=") == page.npos);
    CHECK(count(page, "<svg") >= 4);
    CHECK(count(page, "<div class=\"light\"><svg") == count(page, "<div class=\"dark\"><svg"));
    CHECK(count(page, "<table>") == count(page, "</table>"));
    for (const PointResult& r : report.results) CHECK(page.find("<td>" + r.point.id + "</td>") != page.npos);
}
