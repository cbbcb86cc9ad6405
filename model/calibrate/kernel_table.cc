#include "model/calibrate/kernel_table.h"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"

namespace isobath {
namespace {

/// The numbers of one row under their column names, each to be asked for.
class Row {
  public:
    Row(const std::vector<std::string>& columns, const nlohmann::json& values, std::string file,
        std::string path)
        : file_(std::move(file)), path_(std::move(path)) {
        if (!values.is_array() || values.size() != columns.size())
            fail_at(file_, path_, "expected one number per column");
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (!values[i].is_number() || values[i].get<double>() < 0)
                fail_at(file_, path_ + "/" + std::to_string(i), "expected a number of at least 0");
            numbers_[columns[i]] = values[i].get<double>();
        }
    }
    bool has(const std::string& column) const { return numbers_.count(column) > 0; }
    double operator[](const std::string& column) {
        const auto at = numbers_.find(column);
        if (at == numbers_.end()) fail_at(file_, "/columns", "missing \"" + column + "\"");
        return at->second;
    }
    int whole(const std::string& column) { return static_cast<int>((*this)[column]); }

  private:
    std::map<std::string, double> numbers_;
    std::string file_, path_;
};

Op gemm(Row& row, Format format) {
    return Gemm{row["m"], row.whole("n"), row.whole("k"), format};
}

/// Rows per expert are exact where the table says nothing else. InferSim draws them uniformly from 0.7 to 1.3
/// of the mean: variance (0.6 mean)^2 / 12.
Op grouped(Row& row, GroupedLayout layout) {
    const double mean   = row["rows_per_expert"];
    const double spread = row.has("uniform_spread") ? row["uniform_spread"] * mean : 0;
    const int experts   = row.whole("experts");
    return GroupedGemm{mean * experts,    experts, spread * spread / 12, row.whole("n"), row.whole("k"),
                       Format::fp8_block, layout};
}

/// DeepSeek-V3's MLA: latent 512, rope key 64.
Op mla(Row& row, KvLayout cache) {
    return MlaDecode{row["batch"], row.whole("s_q"), row["context"], row.whole("heads"), 512, 64, cache};
}

Op batched(Row& row, Format format) {
    return BatchedGemm{row.whole("batch"), row["m"], row.whole("n"), row.whole("k"), format};
}

Op flash(Row& row, Format format) {
    const int heads = row.whole("heads");
    return FlashPrefill{
        1,     row["q_len"], row["q_len"], heads, heads, row.whole("qk_head_dim"), row.whole("v_head_dim"),
        format};
}

using MakeOp = std::function<Op(Row&)>;

const std::map<std::string, MakeOp>& kernels() {
    static const std::map<std::string, MakeOp> known{
        {"gemm_fp8", [](Row& row) { return gemm(row, Format::fp8_block); }},
        {"gemm_bf16", [](Row& row) { return gemm(row, Format::bf16); }},
        {"grouped_masked", [](Row& row) { return grouped(row, GroupedLayout::masked); }},
        {"grouped_contiguous", [](Row& row) { return grouped(row, GroupedLayout::contiguous); }},
        {"gemm_fp8_tensor", [](Row& row) { return gemm(row, Format::fp8_tensor); }},
        {"gemm_fp4", [](Row& row) { return gemm(row, Format::nvfp4); }},
        {"batched_gemm", [](Row& row) { return batched(row, Format::bf16); }},
        {"batched_gemm_bf16", [](Row& row) { return batched(row, Format::bf16); }},
        {"batched_gemm_fp8", [](Row& row) { return batched(row, Format::fp8_block); }},
        {"mla_decode", [](Row& row) { return mla(row, KvLayout::bf16); }},
        {"mla_decode_fp8", [](Row& row) { return mla(row, KvLayout::fp8); }},
        {"flash_prefill", [](Row& row) { return flash(row, Format::bf16); }},
        {"flash_prefill_fp8", [](Row& row) { return flash(row, Format::fp8_tensor); }},
        {"indexer",  // 64 heads of 128, as DeepSeek-V3.2 has them
         [](Row& row) -> Op {
             return IndexerScore{row["queries"], row["context"], row["batch"], 64, 128};
         }},
        {"streaming", [](Row& row) -> Op { return Streaming{row["megabytes"] * unit::MB}; }},
    };
    return known;
}

KernelSample sample_of(const std::string& kernel, Row row) {
    KernelSample out{kernels().at(kernel)(row), {}};
    out.time = row.has("tflops") ? work_of(out.op).flop / (row["tflops"] * unit::TFLOP / unit::s)
                                 : row["time_us"] * unit::us;
    return out;
}

}  // namespace

KernelTable read_kernel_table(const nlohmann::json& json, const std::string& name, const std::string& file) {
    SpecReader in(json, file);
    in.integer("schema", 1, 1);
    in.ignore("gpu");
    KernelTable out{
        name, in.text("kernel"), in.text("implementation"), in.text("measured_on"), in.text("source"), {}};
    if (!kernels().count(out.kernel)) in.fail("kernel", "no such kernel");
    const double slowed_by     = in.number_or("slowed_by", 1, 1, 10);
    const auto columns         = in.raw("columns").get<std::vector<std::string>>();
    const nlohmann::json& rows = in.raw("rows");
    for (std::size_t i = 0; i < rows.size(); ++i)
        out.samples.push_back(
            sample_of(out.kernel, Row(columns, rows[i], file, "/rows/" + std::to_string(i))));
    for (KernelSample& sample : out.samples) sample.time = sample.time / slowed_by;
    in.finish();
    return out;
}

std::vector<KernelTable> load_kernel_tables(const DataFiles& data, const std::string& gpu) {
    const std::string folder = "hw/calibrations/" + gpu + "/tables";
    std::vector<KernelTable> out;
    for (const std::string& name : data.names(folder)) {
        const std::string path = folder + "/" + name + ".json";
        out.push_back(
            read_kernel_table(parse_json(*data.find(path), data.shown(path)), name, data.shown(path)));
    }
    return out;
}

}  // namespace isobath
