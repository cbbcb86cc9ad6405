#include "sim/scenario_reader.h"

#include <nlohmann/json.hpp>

#include "sim/scenario_fields.h"
#include "sim/schema.h"
#include "tests/catch.h"
#include "tests/sim/small_scenario.h"
#include "tests/temporary_folder.h"

using namespace isobath;
using namespace isobath::small_scenario;

namespace {

const char* const kEveryField = R"({"name": "DeepSeek-V3 decode, EP128 on H800",
    "model": "deepseek-v3",                                  // a comment
    "cluster": {"gpu": "h800", "nodes": 16, "gpus_per_node": 8, "nic": "cx7-400g", "topology": "rail"},
    "phase": "decode",
    "layout": {"attention": {"tp": 1, "dp": 128, "cp": 1},
               "experts": {"ep": 128, "tp": 1, "redundant": 0, "shared": "replicated"},
               "pp": 1, "overlap": "two-batch-hook", "comm": "deepep-low-latency", "comm_sms": 0},
    "precision": "deepseek-fp8",
    "speculation": {"method": "mtp", "depth": 1, "acceptance": "deepseek-v3-mtp", "threshold": "none"},
    "routing": {"popularity": "uniform", "placement": "none", "planned_on": "same"},
    "calibration": "h800", "engine": "sglang-0.5",
    "workload": {"batch_per_gpu": 128, "context": 4096, "isl": 4096, "osl": 1024, "concurrency": 128,
                 "arrivals": {"process": "closed"}},
    "serving": {"policy": "prefill-first", "chunk": 8192, "prefix_cache": {"capacity": "auto"},
                "units": {"prefill": {"count": 1, "layout": {}}, "decode": {"count": 1, "layout": {}}}},
    "training": {"tokens": 14.8e12, "sequence": 4096, "schedule": "dualpipe"},
    "slo": {"ttft_p90": "2 s", "tpot_p90": "50 ms"}, "price": {"usd_per_gpu_hour": 2.0}, "seed": 1})";

}  // namespace

TEST_CASE("scenario: every documented field is taken", "[sim][scenario]") {
    const Scenario s = read(kEveryField);
    CHECK(s.name == "DeepSeek-V3 decode, EP128 on H800");
    CHECK(s.cluster.gpus() == 128);
    CHECK(s.layout.overlap == Overlap::two_batch_hook);
    CHECK(s.slo.tpot_p90.in(unit::ms) == Approx(50));
    CHECK(s.training.tokens == 14.8e12);
    CHECK(s.usd_per_gpu_hour == 2);
}

TEST_CASE("scenario: what is written reads back to itself", "[sim][scenario]") {
    const DataFiles data;
    std::vector<std::string> texts{kEveryField, small().dump()};
    for (const std::string& name : data.names("scenarios"))
        texts.push_back(*data.find("scenarios/" + name + ".json"));
    for (const std::string& text : texts) {
        const json once = to_json(read(text));
        CHECK(to_json(read(once.dump())) == once);
    }
}

TEST_CASE("scenario: every field is explained, and stands in the schema and in the JSON", "[sim][scenario]") {
    const json schema = scenario_schema(), written = to_json(read(kEveryField));
    for (const Field& field : scenario_fields()) {
        INFO(field.path);
        CHECK(field.help.size() > 5);
        std::string path;
        for (const char c : field.path) path += c == '/' ? "/properties/" : std::string(1, c);
        const json::json_pointer in_schema(path);
        REQUIRE(schema.contains(in_schema));
        CHECK(schema[in_schema]["description"] == field.help);
        CHECK(written.contains(json::json_pointer(std::string(field.path))));
        CHECK(find_field(field.path) == &field);
    }
}

TEST_CASE("scenario: presets can be extended", "[sim][scenario]") {
    json s                = small();
    s["model"]            = {{"extends", "deepseek-v3"}, {"n_routed_experts", 128}};
    s["cluster"]["gpu"]   = {{"extends", "h200"}, {"memory", "100 GiB"}};
    s["precision"]        = {{"extends", "deepseek-fp8"}, {"kv_cache", "fp8-flashmla"}, {"moe", "nvfp4"}};
    s["engine"]           = {{"extends", "sglang"}};
    s["calibration"]      = {{"extends", "h800"}, {"gemm_fp8", "deepgemm-2025-02-25"}};
    const Scenario read_s = read(s.dump());
    CHECK(read_s.model.moe->n_routed_experts == 128);
    CHECK(read_s.cluster.gpu.memory == 100 * unit::GiB);
    CHECK(read_s.cluster.gpu.sm_count == 132);
    CHECK(read_s.precision.kv_cache == KvLayout::fp8_flashmla);
    CHECK(read_s.precision.moe == Format::nvfp4);
    CHECK(read_s.engine.title == "SGLang 0.5.9");
}

TEST_CASE("scenario: an acceptance is a preset, a list, or one chance", "[sim][scenario]") {
    json s           = small();
    s["speculation"] = {{"method", "mtp"}, {"depth", 2}, {"acceptance", 0.5}};
    CHECK(read(s.dump()).speculation.survival == std::vector<double>{0.5, 0.25});
    s["speculation"]["acceptance"] = {0.8, 0.6, 0.1};
    CHECK(read(s.dump()).speculation.tokens_per_step() == Approx(1 + 0.8 + 0.6));
    s["speculation"]["acceptance"] = {0.6, 0.8};
    CHECK(said(s.dump()) ==
          "s.json: /speculation/acceptance: expected chances between 0 and 1 that never rise with depth");
    s["speculation"]["acceptance"] = {{"survival", 3}, {"source", "mine"}};
    CHECK(said(s.dump()) ==
          "s.json: /speculation/acceptance: expected a list of chances, or an object with one under "
          "\"survival\"");
    s["speculation"] = {{"method", "mtp"}, {"depth", 9}, {"acceptance", {0.8, 0.6, 0.1}}};
    CHECK(said(s.dump()) == "s.json: /speculation/depth: 9 drafts, but the acceptance curve has 3 positions");
}

TEST_CASE("scenario: files of the user's are found beside the scenario", "[sim][scenario]") {
    const TemporaryFolder folder;
    json config =
        json::parse(*DataFiles().find("scenarios/models/deepseek-v3.json"), nullptr, true, true)["config"];
    config["architectures"] = {"DeepseekV3ForCausalLM"};  // a raw config.json holds much that shapes nothing
    folder.write("config.json", config.dump());
    json s     = small();
    s["model"] = "config.json";
    CHECK(load_scenario(folder.write("a.json", s.dump()), DataFiles()).model.num_hidden_layers == 61);

    s["model"] = {{"extends", "config.json"}, {"num_hidden_layers", 10}};
    CHECK(load_scenario(folder.write("b.json", s.dump()), DataFiles()).model.num_hidden_layers == 10);

    s["model"]       = "absent.json";
    const auto where = folder.write("c.json", s.dump());
    CHECK(said_of_file(where) == where + ": /model: absent.json: cannot open; expected a JSON file");

    folder.write("list.json", "[1]");
    s["model"] = "list.json";
    CHECK(said_of_file(folder.write("d.json", s.dump())) == folder / "list.json: /: expected an object");
}

TEST_CASE("scenario: --set replaces any field", "[sim][scenario]") {
    const std::string text = small().dump();
    CHECK(read(text, {"layout.experts.redundant=16"}).layout.redundant == 16);
    CHECK(read(text, {"/layout/experts/redundant=16"}).layout.redundant == 16);
    CHECK(read(text, {"name=a b"}).name == "a b");
    CHECK(read(text, {"model.num_hidden_layers=10"}).model.num_hidden_layers == 10);
    CHECK(read(text, {"cluster.gpu.peaks.fp8=9 TFLOP/s"}).cluster.gpu.peak(Math::fp8) ==
          9 * unit::TFLOP / unit::s);
    CHECK(read(text, {"cluster.gpu.peaks.fp8=9 TFLOP/s"}).cluster.gpu.supports(Math::bf16));
    CHECK(read(text, {"cluster.gpu.memory=100 GiB"}).cluster.gpu.memory == 100 * unit::GiB);
    CHECK(read(text, {"cluster=h800-8xcx7", "layout.attention.dp=128", "layout.experts.ep=128"})
              .cluster.nodes == 16);
    CHECK(read(text, {R"(precision={"extends":"bf16","moe":"fp8-block"})"}).precision.moe ==
          Format::fp8_block);
    CHECK(read(text, {"workload.context=5", "workload.context=7"}).workload.context == 7);
}

TEST_CASE("scenario: a wrong --set is named as it was typed", "[sim][scenario]") {
    CHECK(said_of_set("layout.experts.ep=7") ==
          "--set layout.experts.ep=7: ep 7 x tp 1 = 7 ranks, but a stage has 16 GPUs; ep = 16 would fit");
    CHECK(said_of_set("layout.experts.ep=x") ==
          "--set layout.experts.ep=x: expected a whole number from 1 to 1000000, got \"x\"");
    CHECK(said_of_set("layout.experts.epp=7") ==
          "--set layout.experts.epp=7: unknown key; did you mean \"ep\"?");
    CHECK(said_of_set("model.n_routed_expert=4") ==
          "--set model.n_routed_expert=4: unknown key; did you mean \"n_routed_experts\"?");
    CHECK(said_of_set("model.hidden_size=-1") ==
          "--set model.hidden_size=-1: expected a whole number from 1 to 131072, got -1");
    CHECK(said_of_set("cluster.gpu.memory=10") ==
          "--set cluster.gpu.memory=10: \"10\": need a number and one of B kB MB "
          "GB TB KiB MiB GiB");
    CHECK(said_of_set("cluster.gpu=h801") ==
          "--set cluster.gpu=h801: no preset \"h801\"; did you mean \"h800\"? known: a100, b200, b300, "
          "gb200, gb300, "
          "h100, h20, h200, h800");
    CHECK(said_of_set("precision.kv_cache=fp9") ==
          "--set precision.kv_cache=fp9: \"fp9\": not known; allowed: bf16, fp8, fp8-flashmla");
    CHECK(said_of_set("calibration.gemm=x").substr(0, 47) ==
          "--set calibration.gemm=x: no such kernel family");
    CHECK(said_of_set("name.x=3") == "--set name.x=3: /name holds no fields");
    CHECK(said_of_set("layout={\"pp\"") ==
          "--set layout={\"pp\": line 1, column 6: not JSON: unexpected end of input; expected ':'");
    CHECK_THROWS_WITH(parse_override("nonsense"),
                      "--set nonsense: expected path=value, such as layout.experts.ep=32");
    CHECK_THROWS_WITH(parse_override("name=\xff"), "--set name=\\xff: expected UTF-8 text");
    CHECK_THROWS_WITH(parse_override("=3"), "--set =3: expected path=value, such as layout.experts.ep=32");
    CHECK_THROWS_WITH(parse_override("/=3"), "--set /=3: expected path=value, such as layout.experts.ep=32");
}
