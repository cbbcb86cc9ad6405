#include "sim/serve/sources/length_law.h"

#include <filesystem>
#include <fstream>
#include <map>

#include "hw/spec_reader.h"
#include "tests/catch.h"
#include "tests/sim/serve/goodness.h"

namespace {

using namespace isobath;
using namespace isobath::test;

std::vector<double> drawn(const LengthLaw& law, int count) {
    std::vector<double> out;
    for (int i = 0; i < count; ++i) {
        Draws draws(2, 2, static_cast<std::uint64_t>(i));
        out.push_back(law.draw(draws));
    }
    return out;
}

double normal_below(double x) {
    return std::erfc(-x / std::sqrt(2.0)) / 2;
}

}  // namespace

TEST_CASE("a length law draws every number with the chance it was given", "[sim][serve][lengths]") {
    const LengthLaw law(10, {1, 0, 3, 0.5, 0, 5.5, 0});
    CHECK(law.mean() == Approx(0.1 * 10 + 0.3 * 12 + 0.05 * 13 + 0.55 * 15));
    std::map<double, int> counts;
    for (const double x : drawn(law, 40'000)) ++counts[x];
    CHECK(counts.size() == 4);
    for (const auto& [number, share] : std::map<double, double>{{10, 0.1}, {12, 0.3}, {13, 0.05}, {15, 0.55}})
        CHECK(counts[number] == Approx(40'000 * share).margin(4 * std::sqrt(40'000 * share * (1 - share))));
}

TEST_CASE("uniform lengths reach both ends, as serving benchmarks draw them", "[sim][serve][lengths]") {
    const auto ends = [](const LengthLaw& law) {
        const auto all = drawn(law, 20'000);
        return std::pair(*std::min_element(all.begin(), all.end()),
                         *std::max_element(all.begin(), all.end()));
    };
    CHECK(ends(LengthLaw::uniform_ratio(100, 0.8)) == std::pair(80.0, 100.0));
    CHECK(ends(LengthLaw::uniform_ratio(100, 0)) == std::pair(1.0, 100.0));
    CHECK(ends(LengthLaw::uniform_ratio(100, 1)) == std::pair(100.0, 100.0));
    CHECK(ends(LengthLaw::fixed(7)) == std::pair(7.0, 7.0));
    CHECK(LengthLaw::uniform(80, 100).mean() == Approx(90));
}

TEST_CASE("log-normal lengths follow the law from cell to cell, tails included", "[sim][serve][lengths]") {
    // A number n is drawn for everything from n - 1/2 to n + 1/2: spread evenly inside its cell it must
    // follow the log-normal law to the width of a cell, 1/2000 of the mean here.
    const LengthLaw law = LengthLaw::log_normal(2000, 0.5, 100'000);
    const double sigma = std::sqrt(std::log(1.25)), mu = std::log(2000) - sigma * sigma / 2;
    std::vector<double> all = drawn(law, 100'000);
    CHECK(moments(all).mean == Approx(2000).margin(4 * 1000 / std::sqrt(1e5)));
    CHECK(std::sqrt(moments(all).variance) == Approx(1000).epsilon(0.02));
    Draws spread(3, 3, 3);
    for (double& x : all) x += spread.uniform() - 0.5;
    CHECK(kolmogorov(all, [&](double x) { return normal_below((std::log(x) - mu) / sigma); }) < 1.95);
}

TEST_CASE("the mean of log-normal lengths is exact even where the ends are cut off",
          "[sim][serve][lengths]") {
    for (const auto& [mean, cv, most] :
         {std::tuple(100.0, 0.3, 100'000), std::tuple(2.0, 1.0, 50), std::tuple(1.01, 0.5, 1000),
          std::tuple(3000.0, 2.0, 4096), std::tuple(8000.0, 5.0, 131'072), std::tuple(5000.5, 0.0001, 6000),
          std::tuple(5000.3, 0.00012, 6000), std::tuple(3.5, 0.15, 4)}) {
        INFO("mean " << mean << ", cv " << cv << ", most " << most);
        const LengthLaw law = LengthLaw::log_normal(mean, cv, most);
        CHECK(law.mean() == Approx(mean).epsilon(1e-9));
        for (const double x : drawn(law, 3000)) REQUIRE((x >= 1 && x <= most));
    }
    CHECK(LengthLaw::log_normal(41.6, 0).mean() == Approx(41.6));
    CHECK(LengthLaw::log_normal(41, 0.001).mean() == 41);
    CHECK(LengthLaw::log_normal(64, 1, 64).mean() == 64);
}

TEST_CASE("lengths that no law can have are refused in words", "[sim][serve][lengths]") {
    using Catch::Contains;
    CHECK_THROWS_WITH(LengthLaw::uniform(5, 4), Contains("from 5 to 4"));
    CHECK_THROWS_WITH(LengthLaw::fixed(0), Contains("allowed are 1 to 10000000"));
    CHECK_THROWS_WITH(LengthLaw::log_normal(100, 1, 50), Contains("allowed are 1 to 50"));
    CHECK_THROWS_AS(LengthLaw::log_normal(100, -1), SpecError);
    CHECK_THROWS_AS(LengthLaw::log_normal(std::nan(""), 1), SpecError);
    CHECK_THROWS_AS(LengthLaw::uniform_ratio(100, 1.5), SpecError);
    CHECK_THROWS_AS(LengthLaw(1, {0, 0}), SpecError);
    CHECK_THROWS_AS(LengthLaw(1, {}), SpecError);
}

TEST_CASE("pairs of lengths come from a file, with or without a heading, and stay pairs",
          "[sim][serve][lengths]") {
    const auto file = std::filesystem::temp_directory_path() / "isobath_pairs_test.csv";
    const auto read = [&](const std::string& text) {
        std::ofstream(file, std::ios::binary) << text;
        return read_length_pairs(file);
    };
    using Catch::Contains;
    const std::vector<Lengths> three{{10, 1}, {20, 2}, {30, 3}};
    CHECK(read("num_prefill_tokens,num_decode_tokens,total\r\n10,1,11\r\n20,2,22\r\n\r\n30,3,33") == three);
    CHECK(read("10,1\n20,2\n30,3\n") == three);
    const LengthLaws laws{.pairs = three};
    for (std::uint64_t i = 0; i < 100; ++i) {
        Draws draws(1, 1, i);
        const Lengths one = laws.draw(draws);
        CHECK(one.prompt == 10 * one.answer);
    }
    CHECK_THROWS_WITH(read("10,1\n20\n"), Contains("isobath_pairs_test.csv:2: "));
    CHECK_THROWS_WITH(read("10,1\n20,0\n"),
                      Contains(":2: ") && Contains("whole numbers from 1 to 10,000,000"));
    CHECK_THROWS_WITH(read("heading\n"), Contains("no pair"));
    CHECK_THROWS_AS(read(""), SpecError);
    std::filesystem::remove(file);
    CHECK_THROWS_AS(read_length_pairs(file), SpecError);
}
