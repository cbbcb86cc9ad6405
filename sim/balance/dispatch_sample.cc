#include "sim/balance/dispatch_sample.h"

#include <algorithm>
#include <cmath>

#include "model/balance/popularity_law.h"
#include "model/balance/routed_batch.h"
#include "model/balance/router.h"
#include "sim/balance/load_summary.h"
#include "sim/resolve_routing.h"

namespace isobath {
namespace {

constexpr double kMostTokens = 16'384;
constexpr double kBatching   = 0.01;
constexpr int kRounds = 6, kRoundTokens = 4000;  ///< of fitting a router to the load

/// Bandwidths as achieved, of the kernels that the scenario uses.
ClusterWires wires_of(const StepModel& model) {
    const Scenario& s      = model.scenario();
    const CommRates& rates = model.rates();
    ClusterWires w{.ranks = s.layout.ep, .ranks_per_node = std::min(s.cluster.nvlink_domain, s.layout.ep)};
    const bool across = w.nodes() > 1;
    switch (model.traffic().mode) {
        case ExchangeMode::deepep_normal:
            w.nvlink = (across ? rates.throughput->forwarding : rates.throughput->nvlink).value;
            w.nic    = rates.throughput->rdma.value;
            break;
        case ExchangeMode::mnnvl: w.nvlink = rates.domain->dispatch.value; break;
        case ExchangeMode::nccl_all_to_all:
        case ExchangeMode::nccl_all_gather:
            w.nvlink = rates.collectives->send_nvlink.value;
            w.nic    = rates.collectives->nic.value;
            break;
        case ExchangeMode::deepep_low_latency:
            w.nvlink = rates.latency->nvlink.value;
            w.nic    = rates.latency->rdma.value;
            // Kernels that know no NVLink send everything over the NICs, as if every GPU were a node.
            if (!model.library().latency->over_nvlink) w.ranks_per_node = 1;
            break;
    }
    return w;
}

ExpertChoice choice_of(const Scenario& s, std::span<const double> counts, Random& random) {
    const MoeSpec& moe   = *s.model.moe;
    const auto inclusion = inclusion_probabilities(counts, moe.num_experts_per_tok);
    if (s.gate == GateChoice::any || moe.n_group <= 1)
        return [sampler = InclusionSampler(inclusion)](Random& r, std::span<int> out) mutable {
            sampler.draw(r, out);
        };
    // DeepSeek-V3's gate (with a correction bias) scores a group by its best two, V2's by its best.
    const RouterSpec spec{moe.n_routed_experts, moe.num_experts_per_tok,
                          moe.n_group,          moe.topk_group,
                          moe.bias ? 2 : 1,     moe.sigmoid ? Gating::sigmoid : Gating::softmax};
    return [router = calibrated_router(spec, inclusion, random, kRounds, kRoundTokens)](
               Random& r, std::span<int> out) mutable { router.draw(r, out); };
}

/// Sends the batch's tokens to the copies of their experts, in turn.
class Sampler {
  public:
    Sampler(const ExpertPlacement& placement, int layer, const ClusterPorts& ports, int gpus_per_node)
        : exchange(ports),
          slot_rows(std::size_t(placement.replicas)),
          placement_(placement),
          layer_(layer),
          gpus_per_node_(gpus_per_node),
          turn_(std::size_t(placement.experts)) {}

    void send(int source, std::span<const int> experts) {
        to_.clear();
        for (const int expert : experts) {
            const auto slots = placement_.slots_of(layer_, LogicalExpert{expert});
            const int slot   = slots[turn_[std::size_t(expert)]++ % slots.size()].value;
            slot_rows[std::size_t(slot)] += 1;
            to_.push_back(placement_.gpu_of(slot).value);
        }
        exchange.add(source, to_);
        for (int& rank : to_) rank /= gpus_per_node_;
        std::sort(to_.begin(), to_.end());
        nodes += double(std::unique(to_.begin(), to_.end()) - to_.begin());
        ++tokens;
    }

    ExchangeFlows exchange;
    std::vector<double> slot_rows;
    double nodes = 0, tokens = 0;

  private:
    const ExpertPlacement& placement_;
    int layer_, gpus_per_node_;
    std::vector<std::size_t> turn_;
    std::vector<int> to_;
};

PortClass port_class(const char* name, std::span<const Bytes> bytes, BytesPerSecond bandwidth, Seconds time) {
    PortClass out{.name = name};
    for (const Bytes b : bytes) {
        out.busiest = std::max(out.busiest, b);
        out.mean += b / double(bytes.size());
    }
    out.utilisation = time > Seconds{} && out.busiest > Bytes{} ? out.busiest / bandwidth / time : 0;
    return out;
}

SampledWay way_of(const ClusterPorts& ports, const std::vector<Flow>& flows, Seconds fluid) {
    SampledWay out;
    out.bottleneck      = bottleneck(ports.bandwidth(), flows);
    out.fluid           = fluid;
    const auto bytes    = port_bytes(flows, ports.bandwidth().size());
    const auto ranks    = std::size_t(ports.wires().ranks);
    const char* names[] = {"NIC out", "NIC in", "NVLink out", "NVLink in"};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto own = std::span(bytes).subspan(i * ranks, ranks);
        out.ports.push_back(port_class(names[i], own, ports.bandwidth()[i * ranks], out.fluid));
        if (out.ports.back().busiest == Bytes{}) out.ports.pop_back();
    }
    return out;
}

/// A combine's flows are a dispatch's turned round, and a port is as fast in as out: shares are the same, so
/// times are as the messages' sizes, and one solution serves both.
void add_ways(const ExchangeTraffic& traffic, double scale, const ExchangeFlows& exchange,
              const ClusterPorts& ports, DispatchSample& out) {
    const Bytes there = scale * traffic.dispatch_message, back = scale * traffic.combine_message;
    const std::vector<Flow> flows = exchange.flows(out.mode, there);
    const Seconds fluid           = share_ports(ports.bandwidth(), flows, kBatching).makespan;
    out.dispatch                  = way_of(ports, flows, fluid);
    out.combine = way_of(ports, exchange.flows(out.mode, back, true), fluid * (back / there));
}

double padded(double rows) {
    const double tile = rows <= 64 ? 64 : 128;
    return std::ceil(rows / tile) * tile;
}

void add_rows(const Sampler& sampler, double scale, const ExpertPlacement& placement, DispatchSample& out) {
    std::vector<double> rows(std::size_t(placement.gpus)), filled(rows);
    for (int slot = 0; slot < placement.replicas; ++slot) {
        const auto rank = std::size_t(placement.gpu_of(slot).value);
        const double r  = scale * sampler.slot_rows[std::size_t(slot)];
        rows[rank] += r;
        filled[rank] += padded(r);
    }
    const auto busiest       = std::max_element(rows.begin(), rows.end());
    out.rows_max_over_mean   = *busiest * double(rows.size()) / total(rows);
    out.padding_mean         = total(filled) / total(rows);
    out.padding_busiest_rank = filled[std::size_t(busiest - rows.begin())] / *busiest;
}

}  // namespace

std::string no_dispatch(const StepModel& model) {
    const Scenario& s = model.scenario();
    if (!model.exchange() || s.layout.ep == 1) return "no tokens travel to experts on other ranks";
    if (s.layout.expert_tp > 1)
        return "experts are cut over several GPUs, so a token's way is not one port's";
    if (model.traffic().mode == ExchangeMode::nccl_all_gather)
        return "every token goes to every rank, wherever its experts are";
    if (s.placement == Balancer::ideal) return "an ideal balancer has no placement to send tokens to";
    return "";
}

DispatchSample sample_dispatch(const StepModel& model, const StepInput& input, int layer) {
    const Scenario& s = model.scenario();
    StepWorkspace work;
    evaluate(model, input, work);
    const ExpertPlacement placement = placement_of(s, s.layout);
    const ClusterPorts ports(wires_of(model));
    Random random(s.seed);
    const ExpertChoice choose = choice_of(s, s.load->layer(layer), random);

    DispatchSample out{.layer = layer_id(*s.load, layer), .tokens = work.batch.moe_tokens};
    const double most = std::max(1.0, std::floor(kMostTokens / placement.gpus));
    out.sampled       = int(std::clamp(std::round(out.tokens), 1.0, most));
    out.mode          = model.traffic().mode;
    Sampler sampler(placement, layer, ports, std::min(s.cluster.nvlink_domain, s.layout.ep));
    std::vector<int> experts(std::size_t(s.model.moe->num_experts_per_tok));
    for (int rank = 0; rank < placement.gpus; ++rank)
        for (int t = 0; t < out.sampled; ++t) {
            choose(random, experts);
            sampler.send(rank, experts);
        }

    const double scale = out.tokens / out.sampled;
    out.distinct_ranks = sampler.exchange.distinct_ranks();
    out.distinct_nodes = sampler.nodes / sampler.tokens;
    out.density        = sampler.exchange.density(out.mode);
    out.tier           = tier_for(out.density, false);
    add_ways(model.traffic(), scale, sampler.exchange, ports, out);
    out.kernel_dispatch = work.exchange.dispatch.time;
    out.kernel_combine  = work.exchange.combine.time;
    add_rows(sampler, scale, placement, out);
    return out;
}

int middle_layer(const std::vector<double>& shares, int ranks) {
    std::vector<std::pair<double, int>> layers;
    for (std::size_t l = 0; l < shares.size() / std::size_t(ranks); ++l) {
        const auto own = std::span(shares).subspan(l * std::size_t(ranks), std::size_t(ranks));
        layers.push_back({*std::max_element(own.begin(), own.end()), int(l)});
    }
    const auto middle = layers.begin() + std::ptrdiff_t(layers.size() / 2);
    std::nth_element(layers.begin(), middle, layers.end());
    return middle->second;
}

}  // namespace isobath
