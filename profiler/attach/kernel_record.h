/// One kernel as the GPU ran it, whoever told.
#pragma once

#include <array>
#include <cstdint>

namespace isobath::attach {

struct KernelRecord {
    const char* name = "";  ///< mangled; must outlive the call it is passed to
    std::array<int, 3> grid{}, block{};
    int stream                = 0;
    bool graph                = false;
    std::uint32_t correlation = 0;     ///< of the launch, be it of a kernel or of a graph
    std::uint64_t start = 0, end = 0;  ///< ns
};

/// A range that is open or was: its number in the process and what it says that it runs. 0: no range.
using RangeId = std::uint64_t;

inline constexpr int kPointBits = 16;

constexpr RangeId range_id(std::uint64_t sequence, std::uint32_t point) {
    return sequence << kPointBits | point;
}
constexpr std::uint32_t point_of(RangeId id) {
    return static_cast<std::uint32_t>(id & ((1u << kPointBits) - 1));
}

}  // namespace isobath::attach
