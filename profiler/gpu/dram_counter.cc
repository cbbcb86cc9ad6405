#include "profiler/gpu/dram_counter.h"

#include <array>
#include <stdexcept>
#include <vector>

#include <cuda.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>

#include "profiler/cuda_check.h"
#include "profiler/gpu/cupti.h"

namespace isobath {
namespace {

std::array<const char*, 2> kMetrics{"dram__bytes_read.sum", "dram__bytes_write.sum"};
constexpr int kMostPasses = 8;

struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string reason_of(CUptiResult result) {
    decltype(&cuptiGetResultString) text = nullptr;
    cupti_library().bind(text, "cuptiGetResultString");
    const char* words = nullptr;
    if (text != nullptr) text(result, &words);
    if (result == CUPTI_ERROR_INSUFFICIENT_PRIVILEGES)
        return "counters are kept for administrators (NVreg_RestrictProfilingToAdminUsers)";
    return words == nullptr ? "error " + std::to_string(result) : words;
}

/// Calls a function of the library by its name. CUPTI's parameters are structs that begin with their own
/// size.
template <class Params>
void call(const char* name, std::size_t size, Params& params) {
    CUptiResult (*function)(Params*) = nullptr;
    cupti_library().bind(function, name);
    if (function == nullptr) throw Refused("CUPTI lacks " + std::string(name));
    params.structSize        = size;
    const CUptiResult result = function(&params);
    if (result != CUPTI_SUCCESS) throw Refused(std::string(name) + ": " + reason_of(result));
}

#define CUPTI_CALL(function, Type, params) call(#function, Type##_STRUCT_SIZE, params)

CUcontext current_context() {
    CUresult (*get)(CUcontext*) = nullptr;
    cudaDriverEntryPointQueryResult found{};
    CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuCtxGetCurrent", reinterpret_cast<void**>(&get), 12000,
                                                cudaEnableDefault, &found));
    CUcontext out = nullptr;
    if (get == nullptr || get(&out) != CUDA_SUCCESS || out == nullptr)
        throw Refused("no CUDA context is current");
    return out;
}

std::string chip_name() {
    int device = 0;
    CUDA_CHECK(cudaGetDevice(&device));
    CUpti_Device_GetChipName_Params params{};
    params.deviceIndex = static_cast<std::size_t>(device);
    CUPTI_CALL(cuptiDeviceGetChipName, CUpti_Device_GetChipName_Params, params);
    return params.pChipName;
}

std::vector<std::uint8_t> counter_availability(CUcontext context) {
    CUpti_Profiler_GetCounterAvailability_Params params{};
    params.ctx = context;
    CUPTI_CALL(cuptiProfilerGetCounterAvailability, CUpti_Profiler_GetCounterAvailability_Params, params);
    std::vector<std::uint8_t> out(params.counterAvailabilityImageSize);
    params.pCounterAvailabilityImage = out.data();
    CUPTI_CALL(cuptiProfilerGetCounterAvailability, CUpti_Profiler_GetCounterAvailability_Params, params);
    return out;
}

}  // namespace

/// The host's half knows metrics, the target's half counts; images in memory pass between them.
struct DramCounter::Profiler {
    std::string chip;
    std::vector<std::uint8_t> availability, config, data;
    CUpti_Profiler_Host_Object* host    = nullptr;
    CUpti_RangeProfiler_Object* counter = nullptr;

    Profiler() {
        CUpti_Profiler_Initialize_Params start{};
        CUPTI_CALL(cuptiProfilerInitialize, CUpti_Profiler_Initialize_Params, start);
        const CUcontext context = current_context();
        chip                    = chip_name();
        availability            = counter_availability(context);
        try {
            configure();
            enable(context);
        } catch (...) {
            release();
            throw;
        }
    }
    ~Profiler() { release(); }
    Profiler(const Profiler&)            = delete;
    Profiler& operator=(const Profiler&) = delete;

    void configure() {
        CUpti_Profiler_Host_Initialize_Params start{};
        start.profilerType              = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
        start.pChipName                 = chip.c_str();
        start.pCounterAvailabilityImage = availability.data();
        CUPTI_CALL(cuptiProfilerHostInitialize, CUpti_Profiler_Host_Initialize_Params, start);
        host = start.pHostObject;
        CUpti_Profiler_Host_ConfigAddMetrics_Params add{};
        add.pHostObject   = host;
        add.ppMetricNames = kMetrics.data();
        add.numMetrics    = kMetrics.size();
        CUPTI_CALL(cuptiProfilerHostConfigAddMetrics, CUpti_Profiler_Host_ConfigAddMetrics_Params, add);
        CUpti_Profiler_Host_GetConfigImageSize_Params size{};
        size.pHostObject = host;
        CUPTI_CALL(cuptiProfilerHostGetConfigImageSize, CUpti_Profiler_Host_GetConfigImageSize_Params, size);
        config.resize(size.configImageSize);
        CUpti_Profiler_Host_GetConfigImage_Params image{};
        image.pHostObject     = host;
        image.configImageSize = config.size();
        image.pConfigImage    = config.data();
        CUPTI_CALL(cuptiProfilerHostGetConfigImage, CUpti_Profiler_Host_GetConfigImage_Params, image);
    }

    void enable(CUcontext context) {
        CUpti_RangeProfiler_Enable_Params start{};
        start.ctx = context;
        CUPTI_CALL(cuptiRangeProfilerEnable, CUpti_RangeProfiler_Enable_Params, start);
        counter = start.pRangeProfilerObject;
        CUpti_RangeProfiler_GetCounterDataSize_Params size{};
        size.pRangeProfilerObject = counter;
        size.pMetricNames         = kMetrics.data();
        size.numMetrics           = kMetrics.size();
        size.maxNumOfRanges       = 1;
        size.maxNumRangeTreeNodes = 1;
        CUPTI_CALL(cuptiRangeProfilerGetCounterDataSize, CUpti_RangeProfiler_GetCounterDataSize_Params, size);
        data.resize(size.counterDataSize);
    }

    void begin_image() {
        CUpti_RangeProfiler_CounterDataImage_Initialize_Params image{};
        image.pRangeProfilerObject = counter;
        image.counterDataSize      = data.size();
        image.pCounterData         = data.data();
        CUPTI_CALL(cuptiRangeProfilerCounterDataImageInitialize,
                   CUpti_RangeProfiler_CounterDataImage_Initialize_Params, image);
        CUpti_RangeProfiler_SetConfig_Params set{};
        set.pRangeProfilerObject = counter;
        set.configSize           = config.size();
        set.pConfig              = config.data();
        set.counterDataImageSize = data.size();
        set.pCounterDataImage    = data.data();
        set.range                = CUPTI_UserRange;
        set.replayMode           = CUPTI_UserReplay;
        set.maxRangesPerPass     = 1;
        set.numNestingLevels     = 1;
        set.minNestingLevel      = 1;
        CUPTI_CALL(cuptiRangeProfilerSetConfig, CUpti_RangeProfiler_SetConfig_Params, set);
    }

    /// Whether that was the last pass.
    bool pass(const std::function<void()>& launch) {
        CUpti_RangeProfiler_Start_Params start{};
        start.pRangeProfilerObject = counter;
        CUPTI_CALL(cuptiRangeProfilerStart, CUpti_RangeProfiler_Start_Params, start);
        CUpti_RangeProfiler_PushRange_Params push{};
        push.pRangeProfilerObject = counter;
        push.pRangeName           = "launch";
        CUPTI_CALL(cuptiRangeProfilerPushRange, CUpti_RangeProfiler_PushRange_Params, push);
        launch();
        CUpti_RangeProfiler_PopRange_Params pop{};
        pop.pRangeProfilerObject = counter;
        CUPTI_CALL(cuptiRangeProfilerPopRange, CUpti_RangeProfiler_PopRange_Params, pop);
        CUpti_RangeProfiler_Stop_Params stop{};
        stop.pRangeProfilerObject = counter;
        CUPTI_CALL(cuptiRangeProfilerStop, CUpti_RangeProfiler_Stop_Params, stop);
        return stop.isAllPassSubmitted != 0;
    }

    Bytes sum() {
        CUpti_RangeProfiler_DecodeData_Params decode{};
        decode.pRangeProfilerObject = counter;
        CUPTI_CALL(cuptiRangeProfilerDecodeData, CUpti_RangeProfiler_DecodeData_Params, decode);
        std::array<double, kMetrics.size()> values{};
        CUpti_Profiler_Host_EvaluateToGpuValues_Params evaluate{};
        evaluate.pHostObject          = host;
        evaluate.pCounterDataImage    = data.data();
        evaluate.counterDataImageSize = data.size();
        evaluate.ppMetricNames        = kMetrics.data();
        evaluate.numMetrics           = kMetrics.size();
        evaluate.pMetricValues        = values.data();
        CUPTI_CALL(cuptiProfilerHostEvaluateToGpuValues, CUpti_Profiler_Host_EvaluateToGpuValues_Params,
                   evaluate);
        return (values[0] + values[1]) * unit::B;
    }

    void release() noexcept {
        try {
            if (counter != nullptr) {
                CUpti_RangeProfiler_Disable_Params stop{};
                stop.pRangeProfilerObject = counter;
                CUPTI_CALL(cuptiRangeProfilerDisable, CUpti_RangeProfiler_Disable_Params, stop);
            }
            if (host != nullptr) {
                CUpti_Profiler_Host_Deinitialize_Params stop{};
                stop.pHostObject = host;
                CUPTI_CALL(cuptiProfilerHostDeinitialize, CUpti_Profiler_Host_Deinitialize_Params, stop);
            }
        } catch (const Refused&) {
            // Nothing is left to be done with what cannot be released.
        }
    }
};

DramCounter::DramCounter() {
    if (!cupti_library()) {
        why_not_ = cupti_library().why_not();
        return;
    }
    try {
        profiler_ = std::make_unique<Profiler>();
    } catch (const Refused& refused) {
        why_not_ = refused.what();
    }
}

DramCounter::~DramCounter() = default;

Bytes DramCounter::count(const std::function<void()>& prepare, const std::function<void()>& launch) {
    if (profiler_ == nullptr) return {};
    try {
        profiler_->begin_image();
        bool last = false;
        for (int pass = 0; pass < kMostPasses && !last; ++pass) {
            prepare();
            last = profiler_->pass(launch);
        }
        return profiler_->sum();
    } catch (const Refused& refused) {
        why_not_ = refused.what();
        profiler_.reset();
        return {};
    }
}

}  // namespace isobath
