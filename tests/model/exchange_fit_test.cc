#include "model/comm/network.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

constexpr auto GBps = GB / s;

ClusterSpec cluster_of(const std::string& gpu) {
    ClusterSpec cluster;
    cluster.gpu = load_gpu({}, gpu);
    cluster.nic = load_nic({}, "cx7-400g");
    return cluster;
}

/// DeepEP's benchmark: hidden 7168, top-8 of 256 experts, normal kernels in as many groups as nodes.
ExchangeCost cost(const std::string& gpu, bool normal, int nodes, double tokens, int sms = 20) {
    const CommLibrary library = load_comm_library({}, "deepep-sglang-0.5.12");
    CommRates rates           = resolve(library, cluster_of(gpu));
    rates.throughput->sms     = sms;
    ExchangeShape shape{.ranks = 8 * nodes, .ranks_per_node = 8, .experts = 256, .top_k = 8, .hidden = 7168};
    if (normal) shape.groups = nodes, shape.topk_groups = std::min(4, nodes);
    const auto mode = normal ? ExchangeMode::deepep_normal : ExchangeMode::deepep_low_latency;
    return exchange(rates, traffic_of(shape, mode, library), tokens);
}

}  // namespace

TEST_CASE("exchange fit: of two times side by side all, nothing or half of the shorter shows",
          "[model][exchange]") {
    CHECK(side_by_side(3 * us, 4 * us, 0).in(us) == Approx(4));
    CHECK(side_by_side(3 * us, 4 * us, 1).in(us) == Approx(7));
    // Equal times a: (2a + sqrt(4 v a^2)) / 2 = a (1 + sqrt(v)); v = 1/4 gives 1.5 a.
    CHECK(side_by_side(2 * us, 2 * us, 0.25).in(us) == Approx(3));
    // Far apart: long + v * short.
    CHECK(side_by_side(1 * us, 1000 * us, 0.25).in(us) == Approx(1000.25).epsilon(1e-5));
}

TEST_CASE("exchange fit: SMs, wires and filling channels add up as written", "[model][exchange]") {
    const ExchangeConstants c{.alpha       = 30 * us,
                              .per_sm      = 10 * GBps,
                              .nvlink      = 300 * GBps,
                              .rdma        = 40 * GBps,
                              .fill        = 12 * us,
                              .fill_tokens = 10,
                              .visible     = 1};
    // 20 MB through 20 SMs: 20e6 / (20 * 10e9) = 100 us; wires take none. 10 channels hold 100 tokens: of the
    // fill 300 / (300 + 100) = 3/4 is paid, 9 us.
    CHECK(time_of(c, {300, 20 * MB, Bytes{}, Bytes{}, 20}).in(us) == Approx(30 + 100 + 9));
    // 40 MB over the NIC: 1 ms, and 2 % of the SMs' 100 us beside it, less a second-order rest.
    CHECK(time_of(c, {300, 20 * MB, 3 * MB, 40 * MB, 20}).in(us) == Approx(30 + 1000 + 2 + 9).epsilon(1e-3));
}

TEST_CASE("exchange fit: one H100 node takes what the table of SGLang 0.5.12 says", "[model][exchange]") {
    // 20 SMs, 128 and 4,096 tokens: dispatch 50.1 and 492.2 us, combine 82.5 and 982.7 us.
    CHECK(cost("h100", true, 1, 128).dispatch.time.in(us) == Approx(50.1).epsilon(0.06));
    CHECK(cost("h100", true, 1, 4096).dispatch.time.in(us) == Approx(492.2).epsilon(0.09));
    CHECK(cost("h100", true, 1, 128).combine.time.in(us) == Approx(82.5).epsilon(0.06));
    CHECK(cost("h100", true, 1, 4096).combine.time.in(us) == Approx(982.7).epsilon(0.06));
    // With 4 SMs the copies take four times as long: 2,068.5 us.
    CHECK(cost("h100", true, 1, 4096, 4).dispatch.time.in(us) == Approx(2068.5).epsilon(0.09));
    // Low latency, 128 tokens: 36.6 and 67.2 us; one token: 15.3 and 13.9 us.
    CHECK(cost("h100", false, 1, 128).dispatch.time.in(us) == Approx(36.6).epsilon(0.06));
    CHECK(cost("h100", false, 1, 128).combine.time.in(us) == Approx(67.2).epsilon(0.06));
    CHECK(cost("h100", false, 1, 1).dispatch.time.in(us) == Approx(15.3).epsilon(0.1));
}

TEST_CASE("exchange fit: time grows with tokens and falls with SMs", "[model][exchange]") {
    for (const char* gpu : {"h100", "h200", "b200", "gb200", "a100"})
        for (const bool normal : {true, false})
            for (const int nodes : {1, 2, 3, 4, 8, 12}) {
                INFO(gpu << " " << normal << " " << nodes);
                Seconds before{};
                for (double tokens = 1; tokens < 2e5; tokens *= 2) {
                    const ExchangeCost now = cost(gpu, normal, nodes, tokens);
                    CHECK(now.dispatch.time > before);
                    CHECK(now.combine.time > now.dispatch.time * 0.5);
                    if (normal) CHECK(cost(gpu, normal, nodes, tokens, 8).dispatch.time >= now.dispatch.time);
                    before = now.dispatch.time;
                }
            }
}

TEST_CASE("exchange fit: eight nodes are predicted at the NIC's rate, not at that of one bad cluster",
          "[model][exchange]") {
    // Published EP64 rows (DeepEP README, V1 on ConnectX-7) reach 43.8 to 44.6 GB/s physical; the table 18.
    const ExchangeCost eight = cost("h100", true, 8, 4096);
    const auto rate          = eight.dispatch_ports.rdma / eight.dispatch.time;
    CHECK(rate.in(GBps) > 40);
    CHECK(rate.in(GBps) < 50);
}

TEST_CASE("exchange fit: only what was measured is called fitted", "[model][exchange]") {
    CHECK(cost("h100", true, 2, 4096).dispatch.source == Source::fitted);
    CHECK(cost("b200", true, 1, 4096).dispatch.source == Source::fitted);
    CHECK(cost("b200", true, 2, 4096).dispatch.source == Source::assumed);
    CHECK(cost("a100", false, 1, 64).dispatch.source == Source::assumed);
    // A100: 300 GB/s of NVLink against H100's 450; low latency is bound by it.
    CHECK(cost("a100", false, 1, 8192).dispatch.time / cost("h100", false, 1, 8192).dispatch.time ==
          Approx(1.5).epsilon(0.02));
}
