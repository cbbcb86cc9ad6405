#include "model/comm/collectives.h"

#include <vector>

#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

namespace {

ClusterSpec cluster_of(const std::string& gpu) {
    ClusterSpec cluster;
    cluster.gpu   = load_gpu({}, gpu);
    cluster.nic   = load_nic({}, "cx7-400g");
    cluster.nodes = 16;
    return cluster;
}

CollectiveRates rates_on(const std::string& gpu, const std::string& library = "nccl-2.29") {
    return resolve(load_comm_library({}, library), cluster_of(gpu)).collectives.value();
}

using Call = Estimate (*)(const CollectiveRates&, Bytes, CommGroup);

struct Row {
    double bytes, microseconds;
};

void check_rows(const CollectiveRates& rates, Call call, const std::vector<Row>& rows, double tolerance) {
    for (const Row& row : rows) {
        INFO(row.bytes << " B");
        CHECK(call(rates, row.bytes * B, {8, 8}).time.in(us) == Approx(row.microseconds).epsilon(tolerance));
    }
}

}  // namespace

TEST_CASE("collectives: 8 H100 under NCCL 2.29 take what nccl-tests says", "[model][collectives]") {
    // NVIDIA's aiconfigurator, nccl-tests on 8 x H100 SXM, half precision, us.
    const CollectiveRates h100 = rates_on("h100");
    check_rows(h100, all_reduce,
               {{512, 15.59}, {65536, 18.68}, {1048576, 25.40}, {16777216, 121.91}, {536870912, 2111.06}},
               0.15);
    check_rows(h100, all_gather,
               {{512, 10.14}, {65536, 13.14}, {1048576, 17.13}, {16777216, 68.86}, {536870912, 1401.5}},
               0.12);
    check_rows(h100, reduce_scatter,
               {{512, 10.24}, {65536, 11.71}, {1048576, 14.64}, {16777216, 69.67}, {536870912, 1399.36}},
               0.12);
    check_rows(h100, all_to_all, {{512, 7.44}, {65536, 8.71}, {16777216, 75.66}, {536870912, 1490.42}}, 0.4);
}

TEST_CASE("collectives: forced NVLS costs 30 us where NCCL's own choice costs 16", "[model][collectives]") {
    // Azure, 8 x H200, NCCL 2.20.5, in place: bus bandwidth 3.72 GB/s at 64 KiB, 138.44 at 4 MiB, 479.98 at 8
    // GiB; t = 1.75 * bytes / bus bandwidth.
    check_rows(rates_on("h200", "nccl-2.18-nvls"), all_reduce,
               {{65536, 30.83}, {4194304, 53.02}, {8589934592., 31318}}, 0.09);
}

TEST_CASE("collectives: H800's all-reduce peak of 215 GB/s follows from H100's by nominal NVLink",
          "[model][collectives]") {
    // H100: 485 GB/s at 450 nominal; H800 has 200: 215.6. Measured 215 (NCCL issue 1374).
    const CollectiveRates rates = rates_on("h800");
    const Estimate e            = all_reduce(rates, 64 * GB, {8, 8});
    CHECK((1.75 * 64 * GB / e.time).in(GB / s) == Approx(215).epsilon(0.02));
    CHECK(e.source == Source::assumed);
}

TEST_CASE("collectives: two nodes all-reduce a few bytes in some 45 us", "[model][collectives]") {
    // H20, two nodes of 8, 46 to 48 us (NCCL issue 1244). Here alpha of one node + 2 * log2(2) * 14 us.
    const Estimate e = all_reduce(rates_on("h20"), 1024 * B, {16, 8});
    CHECK(e.time.in(us) == Approx(47).epsilon(0.12));
    CHECK(e.low.in(us) < 46);
    CHECK(e.high.in(us) > 48);
}

TEST_CASE("collectives: a group of one moves nothing", "[model][collectives]") {
    for (Call call : {Call{all_reduce}, Call{all_gather}, Call{reduce_scatter}, Call{all_to_all}})
        CHECK(call(rates_on("h100"), 1 * GB, {1, 1}).time == Seconds{});
}

TEST_CASE("collectives: time grows with bytes, and across nodes", "[model][collectives]") {
    const CollectiveRates rates = rates_on("h100");
    for (Call call : {Call{all_reduce}, Call{all_gather}, Call{reduce_scatter}, Call{all_to_all}})
        for (int ranks : {2, 3, 4, 8, 16, 64}) {
            const CommGroup dense = packed(ranks, cluster_of("h100"));
            Seconds before{};
            for (double bytes = 64; bytes < 1e9; bytes *= 8) {
                const Estimate e = call(rates, bytes * B, dense);
                CHECK(e.time > before);
                if (ranks > 1 && ranks <= 8) CHECK(call(rates, bytes * B, {ranks, 1}).time > e.time);
                before = e.time;
            }
        }
    CHECK(send(rates, 1 * MB, true).time > send(rates, 1 * MB, false).time);
}

TEST_CASE("collectives: a GPU without rows borrows those of its architecture and says so",
          "[model][collectives]") {
    // B200 and GB200 both have 900 GB/s of NVLink.
    const Estimate b200  = all_reduce(rates_on("b200"), 1 * MB, {8, 8});
    const Estimate gb200 = all_reduce(rates_on("gb200"), 1 * MB, {8, 8});
    CHECK(gb200.time.in(us) == Approx(b200.time.in(us)));
    CHECK(b200.source == Source::fitted);
    CHECK(gb200.source == Source::assumed);
    CHECK(gb200.high > b200.high);
}

TEST_CASE("collectives: a preset keeps what it does not replace", "[model][collectives]") {
    const CollectiveRates old = rates_on("h100", "nccl-2.18-nvls"), now = rates_on("h100");
    CHECK(all_gather(old, 1 * MB, {8, 8}).time == all_gather(now, 1 * MB, {8, 8}).time);
    CHECK(all_reduce(old, 1 * MB, {8, 8}).time > all_reduce(now, 1 * MB, {8, 8}).time);
}

TEST_CASE("collectives: TensorRT-LLM sums 64 KB on 8 H100 in a third of NCCL's time",
          "[model][collectives]") {
    // aiconfigurator, TensorRT-LLM 1.3.0rc20: 4.59 us at 65,536 B; NCCL 2.29.2: 18.68 us. From 16 MB on both
    // take NCCL's ring: 121.9 us at 16 MiB.
    const CollectiveRates own = rates_on("h100", "trtllm-allreduce"), nccl = rates_on("h100", "nccl-2.29.2");
    CHECK(all_reduce(own, 65536 * B, {8, 8}).time.in(us) == Approx(4.59).epsilon(0.15));
    CHECK(all_reduce(nccl, 65536 * B, {8, 8}).time.in(us) == Approx(18.68).epsilon(0.15));
    CHECK(all_reduce(own, 16777216 * B, {8, 8}).time.in(us) == Approx(122).epsilon(0.15));
}

TEST_CASE("collectives: a library's own all-reduce ends at its domain", "[model][collectives]") {
    const CollectiveRates own = rates_on("h100", "trtllm-allreduce"), nccl = rates_on("h100", "nccl-2.29.2");
    for (double bytes = 64; bytes < 1e9; bytes *= 8) {
        CHECK(all_reduce(own, bytes * B, {16, 8}).time == all_reduce(nccl, bytes * B, {16, 8}).time);
        CHECK(all_gather(own, bytes * B, {8, 8}).time == all_gather(nccl, bytes * B, {8, 8}).time);
    }
}

TEST_CASE("collectives: one shot never makes a larger buffer the faster one", "[model][collectives]") {
    for (const char* gpu : {"h100", "h200", "b200", "gb200"}) {
        const CollectiveRates rates = rates_on(gpu, "trtllm-allreduce");
        for (const int ranks : {2, 3, 4, 8}) {
            Seconds before{};
            for (double bytes = 64; bytes < 1e9; bytes *= 1.3) {
                const Seconds now = all_reduce(rates, bytes * B, {ranks, 8}).time;
                CHECK(now > before);
                before = now;
            }
        }
    }
}

TEST_CASE("collectives: every step of a ring adds as much latency", "[model][collectives]") {
    CollectiveRates::Curve curve;
    curve.count   = 2;
    curve.fits[0] = {4, 10 * us, 300 * GB / s, 0, 1, {}};
    curve.fits[1] = {8, 16 * us, 400 * GB / s, 0, 1, {}};
    // 1.5 us a rank: 10 - 2 * 1.5 at two, 10 + 1.5 at five, 16 + 8 * 1.5 at sixteen, and from there one such
    // doubling more at 32.
    CHECK(at_ranks(curve, 2).alpha.in(us) == Approx(7));
    CHECK(at_ranks(curve, 5).alpha.in(us) == Approx(11.5));
    CHECK(at_ranks(curve, 8).alpha.in(us) == Approx(16));
    CHECK(at_ranks(curve, 16).alpha.in(us) == Approx(28));
    CHECK(at_ranks(curve, 32).alpha.in(us) == Approx(40));
}

TEST_CASE("collectives: across nodes the ramp is that of a pipeline longer by the network's steps",
          "[model][collectives]") {
    // 2 sqrt(L / B) of 28 us over 8 H100's bandwidth, in quadrature with the ramp inside the node.
    const CollectiveRates rates = rates_on("h100");
    const CurvePoint inside     = point_of(rates, Collective::all_reduce, {8, 8}),
                     across     = point_of(rates, Collective::all_reduce, {16, 8});
    CHECK(across.ramp * across.ramp - inside.ramp * inside.ramp ==
          Approx(4 * 28e-6 / inside.bandwidth.base()));
}
