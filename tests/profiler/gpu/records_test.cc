#include <cstring>

#include <cupti_activity.h>

#include "profiler/gpu/activity_records.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

/// Records of different lengths one behind the other, each as long as its kind says.
struct Buffer {
    alignas(8) std::uint8_t bytes[2048] = {};
    std::size_t used                    = 0;

    template <class Record>
    void add(const Record& record) {
        std::memcpy(bytes + used, &record, sizeof record);
        used += sizeof record;
    }
};

std::size_t length_of(const void* record) {
    const auto kind = static_cast<const CUpti_Activity*>(record)->kind;
    return kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL ? sizeof(CUpti_ActivityKernel10)
                                                         : sizeof(CUpti_ActivityMemset4);
}

int next(std::uint8_t* buffer, std::size_t valid_bytes, void** record) {
    std::uint8_t* at = *record == nullptr ? buffer : static_cast<std::uint8_t*>(*record) + length_of(*record);
    if (at >= buffer + valid_bytes) return CUPTI_ERROR_MAX_LIMIT_REACHED;
    *record = at;
    return CUPTI_SUCCESS;
}

CUpti_ActivityKernel10 kernel(const char* name, std::uint64_t start, std::uint64_t end) {
    CUpti_ActivityKernel10 out{};
    out.kind          = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
    out.name          = name;
    out.start         = start;
    out.end           = end;
    out.correlationId = 42;
    out.graphNodeId   = 7;
    out.gridX         = 132;
    out.gridY         = 2;
    out.gridZ         = 1;
    out.blockX        = 256;
    out.blockY        = 1;
    out.blockZ        = 1;
    out.streamId      = 13;
    return out;
}

}  // namespace

TEST_CASE("records: kernels are read in full and other records are passed over", "[profiler]") {
    Buffer buffer;
    CUpti_ActivityMemset4 flush{};
    flush.kind = CUPTI_ACTIVITY_KIND_MEMSET;
    buffer.add(kernel("first", 1000, 1500));
    buffer.add(flush);
    buffer.add(kernel("second", 2000, 2100));
    const auto kernels = kernels_in(buffer.bytes, buffer.used, next);
    REQUIRE(kernels.size() == 2);
    const KernelActivity expected{"first", 1000, 1500, 42, 7, {132, 2, 1}, {256, 1, 1}, 13};
    CHECK(kernels[0] == expected);
    CHECK(kernels[1].name == "second");
}

TEST_CASE("records: an empty buffer and a kernel without a name are no fault", "[profiler]") {
    Buffer buffer;
    CHECK(kernels_in(buffer.bytes, 0, next).empty());
    buffer.add(kernel(nullptr, 1, 2));
    const auto kernels = kernels_in(buffer.bytes, buffer.used, next);
    REQUIRE(kernels.size() == 1);
    CHECK(kernels[0].name.empty());
}
