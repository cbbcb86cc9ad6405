/// Any bytes either are a scenario or are refused with a SpecError of readable length; nothing else may
/// happen.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "hw/data.h"
#include "hw/gpu.h"
#include "hw/spec_reader.h"
#include "sim/scenario_reader.h"

namespace {

constexpr std::size_t kReadableLength = 2000;

/// Runs a reader; a SpecError is an answer.
template <class Read>
void answered(Read read) {
    try {
        read();
    } catch (const isobath::SpecError& e) {
        if (std::string_view(e.what()).size() > kReadableLength) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const isobath::DataFiles data;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    answered([&] { isobath::read_scenario(text, "fuzz.json", data); });
    answered([&] { isobath::read_gpu(isobath::parse_json(text, "fuzz.json"), "fuzz", "fuzz.json"); });
    return 0;
}
