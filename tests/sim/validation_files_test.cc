#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "hw/spec_reader.h"
#include "tests/catch.h"

using namespace isobath;
using nlohmann::json;

namespace {

/// Every published point that ships, under its id.
std::map<std::string, json> all_points() {
    const DataFiles data;
    std::map<std::string, json> points;
    for (const std::string& name : data.names("tests/validation")) {
        const std::string file = "tests/validation/" + name + ".json";
        const json content     = parse_json(*data.find(file), file);
        CHECK_FALSE(content.at("title").get<std::string>().empty());
        for (const json& point : content.at("points")) {
            INFO(file);
            const std::string id = point.at("id");
            INFO(id);
            CHECK(points.emplace(id, point).second);
        }
    }
    return points;
}

bool is_dotted_lower_case(const std::string& id) {
    return id.find('.') != std::string::npos &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
}

}  // namespace

TEST_CASE("validation files: ids are unique, lower case and dotted", "[sim][validation]") {
    for (const auto& [id, point] : all_points()) {
        INFO(id);
        CHECK(is_dotted_lower_case(id));
    }
}

TEST_CASE("validation files: every point says what, under which conditions, in which unit and who printed it",
          "[sim][validation]") {
    const std::set<std::string> levels{"closed-form", "kernel", "collective", "layer",
                                       "step",        "system", "served"};
    const std::vector<std::string> gpus = DataFiles{}.names("scenarios/gpus");
    for (const auto& [id, point] : all_points()) {
        INFO(id);
        for (const char* key : {"what", "conditions", "unit", "source"})
            CHECK_FALSE(point.at(key).get<std::string>().empty());
        CHECK(levels.count(point.at("level")) == 1);
        const std::string gpu = point.at("gpu");
        CHECK((gpu == "none" || std::find(gpus.begin(), gpus.end(), gpu) != gpus.end()));
        CHECK(point.at("used_in_fit").is_boolean());
    }
}

TEST_CASE("validation files: values are finite and positive, and read to better than an eighth",
          "[sim][validation]") {
    for (const auto& [id, point] : all_points()) {
        INFO(id);
        const double value = point.at("value");
        CHECK((std::isfinite(value) && value > 0));
        // The coarsest is a bar of a chart: gaps of 27.9 us, read to 3 us.
        CHECK(point.value("reading_error", 0.0) < value / 8);
    }
}

TEST_CASE("validation files: every point is predicted in one known way", "[sim][validation]") {
    const std::set<std::string> kinds{"count", "kernel", "exchange", "run", "serve", "train", "later"};
    for (const auto& [id, point] : all_points()) {
        INFO(id);
        int known = 0;
        for (const auto& [key, value] : point.at("predict").items()) known += kinds.count(key);
        CHECK(known == 1);
    }
}

TEST_CASE("validation files: DeepSeek's inference layers judge, its training layer and kernel tables fit",
          "[sim][validation]") {
    const auto points = all_points();
    for (const char* id :
         {"deepseek.h800.prefill-ep32.layer", "deepseek.h800.decode-ep128.layer",
          "deepseek.h800.decode-ep128.dispatch", "deepseek.h800.prefill-ep32.combine-barrier",
          "sglang.h100.decode-ep72.throughput", "step3.h800.mla-layer.ctx8192"}) {
        INFO(id);
        REQUIRE(points.count(id) == 1);
        CHECK_FALSE(points.at(id).at("used_in_fit").get<bool>());
    }
    CHECK(points.at("deepseek.h800.train-ep64.layer").at("used_in_fit").get<bool>());
    for (const auto& [id, point] : points)
        if (id.rfind("deepseek.h800.prefill", 0) == 0 || id.rfind("deepseek.h800.decode", 0) == 0)
            CHECK_FALSE(point.at("used_in_fit").get<bool>());
}

TEST_CASE("validation files: the parts of DeepSeek's layers add up to the layer", "[sim][validation]") {
    // Each bar was read to 2 us (decode) or 65 us (prefill): seven bars of one stream stray by 14 us at
    // worst, five by 0.33 ms. Prefill's compute stream falls 0.57 ms short, for its chart has no bar for the
    // gaps between kernels.
    const auto points = all_points();
    const auto sum    = [&](const std::string& layer, std::initializer_list<const char*> parts) {
        double total = 0;
        for (const char* part : parts) total += points.at(layer + part).at("value").get<double>();
        return total;
    };
    CHECK(sum("deepseek.h800.decode-ep128.", {"dispatch", "combine", "expert-gemm", "attention-core",
                                              "dense-gemm", "other", "launch-gaps"}) ==
          Approx(1422.4).margin(14));
    const double compute = sum("deepseek.h800.prefill-ep32.",
                               {"expert-gemm", "attention-core", "dense-gemm", "other", "compute-bubble"});
    CHECK(compute < 34.635 + 0.33);
    CHECK(compute > 34.635 - 0.33 - 0.35);  // at most 1 % of the layer in gaps
    CHECK(sum("deepseek.h800.prefill-ep32.", {"dispatch", "dispatch-barrier", "combine", "combine-barrier",
                                              "comm-bubble"}) == Approx(34.635).margin(0.33));
}
