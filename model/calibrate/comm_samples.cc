#include "model/calibrate/comm_samples.h"

#include <algorithm>
#include <map>

namespace isobath {
namespace {

Collective kind_of(const std::string& op) {
    if (op == "all_gather") return Collective::all_gather;
    if (op == "reduce_scatter") return Collective::reduce_scatter;
    return op == "all_reduce" ? Collective::all_reduce : Collective::all_to_all;
}

/// Two bytes per element: half and bfloat16 alike.
CollectiveSample sample_of(const SiliconRow& row) {
    return {row.key,
            row.held_back,
            row.time,
            kind_of(row.text("op_name")),
            row.whole("num_gpus"),
            2 * row.number("message_size") * unit::B};
}

bool is_half(const SiliconRow& row) {
    const auto type = row.fields.find("nccl_dtype");
    return type == row.fields.end() || type->second == "half";
}

/// The newest version that has rows of so many nodes; versions sort as text.
std::map<int, std::string> newest_by_nodes(std::span<const SiliconTable> tables, std::string_view family) {
    std::map<int, std::string> newest;
    for (const SiliconTable& table : tables)
        for (const SiliconRow& row : table.rows)
            if (table.family == family) {
                std::string& version = newest[row.whole("node_num")];
                version              = std::max(version, row.text("version"));
            }
    return newest;
}

struct Benchmark {
    const CommLibrary& library;
    bool low_latency, combine;

    ExchangeTraffic traffic(const SiliconRow& row, int per_node) const {
        ExchangeShape shape;
        const int nodes      = row.whole("node_num");
        shape.ranks          = nodes * per_node;
        shape.ranks_per_node = per_node;
        shape.experts        = row.whole("num_experts");
        shape.top_k          = row.whole("num_topk");
        shape.hidden         = row.whole("hidden_size");
        shape.groups         = low_latency ? 1 : nodes;
        shape.topk_groups    = low_latency ? 1 : std::min(nodes, 4);
        return traffic_of(shape, low_latency ? ExchangeMode::deepep_low_latency : ExchangeMode::deepep_normal,
                          library);
    }
    std::string way() const { return combine ? "combine" : "dispatch"; }
    Seconds time(const SiliconRow& row) const {
        return low_latency ? row.time : row.number(way() + "_transmit_us") * unit::us;
    }
    int sms(const SiliconRow& row) const { return low_latency ? 1 : row.whole(way() + "_sms"); }
    std::string site(const SiliconRow& row) const {
        const std::string nodes = row.text("node_num") + " nodes, ";
        if (low_latency) return nodes + "top-" + row.text("num_topk") + " of " + row.text("num_experts");
        return nodes + row.text(way() + "_sms") + " SMs";
    }
    ExchangeSample sample(const SiliconRow& row, int per_node) const {
        return {row.key + " " + way(),
                row.held_back,
                time(row),
                low_latency,
                combine,
                row.whole("node_num"),
                load_of(traffic(row, per_node), row.number("num_token"), combine, sms(row)),
                site(row)};
    }
};

void add(std::vector<ExchangeSample>& samples, std::span<const SiliconTable> tables,
         const Benchmark& benchmark) {
    const std::string family =
        std::string("deepep_") + (benchmark.low_latency ? "low_latency_" : "normal_") + benchmark.way();
    const auto newest = newest_by_nodes(tables, family);
    for (const SiliconTable& table : tables) {
        if (table.family != family) continue;
        for (const SiliconRow& row : table.rows)
            if (row.text("version") == newest.at(row.whole("node_num")))
                samples.push_back(benchmark.sample(row, gpus_per_node(table.gpu)));
    }
}

}  // namespace

std::vector<CollectiveSample> collective_samples(std::span<const SiliconTable> tables,
                                                 std::string_view family) {
    std::vector<CollectiveSample> samples;
    for (const SiliconTable& table : tables)
        for (const SiliconRow& row : table.rows)
            if (table.family == family && is_half(row)) samples.push_back(sample_of(row));
    return samples;
}

std::vector<ExchangeSample> exchange_samples(std::span<const SiliconTable> tables,
                                             const CommLibrary& library) {
    std::vector<ExchangeSample> samples;
    for (const bool low_latency : {false, true})
        for (const bool combine : {false, true}) add(samples, tables, {library, low_latency, combine});
    return samples;
}

// The collector runs on every GPU that a node shows it: 4 on GB200, 8 on the others (its own words).
int gpus_per_node(std::string_view gpu) {
    return gpu.starts_with("gb") ? 4 : 8;
}

}  // namespace isobath
