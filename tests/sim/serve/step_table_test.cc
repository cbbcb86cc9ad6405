#include "sim/serve/step_table.h"

#include <algorithm>
#include <cmath>

#include "sim/scenario_reader.h"
#include "sim/serve/draws.h"
#include "sim/serve/unit_steps.h"
#include "sim/served/serving_units.h"
#include "tests/catch.h"

using namespace isobath;

TEST_CASE("step table: a plane is met everywhere, beyond the grid too", "[sim][serve]") {
    const auto plane = [](double x, double y) { return 3 + 2 * x + 5 * y; };
    const GridTable table({100, 3, 0.25}, {5000, 1, 64}, plane);
    for (const double x : {0.0, 0.1, 0.25, 1.0, 1.99, 2.0, 3.7, 64.0, 99.0, 128.0, 500.0})
        for (const double y : {0.0, 1.0, 64.0, 127.0, 128.0, 1000.0, 6000.0, 100000.0})
            CHECK(table(x, y) == Approx(plane(x, y)).epsilon(1e-6));
}

TEST_CASE("step table: nodes are met exactly, and a jump behind one stays on its side", "[sim][serve]") {
    // Tiles of 64 rows: the 65th row costs a whole tile. Nodes of 3 bits above 8 units are multiples of an
    // eighth of their octave: 64 and 128 are among them.
    const auto tiles = [](double x, double) { return std::ceil(x / 64); };
    const GridTable table({1000, 3, 1}, {10, 0, 1}, tiles);
    CHECK(table(64, 3) == 1);
    CHECK(table(64.001, 3) == Approx(2));
    CHECK(table(128, 3) == 2);
    CHECK(table(100, 3) == 2);
    CHECK(table(129, 3) == Approx(3));
}

TEST_CASE("step table: an axis without a unit or an end is our mistake", "[sim][serve]") {
    const auto f = [](double, double) { return 1.0; };
    CHECK_THROWS_AS(GridTable({0, 2, 1}, {1, 2, 1}, f), std::logic_error);
    CHECK_THROWS_AS(GridTable({1, 2, 0}, {1, 2, 1}, f), std::logic_error);
}

TEST_CASE("step table: a mixed step is one step of all tokens, and the cache that is read", "[sim][serve]") {
    // decode = 100 + n + cache / 10, prefill = 1000 + tokens * context: 90 new tokens of context 50 with 5
    // requests of 2 rows each are 100 tokens whose mean context is 45: 1000 + 4500, and 400 / 10 for the
    // cache.
    const StepTable table({{100, 4, 1}, {1000, 4, 1}, [](double n, double c) { return 100 + n + c / 10; }},
                          {{1000, 4, 1}, {1000, 4, 1}, [](double t, double c) { return 1000 + t * c; }}, 2);
    CHECK(table.mixed(90, 50, 5, 400) == 1000 + 4500 + 40);
    CHECK(table.mixed(0, 0, 5, 400) == table.decode(5, 400));
    CHECK(table.decode(5, 400) == 145);
    CHECK(table.prefill(90, 50) == 5500);
}

namespace {

struct Errors {
    std::vector<double> all;
    double quantile(double share) {
        std::sort(all.begin(), all.end());
        return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
    }
};

double between(Draws& draws, double low, double high) {
    return low * std::pow(high / low, draws.uniform());
}

}  // namespace

TEST_CASE("step table: within its box it is within 1.1 % of the step model, 0.3 % in the median",
          "[sim][serve]") {
    const DataFiles data;
    for (const char* name : {"deepseek-r1-serve-tp8-h200", "deepseek-r1-serve-split-h200"}) {
        const ServingUnits units = serving_units(load_scenario(name, data), data);
        const StepModel decode(units.decode.scenario, data), prefill(units.prefill.scenario, data);
        const StepBox box{256, 500'000, 8192, 8192};
        const StepTable table = step_table_of(&decode, &prefill, box);
        StepWorkspace work;
        Errors decodes, prefills;
        Draws draws(1, 2, 3);
        for (int i = 0; i < 3000; ++i) {
            const double n     = std::round(between(draws, 1, box.requests));
            const double cache = std::min(box.cache, n * between(draws, 64, 32'768));
            decodes.all.push_back(
                std::abs(table.decode(n, cache) / decode_step(decode, n, cache, work).in(unit::ns)-1));
            const double tokens  = std::round(between(draws, 1, box.tokens));
            const double context = tokens / 2 + draws.uniform() * (box.context - tokens / 2);
            prefills.all.push_back(std::abs(table.prefill(tokens, context) /
                                            prefill_step(prefill, tokens, context, work).in(unit::ns)-1));
        }
        INFO(name);
        CHECK(decodes.quantile(1) < 0.011);
        CHECK(decodes.quantile(0.99) < 0.008);
        CHECK(decodes.quantile(0.5) < 0.003);
        CHECK(prefills.quantile(1) < 0.005);
        CHECK(prefills.quantile(0.5) < 0.003);
    }
}

TEST_CASE("step table: of wide expert parallelism 99 in 100 places are within 1 %, all within 2 %",
          "[sim][serve]") {
    // 144 ranks: from one request in the whole unit to 192 on each rank, as many tokens as the cache holds.
    const DataFiles data;
    const StepModel decode(load_scenario("deepseek-v3-decode-ep144-h800", data), data);
    const StepModel prefill(load_scenario("deepseek-v3-prefill-ep32-h800", data), data);
    const StepBox box{192, 620'000, 16'384, 8192};
    const StepTable table = step_table_of(&decode, &prefill, box);
    StepWorkspace work;
    Errors decodes, prefills;
    Draws draws(1, 2, 3);
    for (int i = 0; i < 3000; ++i) {
        const double n     = std::max(1.0, std::round(144 * between(draws, 1.0 / 144, box.requests))) / 144;
        const double cache = std::min(box.cache, std::max(1.0, n) * between(draws, 64, 32'768));
        decodes.all.push_back(
            std::abs(table.decode(n, cache) / decode_step(decode, n, cache, work).in(unit::ns)-1));
        const double tokens  = std::round(between(draws, 1, box.tokens));
        const double context = between(draws, 32, box.context);
        prefills.all.push_back(std::abs(table.prefill(tokens, context) /
                                        prefill_step(prefill, tokens, context, work).in(unit::ns)-1));
    }
    CHECK(decodes.quantile(1) < 0.02);
    CHECK(decodes.quantile(0.99) < 0.01);
    CHECK(decodes.quantile(0.5) < 0.003);
    CHECK(prefills.quantile(1) < 0.005);
    CHECK(prefills.quantile(0.5) < 0.003);
}
