#include "model/calibrate/mla_modules.h"

#include <algorithm>

#include "hw/spec_reader.h"
#include "hw/text.h"

namespace isobath {
namespace {

/// The modules' projections are DeepSeek's block-scaled FP8; the cache is what the row says.
PrecisionPolicy precision_of(const SiliconTable& table, const SiliconRow& row) {
    const auto one_of = [&](const char* column, const char* first, const char* second) {
        const std::string& text = row.text(column);
        if (text != first && text != second)
            fail_at(table.file, std::to_string(row.line) + ": " + column,
                    "\"" + clipped(text) + "\"; allowed: " + first + " " + second);
        return text == second;
    };
    PrecisionPolicy out;
    out.gemm     = one_of("gemm_type", "bfloat16", "fp8_block") ? Format::fp8_block : Format::bf16;
    out.kv_cache = one_of("kv_cache_dtype", "bfloat16", "fp8") ? KvLayout::fp8 : KvLayout::bf16;
    return out;
}

Batch batch_of(const SiliconRow& row, Pass pass) {
    const double requests = row.number("batch_size"), isl = row.number("isl");
    Batch out;
    out.pass     = pass;
    out.requests = requests;
    out.context  = isl + row.number("step");
    out.q_len    = pass == Pass::prefill ? isl : 0;
    out.tokens   = pass == Pass::prefill ? requests * isl : requests;
    return out;
}

/// A module begins after the layer's input norm and ends before the next one. Over a cache of FP8 a prompt's
/// attention is FP8 too.
std::vector<Op> ops_of(const LayerContext& context) {
    OpList list;
    append_attention(context, list);
    std::vector<Op> out;
    for (const LayerOp& each : list) {
        const std::string_view name = each.name;
        if (name == "input_norm" || name == "post_norm") continue;
        out.push_back(each.op);
        auto* prompt = std::get_if<FlashPrefill>(&out.back());
        if (prompt && context.precision.kv_cache == KvLayout::fp8) prompt->format = Format::fp8_tensor;
    }
    return out;
}

ModuleSample sample_of(const SiliconTable& table, const SiliconRow& row, Pass pass, const ModelSpec& model) {
    const int heads = row.whole("num_heads");
    if (heads < 1 || model.attention.heads % heads != 0)
        fail_at(table.file, std::to_string(row.line) + ": num_heads",
                "allowed: a divisor of the model's heads");
    const PrecisionPolicy precision = precision_of(table, row);
    Shard shard;
    shard.attention_tp = model.attention.heads / heads;
    const Batch batch  = batch_of(row, pass);
    return {ops_of({model, precision, shard, batch}),
            row.text("num_heads") + "|" + row.text("kv_cache_dtype") + "|" + row.text("batch_size"), row.time,
            row.key, row.held_back};
}

ModuleTable& table_for(std::vector<ModuleTable>& out, const SiliconTable& from, Pass pass,
                       const std::string& kernel) {
    const std::string name = from.implementation + (kernel == "default" ? "" : "-" + kernel);
    for (ModuleTable& table : out)
        if (table.pass == pass && table.implementation == name) return table;
    out.push_back({pass, name, from.measured_on, from.file, {}});
    return out.back();
}

}  // namespace

std::vector<ModuleTable> module_tables(std::span<const SiliconTable> tables, const ModelSpec& model) {
    std::vector<ModuleTable> out;
    for (const SiliconTable& table : tables) {
        const bool decode = table.family == "mla_decode_module";
        if (!decode && table.family != "mla_context_module") continue;
        const Pass pass = decode ? Pass::decode : Pass::prefill;
        for (const SiliconRow& row : table.rows)
            table_for(out, table, pass, row.text("kernel_source"))
                .samples.push_back(sample_of(table, row, pass, model));
    }
    return out;
}

KernelChoice choice_of(const Calibration& calibration, const std::string& implementation) {
    const std::string library = implementation.substr(0, implementation.find('-') + 1);
    KernelChoice out;
    each_family(calibration, [&](const char* key, const auto& family) {
        for (const auto& each : family.implementations)
            if (each.name == implementation || (!out.count(key) && each.name.starts_with(library)))
                out[key] = each.name;
    });
    return out;
}

Estimate module_time(const KernelTime& time, const ModuleSample& sample, int sms) {
    Estimate sum{{}, {}, {}, Source::measured};
    for (const Op& op : sample.ops) sum = sum + time.cost(op, sms).estimate;
    return sum;
}

}  // namespace isobath
