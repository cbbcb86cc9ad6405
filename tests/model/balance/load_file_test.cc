#include "model/balance/load_file.h"

#include <random>

#include "hw/spec_reader.h"
#include "tests/catch.h"
#include "tests/shared_data.h"

using namespace isobath;

namespace {

ExpertLoad read(const std::string& text) {
    return read_expert_load(text, "x");
}

std::string refusal(const std::string& text) {
    try {
        read(text);
    } catch (const SpecError& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("load file: SGLang's table, with or without steps, leaves dense layers out", "[model][balance]") {
    const ExpertLoad one = read(R"({"logical_count": [[0, 0, 0], [1, 2, 3]], "rank": 0})");
    CHECK(one.layers == 1);
    CHECK(one.experts == 3);
    CHECK(one.layer_ids == std::vector<int>{1});
    CHECK(one.count == std::vector<double>{1, 2, 3});
    const ExpertLoad two = read(R"({"logical_count": [[[0, 0, 0], [1, 2, 0]], [[0, 0, 0], [0, 0, 3]]]})");
    CHECK(two.count == one.count);
    CHECK(two.layer_ids == one.layer_ids);
    CHECK(tokens(one, 0, 2) == 3);
}

TEST_CASE("load file: long and wide CSV say the same", "[model][balance]") {
    const ExpertLoad wide = read("layer,e0,e1,e2\r\n3,1,0,2.5\r\n4,0,7,0\r\n");
    const ExpertLoad tall = read("layer, expert, count\n4,1,7\n\n3,2,2.5\n3,0,1\n");
    CHECK(wide.count == std::vector<double>{1, 0, 2.5, 0, 7, 0});
    CHECK(wide.count == tall.count);
    CHECK(wide.layer_ids == std::vector<int>{3, 4});
    CHECK(tall.layer_ids == wide.layer_ids);
}

TEST_CASE("load file: what is written is read again", "[model][balance]") {
    ExpertLoad load = read("layer,e0,e1,e2\n3,1,0,2.5\n4,0,7,0\n");
    load.source     = "a made-up table";
    CHECK(read(to_json_text(load)) == load);
}

TEST_CASE("load file: each kind of broken file has its one line", "[model][balance]") {
    CHECK(refusal("") == "x: is empty; expected an expert load in JSON or CSV");
    CHECK(refusal("PK\x03\x04zip") ==
          "x: is a zip archive (PyTorch's .pt?); expected its logical_count written as JSON");
    CHECK(refusal("{\"logical_count\": [[1, 2], [3]]}") ==
          "x: /logical_count/1: 1 expert; expected 2 to 4096");
    CHECK(refusal("{\"logical_count\": [[1, 2], [3, 4, 5]]}") ==
          "x: /logical_count/1: 3 experts where the rows before have 2; expected a row of 2");
    CHECK(refusal("{\"logical_count\": [[[1, 2]], [[3, 4], [5, 6]]]}") ==
          "x: /logical_count/1: expected 1 layers as in the step before");
    CHECK(refusal("{\"logical_count\": [[1, -2]]}") ==
          "x: /logical_count/0/1: a count of -2; expected a number from 0 to 1e+18");
    CHECK(refusal("{\"logical_count\": [[1, \"many\"]]}") ==
          "x: /logical_count/0/1: \"many\"; expected a number from 0 to 1e+18");
    CHECK(refusal("{\"logical_count\": [[1, 1e19]]}") ==
          "x: /logical_count/0/1: a count of 1e+19; expected a number from 0 to 1e+18");
    CHECK(refusal("{\"logical_count\": [[0, 0], [0, 0]]}") ==
          "x: every count is zero; expected a layer with routed tokens");
    CHECK(refusal("{\"logical_count\": [[1], [2]]}") == "x: /logical_count/0: 1 expert; expected 2 to 4096");
    CHECK(refusal("{\"logical_count\": 3}") == "x: /logical_count: expected an array of 1 to 1024 layers");
    CHECK(refusal("{\"logical_count\": []}") == "x: /logical_count: expected an array of 1 to 1024 layers");
    CHECK(refusal("{\"logical_count\": [[1, 2],").rfind("x: line 1, column ", 0) == 0);
    CHECK(refusal("{\"logical_count\": [[1, NaN]]}").rfind("x: line 1, column ", 0) == 0);
    CHECK(refusal("[1, 2]").rfind("x: /: not an expert load; expected \"logical_count\"", 0) == 0);
    CHECK(refusal("{\"schema\": 2, \"layers\": [[1, 2]]}").rfind("x: /schema: expected a whole number", 0) ==
          0);
    CHECK(refusal("{\"schema\": 1, \"layers\": [[1, 2]], \"layer_ids\": [5, 6]}") ==
          "x: /layer_ids: expected 1 rising whole numbers from 0 to 1023, one per layer");
    CHECK(refusal("hello") ==
          "x: line 1: \"hello\" is no header; expected layer,expert,count or layer,e0,e1,...");
    CHECK(refusal("layer,expert,count\n1,2") == "x: line 2: 2 fields; expected layer,expert,count");
    CHECK(refusal("layer,expert,count\n1,2,nan") ==
          "x: line 2: a count of nan; expected a number from 0 to 1e+18");
    CHECK(refusal("layer,expert,count\n1,2,3x") == "x: line 2: \"3x\"; expected a number from 0 to 1e+18");
    CHECK(refusal("layer,expert,count\n1,99999,3") ==
          "x: line 2: \"99999\"; expected a whole number from 0 to 4095");
    CHECK(refusal("layer,expert,count\n1,2,3\n1,2,3") ==
          "x: line 3: layer 1, expert 2 is counted twice; expected once");
    CHECK(refusal("layer,expert,count\n1,0,3\n") == "x: 1 expert; expected 2 to 4096");
    CHECK(refusal("layer,e0,e1\n0,1") == "x: line 2: 2 fields; expected 3 as in the header");
    CHECK(refusal("layer,e0,e1\n0,1,2\n0,1,2") == "x: line 3: layer 0 is given twice; expected once");
    CHECK(refusal("layer,e0,e1\n0,1,") == "x: line 2: \"\"; expected a number from 0 to 1e+18");
    CHECK_THROWS_WITH(load_expert_load("/nowhere/load.json"),
                      Catch::Contains("/nowhere/load.json: cannot open"));
}

TEST_CASE("load file: bytes changed at random are read or refused in one short line", "[model][balance]") {
    const std::vector<std::string> seeds{
        R"({"logical_count": [[0, 0, 0], [1, 2e2, 3]], "rank": 0})",
        R"({"schema": 1, "source": "s", "layers": [[1, 2]], "layer_ids": [3]})",
        "layer,expert,count\n1,2,3\n4,5,6\n", "layer,e0,e1\n0,1,2\n1,3,4\n"};
    std::mt19937_64 random(3);
    for (int round = 0; round < 20000; ++round) {
        std::string text = seeds[random() % seeds.size()];
        for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
            const std::size_t where = random() % (text.size() + 1);
            if (random() % 3 == 0)
                text.resize(where);
            else if (random() % 2 == 0 && where < text.size())
                text[where] = char(random());
            else
                text.insert(where, std::string(1, "[]{},:\"0-9eN\n\r"[random() % 15]));
        }
        const std::string said = refusal(text);
        CHECK(said.size() < 600);
        CHECK(said.find('\n') == std::string::npos);
    }
}

TEST_CASE("load file: the counted loads of DeepSeek-V3 are 58 layers of 256 experts from layer 3 on",
          "[model][balance][data]") {
    const auto folder = test::shared_data("traces/expert_load_sglang");
    if (folder.empty()) return;
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const ExpertLoad load = load_expert_load(entry.path());
        CHECK(load.layers == 58);
        CHECK(load.experts == 256);
        CHECK(load.layer_ids.front() == 3);
        ++files;
    }
    CHECK(files == 12);
}
