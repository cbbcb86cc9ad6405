#include "sim/schema.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include <unistd.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "sim/cli/command.h"
#include "tests/catch.h"
#include "tests/sim/said.h"

using namespace isobath;
using nlohmann::json;

namespace {

constexpr const char *kDecode = "deepseek-v3-decode-ep128-h800", *kPrefill = "deepseek-v3-prefill-ep32-h800",
                     *kTp8 = "deepseek-r1-decode-tp8-h200", *kDense = "qwen2.5-72b-decode-tp8-h100";

bool is(const json& value, const std::string& type) {
    if (type == "number") return value.is_number();
    if (type == "integer") return value.is_number_integer();
    return value.type_name() == type;
}

/// What of `value` is not as the schema says, one line each. Knows type, enum, properties, required,
/// additionalProperties: false and items.
struct Checker {
    std::string wrong;

    void check(const json& schema, const json& value, const std::string& path = "") {
        if (schema.contains("type") && !has_type(schema["type"], value))
            return complain(path, "is " + value.dump() + ", not " + schema["type"].dump());
        if (schema.contains("enum") && std::count(schema["enum"].begin(), schema["enum"].end(), value) == 0)
            return complain(path, "is " + value.dump() + ", none of " + schema["enum"].dump());
        if (value.is_object()) check_keys(schema, value, path);
        if (value.is_array() && schema.contains("items"))
            for (const json& item : value) check(schema["items"], item, path + "/[]");
    }

  private:
    void complain(const std::string& path, const std::string& what) { wrong += path + " " + what + "\n"; }

    static bool has_type(const json& types, const json& value) {
        if (types.is_string()) return is(value, types);
        return std::any_of(types.begin(), types.end(), [&](const json& type) { return is(value, type); });
    }

    void check_keys(const json& schema, const json& value, const std::string& path) {
        for (const json& key : schema.value("required", json::array()))
            if (!value.contains(key.get<std::string>()))
                complain(path + "/" + key.get<std::string>(), "is missing");
        const json known = schema.value("properties", json::object());
        for (const auto& [key, child] : value.items())
            if (known.contains(key))
                check(known[key], child, path + "/" + key);
            else if (!schema.value("additionalProperties", true))
                complain(path + "/" + key, "is not documented");
    }
};

std::string faults(const json& schema, const json& value) {
    Checker checker;
    checker.check(schema, value);
    return checker.wrong;
}

json schema(const std::string& name) {
    const std::string path = "scenarios/schema/" + name + ".json";
    return parse_json(DataFiles().find(path).value(), path);
}

/// The object that a command prints, held against the schema of the command's name.
json printed(std::vector<std::string> words) {
    words.push_back("--json");
    const Said said = say(words);
    INFO(words[0] << " " << words[1] << ": " << said.err);
    REQUIRE((said.code == cli::kDone || said.code == cli::kNoFit));
    json out = json::parse(said.out);
    CHECK(faults(schema(words[0]), out) == "");
    return out;
}

/// Calls visit(path, schema of the value there) for every property and item.
template <class Visit>
void each_part(const json& at, const Visit& visit, const std::string& path = "") {
    const json properties = at.value("properties", json::object());
    for (const auto& [key, part] : properties.items()) {
        visit(path + "/" + key, part);
        each_part(part, visit, path + "/" + key);
    }
    if (!at.contains("items")) return;
    visit(path + "/[]", at["items"]);
    each_part(at["items"], visit, path + "/[]");
}

}  // namespace

TEST_CASE("schema: the file of scenario fields is what isobath schema prints", "[sim][schema]") {
    const std::string file = DataFiles().find("scenarios/schema/scenario.json").value_or("");
    if (file != scenario_schema().dump(2) + "\n")
        FAIL(
            "scenarios/schema/scenario.json is not the schema of the fields as they now are; regenerate it: "
            "isobath schema -o scenarios/schema/scenario.json");
    CHECK(say({"schema"}).out == file);
    CHECK(say({"schema", "scenario"}).out == file);
}

TEST_CASE("schema: the checker refuses what a schema does not say", "[sim][schema]") {
    const json s = json::parse(R"({"type": "object", "additionalProperties": false, "required": ["n"],
        "properties": {"n": {"type": "integer"}, "w": {"enum": ["a"]},
                       "l": {"type": "array", "items": {"type": ["string", "null"]}}}})");
    CHECK(faults(s, json::parse(R"({"n": 1, "w": "a", "l": ["x", null]})")) == "");
    CHECK(faults(s, json::parse("[]")) == " is [], not \"object\"\n");
    CHECK(faults(s, json::parse("{}")) == "/n is missing\n");
    CHECK(faults(s, json::parse(R"({"n": 1.5})")) == "/n is 1.5, not \"integer\"\n");
    CHECK(faults(s, json::parse(R"({"n": 1, "m": 2})")) == "/m is not documented\n");
    CHECK(faults(s, json::parse(R"({"n": 1, "w": "b"})")) == "/w is \"b\", none of [\"a\"]\n");
    CHECK(faults(s, json::parse(R"({"n": 1, "l": [2]})")) == "/l/[] is 2, not [\"string\",\"null\"]\n");
}

TEST_CASE("schema: every scenario that ships is as scenario.json says", "[sim][schema]") {
    const DataFiles data;
    REQUIRE(!data.names("scenarios").empty());
    for (const std::string& name : data.names("scenarios")) {
        const std::string path = "scenarios/" + name + ".json";
        INFO(path);
        CHECK(faults(schema("scenario"), parse_json(*data.find(path), path)) == "");
    }
}

TEST_CASE("schema: run prints what is documented, and nothing else", "[sim][schema]") {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"run", kDecode},
                                               {"run", kPrefill},
                                               {"run", kTp8},
                                               {"run", kDense},
                                               {"run", kDecode, "--set", "workload.batch_per_gpu=1000"},
                                               {"run", kDecode, "--set", "calibration=none"}}) {
        const json result = printed(words);
        CHECK(faults(schema("scenario"), result["scenario"]) == "");  // run.json refers to that file
        CHECK(result.contains("advice") == !result["fits"]);
    }
}

TEST_CASE("schema: every interval of run stands under the path of its value", "[sim][schema]") {
    const json result = printed({"run", kDecode});
    for (const auto& [path, range] : result["ranges"].items()) {
        INFO(path);
        REQUIRE(result.contains(json::json_pointer(path)));
        CHECK(range.size() == 2);
    }
    CHECK(result["ranges"].size() == schema("run")["properties"]["ranges"]["properties"].size());
}

TEST_CASE("schema: validate prints what is documented, and nothing else", "[sim][schema]") {
    const json all = printed({"validate", "--all"});
    CHECK(!all["points"].empty());
    CHECK(!all["waiting"].empty());
}

TEST_CASE("schema: explain prints topics or one explanation, as documented", "[sim][schema]") {
    for (const char* scenario : {kDecode, kPrefill, kTp8, kDense}) {
        const json list = printed({"explain", scenario});
        CHECK(list.size() == 1);
        for (const json& topic : list["topics"]) CHECK(topic.contains("result_s") != topic.contains("value"));
    }
    for (const char* op : {"o", "dispatch", "step", "memory.weights"}) {
        json e = printed({"explain", kDecode, op});
        CHECK(e.contains("result_s") != e.contains("value"));
        // All that the schema knows but the list of topics and, of the pair, the other; a total never runs.
        const std::size_t known = schema("explain")["properties"].size();
        CHECK(e.size() == known - 2 - (e.contains("count") ? 0 : 1));
    }
}

TEST_CASE("schema: speculate prints what is documented, and nothing else", "[sim][schema]") {
    const json some = printed({"speculate", kTp8, "--depth", "1", "--batch", "1,16", "--optimise"});
    CHECK(some["points"].size() == 6);
    CHECK(some["best"].size() == 2);
}

TEST_CASE("schema: compare prints what is documented, and nothing else", "[sim][schema]") {
    printed({"compare", kDecode, kDecode, "--set", "layout.overlap=none"});
    const json other = printed({"compare", kDecode, kDense});
    const auto lacks = [](const char* side) { return [side](const json& op) { return op[side].is_null(); }; };
    CHECK(std::any_of(other["ops"].begin(), other["ops"].end(), lacks("a")));
    CHECK(std::any_of(other["ops"].begin(), other["ops"].end(), lacks("b")));
}

TEST_CASE("schema: balance prints what is documented, and nothing else", "[sim][schema]") {
    const json plain = printed({"balance", kPrefill, "--load", "lognormal:0.7"});
    CHECK((plain["network"].is_object() && plain["drift"].is_null() && plain["training"].empty()));
    const json all = printed({"balance", kTp8, "--drift-to", "zipf:0.5", "--training", "--steps", "4"});
    CHECK((all["network"].is_null() && all["drift"].is_object() && all["training"].size() == 4));
}

TEST_CASE("schema: train prints what is documented, and nothing else", "[sim][schema][train]") {
    const json out =
        printed({"train", "deepseek-v3-training", "--what-if", "bf16", "--set", "training.balance=even"});
    CHECK(faults(schema("scenario"), out["scenario"]) == "");
    CHECK(out["what_if"].size() == 1);
    for (const auto& [path, range] : out["ranges"].items()) {
        INFO(path);
        REQUIRE(out.contains(json::json_pointer(path)));
        CHECK(range[0] <= out[json::json_pointer(path)]);
        CHECK(range[1] >= out[json::json_pointer(path)]);
    }
}

TEST_CASE("schema: serve prints what is documented, and nothing else", "[sim][schema][serve]") {
    const json one = printed({"serve", "deepseek-r1-serve-tp8-h200", "--requests", "50"});
    CHECK((one["phases"].size() == 1 && !one.contains("hand_over") && !one["series"].empty()));
    const json split = printed({"serve", "deepseek-r1-serve-split-h200", "--requests", "50"});
    CHECK((split["phases"].size() == 2 && split["hand_over"].is_object()));
    const json both = printed({"serve", "deepseek-r1-serve-tp8-h200", "--requests", "50", "--set",
                               "speculation.method=mtp", "--set", "speculation.use=unknown"});
    CHECK((both["speculation"].size() == 2 && !both.contains("series")));
}

TEST_CASE("schema: numerics prints what is documented, and nothing else", "[sim][schema][numerics]") {
    const json out = printed({"numerics", "deepseek-nvfp4"});
    CHECK(out["acceptance"]["positions"].size() == 3);
    CHECK(out["acceptance"]["predicted"]["note"].get<std::string>().find(
              "no controlled measurement exists") != std::string::npos);
}

TEST_CASE("schema: sweep prints what is documented, and every sweep that ships is as sweep.json says",
          "[sim][schema]") {
    const DataFiles data;
    REQUIRE(!data.names("scenarios/sweeps").empty());
    for (const std::string& name : data.names("scenarios/sweeps")) {
        INFO(name);
        const std::string path = "scenarios/sweeps/" + name + ".json";
        CHECK(faults(schema("sweep"), parse_json(*data.find(path), path)) == "");
    }
    const auto folder =
        std::filesystem::temp_directory_path() / ("isobath-schema-" + std::to_string(getpid()));
    const Said said = say({"sweep", "decode-batch-ep", "--parts", folder.string(), "--json"});
    std::filesystem::remove_all(folder);
    REQUIRE(said.code == cli::kDone);
    CHECK(faults(schema("sweep-result"), json::parse(said.out)) == "");
}

TEST_CASE("schema: every key has a meaning, every number a unit, every object an end", "[sim][schema]") {
    for (const char* name : {"balance", "run", "validate", "explain", "compare", "speculate", "numerics",
                             "serve", "train", "sweep", "sweep-result"}) {
        CHECK(schema(name)["additionalProperties"] == false);
        each_part(schema(name), [&](const std::string& path, const json& part) {
            INFO(name << " " << path);
            const std::string told = part.value("description", ""), types = part.value("type", json()).dump();
            CHECK(!told.empty());
            const bool carries_unit = types.find("string") != types.npos;  // "2 s"
            if (!carries_unit && (types.find("number") != types.npos || types.find("integer") != types.npos))
                CHECK(told.ends_with("]"));
            if (path.ends_with("_s") && !path.ends_with("_per_s") && types == "\"number\"")
                CHECK(told.ends_with(" [s]"));
            if (part.contains("properties")) CHECK(part["additionalProperties"] == false);
        });
    }
}

TEST_CASE("schema: each is printed by its name, and an unknown name hears which there are", "[sim][schema]") {
    const std::vector<std::string> known{"balance", "compare",      "curve",    "explain", "numerics",
                                         "plan",    "run",          "scenario", "serve",   "speculate",
                                         "sweep",   "sweep-result", "train",    "validate"};
    CHECK(DataFiles().names("scenarios/schema") == known);
    for (const std::string& name : DataFiles().names("scenarios/schema"))
        CHECK(json::parse(say({"schema", name}).out) == schema(name));
    const Said wrong = say({"schema", "rum"});
    CHECK(wrong.code == cli::kUserError);
    CHECK(wrong.out.empty());
    CHECK(wrong.err.find("did you mean \"run\"? known: " +
                         joined(std::vector<std::string_view>(known.begin(), known.end()))) !=
          wrong.err.npos);
}
