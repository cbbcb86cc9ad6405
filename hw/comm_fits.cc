#include "hw/comm_fits.h"

#include <array>
#include <nlohmann/json.hpp>

#include "hw/cluster.h"
#include "hw/spec_reader.h"

namespace isobath {
namespace {

constexpr std::array<std::string_view, kCollectiveCount> kKinds{"all_reduce", "all_gather", "reduce_scatter",
                                                                "all_to_all"};
constexpr std::array<std::string_view, 2> kModes{"normal", "low_latency"}, kWays{"dispatch", "combine"};

DirectWay read_direct(SpecReader in) {
    DirectWay out{in.quantity<Seconds>("alpha"), in.quantity<BytesPerSecond>("bandwidth"),
                  in.quantity<Bytes>("up_to")};
    if (!out.available()) in.fail("bandwidth", "expected more than 0");
    in.finish();
    return out;
}

BytesPerSecond read_positive(SpecReader& in, const std::string& key) {
    const auto rate = in.quantity<BytesPerSecond>(key);
    if (!(rate > BytesPerSecond{})) in.fail(key, "expected more than 0");
    return rate;
}

ExchangeConstants read_constants(SpecReader& in) {
    ExchangeConstants c;
    c.alpha       = in.quantity<Seconds>("alpha");
    c.nvlink      = read_positive(in, "nvlink");
    c.rdma        = in.quantity_or("rdma", BytesPerSecond{});
    c.per_sm      = in.quantity_or("per_sm", BytesPerSecond{});
    c.fill        = in.quantity_or("fill", Seconds{});
    c.fill_tokens = in.number_or("fill_tokens", 0);
    c.visible     = in.number_or("visible", 1, 0, 1);
    return c;
}

ExchangeFit read_exchange(SpecReader& in) {
    ExchangeFit fit;
    fit.low_latency      = in.choice("mode", kModes) == 1;
    fit.combine          = in.choice("way", kWays) == 1;
    fit.gpu              = in.text("gpu");
    fit.nodes            = in.integer("nodes", 1, 1024);
    fit.constants        = read_constants(in);
    fit.factor           = in.number("factor", 1, 10);
    fit.own_cluster_only = in.flag_or("own_cluster_only", false);
    if (fit.nodes > 1 && !(fit.constants.rdma > BytesPerSecond{}))
        in.fail("rdma", "expected more than 0, for there are several nodes");
    if (!fit.low_latency && !(fit.constants.per_sm > BytesPerSecond{}))
        in.fail("per_sm", "expected more than 0, for normal kernels copy on SMs");
    return fit;
}

Residuals read_residuals(SpecReader in) {
    const Residuals out{in.integer("rows"), in.number("median"), in.number("p90"), in.number("worst"),
                        in.number("factor", 1)};
    in.finish();
    return out;
}

CommScore read_score(SpecReader& in) {
    return {in.text("family"), in.text("gpu"), read_residuals(in.object("fitted")),
            read_unseen(in.object("unseen"))};
}

}  // namespace

std::string_view name_of(Collective kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

CollectiveFit read_collective_fit(SpecReader& in) {
    CollectiveFit fit;
    fit.kind      = static_cast<Collective>(in.choice("kind", kKinds));
    fit.gpu       = in.text("gpu");
    fit.ranks     = in.integer("ranks", 2, 1024);
    fit.alpha     = in.quantity<Seconds>("alpha");
    fit.bandwidth = read_positive(in, "bandwidth");
    fit.ramp      = in.number("us_per_sqrt_byte") * 1e-6;
    fit.rms       = in.number_or("rms", 0, 0, 1);
    fit.factor    = in.number_or("factor", 0, 0, 10);
    if (in.has("direct")) fit.direct = read_direct(in.object("direct"));
    return fit;
}

Reference read_reference(SpecReader& in, const DataFiles& data) {
    const std::string gpu = in.text("gpu");
    return {in.text("architecture", ""), gpu, load_gpu(data, gpu).nvlink};
}

CommFits read_comm_fits(SpecReader in, const DataFiles& data) {
    CommFits fits;
    const auto rows = [&](const char* key, auto& into, const auto& read) {
        if (in.has(key))
            in.each(key, [&](SpecReader& row) {
                into.push_back(read(row));
                row.finish();
            });
    };
    rows("references", fits.references, [&](SpecReader& row) { return read_reference(row, data); });
    fits.nic           = in.text("nic", "none");
    fits.nic_bandwidth = load_nic(data, fits.nic).bandwidth;
    rows("collectives", fits.collectives, read_collective_fit);
    rows("exchanges", fits.exchanges, read_exchange);
    rows("scores", fits.scores, read_score);
    fits.source = in.text("source");
    in.finish();
    return fits;
}

}  // namespace isobath
