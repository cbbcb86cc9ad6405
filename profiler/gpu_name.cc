#include "profiler/gpu_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace isobath {
namespace {

/// Longer names first: a GB200 is no B200.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kNames{{
    {"GB300", "gb300"},
    {"GB200", "gb200"},
    {"B300", "b300"},
    {"B200", "b200"},
    {"H800", "h800"},
    {"H200", "h200"},
    {"H100", "h100"},
    {"A100", "a100"},
    {"H20", "h20"},
}};

bool is_word(std::string_view text, std::size_t at, std::size_t length) {
    const auto letter = [&](std::size_t i) {
        return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i]));
    };
    return (at == 0 || !letter(at - 1)) && !letter(at + length);
}

}  // namespace

std::string gpu_preset_of(std::string_view driver_name) {
    for (const std::string_view other : {"PCIe", "PCIE", "NVL", "MIG"})
        if (driver_name.find(other) != std::string_view::npos) return {};
    for (const auto& [word, preset] : kNames) {
        const std::size_t at = driver_name.find(word);
        if (at != std::string_view::npos && is_word(driver_name, at, word.size())) return std::string(preset);
    }
    return {};
}

}  // namespace isobath
