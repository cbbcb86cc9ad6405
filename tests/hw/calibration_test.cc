#include "hw/calibration.h"

#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;

namespace {

nlohmann::json streaming_only() {
    return nlohmann::json::parse(R"({"schema": 1, "gpu": "h800", "families": {"streaming": {
        "default": "a", "implementations": {"a": {
            "measured_on": "H800", "source": "a table", "basis": "fitted",
            "constants": {"launch":  {"value": "2 us", "low": "1 us", "high": "3 us"},
                          "compute": {"value": 1, "low": 1, "high": 1},
                          "memory":  {"value": 0.75, "low": 0.7, "high": 0.8}},
            "residuals": {"rows": 9, "median": 0.1, "p90": 0.2, "worst": 0.3, "factor": 1.2}}}}}})");
}

}  // namespace

TEST_CASE("calibration: none holds no family", "[hw][calibration]") {
    each_family(load_calibration(DataFiles(), "none"),
                [](const char*, const auto& family) { CHECK(family.find() == nullptr); });
}

TEST_CASE("calibration: families that a file leaves out stay empty", "[hw][calibration]") {
    const Calibration c = read_calibration(streaming_only(), "mine", "mine.json");
    CHECK(c.gemm_fp8.find() == nullptr);
    REQUIRE(c.streaming.find() != nullptr);
    CHECK(c.streaming.find()->constants.launch.value == 2 * unit::us);
    CHECK(c.streaming.find("a") == c.streaming.find());
    CHECK(c.streaming.find("b") == nullptr);
}

TEST_CASE("calibration: a file that is written reads back as it was", "[hw][calibration]") {
    const DataFiles data;
    const std::string text = *data.find("hw/calibrations/h800/h800.json");
    CHECK(to_json(load_calibration(data, "h800")) == text);
}

TEST_CASE("calibration: scores on unseen rows are kept beside the residuals", "[hw][calibration]") {
    auto json = streaming_only();
    auto& one = json["families"]["streaming"]["implementations"]["a"];
    CHECK_FALSE(read_calibration(json, "x", "x.json").streaming.find()->unseen.has_value());
    one["unseen"]       = nlohmann::json::parse(R"({"constants": 2, "held_back": {"rows": 3, "median": 0.05,
        "p90": 0.1, "worst": 0.2, "worst_at": "bf16|16", "coverage": 0.75, "width": 0.25},
        "sample": [[10, 11.5], [20, 19]]})");
    const Calibration c = read_calibration(json, "x", "x.json");
    const UnseenScores& un = *c.streaming.find()->unseen;
    CHECK(un.held_back.worst_at == "bf16|16");
    CHECK(un.sites_left_out.rows == 0);
    CHECK(un.sample[1] == ScoredPoint{20, 19});
    CHECK(read_calibration(nlohmann::json::parse(to_json(c)), "x", "x.json") == c);
    one["unseen"]["sample"][1] = {20};
    CHECK_THROWS_WITH(read_calibration(json, "x", "x.json"),
                      Catch::Contains("/unseen/sample: expected pairs"));
}

TEST_CASE("calibration: a wrong file is refused where it is wrong", "[hw][calibration]") {
    auto json = streaming_only();
    SECTION("a default that is not there") {
        json["families"]["streaming"]["default"] = "b";
        CHECK_THROWS_WITH(read_calibration(json, "x", "x.json"),
                          Catch::Contains("x.json: /families/streaming/default: no such implementation"));
    }
    SECTION("a share above one: faster than the data sheet") {
        json["families"]["streaming"]["implementations"]["a"]["constants"]["memory"]["high"] = 1.1;
        CHECK_THROWS_WITH(read_calibration(json, "x", "x.json"), Catch::Contains("/constants/memory/high"));
    }
    SECTION("an interval that does not hold its value") {
        json["families"]["streaming"]["implementations"]["a"]["constants"]["launch"]["low"] = "2.5 us";
        CHECK_THROWS_WITH(read_calibration(json, "x", "x.json"), Catch::Contains("low <= value <= high"));
    }
    SECTION("a family nobody knows") {
        json["families"]["streeming"] = json["families"]["streaming"];
        CHECK_THROWS_WITH(read_calibration(json, "x", "x.json"), Catch::Contains("/families/streeming"));
    }
}

TEST_CASE("calibration: an unknown name is answered with the known ones", "[hw][calibration]") {
    CHECK_THROWS_WITH(load_calibration(DataFiles(), "h900"),
                      Catch::StartsWith("calibration: /: no calibration \"h900\"; known: none, ") &&
                          Catch::Contains("h800"));
}
