// The fast way to a point's result is the slow way: the scenario read anew and run as `isobath run` runs it.
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/run_result.h"
#include "sim/scenario_reader.h"
#include "sim/speculate/speculate.h"
#include "sim/sweep/runner.h"
#include "sim/sweep/step_columns.h"
#include "tests/catch.h"
#include "tests/sim/sweep/sweeps.h"

using namespace isobath;
using namespace isobath::sweep;
using nlohmann::json;

namespace {

const DataFiles kData;

/// What a point's row says: its cells as JSON, or the reason.
struct Row {
    std::string reason;
    std::vector<json> cells;
    bool operator==(const Row&) const = default;
};

json json_of_cell(const Cell& cell) {
    switch (cell.kind) {
        case Cell::Kind::number: return cell.number;
        case Cell::Kind::boolean: return cell.number != 0;
        case Cell::Kind::text: return cell.text;
        case Cell::Kind::null: break;
    }
    return nullptr;
}

Row fast_row(Evaluator& evaluator, const Sweep& sweep, const Place& place) {
    std::vector<Cell> cells(sweep.columns.size());
    if (const std::string* reason = evaluator.evaluate(place, cells)) return {*reason, {}};
    Row row;
    for (const Cell& cell : cells) row.cells.push_back(json_of_cell(cell));
    return row;
}

Row slow_row(const Sweep& sweep, const Space& space, const Place& place) {
    try {
        const Scenario s  = read_scenario(sweep.scenario_text, sweep.scenario_shown, DataFiles(),
                                          space.overrides(place.rows));
        const json result = to_json(run_scenario(s, DataFiles()));
        Row row;
        for (const Column& c : sweep.columns) {
            Cell cell;
            read_cell(result, c.pointer, cell);
            row.cells.push_back(json_of_cell(cell));
        }
        return row;
    } catch (const SpecError& e) {
        return {e.what(), {}};
    }
}

/// Compares both at every `stride`-th turn. One evaluator goes through all of them, as a thread does.
void check_same(const Sweep& sweep, std::size_t stride = 1) {
    const Space space(sweep);
    const auto evaluator = sweep.runner->make(sweep, space, kData);
    Place place;
    std::size_t possible = 0;
    for (std::size_t turn = 0; turn < space.points(); turn += stride) {
        space.place_at(turn, place);
        const Row fast = fast_row(*evaluator, sweep, place), slow = slow_row(sweep, space, place);
        possible += slow.reason.empty();
        if (fast == slow) continue;
        std::string where = sweep.scenario_shown;
        for (const Override& o : space.overrides(place.rows)) where += " " + o.shown;
        INFO(where << "\n  " << fast.reason << "\n  " << slow.reason);
        for (std::size_t i = 0; i < std::min(fast.cells.size(), slow.cells.size()); ++i)
            if (fast.cells[i] != slow.cells[i])
                FAIL_CHECK(sweep.columns[i].pointer << ": " << fast.cells[i] << " against " << slow.cells[i]);
        CHECK(fast.reason == slow.reason);
        REQUIRE(fast.cells.size() == slow.cells.size());
    }
    CHECK(possible > 0);
}

std::string all_step_columns() {
    std::string out;
    for (const std::string_view name : step_column_names())
        out += (out.empty() ? "\"" : ", \"") + std::string(name) + "\"";
    return ", \"columns\": [" + out + "]";
}

const std::string kLoads = R"({"path": "workload.batch_per_gpu", "values": [0.5, 7, 64, 1000]},
    {"path": "workload.context", "values": [100, 5000]}, {"path": "workload.isl", "values": [512, 4096]},
    {"path": "price.usd_per_gpu_hour", "values": [0, 2.5]})";

}  // namespace

TEST_CASE("sweep: in place or read anew, every column of every scenario that ships is the same",
          "[sim][sweep]") {
    for (const std::string& name : DataFiles().names("scenarios")) {
        INFO(name);
        const Scenario s = load_scenario(name, DataFiles());
        if (s.phase != Phase::decode && s.phase != Phase::prefill) continue;
        check_same(sweep_of(R"({"path": "layout.overlap", "values": ["none", "shared-expert", "two-batch"]},
                               {"path": "layout.comm_sms", "values": [0, 16]},)" +
                                kLoads,
                            all_step_columns(), name),
                   5);
    }
}

TEST_CASE("sweep: layouts that come and go leave nothing behind", "[sim][sweep]") {
    // From layouts whose tokens travel to such where they stay, over impossible ones, and back.
    check_same(sweep_of(R"({"zip": [
            {"path": "layout.attention.tp", "values": [16, 1, 2, 1, 16, 4]},
            {"path": "layout.attention.dp", "values": [1, 16, 8, 7, 1, 4]}]},
        {"path": "layout.experts.ep", "values": [16, 8, 1]},
        {"path": "layout.experts.tp", "values": [1, 2, 16]},
        {"path": "layout.experts.redundant", "values": [0, 16]},
        {"path": "workload.batch_per_gpu", "values": [1, 33]})",
                        all_step_columns() + R"(, "set": {"cluster.nodes": 2, "layout.comm": "nccl",
                                                         "layout.overlap": "none", "layout.comm_library": "auto"})"));
}

TEST_CASE("sweep: fields that need a new model get one", "[sim][sweep]") {
    check_same(sweep_of(R"({"path": "precision", "values": ["deepseek-fp8", "bf16", "deepseek-nvfp4"]},
        {"path": "speculation.depth", "values": [0, 1, 2]},
        {"path": "cluster.gpu.hbm_bandwidth", "values": ["2 TB/s", "4 TB/s"]},
        {"path": "layout.overlap", "values": ["none", "two-batch-hook"]},
        {"path": "workload.batch_per_gpu", "values": [16, 64]})",
                        all_step_columns()));
    check_same(
        sweep_of(R"({"path": "model", "values": ["deepseek-v3", "deepseek-r1", "kimi-k2", "qwen3-235b"]},
        {"path": "speculation.threshold", "values": ["none", "static:0.6"]},
        {"path": "layout.experts.redundant", "values": [0, 128]})",
                 all_step_columns()));
}

TEST_CASE("sweep: uneven experts are placed for each layout", "[sim][sweep][slow]") {
    check_same(sweep_of(
        R"({"path": "routing.popularity", "values": ["uniform", "lognormal:0.8", "deepseek-v3:prefill_in4096"]},
        {"path": "routing.placement", "values": ["none", "eplb"]},
        {"path": "layout.experts.redundant", "values": [0, 128]},
        {"path": "workload.batch_per_gpu", "values": [16, 64]})",
        all_step_columns()));
}

TEST_CASE("sweep: what takes more than one evaluation is what run prints, too", "[sim][sweep]") {
    check_same(sweep_of(R"({"path": "layout.overlap", "values": ["none", "two-batch-hook", "two-batch"]},
        {"path": "workload.batch_per_gpu", "values": [16, 100000]})",
                        R"(, "columns": ["step.low_s", "step.high_s", "layer.kind",
                            "/ranges/~1step~1time_s/1", "step.ops.0.name", "advice.largest_batch_per_gpu"])"));
    check_same(sweep_of(R"({"path": "workload.concurrency", "values": [0, 16, 64]},
        {"path": "workload.isl", "values": [512, 2048]})",
                        R"(, "columns": ["latency.tpot_s", "latency.ttft_s", "served.running_per_rank"])",
                        "deepseek-r1-serve-tp8-h200"));
}

TEST_CASE("sweep: every column of one evaluation stands in run's schema", "[sim][sweep]") {
    const Sweep s = sweep_of(kLoads, all_step_columns());
    CHECK(s.columns.size() == step_column_names().size());
    for (const Column& c : s.columns) CHECK(!c.meaning.empty());
}

TEST_CASE("sweep: a study at each point is that study by itself", "[sim][sweep]") {
    const Sweep sweep =
        sweep_of(R"({"path": "speculation.depth", "values": [1, 2]})", R"(, "run": "speculate")");
    const Space space(sweep);
    const auto evaluator = sweep.runner->make(sweep, space, kData);
    Place place;
    for (std::size_t turn = 0; turn < 2; ++turn) {
        space.place_at(turn, place);
        SpeculateAsk ask;
        ask.batches = {128};
        ask.depths  = {static_cast<int>(turn) + 1};
        ask.thresholds.emplace_back();
        const json alone =
            to_json(speculate("deepseek-v3-decode-ep128-h800", DataFiles(),
                              {parse_override(fmt::format("speculation.depth={}", turn + 1))}, ask));
        const Row row = fast_row(*evaluator, sweep, place);
        CHECK(row.cells[1] == alone["points"][1]["gain"]);
        CHECK(row.cells[5] == alone["points"][1]["tokens_per_s_per_gpu"]["value"]);
    }
}

TEST_CASE("sweep: a server's point is its closed form", "[sim][sweep]") {
    const Sweep sweep = sweep_of(R"({"path": "workload.concurrency", "values": [8, 64]})",
                                 R"(, "run": "serve")", "deepseek-r1-serve-tp8-h200");
    const Space space(sweep);
    const auto evaluator = sweep.runner->make(sweep, space, kData);
    Place place;
    space.place_at(1, place);
    const Row row = fast_row(*evaluator, sweep, place);
    const json served =
        to_json(run_scenario(load_scenario("deepseek-r1-serve-tp8-h200", DataFiles()), DataFiles()));
    CHECK(row.cells[0] == served["latency"]["ttft_s"]);
    CHECK(row.cells[1] == served["latency"]["tpot_s"]);
    CHECK(row.cells[3] == served["throughput"]["output_tokens_per_s_per_gpu"]);
    CHECK(row.cells[5] == served["cost"]["usd_per_million_output_tokens"]);
}

TEST_CASE("sweep: uneven experts at each point are those of balance", "[sim][sweep][slow]") {
    const Sweep sweep = sweep_of(R"({"path": "layout.experts.redundant", "values": [0, 32]})",
                                 R"(, "run": "balance", "set": {"routing.placement": "eplb"})",
                                 "deepseek-v3-prefill-ep32-h800");
    const Space space(sweep);
    const auto evaluator = sweep.runner->make(sweep, space, kData);
    Place place;
    space.place_at(0, place);
    const Row without = fast_row(*evaluator, sweep, place);
    space.place_at(1, place);
    const Row with = fast_row(*evaluator, sweep, place);
    REQUIRE(without.cells.size() == 3);
    REQUIRE(with.cells.size() == 3);
    CHECK(with.cells[1].get<double>() <
          without.cells[1].get<double>());  // copies of the hottest even the ranks
}
