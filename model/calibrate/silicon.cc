#include "model/calibrate/silicon.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "hw/data.h"
#include "hw/spec_reader.h"

namespace isobath {
namespace {

/// The preset that a text names; empty if none.
std::string gpu_in(std::string_view text) {
    for (const std::string& gpu : DataFiles().names("scenarios/gpus"))
        if (names_gpu(text, gpu)) return gpu;
    return "";
}

std::string gpu_of(const std::filesystem::path& file, const std::string& text) {
    const std::string named = gpu_in(file.filename().string());
    return named.empty() ? gpu_in(parse_silicon(text, file.string(), "").front().measured_on) : named;
}

std::vector<std::filesystem::path> csv_files(const std::filesystem::path& folder_or_file) {
    if (!std::filesystem::is_directory(folder_or_file)) return {folder_or_file};
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_or_file))
        if (entry.path().extension() == ".csv") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

/// `wanted`: nothing for every GPU.
std::vector<SiliconTable> read_all(const std::filesystem::path& folder_or_file,
                                   const std::optional<std::string>& wanted) {
    const bool single = !std::filesystem::is_directory(folder_or_file);
    std::vector<SiliconTable> tables;
    for (const auto& file : csv_files(folder_or_file)) {
        const std::string text = read_text(file), gpu = single && wanted ? *wanted : gpu_of(file, text);
        if (gpu.empty() || (wanted && gpu != *wanted)) continue;
        for (SiliconTable& table : parse_silicon(text, file.string(), gpu))
            tables.push_back(std::move(table));
    }
    return tables;
}

}  // namespace

bool names_gpu(std::string_view text, std::string_view gpu) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    const auto word  = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    const auto same  = [&](char a, char b) { return lower(a) == lower(b); };
    for (auto at = text.begin();; ++at) {
        at = std::search(at, text.end(), gpu.begin(), gpu.end(), same);
        if (at == text.end()) return false;
        const auto end = at + long(gpu.size());
        if ((at == text.begin() || !word(at[-1])) && (end == text.end() || !word(*end))) return true;
    }
}

std::vector<SiliconTable> read_silicon(const std::filesystem::path& folder_or_file) {
    return read_all(folder_or_file, std::nullopt);
}

std::vector<SiliconTable> read_silicon(const std::filesystem::path& folder_or_file, const std::string& gpu) {
    std::vector<SiliconTable> tables = read_all(folder_or_file, gpu);
    if (tables.empty())
        fail_at(folder_or_file.string(), "",
                "no .csv table of " + gpu + "; allowed: files named like gemm_" + gpu +
                    "_trtllm.csv, or rows whose device is this GPU");
    return tables;
}

}  // namespace isobath
