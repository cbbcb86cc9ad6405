/// The price of a point of a sweep: a million of them, merged, in 15 s on two cores.
///
/// Two cores evaluate and write in 2 x 10 s less what one core takes to merge: 10 us a point and 5 us a row
/// leave 5 s for reading, indexes and the rest.
#include <filesystem>

#include "sim/sweep/merge.h"
#include "sim/sweep/parts.h"
#include "sim/sweep/record.h"
#include "sim/sweep/run_sweep.h"
#include "sim/sweep/runner.h"
#include "tests/bench/goal.h"

namespace {

using namespace isobath;
using namespace isobath::sweep;

Sweep grid(const char* batches) {
    return read_sweep(std::string(R"({"scenario": "deepseek-v3-decode-ep128-h800", "axes": [
        {"path": "layout.overlap", "values": ["none", "shared-expert", "two-batch-hook"]},
        {"path": "workload.batch_per_gpu", "from": 4, "to": 256, "count": )") +
                          batches +
                          R"(}, {"path": "workload.context", "from": 256, "to": 131072, "count": 100}]})",
                      "bench.json", DataFiles());
}

/// Evaluates one point and writes its line; the layout changes every ten thousand points.
void sweep_point(benchmark::State& state) {
    const DataFiles data;
    const Sweep sweep = grid("100");
    const Space space(sweep);
    const auto evaluator = sweep.runner->make(sweep, space, data);
    std::vector<Cell> cells(sweep.columns.size());
    std::string lines;
    Place place;
    std::size_t turn     = 0;
    const auto one_point = [&] {
        space.place_at(turn++ % space.points(), place);
        if (evaluator->evaluate(place, cells) == nullptr) append_record(place.id, cells, lines);
        if (lines.size() > (1 << 16)) lines.clear();
    };
    for (int i = 0; i < 4096; ++i) one_point();
    const Goal goal(state, 10);
    for (auto _ : state) one_point();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sweep_point);

/// Merges 15,000 points: indexes and views too.
void sweep_merge(benchmark::State& state) {
    const Sweep sweep = grid("50");
    const Space space(sweep);
    const auto folder = std::filesystem::temp_directory_path() / "isobath-bench-sweep";
    std::filesystem::remove_all(folder);
    write_definition(sweep, folder);
    ShardBlocks blocks(space.blocks(), 0, 1);
    run_sweep(sweep, space, DataFiles(), blocks, {folder, 2});
    const Goal goal(state, 5.0 * double(space.points()));
    for (auto _ : state)
        benchmark::DoNotOptimize(merge(sweep, space, {folder}, (folder / "out.sqlite").string()));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(space.points()));
    std::filesystem::remove_all(folder);
}
BENCHMARK(sweep_merge);

}  // namespace
