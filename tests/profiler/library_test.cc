#include "profiler/library.h"

#include <cmath>

#include "profiler/gpu_name.h"
#include "profiler/peers.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

Environment with(const std::string& folders) {
    return
        [folders](const std::string& name) { return name == "ISOBATH_CUDA_LIBS" ? folders : std::string(); };
}

}  // namespace

TEST_CASE("library: named folders come first, then the loader, then the toolkit", "[profiler]") {
    const LibraryNames nccl{{"libnccl.so.2"}, {"nccl/lib", "cu13/lib"}};
    const std::vector<std::string> usual{"libnccl.so.2", "/usr/local/cuda/lib64/libnccl.so.2",
                                         "/usr/local/cuda/extras/CUPTI/lib64/libnccl.so.2"};
    std::vector<std::string> expected{"/a/libnccl.so.2",          "/a/nccl/lib/libnccl.so.2",
                                      "/a/cu13/lib/libnccl.so.2", "/b/libnccl.so.2",
                                      "/b/nccl/lib/libnccl.so.2", "/b/cu13/lib/libnccl.so.2"};
    expected.insert(expected.end(), usual.begin(), usual.end());
    CHECK(library_candidates(nccl, with("/a:/b")) == expected);
    CHECK(library_candidates(nccl, with("::")) == usual);
}

TEST_CASE("library: one that is missing says so and offers no function", "[profiler]") {
    const Library none = Library::open({{"libno-such-thing.so.7"}, {}}, with(""));
    CHECK_FALSE(none);
    CHECK(none.symbol("f") == nullptr);
    CHECK(none.why_not() ==
          "libno-such-thing.so.7 was not found; ISOBATH_CUDA_LIBS names the folders to look in");
}

TEST_CASE("library: functions of one that is there can be called by their type", "[profiler]") {
    const Library math = Library::open({{"libno-such-thing.so.7", "libm.so.6"}, {}}, with("/nowhere"));
    REQUIRE(math);
    CHECK(math.path() == "libm.so.6");
    double (*cosine)(double) = nullptr;
    math.bind(cosine, "cos");
    REQUIRE(cosine != nullptr);
    CHECK(cosine(0) == 1);
    CHECK(math.symbol("no_such_function") == nullptr);
}

TEST_CASE("gpu name: drivers' names lead to presets, other machines of the family to none", "[profiler]") {
    CHECK(gpu_preset_of("NVIDIA H100 80GB HBM3") == "h100");
    CHECK(gpu_preset_of("NVIDIA H200") == "h200");
    CHECK(gpu_preset_of("NVIDIA H20") == "h20");
    CHECK(gpu_preset_of("NVIDIA H800") == "h800");
    CHECK(gpu_preset_of("NVIDIA A100-SXM4-80GB") == "a100");
    CHECK(gpu_preset_of("NVIDIA B200") == "b200");
    CHECK(gpu_preset_of("NVIDIA GB200") == "gb200");
    CHECK(gpu_preset_of("NVIDIA H100 PCIe").empty());
    CHECK(gpu_preset_of("NVIDIA H100 NVL").empty());
    CHECK(gpu_preset_of("NVIDIA H100 80GB HBM3 MIG 1g.10gb").empty());
    CHECK(gpu_preset_of("NVIDIA GeForce RTX 4090").empty());
    CHECK(gpu_preset_of("").empty());
}

TEST_CASE("peers: too few GPUs and one that cannot be reached are reasons", "[profiler]") {
    CHECK(peer_problem(1, {{false}}).empty());
    CHECK(peer_problem(8, {{false}}) == "needs 8 GPUs, 1 is here");
    CHECK(peer_problem(4, {{true, true}, {true, true}}) == "needs 4 GPUs, 2 are here");
    CHECK(peer_problem(2, {{false, true}, {true, false}}).empty());
    CHECK(peer_problem(2, {{true, false}, {true, true}}) == "GPU 0 cannot reach GPU 1");
}
