#include "profiler/cli/wanted.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hw/text.h"
#include "profiler/standard_shapes.h"
#include "profiler/work.h"

namespace isobath {
namespace {

std::vector<Wanted> from_file(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    if (!in) throw SpecError(file + ": cannot be read");
    std::vector<Wanted> out;
    for (const KernelPoint& point : read_shapes(parse_json(text, file), file)) out.push_back({point});
    return out;
}

std::vector<std::string> split(const std::string& words) {
    std::istringstream in(words);
    std::vector<std::string> out;
    for (std::string word; std::getline(in, word, ',');) out.push_back(word);
    return out;
}

void check_suites(const std::vector<std::string>& asked) {
    const auto names = suite_names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const std::string& each : asked)
        if (std::find(known.begin(), known.end(), each) == known.end())
            throw SpecError("--suite: no suite \"" + clipped(each) + "\"; allowed: " + joined(known));
}

}  // namespace

std::vector<Wanted> wanted_points(const std::string& shapes_file, const std::string& suites,
                                  const Device& device) {
    if (!shapes_file.empty()) return from_file(shapes_file);
    const auto asked = split(suites);
    check_suites(asked);
    std::vector<Wanted> out;
    for (const Suite& suite : standard_shapes({device.described.memory, device.major >= 10}))
        if (asked.empty() || std::find(asked.begin(), asked.end(), suite.name) != asked.end())
            out.insert(out.end(), suite.points.begin(), suite.points.end());
    return out;
}

std::vector<RowToMeasure> rows_for(const std::vector<Wanted>& points, const std::vector<Bench>& benches) {
    std::vector<RowToMeasure> out;
    for (const Wanted& each : points) {
        const std::size_t before = out.size();
        for (const Bench& bench : benches)
            if (serves(bench, each.point)) out.push_back({each, bench.implementation});
        if (out.size() == before) out.push_back({each, "isobath"});
    }
    return out;
}

const Bench* bench_of(const RowToMeasure& row, const std::vector<Bench>& benches) {
    for (const Bench& bench : benches)
        if (bench.implementation == row.implementation && serves(bench, row.wanted.point)) return &bench;
    return nullptr;
}

std::string why_not(const RowToMeasure& row, const std::vector<Bench>& benches, const Device& device) {
    const Bench* bench = bench_of(row, benches);
    if (bench == nullptr) return "this program has no such kernel";
    if (row.wanted.held_sms >= device.described.sm_count)
        return "the GPU has " + std::to_string(device.described.sm_count) + " SMs";
    const Bytes needed = work_of(row.wanted.point).operands;
    if (needed > 0.9 * device.described.memory) return "operands take " + to_string(needed);
    return bench->why_not(row.wanted.point);
}

}  // namespace isobath
