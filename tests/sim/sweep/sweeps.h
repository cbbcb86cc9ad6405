/// Small sweeps for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "hw/spec_reader.h"
#include "sim/sweep/merge.h"
#include "sim/sweep/parts.h"
#include "sim/sweep/run_sweep.h"
#include "sim/sweep/space.h"
#include "sim/sweep/sweep.h"
#include "tests/temporary_folder.h"

namespace isobath::sweep {

inline std::string bytes_of(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
}

/// A sweep of the text {"scenario": ..., AXES}, as a file "test.json" would be.
inline Sweep sweep_of(const std::string& axes, const std::string& more = "",
                      const std::string& scenario = "deepseek-v3-decode-ep128-h800") {
    return read_sweep("{\"scenario\": \"" + scenario + "\", \"axes\": [" + axes + "]" + more + "}",
                      "test.json", DataFiles());
}

/// What reading such a sweep says is wrong.
inline std::string refusal_of(const std::string& axes, const std::string& more = "") {
    try {
        sweep_of(axes, more);
    } catch (const SpecError& e) {
        return e.what();
    }
    return "";
}

/// Evaluates a shard of the sweep into the folder.
inline Progress run_into(const Sweep& sweep, const std::string& folder, int threads = 1,
                         std::size_t shard = 0, std::size_t shards = 1) {
    const Space space(sweep);
    write_definition(sweep, folder);
    ShardBlocks blocks(space.blocks(), shard, shards);
    return run_sweep(sweep, space, DataFiles(), blocks, {folder, threads});
}

/// The bytes of the merged file.
inline std::string merged(const Sweep& sweep, const std::string& folder) {
    const std::string file = folder + ".sqlite";
    const Tally tally      = merge(sweep, Space(sweep), {folder}, file);
    return tally.missing == 0 ? bytes_of(file) : "";
}

}  // namespace isobath::sweep
