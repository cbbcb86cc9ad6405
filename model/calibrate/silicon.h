/// Public tables of kernels measured on silicon, row by row, as CSV files hold them.
///
/// The format is that of the aiconfigurator project (ai-dynamo/aiconfigurator, Apache-2.0): one file per
/// kernel, GPU and library, first line column names. What a file holds is told by its columns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hw/units.h"

namespace isobath {

/// FNV-1a, 64 bits: the same number for the same text on every machine and in every language.
constexpr std::uint64_t fnv1a64(std::string_view text) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return hash;
}

/// One row in five is never fitted, only judged by: those whose key's hash is a multiple of 5.
constexpr bool is_held_back(std::string_view key) {
    return fnv1a64(key) % 5 == 0;
}

/// One measured row: what was run, in the file's own words, and how long it took.
struct SiliconRow {
    /// The columns that say what was run, joined with "|": all but framework, version, device and times.
    std::string key;
    bool held_back = false;
    int line       = 0;  ///< in the file, from 1
    Seconds time;
    std::map<std::string, std::string, std::less<>> fields;  ///< every column of the row

    /// The field's text or number. Throws std::logic_error if the family has no such column.
    const std::string& text(std::string_view column) const;
    double number(std::string_view column) const;
    int whole(std::string_view column) const { return static_cast<int>(number(column)); }
};

/// The rows of one file that time the same thing with the same library.
///
/// Families (told by the columns; times in ms unless said otherwise):
///   gemm                   gemm_dtype, m, n, k
///   mla_bmm                op_name (mla_gen_pre: W_UK, mla_gen_post: W_UV), bmm_dtype, num_tokens, num_heads
///   mla_decode             mla_dtype, kv_cache_dtype, num_heads, batch_size, isl, step: attention alone
///   mla_context            the same for a prompt of isl tokens
///   mla_decode_module, mla_context_module    with the projections around it: gemm_type too
///   moe, moe_context, moe_generation         both products of a rank's experts: moe_dtype, num_tokens, ...
///   moe_slots              moe_generation with num_slots physical experts, with and without EPLB
///   nccl, all_reduce       num_gpus, message_size (elements of nccl_dtype or allreduce_dtype)
///   deepep_low_latency_dispatch, deepep_low_latency_combine         num_token per rank; times in us
///   deepep_normal_dispatch, deepep_normal_combine                   time is transmit + notify, in us
///   alltoall               op_name (alltoall_prepare, ...), moe_dtype, num_tokens, moe_ep_size
struct SiliconTable {
    std::string file;            ///< its name, without folders
    std::string family;          ///< "gemm"
    std::string gpu;             ///< preset name
    std::string implementation;  ///< library and version: "trtllm-1.3.0rc20"
    std::string measured_on;     ///< the device, in the file's words
    std::vector<SiliconRow> rows;
};

/// Splits the text of one file into tables: one per family and implementation, in the file's order.
///
/// Throws SpecError "file: line: column: what; what is allowed".
std::vector<SiliconTable> parse_silicon(std::string_view text, const std::string& file,
                                        const std::string& gpu);

/// The tables of every GPU that has a preset, from each .csv file of a folder (sorted by name) or from one
/// file. A file's GPU is the one that its name tells ("gemm_h200_sxm.csv"), else its first row's device.
///
/// Throws SpecError if the folder cannot be read.
std::vector<SiliconTable> read_silicon(const std::filesystem::path& folder_or_file);

/// The same of one GPU. Throws SpecError if there is none; a single file is taken for this GPU's.
std::vector<SiliconTable> read_silicon(const std::filesystem::path& folder_or_file, const std::string& gpu);

/// Whether `text` names `gpu`: "h200" is named by "gemm_h200_sxm.csv" and "NVIDIA H200", "b200" not by
/// "GB200".
bool names_gpu(std::string_view text, std::string_view gpu);

}  // namespace isobath
