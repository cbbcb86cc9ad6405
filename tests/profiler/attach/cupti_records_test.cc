#include "profiler/attach/cupti_records.h"

#include "profiler/attach/buffer_pool.h"
#include "tests/catch.h"

using namespace isobath;
using namespace isobath::attach;

TEST_CASE("attach: buffers are used again and never more than allowed", "[profiler][attach]") {
    BufferPool pool(1 << 20, 3);
    std::uint8_t* const first = pool.take();
    pool.take();
    pool.take();
    REQUIRE(first);
    CHECK(pool.take() == nullptr);
    CHECK(pool.refused() == 1);
    pool.give_back(first);
    pool.give_back(nullptr);
    CHECK(pool.take() == first);
    CHECK(pool.made() == 3);
    CHECK(pool.bytes() == 3 << 20);
}

#ifdef ISOBATH_HAS_CUPTI

TEST_CASE("attach: an activity record becomes a kernel with its launch", "[profiler][attach]") {
    CUpti_ActivityKernel9 record{};
    record.kind  = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
    record.name  = "_Z4copyPf";
    record.gridX = 132, record.gridY = 2, record.gridZ = 3;
    record.blockX = 384, record.blockY = 1, record.blockZ = 1;
    record.streamId           = 7;
    record.correlationId      = 99;
    record.start              = 1000;
    record.end                = 3500;
    const auto& activity      = reinterpret_cast<const CUpti_Activity&>(record);
    const KernelRecord kernel = kernel_of(activity);
    CHECK(kernel.grid == std::array<int, 3>{132, 2, 3});
    CHECK(kernel.block == std::array<int, 3>{384, 1, 1});
    CHECK(kernel.end - kernel.start == 2500);
    CHECK(kernel.correlation == 99);
    CHECK_FALSE(kernel.graph);
    record.graphNodeId = 5;
    CHECK(kernel_of(activity).graph);
    record.name = nullptr;
    CHECK(std::string(kernel_of(activity).name).empty());
}

TEST_CASE("attach: a device record tells what the GPU is", "[profiler][attach]") {
    CUpti_ActivityDevice5 record{};
    record.kind                 = CUPTI_ACTIVITY_KIND_DEVICE;
    record.name                 = "NVIDIA H100 80GB HBM3";
    record.numMultiprocessors   = 132;
    record.coreClockRate        = 1980000;  // kHz
    record.l2CacheSize          = 50 << 20;
    const MeasuredDevice device = device_of(reinterpret_cast<const CUpti_Activity&>(record));
    CHECK(device.name == "NVIDIA H100 80GB HBM3");
    CHECK(device.sm_count == 132);
    CHECK(device.sm_clock_mhz == 1980);
    CHECK(device.l2 == 50 * unit::MiB);
}

#endif
