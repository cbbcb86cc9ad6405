/// What it costs to start kernels, one by one and as a graph.
#include "profiler/gpu/timer.h"
#include "profiler/kernels/copy.h"
#include "profiler/suites/suites.h"

namespace isobath {
namespace {

/// A closed gate holds about a thousand launches; a host that may queue no more waits for ever.
constexpr std::int64_t kMostBehindGate = 500;

void launch_all(std::int64_t kernels, cudaStream_t stream) {
    for (std::int64_t i = 0; i < kernels; ++i) kernels::launch_empty(stream);
}

Launch launches(const KernelPoint& point, bool gated) {
    const std::int64_t kernels = point["kernels"];
    return {.run       = [=](cudaStream_t stream) { launch_all(kernels, stream); },
            .cold      = false,
            .gated     = gated,
            .by_events = true};
}

struct Graph {
    cudaGraph_t graph    = nullptr;
    cudaGraphExec_t exec = nullptr;

    explicit Graph(std::int64_t kernels) {
        const Stream stream;
        CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        launch_all(kernels, stream);
        CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
        CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
    }
    ~Graph() {
        if (exec != nullptr) cudaGraphExecDestroy(exec);
        if (graph != nullptr) cudaGraphDestroy(graph);
    }
    Graph(const Graph&)            = delete;
    Graph& operator=(const Graph&) = delete;
};

Launch graph(const KernelPoint& point) {
    auto owned = std::make_shared<Graph>(point["kernels"]);
    return {.run       = [=](cudaStream_t stream) { CUDA_CHECK(cudaGraphLaunch(owned->exec, stream)); },
            .cold      = false,
            .by_events = true};
}

}  // namespace

void add_launch_benches(std::vector<Bench>& out) {
    const auto any = [](const KernelPoint&) { return std::string(); };
    const auto few = [](const KernelPoint& p) {
        return p["kernels"] <= kMostBehindGate ? "" : "more launches than fit behind a closed gate";
    };
    out.push_back({"isobath", {KernelKind::launch}, few, [](const auto& p) { return launches(p, true); }});
    out.push_back({"isobath, host included", {KernelKind::launch}, any, [](const auto& p) {
                       return launches(p, false);
                   }});
    out.push_back({"isobath", {KernelKind::graph_launch}, any, graph});
}

}  // namespace isobath
