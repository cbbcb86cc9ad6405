#include "sim/timeline_figure.h"

#include <algorithm>
#include <map>

#include "sim/plot/svg.h"
#include "sim/scenario_reader.h"
#include "sim/timeline_bars.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

RunResult result_of(const char* scenario) {
    const DataFiles data;
    return run_scenario(load_scenario(scenario, data), data);
}

const RunResult& decode() {
    static const RunResult result = result_of("deepseek-v3-decode-ep128-h800");
    return result;
}

const RunResult& prefill() {
    static const RunResult result = result_of("deepseek-v3-prefill-ep32-h800");
    return result;
}

const plot::Gantt& gantt_of(const plot::Figure& figure) {
    return std::get<plot::Gantt>(figure.marks.at(0));
}

/// One stage of 8 us whose two kernels take 1 and 3 us alone, and an all-reduce of 2 us.
RunResult small_result() {
    RunResult r;
    const auto kernel = [&](const char* name, double alone) {
        r.work.ops.push_back({name, Stage::attention_in, Part::dense_gemm, Gemm{}});
        r.work.costs.push_back({Estimate::within(alone * unit::us, 1, Source::fitted), Bound::compute});
    };
    kernel("q", 1);
    kernel("kv", 3);
    r.work.plan.add({"attention in", std::uint16_t(Role::attention_in), 0, Lane::compute, 8 * unit::us});
    r.work.plan.add({"reduce", std::uint16_t(Role::attention_reduce), 0, Lane::compute, 2 * unit::us});
    run(r.work.plan, r.work.timeline);
    return r;
}

}  // namespace

TEST_CASE("timeline bars: kernels share their stage in proportion to their own time",
          "[sim][timeline][plot]") {
    // 8 us * 1 / (1 + 3) = 2 us, then 6 us; the all-reduce holds no kernels and stays whole.
    const RunResult r                   = small_result();
    const std::vector<TimelineBar> bars = timeline_bars(r);
    REQUIRE(bars.size() == 3);
    CHECK(bars[0].time.in(unit::us) == Approx(2));
    CHECK(bars[1].start.in(unit::us) == Approx(2));
    CHECK(bars[1].time.in(unit::us) == Approx(6));
    CHECK(std::string(bars[2].name) == "reduce");
    CHECK(bars[2].start.in(unit::us) == Approx(8));
    CHECK(bars[2].cost == nullptr);
}

TEST_CASE("timeline bars: no row does two things at once", "[sim][timeline][plot]") {
    for (const RunResult* r : {&decode(), &prefill()}) {
        std::map<TimelineRow, double> free_us;
        for (const TimelineBar& bar : timeline_bars(*r)) {
            CHECK(bar.start.in(unit::us) >= free_us[bar.row] - 1e-6);
            free_us[bar.row] = (bar.start + bar.time).in(unit::us);
        }
        CHECK(free_us.size() >= 2);
    }
}

TEST_CASE("timeline figure: shows exactly two periods of the steady state", "[sim][timeline][plot]") {
    for (const RunResult* r : {&decode(), &prefill()}) {
        const plot::Figure figure = timeline_figure(*r);
        CHECK(figure.x.high.value() == Approx(2 * r->times.moe_layer.in(unit::s)).epsilon(1e-6));
        for (const plot::Interval& i : gantt_of(figure).intervals) {
            CHECK(i.begin >= 0);
            CHECK(i.end <= figure.x.high.value());
        }
    }
}

TEST_CASE("timeline figure: every kernel of a layer is there twice for each micro-batch",
          "[sim][timeline][plot]") {
    // The window cuts at kernel starts of the compute row, so that none is lost: 2 layers * 2 micro-batches.
    for (const RunResult* r : {&decode(), &prefill()}) {
        const plot::Figure figure = timeline_figure(*r);
        const auto& intervals     = gantt_of(figure).intervals;
        CHECK(std::ranges::count(intervals, "core", &plot::Interval::label) == 4);
        CHECK(std::ranges::count(intervals, "moe_down", &plot::Interval::label) == 4);
    }
}

TEST_CASE("timeline figure: a hook leaves no communication kernels, normal kernels no flights",
          "[sim][timeline][plot]") {
    CHECK(gantt_of(timeline_figure(decode())).rows ==
          std::vector<std::string>{"compute", "network, micro-batch 0", "network, micro-batch 1"});
    CHECK(gantt_of(timeline_figure(prefill())).rows ==
          std::vector<std::string>{"compute", "communication kernels"});
}

TEST_CASE("timeline figure: a tooltip says what a kernel's time rests on", "[sim][timeline][plot]") {
    const plot::Figure figure = timeline_figure(decode());
    const auto& intervals     = gantt_of(figure).intervals;
    const auto core           = std::ranges::find(intervals, "core", &plot::Interval::label);
    REQUIRE(core != intervals.end());
    CHECK(core->tooltip.find("attention out") != std::string::npos);
    CHECK(core->tooltip.find("fitted") != std::string::npos);
    CHECK(plot::to_svg(figure).find("<title>core, micro-batch ") != std::string::npos);
}

TEST_CASE("layer parts figure: decode's parts are the layer", "[sim][timeline][plot]") {
    // Waits for tokens are counted with dispatch and combine, and no communication kernel runs beside
    // compute.
    const plot::Figure figure = layer_parts_figure(decode());
    double sum                = 0;
    for (const double part : std::get<plot::Bars>(figure.marks.at(0)).series.at(0).values) sum += part;
    CHECK(sum == Approx(decode().times.moe_layer.in(unit::s)).epsilon(1e-9));
}
